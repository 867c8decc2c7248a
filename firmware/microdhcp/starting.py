"""Starts a Service, step by step.  Leaves memory on a board when it has run."""

import sys
from time import ticks_ms

from .clock import Clock
from .ports import wifi
from .server import Server

_OF_SERVICE = ("guard", "store", "check_ms", "parked", "on_feed")
_OF_START = ("open", "country", "channel", "hidden", "may_restart", "period_ms", "timer")
_GUARDS = ("never", "auto", "always")


def prepare(service, ap, config, settings):
    """Make what a new Service needs.

    settings   guard, store, check_ms, parked, on_feed of Service()
    ValueError names the first wrong one.
    """
    guard, store, check_ms, parked, on_feed = settings
    try:
        _check(*settings)
        if sys.platform == "rp2":
            from .ports.rp2 import Port
        else:
            from .ports.esp32 import Port
        service._watch = _GUARDS.index(guard)
        service.config = config
        service.port = port = Port(ap)
        service.server = Server(config, tx=port.tx(config.max_message))
        service.checker = service.storage = service.background = service.fast = None
        if config.conflict_check:
            from .checking import Checker

            service.checker = Checker(service.server, port, parked, check_ms, service.stations())
        if store:
            from .storage import Storage

            service.storage = Storage(store, service.server)
    finally:
        _forget()
    service.parts = service._listeners = ()
    service._on_feed = on_feed
    service._on_event = service._task = service._helpers = None
    service._complained = service.calling = service._torn = False
    service._clock = Clock()
    service._chores_at = service._retry_at = ticks_ms()
    service.give_up()


def _check(guard, store, check_ms, parked, on_feed):
    """Raise ValueError for the first wrong argument of Service()."""
    if guard not in _GUARDS:
        raise ValueError(f'guard: {guard!r} is none of "auto", "always", "never"')
    if store is not None and not (isinstance(store, str) and store):
        raise ValueError(f"store: {store!r} is not the name of a file")
    if not isinstance(check_ms, int) or not 50 <= check_ms <= 2000:
        raise ValueError(f"check_ms: {check_ms!r} is not within 50..2000")
    if not isinstance(parked, int) or not 1 <= parked <= 8:
        raise ValueError(f"parked: {parked!r} is not within 1..8")
    if on_feed is not None and not callable(on_feed):
        raise ValueError(f"on_feed: {on_feed!r} cannot be called")


def start(service, settings, may_restart, turns):
    """Take UDP port 67, then bring the access point up, or let the program do that.

    settings   ssid, key, open, country, channel, hidden of Service.start()
    turns      background, period_ms, timer; None: it is a Relay, which has its own loop
    """
    port = service.port
    try:
        ssid = settings[0]
        if ssid is None:
            if settings != (None, None, False, None, None, None):
                raise ValueError("ssid: is missing; key, open, channel and the like need it")
        else:
            wifi.check(*settings[:5])
            if settings[5] and not port.can_hide:
                raise ValueError("hidden: this firmware cannot hide an access point")
        if turns:
            _check_turns(*turns)
        _end_other(service)
        if service.storage:
            service.storage.load(service.now_s())
        service.feed()
        try:
            cost = _take(service, settings, may_restart)
            if turns:
                service.fast = _fast(service)
            for part in service.parts:
                part.open()
            if turns and turns[0]:
                _go_behind(service, *turns[1:])
        except BaseException:
            service.stop()
            raise
    finally:
        _forget()
    _say(service.config, ssid, cost)


def _check_turns(background, period_ms, timer):
    """Raise ValueError for an argument that is wrong, naming it."""
    if background is not True and background is not False:
        raise ValueError(f"background: {background!r} is neither True nor False")
    if not isinstance(period_ms, int) or not 5 <= period_ms <= 500:
        raise ValueError(f"period_ms: {period_ms!r} is not within 5..500")
    if timer is not None and not isinstance(timer, int):
        raise ValueError(f"timer: {timer!r} is not the number of a timer")


