"""The decision: what a message asks for, and what to answer (RFC 2131 section 4.3).

handle() takes one request and makes at most one reply.  One function for each message type, and
one for each state that a client can be in when it sends a REQUEST, in the order of the RFC.
No clock, no sockets, and nothing is allocated.
"""

from ._compat import const
from .leases import Leases
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
_CHECKING = const(7)
_CHECKED = const(8)
_EXPIRED = const(6)
_DOUBTED = const(10)

_POOL_FULL = const(0)  # an event

_NEVER = const((1 << 30) - 1)
_INFINITE = const(-1)
_LONGEST_S = const(1 << 27)
_NONE = const(255)  # no slot
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
        "greedy",  # more addresses for one device than there should be
        "option_left_out",
        "client_id_left_out",
        "agent_info_left_out",
    )
)
_WRONG_NETWORK = const(b"\x38\x0dwrong network")
_NOT_AVAILABLE = const(b"\x38\x15address not available")


def _later(now_s, seconds):
    """Return now_s + seconds, or the end of the clock: the sum must stay a small int."""
    return now_s + seconds if seconds < _NEVER - now_s else _NEVER


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

    def __init__(self, config, rx_size=600, tx=None):
        self.rx = bytearray(rx_size)
        self.tx = tx
        self.drops = dict.fromkeys(_REASONS, 0)
        self.last_drop = None
        self.messages = [0] * 9
        self.now_s = 0
        self.events = None
        self.check_slot = -1
        self._conflict = None
        self._names_owner = False
        self._request = Request(self.rx)
        self._use(config, Leases(config))

    def _use(self, config, leases):
        """Work with these settings and this lease table."""
        reply = Reply(config, self._request, leases, self._count, self.tx)  # may find no memory
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
        kind = self._request.read(n)
        if not kind:
            return self._drop(self._request.fault)
        rx = self.rx
        if rx[24] | rx[25] | rx[26] | rx[27] and not self._reply.on_link(24):
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
        self.reply_to = self._reply.to
        return n

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
        if self.events:
            self.events.leases = self.leases
            self.leases.events = self.events

    def roster(self, now_s=None):
        """Return an iterator of roster.Lease, one for each address that somebody got."""
        from .roster import roster

        return roster(self, self._time(now_s))

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
        from .conflict import needed

        self._conflict = needed
        self._names_owner = names_owner

    def checked(self, slot, in_use, now_s, owner=None):
        """Take the result of a check: whether somebody else than the client has the address.

        owner   the MAC of who has it, 6 bytes; None: nobody knows
        """
        leases = self.leases
        if leases.state[slot] == _CHECKING:
            if in_use:
                leases.conflict(slot, _later(now_s, self.config.quarantine_s), owner)
            else:
                leases.checked(slot, _later(now_s, self.config.offer_hold_s))
        elif leases.state[slot] == _DOUBTED:  # the lease of somebody else, see _park()
            if in_use:
                leases.become(slot, _BOUND)
            else:
                leases.release(slot, now_s, _EXPIRED)

    def _park(self, slot, now_s):
        """Keep the slot for the client and ask for a check.

        An adopted lease stays with its client: the check shows whether there is one.
        """
        leases = self.leases
        if leases.state[slot] in (_ADOPTED, _DOUBTED):
            leases.become(slot, _DOUBTED)
        else:
            until_s = _later(now_s, self.config.offer_hold_s)
            leases.check(slot, self._request, self._lease_time(), now_s, until_s)
        self.check_slot = slot
        return PARK

    # DISCOVER, section 4.3.1

    def _discover(self, now_s):
        """Offer an address, or lease it at once where both sides want that (RFC 4039)."""
        leases = self.leases
        request = self._request
        own = slot = leases.find(request.key)
        if own < 0 or self.config.reserved_slots or not leases.live(own):
            slot = self._choose(own, now_s)
            if slot < 0:
                return 0
        if self._conflict and self._conflict(leases, slot, own, now_s):
            return self._park(slot, now_s)
        granted_s = self._lease_time()
        if self.config.rapid_commit and request.at[_RAPID_COMMIT]:
            confirmed = own == slot and leases.state[slot] == _BOUND
            return self._ack(slot, _BOUND if confirmed else _ADOPTED, granted_s, now_s, True)
        leases.offer(slot, request, granted_s, now_s, _later(now_s, self.config.offer_hold_s))
        return self._reply.write(_OFFER, slot, granted_s, False)

    def _choose(self, own, now_s):
        """Return the slot for a DISCOVER: reserved, own, or a new one; -1: none."""
        leases = self.leases
        request = self._request
        slot = self._reservation(own)
        if slot >= 0:
            return slot
        if own >= 0 and leases.live(own):
            return own
        slot = leases.surplus(request.chaddr)
        if slot == _NONE:
            self._drop("greedy")
            return -1
        if own >= 0 and leases.open(own):
            if slot >= 0:
                leases.release(slot, now_s)
            return own
        if slot >= 0:
            return slot
        return self._choose_new(now_s)

    def _choose_new(self, now_s):
        """Return the slot for a client without one: the one it wants, or spare; -1: none."""
        leases = self.leases
        request = self._request
        at = request.at[_REQUESTED]
        if at:
            slot = leases.slot_of(self.rx, at + 1)
            if slot >= 0 and leases.open(slot) and not leases.declined_by(slot, request.chaddr):
                return slot
        until_s = -1
        if self._conflict:
            # The last resort: what was not found in use a moment ago may be worth another check.
            until_s = _later(now_s, self.config.quarantine_s) - _MOMENT_S
        slot = leases.spare(request.key, until_s)
        if slot < 0:
            self._drop("pool_full")
            if self.events:
                self.events.put(_POOL_FULL, -1, self.rx, 28)
        return slot

    # REQUEST, section 4.3.2

    def _take_request(self, now_s):
        """Tell the states of table 4 apart."""
        at = self._request.at
        rx = self.rx
        if at[_SERVER_ID]:
            if not self._names_us():
                return self._other_server(now_s)
            if at[_REQUESTED]:
                return self._selecting(now_s)
        if rx[12] | rx[13] | rx[14] | rx[15]:  # ciaddr
            return self._renewing_or_rebinding(now_s)
        if at[_REQUESTED]:
            return self._init_reboot(now_s)
        return self._drop("no_address")

    def _other_server(self, now_s):
        """The client took the offer of another server: what we held for it is free again."""
        slot = self.leases.find(self._request.key)
        if slot >= 0 and self.leases.state[slot] == _OFFERED:
            self.leases.release(slot, now_s)
        return self._drop("other_server")

    def _selecting(self, now_s):
        """The client takes our offer: the hold may be over, if nobody else has the address."""
        leases = self.leases
        self.rx[12:16] = b"\0\0\0\0"  # some fill ciaddr in before they have it: table 5 says 0
        at = self._request.at[_REQUESTED] + 1
        slot = leases.slot_of(self.rx, at)
        own = leases.find(self._request.key)
        if not self._may_have(slot, own, now_s):
            return self._nak(at)
        if slot != own or leases.state[slot] == _CHECKING:
            return self._adopt(slot, now_s)
        state = _ADOPTED if leases.state[slot] == _CHECKED else _BOUND
        granted_s = leases.granted_s[slot] or self._lease_time()  # 0: the offer is from a file
        return self._ack(slot, state, granted_s, now_s, False)

    def _init_reboot(self, now_s):
        """The client remembers an address."""
        return self._verify(self._request.at[_REQUESTED] + 1, False, now_s)

    def _renewing_or_rebinding(self, now_s):
        """The client uses an address and wants to keep it, no matter how its message came."""
        return self._verify(12, True, now_s)

    def _verify(self, at, renewing, now_s):
        """Answer a client that names the address in rx[at:at + 4] without naming a server.

        An authoritative server is the only one: it adopts a client that it does not know, which
        heals a lost table, and refuses what cannot be.  Otherwise a client without a record gets
        silence (RFC 2131 section 4.3.2).
        """
        leases = self.leases
        slot = leases.slot_of(self.rx, at)
        own = leases.find(self._request.key)
        if own < 0 and not self.config.authoritative:
            return self._drop("unknown_client")
        if slot != own and not self.config.authoritative:
            return self._nak(at)
        if not self._may_have(slot, own, now_s):
            return self._nak(at)
        if not renewing and (slot != own or leases.state[slot] == _CHECKING):
            return self._adopt(slot, now_s)
        state = _BOUND
        if slot != own or not renewing and leases.state[slot] in (_ADOPTED, _CHECKED, _DOUBTED):
            state = _ADOPTED
        return self._ack(slot, state, self._lease_time(), now_s, False)

    def _adopt(self, slot, now_s):
        """Lease an address that an unknown client names, if need be after a check."""
        if self._conflict and self._names_owner:
            return self._park(slot, now_s)
        return self._ack(slot, _ADOPTED, self._lease_time(), now_s, False)

    def _may_have(self, slot, own, now_s):
        """Return whether a client, whose slot is own or -1, may lease the slot that it names.

        If it may, an unconfirmed slot of the same device ends where there are too many.
        """
        leases = self.leases
        if slot < 0:
            return False
        if own >= 0 and leases.live(own):
            return slot == own
        reserved = self._reservation(own)
        if reserved >= 0:
            return slot == reserved
        chaddr = self._request.chaddr
        if not leases.open(slot) and not leases.disputed(slot, chaddr):
            return False
        surplus = leases.surplus(chaddr)
        if surplus == _NONE:
            return False
        if surplus >= 0:
            leases.release(surplus, now_s)
        return True

    def _ack(self, slot, state, granted_s, now_s, rapid):
        """Lease the address."""
        until_s = _NEVER if granted_s < 0 else _later(now_s, granted_s)
        leases = self.leases
        leases.bind(slot, self._request, granted_s, state, now_s, until_s)
        if leases.names:
            leases.names.note(slot, self._request)
        return self._reply.write(_ACK, slot, granted_s, rapid)

    def _nak(self, at):
        """Refuse the address in rx[at:at + 4], and say why."""
        return self._reply.nak(_NOT_AVAILABLE if self._reply.on_link(at) else _WRONG_NETWORK)

    # DECLINE, RELEASE, INFORM, sections 4.3.3 to 4.3.5

    def _decline(self, now_s):
        """The client found its address in use: keep it back, and give another one next time."""
        at = self._request.at[_REQUESTED]
        slot = self._own_slot(at + 1) if at else -1
        if slot < 0:
            return self._drop("not_yours")
        self.leases.decline(slot, now_s, _later(now_s, self.config.quarantine_s))
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
        if not self._reply.on_link(12):
            return self._drop("ciaddr")
        return self._reply.write(_ACK, -1, 0, False)

    # Helpers

    def _own_slot(self, at):
        """Return the slot of the address in rx[at:at + 4] if it is the sender's, else -1.

        Real clients leave out option 54 here (lwIP), or 61, so client and address decide; but
        another server's 54 means another server.
        """
        leases = self.leases
        request = self._request
        if request.at[_SERVER_ID] and not self._names_us():
            return -1
        slot = leases.slot_of(self.rx, at)
        if slot < 0 or slot == leases.find(request.key):
            return slot
        if request.at[_CLIENT_ID] or not leases.live(slot):
            return -1
        return slot if leases.has_chaddr(slot, request.chaddr) else -1

    def _names_us(self):
        """Return whether option 54 is our address."""
        at = self._request.at[_SERVER_ID] + 1
        return self.rx.find(self.config.address, at, at + 4) >= 0

    def _reservation(self, own):
        """Return the slot that is reserved for the client and that it can have now, else -1.

        By its identifier, then by chaddr, whatever the identifier is; a second identifier of the
        same device finds the slot in use.
        """
        if not self.config.reserved_slots:
            return -1
        leases = self.leases
        request = self._request
        if own >= 0 and leases.reserved[own] and leases.live(own):
            return own
        slot = leases.reservation(request.key)
        if slot < 0:
            slot = leases.reservation(request.hardware())
        return slot if slot >= 0 and leases.idle(slot) else -1

    def _lease_time(self):
        """Return the seconds to grant: what option 51 wishes, within limits; -1 is infinite."""
        config = self.config
        at = self._request.at[_LEASE_TIME]
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
