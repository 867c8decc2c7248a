"""The rules about settings, one function each, and what a server needs of them, worked out once.

Every refusal is a ValueError naming the setting.  Runs once per `Config` and then drops itself and
`options` from memory on MicroPython, where they would cost more heap than the lease table.
"""

import sys
from array import array

from ._compat import const
from .message import client_key
from .options import cidr, encode, find, within
from .text import address_bytes, address_text, mac_bytes, unhex

_OWN = object()  # default of routers and dns_servers: our own address
_MOST_SLOTS = const(254)  # a slot number is one byte in the lease table
_BASIC = ((3, "routers"), (6, "dns_servers"), (15, "domain"))  # settings that are options
_CLASSES = {"vendor_class": 60, "user_class": 77}
_OWN_SETTINGS = ("dns_servers", "domain", "options", "routers")  # of a reservation, or a class
_NOTHING = (None, [], ())  # an option with such a value is not sent
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
    """Check everything and set the attributes of `config` that class Config lists.

    address, pool   as for Config
    settings        dict of the keywords given
    The first setting that is wrong: ValueError.
    """
    try:
        values = _with_defaults(settings)
        _network(config, address)
        _pool(config, pool)
        _times(config, values)
        _switches(config, values)
        config.max_message = _named("max_message", within, values["max_message"], "300..1472")
        config.hostname_bytes = _named("hostname_bytes", within, values["hostname_bytes"], "0..63")
        _per_device(config, values["leases_per_device"])
        config.reservations = _reservations(config, values["reservations"])
        _boot(config, values)
        config.relays = _relays(values["relays"])
        _slots(config)
        _options(config, address, values, settings)
    finally:
        if sys.implementation.name == "micropython":
            _forget()


def _forget():
    """Drop this module and those it needs, so that the garbage collector can have them."""
    package, _, own = __name__.rpartition(".")
    for name in (own, "options", "text"):
        if sys.modules.pop(f"{package}.{name}", None):  # the built package has them in one file
            delattr(sys.modules[package], name)


def _named(name, function, *arguments):
    """Return function(*arguments); its ValueError gets the setting's name in front."""
    try:
        return function(*arguments)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


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
        setattr(config, name, _named(name, within, values[name], _SECONDS))
    config.max_lease_s = -1
    if values["max_lease_s"] is not None:
        config.max_lease_s = _named("max_lease_s", within, values["max_lease_s"], _SECONDS)
        if config.lease_s > config.max_lease_s:
            raise ValueError(f"lease_s: {config.lease_s} is over max_lease_s {config.max_lease_s}")
    if config.lease_s < config.min_lease_s:
        raise ValueError(f"lease_s: {config.lease_s} is under min_lease_s {config.min_lease_s}")


def _network(config, address):
    """Set address, host24, net24_first, net24_last from "192.168.4.1/24"."""
    config.address, prefix = _named("address", cidr, address, "192.168.4.1/24")
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


def _relays(texts):
    """Return the addresses of relay agents, joined."""
    if not isinstance(texts, (list, tuple)):
        raise ValueError(f"relays: {texts!r} is not a list of addresses")
    found = [_unicast("relays", _named("relays", address_bytes, text), text) for text in texts]
    return b"".join(found)


def _host(config, name, text):
    """Return the last three bytes of address `text`, if a client of the subnet may have it."""
    address = _named(name, address_bytes, text)
    host = int.from_bytes(address[1:], "big")
    if address[0] != config.address[0] or not config.net24_first <= host <= config.net24_last:
        raise ValueError(f"{name}: {text} is outside the subnet of the server's address")
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
    config.leases_per_device = _named("leases_per_device", within, most, f"1..{config.pool_n}")


