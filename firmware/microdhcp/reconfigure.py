"""New settings for a server that runs, and what happens to its leases.

Loaded by Server.configure() only.
"""

from .leasedump import order
from .leases import Leases
from .states import DECLINED, EXPIRED, FREE
from .text import name_of, restore_name


def configure(server, config, now_s):
    """Give a running server another Config: see report.configure()."""
    use(server, config, _carried(server, config, now_s))


def use(server, config, leases):
    """Let a server work with these settings and this lease table."""
    server.config = config
    server.leases = leases
    if server._checks:
        server._checks.forget()
    if server.events:
        leases.events = server.events
        server.events.leases = leases


def _carried(server, config, now_s):
    """Return a lease table for `config` with all of the server's leases that fit.

    A lease whose address the new settings do not have ends: "expired".  A lease whose address
    is now reserved for another client goes on until its client's next REQUEST.  ValueError, and
    nothing has happened, when the own address, the subnet or max_message would change.
    """
    _refuse(server.config, config)
    old = server.leases
    old.end_due(now_s)
    new = Leases(config)
    address = bytearray(4)
    for slot in order(old):  # so that the oldest is still reused first
        if old.state[slot] != FREE:
            old.address_of(slot, address, 0)
            to = new.slot_of(address, 0)
            fits = _carry(old, slot, new, to, now_s, config.devices)
            if not fits and old.leased(slot):
                old.release(slot, now_s, EXPIRED)
    new.most = max(old.most, new.used)
    new.changed = max(old.changed, 1)
    return new


def _refuse(old, new):
    """Raise ValueError if a setting changes that cannot change."""
    if old.common[0][0] != new.common[0][0] or old.address != new.address:  # the mask comes first
        raise ValueError("address: cannot change while the server runs")
    if old.max_message != new.max_message:
        raise ValueError("max_message: cannot change while the server runs")


def _carry(old, slot, new, to, now_s, devices):
    """Take a slot of the old table over to slot `to` of the new one; False: it has no place."""
    state = old.state[slot]
    key = bytes(old.keys[8 * slot : 8 * slot + 8])
    if to < 0 or state == DECLINED and not new.may_quarantine(to):
        return False
    if key[0] == 255 and old.idle(slot):
        return False
    mac = bytes(old.mac[6 * slot : 6 * slot + 6])
    if devices and not old.leased(slot) and devices.is_others(to, key, mac):
        return False
    new.put(to, key, mac, state, old.granted_s[slot], now_s, old.until_s[slot])
    restore_name(new, to, name_of(old, slot).encode())
    return True
