"""Ethernet, IPv4 and UDP headers: written, and read with every check the kernel would make.

A client that has no address yet cannot answer ARP, so the kernel's own UDP cannot reach it
(RFC 2131 section 4.1); replies leave as datagrams built here.
"""

import struct

ETH_P_IP = 0x0800
BROADCAST_MAC = b"\xff" * 6
UDP = 17
TTL = 64

_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")


class BadDatagramError(ValueError):
    """The bytes are not an intact UDP datagram; the text says why."""


def mac_bytes(mac):
    """Return a MAC address as 6 bytes; `mac` is those or text, e.g. "00:00:5e:00:53:01"."""
    raw = bytes.fromhex(mac.replace(":", "")) if isinstance(mac, str) else bytes(mac)
    if len(raw) != 6:
        raise ValueError(f"{mac!r} is not a MAC address")
    return raw


def checksum(data):
    """Return the Internet checksum (RFC 1071) of `data`, 0..65535.

    65536 is 1 modulo 65535, so the sum with end-around carry of all 16-bit words is the whole
    buffer as one number modulo 65535: one division instead of a loop.
    """
    if len(data) % 2:
        data = bytes(data) + b"\0"
    return (0xFFFF - int.from_bytes(data, "big") % 0xFFFF) % 0xFFFF


def udp_in_ipv4(source, destination, payload, ident=0):
    """Return an IPv4 packet (RFC 791) that carries one UDP datagram (RFC 768), as bytes.

    source, destination   (address, port): 4 bytes and an int
    payload               bytes-like, at most 65507 bytes
    ident                 IP identification, 0..65535
    """
    length = len(payload) + _UDP.size
    pseudo = source[0] + destination[0] + struct.pack("!HH", UDP, length)
    ports = source[1], destination[1], length
    total = checksum(b"".join((pseudo, _UDP.pack(*ports, 0), payload)))
    # 0 on the wire means "no checksum"; 0xFFFF is the same number in one's complement
    datagram = _UDP.pack(*ports, total or 0xFFFF)
    fields = [0x45, 0, _IPV4.size + length, ident, 0, TTL, UDP, 0, source[0], destination[0]]
    fields[7] = checksum(_IPV4.pack(*fields))
    return b"".join((_IPV4.pack(*fields), datagram, payload))


def ethernet(destination, source, packet):
    """Return an Ethernet II frame around an IPv4 packet; both addresses are 6 bytes."""
    return b"".join((destination, source, ETH_P_IP.to_bytes(2, "big"), packet))


def read_udp(packet, checksum_pending=False):
    """Return (source, destination, payload) of an IPv4 packet with one whole UDP datagram.

    packet            memoryview of the IPv4 packet; bytes after its end (Ethernet padding) are cut
    checksum_pending  the packet comes from this machine and its UDP checksum is not filled in
                      yet (veth, bridges): do not test it
    source and destination are (4 bytes, port), payload is a part of `packet`.
    Raises BadDatagramError for anything else, fragments included.
    """
    header_n = _header_length(packet)
    total_n, flags = struct.unpack_from("!2xH2xH", packet)
    if not header_n + _UDP.size <= total_n <= len(packet):
        raise BadDatagramError("truncated packet")
    if flags & 0x3FFF:
        raise BadDatagramError("fragment")
    if packet[9] != UDP:
        raise BadDatagramError("not UDP")
    if checksum(packet[:header_n]):
        raise BadDatagramError("bad IP checksum")
    source_port, destination_port, length, given = _UDP.unpack_from(packet, header_n)
    if not _UDP.size <= length <= total_n - header_n:
        raise BadDatagramError("bad UDP length")
    datagram = packet[header_n : header_n + length]
    addresses = bytes(packet[12:20])
    pseudo = addresses + struct.pack("!HH", UDP, length)
    if given and not checksum_pending and checksum(pseudo + datagram):
        raise BadDatagramError("bad UDP checksum")
    source = addresses[:4], source_port
    return source, (addresses[4:], destination_port), datagram[_UDP.size :]


def _header_length(packet):
    """Return the length of the IPv4 header in bytes, options included."""
    if len(packet) < _IPV4.size or packet[0] >> 4 != 4:
        raise BadDatagramError("not IPv4")
    header_n = (packet[0] & 15) * 4
    if not _IPV4.size <= header_n <= len(packet):
        raise BadDatagramError("bad IP header")
    return header_n
