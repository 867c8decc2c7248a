"""The rules about settings that become options, and the sets of options that replies are made of.

Comes after settings.py, and leaves the heap like it.
"""

from .options import SETTINGS, encode, find
from .parse import address_bytes, forget, named

NOTHING = (None, [], ())  # an option with such a value is not sent


def fill(config, values, settings):
    """Check settings and set the attributes of `config` that settings.fill() leaves.

    values     what that returned
    settings   dict of the keywords given
    The first setting that is wrong: ValueError.
    """
    try:
        _boot(config, values)
        _options(config, values, settings)
    finally:
        forget("settings_options", "settings_devices", "options", "option_table", "option_kinds")
        forget("parse")


def _boot(config, values):
    """Set next_server (4 bytes) and boot_file (bytes) for the fields siaddr and file, or None."""
    config.next_server = config.boot_file = None
    if values["next_server"] is not None:
        config.next_server = named("next_server", address_bytes, values["next_server"])
    if values["boot_file"] is not None:
        config.boot_file = encode("boot_file", values["boot_file"])[2:]
        if len(config.boot_file) > 127 or 0 in config.boot_file:
            raise ValueError(f"boot_file: {values['boot_file']!r} does not fit the field of 128")


def _options(config, values, settings):
    """Set common, the set of options for all clients, devices, fixed and sent."""
    basic = {}
    for code, name, _, _ in SETTINGS[:3]:
        if values[name] not in NOTHING:
            basic[code] = encode(name, values[name])
    chosen = chosen_of(values["options"], settings)
    if config.boot_file:
        chosen[67] = encode("boot_file", values["boot_file"])
    without(basic, chosen)
    if config.next_server:
        _outside_pool(config, "next_server", config.next_server)
    times = [bytearray(b"\x3a\x04\0\0\0\0"), bytearray(b"\x3b\x04\0\0\0\0")]
    config.common = set_of(config, basic, chosen, times)
    config.sent = bytearray(len(config.common[0]))
    config.fixed = b"\x63\x82\x53\x63\x35\x01\x00\x36\x04" + config.address
    config.devices = None
    none = config.reservations == () and values["allow"] is None
    if not none or values["deny"] not in ((), []) or values["classes"] not in ((), []):
        from .settings_devices import devices

        devices(config, values, basic, chosen)


def set_of(config, basic, chosen, times):
    """Return the set of these options, dicts {code: finished option}, and of 58 and 59 (times).

    A set is what a reply may hold: (list of finished options, then 58 and 59; {code: number in the
    list}; bytes for the field `file`, or None).  A boot file of 127 bytes at most goes there too.
    """
    boot_file = config.boot_file
    tlvs = _in_order(config, basic, chosen)
    for tlv in tlvs:
        if tlv[0] in (1, 28):  # from address; and find() would load the whole table
            continue
        code, name, kind, _ = find(tlv[0])
        if kind[:2] == "ip":  # ip, ips
            _outside_pool(config, name, tlv[2:])
            if code == 3:
                _on_subnet(config, tlv[2:])
        if code == 67 and len(tlv) <= 129 and 0 not in tlv[2:]:
            boot_file = tlv[2:]
    options = tlvs + times
    return options, {tlv[0]: number for number, tlv in enumerate(options)}, boot_file


def _outside_pool(config, name, addresses):
    """Raise ValueError for one of the addresses that is in the pool and not reserved."""
    reserved = [host for host, _, _ in config.reservations]
    for at in range(0, len(addresses), 4):
        host = int.from_bytes(addresses[at + 1 : at + 4], "big")
        if addresses[at] == config.address[0] and host not in reserved:
            if config.first24 <= host < config.first24 + config.pool_n:
                _refuse(name, addresses, at, "in the pool, where any client could get it")


def _on_subnet(config, addresses):
    """Raise ValueError for a router that no client could reach."""
    for at in range(0, len(addresses), 4):
        if addresses[at : at + 4] != config.address and not config.on_link(addresses, at):
            _refuse("routers", addresses, at, "outside the subnet of the server's address")


def _refuse(name, addresses, at, where):
    """Raise ValueError for an address that is not where it must be."""
    from .text import address_text

    raise ValueError(f"{name}: {address_text(addresses, at)} is {where}")


def without(options, others):
    """Return `options`, a dict, after those that `others` has were taken out of it."""
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
    return tlvs


def chosen_of(table, settings, may_be_nothing=False):
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
        nothing = may_be_nothing and value in NOTHING
        chosen[code] = None if nothing else encode(key, value)
    return chosen
