"""What the tables of a server are made of, worked out once from checked settings.

Runs as the last step of a `Config` and then leaves memory with the other rules.
"""

from array import array

from ._compat import const
from .hot import client_key

_T1 = const(b"\x3a\x04\0\0\0\0")  # 58 and 59: the values are filled in for each reply
_T2 = const(b"\x3b\x04\0\0\0\0")
_HEAD = const(44)  # op to chaddr
_COOKIE = const(236)
_SHORTEST = const(300)
_BOOT_FILE = const(67)  # an option


def tables(config):
    """Set what Leases and Reply take from a `config` whose other attributes are set."""
    _slots(config)
    _reserved(config)
    _options(config)


def _slots(config):
    """Set slots, and outside: the addresses behind the pool, last three bytes."""
    outside = []
    for host, _, _ in config.reservations:
        if not 0 <= host - config.first24 < config.pool_n and host not in outside:
            outside.append(host)
    config.outside = array("i", outside)
    config.slots = config.pool_n + len(outside)


def _reserved(config):
    """Set reserved_slots, and reserved_keys: for each the client key (hot.client_key)."""
    slots = bytearray()
    keys = bytearray()
    key = bytearray(8)
    outside = list(config.outside)
    for host, identity, is_mac in config.reservations:
        if host in outside:
            slots.append(config.pool_n + outside.index(host))
        else:
            slots.append(host - config.first24)
        option = (b"\x01" if is_mac else b"") + identity
        client_key(b"\0" + bytes((len(option),)) + option, 1, key)
        keys.extend(key)
    config.reserved_slots = bytes(slots)
    config.reserved_keys = bytes(keys)


def _options(config):
    """Set common, own_options {slot: set}, classes, choose, unsent and blank.

    A set is what a reply may hold: (list of finished options, {code: number in the list}, bytes
    for the field `file` or None).  classes is a list of (conditions, set).  unsent has a zero for
    each option of the longest list; blank is a reply of 300 bytes without parameters, from sname
    on.
    """
    times = [bytearray(_T1), bytearray(_T2)]
    config.common = _set(config.tlvs, times, config.boot_file)
    config.own_options = {}
    for slot, (host, _, _) in zip(config.reserved_slots, config.reservations):
        if host in config.own_tlvs:
            config.own_options[slot] = _set(config.own_tlvs[host], times, config.boot_file)
    config.classes = [
        (conditions, _set(tlvs, times, config.boot_file)) for conditions, tlvs in config.class_tlvs
    ]
    sets = [config.common] + list(config.own_options.values()) + [own for _, own in config.classes]
    config.unsent = bytes(max([len(own[0]) for own in sets]))
    config.choose = None
    if len(sets) > 1:
        from .choice import choose

        config.choose = choose
    del config.own_tlvs, config.class_tlvs
    fixed = b"\x63\x82\x53\x63\x35\x01\x00\x36\x04" + config.address
    blank = bytes(_COOKIE - _HEAD) + fixed
    config.blank = blank + bytes(_SHORTEST - _HEAD - len(blank))


def _set(tlvs, times, boot_file):
    """Return the set of these options; a boot file of 127 bytes at most goes into `file` too."""
    options = list(tlvs) + times
    for tlv in tlvs:
        if tlv[0] == _BOOT_FILE and len(tlv) <= 129 and 0 not in tlv[2:]:
            boot_file = tlv[2:]
    return options, {tlv[0]: number for number, tlv in enumerate(options)}, boot_file
