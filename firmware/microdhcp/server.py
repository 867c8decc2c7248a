"""The decision: what a message asks for, and what to answer (RFC 2131 section 4.3).

handle() takes one request and makes at most one reply.  One function for each message type, and
one for each state that a client can be in when it sends a REQUEST, in the order of the RFC.
No clock, no sockets, and nothing is allocated.
"""

from ._compat import const
from .leases import Leases, later
from .reply import Reply
from .wire import Request

PARK = const(-1)  # result of handle(): ask again when the address has been checked

_DISCOVER = const(1)
_REQUEST = const(3)
_DECLINE = const(4)
_RELEASE = const(7)
_OFFER = const(2)
_ACK = const(5)

# Entries of Request.at
_REQUESTED = const(1)  # 50
_LEASE_TIME = const(2)  # 51
_SERVER_ID = const(5)  # 54
_CLIENT_ID = const(8)  # 61
_RAPID_COMMIT = const(9)  # 80

_OFFERED = const(1)  # states of a slot
_ADOPTED = const(2)
_BOUND = const(3)
_RELEASED = const(5)
_CHECKING = const(7)
_CHECKED = const(8)

_POOL_FULL = const(0)  # an event

_NEVER = const((1 << 30) - 1)
_INFINITE = const(-1)
_LONGEST_S = const(1 << 27)
_ELSEWHERE = const(-2)  # in the place of a time: the client took the offer of another server
_MOMENT_S = const(30)  # what was true then is still true now; the same in conflict.py

# Why a packet gets no answer, and what was left out of a reply.
_REASONS = const(
    (
        "short",  # no room for a message type
        "op",  # not a request
        "cookie",  # BOOTP without options, or no DHCP at all
        "denied",  # by the settings allow and deny
        "hardware",  # hlen, or a chaddr that is nobody's
        "options",  # one runs past the end, or pieces that cannot be joined
        "length",  # of an option that has one length only
        "type",  # none, or one that clients do not send
        "relay",  # giaddr is not on our network
        "ciaddr",  # INFORM from an address that is not on our network
        "no_address",  # a REQUEST that names none
        "other_server",
        "unknown_client",
        "not_yours",  # DECLINE or RELEASE of an address that is not the sender's
        "pool_full",
        "option_left_out",
        "client_id_left_out",
        "machine_id_left_out",
        "agent_info_left_out",
    )
)
_WRONG_NETWORK = const(b"\x38\x0dwrong network")
_NOT_AVAILABLE = const(b"\x38\x15address not available")


