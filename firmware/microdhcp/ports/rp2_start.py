"""Starts the port of the Pico W: makes the frame and takes UDP port 67.

Leaves memory when start() has run.

The firmware's own DHCP server takes the port when the access point first comes up, and asks for it
again each time; a socket that has it already keeps it.
"""

import errno
import gc
import socket
import sys
from select import POLLIN, poll

from .._compat import const

_HELD = const(
    "UDP port 67 is held by another socket of this program: close it, or reset the board"
)
_BUILT_IN = const(
    "UDP port 67 is held by the firmware's own DHCP server: call start() before anything brings "
    "the access point up, or allow may_restart, which resets the Wi-Fi chip, or reset the board"
)
_NO_SOCKET = const(
    "no UDP socket is left: lwIP has 5, Wi-Fi takes 1 for each interface; close one"
)

_MESSAGE = const(44)  # as in rp2.py
_SHORTEST = const(300)
_STEP = const(64)
# Ethernet type; IPv4, 20 bytes, not to be fragmented, 64 hops, UDP
_IP = const(b"\x08\x00\x45\x00\x00\x00\x00\x00\x40\x00\x40\x11\x00\x00")
_PORTS = const(b"\x00\x43\x00\x44")


def frame(port, n):
    """Make the frame and its views; return the part for a message of at most n bytes."""
    port._frame = bytearray(_MESSAGE + n + _STEP)
    view = memoryview(port._frame)
    ends = list(range(_SHORTEST, n, _STEP)) + [n]
    port._frames = [view[2 : _MESSAGE + end] for end in ends]
    port._chaddr = view[_MESSAGE + 28 : _MESSAGE + 34]
    port._yiaddr = view[_MESSAGE + 16 : _MESSAGE + 20]
    return view[_MESSAGE : _MESSAGE + n]


def fill(port, address):
    """Write the constant part of all headers.  The board's MAC comes with up()."""
    head = _IP + address
    port._frame[14 : 14 + len(head)] = head
    port._frame[36:40] = _PORTS
    words = _IP[2:] + address
    port._sum = sum([words[i] << 8 | words[i + 1] for i in range(0, len(words), 2)])


def claim(port, config, may_restart):
    """Take UDP port 67, see Port.claim()."""
    gc.collect()  # closes sockets that nobody knows any more
    address, last = config.address, config.net24_last
    own = ".".join([str(byte) for byte in address])
    mask = 0xFFFFFFFF - last + config.net24_first
    port._addr4 = own, ".".join([str(mask >> shift & 255) for shift in (24, 16, 8, 0)])
    port._everybody = address[:1] + last.to_bytes(3, "big")
    fill(port, address)
    port._pm = port.ap.config("pm")
    cost = ""
    sock = _bound()
    if not sock and port.ap.ifconfig()[0] == "0.0.0.0":  # never up: no server of the firmware's
        raise OSError(errno.EADDRINUSE, _HELD)
    if not sock and sys.implementation.version >= (1, 28) and port.ap.active():
        port.ap.active(False)
        cost = "the access point was restarted for it"
        sock = _bound()
    if not sock:
        if not may_restart:
            raise OSError(errno.EADDRINUSE, _BUILT_IN)
        port.ap.deinit()
        cost = "the Wi-Fi chip was reset for it, a station's connection dropped"
        sock = _bound()
    if not sock:
        raise OSError(errno.EADDRINUSE, _HELD)
    port.sock = sock
    port._poll = poll()
    port._poll.register(sock, POLLIN)
    port.wait(0)  # the first call allocates
    return cost


def _bound():
    """Return a socket bound to port 67, None when the port is taken."""
    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise OSError(errno.ENOMEM, _NO_SOCKET)
        raise
    try:
        sock.setblocking(False)
        sock.bind(("0.0.0.0", 67))  # never "": that is IPv6
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    return sock
