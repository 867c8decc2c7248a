"""DHCP bytes as text for people: python tools/dhcptext.py FILE.hex, or hex digits on stdin.

Takes any bytes: what cannot be decoded is said in a line of its own and never raises.  Names and
types of the options come from the table of microdhcp.options.
RFC 2131 section 2, RFC 2132, RFC 3396 (split options).
"""

import argparse
import sys
from ipaddress import IPv4Address
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "firmware"))

from dhcp import TYPES, parse, quoted
from microdhcp import options

OVERLOAD = {1: "file", 2: "sname", 3: "file and sname"}
RELAY = {1: "circuit", 2: "remote", 5: "link", 11: "server_override"}
INFINITE = 0xFFFFFFFF
LONGEST = 300  # characters of text for one option
_NAMES_MOST = 32  # domain names in one option; pointers make many out of few bytes
_NAME_MOST = 255  # bytes of a domain name: RFC 1035 section 2.3.4


def lines(packet, indent=""):
    """Return the text of a packet as a list of lines: type, header, then one for each option."""
    message = parse(packet)
    head = ", ".join(f"{name} {value}" for name, value in message.header.items())
    result = [f"{indent}{message.kind}: {head}" if head else f"{indent}{message.kind}"]
    for code, value in message.options.items():
        if code != 53:
            where = f" (in {message.place[code]})" if code in message.place else ""
            result.append(f"{indent}  {option_text(code, value)}{where}")
    return result + [f"{indent}  malformed: {problem}" for problem in message.problems]


def option_text(code, value):
    """Return "name: value" for the bytes of one option; a long value is cut and says so."""
    name, kind = _name_and_type(code)
    show = SHOW_CODE.get(code) or SHOW[kind]
    try:
        shown = show(value)
    except (ValueError, IndexError):
        shown = f"{len(value)} bytes {value.hex()}"
    if len(shown) > LONGEST:
        shown = f"{shown[:LONGEST]}... ({len(value)} bytes)"
    return f"{name}: {shown}"


def escaped(text):
    """Return text without what moves the cursor of a terminal: `\\x1b`, `\\n`, `\\u202e`, ..."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def option_name(code):
    """Return the name of an option; its number where it has none."""
    return _name_and_type(code)[0]


def _name_and_type(code):
    """Return (name, type); the number as name of an option that has none."""
    name, kind = options.find(code)[1:3] if 1 <= code <= 254 else ("", "raw")
    return name or NAMES.get(code, str(code)), kind


def duration(seconds):
    """Return seconds for people: "1 h 30 min", "infinite"."""
    if seconds == INFINITE:
        return "infinite"
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def _ip(value):
    if len(value) != 4:
        raise ValueError
    return str(IPv4Address(value))


def _groups(value, size):
    """Return value cut into pieces of `size` bytes; ValueError for none or a rest."""
    if not value or len(value) % size:
        raise ValueError
    return [value[at : at + size] for at in range(0, len(value), size)]


def _ips(value):
    return " ".join(str(IPv4Address(one)) for one in _groups(value, 4))


def _ip_pairs(value):
    return " ".join(
        f"{IPv4Address(one[:4])} {IPv4Address(one[4:])}," for one in _groups(value, 8)
    ).rstrip(",")


def _number(value):
    if len(value) not in (1, 2, 4):
        raise ValueError
    return str(int.from_bytes(value, "big"))


def _numbers(value):
    return " ".join(str(int.from_bytes(one, "big")) for one in _groups(value, 2))


def _signed(value):
    return str(int.from_bytes(value, "big", signed=True))


def _seconds(value):
    if len(value) != 4:
        raise ValueError
    return duration(int.from_bytes(value, "big"))


def _printable(value):
    """Return text where the bytes are text, else hex digits."""
    return quoted(value) if all(32 <= byte < 127 for byte in value) else _hex(value)


def _bool(value):
    return {b"\0": "no", b"\1": "yes"}.get(value) or _hex(value)


def _hex(value):
    return value.hex() or "(empty)"


def _empty(value):
    return "yes" if not value else _hex(value)


def _kind(value):
    return TYPES.get(value[0], str(value[0]))


def _names(value):
    return " ".join(option_name(code) for code in value)


def _overload(value):
    return OVERLOAD.get(value[0], str(value[0]))


def _client_id(value):
    """RFC 2132 9.14: a hardware type and address, or bytes of the client's own."""
    if len(value) == 7 and value[0] == 1:
        return value[1:].hex(":")
    if value[:1] == b"\xff":
        return f"DUID {value[1:].hex()}"
    if value[:1] == b"\0" and len(value) > 1:
        return quoted(value[1:])
    return _hex(value)


