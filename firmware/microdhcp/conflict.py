"""When an address must be checked before a client gets it, and what the result means.

The host asks: by ARP on a desktop, by ping on a board.  Loaded only by a host that can, with
Server.enable_checks().
"""

from ._compat import const
from .leases import ELSEWHERE, MOMENT_S, later
from .message import client_key
from .states import ADOPTED, BOUND, CHECKED, CHECKING, CONFLICT, FREE, OFFERED

_THERE = const(1)  # verdicts about a slot that is leased: its client is there, or not
_SILENT = const(2)


def of_server(server, _name):
    """Return the method enable_checks() of a server."""

    def enable_checks(names_owner=False):
        """Let handle() return PARK for a message whose answer waits for the check of an address.

        names_owner  the host learns which device answers a check
        After PARK keep the message, find out whether the address of `check_slot` is in use, and
        call checked(). Then pass the same message to handle() again.
        """
        return Checks(server, names_owner)

    return enable_checks


class Checks:
    """The state of a server with checks, beside its leases.

    names_owner   the host learns which device answers, so it can tell the client from others.
                  Only then is an address checked that an unknown client names in a REQUEST
    """

    def __init__(self, server, names_owner):
        self.names_owner = names_owner
        self._server = server
        server._checks = self
        server.checked = self.checked
        server.address_of = self.address_of
        self._key = bytearray(8)
        self.forget()

    def forget(self):
        """Forget the last check of a lease: its slot, and with it the result and the time."""
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
        state = leases.state[slot]
        if state == OFFERED or state == CHECKED:
            return False
        same_device = leases.has_chaddr(slot, self._server.chaddr)
        if leases.leased(slot):
            return not same_device and self._verdict_of(slot, now_s) != _SILENT
        if not same_device or not leases.holds(slot, self._server.key) or state == CHECKING:
            return True
        return state == FREE or now_s - leases.until_s[slot] > MOMENT_S

    def address_of(self, slot, buf, pos):
        """Write the address of a slot to buf[pos:pos + 4]."""
        self._server.leases.address_of(slot, buf, pos)

    def stranger_at(self, slot, now_s):
        """Return whether the client names an address that another device may still have."""
        return self.names_owner and self.needed(slot, now_s)

    def checked(self, slot, in_use, now_s, owner=None):
        """Take the result of a check: whether another host than the client has the address.

        owner   MAC of the device that has it, 6 bytes; None: unknown
        """
        leases = self._server.leases
        config = self._server.config
        state = leases.state[slot]
        if state == CHECKING:
            if in_use:
                self._keep_back(slot, later(now_s, config.quarantine_s), owner)
            elif leases.granted_s[slot] == ELSEWHERE:
                leases.release(slot, now_s)
            else:
                leases.move(slot, CHECKED, later(now_s, config.offer_hold_s))
        elif leases.leased(slot):  # for somebody else, see Server._park()
            if in_use and state == ADOPTED:
                leases.move(slot, BOUND, leases.until_s[slot])
            self._verdict = _THERE if in_use else _SILENT
            self._slot = slot
            self._checked_s = now_s

    def own_slot(self, own, now_s):
        """Return the slot of the client in rx, whose identifier has the slot `own`.

        If another device with this identifier has a lease there, and answers, this one is known by
        its chaddr: Server.key changes to a key that no client has otherwise.
        """
        leases = self._server.leases
        if not leases.leased(own) or leases.has_chaddr(own, self._server.chaddr):
            return own
        key = self._key
        client_key(self._server.rx, 0, key)
        key[4] = 1
        twin = leases.find(key)
        if twin < 0 or not leases.live(twin):
            if self._verdict_of(own, now_s) != _THERE:
                return own
        self._server.key[0:8] = key
        return twin

    def _keep_back(self, slot, until_s, owner):
        """Put an address that was found in use into quarantine; note its owner, if known."""
        leases = self._server.leases
        leases.forget(slot)
        leases.granted_s[slot] = 0
        if owner:
            leases.granted_s[slot] = 1
            leases.mac[6 * slot : 6 * slot + 6] = owner
        if leases.events:
            leases.events.put(CONFLICT, slot, owner or b"\0\0\0\0\0\0", 0)
        leases.move(slot, CONFLICT, until_s)

    def _verdict_of(self, slot, now_s):
        """Return the result of the last check of a lease, or 0 if it was about another one."""
        if self._slot != slot or now_s - self._checked_s > MOMENT_S:
            return 0
        return self._verdict