def _reservations(config, table):
    """Return (host24, identity, is a MAC) for each client in `table`, by ascending address."""
    if not isinstance(table, dict):
        raise ValueError(f"reservations: {table!r} is not a dict of MAC or client id to address")
    found = []
    slots = config.pool_n
    for keys in table:
        address = table[keys]
        if isinstance(address, dict):
            address = _named(f"reservations: {keys!r}", _own_settings, address)
        host = _host(config, "reservations", address)
        if host not in [other[0] for other in found]:
            slots += not config.first24 <= host < config.first24 + config.pool_n
        for key in keys if isinstance(keys, tuple) else (keys,):
            client = _identity(key)
            if client in [other[1:] for other in found]:
                raise ValueError(f"reservations: {key!r} is a client that has an address already")
            found.append((host,) + client)
    if slots > _MOST_SLOTS:
        raise ValueError(
            f"reservations: {slots} addresses with the pool, at most {_MOST_SLOTS} can be served"
        )
    return tuple(sorted(found))


def _own_settings(entry):
    """Return the address of a reservation that is a dict, checking the names in it."""
    for name in entry:
        if name != "address" and name not in _OWN_SETTINGS:
            known = ", ".join(_OWN_SETTINGS)
            raise ValueError(f"{name}: no such setting; there are address, {known}")
    return entry.get("address")


def _identity(key):
    """Return (bytes, is a MAC) of a reservation's key; client id `01` + MAC is that MAC."""
    try:
        ident = _key_bytes(key)
    except ValueError:
        raise ValueError(
            f"reservations: {key!r} is neither a MAC, 00:00:5e:00:53:01, nor a client id, id:6162"
        ) from None
    is_mac = len(ident) == 6 and (isinstance(key, bytes) or key[:3] != "id:")
    if len(ident) == 7 and ident[0] == 1:
        ident, is_mac = ident[1:], True
    if is_mac and (ident[0] & 1 or not max(ident)):
        raise ValueError(f"reservations: {key!r} is not the MAC of a single device")
    if not 2 <= len(ident) <= 255:  # RFC 2132 section 9.14
        raise ValueError(f"reservations: {key!r} has {len(ident)} bytes, a client id has 2..255")
    return ident, is_mac


def _key_bytes(key):
    """Return the bytes of a key: bytes, "id:" and hex, or six pairs of hex with ":" or "-"."""
    if isinstance(key, bytes):
        return key
    if not isinstance(key, str):
        raise ValueError
    if key[:3] == "id:":
        return unhex(key[3:])
    return mac_bytes(key)


def _prefixes(name, items):
    """Return the bytes of each item, text or 1 to 6 bytes."""
    if not isinstance(items, (list, tuple)):
        raise ValueError(f"{name}: {items!r} is not a list of MACs or of their first bytes")
    found = []
    for item in items:
        try:
            prefix = item if isinstance(item, bytes) else mac_bytes(item, 1)
        except ValueError:
            prefix = b""
        if not 1 <= len(prefix) <= 6:
            raise ValueError(
                f"{name}: {item!r} is neither a MAC, 00:00:5e:00:53:01, nor the start of one"
            )
        found.append(prefix)
    return tuple(found)


def _boot(config, values):
    """Set next_server (4 bytes) and boot_file (bytes) for the fields siaddr and file, or None."""
    config.next_server = config.boot_file = None
    if values["next_server"] is not None:
        config.next_server = _named("next_server", address_bytes, values["next_server"])
    if values["boot_file"] is not None:
        config.boot_file = encode("boot_file", values["boot_file"])[2:]
        if len(config.boot_file) > 127 or 0 in config.boot_file:
            raise ValueError(f"boot_file: {values['boot_file']!r} does not fit the field of 128")


def _slots(config):
    """Set slots, and outside: the addresses behind the pool, last three bytes."""
    outside = []
    for host, _, _ in config.reservations:
        if not 0 <= host - config.first24 < config.pool_n and host not in outside:
            outside.append(host)
    config.outside = array("i", outside)
    config.slots = config.pool_n + len(outside)


