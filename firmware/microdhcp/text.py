"""Addresses as people write them.  For what is shown or asked for, never for a packet."""


def address_text(buf, at=0):
    """Return buf[at:at + 4] as dotted text, "192.168.4.16"."""
    return ".".join([str(byte) for byte in buf[at : at + 4]])


def mac_text(buf, at=0):
    """Return buf[at:at + 6] as text, "00:00:5e:00:53:01"."""
    return ":".join([f"{byte:02x}" for byte in buf[at : at + 6]])


def address_bytes(text):
    """Return the 4 bytes of dotted text; ValueError if it is no address."""
    return _numbers(text, text.split("."), 4, 10)


def mac_bytes(text):
    """Return the 6 bytes of a MAC, its pairs joined by ":" or "-"; ValueError if it is none."""
    return _numbers(text, text.replace("-", ":").split(":"), 6, 16)


def _numbers(text, parts, count, base):
    """Return `count` parts as bytes."""
    try:
        numbers = [int(part, base) for part in parts]
        if len(numbers) == count and min(numbers) >= 0:
            return bytes(numbers)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no address")
