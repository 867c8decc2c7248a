"""ICMP echo messages (RFC 792, "ping")."""

import struct

from .frames import checksum

ECHO_REPLY, ECHO = 0, 8

_HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence number


class BadEchoError(ValueError):
    """The bytes are not an intact echo reply; the text says why."""


def echo(identifier, sequence):
    """Return an echo request as bytes, without the IP header; both numbers are 0..65535."""
    total = checksum(_HEADER.pack(ECHO, 0, 0, identifier, sequence))
    return _HEADER.pack(ECHO, 0, total, identifier, sequence)


def read_reply(packet):
    """Return (source address, identifier, sequence number) of an echo reply.

    packet   a whole IPv4 packet (bytes-like), as a raw socket receives it
    Raises BadEchoError for anything else.
    """
    header_n = (packet[0] & 15) * 4 if packet else 0
    if header_n < 20 or len(packet) < header_n + _HEADER.size:
        raise BadEchoError("short")
    if checksum(packet[header_n:]):
        raise BadEchoError("bad checksum")
    kind, code, _, identifier, sequence = _HEADER.unpack_from(packet, header_n)
    if (kind, code) != (ECHO_REPLY, 0):
        raise BadEchoError("not an echo reply")
    return bytes(packet[12:16]), identifier, sequence