class Server:
    """A DHCP server without input and output.

    rx         bytearray to put the request in; rx_size bytes, longer messages do not fit
    tx         bytearray with the reply, or the buffer of config.max_message bytes given for it
    reply_to   where it goes: BROADCAST, CLIENT, CIADDR or RELAY
    last_drop  why the last packet got no answer, None when it got one or needs none
    drops      {reason: how often}; also the options that were left out of replies
    now_s      the time of the last packet
    messages   how many of each message type came in, or went out; by the number of the type
    leases     the lease table
    events     what happened, while somebody wants to know (enable_events), else None
    check_slot the slot whose address wants a check, after handle() has returned PARK
    """

    _relayed: list = []  # admit and sign of relayed.py, once a relay agent has asked

    def __init__(self, config, rx_size=600, tx=None):
        self.rx = bytearray(rx_size)
        self.tx = tx
        self.drops = dict.fromkeys(_REASONS, 0)
        self.last_drop = None
        self.messages = [0] * 9
        self.now_s = 0
        self.events = None
        self.check_slot = -1
        self._checks = None  # conflict.Checks, once addresses are checked
        self.request = Request(self.rx)
        self._use(config, Leases(config))

    def _use(self, config, leases):
        """Work with these settings and this lease table."""
        reply = Reply(config, self.request, leases, self._count, self.tx)  # may find no memory
        self.config = config
        self.leases = leases
        self.address_of = leases.address_of  # (slot, buf, at)
        self._reply = reply
        self.tx = reply.tx
        self.reply_to = reply.to

    def handle(self, n, now_s):
        """Answer the request in rx[:n]; return the length of the reply in tx, 0 for silence.

        now_s   seconds, 0 <= now_s < 2**30, never less than at the call before
        Never raises, whatever is in rx: what gets no answer is counted and named in last_drop.
        """
        self.last_drop = None
        self.now_s = now_s
        kind = self.request.read(n)
        if not kind:
            return self._drop(self.request.fault)
        rx = self.rx
        via = rx[24] | rx[25] | rx[26] | rx[27]  # giaddr
        if via and not self._from_relay():
            return self._drop("relay")
        if self.config.permitted and not self.config.permitted(self.config, rx):
            return self._drop("denied")
        if now_s >= self.leases.due_s:
            self.leases.end_due(now_s)
        n = self._answer(kind, now_s)
        if n >= 0:  # else it comes again
            messages = self.messages
            messages[kind] = messages[kind] + 1 & _NEVER
            if n:
                kind = self.tx[242]
                messages[kind] = messages[kind] + 1 & _NEVER
                if via:
                    self._relayed[1](self.request, self.tx)
        self.reply_to = self._reply.to
        return n

    def _from_relay(self):
        """Return whether the relayed message is for our subnet (RFC 3527, 3011)."""
        if not self._relayed:
            from .relayed import admit, sign

            self._relayed.extend((admit, sign))
        return self._relayed[0](self.request, self.config)

    def _answer(self, kind, now_s):
        """Tell the message types apart; return what handle() shall."""
        if kind == _DISCOVER:
            return self._discover(now_s)
        if kind == _REQUEST:
            return self._take_request(now_s)
        if kind == _DECLINE:
            return self._decline(now_s)
        if kind == _RELEASE:
            return self._release(now_s)
        return self._inform()

    # For the program around it: loaded when it is used, and free to allocate.  Without now_s it is
    # the time of the last packet.

    def enable_events(self, size=16):
        """Note what happens to leases from now on; next_event() tells.

        size   how many events wait to be read at most; the oldest give way, events.lost of them
        """
        from .events import Events

        self.events = self.leases.events = Events(self.leases, size)

    def next_event(self):
        """Return (kind, address, MAC, host name), all text, of the oldest event, None: no more.

        Kinds: "bound", "renewed", "released", "expired", "declined", "conflict" (we found the
        address in use: with the MAC of who has it, "" if unknown), "pool_full" (no address left:
        "", and the asker's MAC).
        What ends by time is noticed by the next packet, or by roster() or leases.end_due().
        """
        return self.events.take() if self.events else None

    def configure(self, config, now_s=None):
        """Go on with another Config; leases stay, but for those that do not fit it: "expired".

        ValueError when the own address, the subnet or max_message would change.  Afterwards
        `leases` is another object, and whoever keeps parked messages has to forget them.
        """
        from .change import carried

        self._use(config, carried(self, config, self._time(now_s)))
        if self._checks:
            self._checks.forget()
        if self.events:
            self.events.leases = self.leases
            self.leases.events = self.events

    def roster(self, now_s=None, states=("offered", "adopted", "bound")):
        """Return an iterator of roster.Lease for the addresses in these states.

        states   names of states (see roster.Lease); None: all addresses that somebody ever got,
                 released, expired and quarantined ones too.  By default: offered and leased ones.
        """
        from .roster import roster

        return roster(self, self._time(now_s), states)

    def find(self, mac, now_s=None):
        """Return the roster.Lease of the device with that MAC (text or 6 bytes), or None."""
        from .roster import find

        return find(self, mac, self._time(now_s))

    def release(self, address, now_s=None):
        """End the lease or the offer of an address (text) now; return whether there was one."""
        from .roster import release

        return release(self, address, self._time(now_s))

    def _time(self, now_s):
        return self.now_s if now_s is None else now_s

    def counters(self):
        """Return a dict of counters: messages by type, drops by reason, use of the pool."""
        from .roster import counters

        return counters(self)

    # Checks: is the address in use by somebody else?

    def enable_checks(self, names_owner=False):
        """Let handle() return PARK for a message whose answer waits for the check of an address.

        names_owner   the host learns who answers, so that it can tell the client itself, which
                      is no conflict, from others; then an address that an unknown client names
                      in a REQUEST is checked too
        After PARK the host keeps the message, checks the address of `check_slot`, calls checked()
        and hands the message to handle() again.
        """
        from .conflict import Checks

        self._checks = Checks(self, names_owner)

    def checked(self, slot, in_use, now_s, owner=None):
        """Take the result of a check: whether somebody else than the client has the address.

        owner   the MAC of who has it, 6 bytes; None: nobody knows
        """
        self._checks.checked(slot, in_use, now_s, owner)

    def _park(self, slot, now_s):
        """Keep the slot for the client and ask for a check.

        A lease stays with its client: the check shows whether there is one.
        """
        leases = self.leases
        if not leases.leased(slot):
            request = self.request
            until_s = later(now_s, self.config.offer_hold_s)
            granted_s = self._lease_time()
            leases.put(slot, request.key, request.chaddr, _CHECKING, granted_s, now_s, until_s)
        self.check_slot = slot
        return PARK

    # DISCOVER, section 4.3.1

    def _discover(self, now_s):
        """Offer an address, or lease it at once where both sides want that (RFC 4039)."""
        own = self._own(now_s)
        if own >= 0 and self._went_elsewhere(own, now_s):
            return self._drop("other_server")
        slot = self._choose(own, now_s)
        if slot < 0:
            return 0
        if self._checks and self._checks.needed(slot, now_s):
            return self._park(slot, now_s)
        granted_s = self._lease_time()
        if self.config.rapid_commit and self.request.at[_RAPID_COMMIT]:
            return self._ack(slot, _BOUND, granted_s, now_s, True, False)
        leases = self.leases
        request = self.request
        until_s = later(now_s, self.config.offer_hold_s)
        if leases.leased(slot) and self._is_known_at(slot):
            leases.promise(slot, granted_s, until_s)  # a lease moves when it is taken
        else:
            leases.put(slot, request.key, request.chaddr, _OFFERED, granted_s, now_s, until_s)
        return self._reply.write(_OFFER, slot, granted_s)

    def _went_elsewhere(self, own, now_s):
        """Return whether the client took the offer of another server a moment ago."""
        leases = self.leases
        if leases.state[own] != _RELEASED or leases.granted_s[own] != _ELSEWHERE:
            return False
        return now_s - leases.until_s[own] < _MOMENT_S

    def _is_known_at(self, slot):
        """Return whether the client, or the same device by another identifier, has the slot."""
        request = self.request
        return self.leases.holds(slot, request.key) or self.leases.has_chaddr(slot, request.chaddr)

    def _choose(self, own, now_s):
        """Return the slot for a DISCOVER: reserved, own, or a new one; -1: none."""
        leases = self.leases
        request = self.request
        slot = self._reservation()
        if slot >= 0:
            return slot
        if own >= 0 and leases.live(own):
            if not leases.reserved[own]:
                return own
            slot = leases.find(request.key, own)  # the other one that it was offered
            if slot >= 0:
                return slot
        surplus = leases.surplus(request.chaddr, request.key)
        if surplus >= 0 and not leases.leased(surplus):  # an offer gives way at once
            if own < 0 or not leases.open(own):
                return surplus
            leases.release(surplus, now_s)
        if own >= 0 and leases.open(own):
            return own
        return self._choose_new(surplus, now_s)

    def _choose_new(self, surplus, now_s):
        """Return the slot for a client without one: the one it wants, or spare; -1: none.

        surplus   the lease that its device gives up when it gets one more
        """
        leases = self.leases
        request = self.request
        at = request.at[_REQUESTED]
        if at:
            slot = leases.slot_of(self.rx, at + 1)
            if slot >= 0 and leases.open(slot) and not leases.declined_by(slot, request.chaddr):
                return slot
        until_s = -1
        if self._checks:
            # The last resort: what was not found in use a moment ago may be worth another check.
            until_s = later(now_s, self.config.quarantine_s) - _MOMENT_S
        slot = leases.spare(request.key, now_s, until_s)
        if slot < 0:
            slot = surplus
        if slot < 0:
            self._drop("pool_full")
            if self.events:
                self.events.put(_POOL_FULL, -1, self.rx, 28)
        return slot

    # REQUEST, section 4.3.2

    def _take_request(self, now_s):
        """Tell the states of table 4 apart."""
        at = self.request.at
        rx = self.rx
        if at[_SERVER_ID]:
            if not self._names_us():
                return self._other_server(now_s)
            if at[_REQUESTED]:
                return self._selecting(at[_REQUESTED] + 1, now_s)
        if rx[12] | rx[13] | rx[14] | rx[15]:  # ciaddr
            return self._verify(12, True, now_s)
        if at[_REQUESTED]:
            return self._verify(at[_REQUESTED] + 1, False, now_s)
        return self._drop("no_address")

    def _other_server(self, now_s):
        """The client took the offer of another server: what we held for it is free again."""
        leases = self.leases
        slot = leases.find(self.request.key)
        if slot >= 0 and leases.leased(slot):
            slot = leases.find(self.request.key, slot)
        if slot >= 0 and leases.live(slot):
            leases.granted_s[slot] = _ELSEWHERE
            if leases.state[slot] != _CHECKING:
                leases.release(slot, now_s)
        return self._drop("other_server")

    def _selecting(self, at, now_s):
        """The client takes our offer: the hold may be over, if nobody else has the address.

        Some fill ciaddr in before they have it: table 5 says 0.
        """
        leases = self.leases
        own = self._own(now_s)
        slot = leases.slot_of(self.rx, at)
        if not self._may_have(slot, own, True):
            return self._nak(at, own, now_s)
        known = self._is_known_at(slot)
        if leases.leased(slot) and known:
            if self._is_stranger_at(slot, now_s):
                return self._park(slot, now_s)
        elif leases.state[slot] == _CHECKING or not leases.holds(slot, self.request.key):
            return self._adopt(slot, now_s)
        state = _ADOPTED if leases.state[slot] == _CHECKED else _BOUND
        granted_s = leases.granted_s[slot]
        if not granted_s or granted_s == _ELSEWHERE:  # 0: the offer is from a file
            granted_s = self._lease_time()
        return self._ack(slot, state, granted_s, now_s, False, False)

    def _verify(self, at, renewing, now_s):
        """Answer a client that names the address in rx[at:at + 4] without naming a server.

        renewing   it uses the address and wants to keep it, no matter how its message came
                   (RENEWING, REBINDING); else it remembers it (INIT-REBOOT)
        An authoritative server is the only one: it takes a client that it does not know at its
        word, which heals a lost table, and refuses what cannot be.  Otherwise a client without a
        record gets silence (RFC 2131 section 4.3.2).
        """
        leases = self.leases
        own = self._own(now_s)
        slot = leases.slot_of(self.rx, at)
        mine = slot >= 0 and leases.holds(slot, self.request.key)
        if not mine and not self.config.authoritative:
            return self._drop("unknown_client") if own < 0 else self._nak(at, own, now_s)
        if not self._may_have(slot, own, False):
            return self._nak(at, own, now_s)
        state = leases.state[slot]
        if not renewing:
            if not mine or state == _CHECKING:
                return self._adopt(slot, now_s)
            if self._is_stranger_at(slot, now_s):
                return self._park(slot, now_s)
        offered = mine and leases.live(slot) and not leases.leased(slot)
        new_state = _BOUND
        if not mine and not leases.leased(slot):
            new_state = _ADOPTED
        elif not renewing and (state == _ADOPTED or state == _CHECKED):
            new_state = _ADOPTED
        granted_s = self._lease_time()
        return self._ack(slot, new_state, granted_s, now_s, False, renewing and not offered)

    def _adopt(self, slot, now_s):
        """Lease an address that an unknown client names, if need be after a check."""
        leases = self.leases
        if leases.leased(slot):  # to the same device, by another identifier
            return self._ack(slot, _BOUND, self._lease_time(), now_s, False, False)
        if self._checks and self._checks.names_owner:
            return self._park(slot, now_s)
        return self._ack(slot, _ADOPTED, self._lease_time(), now_s, False, False)

    def _may_have(self, slot, own, selecting):
        """Return whether a client, whose slot is own or -1, may lease the slot that it names.

        selecting   we have offered it: perhaps the lease of the same device that gives way
        """
        if slot < 0:
            return False
        leases = self.leases
        request = self.request
        reserved = self._reservation()
        if reserved >= 0:
            return slot == reserved
        if leases.reserved[slot]:
            return False  # for somebody else
        if leases.holds(slot, request.key) and leases.live(slot):
            return True
        if own >= 0 and leases.live(own) and not leases.reserved[own]:
            return False
        if leases.open(slot) or leases.owned_by(slot, request.chaddr):
            return True
        if not selecting or not leases.leased(slot):
            return False
        if not leases.has_chaddr(slot, request.chaddr):
            return False
        return leases.surplus(request.chaddr, request.key) >= 0

    def _ack(self, slot, state, granted_s, now_s, rapid, to_ciaddr):
        """Lease the address; where the device then has one lease too many, another one ends."""
        leases = self.leases
        request = self.request
        if not leases.leased(slot) or not self._is_known_at(slot):
            surplus = leases.surplus(request.chaddr, request.key)
            if surplus >= 0 and not leases.reserved[slot]:
                leases.release(surplus, now_s)
        until_s = _NEVER if granted_s < 0 else later(now_s, granted_s)
        leases.lease(slot, request.key, request.chaddr, state, granted_s, now_s, until_s)
        if leases.names:
            leases.names.note(slot, request)
        return self._reply.write(_ACK, slot, granted_s, rapid, to_ciaddr)

    def _nak(self, at, own, now_s):
        """Refuse the address in rx[at:at + 4], and say why.

        A lease of an address that is reserved for somebody else ends with it.
        """
        leases = self.leases
        if own >= 0 and leases.reserved[own] and leases.leased(own) and self._reservation() != own:
            leases.release(own, now_s)
        return self._reply.nak(
            _NOT_AVAILABLE if self.config.on_link(self.rx, at) else _WRONG_NETWORK
        )

    # DECLINE, RELEASE, INFORM, sections 4.3.3 to 4.3.5

    def _decline(self, now_s):
        """The client found its address in use: keep it back, and give another one next time."""
        at = self.request.at[_REQUESTED]
        slot = self._own_slot(at + 1) if at else -1
        if slot < 0 or not self.leases.live(slot):
            return self._drop("not_yours")
        self.leases.decline(slot, now_s, later(now_s, self.config.quarantine_s))
        return 0

    def _release(self, now_s):
        """The client gives its address back."""
        slot = self._own_slot(12)
        if slot < 0:
            return self._drop("not_yours")
        if self.leases.live(slot):
            self.leases.release(slot, now_s)
        return 0

    def _inform(self):
        """The client has an address and wants the rest."""
        if not self.config.on_link(self.rx, 12):
            return self._drop("ciaddr")
        return self._reply.write(_ACK, -1, 0, False, True)

    # Helpers

    def _own_slot(self, at):
        """Return the slot of the address in rx[at:at + 4] if it is the sender's, else -1.

        Real clients leave out option 54 here (lwIP), or 61, so client and address decide; but
        another server's 54 means another server.  Where the client is named by a MAC, it must be
        its own.  What is being checked is nobody's yet.
        """
        leases = self.leases
        request = self.request
        if request.at[_SERVER_ID] and not self._names_us():
            return -1
        slot = leases.slot_of(self.rx, at)
        if slot < 0 or leases.state[slot] == _CHECKING:
            return -1
        same_device = leases.has_chaddr(slot, request.chaddr)
        if leases.holds(slot, request.key):
            return slot if same_device or request.key[0] else -1
        if request.at[_CLIENT_ID] or not leases.live(slot):
            return -1
        return slot if same_device else -1

    def _own(self, now_s):
        """Return the slot of the client, -1: none.

        Two devices with one identifier are one client (RFC 2131 section 4.2), unless a check has
        shown that both are there: then each is known by its chaddr.
        """
        own = self.leases.find(self.request.key)
        if own >= 0 and self._checks and self._checks.is_twin(own, now_s):
            self.request.key[0:8] = self.request.hardware()
            own = self.leases.find(self.request.key)
        return own

    def _is_stranger_at(self, slot, now_s):
        """Return whether the slot is leased to another device, which may still be there."""
        return self._checks and self._checks.names_owner and self._checks.needed(slot, now_s)

    def _names_us(self):
        """Return whether option 54 is our address."""
        at = self.request.at[_SERVER_ID] + 1
        return self.rx.find(self.config.address, at, at + 4) >= 0

    def _reservation(self):
        """Return the slot that is reserved for the client and that it can have now, else -1.

        By its identifier, then by chaddr, whatever the identifier is: another identifier of the
        same device takes the slot over.
        """
        if not self.config.reserved_slots:
            return -1
        leases = self.leases
        request = self.request
        slot = leases.reservation(request.key)
        if slot < 0:
            slot = leases.reservation(request.hardware())
        if slot < 0 or leases.idle(slot):
            return slot
        if leases.live(slot):
            return slot if self._is_known_at(slot) else -1
        return slot if leases.owned_by(slot, request.chaddr) and leases.granted_s[slot] else -1

    def _lease_time(self):
        """Return the seconds to grant: what option 51 wishes, within limits; -1 is infinite."""
        config = self.config
        at = self.request.at[_LEASE_TIME]
        if not at:
            return config.lease_s
        rx = self.rx
        if rx[at + 1] < 8:  # below 2**27, so that the sum is a small int
            wish_s = rx[at + 1] << 24 | rx[at + 2] << 16 | rx[at + 3] << 8 | rx[at + 4]
            if config.max_lease_s != _INFINITE:
                wish_s = min(wish_s, config.max_lease_s)
            return max(wish_s, config.min_lease_s)
        if config.max_lease_s != _INFINITE:
            return config.max_lease_s
        return (
            _INFINITE if rx[at + 1] & rx[at + 2] & rx[at + 3] & rx[at + 4] == 255 else _LONGEST_S
        )

    def _count(self, reason):
        """Count something that was dropped."""
        self.drops[reason] = self.drops[reason] + 1 & _NEVER

    def _drop(self, reason):
        """Count a packet that gets no answer, and say why."""
        self._count(reason)
        self.last_drop = reason
        return 0
