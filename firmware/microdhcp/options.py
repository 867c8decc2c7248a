"""Turns an option's name (or code) and value into the bytes that go on the wire.

Runs while the server is configured, never for a packet; `Config` drops this module from memory
afterwards.  What few settings need is loaded for them only: the names and types of all options
(option_table.py), and the types that few options have (option_kinds.py).

Every value may also be text, as a command line gives it: lists separated by commas, pairs
written "10.0.0.0/8>192.168.4.1", bytes as "0x0a0b", yes and no.
"""

from .parse import address_bytes, is_number, within

# The options that are settings of their own, as the table has them: code, name, type, limits.
SETTINGS = (
    (3, "routers", "ips", ""),
    (6, "dns_servers", "ips", ""),
    (15, "domain", "text", ""),
    (67, "boot_file", "text", ""),
)


def find(key):
    """Return (code, name, type, limits) of the option `key`.

    key   a name of option_table.TABLE, or a code 1..254 as int or decimal text
    A code that the table lacks has name "" and type "raw".  Anything else: ValueError.
    """
    for row in SETTINGS:
        if key == row[1] or is_number(key) and key == row[0]:
            return row
    from .option_table import find_any

    return find_any(key)


def encode(key, value):
    """Return the finished option: code, length, value (RFC 2132 section 2).

    key     a name of option_table.TABLE, or a code 1..254 as int or decimal text
    value   what docs/options.md says for its type, or the same as text
    A value that does not fit, or an option that the server sets: ValueError naming the option.
    """
    code, name, kind, limits = find(key)
    try:
        encoded = _value(value, kind, limits)
        if len(encoded) > 255:
            raise ValueError(f"takes {len(encoded)} bytes, an option holds 255")
        if not encoded and limits[:3] != "0..":  # so only a number of addresses that may be 0
            raise ValueError("must not be empty")
    except ValueError as error:
        raise ValueError(f"option {name or 'number'} ({code}): {error}") from None
    return bytes([code, len(encoded)]) + encoded


def _value(value, kind, limits):
    """Return `value` encoded as type `kind`."""
    if kind == "ips":
        return ips(value, limits)
    if kind == "text":
        return text(value, limits)
    from .option_kinds import encode_as

    return encode_as(kind, value, limits)


def items(value):
    """Return the list in `value`: a list or tuple, or text separated by commas."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",")] if value.strip() else []
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{value!r} is not a list")
    return value


def ips(value, limits):
    """IPv4 addresses, the preferred one first: ["192.168.4.1", "192.168.4.2"]."""
    encoded = b"".join([address_bytes(item) for item in items(value)])
    within(len(encoded) // 4, limits or "1..63")
    return encoded


def text(value, limits):
    """Printable ASCII text; bytes are taken as they are."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    for byte in value.encode():
        if not 0x20 <= byte <= 0x7E:
            raise ValueError(f"{value!r} is not printable ASCII text")
    return value.encode()
