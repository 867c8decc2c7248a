"""Decides how to answer a message (RFC 2131 section 4.3).

handle() takes one request and makes at most one reply.  There is a function for each message
type, and for each state in which a client sends a REQUEST, in the order of the RFC.
No clock, no sockets, and nothing is allocated.
"""

from ._compat import const
from .leases import (
    ELSEWHERE,
    MOMENT_S,
    NEVER,
    NEXT,
    NOBODY,
    REBOOT,
    RENEW,
    SELECT,
    Leases,
    later,
)
from .message import (
    CLIENT_ID,
    F_CIADDR,
    F_GIADDR,
    LEASE_TIME,
    RAPID_COMMIT,
    REQUESTED,
    SERVER_ID,
)
from .reply import ACK, OFFER, Writer
from .states import ADOPTED, BOUND, CHECKING, FREE, OFFERED, RELEASED

PARK = const(-1)  # result of handle(): ask again when the address has been checked

_DISCOVER = const(1)
_REQUEST = const(3)
_DECLINE = const(4)
_RELEASE = const(7)
_POOL_FULL_EVENT = const(0)

# Why a message gets no answer, by number: see report.REASONS, and message.py for 1 to 7.
_BAD_RELAY = const(8)
_DENIED = const(9)
_BAD_CIADDR = const(10)
_NO_ADDRESS = const(11)
_OTHER_SERVER = const(12)
_UNKNOWN_CLIENT = const(13)
_NOT_YOURS = const(14)
_POOL_FULL = const(15)

_LONGEST_S = const(1 << 27)


