"""Prepares and starts a Relay.  Leaves memory on a board when it has run."""

import sys
from array import array

from network import STA_IF, WLAN

from .agent import Agent
from .clock import Clock
from .stations import Stations

_RX_N = 600  # of the fallback's server, as in relay.py
_COUNTS = 4
_NOWHERE = "0.0.0.0"
_STEP = 64
_SHORTEST = 300


def _host_address(text):
    """Return the 4 bytes of the dotted text of a host's address; else ValueError."""
    numbers = [int(part) for part in text.split(".")] if isinstance(text, str) else []
    if len(numbers) != 4 or ".".join([str(n) for n in numbers]) != text:
        raise ValueError
    if numbers[0] in (0, 127) or numbers[0] > 223:
        raise ValueError
    return bytes(numbers)


class Site:
    """The relay's own network, with the names that a port reads of a Config.

    A class without functions: they would keep this module in memory.
    """

    pool_n = max_message = 0

    address: bytes
    host24: int
    net24_first: int
    net24_last: int


def _site(text):
    """Return a Site for "192.168.4.1/24"; ValueError: no host's address with a prefix 8..30."""
    own, _, prefix = text.partition("/") if isinstance(text, str) else ("", "", "")
    site = Site()
    try:
        site.address = _host_address(own)
        if prefix not in [str(n) for n in range(8, 31)]:
            raise ValueError
        size = 1 << 32 - int(prefix)
        site.host24 = int.from_bytes(site.address[1:], "big")
        site.net24_last = site.host24 | size - 1
        site.net24_first = site.net24_last + 1 - size
        if site.host24 in (site.net24_first, site.net24_last):
            raise ValueError
    except ValueError:
        raise ValueError(f"address: {text!r} is not like 192.168.4.1/24")
    return site


_DEFAULTS = {
    "fallback_s": 30,
    "circuit_id": None,
    "remote_id": None,
    "max_hops": 4,
    "pending": 16,
    "max_message": 700,
    "on_feed": None,
}
_RANGES = (
    ("fallback_s", 5, 3600),
    ("max_hops", 1, 16),
    ("pending", 4, 250),
    ("max_message", 576, 1472),
)


def _arguments(servers, address, fallback, settings):
    """Check the arguments of Relay(); return (places, thresholds, Site or Config, settings).

    ValueError names the first wrong one.
    """
    places, thresholds = _servers(servers)
    values = _values(settings)
    if fallback is None and address is None:
        raise ValueError("address: is missing, like 192.168.4.1/24")
    if fallback is None:
        return places, thresholds, _site(address), values
    if not hasattr(fallback, "conflict_check"):
        raise ValueError(f"fallback: {fallback!r} is not a Config")
    if fallback.authoritative or fallback.conflict_check:
        raise ValueError("fallback: wants authoritative=False and conflict_check=False")
    if address is not None and _site(address).address != fallback.address:
        raise ValueError("address: is not that of the fallback; leave it out")
    return places, thresholds, fallback, values


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
    for name in ("circuit_id", "remote_id"):
        if values[name] is not None:
            values[name] = _id(name, values[name])
    if values["on_feed"] is not None and not callable(values["on_feed"]):
        raise ValueError(f"on_feed: {values['on_feed']!r} cannot be called")
    return values


def _id(name, value):
    """Return a sub-option of option 82 as bytes, from bytes or text."""
    data = value.encode() if isinstance(value, str) else value
    if not isinstance(data, (bytes, bytearray)) or not 1 <= len(data) <= 32:
        raise ValueError(f"{name}: {value!r} is not 1 to 32 bytes, or text of so many")
    return bytes(data)


def _servers(servers):
    """Return the places to send to and the secs thresholds of the setting `servers`."""
    places = []
    thresholds = []
    if not isinstance(servers, (list, tuple)) or not 1 <= len(servers) <= 8:
        raise ValueError(f"servers: {servers!r} is not a list of 1 to 8 addresses")
    for entry in servers:
        pair = isinstance(entry, (list, tuple)) and len(entry) == 2
        text, secs = entry if pair else (entry, 0)
        try:
            _host_address(text)
        except ValueError:
            raise ValueError(f"servers: {text!r} is not the IPv4 address of a host")
        if not isinstance(secs, int) or not 0 <= secs <= 65535:
            raise ValueError(f"servers: {secs!r} is not within 0..65535")
        if (text, 67) in places:
            raise ValueError(f"servers: {text} is in the list twice")
        places.append((text, 67))
        thresholds.append(secs)
    return tuple(places), tuple(thresholds)


def begin(relay, ap, servers, address, fallback, settings):
    """Check the arguments of Relay(), and set its attributes."""
    try:
        relay._places, relay._thresholds, relay.config, values = _arguments(
            servers, address, fallback, settings
        )
    finally:
        _forget()
    if sys.platform == "rp2":
        from .ports.rp2 import Port
    else:
        from .ports.esp32 import Port
    relay.port = Port(ap, False)
    relay.local = relay._unanswered = False
    relay._stop = True
    relay.counts = array("I", [0] * _COUNTS)
    relay._sta = WLAN(STA_IF)
    relay._clock = Clock()
    relay._at = _NOWHERE
    relay._on_feed = values["on_feed"]
    relay._fallback_ms = 1000 * values["fallback_s"]
    names = "circuit_id", "remote_id", "max_hops", "pending", "max_message"
    relay._settings = tuple([values[name] for name in names])


def start(relay, settings, may_restart):
    """Make the agent, and the server of a fallback; then do what starting.start() does."""
    try:
        port = relay.port
        *ids, max_hops, pending, n = relay._settings
        fallback = relay.config if relay.config.pool_n else None
        if fallback:
            n = max(n, fallback.max_message)
        tx = relay.agent.tx if relay.agent else port.tx(n)
        if fallback and not relay.server:
            from .server import Server

            relay.server = Server(fallback, _RX_N, tx)
        own = relay.config.address
        ids = _ids(ids, port.ap)
        relay.agent = Agent(own, bytearray(4), relay._thresholds, tx, tx, ids, max_hops, pending)
        view = memoryview(tx)
        relay._views = [view[:end] for end in list(range(_SHORTEST, n, _STEP)) + [n]]
        relay._members = port.associated or Stations(port)
        from .starting import start as start_all

        start_all(relay, settings, may_restart, None)
        relay._stop = relay._unanswered = False
    finally:
        _forget()


def _ids(ids, ap):
    """Return sub-options 1 and 2 of option 82."""
    out = b""
    for code, value in enumerate(ids, 1):
        if code == 1 and value is None:
            value = ap.config("mac")
        if value is not None:
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
