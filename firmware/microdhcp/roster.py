"""Who is there: the lease table for people, and what a program may do about it.

Loaded when a program asks for the first time; nothing here runs for a packet.
"""

from collections import namedtuple

from ._compat import const
from .naming import name_of
from .text import address_bytes, address_text, mac_bytes, mac_text

_STATES = const(
    (
        "free",
        "offered",
        "adopted",
        "bound",
        "declined",
        "released",
        "expired",
        "checking",
        "checking",
        "conflict",
    )
)
_FREE = const(0)
_CHECKING = const(7)
_NEVER = const((1 << 30) - 1)

# address, mac   text
# host_name      text, "" when the client did not give one
# state          "offered", "checking"; "bound", "adopted" (leased, not confirmed by a renewal);
#                "declined", "conflict" (in quarantine); "released", "expired"
# seconds_left   until the state ends, None: never, 0: it has
# reserved       whether the address is kept for this client
Lease = namedtuple("Lease", ("address", "mac", "host_name", "state", "seconds_left", "reserved"))


def roster(server, now_s, states):
    """Yield a Lease for each address in one of the states, in the order of addresses.

    states   names of states; None: every address that was given to somebody
    """
    leases = server.leases
    leases.end_due(now_s)
    for slot in range(leases.slots):
        state = leases.state[slot]
        if state != _FREE and (states is None or _STATES[state] in states):
            yield _lease(leases, slot, now_s)


def find(server, mac, now_s):
    """Return the Lease of the device with that MAC (text or 6 bytes), None when it has none.

    Of several the best: leased rather than over.  ValueError for what is no MAC.
    """
    leases = server.leases
    leases.end_due(now_s)
    wanted = mac if isinstance(mac, (bytes, bytearray)) and len(mac) == 6 else mac_bytes(mac)
    found = -1
    for slot in range(leases.slots):
        if leases.state[slot] != _FREE and leases.has_chaddr(slot, wanted):
            if found < 0 or leases.leased(slot) or leases.idle(found):
                found = slot
    return None if found < 0 else _lease(leases, found, now_s)


def release(server, address, now_s):
    """End the lease or offer of an address (text) now; return whether there was one.

    The client is not told, DHCP has no way to: it notices when it wants to renew.
    """
    leases = server.leases
    slot = leases.slot_of(address_bytes(address), 0)
    if slot < 0 or not leases.live(slot) or leases.state[slot] == _CHECKING:
        return False
    leases.release(slot, now_s)
    return True


def counters(server):
    """Return what was counted since the start, as a dict.

    received, sent   {message type: how many}
    drops            {reason: how many}
    addresses, leased, most_leased   of the pool and the reservations: all, now, at most at a time
    """
    count = server.messages
    return {
        "received": {
            "discover": count[1],
            "request": count[3],
            "decline": count[4],
            "release": count[7],
            "inform": count[8],
        },
        "sent": {"offer": count[2], "ack": count[5], "nak": count[6]},
        "drops": dict(server.drops),
        "addresses": server.leases.slots,
        "leased": server.leases.used,
        "most_leased": server.leases.most,
    }


def _lease(leases, slot, now_s):
    """Return the Lease of a slot."""
    address = bytearray(4)
    leases.address_of(slot, address, 0)
    seconds = max(0, leases.until_s[slot] - now_s)
    if leases.idle(slot):
        seconds = 0
    elif leases.leased(slot) and leases.until_s[slot] == _NEVER:
        seconds = None
    return Lease(
        address_text(address),
        mac_text(leases.mac, 6 * slot),
        name_of(leases, slot),
        _STATES[leases.state[slot]],
        seconds,
        bool(leases.reserved[slot]),
    )
