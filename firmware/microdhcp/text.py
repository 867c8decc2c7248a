"""Addresses and host names for people.

Host names are what clients sent, made clean and unique.  Never runs for a packet; parse.py reads
what people write.
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


def name_of(leases, slot):
    """Return the host name of a slot as text, "" when there is none.

    Lower-case letters, digits and single hyphens, at most hostname_bytes; no two clients that
    have an address have the same name: the later one gets the end of its address appended.
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
