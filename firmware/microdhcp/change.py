"""New settings for a server that runs: what becomes of its leases.

Loaded by Server.configure() only.
"""

from ._compat import const
from .leases import Leases
from .naming import name_of, restore
from .store import in_order, is_others

_FREE = const(0)  # states of a slot
_ADOPTED = const(2)
_DECLINED = const(4)
_EXPIRED = const(6)
_CHECKING = const(7)
_CHECKED = const(8)
_CONFLICT = const(9)
_DOUBTED = const(10)


class _Client:
    """The client of a slot, in the place of its request."""

    def __init__(self, leases, slot):
        self.key = (leases.keys[slot + slot], leases.keys[slot + slot + 1])
        self.chaddr = self.mac = bytes(leases.mac[6 * slot : 6 * slot + 6])


def carried(server, config, now_s):
    """Return a lease table for `config` with what the server's table knows and fits.

    A lease that does not fit, because its address is not one of ours any more or reserved for
    somebody else, ends: "expired".  ValueError, and nothing has happened, when the own address,
    the subnet or max_message would change.
    """
    _refuse(server.config, config)
    old = server.leases
    old.end_due(now_s)
    new = Leases(config)
    address = bytearray(4)
    for slot in list(in_order(old)):  # so that the oldest is still reused first
        if old.state[slot] not in (_FREE, _CHECKING, _CHECKED):  # whose checks are void now
            old.address_of(slot, address, 0)
            if not _carry(old, slot, new, new.slot_of(address, 0), now_s) and old.leased(slot):
                old.release(slot, now_s, _EXPIRED)
    new.most = max(old.most, new.used)
    new.changed = max(old.changed, 1)
    return new


def _refuse(old, new):
    """Raise ValueError where the new settings are not possible after the old ones."""
    if old.tlvs[0] != new.tlvs[0] or old.address != new.address:  # the mask comes first
        raise ValueError("address: cannot change while the server runs")
    if old.max_message != new.max_message:
        raise ValueError("max_message: cannot change while the server runs")


def _carry(old, slot, new, to, now_s):
    """Take a slot of the old table over to slot `to` of the new one; False: it has no place."""
    state = old.state[slot]
    until_s = old.until_s[slot]
    if to < 0:
        return False
    if state == _DECLINED:
        new.decline(to, now_s, until_s)
        return True
    if state == _CONFLICT:
        new.conflict(to, until_s, None)
        return True
    client = _Client(old, slot)
    if client.key[0] < 0 or is_others(new, to, client):
        return False
    if old.idle(slot):
        until_s = min(until_s, now_s)  # a reserved one has no end
    if state == _DOUBTED:
        state = _ADOPTED
    new.bind(to, client, old.granted_s[slot], state, now_s, until_s)
    restore(new, to, name_of(old, slot).encode())
    return True
