"""The lease table: one slot for each address, fixed in size, the only place where the state of a slot changes.

Slot i is the address first + i of the pool; reserved addresses outside the pool follow.  Rules of this file:

* A client key stands in one slot at most, a slot holds one key at most.
* Every slot stands in exactly one queue, and every queue is in order of until_s: what ends first comes first.
  The queue of reusable slots begins with those never used (until_s 0), then the ones whose lease ended longest ago.
* A reserved slot has a queue of its own, so that it is never given to anybody else.
* A slot that is over keeps its key, so that the client gets its old address back until somebody needs it.
"""

from array import array

from microdhcp import hot
from microdhcp._compat import const

FREE = const(0)  # never used, or out of quarantine
OFFERED = const(1)  # held for an OFFER until until_s
ADOPTED = const(
    2
)  # bound to a client that we did not choose the address for, and that has not renewed yet
BOUND = const(3)
DECLINED = const(4)  # a client found the address in use
CONFLICT = const(5)  # we found it in use
RELEASED = const(6)
EXPIRED = const(7)

_REUSABLE = const(0)
_QUARANTINE = const(4)
_RESERVED = const(5)
_QUEUE_OF_STATE = b"\x00\x01\x02\x03\x04\x04\x00\x00"
_QUEUES = const(6)

_NONE = const(255)
_NEVER = const((1 << 30) - 1)  # the end of the clock: what lasts until then does not end
_NOBODY = const(-1)  # in the place of a client key
_INFINITE = const(-1)  # a lease that does not end, in granted_s
_TRIES = const(4)  # slots tried from the one that the client's hash points at


class Index:
    """Finds the slot of a key in a short walk, however many slots there are."""

    def __init__(self, slots):
        buckets = 8
        while buckets < slots:
            buckets += buckets
        self._keys = array("i", [_NOBODY] * (2 * slots))
        self._heads = bytearray(b"\xff" * buckets)
        self._chain = bytearray(slots)

    def find(self, key):
        """Return the first slot that holds the key, -1 when none does."""
        return self._walk(self._heads[key[2] & (len(self._heads) - 1)], key)

    def following(self, slot, key):
        """Return the next slot after this one that holds the key, -1 when there is none."""
        return self._walk(self._chain[slot], key)

    def holds(self, slot, key):
        """Return whether the slot holds this key."""
        return self._keys[slot + slot] == key[0] and self._keys[slot + slot + 1] == key[1]

    def read(self, slot, buf, at):
        """Write the key of a slot to buf[at:at + 6]: the Ethernet address, if it was made of one."""
        a = max(self._keys[slot + slot], 0)
        b = self._keys[slot + slot + 1] if a else 0
        for i in range(3):
            buf[at + i] = a >> 16 - 8 * i & 255
            buf[at + 3 + i] = b >> 16 - 8 * i & 255

    def add(self, slot, key):
        """Let an empty slot hold the key."""
        self._keys[slot + slot] = key[0]
        self._keys[slot + slot + 1] = key[1]
        bucket = key[2] & (len(self._heads) - 1)
        self._chain[slot] = self._heads[bucket]
        self._heads[bucket] = slot

    def drop(self, slot):
        """Empty a slot; it may be empty already."""
        a = self._keys[slot + slot]
        if a == _NOBODY:
            return
        bucket = hot.spread(a, self._keys[slot + slot + 1]) & (len(self._heads) - 1)
        at = self._heads[bucket]
        if at == slot:
            self._heads[bucket] = self._chain[slot]
        else:
            while self._chain[at] != slot:
                at = self._chain[at]
            self._chain[at] = self._chain[slot]
        self._keys[slot + slot] = _NOBODY

    def _walk(self, slot, key):
        """Return the first slot from this one on that holds the key, -1 when none does."""
        slot = hot.find(slot, key, self._chain, self._keys)
        return -1 if slot == _NONE else slot


