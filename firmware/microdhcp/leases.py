"""The lease table: one slot for each address, the only place where the state of a slot changes.

Slot i is the address first + i of the pool; reserved addresses outside the pool follow.  Rules:

* A slot holds one client key at most.
* A client key stands in one slot, or in two: its lease, and another address that it was offered
  because a reservation says so.  The lease ends when the client takes the other address.
* A slot that is over keeps its key: its client gets the old address back until somebody needs it.
* until_s is the last second that still counts; of equal times the one that was set first is first.
"""

from array import array

from ._compat import const
from .hot import copy

_FREE = const(0)  # the states of a slot: what they mean is said in states.py
_OFFERED = const(1)
_ADOPTED = const(2)
_BOUND = const(3)
_DECLINED = const(4)
_RELEASED = const(5)
_EXPIRED = const(6)
_CHECKING = const(7)
_CHECKED = const(8)
_CONFLICT = const(9)

# By state: how much the slot is worth to who has it; 0: nothing, 4: it is in quarantine.
_WORTH = const(b"\x00\x01\x02\x03\x04\x00\x00\x01\x01\x04")
_OVER = const(0)
_FIRST_LIVE = const(1)
_LAST_LIVE = const(3)
_QUARANTINE = const(4)
_IS_LEASED = const(b"\0\0\1\1\0\0\0\0\0\0")
# By state: what it becomes when its time is over.
_AFTER = const(b"\x00\x06\x06\x06\x00\x05\x06\x00\x00\x00")
# Who stores the table need not hear of FREE, RELEASED, EXPIRED and OFFERED among themselves.
_STORED = const(b"\0\0\1\1\1\0\0\0\0\1")

_RENEWED = const(2)  # an event; the others have the number of the state they lead to

_NEVER = const((1 << 30) - 1)  # the end of the clock: what lasts until then does not end
_UNKNOWN = const(b"\0\0\0\0\0\0")  # in the place of a MAC
_NOBODY = const(b"\xff\xff\xff\xff\xff\xff\xff\xff")  # in the place of a client key
_TRIES = const(4)  # slots looked at from the one that the client's key points at
_SETTLED_S = const(60)  # an unconfirmed lease is left alone for so long


