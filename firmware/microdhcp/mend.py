"""Puts a lease table in order after an exception in the middle of a change.

Memory may end at any bytecode, and somebody may press Ctrl-C.  Then a slot may have its new client
but not its new state, or a client two slots.  Loaded when that has happened.
"""

from ._compat import const

_LIVE = const(b"\x01\x02\x03\x07\x08")  # states of a slot: OFFERED, ADOPTED, BOUND, and checks
_OF_NOBODY = const(b"\x00\x04\x09")  # FREE, DECLINED, CONFLICT
_RELEASED = const(5)
_NOBODY = const(b"\xff\xff\xff\xff\xff\xff\xff\xff")


def mend(leases, now_s):
    """Give each client one lease or one offer beside it, and free its other slots."""
    for slot in range(leases.slots):
        key = bytes(leases.keys[8 * slot : 8 * slot + 8])
        state = leases.state[slot]
        if state in _OF_NOBODY:
            _drop(leases, slot)
        elif key == _NOBODY:
            if state in _LIVE:
                leases.move(slot, _RELEASED, now_s)
        elif _is_one_too_many(leases, key, slot):
            _drop(leases, slot)
            if state in _LIVE:
                leases.move(slot, _RELEASED, now_s)
    leases.used = sum([leases.leased(slot) for slot in range(leases.slots)])
    leases.most = max(leases.most, leases.used)
    leases.changed = leases.changed or 1
    leases.end_due(now_s)


def _is_one_too_many(leases, key, slot):
    """Return whether another slot of a client's makes this one superfluous."""
    other = leases.find(key, slot)
    if other < 0:
        return False
    if leases.leased(slot):
        return leases.leased(other)
    return not (leases.leased(other) and leases.live(slot) and _is_first(leases, key, slot))


def _is_first(leases, key, slot):
    """Return whether no slot before this one is an offer to the same client."""
    for other in range(slot):
        if leases.holds(other, key) and leases.live(other) and not leases.leased(other):
            return False
    return True


def _drop(leases, slot):
    leases.keys[8 * slot : 8 * slot + 8] = _NOBODY