def _take(service, settings, may_restart):
    """Take the port and bring the access point up; return the cost as Port.claim()."""
    port = service.port
    ap = port.ap
    was_up = ap.active()
    cost = port.claim(service.config, may_restart)
    service.feed()
    ssid, key, open_, country, channel, hidden = settings
    if ssid is not None:
        security = port.security_open if open_ else port.security_wpa2
        if not port.can_hide:
            hidden = None
        wifi.configure(ap, security, ssid, key, country, channel, hidden, service.feed)
    elif was_up and cost:  # it was switched off for the port
        ap.active(True)
    if ap.active():
        port.up()
    return cost


def _fast(service):
    """Return the Fast that answers by machine code, or None if the build has none."""
    try:
        from .fast import Fast
    except (ImportError, SyntaxError, ValueError):  # not in this build, or for another core
        return None
    return Fast(service.server, service.port if sys.platform == "rp2" else None)


def _go_behind(service, period_ms, timer):
    """Start the turns by a timer.  Load their modules now, not in the middle of a turn."""
    from .background import Background

    if service._watch:
        service.stations()
    try:
        timer = service.port.timer(timer)
    except ValueError:
        raise ValueError(f"timer: {timer!r} does not exist on this board")
    service.background = Background(service, period_ms, timer)
    service.background.begin()


def network_of(ap, address, pool):
    """Return (address, pool) for Config: those given, else what fits the access point."""
    if address is None:
        own, mask = ap.ifconfig()[:2]
        address = "192.168.4.1/24"
        if own != "0.0.0.0":
            bits = [int(byte) for byte in mask.split(".")]
            prefix = sum([bin(byte).count("1") for byte in bits])
            address = f"{own}/{prefix}"
    if pool is None:
        pool = _pool_beside(address)
    return address, pool


def _pool_beside(address):
    """Return (first, last) of up to 32 addresses in the subnet, or address if it is not one."""
    try:
        own, _, prefix = address.partition("/")
        number = 0
        for byte in own.split("."):
            number = number << 8 | int(byte)
        size = 1 << (32 - int(prefix))
        start = number & ~(size - 1)
        offset = number - start
        if size >= 64:  # .16 to .47, or .64 to .95 where the server itself is among those
            first = 16 if not 16 <= offset <= 47 else 64 if size > 96 else 1
            last = first + 31 if first > 1 else offset - 1
        elif offset - 1 > size - 2 - offset:
            first, last = 1, offset - 1
        else:
            first, last = offset + 1, size - 2
    except (AttributeError, ValueError):
        return address, address  # Config says what is wrong with it
    return _text(start + first), _text(start + last)


def _text(number):
    return ".".join([str(number >> shift & 255) for shift in (24, 16, 8, 0)])


def split(settings):
    """Take the arguments of Service() and of start() out of settings; return both as dicts."""
    of_service, of_start = {}, {}
    for names, found in ((_OF_SERVICE, of_service), (_OF_START, of_start)):
        for name in names:
            if name in settings:
                found[name] = settings.pop(name)
    return of_service, of_start


def _end_other(service):
    """Stop the service that runs, because only one can have port 67."""
    kind = type(service)
    if kind.running:
        kind.running.stop()
    kind.running = service


def _say(config, ssid, cost):
    """Print which network is served, and the cost of port 67."""
    own = ".".join([str(byte) for byte in config.address])
    cost = f" ({cost})" if cost else ""
    where = f"on {ssid!r}" if ssid else "behind the program's access point"
    print(f"microdhcp: {own} serves {config.pool_n} addresses {where}, port 67 taken{cost}")


def _forget():
    """Drop this module and what it has loaded, so that the garbage collector can have them."""
    package, _, own = __name__.rpartition(".")
    for name in (own, "checking_start", "leasefile"):
        drop(f"{package}.{name}")
    for name in ("wifi", "rp2_start", "esp32_start"):
        drop(f"{package}.ports.{name}")


def drop(name):
    """Forget a module, if it is there."""
    if sys.implementation.name == "micropython":
        module = sys.modules.pop(name, None)
        home, _, own = name.rpartition(".")
        if module and hasattr(sys.modules[home], own):
            delattr(sys.modules[home], own)