class Leases:
    """The table for one Config; times are seconds of the clock that the caller passes in.

    slots      how many; state, until_s, granted_s (-1: infinite), turn (when it was last set,
               counted, not timed), keys (8 bytes each), mac (6 bytes each) have one entry for each
    reserved   1 where a slot is kept for the clients of a reservation
    due_s      when the next offer, lease or quarantine is over: call end_due() then
    used       how many addresses are leased now; most: how many were at the same time
    changed    what is new for who stores the table, and then sets it to 0: 2 a new lease, 1 less
    names      what clients call themselves (hosts.Names), None: not kept
    events     where changes are noted (events.Events), None: nowhere

    Of a slot in CONFLICT, mac is its owner's where granted_s is 1, and where it is 0 the MAC of
    the client for which the address was checked: nobody knows whose it is.
    """

    def __init__(self, config):
        slots = config.slots
        self.slots = slots
        self.state = bytearray(slots)
        self.until_s = array("i", [0] * slots)
        self.granted_s = array("i", [0] * slots)
        self.turn = array("i", [0] * slots)
        self.mac = bytearray(6 * slots)
        self.keys = bytearray(_NOBODY * slots)
        self.reserved = bytearray(slots)
        self.due_s = _NEVER
        self.used = self.most = 0
        self.changed = 0
        self.events = None
        self.names = None
        if config.hostname_bytes:
            from .hosts import Names

            self.names = Names(slots, config.hostname_bytes)
        self._config = config
        self._turns = 0
        self._key = bytearray(8)
        for slot in config.reserved_slots:
            self.reserved[slot] = 1

    # Addresses

    def slot_of(self, buf, at):
        """Return the slot of the address in buf[at:at + 4], -1 when it is none of ours."""
        config = self._config
        if buf[at] != config.address[0]:
            return -1
        host = buf[at + 1] << 16 | buf[at + 2] << 8 | buf[at + 3]
        slot = host - config.first24
        if 0 <= slot < config.pool_n:
            return slot
        for slot in range(config.pool_n, self.slots):
            if config.outside[slot - config.pool_n] == host:
                return slot
        return -1

    def host24(self, slot):
        """Return the last three bytes of the address of a slot."""
        config = self._config
        if slot < config.pool_n:
            return config.first24 + slot
        return config.outside[slot - config.pool_n]

    def address_of(self, slot, buf, at):
        """Write the address of a slot to buf[at:at + 4]."""
        host = self.host24(slot)
        buf[at] = self._config.address[0]
        buf[at + 1] = host >> 16
        buf[at + 2] = host >> 8 & 255
        buf[at + 3] = host & 255

    # Questions

    def find(self, key, beside=-1):
        """Return the slot of a client key (8 bytes): its lease, else the other; -1: it has none.

        beside   a slot that is passed over
        """
        keys = self.keys
        found = -1
        at = keys.find(key)
        while at >= 0:
            slot = at >> 3
            if not at & 7 and slot != beside:
                if _IS_LEASED[self.state[slot]]:
                    return slot
                found = slot
            at = keys.find(key, at + 1)
        return found

    def holds(self, slot, key):
        """Return whether the slot has this client key."""
        at = slot << 3
        return self.keys.find(key, at, at + 8) >= 0

    def reservation(self, key):
        """Return the slot that is reserved for a client key, -1 when none is."""
        config = self._config
        keys = config.reserved_keys
        at = keys.find(key)
        while at >= 0:
            if not at & 7:
                return config.reserved_slots[at >> 3]
            at = keys.find(key, at + 1)
        return -1

    def live(self, slot):
        """Return whether the address is offered or leased, or about to be."""
        return _FIRST_LIVE <= _WORTH[self.state[slot]] <= _LAST_LIVE

    def leased(self, slot):
        """Return whether a client has a lease of the address."""
        return _IS_LEASED[self.state[slot]]

    def idle(self, slot):
        """Return whether nobody has the address, as far as anybody knows."""
        return not _WORTH[self.state[slot]]

    def open(self, slot):
        """Return whether the address is free for any client: unassigned and not reserved."""
        return not self.reserved[slot] and self.idle(slot)

    def owned_by(self, slot, chaddr):
        """Return whether the address, found in use by somebody, may be in use by this chaddr.

        If its owner is unknown, it may be anybody but the client that the address was checked for.
        """
        if self.state[slot] != _CONFLICT:
            return False
        return self.has_chaddr(slot, chaddr) == (self.granted_s[slot] == 1)

    def declined_by(self, slot, chaddr):
        """Return whether this chaddr declined the address when quarantine was full."""
        if self.state[slot] != _RELEASED or not self.holds(slot, _NOBODY):
            return False
        return self.has_chaddr(slot, chaddr)

    def has_chaddr(self, slot, chaddr):
        """Return whether the latest client of the slot has this chaddr (six bytes)."""
        at = 6 * slot
        return self.mac.find(chaddr, at, at + 6) >= 0

    def surplus(self, chaddr, key):
        """Return the slot that a device gives up if this key gets one more; -1: it need not.

        A device (a chaddr, six bytes) has at most leases_per_device live slots beside that of the
        key itself and the reserved ones.  An offer goes first, then an unconfirmed lease, then the
        lease that was confirmed least recently.
        """
        mac = self.mac
        left = self._config.leases_per_device
        found = -1
        at = mac.find(chaddr)
        while at >= 0:
            slot = at // 6
            if slot * 6 == at and self.live(slot) and not self.reserved[slot]:
                if not self.holds(slot, key):
                    left -= 1
                    if found < 0 or self._before(slot, found, self.turn):
                        found = slot
            at = mac.find(chaddr, at + 1)
        return -1 if left > 0 else found

    def spare(self, key, now_s, until_s=-1):
        """Return the best slot for a client without one, -1 when all are taken.

        Never used, looked for where the client's key points at (the same slot again after a
        restart without storage); else the one whose lease ended longest ago; else, because
        nobody is known to use it, the offer and then the unconfirmed lease that would end first;
        else the one in quarantine that would, if that is by until_s.
        """
        pool_n = self._config.pool_n
        state = self.state
        slot = spread(key) % pool_n
        for _ in range(_TRIES):
            if state[slot] == _FREE and not self.reserved[slot]:
                return slot
            slot += 1
            if slot == pool_n:
                slot = 0
        found = -1
        for slot in range(pool_n):
            if state[slot] != _BOUND and not self.reserved[slot]:
                if found < 0 or self._before(slot, found, self.until_s):
                    if self._may_go(slot, now_s, until_s):
                        found = slot
        return found

    def _before(self, slot, other, time_of):
        """Return whether a slot is given away before another: worth less, or earlier."""
        worth = _WORTH[self.state[slot]] - _WORTH[self.state[other]]
        if worth:
            return worth < 0
        time = time_of[slot] - time_of[other]
        return time < 0 or not time and self.turn[slot] < self.turn[other]

    def _may_go(self, slot, now_s, until_s):
        """Return whether a slot may go to another client when nothing better is left."""
        state = self.state[slot]
        if state == _ADOPTED:
            return now_s - self.until_s[slot] + self.granted_s[slot] >= _SETTLED_S
        return _WORTH[state] != _QUARANTINE or self.until_s[slot] <= until_s

    # Changes

    def put(self, slot, key, mac, state, granted_s, now_s, until_s):
        """Write a client into a slot, and out of others: the way into every state that has one.

        A new offer (or check) leaves the lease that the key has elsewhere alone.
        """
        if not self.holds(slot, key):
            if self.leased(slot) and not self.has_chaddr(slot, mac):
                self._note(_EXPIRED, slot)  # the last resort: its client has lost it
            if self.names:
                self.names.marks[slot] = 0
            at = slot << 3
            self.keys[at : at + 8] = key
        at = 6 * slot
        self.mac[at : at + 6] = mac
        self.granted_s[slot] = granted_s
        if key[0] != 255:
            self._leave(key, slot, _IS_LEASED[state], now_s)
        self._move(slot, state, until_s)

    def lease(self, slot, key, mac, state, granted_s, now_s, until_s):
        """Put a client that gets or renews a lease; state is _ADOPTED or _BOUND."""
        renewed = self.leased(slot) and (self.holds(slot, key) or self.has_chaddr(slot, mac))
        if not renewed:
            self.changed = 2
        elif self.granted_s[slot] != granted_s and not self.changed:
            self.changed = 1
        self.put(slot, key, mac, state, granted_s, now_s, until_s)
        if self.events:
            self._note(_RENEWED if renewed else _BOUND, slot)

    def release(self, slot, now_s, state=_RELEASED):
        """End a lease or an offer now; the client stays known.  state: what it becomes."""
        if self.leased(slot):
            self._note(state, slot)
        else:
            copy(self._key, 0, self.keys, slot << 3, 8)
            if self.find(self._key, slot) >= 0:
                self._drop(slot)  # it was an offer to a client whose lease goes on
        self._move(slot, state, now_s)

    def decline(self, slot, now_s, until_s):
        """End a lease whose address is in use elsewhere; keep it back until until_s.

        At most a quarter of the pool is kept back, so that no client can take it all; reserved
        addresses are not counted.
        """
        self._drop(slot)
        self._note(_DECLINED, slot)
        if self.may_quarantine(slot):
            self._move(slot, _DECLINED, until_s)
        else:
            self._move(slot, _RELEASED, now_s)

    def may_quarantine(self, slot):
        """Return whether one address more may be kept back because a client declined it."""
        left = max(1, self._config.pool_n // 4)
        if not self.reserved[slot]:
            for other in range(self.slots):
                if self.state[other] == _DECLINED and not self.reserved[other]:
                    left -= 1
        return left > 0

    def conflict(self, slot, until_s, owner):
        """Keep back an address that we found in use, until until_s; owner: MAC or None."""
        self._drop(slot)
        self.granted_s[slot] = 0
        if owner:
            self.granted_s[slot] = 1
            self.mac[6 * slot : 6 * slot + 6] = owner
        if self.events:
            self.events.put(_CONFLICT, slot, owner or _UNKNOWN, 0)
        self._move(slot, _CONFLICT, until_s)

    def promise(self, slot, granted_s, until_s):
        """Offer a lease to who has it, for another time; it lasts until until_s at least."""
        self.granted_s[slot] = granted_s
        if self.until_s[slot] < until_s:
            self.until_s[slot] = until_s

    def become(self, slot, state, until_s):
        """Change what is known of a slot, whose client stays."""
        self._move(slot, state, until_s)

    def end_due(self, now_s):
        """End what is over at now_s, and note when the next offer, lease or quarantine is."""
        due_s = _NEVER
        for slot in range(self.slots):
            state = self.state[slot]
            if _WORTH[state]:
                until_s = self.until_s[slot]
                if until_s < now_s:
                    turn = self.turn[slot]
                    if not _AFTER[state]:
                        self._drop(slot)
                    self.release(slot, until_s, _AFTER[state])
                    self.turn[slot] = turn
                elif until_s < due_s:
                    due_s = until_s + 1
        self.due_s = due_s

    def order(self):
        """Return the slots as a list, those that are alike in the order they end or ended in."""
        order = []
        for slot in range(self.slots):
            order.append((_WORTH[self.state[slot]], self.until_s[slot], self.turn[slot], slot))
        return [entry[3] for entry in sorted(order)]

    def _move(self, slot, state, until_s):
        """Change the state of a slot: the only place that does."""
        old = self.state[slot]
        if state != old:
            self.state[slot] = state
            if _STORED[old] or _STORED[state]:
                self.used += _IS_LEASED[state] - _IS_LEASED[old]
                if self.used > self.most:
                    self.most = self.used
                if not self.changed:
                    self.changed = 1
        self.until_s[slot] = until_s
        self.turn[slot] = self._turns = self._turns + 1 & _NEVER
        if until_s < self.due_s and _WORTH[state]:
            self.due_s = until_s + 1

    def _note(self, kind, slot):
        """Note an event, where somebody wants to know."""
        if self.events:
            self.events.put(kind, slot, self.mac, 6 * slot)

    # Keys

    def _leave(self, key, slot, leased, now_s):
        """Take a client key out of all slots but one; a lease stays unless the one is leased."""
        keys = self.keys
        at = keys.find(key)
        while at >= 0:
            other = at >> 3
            if not at & 7 and other != slot and (leased or not self.leased(other)):
                self._drop(other)
                if self.live(other):
                    self.release(other, now_s)
            at = keys.find(key, at + 1)

    def _drop(self, slot):
        """Let the slot hold no key."""
        at = slot << 3
        self.keys[at : at + 8] = _NOBODY


def spread(key):
    """Return the hash of a client key, 16 bits: it gives the slot that is tried first."""
    a = key[0] << 24 | key[1] << 16 | key[2] << 8 | key[3]
    b = key[5] << 16 | key[6] << 8 | key[7]
    return (a ^ b ^ b >> 7 ^ a >> 13) & 0xFFFF


def later(now_s, seconds):
    """Return now_s + seconds, or the end of the clock: the sum must stay a small int."""
    return now_s + seconds if seconds < _NEVER - now_s else _NEVER
