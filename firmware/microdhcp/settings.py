"""The rules about settings, one function each: first those about times, switches and addresses.

Every refusal is a ValueError naming the setting.  On MicroPython the rules leave the heap when
they have run once for a `Config`.  They are in several modules, so that few are there at a time:
settings_options.py comes after this one, settings_devices.py only where it is needed.
"""

from array import array

from ._compat import const
from .parse import address_bytes, cidr, forget, host24, named, within

_OWN = object()  # default of routers and dns_servers: our own address
_MOST_SLOTS = const(254)  # a slot number is one byte in the lease table
_SECONDS = const("1..134217728")  # 2**27: now_s + lease must stay a small int of MicroPython

DEFAULTS = {
    "lease_s": 3600,
    "min_lease_s": 60,
    "max_lease_s": 86400,
    "offer_hold_s": 30,
    "quarantine_s": 600,
    "routers": _OWN,
    "dns_servers": _OWN,
    "domain": None,
    "options": {},
    "reservations": {},
    "classes": [],
    "leases_per_device": 3,
    "authoritative": True,
    "rapid_commit": False,
    "allow": None,
    "deny": (),
    "conflict_check": True,
    "hostname_bytes": 20,
    "next_server": None,
    "boot_file": None,
    "relays": (),
    "max_message": 548,
}


def fill(config, address, pool, settings):
    """Check settings and set attributes of `config`; settings_options.fill() does the others.

    address, pool   as for Config
    settings        dict of the keywords given
    Returns {name: value} of all settings.  The first setting that is wrong: ValueError.
    """
    done = False
    try:
        values = _with_defaults(settings)
        _network(config, address)
        for name in ("routers", "dns_servers"):
            if values[name] is _OWN:
                values[name] = address[: address.find("/")]
        _pool(config, pool)
        _times(config, values)
        _switches(config, values)
        config.max_message = named("max_message", within, values["max_message"], "300..1472")
        config.hostname_bytes = named("hostname_bytes", within, values["hostname_bytes"], "0..63")
        _per_device(config, values["leases_per_device"])
        config.reservations = ()
        if values["reservations"] != {}:
            from .settings_devices import reservations

            config.reservations = reservations(config, values["reservations"])
        _relays(config, values["relays"])
        _slots(config)
        done = True
        return values
    finally:
        forget("settings")
        if not done:
            forget("settings_devices", "parse")


def _with_defaults(settings):
    """Return DEFAULTS with `settings` in place, refusing unknown keywords."""
    values = dict(DEFAULTS)
    for name in settings:
        if name not in DEFAULTS:
            known = ", ".join(sorted(DEFAULTS))
            raise ValueError(f"{name}: no such setting; there are address, pool, {known}")
        values[name] = settings[name]
    return values


def _switches(config, values):
    """Set the settings that are True or False."""
    for name in ("authoritative", "rapid_commit", "conflict_check"):
        if values[name] is not True and values[name] is not False:
            raise ValueError(f"{name}: {values[name]!r} is neither True nor False")
        setattr(config, name, values[name])


def _times(config, values):
    """Set the five times, in seconds; the lease times must be in order."""
    for name in ("lease_s", "min_lease_s", "offer_hold_s", "quarantine_s"):
        setattr(config, name, named(name, within, values[name], _SECONDS))
    config.max_lease_s = -1
    if values["max_lease_s"] is not None:
        config.max_lease_s = named("max_lease_s", within, values["max_lease_s"], _SECONDS)
        if config.lease_s > config.max_lease_s:
            raise ValueError(f"lease_s: {config.lease_s} is over max_lease_s {config.max_lease_s}")
    if config.lease_s < config.min_lease_s:
        raise ValueError(f"lease_s: {config.lease_s} is under min_lease_s {config.min_lease_s}")


def _network(config, address):
    """Set address, host24, net24_first, net24_last from "192.168.4.1/24"."""
    config.address, prefix = named("address", cidr, address, "192.168.4.1/24")
    if not 8 <= prefix <= 30:
        raise ValueError(f"address: prefix /{prefix} is not within /8../30")
    _unicast("address", config.address, address)
    config.host24 = int.from_bytes(config.address[1:], "big")
    config.net24_last = config.host24 | (1 << (32 - prefix)) - 1
    config.net24_first = config.net24_last + 1 - (1 << (32 - prefix))
    if config.host24 in (config.net24_first, config.net24_last):
        raise ValueError(f"address: {address} is the network's own or its broadcast address")


def _unicast(name, address, text):
    """Return 4 bytes that a host on a network can have as its address; else ValueError."""
    if address[0] in (0, 127) or address[0] > 223:
        raise ValueError(f"{name}: {text} cannot be the address of a host")
    return address


def _relays(config, texts):
    """Set relays, the addresses of relay agents, joined."""
    if not isinstance(texts, (list, tuple)):
        raise ValueError(f"relays: {texts!r} is not a list of addresses")
    found = [_unicast("relays", named("relays", address_bytes, text), text) for text in texts]
    config.relays = b"".join(found)


def _pool(config, pool):
    """Set first24 and pool_n from (first, last)."""
    if not isinstance(pool, (list, tuple)) or len(pool) != 2:
        raise ValueError(f"pool: {pool!r} is not a pair (first address, last address)")
    first, last = [host24(config, "pool", text) for text in pool]
    if first > last:
        raise ValueError(f"pool: its first address {pool[0]} comes after its last, {pool[1]}")
    if first < config.host24 < last:
        raise ValueError(f"pool: {pool[0]} to {pool[1]} contains the server's own address")
    config.first24 = first
    config.pool_n = last - first + 1
    if config.pool_n > _MOST_SLOTS:
        raise ValueError(f"pool: {config.pool_n} addresses, at most {_MOST_SLOTS} can be served")


def _per_device(config, most):
    """Set leases_per_device; the default is three, in a smaller pool all of it."""
    if most == DEFAULTS["leases_per_device"]:
        most = min(most, config.pool_n)
    config.leases_per_device = named("leases_per_device", within, most, f"1..{config.pool_n}")


def _slots(config):
    """Set slots, and outside: the addresses behind the pool, last three bytes."""
    outside = []
    for host, _, _ in config.reservations:
        if not 0 <= host - config.first24 < config.pool_n and host not in outside:
            outside.append(host)
    config.outside = array("i", outside)
    config.slots = config.pool_n + len(outside)
