"""Encoders for the types of options that few use: loaded for such an option only (options.py)."""

from .options import ips, items, text
from .parse import address_bytes, cidr, decimal, unhex, within


def encode_as(kind, value, limits):
    """Return `value` encoded as type `kind`: a number of so many bits, or by its function."""
    if kind == "-":
        raise ValueError("is set by the server itself")
    if kind[1:].isdigit():
        return _number(value, kind, limits)
    kinds = "u16s bool ip pairs routes hex raw names sip".split(" ")
    encoders = (_u16s, _bool, _ip, _pairs, _routes, _hex, _raw, _names, _sip)
    return encoders[kinds.index(kind)](value, limits)


def _split(value):
    """Return the list of pairs in `value`; a pair may be text with one ">"."""
    pairs = [pair.split(">") if isinstance(pair, str) else pair for pair in items(value)]
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ValueError(f"{pair!r} is not a pair")
    return pairs


def _number(value, kind, limits):
    """u8 u16 u32 s32: a whole number of so many bits, s with a sign."""
    bits = int(kind[1:])
    low = -1 << (bits - 1) if kind[0] == "s" else 0
    n = value
    if isinstance(value, str):
        n = decimal(value[1:] if value[:1] == "-" else value)
        if n < 0:
            raise ValueError(f"{value!r} is not a whole number")
        n = -n if value[0] == "-" else n
    within(n, limits or f"{low}..{low + (1 << bits) - 1}")
    return (n & 0xFFFFFFFF).to_bytes(4, "big")[4 - bits // 8 :]


def _u16s(value, limits):
    """Whole numbers of 16 bits: [68, 1500] or "68,1500"."""
    return b"".join([_number(item, "u16", limits) for item in items(value)])


def _bool(value, limits):
    """True or False; as text yes or no."""
    if value is not True and value is not False and value not in ("yes", "no"):
        raise ValueError(f"{value!r} is not True or False (as text: yes or no)")
    return b"\1" if value is True or value == "yes" else b"\0"


def _ip(value, limits):
    """An IPv4 address: "192.168.4.1"."""
    return address_bytes(value)


def _pairs(value, limits):
    """Pairs of addresses: [("10.0.0.9", "192.168.4.1")] or "10.0.0.9>192.168.4.1"."""
    encoded = b""
    for one, other in _split(value):
        encoded += address_bytes(one) + address_bytes(other)
        if limits and one == "0.0.0.0":
            raise ValueError("0.0.0.0 is no host, the default route belongs into routers")
    return encoded


def _routes(value, limits):
    """Networks and their routers: [("10.0.0.0/8", "192.168.4.1")] or "10.0.0.0/8>192.168.4.1"."""
    encoded = b""
    for one, other in _split(value):
        network, prefix = cidr(one)
        if int.from_bytes(network, "big") << prefix & 0xFFFFFFFF:
            raise ValueError(f"{one!r} has bits set behind its prefix")
        encoded += bytes([prefix]) + network[: (prefix + 7) // 8] + address_bytes(other)
    return encoded


def _hex(value, limits):
    """Bytes; as text 0x0a0b."""
    if isinstance(value, str) and value[:2] == "0x":
        return unhex(value[2:])
    if not isinstance(value, (bytes, bytearray)):
        raise ValueError(f"{value!r} is not bytes (as text: 0x0a0b)")
    return bytes(value)


def _raw(value, limits):
    """Bytes, as text 0x0a0b; any other text stands for itself."""
    if isinstance(value, str) and value[:2] != "0x":
        return text(value, limits)
    return _hex(value, limits)


def _names(value, limits):
    """Domain names: ["lan", "example.com"]; encoded as labels, RFC 1035 section 3.1."""
    encoded = b""
    for name in items(value):
        labels = text(name, limits).split(b".")
        if len(labels) > 1 and not labels[-1]:  # "example.com." is the same name
            labels.pop()
        for label in labels:
            if not 0 < len(label) <= 63 or b" " in label:
                raise ValueError(f"{name!r} is not a domain name")
            encoded += bytes([len(label)]) + label
        if decimal(label.decode()) >= 0:
            raise ValueError(f"{name!r} is not a domain name")
        encoded += b"\0"
    return encoded


def _sip(value, limits):
    """IPv4 addresses or domain names, not both; the first byte tells which."""
    try:
        return b"\1" + ips(value, limits)
    except ValueError:
        names = _names(value, limits)
    return b"\0" + names if names else names
