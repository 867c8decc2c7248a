"""Is an address in use by somebody else?  The policy: when to ask, without asking.

The host answers the question: by ARP on a desktop, by ping on a board.  Loaded only by a host that
can, with Server.enable_checks().
"""

from ._compat import const

_FREE = const(0)  # states of a slot
_CHECKING = const(7)
_MOMENT_S = const(30)  # what was true then is still true now


def needed(leases, slot, own, now_s):
    """Return whether a slot must be checked before a client, whose slot is own or -1, gets it.

    Not needed where the client would notice itself, or has just been there: it holds an offer or
    a lease of the address, or did so until a moment ago.  That a client asks for an address says
    nothing about who uses it.
    """
    if slot != own or leases.state[slot] == _CHECKING:
        return True
    if leases.live(slot):
        return False
    return leases.state[slot] == _FREE or now_s - leases.until_s[slot] > _MOMENT_S
