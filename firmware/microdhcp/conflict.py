"""Is an address in use by somebody else?  The policy: when to ask, without asking.

The host answers the question: by ARP on a desktop, by ping on a board.  Loaded only by a host that
can, with Server.enable_checks().
"""

from ._compat import const

_FREE = const(0)  # states of a slot
_OFFERED = const(1)
_CHECKING = const(7)
_CHECKED = const(8)
_MOMENT_S = const(30)  # what was true then is still true now; the same in server.py


def needed(leases, slot, own, now_s):
    """Return whether a slot must be checked before a client, whose slot is own or -1, gets it.

    Not needed where the client would notice itself, or has just been there: it holds an offer or
    a lease of the address, or did so until a moment ago.  Nor for an offer that goes to the next
    client because all else is taken: it was checked for the one before, and in a flood no check
    would end before the slot is taken again.  That a client asks for an address says nothing about
    who uses it.
    """
    state = leases.state[slot]
    if state == _OFFERED or state == _CHECKED:
        return False
    if slot != own or state == _CHECKING:
        return True
    if leases.live(slot):
        return False
    return state == _FREE or now_s - leases.until_s[slot] > _MOMENT_S
