"""What Service does before it serves, step by step.  Leaves memory on a board when it has run."""

import sys

from .ports import wifi

_GUARDS = ("never", "auto", "always")


def arguments(guard, store, check_ms, parked, on_feed):
    """Check the arguments of Service(); return the number of the guard: 0 never, 2 always.

    The first one that is wrong: ValueError, naming it.
    """
    try:
        if guard not in _GUARDS:
            raise ValueError(f'guard: {guard!r} is none of "auto", "always", "never"')
        if store is not None and not (isinstance(store, str) and store):
            raise ValueError(f"store: {store!r} is no name of a file")
        if not isinstance(check_ms, int) or not 50 <= check_ms <= 2000:
            raise ValueError(f"check_ms: {check_ms!r} is not within 50..2000")
        if not isinstance(parked, int) or not 1 <= parked <= 8:
            raise ValueError(f"parked: {parked!r} is not within 1..8")
        if on_feed is not None and not callable(on_feed):
            raise ValueError(f"on_feed: {on_feed!r} cannot be called")
    finally:
        _forget()
    return _GUARDS.index(guard)


def start(service, ssid, key, open_, country, channel, hidden, may_restart):
    """Take UDP port 67, then bring the access point up with these settings."""
    port = service.port
    config = service.config
    try:
        wifi.check(ssid, key, open_, country, channel)
        if hidden and not port.can_hide:
            raise ValueError("hidden: this firmware cannot hide an access point")
        _end_other(service)
        if service.storage:
            service.storage.load(service._clock.now_s())
        service.feed()
        security = port.security_open if open_ else port.security_wpa2
        try:
            cost = port.claim(config, may_restart)
            service.feed()
            if not port.can_hide:
                hidden = None
            wifi.configure(port.ap, security, ssid, key, country, channel, hidden, service.feed)
            port.up()
            for part in service.parts:
                part.open()
        except Exception:
            port.close()
            for part in service.parts:
                part.close()
            raise
    finally:
        _forget()
    _say(config, ssid, cost)


def _end_other(service):
    """Stop the service that runs: port 67 is there once.  At the REPL it may be one of before."""
    kind = type(service)
    if kind.running:
        kind.running.stop()
    kind.running = service


def _say(config, ssid, cost):
    """Print what is served, and what port 67 has cost."""
    own = ".".join([str(byte) for byte in config.address])
    cost = f" ({cost})" if cost else ""
    print(f"microdhcp: {own} serves {config.pool_n} addresses on {ssid!r}, port 67 taken{cost}")


def _forget():
    """Drop this module and what it has loaded, so that the garbage collector can have them."""
    if sys.implementation.name != "micropython":
        return
    package, _, own = __name__.rpartition(".")
    for name in (own, "ports.wifi", "ports.rp2_start", "ports.esp32_start"):
        module = sys.modules.pop(f"{package}.{name}", None)
        home, _, name = f"{package}.{name}".rpartition(".")
        if module and hasattr(sys.modules[home], name):
            delattr(sys.modules[home], name)
