"""The lease table: one slot for each address, the only place where the state of a slot changes.

Slot i is the address first + i of the pool; reserved addresses outside the pool follow.  Rules:

* A client key stands in one slot at most, a slot holds one key at most.
* Every slot stands in exactly one queue, and a queue is in order of until_s: what ends first is
  first.  The reusable slots begin with those never used (until_s 0), then come those whose lease
  ended longest ago.
* A slot that is over keeps its key: its client gets the old address back until somebody needs it.
* Reserved slots have a queue of their own, so that nobody else gets one.
"""

from array import array

from ._compat import const
from .hot import find, link, relink, spread

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

# The queue of each state: FREE, RELEASED and EXPIRED share one, what is checked counts as offered.
_QUEUE_OF = const(b"\x00\x01\x02\x03\x04\x00\x00\x01\x01\x04\x02")
_IS_LEASED = const(b"\0\0\1\1\0\0\0\0\0\0\1")
# Who stores the table need not hear of FREE, RELEASED, EXPIRED and OFFERED among themselves.
_STORED = const(b"\0\0\1\1\1\0\0\0\0\1\1")
_QUARANTINE = const(4)  # the queue of DECLINED and CONFLICT
_SPARE = const(b"\x00\x01\x02\x04")  # queues, in the order in which their slots are given away
_RESERVED = const(5)  # the queue of all reserved slots
_QUEUES = const(6)

_RENEWED = const(2)  # an event; the others have the number of the state they lead to

_NONE = const(255)
_NEVER = const((1 << 30) - 1)  # the end of the clock: what lasts until then does not end
_UNKNOWN = const(b"\0\0\0\0\0\0")  # in the place of a MAC
_NOBODY = const(-1)  # in the place of a client key
_PER_CHADDR = const(3)  # live slots: one device with ever new identifiers cannot take the pool
_TRIES = const(4)  # slots looked at from the one that the client's key points at


def _hang(heads, bucket, chain, slot):
    """Put a slot into a bucket."""
    chain[slot] = heads[bucket]
    heads[bucket] = slot


def _unhang(heads, bucket, chain, slot):
    """Take a slot out of a bucket; it need not be in it."""
    at = heads[bucket]
    if at == slot:
        heads[bucket] = chain[slot]
        return
    while at != _NONE:
        after = chain[at]
        if after == slot:
            chain[at] = chain[slot]
        at = after


