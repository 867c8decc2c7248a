"""The few functions that run for every packet and cost the most time.

Rules of this file: plain functions on buffers and small ints, no attributes, no allocation, at most five arguments:
each has a twin in machine code for boards, and the two are tested equal.  Nothing here raises on any packet.
"""

from microdhcp._compat import const

_PAD = const(0)
_END = const(255)
_HIGHEST = const(82)  # the highest option code the server looks at
_DIGEST = const(1 << 24)  # marks a key that is a digest, so that it never equals a MAC address

NONE = const(255)  # "no slot"; slots are 0..253

# Which entry of `at` notes an option; 0: an option that the server does not read.
_ENTRY = bytearray(_HIGHEST + 1)
for _entry, _code in enumerate(b"\x32\x33\x34\x35\x36\x37\x39\x3d\x50\x52"):
    _ENTRY[_code] = _entry + 1


def entry(code):
    """Return the entry of `at` for an option code up to 82."""
    return _ENTRY[code]


def walk(rx, start, end, at):
    """Note in `at` where the length bytes of the options in rx[start:end] are.

    at      array("H"); the entry of an option is its place in 50 51 52 53 54 55 57 61 80 82, counted from 1
    Returns 0 when the area is read, -1 when an option runs past its end, otherwise the offset of the length byte
    of an option that was seen before: go on from behind it.  PAD and END: RFC 2132 sections 3.1, 3.2.
    """
    entry_of = _ENTRY
    while start < end:
        code = rx[start]
        if code == _END:
            return 0
        start += 1
        if code == _PAD:
            continue
        if start >= end:
            return -1
        length_at = start
        start += 1 + rx[start]
        if start > end:
            return -1
        if code <= _HIGHEST:
            entry = entry_of[code]
            if entry:
                if at[entry]:
                    return length_at
                at[entry] = length_at
    return 0


def spread(a, b):
    """Return the hash of a client key, from which the index and the first choice of a slot are taken."""
    return (a ^ b ^ (b >> 7) ^ (a >> 13)) & 0xFFFF


def client_key(rx, id_at, key):
    """Write the key of the client that sent rx to key[0] and key[1], and its hash to key[2].

    rx      a DHCP message
    id_at   offset of the length byte of option 61, 0 for none
    key     array("i") of three; two numbers below 2**30 that tell clients apart
    An Ethernet address is kept as it is, whether it stands in chaddr or behind type 1 in option 61; anything else is
    a digest of 48 bits (RFC 2131 section 4.2).
    """
    if id_at:
        start = id_at + 1
        end = start + rx[id_at]
        mac_at = start + 1 if rx[id_at] == 7 and rx[start] == 1 else 0
    else:
        start = 28
        end = start + rx[2]
        mac_at = start if rx[1] == 1 else 0
    if mac_at:
        a = rx[mac_at] << 16 | rx[mac_at + 1] << 8 | rx[mac_at + 2]
        b = rx[mac_at + 3] << 16 | rx[mac_at + 4] << 8 | rx[mac_at + 5]
    else:
        a = 0x1505
        b = 0 if id_at else rx[1]
        while start < end:
            a = ((a ^ rx[start]) * 61 + (a >> 12)) & 0xFFFFFF
            b = ((b + rx[start]) * 59 ^ (b >> 10)) & 0xFFFFFF
            start += 1
        a |= _DIGEST
    key[0] = a
    key[1] = b
    key[2] = spread(a, b)


def find(slot, key, chain, keys):
    """Return the first slot that holds `key`, going along the chain from `slot`; NONE when there is none.

    chain   for each slot the next one of its bucket
    keys    array("i"), two numbers for each slot
    """
    a = key[0]
    b = key[1]
    while slot != NONE:
        if keys[slot + slot] == a and keys[slot + slot + 1] == b:
            break
        slot = chain[slot]
    return slot


def same(a, a_at, b, b_at, n):
    """Return whether the n bytes of `a` from a_at are those of `b` from b_at."""
    while n:
        n -= 1
        if a[a_at + n] != b[b_at + n]:
            return False
    return True


def copy(to, to_at, source, source_at, n):
    """Copy n bytes of `source` from source_at into `to` from to_at."""
    while n:
        n -= 1
        to[to_at + n] = source[source_at + n]
