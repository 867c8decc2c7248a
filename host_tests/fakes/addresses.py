"""IPv4 addresses as text and as 4 bytes."""


def parse(text):
    """Return the 4 bytes of a dotted quad; nothing else is understood: ValueError."""
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
        raise ValueError("invalid arguments")
    return bytes(map(int, parts))


def text(raw):
    """Return 4 bytes as a dotted quad."""
    return ".".join(map(str, raw))


def addr4(value, mask):
    """Return (address, mask) of what ipconfig(addr4=…) takes: text, with prefix or not, or a pair.

    mask  the one that stays where none is given
    """
    if not isinstance(value, str):
        return parse(value[0]), parse(value[1])
    address, _, prefix = value.partition("/")
    if prefix:
        mask = (0xFFFFFFFF << 32 - int(prefix) & 0xFFFFFFFF).to_bytes(4, "big")
    return parse(address), mask