def _fqdn(value):
    """RFC 4702: flags, two unused bytes, and a name that is text unless flag E is set."""
    name = _labels(value[3:])[0] if value[0] & 4 else quoted(value[3:])
    return f"flags {value[0]:#04x} {name}"


def _relay(value):
    """RFC 3046: sub-options of the relay agent."""
    shown = []
    while value:
        end = 2 + value[1]
        if end > len(value):
            raise ValueError
        shown.append(f"{RELAY.get(value[0], value[0])} {_printable(value[2:end])}")
        value = value[end:]
    return ", ".join(shown)


def _labels(value):
    """Return the domain names in value (RFC 3397: pointers count from its begin)."""
    names = []
    at = 0
    while at < len(value):
        if len(names) == _NAMES_MOST:
            return [*names, "..."]
        labels, at = _one_name(value, at)
        names.append(".".join(labels))
    return names


def _one_name(value, at):
    """Return the labels of the name at `at`, and where it ends."""
    labels = []
    after = None
    hops = length = 0
    while value[at]:
        if value[at] >= 0xC0:
            after = after or at + 2
            at = (value[at] & 0x3F) << 8 | value[at + 1]
            hops += 1
            if hops > len(value):
                raise ValueError("pointers in a ring")
            continue
        labels.append(escaped(value[at + 1 : at + 1 + value[at]].decode("latin-1")))
        length += 1 + value[at]
        if length > _NAME_MOST:
            raise ValueError("name too long")
        at += 1 + value[at]
    return labels, after or at + 1


def _domains(value):
    return " ".join(_labels(value))


def _sip(value):
    """RFC 3361: names behind 0, addresses behind 1."""
    return _ips(value[1:]) if value[0] == 1 else _domains(value[1:])


def _routes(value):
    """RFC 3442: prefix length, its significant bytes, router."""
    shown = []
    while value:
        used = (value[0] + 7) // 8
        network = IPv4Address(value[1 : 1 + used].ljust(4, b"\0"))
        shown.append(f"{network}/{value[0]} via {IPv4Address(value[1 + used : 5 + used])}")
        value = value[5 + used :]
    return ", ".join(shown)


SHOW = {  # by the type that microdhcp.options gives to a configurable option
    "ip": _ip,
    "ips": _ips,
    "pairs": _ip_pairs,
    "routes": _routes,
    "u8": _number,
    "u16": _number,
    "u32": _number,
    "s32": _signed,
    "u16s": _numbers,
    "bool": _bool,
    "text": quoted,
    "names": _domains,
    "sip": _sip,
    "hex": _hex,
    "raw": _hex,
    "-": _hex,
}
SHOW_CODE = {  # options of the protocol itself
    50: _ip,
    51: _seconds,
    52: _overload,
    53: _kind,
    54: _ip,
    55: _names,
    56: quoted,
    57: _number,
    58: _seconds,
    59: _seconds,
    61: _client_id,
    77: _printable,
    80: _empty,
    81: _fqdn,
    82: _relay,
    108: _seconds,
    118: _ip,
}
NAMES = {77: "user_class", 81: "client_fqdn", 118: "subnet_selection", 145: "forcerenew_nonce"}


def main():
    """Decode the packets of the files named, or of standard input."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0] + ".")
    parser.add_argument("file", nargs="*", help="hex digits; from '#' to the end of line ignored")
    arguments = parser.parse_args()
    try:
        texts = [Path(name).read_text() for name in arguments.file] or [sys.stdin.read()]
        for text in texts:
            digits = "".join(line.split("#")[0] for line in text.splitlines())
            print("\n".join(lines(bytes.fromhex(digits))))
    except OSError as error:
        return f"dhcptext: {error.filename}: {error.strerror}"
    except ValueError as error:
        return f"dhcptext: not hex digits: {error}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