class Leases:
    """The table for one Config; times are seconds of the clock that the caller passes in.

    slots      how many; state, until_s, granted_s (-1: infinite), mac (6 bytes each) have one
               entry for each
    reserved   1 where a slot is kept for one client
    due_s      when the next offer, lease or quarantine ends: call end_due() then
    used       how many addresses are leased now; most: how many were at the same time
    changed    what is new for who stores the table, and then sets it to 0: 2 a new lease, 1 less
    names      what clients call themselves (hosts.Names), None: not kept
    events     where changes are noted (events.Events), None: nowhere
    """

    def __init__(self, config):
        slots = config.slots
        self.slots = slots
        self.state = bytearray(slots)
        self.until_s = array("i", [0] * slots)
        self.granted_s = array("i", [0] * slots)
        self.mac = bytearray(6 * slots)
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
        self._quarantined = 0
        self.keys = array("i", [_NOBODY] * (2 * slots))
        self._heads = bytearray(b"\xff" * config.buckets)  # first slot of each bucket of keys
        self._chain = bytearray(slots)  # the next one
        self._mac_heads = bytearray(b"\xff" * config.buckets)  # the same for chaddr
        self._mac_chain = bytearray(slots)
        self._first = bytearray(b"\xff" * _QUEUES)
        self.rings = (self._first, bytearray(slots), bytearray(slots), self.until_s)
        for slot in config.reserved_slots:
            self.reserved[slot] = 1
            self.until_s[slot] = _NEVER
        for slot in range(slots):
            queue = _RESERVED if self.reserved[slot] else 0
            link(slot, queue, self.until_s[slot], self.rings)

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

    def find(self, key):
        """Return the slot of a client key, -1 when it has none."""
        return find(key[0], key[1], self._heads, self._chain, self.keys)

    def reservation(self, key):
        """Return the slot that is reserved for a client key, -1 when none is."""
        config = self._config
        if not config.reserved_slots:
            return -1
        heads = config.reserved_heads
        i = find(key[0], key[1], heads, config.reserved_chain, config.reserved_keys)
        return -1 if i < 0 else config.reserved_slots[i]

    def live(self, slot):
        """Return whether the address is offered or leased, or about to be."""
        return _OFFERED <= _QUEUE_OF[self.state[slot]] <= _BOUND

    def leased(self, slot):
        """Return whether a client has a lease of the address."""
        return _IS_LEASED[self.state[slot]]

    def idle(self, slot):
        """Return whether nobody has the address, as far as anybody knows."""
        return not _QUEUE_OF[self.state[slot]]

    def open(self, slot):
        """Return whether any client may have the address: nobody has, none is to have it."""
        return not self.reserved[slot] and self.idle(slot)

    def disputed(self, slot, chaddr):
        """Return whether somebody was found at the address, but not when this chaddr asked for it.

        It may then be this very client.
        """
        if self.state[slot] != _CONFLICT or self.reserved[slot]:
            return False
        return not self.has_chaddr(slot, chaddr)

    def declined_by(self, slot, chaddr):
        """Return whether this chaddr declined the address when quarantine was full."""
        if self.state[slot] != _RELEASED or self.keys[slot + slot] != _NOBODY:
            return False
        return self.has_chaddr(slot, chaddr)

    def has_chaddr(self, slot, chaddr):
        """Return whether the latest client of the slot has this chaddr (six bytes)."""
        at = 6 * slot
        return self.mac.find(chaddr, at, at + 6) >= 0

    def surplus(self, chaddr):
        """Return -1 when a chaddr (six bytes) may have one live slot more.

        Otherwise the one to do without, an offer or an adopted lease, the first to end; or 255
        when all are leases that were confirmed.  So nobody is shut out by somebody else who
        invents identifiers for his chaddr.
        """
        count = 0
        found = _NONE
        slot = self._mac_heads[self._bucket(chaddr, 0)]
        while slot != _NONE:
            if self.live(slot) and self.has_chaddr(slot, chaddr):
                count += 1
                if self.state[slot] != _BOUND and not self.reserved[slot]:
                    if found == _NONE or self.until_s[slot] < self.until_s[found]:
                        found = slot
            slot = self._mac_chain[slot]
        return -1 if count < _PER_CHADDR else found

    def spare(self, key, until_s=-1):
        """Return the best slot for a client without one, -1 when all are taken.

        Never used, looked for where the client's key points at (the same slot again after a
        restart without storage); else the one whose lease ended longest ago; else, because
        nobody is known to use it, the offer and then the adopted lease that would end first; else
        the one in quarantine that would, if that is by until_s.
        """
        pool_n = self._config.pool_n
        slot = spread(key[0], key[1]) % pool_n
        for _ in range(_TRIES):
            if self.state[slot] == _FREE and not self.reserved[slot]:
                return slot
            slot += 1
            if slot == pool_n:
                slot = 0
        for queue in _SPARE:
            slot = self._first[queue]
            if slot != _NONE and (queue != _QUARANTINE or self.until_s[slot] <= until_s):
                return slot
        return -1

    # Changes

    def offer(self, slot, request, granted_s, now_s, until_s):
        """Hold the slot for the client, at least until until_s; a lease of its own stays one."""
        state = _OFFERED
        if not self._give(slot, request, now_s) and self.leased(slot):
            state = self.state[slot]
            until_s = max(until_s, self.until_s[slot])
        self.granted_s[slot] = granted_s
        self._move(slot, state, until_s)

    def bind(self, slot, request, granted_s, state, now_s, until_s):
        """Lease the slot to the client; state is _ADOPTED or _BOUND.

        For change.py it may be any that keeps its client.
        """
        renewed = not self._give(slot, request, now_s) and self.leased(slot)
        if not renewed:
            self.changed = 2
        elif self.granted_s[slot] != granted_s and not self.changed:
            self.changed = 1
        self.granted_s[slot] = granted_s
        self._move(slot, state, until_s)
        if self.events:
            self._note(_RENEWED if renewed else _BOUND, slot)

    def release(self, slot, now_s, state=_RELEASED):
        """End a lease or an offer now; the client stays known.  state: what it becomes."""
        if self.leased(slot):
            self._note(state, slot)
        self._move(slot, state, now_s)

    def decline(self, slot, now_s, until_s):
        """End a lease whose address is in use elsewhere; keep it back until until_s.

        At most a quarter of the pool is kept back, so that no client can take it all; reserved
        addresses are not counted.
        """
        self._drop(slot)
        self._note(_DECLINED, slot)
        if self.reserved[slot] or self._quarantined < max(1, self._config.pool_n // 4):
            self._move(slot, _DECLINED, until_s)
        else:
            self._move(slot, _RELEASED, now_s)

    def conflict(self, slot, until_s, owner):
        """Keep back an address that we found in use, until until_s; owner: MAC or None."""
        self._drop(slot)
        if self.events:
            self.events.put(_CONFLICT, slot, owner or _UNKNOWN, 0)
        self._move(slot, _CONFLICT, until_s)

    def become(self, slot, state):
        """Change what is known of a lease, not how long it lasts."""
        self._move(slot, state, self.until_s[slot])

    def check(self, slot, request, granted_s, now_s, until_s):
        """Keep the slot for the client until its check ends, at until_s at the latest."""
        self._give(slot, request, now_s)
        self.granted_s[slot] = granted_s
        self._move(slot, _CHECKING, until_s)

    def checked(self, slot, until_s):
        """Nobody uses the address: keep the slot for the client until until_s."""
        self._move(slot, _CHECKED, until_s)

    def end_due(self, now_s):
        """End what is over at now_s, and note when the next offer, lease or quarantine is."""
        self.due_s = _NEVER
        for queue in range(_OFFERED, _QUEUES):
            while True:
                slot = self._first[queue]
                if slot == _NONE:
                    break
                until_s = self.until_s[slot]
                if until_s > now_s or until_s == _NEVER:
                    self.due_s = min(self.due_s, until_s)
                    break
                state = _EXPIRED
                if self.state[slot] in b"\x04\x07\x08\x09":  # quarantine, or never offered
                    self._drop(slot)
                    state = _FREE
                self.release(slot, until_s, state)

    def _move(self, slot, state, until_s):
        """Change the state of a slot: the only place that does."""
        old = self.state[slot]
        queue = _QUEUE_OF[state]
        was = _QUEUE_OF[old]
        reserved = self.reserved[slot]
        if reserved:
            if not queue:
                until_s = _NEVER  # it waits for its client
            queue = was = _RESERVED
        if state != old:
            self.state[slot] = state
            if _STORED[old] or _STORED[state]:
                self._count(old, state, reserved)
        if queue and until_s < self.due_s:
            self.due_s = until_s
        relink(slot, was, queue, until_s, self.rings)

    def _count(self, old, state, reserved):
        """Count leases, and addresses in quarantine, after a change of state."""
        if not reserved:
            self._quarantined += (state == _DECLINED) - (old == _DECLINED)
        self.used += _IS_LEASED[state] - _IS_LEASED[old]
        if self.used > self.most:
            self.most = self.used
        if not self.changed:
            self.changed = 1

    def _note(self, kind, slot):
        """Note an event, where somebody wants to know."""
        if self.events:
            self.events.put(kind, slot, self.mac, 6 * slot)

    # Keys

    def _give(self, slot, request, now_s):
        """Write the client into the slot, and out of any other; return whether it is new there."""
        key = request.key
        keys = self.keys
        at = slot + slot
        old = slot
        if keys[at] != key[0] or keys[at + 1] != key[1]:
            old = self.find(key)
            if self.leased(slot):
                self._note(_EXPIRED, slot)  # the last resort: its client has lost it
        chaddr = request.chaddr
        if not self.has_chaddr(slot, chaddr):
            _unhang(self._mac_heads, self._bucket(self.mac, 6 * slot), self._mac_chain, slot)
            self.mac[6 * slot : 6 * slot + 6] = chaddr
            _hang(self._mac_heads, self._bucket(chaddr, 0), self._mac_chain, slot)
        if old == slot:
            return False
        if old >= 0:
            self._drop(old)
            self.release(old, now_s)
        self._drop(slot)
        if self.names:
            self.names.marks[slot] = 0
        a = keys[at] = key[0]
        b = keys[at + 1] = key[1]
        _hang(self._heads, spread(a, b) & (len(self._heads) - 1), self._chain, slot)
        return True

    def _drop(self, slot):
        """Let the slot hold no key."""
        a = self.keys[slot + slot]
        if a != _NOBODY:
            bucket = spread(a, self.keys[slot + slot + 1]) & (len(self._heads) - 1)
            _unhang(self._heads, bucket, self._chain, slot)
            self.keys[slot + slot] = _NOBODY

    def _bucket(self, mac, at):
        """Return the bucket of the Ethernet address in mac[at:at + 6]."""
        return (mac[at + 5] ^ mac[at + 4] << 1 ^ mac[at + 3] << 3) & (len(self._heads) - 1)
