"""In what the two firmwares, and their versions, differ below the surface."""

from dataclasses import dataclass

#: What the module errno names (MP py/mperrno.h, MICROPY_PY_ERRNO_LIST): no ENFILE, for one.
NAMED = (
    "EPERM ENOENT EIO EBADF EAGAIN ENOMEM EACCES EEXIST ENODEV EISDIR EINVAL EOPNOTSUPP "
    "EADDRINUSE ECONNABORTED ECONNRESET ENOBUFS ENOTCONN ETIMEDOUT ECONNREFUSED EHOSTUNREACH "
    "EALREADY EINPROGRESS"
).split()

_COMMON = {
    "EACCES": 13,
    "EPERM": 1,
    "EIO": 5,
    "EBADF": 9,
    "EAGAIN": 11,
    "ENOMEM": 12,
    "ENODEV": 19,
}
_COMMON.update({"EINVAL": 22, "ENFILE": 23, "ENOENT": 2, "EEXIST": 17, "EISDIR": 21})

#: MP py/mperrno.h, which rp2 uses (mpconfigport.h:134).
MICROPYTHON_ERRNO = {
    **_COMMON,
    "EOPNOTSUPP": 95,
    "EADDRINUSE": 98,
    "ECONNABORTED": 103,
    "ECONNRESET": 104,
    "ENOBUFS": 105,
    "ENOTCONN": 107,
    "ETIMEDOUT": 110,
    "ECONNREFUSED": 111,
    "EHOSTUNREACH": 113,
    "EALREADY": 114,
    "EINPROGRESS": 115,
}

#: newlib's, which esp32 uses (mpconfigport.h:71); 112 is seen in MP #7505.
NEWLIB_ERRNO = {
    **_COMMON,
    "EOPNOTSUPP": 95,
    "EADDRINUSE": 112,
    "ECONNABORTED": 113,
    "ECONNRESET": 104,
    "ENOBUFS": 105,
    "ENOTCONN": 128,
    "ETIMEDOUT": 116,
    "ECONNREFUSED": 111,
    "EHOSTUNREACH": 118,
    "EALREADY": 120,
    "EINPROGRESS": 119,
}


@dataclass(frozen=True)
class Rules:
    """What a firmware does.

    platform        sys.platform
    machine         os.uname().machine
    errno           {name: number}
    queue_depth     datagrams that wait at a socket
    socket_limit    sockets in all
    empty_kills     a datagram without a byte ends a UDP socket for good
    empty_is_ipv6   bind(('', …)) binds IPv6's any
    bind_to_device  there is SO_BINDTODEVICE
    sol_socket      the value of SOL_SOCKET (stubs of v1.29)
    tcp_limit       TCP connections in all
    tcp_buffer      bytes of one that wait for the peer
    """

    platform: str
    machine: str
    errno: dict
    queue_depth: int
    socket_limit: int
    empty_kills: bool
    empty_is_ipv6: bool
    bind_to_device: bool
    sol_socket: int
    tcp_limit: int
    tcp_buffer: int


def esp32(version):
    """Return the rules of an ESP32 with MicroPython `version`, e.g. (1, 29)."""
    return Rules(
        platform="esp32",
        machine="Generic ESP32 module with ESP32",
        errno=NEWLIB_ERRNO,
        queue_depth=6,  # IDF Kconfig LWIP_UDP_RECVMBOX_SIZE
        socket_limit=10,  # IDF Kconfig LWIP_MAX_SOCKETS
        empty_kills=True,  # all versions
        empty_is_ipv6=False,
        bind_to_device=True,  # since v1.22 at the latest
        sol_socket=4095,
        tcp_limit=16,  # IDF Kconfig LWIP_MAX_ACTIVE_TCP
        tcp_buffer=5760,  # IDF Kconfig LWIP_TCP_SND_BUF_DEFAULT
    )


def rp2(version):
    """Return the rules of a Pico W with MicroPython `version`, e.g. (1, 26)."""
    return Rules(
        platform="rp2",
        machine="Raspberry Pi Pico W with RP2040",
        errno=MICROPYTHON_ERRNO,
        queue_depth=4 if version >= (1, 26) else 1,  # MP 26e978e7bc
        socket_limit=99,  # the PCBs are the limit
        empty_kills=False,
        empty_is_ipv6=version >= (1, 24),  # LWIP_IPV6 since MP 7fe8f030ee
        bind_to_device=False,
        sol_socket=1,
        tcp_limit=5,  # lwIP opt.h MEMP_NUM_TCP_PCB, which lwipopts_common.h leaves
        tcp_buffer=6400,  # MP lwipopts_common.h: TCP_SND_BUF, 8 * TCP_MSS of 800
    )
