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
from .message import FQDN, HOST_NAME, copy, same
from .states import (
    ADOPTED,
    BOUND,
    CONFLICT,
    DECLINED,
    EXPIRED,
    FREE,
    RELEASED,
)

# What becomes of a slot, by what happens and by its state: NEXT[SELECT + state].
SELECT = const(0)  # its client takes the offer; of somebody else's slot see FREE
RENEW = const(10)  # its client uses the address and wants to keep it
REBOOT = const(20)  # its client remembers the address
END = const(30)  # its time is over
NEXT = (
    # FREE OFFERED ADOPTED BOUND DECLINED RELEASED EXPIRED CHECKING CHECKED CONFLICT
    b"\x02\x03\x03\x03\x02\x03\x03\x02\x02\x02"  # SELECT
    b"\x02\x03\x03\x03\x02\x03\x03\x03\x03\x02"  # RENEW
    b"\x02\x03\x02\x03\x02\x03\x03\x02\x02\x02"  # REBOOT
    b"\x00\x06\x06\x06\x00\x05\x06\x00\x00\x00"  # END
)

# By state: how much a slot is worth to its client; 0: nothing, 4: it is in quarantine.
WORTH = b"\x00\x01\x02\x03\x04\x00\x00\x01\x01\x04"
_LEASE = const(2)
_QUARANTINE = const(4)
# A change among FREE, RELEASED, EXPIRED and OFFERED need not be stored.
_STORED = b"\0\0\1\1\1\0\0\0\0\1"

RENEWED = const(2)  # an event; the others have the number of the state they lead to

ELSEWHERE = const(-2)  # in the place of a time: the client took the offer of another server
MOMENT_S = const(30)  # what was true then is still true now
NEVER = const((1 << 30) - 1)  # the end of the clock: what lasts until then does not end
NOBODY = b"\xff\xff\xff\xff\xff\xff\xff\xff"  # in the place of a client key
_TRIES = const(4)  # slots looked at from the one that the client's key points at
_SETTLED_S = const(60)  # an unconfirmed lease is left alone for so long
_WIRE_FORM = const(4)  # a flag of option 81: labels with their lengths in front, not text


