"""Host names fit to be shown, stored or looked up: what clients sent, made clean and unique.

Loaded by whoever reads names; never runs for a packet.
"""

from ._compat import const

_PLAIN = const(2)  # marks of a name that has been read: it is the cleaned one,
_NUMBERED = const(3)  # or that with the end of the address behind it,
_NAMELESS = const(4)  # or "": another client has both


def name_of(leases, slot):
    """Return the host name of a slot as text, "" when there is none.

    Lower-case letters, digits and single hyphens, at most hostname_bytes; no two clients that
    have an address have the same name: who comes later gets the end of the address appended.
    """
    names = leases.names
    if not names or not names.marks[slot]:
        return ""
    if names.marks[slot] < _PLAIN:
        names.marks[slot] = _mark(leases, slot)
    return _name(leases, slot, names.marks[slot]).decode()


def slot_named(leases, name):
    """Return the slot that is leased to the client with this host name (bytes), -1: nobody is."""
    for slot in range(leases.slots):
        if name and leases.leased(slot) and name_of(leases, slot).encode() == name:
            return slot
    return -1


def restore(leases, slot, name):
    """Give a slot the name (bytes) that a file says it had; it is made clean like any other."""
    names = leases.names
    if names and name:
        at = slot * names.size
        name = name[: names.size]
        names.rows[at : at + names.size] = name + bytes(names.size - len(name))
        names.marks[slot] = 1


def _mark(leases, slot):
    """Return the first of the three marks whose name no other client has."""
    for mark in (_PLAIN, _NUMBERED):
        name = _name(leases, slot, mark)
        if not name or not _taken(leases, slot, name):
            return mark
    return _NAMELESS


def _name(leases, slot, mark):
    """Return the name of a slot as its mark says."""
    names = leases.names
    at = slot * names.size
    name = _clean(bytes(names.rows[at : at + names.size]).split(b"\0")[0])
    if mark == _PLAIN or not name:
        return name
    end = b"-" + str(leases.host24(slot) & 255).encode()
    room = names.size - len(end)
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
    marks = leases.names.marks
    for other in range(leases.slots):
        if other != slot and marks[other] >= _PLAIN and _name(leases, other, marks[other]) == name:
            if leases.live(other):
                return True
            marks[other] = 0
    return False
