"""The rules about settings: one function each, every refusal a ValueError naming the setting.

Runs once per `Config`, which drops this module from memory afterwards.
"""

from .options import address as ip_address
from .options import cidr, encode, find, is_number, unhex

_OWN = object()  # default of routers and dns_servers: our own address

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
    "authoritative": True,
    "rapid_commit": False,
    "max_message": 548,
}
_LONGEST_S = 1 << 27  # a deadline, now_s + lease, must stay a small int of MicroPython
_MOST_SLOTS = 254  # a slot number is one byte in the lease table


def fill(config, address, pool, settings):
    """Check everything and set the attributes of `config` that class Config lists.

    address, pool   as for Config
    settings        dict of the keywords given
    The first setting that is wrong: ValueError.
    """
    values = _with_defaults(settings)
    _network(config, address)
    _pool(config, pool)
    _times(config, values)
    for name in ("authoritative", "rapid_commit"):
        setattr(config, name, _switch(name, values[name]))
    config.max_message = _number("max_message", values["max_message"], 300, 1472)
    config.reservations = _reservations(config, values["reservations"])
    config.tlvs = _tlvs(config, address, values, settings)


def _with_defaults(settings):
    """Return DEFAULTS with `settings` in place, refusing unknown keywords."""
    values = dict(DEFAULTS)
    for name in settings:
        if name not in DEFAULTS:
            known = ", ".join(sorted(DEFAULTS))
            raise ValueError(f"{name}: no such setting; there are address, pool, {known}")
        values[name] = settings[name]
    return values


def _number(name, value, low, high):
    """Return `value` if it is an int within low..high."""
    if not is_number(value) or not low <= value <= high:
        raise ValueError(f"{name}: {value!r} is not a whole number {low}..{high}")
    return value


def _switch(name, value):
    """Return `value` if it is True or False."""
    if value is not True and value is not False:
        raise ValueError(f"{name}: {value!r} is neither True nor False")
    return value


def _times(config, values):
    """Set the five times; the leases must be in order."""
    for name in ("lease_s", "min_lease_s", "offer_hold_s", "quarantine_s"):
        setattr(config, name, _number(name, values[name], 1, _LONGEST_S))
    config.max_lease_s = -1
    if values["max_lease_s"] is not None:
        config.max_lease_s = _number("max_lease_s", values["max_lease_s"], 1, _LONGEST_S)
        if config.lease_s > config.max_lease_s:
            raise ValueError(f"lease_s: {config.lease_s} is over max_lease_s {config.max_lease_s}")
    if config.lease_s < config.min_lease_s:
        raise ValueError(f"lease_s: {config.lease_s} is under min_lease_s {config.min_lease_s}")


def _network(config, text):
    """Set address, host24, net24_first, net24_last from "192.168.4.1/24"."""
    try:
        config.address, prefix = cidr(text)
    except ValueError as error:
        raise ValueError(f"address: {error}") from None
    if not 8 <= prefix <= 30:
        raise ValueError(f"address: prefix /{prefix} is not within /8../30")
    if config.address[0] in (0, 127) or config.address[0] > 223:
        raise ValueError(f"address: {text} is not an address of a host")
    hosts = (1 << (32 - prefix)) - 1
    config.host24 = _low24(config.address)
    config.net24_first = config.host24 & ~hosts
    config.net24_last = config.host24 | hosts
    if config.host24 in (config.net24_first, config.net24_last):
        raise ValueError(f"address: {text} is the network's own or its broadcast address")


def _low24(address):
    """Return the last three bytes of `address` as an int."""
    return address[1] << 16 | address[2] << 8 | address[3]


