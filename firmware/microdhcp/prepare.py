"""What the tables of a server are made of, worked out once from checked settings.

Runs as the last step of a `Config` and then leaves memory with the other rules.
"""

from array import array

from ._compat import const
from .hot import client_key, spread

_T1 = const(b"\x3a\x04\0\0\0\0")  # 58 and 59: the values are filled in for each reply
_T2 = const(b"\x3b\x04\0\0\0\0")
_HEAD = const(44)  # op to chaddr
_COOKIE = const(236)
_SHORTEST = const(300)


def tables(config):
    """Set what Leases and Reply take from a `config` whose other attributes are set."""
    _slots(config)
    _reserved(config)
    _options(config)


def _slots(config):
    """Set slots, outside (addresses behind the pool, last three bytes) and buckets."""
    outside = [
        host
        for host, _, _ in config.reservations
        if not 0 <= host - config.first24 < config.pool_n
    ]
    config.outside = array("i", outside)
    config.slots = config.pool_n + len(outside)
    config.buckets = 8  # of the hash index of client keys: a power of two
    while config.buckets < config.slots:
        config.buckets *= 2


def _reserved(config):
    """Set reserved_slots, reserved_keys (as hot.client_key makes them), and their hash index.

    reserved_heads has the first reservation of each bucket, reserved_chain the next one.
    """
    slots = bytearray()
    keys = array("i", [])
    key = array("i", (0, 0))
    outside = list(config.outside)
    heads = bytearray(b"\xff" * (config.buckets if config.reservations else 0))
    chain = bytearray(len(config.reservations))
    for i, (host, identity, is_mac) in enumerate(config.reservations):
        if host in outside:
            slots.append(config.pool_n + outside.index(host))
        else:
            slots.append(host - config.first24)
        option = (b"\x01" if is_mac else b"") + identity
        client_key(b"\0" + bytes((len(option),)) + option, 1, key)
        keys.extend(key)
        bucket = spread(key[0], key[1]) & (len(heads) - 1)
        chain[i] = heads[bucket]
        heads[bucket] = i
    config.reserved_slots = bytes(slots)
    config.reserved_keys = keys
    config.reserved_heads = bytes(heads)
    config.reserved_chain = bytes(chain)


def _options(config):
    """Set options, a list of everything a reply may hold, number_of, by code, and blank.

    own_options is {slot: (options, number_of)} for the reservations that have their own; unsent
    has a zero for each option of the longest list; blank is a reply of 300 bytes without
    parameters, from sname on.
    """
    times = [bytearray(_T1), bytearray(_T2)]
    config.options, config.number_of = _numbered(config.tlvs, times)
    config.unsent = bytes(len(config.options))
    config.own_options = {}
    for slot, (host, _, _) in zip(config.reserved_slots, config.reservations):
        if host in config.own_tlvs:
            own = config.own_options[slot] = _numbered(config.own_tlvs[host], times)
            config.unsent = bytes(max(len(config.unsent), len(own[0])))
    del config.own_tlvs
    fixed = b"\x63\x82\x53\x63\x35\x01\x00\x36\x04" + config.address
    blank = bytes(_COOKIE - _HEAD) + fixed
    config.blank = blank + bytes(_SHORTEST - _HEAD - len(blank))


def _numbered(tlvs, times):
    """Return (list of finished options and times, {code: number in the list})."""
    options = list(tlvs) + times
    return options, {tlv[0]: number for number, tlv in enumerate(options)}