def _options(config, address, values, settings):
    """Set common, the set of options for all clients, devices, fixed and sent.

    A set is what a reply may hold: (list of finished options, then 58 and 59; {code: number in the
    list}; bytes for the field `file`, or None).
    """
    own = address[: address.find("/")]
    basic = {}
    for code, name in _BASIC:
        value = own if values[name] is _OWN else values[name]
        if value not in _NOTHING:
            basic[code] = encode(name, value)
    chosen = _chosen(values["options"], settings)
    if config.boot_file:
        chosen[67] = encode("boot_file", values["boot_file"])
    _replace(basic, chosen)
    if config.next_server:
        _outside_pool(config, "next_server", config.next_server)
    times = [bytearray(b"\x3a\x04\0\0\0\0"), bytearray(b"\x3b\x04\0\0\0\0")]
    config.common = _set(config, _in_order(config, basic, chosen), times)

    def own_set(entry):
        return _set(config, _own_tlvs(config, entry, basic, chosen), times)

    config.devices = _devices(config, values, own_set)
    sets = [config.common]
    if config.devices:
        sets += list(config.devices.own.values())
        sets += [own for _, own in config.devices.classes]
    config.sent = bytearray(max([len(own[0]) for own in sets]))
    config.fixed = b"\x63\x82\x53\x63\x35\x01\x00\x36\x04" + config.address


def _set(config, tlvs, times):
    """Return the set of these options; a boot file of 127 bytes at most goes into `file` too."""
    boot_file = config.boot_file
    for tlv in tlvs:
        code, name, kind, _ = find(tlv[0])
        if kind in ("ip", "ips") and code not in (1, 28):
            _outside_pool(config, name, tlv[2:])
            if code == 3:
                _on_subnet(config, tlv[2:])
        if code == 67 and len(tlv) <= 129 and 0 not in tlv[2:]:
            boot_file = tlv[2:]
    options = list(tlvs) + times
    return options, {tlv[0]: number for number, tlv in enumerate(options)}, boot_file


def _devices(config, values, own_set):
    """Return the Devices of the settings, None if nothing is set for any.

    own_set   function that returns the set of options of a reservation's or a class's entry
    """
    allow = None if values["allow"] is None else _prefixes("allow", values["allow"])
    deny = _prefixes("deny", values["deny"])
    own = {}
    slots, keys = _reserved(config)
    for entry in values["reservations"].values():
        if isinstance(entry, dict) and len(entry) > 1:
            slot = _slot(config, _host(config, "reservations", entry["address"]))
            options = own_set(entry)
            if own.get(slot, options)[0] != options[0]:
                raise ValueError(f"reservations: {entry['address']} has two lists of options")
            own[slot] = options
    classes = []
    if not isinstance(values["classes"], (list, tuple)):
        raise ValueError(f"classes: {values['classes']!r} is not a list of dicts")
    for entry in values["classes"]:
        conditions = _named("classes", _conditions, entry)
        classes.append((conditions, _named("classes", own_set, entry)))
    if allow is None and not deny and not slots and not classes:
        return None
    from .devices import Devices

    return Devices(allow, deny, slots, keys, own, classes)


def _slot(config, host):
    """Return the slot of a reserved address, last three bytes."""
    if host in list(config.outside):
        return config.pool_n + list(config.outside).index(host)
    return host - config.first24


def _reserved(config):
    """Return (slots, keys): for each client of a reservation its slot, and its client key."""
    slots = bytearray()
    keys = bytearray()
    key = bytearray(8)
    for host, identity, is_mac in config.reservations:
        slots.append(_slot(config, host))
        option = (b"\x01" if is_mac else b"") + identity
        client_key(b"\0" + bytes((len(option),)) + option, 1, key)
        keys.extend(key)
    return bytes(slots), bytes(keys)