class Leases:
    """The table for one Config; times are seconds of the clock that the caller passes in.

    slots      how many; state, until_s and granted_s (-1: infinite) are indexed by slot
    due_s      when the next offer, lease or quarantine ends: call end_due() then
    changed    set by every change of a binding, cleared by who stores them
    """

    def __init__(self, config):
        outside = [
            host
            for host, _, _ in config.reservations
            if not 0 <= host - config.first24 < config.pool_n
        ]
        slots = config.pool_n + len(outside)
        self.slots = slots
        self.state = bytearray(slots)
        self.until_s = array("i", [0] * slots)
        self.granted_s = array("i", [0] * slots)
        self.due_s = _NEVER
        self.changed = False
        self.quarantined = 0
        self._net = config.address[0]
        self._first24 = config.first24
        self._pool_n = config.pool_n
        self._outside = array("i", outside)
        self._clients = Index(slots)  # by client key
        self._hardware = Index(slots)  # by chaddr
        self._reserved = bytearray(slots)
        self._identities = None
        self._first = bytearray(b"\xff" * _QUEUES)
        self._next = bytearray(slots)
        self._prev = bytearray(slots)
        if config.reservations:
            self._reserve(config.reservations)
        for slot in range(slots):
            self._link(slot)

    def _reserve(self, reservations):
        """Note who has a slot of their own."""
        self._identities = Index(len(reservations))
        self._identity_slot = bytearray(len(reservations))
        key = array("i", (0, 0, 0))
        address = bytearray(4)
        address[0] = self._net
        for i, (host, identity, is_mac) in enumerate(reservations):
            for at in (1, 2, 3):
                address[at] = host >> 8 * (3 - at) & 255
            slot = self.slot_of(address, 0)
            self._identity_slot[i] = slot
            self._reserved[slot] = 1
            self.until_s[slot] = _NEVER
            text = (b"\x01" if is_mac else b"") + identity
            hot.client_key(b"\0" + bytes((len(text),)) + text, 1, key)
            self._identities.add(i, key)

    # Addresses

    def slot_of(self, buf, at):
        """Return the slot of the address in buf[at:at + 4], -1 when it is none of ours."""
        if buf[at] != self._net:
            return -1
        host = buf[at + 1] << 16 | buf[at + 2] << 8 | buf[at + 3]
        slot = host - self._first24
        if 0 <= slot < self._pool_n:
            return slot
        for slot in range(self._pool_n, self.slots):
            if self._outside[slot - self._pool_n] == host:
                return slot
        return -1

    def address_of(self, slot, buf, at):
        """Write the address of a slot to buf[at:at + 4]."""
        if slot < self._pool_n:
            host = self._first24 + slot
        else:
            host = self._outside[slot - self._pool_n]
        buf[at] = self._net
        buf[at + 1] = host >> 16
        buf[at + 2] = host >> 8 & 255
        buf[at + 3] = host & 255

    # Questions

    def find(self, key):
        """Return the slot of a client key, -1 when it has none."""
        return self._clients.find(key)

    def owns(self, slot, key):
        """Return whether the slot belongs to this client key."""
        return self._clients.holds(slot, key)

    def has_chaddr(self, slot, hardware):
        """Return whether the slot's client has this chaddr, given as its key."""
        return self._hardware.holds(slot, hardware)

    def mac_of(self, slot, buf, at):
        """Write the Ethernet address of a slot's client to buf[at:at + 6]; zeros for a slot without a client."""
        self._hardware.read(slot, buf, at)

    def live(self, slot):
        """Return whether somebody may be using the address by our leave: offered or leased, and not over."""
        return OFFERED <= self.state[slot] <= BOUND

    def quarantine(self, slot):
        """Return whether the address is known to be in use by a stranger."""
        return DECLINED <= self.state[slot] <= CONFLICT

    def open(self, slot):
        """Return whether any client may have the address: not held, not in quarantine, not reserved."""
        return not (self._reserved[slot] or _QUEUE_OF_STATE[self.state[slot]])

    def reservation(self, request):
        """Return the slot reserved for this client id or else this chaddr, -1 when there is none."""
        if self._identities is None:
            return -1
        at = self._identities.find(request.key)
        if at < 0:
            at = self._identities.find(request.hardware)
        return -1 if at < 0 else self._identity_slot[at]

    def live_of_chaddr(self, hardware):
        """Return how many live slots a chaddr has, given as its key."""
        count = 0
        slot = self._hardware.find(hardware)
        while slot >= 0:
            count += self.live(slot)
            slot = self._hardware.following(slot, hardware)
        return count

    def spare(self, key):
        """Return the best slot for a client that has none and asked for none, -1 when all are taken.

        Never used, at first one that the client's key points at (the same one again after a restart without
        storage); else the one whose lease ended longest ago; else the oldest offer, the oldest adopted lease.
        """
        slot = key[2] % self._pool_n
        for _ in range(_TRIES):
            if self.state[slot] == FREE and not self._reserved[slot]:
                return slot
            slot += 1
            if slot == self._pool_n:
                slot = 0
        for queue in (_REUSABLE, OFFERED, ADOPTED):
            slot = self._first[queue]
            if slot != _NONE:
                return slot
        return -1

    # Changes

    def offer(self, slot, request, granted_s, until_s):
        """Hold the slot for the client until until_s; a lease of its own that still runs is left as it is."""
        self._give(slot, request)
        self.granted_s[slot] = granted_s
        if not ADOPTED <= self.state[slot] <= BOUND:
            self._move(slot, OFFERED, until_s)

    def bind(self, slot, request, state, granted_s, now_s):
        """Lease the slot to the client; state is BOUND, or ADOPTED for a lease it has not asked for twice."""
        self._give(slot, request)
        self.granted_s[slot] = granted_s
        until_s = _NEVER
        if granted_s != _INFINITE and granted_s < _NEVER - now_s:
            until_s = now_s + granted_s
        self._move(slot, state, until_s)
        self.changed = True

    def release(self, slot, now_s):
        """End a lease or an offer now; the client stays known."""
        self._move(slot, RELEASED, now_s)
        self.changed = True

    def decline(self, slot, now_s, until_s):
        """End a lease whose address is in use elsewhere; keep it back until until_s (RFC 2131 section 4.3.3).

        At most a quarter of the pool is kept back, so that no client can take the whole of it.
        """
        self._forget(slot)
        if self.quarantined < max(1, self._pool_n // 4):
            self._move(slot, DECLINED, until_s)
        else:
            self._move(slot, RELEASED, now_s)
        self.changed = True

    def end_due(self, now_s):
        """End every offer, lease and quarantine that is over at now_s, and note when the next one is."""
        due_s = _NEVER
        for queue in range(1, _QUEUES):
            while True:
                slot = self._first[queue]
                if slot == _NONE:
                    break
                until_s = self.until_s[slot]
                if until_s > now_s or until_s == _NEVER:
                    due_s = min(due_s, until_s)
                    break
                self._move(slot, FREE if self.quarantine(slot) else EXPIRED, until_s)
                self.changed = True
        self.due_s = due_s

    def _give(self, slot, request):
        """Write the client into the slot, and out of any other."""
        if not self._hardware.holds(slot, request.hardware):
            self._hardware.drop(slot)
            self._hardware.add(slot, request.hardware)
        key = request.key
        if self.owns(slot, key):
            return
        old = self.find(key)
        if old >= 0:
            self._forget(old)
            self._move(old, RELEASED, self.until_s[old])
        self._clients.drop(slot)
        self._clients.add(slot, key)

    def _forget(self, slot):
        """Take the client out of a slot."""
        self._clients.drop(slot)
        self._hardware.drop(slot)

    # Queues: rings, with the first slot of each noted

    def _move(self, slot, state, until_s):
        """Change the state of a slot: the only place that does."""
        self._unlink(slot)
        self.quarantined -= self.quarantine(slot)
        self.state[slot] = state
        self.quarantined += self.quarantine(slot)
        if self._reserved[slot] and not _QUEUE_OF_STATE[state]:
            until_s = _NEVER  # it waits for its client
        self.until_s[slot] = until_s
        self._link(slot)

    def _queue(self, slot):
        """Return which queue a slot stands in."""
        return _RESERVED if self._reserved[slot] else _QUEUE_OF_STATE[self.state[slot]]

    def _link(self, slot):
        """Put a slot into its queue, looking for its place from the end, where the latest belong."""
        queue = self._queue(slot)
        until_s = self.until_s[slot]
        if queue and until_s < self.due_s:
            self.due_s = until_s
        head = self._first[queue]
        if head == _NONE:
            self._first[queue] = self._next[slot] = self._prev[slot] = slot
            return
        at = self._prev[head]
        while self.until_s[at] > until_s:
            at = self._prev[at]
            if self._next[at] == head:  # round the ring: it goes before all others
                self._first[queue] = slot
                break
        following = self._next[at]
        self._next[at] = self._prev[following] = slot
        self._prev[slot] = at
        self._next[slot] = following

    def _unlink(self, slot):
        """Take a slot out of its queue."""
        queue = self._queue(slot)
        following = self._next[slot]
        if following == slot:
            self._first[queue] = _NONE
            return
        before = self._prev[slot]
        self._next[before] = following
        self._prev[following] = before
        if self._first[queue] == slot:
            self._first[queue] = following
