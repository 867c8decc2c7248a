"""The settings for single devices and for classes of devices.

Reservations, options of their own, classes, allow and deny.  Loaded only where one is given.
"""

from ._compat import const
from .message import F_CHADDR, F_OPTIONS, client_key, same

_END = const(255)
_ARCHITECTURE = const(93)  # pairs of bytes, RFC 4578 section 2.1
_USER_CLASS = const(77)  # text, or texts with their lengths in front, RFC 3004


class Devices:
    """The settings of one Config, as bytes.

    allow, deny  tuples of bytes, 1 to 6 each: how chaddr may begin; allow may be None
    slots, keys  for each client of a reservation its slot, and its client key of eight bytes
    own          {slot: set}: the options of a reservation that has its own (see settings.py)
    classes      list of (((code, bytes), …), set): the options of a kind of clients
    """

    def __init__(self, allow, deny, slots, keys, own, classes):
        self.allow = allow
        self.deny = deny
        self.slots = slots
        self.keys = keys
        self.own = own
        self.classes = classes
        self._key = bytearray(8)

    def permits(self, client):
        """Return whether the client, a Reader, may be served."""
        if self.allow is not None and not _begins(client.rx, self.allow):
            return False
        return not _begins(client.rx, self.deny)

    def only_reserves(self):
        """Return whether only addresses are set: all devices are served with the same options."""
        return self.allow is None and not self.deny and not self.own and not self.classes

    def find(self, key):
        """Return the slot that is reserved for a client key, -1: none is."""
        pos = self.keys.find(key)
        while pos >= 0:
            if not pos & 7:
                return self.slots[pos >> 3]
            pos = self.keys.find(key, pos + 1)
        return -1

    def slot_for(self, client):
        """Return the slot that is reserved for a client, a Reader; -1: none is.

        By its identifier, then by chaddr, whatever the identifier is.
        """
        slot = self.find(client.key)
        if slot < 0:
            client_key(client.rx, 0, self._key)
            slot = self.find(self._key)
        return slot

    def reservation(self, server):
        """Return the slot reserved for the client in rx, or -1 if it has none or it is taken.

        Another identifier of the same device takes the slot over.
        """
        leases = server.leases
        slot = self.slot_for(server)
        if slot < 0 or leases.idle(slot):
            return slot
        if leases.live(slot):
            known = leases.holds(slot, server.key) or leases.has_chaddr(slot, server.chaddr)
            return slot if known else -1
        if leases.granted_s[slot] and leases.owned_by(slot, server.chaddr):
            return slot
        return -1

    def is_others(self, slot, key, mac):
        """Return whether a slot is reserved, but not for the client with this key and MAC."""
        if slot not in self.slots:
            return False
        by_mac = b"\0" + mac[:3] + b"\0" + mac[3:]
        return slot not in (self.find(key), self.find(by_mac))

    def choose(self, client):
        """Return the set of options for a client, a Reader; None: the common one.

        The set of its reservation, else of the first class that it belongs to.
        """
        if self.own:
            own = self.own.get(self.slot_for(client))
            if own:
                return own
        for conditions, own in self.classes:
            if _fits(client, conditions):
                return own
        return None


def _begins(rx, prefixes):
    """Return whether chaddr begins with one of the prefixes (bytes, 1 to 6)."""
    for prefix in prefixes:
        if same(rx, F_CHADDR, prefix, 0, len(prefix)):
            return True
    return False


def _fits(client, conditions):
    """Return whether all options in conditions, ((code, bytes), …), begin as given."""
    for code, wanted in conditions:
        if not _says(client.rx, client.n, code, wanted):
            return False
    return True


def _says(rx, end, code, wanted):
    """Return whether the option `code` of the message rx[:end] begins with `wanted`."""
    pos = F_OPTIONS
    while pos + 1 < end and rx[pos] != _END:
        if not rx[pos]:
            pos += 1
            continue
        start = pos + 2
        after = start + rx[pos + 1]
        if rx[pos] == code and after <= end:
            found = rx.find(wanted, start, after)
            if found == start or code == _USER_CLASS and found == start + 1:
                return True
            return code == _ARCHITECTURE and found >= 0 and not (found - start) & 1
        pos = after
    return False
