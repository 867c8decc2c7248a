"""ARP packets for IPv4 on Ethernet (RFC 826), and the probe of RFC 5227 section 2.1.1."""

import struct
from typing import NamedTuple

ETH_P_ARP = 0x0806
REQUEST, REPLY = 1, 2
NOWHERE = b"\0" * 4
NOBODY = b"\0" * 6

_PACKET = struct.Struct("!HHBBH6s4s6s4s")
_KIND = (1, 0x0800, 6, 4)  # Ethernet, IPv4, and the lengths of their addresses


class BadArpError(ValueError):
    """The bytes are not an ARP packet for IPv4 on Ethernet; the text says why."""


class Arp(NamedTuple):
    """One packet: MACs are 6 bytes, addresses 4."""

    operation: int
    sender_mac: bytes
    sender: bytes
    target_mac: bytes
    target: bytes


def write(packet):
    """Return an Arp as bytes, without the Ethernet header."""
    return _PACKET.pack(*_KIND, *packet)


def read(packet):
    """Return the Arp in `packet` (bytes-like); the rest is padding.  BadArpError: no ARP."""
    if len(packet) < _PACKET.size:
        raise BadArpError("short")
    *kind, operation, sender_mac, sender, target_mac, target = _PACKET.unpack_from(packet)
    if tuple(kind) != _KIND:
        raise BadArpError("not IPv4 on Ethernet")
    if operation not in (REQUEST, REPLY):
        raise BadArpError("neither request nor reply")
    return Arp(operation, sender_mac, sender, target_mac, target)


def probe(mac, address):
    """Return a probe for `address`: an ARP request without the sender's address.

    With a sender address of 0.0.0.0 no host learns anything from it, so it cannot harm who really
    has the address (RFC 5227 section 1.1).
    """
    return write(Arp(REQUEST, mac, NOWHERE, NOBODY, address))


def claimed(packet):
    """Return the address that the sender of an Arp has or is about to take.

    The second is a probe: RFC 5227 section 2.1.1 counts that as a conflict too.
    """
    if packet.sender == NOWHERE and packet.operation == REQUEST:
        return packet.target
    return packet.sender
