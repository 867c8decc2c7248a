"""Host names fit to be shown, stored or looked up: what clients sent, made clean and unique.

Loaded by whoever reads names; never runs for a packet.
"""

from ._compat import const

_FRESH = const(128)
_RESTORED = const(129)  # fresh, mark 1: nearly every name that the client sends differs


def name_of(leases, slot):
    """Return the host name of a slot as text, "" when there is none.

    Lower-case letters, digits and single hyphens, at most hostname_bytes; no two clients that
    have an address have the same name: who comes later gets the end of the address appended.
    """
    names = leases.names
    if not names or not names.marks[slot]:
        return ""
    if names.marks[slot] & _FRESH:
        _write(names, slot, _unique(leases, slot, _clean(_read(names, slot))))
        names.marks[slot] &= 127
    return _read(names, slot).decode()


def restore(leases, slot, name):
    """Give a slot the name (bytes) that a file says it had; it is made clean like any other."""
    names = leases.names
    if names and name:
        _write(names, slot, name[: names.size])
        names.marks[slot] = _RESTORED


def _read(names, slot):
    """Return the row of a slot up to its first zero."""
    at = slot * names.size
    return bytes(names.rows[at : at + names.size]).split(b"\0")[0]


def _write(names, slot, name):
    """Fill the row of a slot."""
    at = slot * names.size
    names.rows[at : at + names.size] = name + bytes(names.size - len(name))


def _clean(raw):
    """Return the first label of a name: in lower case, anything strange a hyphen, none doubled."""
    out = bytearray()
    for byte in raw.split(b".")[0].lower():
        if not (0x30 <= byte <= 0x39 or 0x61 <= byte <= 0x7A):
            byte = 0x2D
        if byte != 0x2D or out and out[-1] != 0x2D:
            out.append(byte)
    return bytes(out).strip(b"-")


def _unique(leases, slot, name):
    """Return the name, or another one when a client that has an address is called so."""
    if name and _taken(leases, slot, name):
        address = bytearray(4)
        leases.address_of(slot, address, 0)
        end = b"-" + str(address[3]).encode()
        room = leases.names.size - len(end)
        name = name[:room].rstrip(b"-") + end
        if room < 1 or _taken(leases, slot, name):
            return b""
    return name


def _taken(leases, slot, name):
    """Return whether another client has the name; one without an address gives it up."""
    names = leases.names
    row = name + bytes(names.size - len(name))
    at = names.rows.find(row)
    while at >= 0:
        other, within = divmod(at, names.size)
        if not within and other != slot and 0 < names.marks[other] < _FRESH:
            if leases.live(other):
                return True
            names.marks[other] = 0
        at = names.rows.find(row, at + 1)
    return False
