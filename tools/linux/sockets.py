"""The sockets of the server, and the kernel filters on them.

Two sockets serve one interface, and a third asks by ARP.  The packet socket hears and
speaks: it sees datagrams that the kernel's own UDP would not pass on (a client from a foreign
network while rp_filter is on), and it reaches clients that cannot answer ARP.  The UDP socket only
holds port 67: it shows a second server that the place is taken, and keeps the kernel from
answering a client's unicast with ICMP "port unreachable".
"""

import contextlib
import ctypes
import errno
import os
import socket
import struct
from pathlib import Path

from . import arp, frames

SERVER_PORT = 67
CLIENT_PORT = 68

_SO_ATTACH_FILTER = 26
_SO_RCVBUFFORCE = 33
_SOL_PACKET = 263
_PACKET_AUXDATA = 8
_AUX_STATUS = struct.Struct("I")
_CSUM_NOT_READY = 1 << 3
_CSUM_VALID = 1 << 7
_RECEIVE_BUFFER = 1 << 20
_SOL_RAW = 255
_ICMP_FILTER = 1
_ALL_BUT_ECHO_REPLY = struct.pack("I", 0xFFFFFFFF & ~1)
AUXDATA_SPACE = socket.CMSG_SPACE(20)

# Classic BPF, one instruction per row: operation, jump if true, jump if false, constant.
_DROP_ALL = ((0x06, 0, 0, 0),)


def _udp_port_filter(port):
    """Return the BPF program that passes whole UDP datagrams to `port` of this host."""
    # fmt: off
    return (
        (0x30, 0, 0, 0xFFFFF004),  # A = packet type; 3: to another host, promiscuous mode
        (0x15, 7, 0, 3),
        (0x30, 0, 0, 9),           # A = protocol
        (0x15, 0, 5, frames.UDP),
        (0x28, 0, 0, 6),           # A = flags and fragment offset
        (0x45, 3, 0, 0x3FFF),
        (0xB1, 0, 0, 0),           # X = length of the IP header
        (0x48, 0, 0, 2),           # A = destination port
        (0x15, 1, 0, port),
        (0x06, 0, 0, 0),           # drop
        (0x06, 0, 0, 0xFFFF),      # pass
    )
    # fmt: on


def _attach(sock, program):
    """Make the kernel run a BPF `program` (rows as above) on everything for `sock`."""
    code = b"".join(struct.pack("HBBI", *row) for row in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    prog = struct.pack("HP", len(program), ctypes.addressof(buffer))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, prog)


def open_packet_socket(name, port=SERVER_PORT):
    """Return a non-blocking packet socket for the UDP datagrams to `port` on interface `name`.

    It reads and writes IPv4 packets; the kernel puts the Ethernet header on.
    Raises PermissionError without CAP_NET_RAW, OSError when the interface is gone.
    """
    kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
    sock = socket.socket(socket.AF_PACKET, kind, 0)  # protocol 0: deaf until the filter is on
    try:
        _attach(sock, _udp_port_filter(port))
        sock.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        _grow_receive_buffer(sock)
        sock.bind((name, frames.ETH_P_IP))
    except OSError:
        sock.close()
        raise
    return sock


def open_arp_socket(name):
    """Return a non-blocking packet socket for the ARP packets on interface `name`.

    Raises PermissionError without CAP_NET_RAW, OSError when the interface is gone.
    """
    kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
    sock = socket.socket(socket.AF_PACKET, kind, 0)
    try:
        _grow_receive_buffer(sock)
        sock.bind((name, arp.ETH_P_ARP))
    except OSError:
        sock.close()
        raise
    return sock


def open_icmp_socket(name):
    """Return a non-blocking raw socket that hears ICMP echo replies on interface `name`.

    Raises PermissionError without CAP_NET_RAW, OSError when the interface is gone.
    """
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
    sock = socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP)
    try:
        sock.setsockopt(_SOL_RAW, _ICMP_FILTER, _ALL_BUT_ECHO_REPLY)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
        _grow_receive_buffer(sock)
    except OSError:
        sock.close()
        raise
    return sock


def _grow_receive_buffer(sock):
    """Make room for a burst of some hundred clients; needs CAP_NET_ADMIN to pass rmem_max."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)


def checksum_done(ancillary):
    """Return True when recvmsg()'s ancillary data says that no UDP checksum needs testing."""
    for level, kind, data in ancillary:
        if level == _SOL_PACKET and kind == _PACKET_AUXDATA:
            return bool(_AUX_STATUS.unpack_from(data)[0] & (_CSUM_NOT_READY | _CSUM_VALID))
    return False


def hold_port(name, port=SERVER_PORT):
    """Return a UDP socket that owns `port` on interface `name` and swallows what comes.

    No SO_REUSEADDR: a second server on the interface must be noticed, not joined.
    Raises OSError: EADDRINUSE when the port is taken, PermissionError without
    CAP_NET_BIND_SERVICE.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        _attach(sock, _DROP_ALL)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
        sock.bind(("0.0.0.0", port))
    except OSError:
        sock.close()
        raise
    return sock


def is_taken(error):
    """Return True when an OSError says that somebody else owns the port."""
    return error.errno == errno.EADDRINUSE


def port_owner(port=SERVER_PORT):
    """Return who owns a UDP port here, as "name, pid 12", or "" when that cannot be seen."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for fd in Path("/proc").glob("[0-9]*/fd/*") if sockets else ():
        with contextlib.suppress(OSError):
            if os.readlink(fd) in sockets:
                process = fd.parents[1]
                return f"{(process / 'comm').read_text().strip()}, pid {process.name}"
    return ""


def _inodes(port):
    """Yield the inode, as text, of each IPv4 UDP socket on `port` in this network namespace."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/net/udp").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]