def _conditions(entry):
    """Return ((code, bytes), …): how options must begin in the messages of a class of clients."""
    if not isinstance(entry, dict):
        raise ValueError(f"{entry!r} is not a dict")
    found = []
    for name in entry:
        value = entry[name]
        if name == "architecture":
            found.append((93, within(value, "0..65535").to_bytes(2, "big")))
        elif name in _CLASSES:
            found.append((_CLASSES[name], encode(_CLASSES[name], value)[2:]))
        elif name not in _OWN_SETTINGS:
            known = ", ".join(sorted(list(_CLASSES) + list(_OWN_SETTINGS)))
            raise ValueError(f"{name}: no such setting; there are architecture, {known}")
    if not found:
        raise ValueError("none of architecture, user_class, vendor_class is given")
    return tuple(found)


def _outside_pool(config, name, addresses):
    """Raise ValueError for one of the addresses that is in the pool and not reserved."""
    reserved = [host for host, _, _ in config.reservations]
    for at in range(0, len(addresses), 4):
        host = int.from_bytes(addresses[at + 1 : at + 4], "big")
        if addresses[at] == config.address[0] and host not in reserved:
            if config.first24 <= host < config.first24 + config.pool_n:
                text = address_text(addresses, at)
                raise ValueError(f"{name}: {text} is in the pool, where any client could get it")


def _on_subnet(config, addresses):
    """Raise ValueError for a router that no client could reach."""
    for at in range(0, len(addresses), 4):
        if addresses[at : at + 4] != config.address and not config.on_link(addresses, at):
            text = address_text(addresses, at)
            raise ValueError(f"routers: {text} is outside the subnet of the server's address")


def _own_tlvs(config, entry, basic, chosen):
    """Return the finished options for a reservation or class: the common ones, and its own.

    entry   its settings
    """
    own = _chosen(entry.get("options", {}), entry, True)
    basic = _replace(dict(basic), own)
    chosen = _replace(dict(chosen), own)
    for code in own:
        if own[code]:
            chosen[code] = own[code]
    for code, name in _BASIC:
        if name in entry:
            basic.pop(code, None)
            chosen.pop(code, None)
            if entry[name] not in _NOTHING:
                basic[code] = encode(name, entry[name])
    return _in_order(config, basic, chosen)


def _replace(options, others):
    """Return `options` without those that `others` has."""
    for code in others:
        options.pop(code, None)
    return options


def _in_order(config, basic, chosen):
    """Return the finished options: 1, 3, 6, 15, 28, the user's by ascending code, 108 last.

    The mask comes before the routers (RFC 2132 section 3.3).  108 is last because it is sent
    only to a client that asks for it (RFC 8925 section 3.3).
    """
    mask = 0xFFFFFFFF - config.net24_last + config.net24_first
    tlvs = [b"\1\4" + mask.to_bytes(4, "big")]
    tlvs += [basic[code] for code in sorted(basic)]
    tlvs.append(b"\x1c\4" + config.address[:1] + config.net24_last.to_bytes(3, "big"))
    tlvs += [chosen[code] for code in sorted(chosen) if code != 108]
    if 108 in chosen:
        tlvs.append(chosen[108])
    return tuple(tlvs)


def _chosen(table, settings, may_be_nothing=False):
    """Return {code: finished option} for the setting `options`.

    settings         names that are given as settings beside it
    may_be_nothing   for a reservation: a value may be None or [], which makes a None
    """
    if not isinstance(table, dict):
        raise ValueError(f"options: {table!r} is not a dict of name or code to value")
    chosen = {}
    for key in table:
        code, name, _, _ = find(key)
        if code in chosen:
            raise ValueError(f"options: {name or key} ({code}) is given twice")
        if code in (1, 28):
            raise ValueError(f"options: {name} ({code}) follows from address")
        if name in settings:
            raise ValueError(f"options: {name} ({code}) is also given as a setting")
        value = table[key]
        nothing = may_be_nothing and value in _NOTHING
        chosen[code] = None if nothing else encode(key, value)
    return chosen
