"""What must hold in the lease table after every packet, whatever the packet was.

Walks the table from outside.  Runs on CPython and MicroPython.
"""

from microdhcp.states import ADOPTED, BOUND, CHECKED, CHECKING, CONFLICT, DECLINED, FREE, OFFERED

NOBODY = b"\xff" * 8
NEVER = (1 << 30) - 1
LEASED = (ADOPTED, BOUND)
PENDING = (OFFERED, CHECKING, CHECKED)
LIVE = LEASED + PENDING
NAMELESS = (FREE, DECLINED, CONFLICT)  # nobody's address


class BrokenError(Exception):
    """The table contradicts itself; the text says where."""


def require(holds, text, *values):
    """Raise BrokenError with text % values unless `holds`."""
    if not holds:
        raise BrokenError(text % values)


_sound = None  # what the table held when it was found in order: most packets change nothing


def check(leases, moving=False):
    """Raise BrokenError unless the table is in order.

    moving   identifiers have moved from one MAC to another, so a MAC may have gathered more
             slots than it could have asked for
    """
    global _sound
    held = (leases, moving, leases.due_s, leases.used, leases.most, bytes(leases.state))
    held += (bytes(leases.keys), bytes(leases.mac), bytes(leases.until_s))
    if held == _sound:
        return
    n = leases.slots
    require((len(leases.keys), len(leases.mac)) == (8 * n, 6 * n), "rows of the wrong length")
    check_keys(leases)
    check_times(leases)
    check_limits(leases, leases.slots if moving else leases._config.leases_per_device + 1)
    _sound = held


def key_of(leases, slot):
    """Return the client key of a slot."""
    return bytes(leases.keys[8 * slot : 8 * slot + 8])


def check_keys(leases):
    """A key stands in one slot, or in two: its lease, and another address that it was offered."""
    holders = {}
    for slot in range(leases.slots):
        key = key_of(leases, slot)
        state = leases.state[slot]
        require(key != NOBODY or state not in LIVE, "slot %d is held by nobody", slot)
        require(key == NOBODY or state not in NAMELESS, "slot %d is nobody's", slot)
        if key != NOBODY:
            holders.setdefault(key, []).append(slot)
    for key, slots in holders.items():
        leased = [slot for slot in slots if leases.state[slot] in LEASED]
        pending = [slot for slot in slots if leases.state[slot] in PENDING]
        found = leases.find(key)
        require(found in (leased or slots), "the key of slot %d leads to slot %d", slots[0], found)
        if len(slots) > 1:
            require(len(leased) == 1 and len(pending) == 1, "one key, %d slots", len(slots))
            require(len(slots) == 2, "one key, %d slots", len(slots))


def check_times(leases):
    """What ends is noticed when it does."""
    for slot in range(leases.slots):
        until_s = leases.until_s[slot]
        require(until_s <= NEVER, "slot %d: time out of range", slot)
        if leases.state[slot] in LIVE + (DECLINED, CONFLICT):
            require(0 <= until_s, "slot %d: time out of range", slot)
            require(leases.due_s <= min(until_s + 1, NEVER), "slot %d ends unnoticed", slot)


def has_mac_for_key(leases, slot):
    """Return whether the key of a slot is a MAC, not the digest of an identifier."""
    return leases.keys[8 * slot] == 0


def check_limits(leases, most):
    """Numbers in range; at most a quarter in quarantine, few live slots for a MAC.

    Not counted: a reserved slot, and one whose client is named by a MAC: the slot moves with
    that name when another device uses it.
    """
    count = used = 0
    of_mac = {}
    for slot in range(leases.slots):
        state = leases.state[slot]
        require(state <= CONFLICT, "slot %d is in state %d", slot, state)
        require(leases.live(slot) == (state in LIVE), "slot %d: live", slot)
        used += state in LEASED
        count += state == DECLINED and slot not in leases.reserved
        mac = bytes(leases.mac[6 * slot : 6 * slot + 6])
        if leases.live(slot) and slot not in leases.reserved and not has_mac_for_key(leases, slot):
            of_mac[mac] = of_mac.get(mac, 0) + 1
            require(of_mac[mac] <= most, "a MAC has too many live slots, one is %d", slot)
    require(used == leases.used <= leases.most, "%d leased, noted %d", used, leases.used)
    require(count <= max(1, leases._config.pool_n // 4), "%d slots in quarantine", count)
