"""A server in words: who is there, what has happened, what was counted; and what a program may do.

Loaded when a program asks for the first time (Server.__getattr__).  Only Events.put() runs for
packets, where somebody wants events; it allocates nothing.
"""

from collections import namedtuple

from ._compat import const
from .leases import NEVER
from .message import copy, same
from .states import CHECKING, FREE
from .text import address_text, mac_text, name_of

# Why a packet got no answer, and what was left out of a reply, by number.  The comments are on the
# page docs/reference/drop-reasons.md.
REASONS = (
    None,
    "short",  # the message is too short
    "op",  # the message is not a request
    "cookie",  # no DHCP: the magic cookie is missing, as in BOOTP
    "hardware",  # hlen and chaddr cannot be those of a device
    "options",  # an option is longer than the message, or its pieces do not fit together
    "length",  # an option has a length that it cannot have
    "type",  # the message type is missing, or only servers send it
    "relay",  # giaddr is not on this network, and `relays` does not list it
    "denied",  # the settings `allow` and `deny` exclude the device
    "ciaddr",  # an INFORM from an address that is not on this network
    "no_address",  # a REQUEST that names no address
    "other_server",  # the client took the offer of another server
    "unknown_client",  # `authoritative=False`: the server has no record of the client
    "not_yours",  # a DECLINE or RELEASE of an address that the sender does not have
    "pool_full",  # no address is left
    "option_left_out",  # a reply was sent; one of its options found no room
    "client_id_left_out",  # a reply was sent without option 61: no room
    "agent_info_left_out",  # a reply was sent without option 82: no room
    "machine_id_left_out",  # a reply was sent without option 97: no room
)
STATES = (
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
# Events by number; those that end in a state of a slot have the number of that state.
_EVENTS = "pool_full,,renewed,bound,declined,released,expired,,,conflict".split(",")
_FULL = const(0)
_ADDRESS = const(1)  # an entry of the ring is: kind, address, MAC
_MAC = const(5)
_ENTRY = const(11)

# address        text, "192.168.4.16"
# mac            text, "00:00:5e:00:53:01"
# host_name      text; "" if the client gave none
# state          text, see docs/reference/states.md
# seconds_left   until the state ends; None: it does not end, 0: it has ended
# reserved       True if the settings keep the address for a device
Lease = namedtuple("Lease", ("address", "mac", "host_name", "state", "seconds_left", "reserved"))


def of_server(server, name):
    """Return the attribute of a server that this module adds; AttributeError for others."""
    if name == "drops":
        return drops(server)
    if name == "last_drop":
        return REASONS[server.dropped]
    if name not in _CALLS:
        raise AttributeError(name)
    function = _CALLS[name]
    return lambda *values, **named: function(server, *values, **named)


def drops(server):
    """Return {reason: how often}: packets without an answer, and what was left out of replies."""
    found = {}
    for number in range(1, len(REASONS)):
        found[REASONS[number]] = server.drop_counts[number]
    return found


def roster(server, now_s=None, states=("offered", "adopted", "bound")):
    """Yield a Lease for each address in one of the states, in the order of addresses.

    now_s    the time in seconds.  None: the time of the last message
    states   names of states, by default offered and leased ones.  None: all addresses that were
             ever given out or found in use
    """
    leases, now_s = _at(server, now_s)
    for slot in range(leases.slots):
        state = leases.state[slot]
        if state != FREE and (states is None or STATES[state] in states):
            yield _lease(leases, slot, now_s)


def find(server, mac, now_s=None):
    """Return the Lease of the device with that MAC (text or 6 bytes), None when it has none.

    If it has several, a running lease comes before one that has ended.  ValueError: not a MAC.
    """
    from .parse import mac_bytes

    leases, now_s = _at(server, now_s)
    wanted = mac if isinstance(mac, (bytes, bytearray)) and len(mac) == 6 else mac_bytes(mac)
    found = -1
    for slot in range(leases.slots):
        if leases.state[slot] != FREE and leases.has_chaddr(slot, wanted):
            if found < 0 or leases.leased(slot) or leases.idle(found):
                found = slot
    return None if found < 0 else _lease(leases, found, now_s)


def release(server, address, now_s=None):
    """End the lease or offer of an address (text) now; return whether there was one.

    DHCP cannot tell the client.  It notices when it wants to renew.
    """
    from .parse import address_bytes

    leases, now_s = _at(server, now_s)
    slot = leases.slot_of(address_bytes(address), 0)
    if slot < 0 or not leases.live(slot) or leases.state[slot] == CHECKING:
        return False
    leases.release(slot, now_s)
    return True


def counters(server):
    """Return the counters since the start, as a dict.

    received         {message type: how many}
    sent             {message type: how many}
    drops            {reason: how many}
    addresses        of the pool and the reservations
    leased           how many of them are leased now
    most_leased      how many were leased at the same time
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
        "drops": drops(server),
        "addresses": server.leases.slots,
        "leased": server.leases.used,
        "most_leased": server.leases.most,
    }


def configure(server, config, now_s=None):
    """Go on with another Config.  Leases that do not fit it end: "expired".

    ValueError if the server's address, the subnet or max_message would change.  Afterwards
    `server.leases` is another object, and slots may have other numbers.
    """
    from .reconfigure import configure

    configure(server, config, server.now_s if now_s is None else now_s)


def enable_events(server, size=16):
    """Keep the last `size` events from now on, for next_event()."""
    server.events = server.leases.events = Events(server.leases, size)


def next_event(server):
    """Return the oldest event, (kind, address, MAC, host name), all text; None: no more.

    bound      a client has got the address
    renewed    a client has renewed its lease
    released   a client has given its address back
    expired    a lease has ended
    declined   a client has found its address in use
    conflict   the server has found an address in use; the MAC is that of the host there, "" if
               nobody knows it
    pool_full  no address is left; the address is "", the MAC that of the client
    A Server notices the end of a lease with the next message, or when a program asks for the
    list; a Service notices it within a second.
    """
    return server.events.take() if server.events else None


_CALLS: dict = {
    "address_of": lambda server, slot, buf, pos: server.leases.address_of(slot, buf, pos),
    "roster": roster,
    "find": find,
    "release": release,
    "counters": counters,
    "configure": configure,
    "enable_events": enable_events,
    "next_event": next_event,
}


class Events:
    """A ring of `size` events; the oldest one gives way when it is full.

    lost    how many did
    leases  the table that slots are of
    """

    def __init__(self, leases, size):
        self.lost = 0
        self.leases = leases
        self._ring = bytearray(size * _ENTRY)
        self._oldest = 0  # where the oldest is
        self._waiting = 0

    def put(self, kind, slot, mac, pos):
        """Note an event of a slot, -1: of none, and of the client with the MAC mac[pos:pos + 6].

        One "pool_full" after the other is one event: a flood shall not push out what matters.
        """
        ring = self._ring
        size = len(ring)
        new = self._oldest + self._waiting * _ENTRY
        if kind == _FULL and self._waiting and ring[(new - _ENTRY) % size] == _FULL:
            return
        new %= size
        if self._waiting * _ENTRY < size:
            self._waiting += 1
        else:
            self._oldest = (self._oldest + _ENTRY) % size
            self.lost = self.lost + 1 & NEVER
        ring[new] = kind
        if slot >= 0:
            self.leases.address_of(slot, ring, new + _ADDRESS)
        copy(ring, new + _MAC, mac, pos, 6)

    def take(self):
        """Return the oldest event as (kind, address, MAC, host name), all text, or None.

        The address of "pool_full" is "", and so is the MAC of "conflict" if it is unknown.
        """
        if not self._waiting:
            return None
        ring = self._ring
        pos = self._oldest
        self._oldest = (pos + _ENTRY) % len(ring)
        self._waiting -= 1
        address = address_text(ring, pos + _ADDRESS) if ring[pos] != _FULL else ""
        mac = mac_text(ring, pos + _MAC) if any(ring[pos + _MAC : pos + _ENTRY]) else ""
        return _EVENTS[ring[pos]], address, mac, self._name(pos)

    def _name(self, pos):
        """Return the host name of the client in the entry at pos, if it is still the latest there.

        Of "pool_full" there is none.
        """
        leases = self.leases
        slot = -1
        if self._ring[pos] != _FULL:
            slot = leases.slot_of(self._ring, pos + _ADDRESS)
        if slot < 0 or not same(leases.mac, 6 * slot, self._ring, pos + _MAC, 6):
            return ""
        return name_of(leases, slot)


def _at(server, now_s):
    """Return the lease table as it is at now_s, None: the time of the last packet; and now_s."""
    now_s = server.now_s if now_s is None else now_s
    server.leases.end_due(now_s)
    return server.leases, now_s


def _lease(leases, slot, now_s):
    """Return the Lease of a slot."""
    address = bytearray(4)
    leases.address_of(slot, address, 0)
    seconds = max(0, leases.until_s[slot] - now_s)
    if leases.idle(slot):
        seconds = 0
    elif leases.leased(slot) and leases.until_s[slot] == NEVER:
        seconds = None
    return Lease(
        address_text(address),
        mac_text(leases.mac, 6 * slot),
        name_of(leases, slot),
        STATES[leases.state[slot]],
        seconds,
        slot in leases.reserved,
    )
