"""Is an address in use by somebody else?  The policy: when to ask, without asking.

The host answers the question: by ARP on a desktop, by ping on a board.  Loaded only by a host that
can, with Server.enable_checks().
"""

from ._compat import const
from .leases import later

_FREE = const(0)  # states of a slot
_OFFERED = const(1)
_ADOPTED = const(2)
_BOUND = const(3)
_CHECKING = const(7)
_CHECKED = const(8)
_ELSEWHERE = const(-2)
_MOMENT_S = const(30)  # what was true then is still true now; the same in server.py

_THERE = const(1)  # verdicts about a slot that is leased: its client is there
_SILENT = const(2)


class Checks:
    """What a server with checks knows beyond its leases; made by Server.enable_checks().

    names_owner   the host learns who answers
    """

    def __init__(self, server, names_owner):
        self.names_owner = names_owner
        self._server = server
        self._slot = -1  # the lease that was checked last, with what result, and when
        self._verdict = self._checked_s = 0

    def forget(self):
        """Forget the last check: slots have other numbers now."""
        self._slot = -1

    def needed(self, slot, now_s):
        """Return whether a slot must be checked before the client in rx gets it.

        Not needed where the client would notice itself, or has just been there: it holds an offer
        or a lease of the address, or did so until a moment ago.  Nor for an offer that goes to the
        next client because all else is taken: it was checked for the one before, and in a flood no
        check would end before the slot is taken again.  That a client asks for an address says
        nothing about who uses it.
        """
        leases = self._server.leases
        request = self._server.request
        state = leases.state[slot]
        if state == _OFFERED or state == _CHECKED:
            return False
        same_device = leases.has_chaddr(slot, request.chaddr)
        if leases.leased(slot):
            return not same_device and self._verdict_of(slot, now_s) != _SILENT
        if not same_device or not leases.holds(slot, request.key) or state == _CHECKING:
            return True
        return state == _FREE or now_s - leases.until_s[slot] > _MOMENT_S

    def checked(self, slot, in_use, now_s, owner):
        """See Server.checked()."""
        leases = self._server.leases
        config = self._server.config
        state = leases.state[slot]
        if state == _CHECKING:
            if in_use:
                leases.conflict(slot, later(now_s, config.quarantine_s), owner)
            elif leases.granted_s[slot] == _ELSEWHERE:
                leases.release(slot, now_s)
            else:
                leases.become(slot, _CHECKED, later(now_s, config.offer_hold_s))
        elif leases.leased(slot):  # for somebody else, see Server._park()
            if in_use and state == _ADOPTED:
                leases.become(slot, _BOUND, leases.until_s[slot])
            self._verdict = _THERE if in_use else _SILENT
            self._slot = slot
            self._checked_s = now_s

    def is_twin(self, own, now_s):
        """Return whether another device than the client in rx has its identifier, and is there.

        own   the slot of the identifier
        """
        leases = self._server.leases
        request = self._server.request
        if not leases.leased(own) or leases.has_chaddr(own, request.chaddr):
            return False
        twin = leases.find(request.hardware())
        if twin >= 0 and leases.live(twin):
            return True
        return self._verdict_of(own, now_s) == _THERE

    def _verdict_of(self, slot, now_s):
        """Return what the last check of a lease has shown, 0: nothing about this one."""
        if self._slot != slot or now_s - self._checked_s > _MOMENT_S:
            return 0
        return self._verdict
