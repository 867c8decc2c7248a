"""The interface as the kernel sees it now, and a wake-up when that may have changed.

Names, not indexes, are what a user means: an interface that was deleted and made again has the
same name and another index.  All by rtnetlink (RFC 3549), whose answers always concern the
network namespace of this process; /sys may belong to another.
"""

import errno
import socket
import struct
from typing import NamedTuple

_IFF_UP = 1
_IFF_LOWER_UP = 0x10000
_ARPHRD_ETHER = 1

_HEADER = struct.Struct("IHHII")  # length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("HH")  # length, type
_LINK = struct.Struct("BxHiII")  # family, hardware type, index, flags, change
_ADDRESS = struct.Struct("BBxxI")  # family, prefix length, index
_GROUPS = 0x1 | 0x10  # notes about links and about IPv4 addresses
_NEWLINK, _GETLINK, _NEWADDR, _GETADDR = 16, 18, 20, 22
_REQUEST_DUMP = 0x301
_ERROR, _DONE = 2, 3
_IFA_ADDRESS, _IFA_LOCAL, _IFLA_IFNAME = 1, 2, 3


class LinkState(NamedTuple):
    """One look at an interface; `index` 0: there is no such interface."""

    index: int
    up: bool = False
    carrier: bool = False
    ethernet: bool = False


def look(name):
    """Return the LinkState of the interface `name` at this moment."""
    body = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    for _, hardware, index, flags, _, attributes in _dump(_GETLINK, _NEWLINK, _LINK, body):
        if attributes.get(_IFLA_IFNAME, b"").rstrip(b"\0") == name.encode():
            up, carrier = bool(flags & _IFF_UP), bool(flags & _IFF_LOWER_UP)
            return LinkState(index, up, carrier, hardware == _ARPHRD_ETHER)
    return LinkState(0)


def addresses(index):
    """Return the IPv4 addresses of the interface with that index, as a set of texts."""
    found = set()
    body = _ADDRESS.pack(socket.AF_INET, 0, 0)
    for _, _, owner, attributes in _dump(_GETADDR, _NEWADDR, _ADDRESS, body):
        local = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
        if owner == index and local:
            found.add(socket.inet_ntoa(local))
    return found


def watch():
    """Return a non-blocking netlink socket, readable when links or addresses have changed."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    sock.bind((0, _GROUPS))
    return sock


def drain(sock):
    """Throw away what a watch() socket holds: that something happened is all it has to say."""
    while True:
        try:
            sock.recv(65536)
        except OSError as error:
            if error.errno != errno.ENOBUFS:  # some notes were lost: as good as read
                return


def _dump(request, answer, layout, body):
    """Return what the kernel lists: per entry the fields of `layout` and {attribute: value}."""
    entries = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.send(_HEADER.pack(_HEADER.size + len(body), request, _REQUEST_DUMP, 1, 0) + body)
        while True:
            data = sock.recv(1 << 18)
            for kind, message in _cut(data, _HEADER):
                if kind in (_DONE, _ERROR):
                    return entries
                if kind == answer:
                    attributes = dict(_cut(message[layout.size :], _ATTRIBUTE))
                    entries.append((*layout.unpack_from(message), attributes))


def _cut(data, head):
    """Yield (type, value) of a row of messages or attributes: length, type, value, padding."""
    while len(data) >= head.size:
        length, kind = head.unpack_from(data)[:2]
        if length < head.size:
            return
        yield kind, data[head.size : length]
        data = data[(length + 3) & ~3 :]
