"""Addresses and host names for people: what is shown, asked for or configured.

One strict way to read an address.  Host names are what clients sent, made clean and unique.  Never
runs for a packet.
"""

from ._compat import const

_PLAIN = const(2)  # marks of a name that has been read: it is the cleaned one,
_NUMBERED = const(3)  # or that with the end of the address behind it,
_NAMELESS = const(4)  # or "": another client has both


def address_text(buf, pos=0):
    """Return buf[pos:pos + 4] as dotted text, "192.168.4.16"."""
    return ".".join([str(byte) for byte in buf[pos : pos + 4]])


def mac_text(buf, pos=0):
    """Return buf[pos:pos + 6] as text, "00:00:5e:00:53:01"."""
    return ":".join([f"{byte:02x}" for byte in buf[pos : pos + 6]])


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


def name_of(leases, slot):
    """Return the host name of a slot as text, "" when there is none.

    Lower-case letters, digits and single hyphens, at most hostname_bytes; no two clients that
    have an address have the same name: who comes later gets the end of the address appended.
    """
    marks = leases.name_marks
    if not marks[slot]:
        return ""
    if marks[slot] < _PLAIN:
        marks[slot] = _mark(leases, slot)
    return _name(leases, slot, marks[slot]).decode()


def slot_named(leases, name):
    """Return the slot that is leased to the client with this host name (bytes), -1: nobody is."""
    for slot in range(leases.slots):
        if name and leases.leased(slot) and name_of(leases, slot).encode() == name:
            return slot
    return -1


def restore_name(leases, slot, name):
    """Give a slot the name (bytes) that a file says it had; it is made clean like any other."""
    size = leases.name_size
    if size and name:
        name = name[:size]
        leases.name_rows[slot * size : slot * size + size] = name + bytes(size - len(name))
        leases.name_marks[slot] = 1


def _mark(leases, slot):
    """Return the first of the three marks whose name no other client has."""
    for mark in (_PLAIN, _NUMBERED):
        name = _name(leases, slot, mark)
        if not name or not _taken(leases, slot, name):
            return mark
    return _NAMELESS


def _name(leases, slot, mark):
    """Return the name of a slot as its mark says."""
    pos = slot * leases.name_size
    row = bytes(leases.name_rows[pos : pos + leases.name_size])
    name = _clean(row.split(b"\0")[0])
    if mark == _PLAIN or not name:
        return name
    end = b"-" + str(leases.host24(slot) & 255).encode()
    room = leases.name_size - len(end)
    if room < 1 or mark != _NUMBERED:
        return b""
    return name[:room].rstrip(b"-") + end


def _clean(raw):
    """Return the first label of a name: in lower case, anything strange a hyphen, none doubled."""
    out = bytearray()
    for byte in raw.split(b".")[0].lower():
        if not (0x30 <= byte <= 0x39 or 0x61 <= byte <= 0x7A):
            byte = 0x2D
        if byte != 0x2D or out and out[-1] != 0x2D:
            out.append(byte)
    return bytes(out).strip(b"-")


def _taken(leases, slot, name):
    """Return whether another client has the name; one without an address gives it up."""
    marks = leases.name_marks
    for other in range(leases.slots):
        if other != slot and marks[other] >= _PLAIN and _name(leases, other, marks[other]) == name:
            if leases.live(other):
                return True
            marks[other] = 0
    return False