class Leases:
    """The table for one Config; times are seconds of the clock that the caller passes in.

    slots      how many; state, until_s, granted_s (-1: infinite), turn (when it was last set,
               counted, not timed), keys (8 bytes each), mac (6 bytes each) have one entry for each
    reserved   bytes, the slots that are kept for the clients of reservations
    promised_s when the latest offer ends that made a lease longer, see promise()
    due_s      when the next offer, lease or quarantine is over: call end_due() then
    used       how many addresses are leased now; most: how many were at the same time
    changed    what is new for who stores the table, and then sets it to 0: 2 a new lease, 1 less
    name_size  bytes of a host name; name_rows: what clients call themselves, a shorter name ends
               with a zero; name_marks: 0: no name, 1: nobody has read it yet, else see text.py
    events     where changes are noted (report.Events), None: nowhere

    In the state CONFLICT, granted_s says whose MAC is in mac.  1: the host's that has the address.
    0: the client's for which it was checked; the host is unknown.
    """

    def __init__(self, config):
        slots = self.slots = config.slots
        self.state = bytearray(slots)
        self.until_s = array("i", [0] * slots)
        self.granted_s = array("i", self.until_s)
        self.turn = array("i", self.until_s)
        self.mac = bytearray(6 * slots)
        self.keys = bytearray(NOBODY * slots)
        self.reserved = config.devices.slots if config.devices else b""
        self.due_s = NEVER
        self.promised_s = 0
        self.used = self.most = self.changed = self._turns = 0
        self.events = None
        self.name_size = config.hostname_bytes
        self.name_rows = bytearray(slots * self.name_size)
        self.name_marks = bytearray(slots)
        self._config = config
        self._key = bytearray(8)

    # Addresses

    def slot_of(self, buf, pos):
        """Return the slot of the address in buf[pos:pos + 4], or -1 if it has none."""
        config = self._config
        if buf[pos] != config.address[0]:
            return -1
        host = buf[pos + 1] << 16 | buf[pos + 2] << 8 | buf[pos + 3]
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

    def address_of(self, slot, buf, pos):
        """Write the address of a slot to buf[pos:pos + 4]."""
        host = self.host24(slot)
        buf[pos] = self._config.address[0]
        buf[pos + 1] = host >> 16
        buf[pos + 2] = host >> 8 & 255
        buf[pos + 3] = host & 255

    # Questions

    def find(self, key, beside=-1):
        """Return the slot of a client key (8 bytes): its lease, else the other; -1: it has none.

        beside   a slot that is passed over
        """
        keys = self.keys
        found = -1
        pos = keys.find(key)
        while pos >= 0:
            slot = pos >> 3
            if not pos & 7 and slot != beside:
                if self.leased(slot):
                    return slot
                found = slot
            pos = keys.find(key, pos + 1)
        return found

    def holds(self, slot, key):
        """Return whether the slot has this client key."""
        pos = slot << 3
        return self.keys.find(key, pos, pos + 8) >= 0

    def has_chaddr(self, slot, chaddr):
        """Return whether the latest client of the slot has this chaddr (six bytes)."""
        pos = 6 * slot
        return self.mac.find(chaddr, pos, pos + 6) >= 0

    def live(self, slot):
        """Return whether the address is offered or leased, or about to be."""
        return 0 < WORTH[self.state[slot]] < _QUARANTINE

    def leased(self, slot):
        """Return whether a client has a lease of the address."""
        return ADOPTED <= self.state[slot] <= BOUND

    def idle(self, slot):
        """Return whether the address is unassigned."""
        return not WORTH[self.state[slot]]

    def open(self, slot):
        """Return whether the address is free for any client: unassigned and not reserved."""
        return slot not in self.reserved and self.idle(slot)

    def owned_by(self, slot, chaddr):
        """Return whether the address, found in use by somebody, may be in use by this chaddr.

        If its owner is unknown, it may be anybody but the client that the address was checked for.
        """
        if self.state[slot] != CONFLICT:
            return False
        return self.has_chaddr(slot, chaddr) == (self.granted_s[slot] == 1)

    def surplus(self, chaddr, key):
        """Return the slot that a device gives up if this key gets one more; -1: it need not.

        A device (a chaddr, six bytes) has at most leases_per_device live slots beside that of the
        key itself and the reserved ones.  An offer goes first, then an unconfirmed lease, then the
        lease that was confirmed least recently.
        """
        left = self._config.leases_per_device
        found = -1
        pos = self.mac.find(chaddr)
        while pos >= 0:
            slot = pos // 6
            if slot * 6 == pos and self.live(slot) and slot not in self.reserved:
                if not self.holds(slot, key):
                    left -= 1
                    if found < 0 or self._before(slot, found, self.turn):
                        found = slot
            pos = self.mac.find(chaddr, pos + 1)
        return -1 if left > 0 else found

    def spare(self, key, now_s, until_s=-1):
        """Return the best slot for a client without one, -1 when all are taken.

        Never used, looked for where the client's key points at (the same slot again after a
        restart without storage); else the one whose lease ended longest ago; else, because
        nobody is known to use it, the offer and then the unconfirmed lease that would end first;
        else the one in quarantine that would, if that is by until_s.
        """
        pool_n = self._config.pool_n
        found = -1
        a = key[0] << 24 | key[1] << 16 | key[2] << 8 | key[3]
        b = key[5] << 16 | key[6] << 8 | key[7]
        slot = ((a ^ b ^ b >> 7 ^ a >> 13) & 0xFFFF) % pool_n
        for tried in range(pool_n):
            state = self.state[slot]
            if slot not in self.reserved:
                if state == FREE and tried < _TRIES:
                    return slot
                if state != BOUND and (found < 0 or self._before(slot, found, self.until_s)):
                    if self._may_go(slot, now_s, until_s):
                        found = slot
            slot += 1
            if slot == pool_n:
                slot = 0
        return found

    def _before(self, slot, other, time_of):
        """Return whether a slot is reused before another one."""
        time = WORTH[self.state[slot]] - WORTH[self.state[other]]
        if not time:
            time = time_of[slot] - time_of[other]
        if not time:
            time = self.turn[slot] - self.turn[other]
        return time < 0

    def _may_go(self, slot, now_s, until_s):
        """Return whether a slot may go to another client when nothing better is left."""
        end_s = self.until_s[slot]
        if self.state[slot] == ADOPTED:
            return end_s < NEVER and now_s - end_s + self.granted_s[slot] >= _SETTLED_S
        return WORTH[self.state[slot]] != _QUARANTINE or end_s <= until_s

    # Changes

    def put(self, slot, key, mac, state, granted_s, now_s, until_s):
        """Write a client into a slot and remove it from others, for every state with a client.

        A new offer (or check) leaves the lease that the key has elsewhere alone.
        """
        if not self.holds(slot, key):
            if self.leased(slot) and not self.has_chaddr(slot, mac):
                self._note(EXPIRED, slot)  # the last resort: its client has lost it
            self.name_marks[slot] = 0
            pos = slot << 3
            self.keys[pos : pos + 8] = key
        pos = 6 * slot
        self.mac[pos : pos + 6] = mac
        self.granted_s[slot] = granted_s
        if key[0] != 255:
            self._leave(key, slot, ADOPTED <= state <= BOUND, now_s)
        self.move(slot, state, until_s)

    def lease(self, slot, client, state, granted_s, now_s, until_s):
        """Put a client that gets or renews a lease: ADOPTED or BOUND; client: a Reader."""
        key = client.key
        mac = client.chaddr
        renewed = self.leased(slot) and (self.holds(slot, key) or self.has_chaddr(slot, mac))
        if not renewed:
            self.changed = 2
        elif self.granted_s[slot] != granted_s and not self.changed:
            self.changed = 1
        self.put(slot, key, mac, state, granted_s, now_s, until_s)
        if self.name_size:
            self._note_name(slot, client)
        self._note(RENEWED if renewed else BOUND, slot)

    def promise(self, slot, granted_s, until_s):
        """Offer a lease to its holder for another time; it lasts until until_s at least.

        Then its client may have lost the address already, by its own clock.
        """
        self.granted_s[slot] = granted_s
        if self.until_s[slot] < until_s:
            self.until_s[slot] = self.promised_s = until_s

    def release(self, slot, now_s, state=RELEASED):
        """End a lease or an offer now; the client stays known.  state: what it becomes."""
        if self.leased(slot):
            self._note(state, slot)
        else:
            copy(self._key, 0, self.keys, slot << 3, 8)
            if self.find(self._key, slot) >= 0:
                self.forget(slot)  # it was an offer to a client whose lease goes on
        self.move(slot, state, now_s)

    def decline(self, slot, now_s, until_s):
        """End a lease whose address another host uses; quarantine until until_s.

        At most a quarter of the pool is kept back, so that no client can take it all; reserved
        addresses are not counted.
        """
        self.forget(slot)
        self._note(DECLINED, slot)
        if self.may_quarantine(slot):
            self.move(slot, DECLINED, until_s)
        else:
            self.move(slot, RELEASED, now_s)

    def may_quarantine(self, slot):
        """Return whether one more declined address may go into quarantine."""
        left = max(1, self._config.pool_n // 4)
        if slot not in self.reserved:
            for other in range(self.slots):
                if self.state[other] == DECLINED and other not in self.reserved:
                    left -= 1
        return left > 0

    def end_due(self, now_s):
        """End what is due at now_s, and note when the next offer, lease or quarantine ends."""
        due_s = NEVER
        for slot in range(self.slots):
            state = self.state[slot]
            if WORTH[state]:
                until_s = self.until_s[slot]
                if until_s < now_s:
                    turn = self.turn[slot]
                    state = NEXT[END + state]
                    if state == FREE:
                        self.forget(slot)
                    self.release(slot, until_s, state)
                    self.turn[slot] = turn
                elif until_s < due_s:
                    due_s = until_s + 1
        self.due_s = due_s

    def move(self, slot, state, until_s):
        """Change the state of a slot, whose client stays: the only place that does."""
        old = self.state[slot]
        if state != old:
            self.used -= self.leased(slot)
            self.state[slot] = state
            self.used += self.leased(slot)
            if self.used > self.most:
                self.most = self.used
            if not self.changed and (_STORED[old] or _STORED[state]):
                self.changed = 1
        self.until_s[slot] = until_s
        self.turn[slot] = self._turns = self._turns + 1 & NEVER
        if until_s < self.due_s and WORTH[state]:
            self.due_s = until_s + 1

    def forget(self, slot):
        """Let the slot hold no key."""
        pos = slot << 3
        self.keys[pos : pos + 8] = NOBODY

    def _leave(self, key, slot, leased, now_s):
        """Take a client key out of all slots but one; a lease stays unless the one is leased."""
        keys = self.keys
        pos = keys.find(key)
        while pos >= 0:
            other = pos >> 3
            if not pos & 7 and other != slot and (leased or not self.leased(other)):
                self.forget(other)
                if self.live(other):
                    self.release(other, now_s)
            pos = keys.find(key, pos + 1)

    def _note(self, kind, slot):
        """Note an event, if events are enabled."""
        if self.events:
            self.events.put(kind, slot, self.mac, 6 * slot)

    def _note_name(self, slot, client):
        """Keep the host name in the request, option 12 or else 81, if there is one and it is new.

        RFC 2132 section 3.14, RFC 4702 section 2; of option 81 the part up to the first dot.  Some
        clients set its flag for the wire form and send text, others the reverse.  The first byte
        decides: it is a length that fits, or a character that a name can begin with.
        """
        rx = client.rx
        pos = client.pos[HOST_NAME]
        start = pos + 1
        n = rx[pos]
        if not pos:
            pos = client.pos[FQDN]
            start = pos + 4  # behind flags, and two codes that nobody uses any more
            n = rx[pos] - 3
            if pos and 0 < rx[start] < n:
                if rx[start] <= 0x20 or rx[pos + 1] & _WIRE_FORM and rx[start] <= 63:
                    n = rx[start]
                    start += 1
        if not pos or n <= 0:
            return
        size = self.name_size
        n = min(n, size)
        pos = slot * size
        rows = self.name_rows
        if self.name_marks[slot] and (n == size or not rows[pos + n]):
            if same(rows, pos, rx, start, n):
                return
        self.name_marks[slot] = 1
        copy(rows, pos, rx, start, n)
        if n < size:
            rows[pos + n] = 0


def later(now_s, seconds):
    """Return now_s + seconds, or the end of the clock: the sum must stay a small int."""
    return now_s + seconds if seconds < NEVER - now_s else NEVER
