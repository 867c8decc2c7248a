"""What must hold in the lease table after every packet, whatever the packet was.

Walks the table from outside: every key in its index once, every slot in one queue, in order.
Runs on CPython and MicroPython; knows the numbers of leases.py, which drops their names there.
"""

from microdhcp.states import (
    ADOPTED,
    BOUND,
    CHECKED,
    CHECKING,
    DECLINED,
    DOUBTED,
    OFFERED,
)

QUEUES = 6
QUEUE_OF = b"\x00\x01\x02\x03\x04\x00\x00\x01\x01\x04\x02"  # by state
RESERVED = 5  # the queue of all reserved slots
NONE = 255
NOBODY = -1
NEVER = (1 << 30) - 1
LIVE_PER_CHADDR = 3
LEASED = (ADOPTED, BOUND, DOUBTED)
LIVE = (OFFERED, ADOPTED, BOUND, CHECKING, CHECKED, DOUBTED)


class BrokenError(Exception):
    """The table contradicts itself; the text says where."""


def require(holds, text, *values):
    """Raise BrokenError with text % values unless `holds`."""
    if not holds:
        raise BrokenError(text % values)


def check(leases, moving=False):
    """Raise BrokenError unless the table is in order.

    moving   identifiers have moved from one MAC to another, so a MAC may have gathered more
             slots than it could have asked for
    """
    check_keys(leases)
    check_queues(leases)
    check_limits(leases, leases.slots if moving else LIVE_PER_CHADDR)


def check_keys(leases):
    """One slot per key and one key per slot; the index leads to all of them, once."""
    seen = set()
    for head in leases._heads:
        slot = head
        while slot != NONE:
            require(
                slot < leases.slots and slot not in seen, "slot %d is twice in the index", slot
            )
            seen.add(slot)
            slot = leases._chain[slot]
    holders = {}
    for slot in range(leases.slots):
        key = leases.keys[2 * slot], leases.keys[2 * slot + 1]
        known = key[0] != NOBODY
        require(known == (slot in seen), "slot %d: index and key disagree", slot)
        require(known or not leases.live(slot), "slot %d is held by nobody", slot)
        require(
            not known or key not in holders, "one key, slots %d and %d", holders.get(key), slot
        )
        if known:
            holders[key] = slot
            found = leases.find(key)
            require(found == slot, "the key of slot %d leads to slot %d", slot, found)


def check_queues(leases):
    """Every slot stands in the queue of its state, once; what ends first comes first."""
    found = 0
    firsts, next_of, prev_of, _ = leases.rings
    for queue in range(QUEUES):
        first = slot = firsts[queue]
        until_s = -1
        while slot != NONE:
            found += 1
            require(found <= leases.slots, "queue %d is no ring", queue)
            wanted = RESERVED if leases.reserved[slot] else QUEUE_OF[leases.state[slot]]
            require(wanted == queue, "slot %d is in queue %d", slot, queue)
            require(leases.until_s[slot] >= until_s, "slot %d is out of order", slot)
            until_s = leases.until_s[slot]
            require(queue == 0 or leases.due_s <= until_s, "slot %d ends unnoticed", slot)
            following = next_of[slot]
            require(prev_of[following] == slot, "slots %d and %d disagree", slot, following)
            slot = NONE if following == first else following
    require(found == leases.slots, "%d of %d slots are in queues", found, leases.slots)


def has_mac_for_key(leases, slot):
    """Return whether the key of a slot is a MAC, not the digest of an identifier."""
    return leases.keys[2 * slot] < 1 << 24


def check_limits(leases, most):
    """Numbers in range; at most a quarter in quarantine, three live slots per MAC.

    Not counted: a reserved slot, and one whose client is named by a MAC: the slot moves with
    that name when another device uses it.
    """
    count = used = 0
    of_mac = {}
    for slot in range(leases.slots):
        state = leases.state[slot]
        require(state <= DOUBTED, "slot %d is in state %d", slot, state)
        require(0 <= leases.until_s[slot] <= NEVER, "slot %d: time out of range", slot)
        require(leases.live(slot) == (state in LIVE), "slot %d: live", slot)
        used += state in LEASED
        count += state == DECLINED and not leases.reserved[slot]
        mac = bytes(leases.mac[6 * slot : 6 * slot + 6])
        if leases.live(slot) and not leases.reserved[slot] and not has_mac_for_key(leases, slot):
            of_mac[mac] = of_mac.get(mac, 0) + 1
            require(of_mac[mac] <= most, "a MAC has too many live slots, one is %d", slot)
    require(count == leases._quarantined, "%d in quarantine, noted %d", count, leases._quarantined)
    require(used == leases.used <= leases.most, "%d leased, noted %d", used, leases.used)
    require(count <= max(1, leases._config.pool_n // 4), "%d slots in quarantine", count)