class Server(Writer):
    """A DHCP server without input and output.

    rx          bytearray for the request; a longer message than rx_size does not fit
    tx          bytearray with the reply; the buffer of config.max_message bytes given for it
    reply_to    where the reply goes: BROADCAST, CLIENT, CIADDR or RELAY
    last_drop   why the last message got no answer; None: it got one, or needs none
    drops       {reason: how often}
    now_s       time of the last message
    leases      the lease table
    check_slot  the slot whose address wants a check, after handle() has returned PARK
    events      a ring of what happened (report.Events), None: nobody wants to know
    dropped     number of last_drop

    The methods that programs call are in report.py, and in conflict.py those for checks.  They
    are loaded when they are first used.
    """

    def __init__(self, config, rx_size=600, tx=None):
        Writer.__init__(self, config, rx_size, tx)
        self.now_s = self.dropped = 0
        self.events = None
        self.check_slot = -1
        self._checks = None  # conflict.Checks, once addresses are checked
        self.leases = Leases(config)

    def __getattr__(self, name):
        """Load what programs ask for, what relay agents need, and the checks of addresses."""
        if name == "admits":
            from .relayed import of_server
        elif name == "enable_checks":
            from .conflict import of_server
        else:
            from .report import of_server
        return of_server(self, name)

    def handle(self, n, now_s):
        """Answer the request in rx[:n]; return the length of the reply in tx, 0 for silence.

        now_s   seconds, 0 <= now_s < 2**30, never less than at the call before
        Never raises.  If there is no answer, last_drop names the reason, and drops counts it.
        """
        self.dropped = 0
        self.now_s = now_s
        config = self.config
        kind = self.read(n)
        if kind < 0:
            return self._drop(-kind)
        via = self.rx.find(b"\0\0\0\0", F_GIADDR, F_GIADDR + 4) < 0
        if via and not self.admits():
            return self._drop(_BAD_RELAY)
        if config.devices and not config.devices.permits(self):
            return self._drop(_DENIED)
        if now_s >= self.leases.due_s:
            self.leases.end_due(now_s)
        n = self._answer(kind, now_s)
        if n >= 0:  # else it comes again
            self.messages[kind] = self.messages[kind] + 1 & NEVER
            if via and n:
                n = self.sign(n)
        return n

    def _answer(self, kind, now_s):
        """Choose by message type; return as handle()."""
        if kind == _DISCOVER:
            return self._discover(now_s)
        if kind == _REQUEST:
            return self._request(now_s)
        if kind == _DECLINE:
            return self._decline(now_s)
        if kind == _RELEASE:
            return self._release(now_s)
        return self._inform()

    # Checks: is the address in use by somebody else?

    def _park(self, slot, now_s):
        """Keep the slot for the client and ask for a check.

        A lease stays with its client: the check shows whether there is one.
        """
        if not self.leases.leased(slot):
            self._hold(slot, CHECKING, self._lease_time(), now_s)
        self.check_slot = slot
        return PARK

    def _hold(self, slot, state, granted_s, now_s):
        """Hold the slot for the client for offer_hold_s."""
        until_s = later(now_s, self.config.offer_hold_s)
        self.leases.put(slot, self.key, self.chaddr, state, granted_s, now_s, until_s)

    # DISCOVER, section 4.3.1

    def _discover(self, now_s):
        """Offer an address, or lease it at once where both sides want that (RFC 4039)."""
        leases = self.leases
        own = self._own(now_s)
        if own >= 0 and leases.state[own] == RELEASED and leases.granted_s[own] == ELSEWHERE:
            if now_s - leases.until_s[own] < MOMENT_S:
                return self._drop(_OTHER_SERVER)
        slot = self._choose(own, now_s)
        if slot < 0:
            return self._drop(_POOL_FULL)
        if self._checks and self._checks.needed(slot, now_s):
            return self._park(slot, now_s)
        granted_s = self._lease_time()
        if self.config.rapid_commit and self.pos[RAPID_COMMIT]:
            return self._ack(slot, BOUND, granted_s, now_s, True, False)
        if not leases.leased(slot) or not self._is_known_at(slot):
            self._hold(slot, OFFERED, granted_s, now_s)
        else:  # a lease moves when it is taken, but the ACK must not contradict the OFFER
            if leases.state[slot] == ADOPTED:
                granted_s = leases.granted_s[slot]
            leases.promise(slot, granted_s, later(now_s, self.config.offer_hold_s))
        return self.write(OFFER, leases.host24(slot), granted_s)

    def _choose(self, own, now_s):
        """Return the slot for a DISCOVER: reserved, own, or a new one; -1: none."""
        leases = self.leases
        slot = self._reservation()
        if slot >= 0:
            return slot
        if own >= 0 and leases.live(own):
            if own not in leases.reserved:
                return own
            slot = leases.find(self.key, own)  # the other one that it was offered
            if slot >= 0:
                return slot
        surplus = leases.surplus(self.chaddr, self.key)
        if surplus >= 0 and not leases.leased(surplus):  # an offer gives way at once
            if own < 0 or not leases.open(own):
                return surplus
            leases.release(surplus, now_s)
        if own >= 0 and leases.open(own):
            return own
        slot = self._choose_new(now_s)
        if slot < 0 and surplus < 0 and self.events:
            self.events.put(_POOL_FULL_EVENT, -1, self.chaddr, 0)
        return slot if slot >= 0 else surplus

    def _choose_new(self, now_s):
        """Return the slot for a client without one: the one it wants, or a spare one; -1: none."""
        leases = self.leases
        pos = self.pos[REQUESTED]
        if pos:
            slot = leases.slot_of(self.rx, pos + 1)
            if slot >= 0 and leases.open(slot) and not self._has_declined(slot):
                return slot
        until_s = -1
        if self._checks:
            # The last resort: what was not found in use a moment ago may be worth another check.
            until_s = later(now_s, self.config.quarantine_s) - MOMENT_S
        return leases.spare(self.key, now_s, until_s)

    def _has_declined(self, slot):
        """Return whether the client declined the address while the quarantine was full."""
        leases = self.leases
        if leases.state[slot] != RELEASED or not leases.holds(slot, NOBODY):
            return False
        return leases.has_chaddr(slot, self.chaddr)

    # REQUEST, section 4.3.2

    def _request(self, now_s):
        """Choose by the client's state (table 4)."""
        pos = self.pos[REQUESTED]
        if self.pos[SERVER_ID]:
            if not self._names_us():
                return self._other_server(now_s)
            if pos:  # some fill ciaddr in before they have it: table 5 says 0
                return self._selecting(pos + 1, now_s)
        if self.rx.find(b"\0\0\0\0", F_CIADDR, F_CIADDR + 4) < 0:
            return self._verify(F_CIADDR, True, now_s)
        if pos:
            return self._verify(pos + 1, False, now_s)
        return self._drop(_NO_ADDRESS)

    def _other_server(self, now_s):
        """The client took another server's offer: free the address that was held for it."""
        leases = self.leases
        slot = leases.find(self.key)
        if slot >= 0 and leases.leased(slot):
            slot = leases.find(self.key, slot)
        if slot >= 0 and leases.live(slot):
            leases.granted_s[slot] = ELSEWHERE
            if leases.state[slot] != CHECKING:
                leases.release(slot, now_s)
        return self._drop(_OTHER_SERVER)

    def _selecting(self, pos, now_s):
        """The client takes this server's offer, even a late one, if the address is still free."""
        leases = self.leases
        own = self._own(now_s)
        slot = leases.slot_of(self.rx, pos)
        if not self._may_have(slot, own, True):
            return self._nak(pos, own, now_s)
        if leases.leased(slot):
            if self._checks and self._checks.stranger_at(slot, now_s):
                return self._park(slot, now_s)
        elif leases.state[slot] == CHECKING or not leases.holds(slot, self.key):
            return self._adopt(slot, now_s)
        granted_s = leases.granted_s[slot]
        if not granted_s or granted_s == ELSEWHERE:  # 0: the offer is from a file
            granted_s = self._lease_time()
        return self._ack(slot, NEXT[SELECT + leases.state[slot]], granted_s, now_s, False, False)

    def _verify(self, pos, renewing, now_s):
        """Answer a client that names the address in rx[pos:pos + 4] without naming a server.

        renewing   it uses the address and wants to keep it, no matter how its message came
                   (RENEWING, REBINDING); else it remembers it (INIT-REBOOT)
        An authoritative server is the only one.  It believes a client that it does not know, which
        heals a lost table, and refuses what cannot be.  Any other server does not answer a client
        without a record (RFC 2131 section 4.3.2).
        """
        leases = self.leases
        own = self._own(now_s)
        slot = leases.slot_of(self.rx, pos)
        mine = slot >= 0 and leases.holds(slot, self.key)
        if not mine and not self.config.authoritative:
            return self._drop(_UNKNOWN_CLIENT) if own < 0 else self._nak(pos, own, now_s)
        if not self._may_have(slot, own, False):
            return self._nak(pos, own, now_s)
        state = leases.state[slot]
        leased = leases.leased(slot)
        if not renewing:
            if not mine or state == CHECKING:
                return self._adopt(slot, now_s)
            if self._checks and self._checks.stranger_at(slot, now_s):
                return self._park(slot, now_s)
        held = leased and leases.until_s[slot] > leases.promised_s
        heard = renewing and (held or not mine or not leases.live(slot))
        if not mine and not leased:
            state = FREE
        state = NEXT[(RENEW if renewing else REBOOT) + state]
        return self._ack(slot, state, self._lease_time(), now_s, False, heard)

    def _adopt(self, slot, now_s):
        """Lease an address that an unknown client names, if need be after a check."""
        if self.leases.leased(slot):  # to the same device, by another identifier
            return self._ack(slot, BOUND, self._lease_time(), now_s, False, False)
        if self._checks and self._checks.names_owner:
            return self._park(slot, now_s)
        return self._ack(slot, ADOPTED, self._lease_time(), now_s, False, False)

    def _may_have(self, slot, own, selecting):
        """Return whether a client, whose slot is own or -1, may lease the slot that it names.

        selecting   this server has offered it: perhaps a lease of the same device, or an
                    unconfirmed one
        """
        if slot < 0:
            return False
        leases = self.leases
        reserved = self._reservation()
        if reserved >= 0:
            return slot == reserved
        if slot in leases.reserved:
            return False  # for somebody else
        if leases.holds(slot, self.key) and leases.live(slot):
            return True
        if own >= 0 and leases.live(own) and own not in leases.reserved:
            return False
        if leases.open(slot) or leases.owned_by(slot, self.chaddr):
            return True
        if not selecting or not leases.leased(slot) or not leases.has_chaddr(slot, self.chaddr):
            return False
        return leases.state[slot] == ADOPTED or leases.surplus(self.chaddr, self.key) >= 0

    def _ack(self, slot, state, granted_s, now_s, rapid, to_ciaddr):
        """Lease the address.  If the device has one lease too many then, end another one."""
        leases = self.leases
        if not leases.leased(slot) or not self._is_known_at(slot):
            surplus = leases.surplus(self.chaddr, self.key)
            if surplus >= 0 and slot not in leases.reserved:
                leases.release(surplus, now_s)
        until_s = NEVER if granted_s < 0 else later(now_s, granted_s)
        leases.lease(slot, self, state, granted_s, now_s, until_s)
        return self.write(ACK, leases.host24(slot), granted_s, rapid, to_ciaddr)

    def _nak(self, pos, own, now_s):
        """Send a NAK for the address in rx[pos:pos + 4], with the reason.

        A lease of an address that is reserved for somebody else ends with it.
        """
        leases = self.leases
        if (
            own >= 0
            and own in leases.reserved
            and leases.leased(own)
            and self._reservation() != own
        ):
            leases.release(own, now_s)
        if self.config.on_link(self.rx, pos):
            return self.nak(b"\x38\x15address not available")
        return self.nak(b"\x38\x0dwrong network")

    # DECLINE, RELEASE, INFORM, sections 4.3.3 to 4.3.5

    def _decline(self, now_s):
        """The client found its address in use: put it into quarantine."""
        pos = self.pos[REQUESTED]
        slot = self._own_slot(pos + 1) if pos else -1
        if slot < 0 or not self.leases.live(slot):
            return self._drop(_NOT_YOURS)
        self.leases.decline(slot, now_s, later(now_s, self.config.quarantine_s))
        return 0

    def _release(self, now_s):
        """The client releases its address."""
        slot = self._own_slot(F_CIADDR)
        if slot < 0:
            return self._drop(_NOT_YOURS)
        if self.leases.live(slot):
            self.leases.release(slot, now_s)
        return 0

    def _inform(self):
        """The client has an address, and asks for the other options."""
        if not self.config.on_link(self.rx, F_CIADDR):
            return self._drop(_BAD_CIADDR)
        return self.write(ACK, -1, 0, False, True)

    # Helpers

    def _own_slot(self, pos):
        """Return the slot of the address in rx[pos:pos + 4] if it is the sender's, else -1.

        Real clients leave out option 54 here (lwIP), or 61, so client and address decide.  With
        another server's 54 the message is for that server.  If the client is known by a MAC, the
        sender must have it.  An address that is being checked has no client yet.
        """
        leases = self.leases
        if self.pos[SERVER_ID] and not self._names_us():
            return -1
        self._own(self.now_s)  # of two devices with one identifier it has the key of the sender
        slot = leases.slot_of(self.rx, pos)
        if slot < 0 or leases.state[slot] == CHECKING:
            return -1
        same_device = leases.has_chaddr(slot, self.chaddr)
        if leases.holds(slot, self.key):
            return slot if same_device or self.key[0] else -1
        if self.pos[CLIENT_ID] or not leases.live(slot):
            return -1
        return slot if same_device else -1

    def _own(self, now_s):
        """Return the slot of the client, -1: none.

        Two devices with one identifier are one client (RFC 2131 section 4.2), unless a check has
        shown that both are there.
        """
        own = self.leases.find(self.key)
        if own >= 0 and self._checks:
            return self._checks.own_slot(own, now_s)
        return own

    def _is_known_at(self, slot):
        """Return whether the client, or the same device by another identifier, has the slot."""
        return self.leases.holds(slot, self.key) or self.leases.has_chaddr(slot, self.chaddr)

    def _names_us(self):
        """Return whether option 54 names this server."""
        pos = self.pos[SERVER_ID] + 1
        return self.rx.find(self.config.address, pos, pos + 4) >= 0

    def _reservation(self):
        """Return the slot reserved for the client, or -1 if it has none or it is taken."""
        devices = self.config.devices
        return devices.reservation(self) if devices else -1

    def _lease_time(self):
        """Return the seconds to grant: those of option 51, within limits; -1 is infinite."""
        config = self.config
        pos = self.pos[LEASE_TIME]
        if not pos:
            return config.lease_s
        rx = self.rx
        wish_s = _LONGEST_S
        if rx[pos + 1] < 8:  # below 2**27, so that the sum is a small int
            wish_s = rx[pos + 1] << 24 | rx[pos + 2] << 16 | rx[pos + 3] << 8 | rx[pos + 4]
            wish_s = max(wish_s, config.min_lease_s)
        if config.max_lease_s >= 0:
            return min(wish_s, config.max_lease_s)
        if rx.find(b"\xff\xff\xff\xff", pos + 1, pos + 5) >= 0:
            return -1
        return wish_s

    def _drop(self, reason):
        """Count a packet that gets no answer, and say why."""
        self.count(reason)
        self.dropped = reason
        return 0
