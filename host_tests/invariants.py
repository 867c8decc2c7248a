"""What must hold in the lease table after every packet, whatever the packet was.

Walks the table from outside: every key in its index once, every slot in one queue, in order.
Runs on CPython and MicroPython; knows the numbers of leases.py, which drops their names there.
"""

FREE, OFFERED, ADOPTED, BOUND, DECLINED, CONFLICT, RELEASED, EXPIRED = range(8)
RESERVED_QUEUE = 5
QUEUES = 6
NONE = 255
NOBODY = -1
NEVER = (1 << 30) - 1
LIVE_PER_CHADDR = 3


class BrokenError(Exception):
    """The table contradicts itself; the text says where."""


def require(holds, text, *values):
    """Raise BrokenError with text % values unless `holds`."""
    if not holds:
        raise BrokenError(text % values)


def check(leases):
    """Raise BrokenError unless the table is in order."""
    clients = check_index(leases._clients, leases.slots)
    hardware = check_index(leases._hardware, leases.slots)
    require(len(set(clients.values())) == len(clients), "a client key has two slots")
    for slot in range(leases.slots):
        known = slot in clients
        require(known == (slot in hardware), "slot %d is half empty", slot)
        live = OFFERED <= leases.state[slot] <= BOUND
        require(known or not live, "slot %d is held by nobody", slot)
    check_queues(leases)
    check_limits(leases, hardware)


def check_index(index, slots):
    """Return {slot: key} of an Index; each slot with a key is found in one bucket, once."""
    seen = set()
    for head in index._heads:
        slot = head
        while slot != NONE:
            require(slot < slots and slot not in seen, "slot %d is twice in an index", slot)
            seen.add(slot)
            slot = index._chain[slot]
    keys = index._keys
    found = {}
    for slot in range(slots):
        if keys[2 * slot] != NOBODY:
            found[slot] = keys[2 * slot], keys[2 * slot + 1]
    require(seen == set(found), "an index does not lead to the slots that have keys")
    return found


def check_queues(leases):
    """Every slot stands in the queue of its state, once; what ends first comes first."""
    found = 0
    for queue in range(QUEUES):
        first = slot = leases._first[queue]
        until_s = -1
        while slot != NONE:
            found += 1
            require(found <= leases.slots, "queue %d is no ring", queue)
            require(leases._queue(slot) == queue, "slot %d is in queue %d", slot, queue)
            require(leases.until_s[slot] >= until_s, "slot %d is out of order", slot)
            until_s = leases.until_s[slot]
            require(queue == 0 or leases.due_s <= until_s, "slot %d ends unnoticed", slot)
            following = leases._next[slot]
            require(leases._prev[following] == slot, "slots %d and %d disagree", slot, following)
            slot = NONE if following == first else following
    require(found == leases.slots, "%d of %d slots are in queues", found, leases.slots)


def check_limits(leases, hardware):
    """No number out of its range; a quarter of the pool in quarantine, three live slots per MAC.

    hardware  {slot: key of its chaddr}
    """
    count = 0
    of_mac = {}
    for slot in range(leases.slots):
        state = leases.state[slot]
        require(state <= EXPIRED, "slot %d is in state %d", slot, state)
        require(0 <= leases.until_s[slot] <= NEVER, "slot %d: time out of range", slot)
        count += DECLINED <= state <= CONFLICT
        if OFFERED <= state <= BOUND:
            mac = hardware[slot]
            of_mac[mac] = of_mac.get(mac, 0) + 1
            require(of_mac[mac] <= LIVE_PER_CHADDR, "a MAC has 4 live slots, one is %d", slot)
    require(count == leases.quarantined, "%d in quarantine, noted %d", count, leases.quarantined)
    require(count <= max(1, leases._pool_n // 4), "%d slots in quarantine", count)