def _host(config, name, text):
    """Return the last three bytes of address `text`, which a client of the subnet may have."""
    try:
        address = ip_address(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    host = _low24(address)
    if address[0] != config.address[0] or not config.net24_first <= host <= config.net24_last:
        raise ValueError(f"{name}: {text} is outside the subnet of address")
    if host in (config.net24_first, config.net24_last):
        raise ValueError(f"{name}: {text} is the network's own or its broadcast address")
    if host == config.host24:
        raise ValueError(f"{name}: {text} is the server's own address")
    return host


def _pool(config, pool):
    """Set first24 and pool_n from (first, last)."""
    if not isinstance(pool, (list, tuple)) or len(pool) != 2:
        raise ValueError(f"pool: {pool!r} is not a pair (first address, last address)")
    first, last = [_host(config, "pool", text) for text in pool]
    if first > last:
        raise ValueError(f"pool: first address {pool[0]} is behind the last, {pool[1]}")
    if first < config.host24 < last:
        raise ValueError(f"pool: {pool[0]} to {pool[1]} contains the server's own address")
    config.first24 = first
    config.pool_n = last - first + 1
    if config.pool_n > _MOST_SLOTS:
        raise ValueError(f"pool: {config.pool_n} addresses, at most {_MOST_SLOTS} can be served")


def _reservations(config, table):
    """Return (host24, identity, is MAC) for each entry of `table`, by ascending address."""
    if not isinstance(table, dict):
        raise ValueError(f"reservations: {table!r} is not a dict of MAC or client id to address")
    found = []
    outside = 0
    for key in table:
        host = _host(config, "reservations", table[key])
        ident, is_mac = _identity(key)
        for other in found:
            if other[0] == host:
                raise ValueError(f"reservations: {table[key]} is given twice")
            if other[1:] == (ident, is_mac):
                raise ValueError(f"reservations: {key!r} names a client given twice")
        found.append((host, ident, is_mac))
        if not config.first24 <= host < config.first24 + config.pool_n:
            outside += 1
    if config.pool_n + outside > _MOST_SLOTS:
        raise ValueError(
            f"reservations: {outside} and a pool of {config.pool_n}, at most {_MOST_SLOTS} in all"
        )
    return tuple(sorted(found))


def _identity(key):
    """Return (bytes, True for a MAC) of a reservation's key; `01` + MAC is that MAC's id too."""
    try:
        if isinstance(key, str) and key[:3] == "id:":
            ident, is_mac = unhex(key[3:]), False
        elif isinstance(key, str):
            ident, is_mac = _mac(key), True
        elif isinstance(key, bytes):
            ident, is_mac = key, len(key) == 6
        else:
            raise ValueError
    except ValueError:
        raise ValueError(f"reservations: {key!r} is not a MAC or id:<hex> client id") from None
    if not is_mac and len(ident) == 7 and ident[0] == 1:
        ident, is_mac = ident[1:], True
    if is_mac and (ident[0] & 1 or not max(ident)):
        raise ValueError(f"reservations: {key!r} is no MAC of a single device")
    if not 2 <= len(ident) <= 255:
        raise ValueError(f"reservations: {key!r} has {len(ident)} bytes, a client id 2..255")
    return ident, is_mac


def _mac(text):
    """Return the 6 bytes of MAC `text`: pairs of hex digits between ":" or "-"."""
    pairs = text.replace("-", ":").split(":")
    if len(pairs) != 6 or max([len(pair) for pair in pairs]) != 2:
        raise ValueError
    return unhex("".join(pairs))


def _tlvs(config, address, values, settings):
    """Return the finished options: 1, 3, 6, 15, 28, the user's by code, 108 last.

    The mask must precede the routers (RFC 2132 section 3.3).  108 stands last because it is
    only sent when asked for (RFC 8925 section 3.3).
    """
    chosen = _chosen(values["options"], settings)
    own = address[: address.find("/")]
    mask = 0xFFFFFFFF ^ (config.net24_last - config.net24_first)
    tlvs = [b"\1\4" + mask.to_bytes(4, "big")]
    for code, name in ((3, "routers"), (6, "dns_servers"), (15, "domain")):
        value = own if values[name] is _OWN else values[name]
        if code not in chosen and value is not None and value not in ([], ()):
            tlvs.append(encode(name, value))
    top = config.net24_last
    tlvs.append(bytes([28, 4, config.address[0], top >> 16, top >> 8 & 255, top & 255]))
    for code in sorted(chosen, key=lambda code: code + 255 * (code == 108)):
        tlvs.append(chosen[code])
    return tuple(tlvs)


def _chosen(table, settings):
    """Return {code: finished option} for the setting `options`."""
    if not isinstance(table, dict):
        raise ValueError(f"options: {table!r} is not a dict of name or code to value")
    chosen = {}
    for key in table:
        code, name, _, _ = find(key)
        if code in chosen:
            raise ValueError(f"options: {name or code} ({code}) is given twice")
        if code in (1, 28):
            raise ValueError(f"options: {name} ({code}) follows from address")
        if name in settings:
            raise ValueError(f"options: {name} ({code}) is a setting of its own, given twice")
        chosen[code] = encode(key, table[key])
    return chosen
