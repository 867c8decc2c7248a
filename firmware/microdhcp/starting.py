"""What Service.start() does, step by step.  Leaves memory on a board when it has run."""

import sys

from .ports import wifi


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
            service.storage.load(0)
        service.feed()
        cost = port.claim(config, may_restart)
        service.feed()
        security = port.security_open if open_ else port.security_wpa2
        try:
            if not port.can_hide:
                hidden = None
            wifi.configure(port.ap, security, ssid, key, country, channel, hidden, service.feed)
            port.up()
        except Exception:
            port.close()
            raise
    finally:
        if sys.implementation.name == "micropython":
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
    package = __name__[: __name__.rfind(".")]
    for name in ("starting", "ports.wifi", "ports.rp2_start", "ports.esp32_start"):
        module = sys.modules.pop(f"{package}.{name}", None)
        home, _, name = f"{package}.{name}".rpartition(".")
        if module and hasattr(sys.modules[home], name):
            delattr(sys.modules[home], name)
