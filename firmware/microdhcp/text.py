"""Addresses as people write them, one strict way for all: what is shown, asked for or configured.

Never runs for a packet.
"""


def address_text(buf, at=0):
    """Return buf[at:at + 4] as dotted text, "192.168.4.16"."""
    return ".".join([str(byte) for byte in buf[at : at + 4]])


def mac_text(buf, at=0):
    """Return buf[at:at + 6] as text, "00:00:5e:00:53:01"."""
    return ":".join([f"{byte:02x}" for byte in buf[at : at + 6]])


def decimal(text):
    """Return the number that `text` writes in 1 to 10 decimal digits, or -1."""
    if not 0 < len(text) <= 10:
        return -1
    for digit in text:
        if not "0" <= digit <= "9":  # isdigit() and int() know other scripts, and 1_000
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
    for digit in text:
        if digit not in "0123456789abcdefABCDEF":
            raise ValueError(f"{digit!r} is not a hex digit")
    if len(text) % 2:
        raise ValueError(f"{len(text)} hex digits are no whole number of bytes")
    return bytes([int(text[at : at + 2], 16) for at in range(0, len(text), 2)])


def mac_bytes(text, least=6):
    """Return the 6 bytes of a MAC, "00:00:5e:00:53:01"; ValueError if it is none.

    Pairs of hex digits, joined by ":" or "-".  least: as few pairs are enough, for the beginning
    of a MAC.
    """
    pairs = text.replace("-", ":").split(":") if isinstance(text, str) else ()
    if not least <= len(pairs) <= 6 or [pair for pair in pairs if len(pair) != 2]:
        raise ValueError(f"{text!r} is not a MAC")
    return unhex("".join(pairs))
