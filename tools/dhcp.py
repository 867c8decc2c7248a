"""DHCP messages for all tools: one reader and one builder.  RFC 2131 section 2, RFC 3396.

The tests have a pair of their own (host_tests/builders.py, oracle.py), so that a mistake here is
seen there.
"""

import struct
from dataclasses import dataclass, field
from ipaddress import IPv4Address

COOKIE = b"\x63\x82\x53\x63"
OPTIONS_AT = 240
SNAME, FILE = slice(44, 108), slice(108, 236)
TYPES = {
    1: "DISCOVER",
    2: "OFFER",
    3: "REQUEST",
    4: "DECLINE",
    5: "ACK",
    6: "NAK",
    7: "RELEASE",
    8: "INFORM",
}
NOWHERE = b"\0" * 4
REQUESTED, LEASE_S, OVERLOAD, TYPE, SERVER_ID, PARAMETERS, CLIENT_ID = 50, 51, 52, 53, 54, 55, 61

_CODES = {name: code for code, name in TYPES.items()}
_HEADER = struct.Struct("!BBBBIHH4s4s4s4s16s192x4s")  # op .. chaddr, sname, file, cookie


def message(kind, mac, xid, extra=(), *, ciaddr=NOWHERE, giaddr=NOWHERE, broadcast=False):
    """Return a client's message as bytes, padded to the 300 of BOOTP.

    kind    "DISCOVER", "REQUEST", ...     mac     6 bytes     xid   int, 32 bits
    extra   {option code: value as bytes}, in this order after option 53
    """
    flags = 0x8000 if broadcast else 0
    head = _HEADER.pack(1, 1, 6, 0, xid, 0, flags, ciaddr, NOWHERE, NOWHERE, giaddr, mac, COOKIE)
    body = bytes((TYPE, 1, _CODES[kind]))
    for code, value in dict(extra).items():
        body += bytes((code, len(value))) + value
    return (head + body + b"\xff").ljust(300, b"\0")


def options(packet):
    """Return {code: value} of the options field alone, split ones joined; a cut tail is left out.

    For messages of our own and for those whose sender is known; parse() takes any.
    """
    found = {}
    _join(found, bytes(packet[OPTIONS_AT:]))
    return found


def kind_of(value):
    """Return the name of option 53 (bytes): "BOOTP" without one, "type 99" without a name."""
    if value is None:
        return "BOOTP"
    return TYPES.get(value[0], f"type {value[0]}") if len(value) == 1 else "type ?"


def _join(found, area):
    """Add the options of an area to `found`; return its first fault, or None."""
    at, end = 0, len(area)
    while at < end and area[at] != 255:
        code = area[at]
        at += 1
        if code == 0:
            continue
        if at >= end or at + 1 + area[at] > end:
            return f"option {code} runs past the end"
        value = area[at + 1 : at + 1 + area[at]]
        found[code] = found[code] + value if code in found else value
        at += 1 + area[at]
    return None if at < end else "no END in "


@dataclass
class Message:
    """A decoded message: header values that are set, joined options in order, and complaints."""

    header: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)  # code -> bytes
    place: dict = field(default_factory=dict)  # code -> "file" or "sname", if not in options
    problems: list = field(default_factory=list)

    @property
    def kind(self):
        """DISCOVER, OFFER, …; see kind_of()."""
        return kind_of(self.options.get(TYPE))


def parse(packet):
    """Return the Message in packet (bytes-like, the UDP payload).  Takes any bytes."""
    packet = bytes(packet)
    found = Message()
    if len(packet) < OPTIONS_AT:
        found.problems.append(f"{len(packet)} bytes, a header has {OPTIONS_AT}")
        return found
    _header(found, packet)
    if packet[236:240] != COOKIE:
        found.problems.append(f"magic cookie {packet[236:240].hex()}")
        return found
    _area(found, packet[OPTIONS_AT:], "")
    overload = (found.options.get(OVERLOAD) or b"\0")[0]
    if overload & 1:
        _area(found, packet[FILE], "file")
    if overload & 2:
        _area(found, packet[SNAME], "sname")
    for name, area, bit in (("sname", SNAME, 2), ("file", FILE, 1)):
        if not overload & bit and any(packet[area]):
            found.header[name] = quoted(packet[area].split(b"\0")[0])
    return found


def _area(found, area, place):
    """Add the options of one area (options, file or sname) to the message."""
    before = set(found.options)
    problem = _join(found.options, area)
    if problem:
        found.problems.append(
            f"no END in {place or 'options'}" if problem == "no END" else problem
        )
    if place:
        found.place.update(dict.fromkeys(found.options.keys() - before, place))


def quoted(value):
    """Return bytes as text in quotes, with \\x.. for bytes that are not printable ASCII."""
    shown = value.rstrip(b"\0").decode("latin-1")
    return '"' + "".join(c if " " <= c <= "~" else f"\\x{ord(c):02x}" for c in shown) + '"'


def _header(found, packet):
    """Fill found.header with op, chaddr, and the fields that are not zero."""
    header = found.header
    if packet[0] not in (1, 2):
        found.problems.append(f"op {packet[0]}")
    if packet[1] != 1:
        header["htype"] = packet[1]
    header["xid"] = packet[4:8].hex()
    if packet[3]:
        header["hops"] = packet[3]
    if any(packet[8:10]):
        header["secs"] = int.from_bytes(packet[8:10], "big")
    flags = int.from_bytes(packet[10:12], "big")
    if flags:
        header["flags"] = "broadcast" if flags == 0x8000 else f"{flags:#06x}"
    for name, at in (("ciaddr", 12), ("yiaddr", 16), ("siaddr", 20), ("giaddr", 24)):
        if any(packet[at : at + 4]):
            header[name] = str(IPv4Address(packet[at : at + 4]))
    if packet[2] > 16:
        found.problems.append(f"hlen {packet[2]}")
    header["chaddr"] = packet[28 : 28 + min(packet[2], 16)].hex(":")
