"""What happened to leases: noted while packets are handled, read at leisure.

A ring of fixed size.  Loaded only by Server.enable_events(); put() allocates nothing.
"""

from ._compat import const
from .hot import copy, same
from .naming import name_of
from .text import address_text, mac_text

_ADDRESS = const(1)  # an entry is: kind, address, MAC
_MAC = const(5)
_ENTRY = const(11)
_POOL_FULL = const(0)
_MOST = const((1 << 30) - 1)

# By number; those that end in a state of a slot have the number of that state.
_KINDS = const(
    ("pool_full", "", "renewed", "bound", "declined", "released", "expired", "", "", "conflict")
)


class Events:
    """A ring of `size` events; the oldest one gives way when it is full.

    lost    how many did
    leases  the table that slots are of
    """

    def __init__(self, leases, size):
        self.lost = 0
        self.leases = leases
        self._ring = bytearray(size * _ENTRY)
        self._at = 0  # where the oldest is
        self._waiting = 0

    def put(self, kind, slot, mac, at):
        """Note an event of a slot, -1: of none, and of the client with the MAC mac[at:at + 6].

        One "pool_full" after the other is one event: a flood shall not push out what matters.
        """
        ring = self._ring
        size = len(ring)
        new = self._at + self._waiting * _ENTRY
        if kind == _POOL_FULL and self._waiting and ring[(new - _ENTRY) % size] == _POOL_FULL:
            return
        new %= size
        if self._waiting * _ENTRY < size:
            self._waiting += 1
        else:
            self._at = (self._at + _ENTRY) % size
            self.lost = self.lost + 1 & _MOST
        ring[new] = kind
        if slot >= 0:
            self.leases.address_of(slot, ring, new + _ADDRESS)
        copy(ring, new + _MAC, mac, at, 6)

    def take(self):
        """Return the oldest event as (kind, address, MAC, host name), all text, or None.

        "pool_full" has no address: ""; nor has "conflict" a MAC, if nobody knows it.
        """
        if not self._waiting:
            return None
        ring = self._ring
        at = self._at
        self._at = (at + _ENTRY) % len(ring)
        self._waiting -= 1
        address = address_text(ring, at + _ADDRESS) if ring[at] != _POOL_FULL else ""
        mac = mac_text(ring, at + _MAC) if any(ring[at + _MAC : at + _ENTRY]) else ""
        return _KINDS[ring[at]], address, mac, self._name(at)

    def _name(self, at):
        """Return the host name of the client in the entry at at, if it is still the latest there.

        Of "pool_full" there is none.
        """
        leases = self.leases
        slot = -1
        if self._ring[at] != _POOL_FULL:
            slot = leases.slot_of(self._ring, at + _ADDRESS)
        if slot < 0 or not same(leases.mac, 6 * slot, self._ring, at + _MAC, 6):
            return ""
        return name_of(leases, slot)
