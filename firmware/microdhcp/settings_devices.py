"""The rules about settings for single devices: reservations, classes, allow and deny.

Loaded only where one of these is given, and dropped with the other rules (settings.py).
"""

from ._compat import const
from .message import client_key
from .parse import host24, mac_bytes, named, unhex, within

_MOST_SLOTS = const(254)  # a slot number is one byte in the lease table
_CLASSES = {"vendor_class": 60, "user_class": 77}
_OWN_SETTINGS = ("dns_servers", "domain", "options", "routers")  # of a reservation, or a class


def reservations(config, table):
    """Return (host24, identity, is a MAC) for each client in `table`, by ascending address."""
    if not isinstance(table, dict):
        raise ValueError(f"reservations: {table!r} is not a dict of MAC or client id to address")
    found = []
    slots = config.pool_n
    for keys in table:
        address = table[keys]
        if isinstance(address, dict):
            address = named(f"reservations: {keys!r}", _own_settings, address)
        host = host24(config, "reservations", address)
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


def devices(config, values, basic, chosen):
    """Set devices, the Devices of the settings, and sent.

    basic, chosen   the options for all, see settings_options.set_of()
    """
    from .devices import Devices
    from .settings_options import set_of

    def own_set(entry):
        own_basic, own_chosen = _own_options(entry, basic, chosen)
        return set_of(config, own_basic, own_chosen, config.common[0][-2:])

    allow = None if values["allow"] is None else _prefixes("allow", values["allow"])
    deny = _prefixes("deny", values["deny"])
    own = {}
    slots, keys = _reserved(config)
    for entry in values["reservations"].values():
        if isinstance(entry, dict) and len(entry) > 1:
            slot = _slot(config, host24(config, "reservations", entry["address"]))
            options = own_set(entry)
            if own.get(slot, options)[0] != options[0]:
                raise ValueError(f"reservations: {entry['address']} has two lists of options")
            own[slot] = options
    classes = []
    if not isinstance(values["classes"], (list, tuple)):
        raise ValueError(f"classes: {values['classes']!r} is not a list of dicts")
    for entry in values["classes"]:
        conditions = named("classes", _conditions, entry)
        classes.append((conditions, named("classes", own_set, entry)))
    config.devices = Devices(allow, deny, slots, keys, own, classes)
    sets = [config.common] + list(own.values()) + [options for _, options in classes]
    config.sent = bytearray(max([len(options[0]) for options in sets]))


def _own_options(entry, basic, chosen):
    """Return what `basic` and `chosen` are for a reservation or class with these settings.

    See settings_options.py: {code: finished option} of the settings, and of the setting `options`.
    """
    from .options import SETTINGS, encode
    from .settings_options import NOTHING, chosen_of, without

    own = chosen_of(entry.get("options", {}), entry, True)
    basic = without(dict(basic), own)
    chosen = without(dict(chosen), own)
    for code in own:
        if own[code]:
            chosen[code] = own[code]
    for code, name, _, _ in SETTINGS[:3]:
        if name in entry:
            basic.pop(code, None)
            chosen.pop(code, None)
            if entry[name] not in NOTHING:
                basic[code] = encode(name, entry[name])
    return basic, chosen


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
    from .options import encode

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
