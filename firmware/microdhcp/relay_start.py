"""What Relay does before it relays.  Leaves memory on a board when it has run."""

import sys

from .agent import Agent

_RX_N = 700  # as in relay.py
_STEP = 64
_SHORTEST = 300


def address_bytes(text):
    """Return the 4 bytes of dotted text; ValueError if it is no address."""
    numbers = [int(part) for part in text.split(".")]
    if len(numbers) != 4:
        raise ValueError
    return bytes(numbers)


class Site:
    """The relay's own network, with the names that a port reads of a Config."""

    def __init__(self, text):
        """Take "192.168.4.1/24"; ValueError if it is no address with a prefix 8..30."""
        address, _, prefix = text.partition("/")
        if not prefix.isdigit() or not 8 <= int(prefix) <= 30:
            raise ValueError(f"address: {text!r} is not like 192.168.4.1/24")
        try:
            self.address = address_bytes(address)
        except ValueError:
            raise ValueError(f"address: {text!r} is not like 192.168.4.1/24")
        self.host24 = int.from_bytes(self.address[1:], "big")
        self.net24_last = self.host24 | (1 << (32 - int(prefix))) - 1
        self.net24_first = self.net24_last + 1 - (1 << (32 - int(prefix)))
        self.pool_n = 0
        self.max_message = 0


_DEFAULTS = {
    "fallback_s": 30,
    "circuit_id": None,
    "remote_id": None,
    "max_hops": 4,
    "pending": 16,
    "max_message": 600,
    "on_feed": None,
}
_RANGES = (
    ("fallback_s", 5, 3600),
    ("max_hops", 1, 16),
    ("pending", 4, 250),
    ("max_message", 300, 1472),
)


def arguments(servers, address, fallback, settings):
    """Check the arguments of Relay(); return (places, thresholds, Site or Config, settings).

    The first one that is wrong: ValueError, naming it.
    """
    try:
        places, thresholds = _servers(servers)
        values = _values(settings)
        if fallback is None and address is None:
            raise ValueError("address: is missing, like 192.168.4.1/24")
        if fallback is None:
            return places, thresholds, Site(address), values
        if fallback.authoritative or fallback.conflict_check:
            raise ValueError("fallback: wants authoritative=False and conflict_check=False")
        if address is not None and Site(address).address != fallback.address:
            raise ValueError("address: is not that of the fallback; leave it out")
        return places, thresholds, fallback, values
    finally:
        _forget()


def _values(settings):
    """Return the settings with their defaults."""
    values = dict(_DEFAULTS)
    for name in settings:
        if name not in values:
            raise ValueError(f"{name}: no such setting; there are {', '.join(sorted(values))}")
        values[name] = settings[name]
    for name, low, high in _RANGES:
        if not isinstance(values[name], int) or not low <= values[name] <= high:
            raise ValueError(f"{name}: {values[name]!r} is not within {low}..{high}")
    if values["on_feed"] is not None and not callable(values["on_feed"]):
        raise ValueError(f"on_feed: {values['on_feed']!r} cannot be called")
    return values


def _servers(servers):
    """Return the places to send to and the secs thresholds of the setting `servers`."""
    places = []
    thresholds = []
    if not isinstance(servers, (list, tuple)) or not 1 <= len(servers) <= 8:
        raise ValueError(f"servers: {servers!r} is not a list of 1 to 8 addresses")
    for entry in servers:
        text, secs = (entry, 0) if isinstance(entry, str) else entry
        try:
            address_bytes(text)
        except (AttributeError, ValueError):
            raise ValueError(f"servers: {text!r} is not an IPv4 address")
        if not isinstance(secs, int) or not 0 <= secs <= 65535:
            raise ValueError(f"servers: {secs!r} is not within 0..65535")
        places.append((text, 67))
        thresholds.append(secs)
    return tuple(places), tuple(thresholds)


def prepare(relay):
    """Make the agent and the server of the fallback of a Relay."""
    try:
        values = relay._settings
        fallback = relay._fallback
        max_message = values["max_message"]
        if fallback:
            max_message = max(max_message, fallback.max_message)
        tx = relay.port.tx(max_message)
        rx = None
        if fallback and not relay.server:
            from .server import Server

            relay.server = Server(fallback, _RX_N, tx)
        if relay.server:
            rx = relay.server.rx
        relay.agent = Agent(
            relay.config.address,
            bytearray(4),
            relay._thresholds,
            tx,
            rx or bytearray(_RX_N),
            _ids(relay),
            values["max_hops"],
            values["pending"],
        )
        view = memoryview(relay.agent.rx)
        ends = list(range(_SHORTEST, _RX_N, _STEP)) + [_RX_N]
        relay._views = [view[:end] for end in ends]
    finally:
        _forget()


def _ids(relay):
    """Return sub-options 1 and 2 of option 82."""
    out = b""
    ids = relay._settings["circuit_id"], relay._settings["remote_id"]
    for code, value in enumerate(ids, 1):
        if code == 1 and value is None:
            value = relay.port.ap.config("mac")
        if isinstance(value, str):
            value = value.encode()
        if value is not None:
            if not 1 <= len(value) <= 32:
                raise ValueError("circuit_id, remote_id: 1 to 32 bytes each")
            out += bytes((code, len(value))) + value
    return out


def _forget():
    """Drop this module, so that the garbage collector can have it."""
    if sys.implementation.name != "micropython":
        return
    module = sys.modules.pop(__name__, None)
    home, _, name = __name__.rpartition(".")
    if module and hasattr(sys.modules[home], name):
        delattr(sys.modules[home], name)
