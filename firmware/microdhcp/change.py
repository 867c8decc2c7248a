"""New settings for a server that runs: what becomes of its leases.

Loaded by Server.configure() only.
"""

from ._compat import const
from .leases import Leases
from .naming import name_of, restore
from .store import is_others

_FREE = const(0)  # states of a slot
_DECLINED = const(4)
_EXPIRED = const(6)


def carried(server, config, now_s):
    """Return a lease table for `config` with what the server's table knows and fits.

    A lease whose address is not one of ours any more ends: "expired".  One whose address is now
    reserved for somebody else goes on until its client's next REQUEST.  ValueError, and nothing
    has happened, when the own address, the subnet or max_message would change.
    """
    _refuse(server.config, config)
    old = server.leases
    old.end_due(now_s)
    new = Leases(config)
    address = bytearray(4)
    for slot in old.order():  # so that the oldest is still reused first
        if old.state[slot] != _FREE:
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
    key = bytes(old.keys[8 * slot : 8 * slot + 8])
    if to < 0 or state == _DECLINED and not new.may_quarantine(to):
        return False
    if key[0] == 255 and old.idle(slot):
        return False
    mac = bytes(old.mac[6 * slot : 6 * slot + 6])
    if not old.leased(slot) and is_others(new, to, key, mac):
        return False
    new.put(to, key, mac, state, old.granted_s[slot], now_s, old.until_s[slot])
    restore(new, to, name_of(old, slot).encode())
    return True
