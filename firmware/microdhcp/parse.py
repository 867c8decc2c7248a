"""Reads what people write: numbers within limits, addresses, MACs.  One strict way for each.

For settings, and for what programs ask for by an address; leaves the heap on MicroPython.
"""

import sys


def decimal(text):
    """Return the number that `text` writes in 1 to 10 decimal digits, or -1."""
    if not 0 < len(text) <= 10:
        return -1
    for digit in text.encode():  # of bytes: characters would stay as names
        if not 0x30 <= digit <= 0x39:  # isdigit() and int() know other scripts, and 1_000
            return -1
    return int(text)


def address_bytes(text):
    """Return the 4 bytes of dotted text, "192.168.4.1"; ValueError if it is no IPv4 address.

    Four decimal numbers without leading zeros, signs, spaces or anything else.
    """
    parts = text.split(".") if isinstance(text, str) else ()
    octets = [decimal(part) if part == "0" or part[:1] != "0" else -1 for part in parts]
    if len(octets) != 4 or min(octets) < 0 or max(octets) > 255:
        raise ValueError(f"{text!r} is not an IPv4 address")
    return bytes(octets)


def unhex(text):
    """Return the bytes that an even number of hex digits writes, or ValueError."""
    for pos in range(len(text)):
        if text[pos : pos + 1] not in "0123456789abcdefABCDEF":
            raise ValueError(f"{text[pos]!r} is not a hex digit")
    if len(text) % 2:
        raise ValueError(f"{len(text)} hex digits are no whole number of bytes")
    return bytes([int(text[pos : pos + 2], 16) for pos in range(0, len(text), 2)])


def mac_bytes(text, least=6):
    """Return the 6 bytes of a MAC, "00:00:5e:00:53:01"; ValueError if it is none.

    Pairs of hex digits, joined by ":" or "-".  least: as few pairs are enough, for the beginning
    of a MAC.
    """
    pairs = text.replace("-", ":").split(":") if isinstance(text, str) else ()
    if not least <= len(pairs) <= 6 or [pair for pair in pairs if len(pair) != 2]:
        raise ValueError(f"{text!r} is not a MAC")
    return unhex("".join(pairs))


def named(name, function, *arguments):
    """Return function(*arguments); its ValueError gets the setting's name in front."""
    try:
        return function(*arguments)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def is_number(value):
    """Return whether `value` is an int; bool, an int to CPython, is none here."""
    return isinstance(value, int) and not isinstance(value, bool)


def within(value, limits):
    """Return `value` if it is an int in `limits`, "low..high" or a list "1,2,4"."""
    if is_number(value):
        if ".." in limits:
            low, high = limits.split("..")
            if int(low) <= value <= int(high):
                return value
        elif str(value) in limits.split(","):
            return value
    raise ValueError(f"{value!r} is not a whole number within {limits}")


def cidr(text, example="10.0.0.0/8"):
    """Return (4 bytes, prefix length 0..32) of `text`, e.g. "10.0.0.0/8", or ValueError."""
    parts = text.split("/") if isinstance(text, str) else []
    prefix = decimal(parts[1]) if len(parts) == 2 else -1
    if not 0 <= prefix <= 32:
        raise ValueError(f"{text!r} is not an address with a prefix, like {example}")
    return address_bytes(parts[0]), prefix


def host24(config, name, text):
    """Return the last three bytes of address `text`, if a client of the subnet may have it."""
    address = named(name, address_bytes, text)
    host = int.from_bytes(address[1:], "big")
    if address[0] != config.address[0] or not config.net24_first <= host <= config.net24_last:
        raise ValueError(f"{name}: {text} is outside the subnet of the server's address")
    if host in (config.net24_first, config.net24_last):
        raise ValueError(f"{name}: {text} is the network's own or its broadcast address")
    if host == config.host24:
        raise ValueError(f"{name}: {text} is the server's own address")
    return host


def forget(*names):
    """Drop modules of this package on MicroPython, so that the garbage collector can have them."""
    if sys.implementation.name == "micropython":
        package = __name__.rpartition(".")[0]
        for name in names:
            if sys.modules.pop(f"{package}.{name}", None):  # the built package has fewer files
                delattr(sys.modules[package], name)
