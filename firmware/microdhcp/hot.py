"""The few functions that run for every packet and cost the most time.

Rules: plain functions on buffers and small ints, without attributes, allocation or more than five
arguments, so that they can be compiled to machine code.  Nothing here raises on any packet.
"""

from ._compat import const

_PAD = const(0)
_END = const(255)
_HIGHEST = const(82)  # the highest option code the server looks at
_DIGEST = const(1 << 24)  # marks a key that is a digest, so that it never equals a MAC address

_NONE = const(255)  # "no slot"; slots are 0..253

# Entries of `at`.
_REQUESTED = const(1)  # 50
_LEASE_TIME = const(2)  # 51
_OVERLOAD = const(3)  # 52
_TYPE = const(4)  # 53
_SERVER_ID = const(5)  # 54
_PARAMETERS = const(6)  # 55
_MAX_SIZE = const(7)  # 57
_CLIENT_ID = const(8)  # 61
_AGENT_INFO = const(10)  # 82

_ACK = const(5)
_ANSWERED = const(0x19A)  # a bit for each type that clients send to servers: 1, 3, 4, 7, 8

# Which entry of `at` notes an option, by code; 0: an option that the server does not read.
# 1: 50   2: 51   3: 52   4: 53   5: 54   6: 55   7: 57   8: 61   9: 80   10: 82   11: 12   12: 81
ENTRY = (
    bytes(12)
    + b"\x0b"
    + bytes(37)
    + b"\x01\x02\x03\x04\x05\x06\x00\x07\x00\x00\x00\x08"
    + bytes(18)
    + b"\x09\x0c\x0a"
)


def scan(rx, n, at, entry_of):
    """Read the message in rx[:n]; return its type, 1, 3, 4, 7 or 8, or 0 when it needs more care.

    at, entry_of  as for walk(); at is emptied first
    More care: an option that comes in pieces, or options in file and sname.  What cannot be
    answered at all gets the negative of its number in wire._FAULTS.
    """
    if n < 243:  # no room for a message type
        return -1
    if rx[0] != 1:
        return -2
    if rx[236] != 0x63 or rx[237] != 0x82 or rx[238] != 0x53 or rx[239] != 0x63:
        return -3
    if rx[1] == 1:  # Ethernet: a group address is nobody's own
        if rx[2] != 6 or rx[28] & 1:
            return -4
    elif not 0 < rx[2] <= 16:
        return -4
    if not (rx[33] or rx[32] or rx[31] or rx[30] or rx[29] or rx[28]):
        return -4
    at[1] = at[2] = at[3] = at[4] = at[5] = at[6] = 0
    at[7] = at[8] = at[9] = at[10] = at[11] = at[12] = 0
    start = walk(rx, 240, n, at, entry_of)
    if start < 0:
        return -5
    if start or at[_OVERLOAD]:
        return 0
    return kind(rx, at)


def kind(rx, at):
    """Return the type of the message whose options are in `at`, or as scan() what is wrong.

    What has one length only must have it; the rest of the server relies on that.
    """
    i = at[_REQUESTED]
    if i and rx[i] != 4:
        return -6
    i = at[_LEASE_TIME]
    if i and rx[i] != 4:
        return -6
    i = at[_SERVER_ID]
    if i and rx[i] != 4:
        return -6
    i = at[_MAX_SIZE]
    if i and rx[i] != 2:
        return -6
    i = at[_TYPE]
    if not i:
        return -7
    if rx[i] != 1:
        return -6
    i = rx[i + 1]
    return i if i < 9 and _ANSWERED >> i & 1 else -7


def walk(rx, start, end, at, entry_of):
    """Note in `at` where the length bytes of the options in rx[start:end] are.

    at        array("H"), one entry for each option that matters, 0 where not seen
    entry_of  ENTRY, which says which
    Returns 0 when the area is read, -1 when an option runs past its end, otherwise the offset of
    the length byte of an option that was seen before: go on from behind it.
    PAD and END: RFC 2132 sections 3.1, 3.2.
    """
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
    """Return the hash of a client key, 16 bits: it gives the bucket, and the slot tried first."""
    return (a ^ b ^ (b >> 7) ^ (a >> 13)) & 0xFFFF


def client_key(rx, at, key):
    """Write the key of the client that sent rx to key: two numbers that tell clients apart.

    rx      a DHCP message
    at      offset of the length byte of option 61, 0 for none: htype and chaddr (RFC 2131 4.2)
    key     array("i") of two, each gets 0..2**30 - 1
    An Ethernet address is kept as it is, whether it is in chaddr or, behind type 1, in option 61;
    anything else becomes a digest of 48 bits.
    """
    if at:
        start = at + 1
        end = start + rx[at]
        mac_at = start + 1 if rx[at] == 7 and rx[start] == 1 else 0
    else:
        start = 28
        end = start + rx[2]
        mac_at = start if rx[1] == 1 else 0
    if mac_at:
        a = rx[mac_at] << 16 | rx[mac_at + 1] << 8 | rx[mac_at + 2]
        b = rx[mac_at + 3] << 16 | rx[mac_at + 4] << 8 | rx[mac_at + 5]
    else:
        a = 0x1505
        b = (0 if at else rx[1] + 1) + end - start  # an identifier and a chaddr make two keys
        while start < end:
            byte = rx[start]
            a = ((a << 5 & 0xFFFFFF | a >> 19) ^ byte) * 37 + (b >> 5) & 0xFFFFFF
            b = ((b << 6 & 0xFFFFFF | b >> 18) + byte * 251 ^ a) & 0xFFFFFF
            start += 1
        a |= _DIGEST
    key[0] = a
    key[1] = b


def find(a, b, heads, chain, keys):
    """Return the slot that holds the client key a, b, -1 when none does.

    heads   the first slot of each bucket; a power of two
    chain   for each slot the next one of its bucket
    keys    array("i"), two numbers for each slot
    """
    slot = heads[spread(a, b) & (len(heads) - 1)]
    while slot != _NONE:
        if keys[slot + slot] == a and keys[slot + slot + 1] == b:
            return slot
        slot = chain[slot]
    return -1


def link(slot, queue, until_s, rings):
    """Put a slot into a queue, by its time, behind its equals; look from the nearer end.

    rings   for each queue the first slot, for each slot the next and the one before, array("i")
            with each slot's time: what is first ends first
    """
    first, after_of, before_of, until_of = rings
    until_of[slot] = until_s
    head = first[queue]
    if head == _NONE:
        first[queue] = after_of[slot] = before_of[slot] = slot
        return
    at = before_of[head]
    if until_s < until_of[head]:
        first[queue] = slot
    elif until_of[at] - until_s > until_s - until_of[head]:
        at = head
        while until_of[after_of[at]] <= until_s:
            at = after_of[at]
    else:
        while until_of[at] > until_s:
            at = before_of[at]
    after = after_of[at]
    after_of[at] = before_of[after] = slot
    before_of[slot] = at
    after_of[slot] = after


def relink(slot, old, queue, until_s, rings):
    """Move a slot from the queue `old` to a queue, which may be the same, with a new time."""
    first, after_of, before_of, until_of = rings
    after = after_of[slot]
    if old == queue and after == first[queue] and until_s >= until_of[slot]:
        until_of[slot] = until_s  # the last stays the last
        return
    if after == slot:
        first[old] = _NONE
    else:
        before = before_of[slot]
        after_of[before] = after
        before_of[after] = before
        if first[old] == slot:
            first[old] = after
    link(slot, queue, until_s, rings)


def begin(tx, head, blank, kind, host24):
    """Write what every reply has: the head of the request, and 300 bytes without parameters.

    head    the request from op to chaddr, 44 bytes
    blank   a reply from there on; our address is in its option 54
    host24  last three bytes of yiaddr, -1: there is none
    """
    tx[0:44] = head
    tx[44:300] = blank
    tx[12:24] = b"\0\0\0\0\0\0\0\0\0\0\0\0"  # ciaddr, yiaddr, siaddr
    tx[0] = 2
    tx[3] = tx[8] = tx[9] = 0  # hops, secs
    tx[242] = kind
    if host24 >= 0:
        tx[16] = tx[245]
        tx[17] = host24 >> 16
        tx[18] = host24 >> 8 & 255
        tx[19] = host24 & 255


def again(buffers, kind, host24, asked, block):
    """Write a whole reply whose lease and parameters are known; return its length, or 0: not so.

    buffers  (tx, rx, at, chaddr, head, blank, mac_id: 3d 07 01 and six bytes)
    asked    the option 55 that brings `block`, from its length byte on
    Not so: another option 55, an option 82 to be echoed, or not room for all of it.
    """
    tx, rx, at, chaddr, head, blank, mac_id = buffers
    start = at[_PARAMETERS]
    if not start or at[_AGENT_INFO]:
        return 0
    if rx.find(asked, start, start + 1 + rx[start]) != start:
        return 0
    end = 249 + len(block)
    id_at = at[_CLIENT_ID]
    id_n = rx[id_at] + 2 if id_at else 0
    room = len(tx) - id_n
    if room < 261 or end + 4 > room:
        return 0
    begin(tx, head, blank, kind, host24)
    if kind == _ACK and (rx[12] or rx[13] or rx[14] or rx[15]):
        copy(tx, 12, rx, 12, 4)
    tx[249:end] = block
    if id_n:
        mac_id[3:9] = chaddr
        if id_n == 9 and rx.find(mac_id, id_at - 1, id_at + 8) >= 0:
            tx[end : end + 9] = mac_id
        else:
            tx[end] = 61
            copy(tx, end + 1, rx, id_at, id_n - 1)
    end += id_n
    tx[end] = _END
    return end + 1 if end >= 300 else 300


def same(a, i, b, j, n):
    """Return whether a[i:i + n] equals b[j:j + n]."""
    while n:
        n -= 1
        if a[i + n] != b[j + n]:
            return False
    return True


def copy(a, i, b, j, n):
    """Copy b[j:j + n] to a[i:i + n], the last byte first."""
    while n:
        n -= 1
        a[i + n] = b[j + n]


try:
    from .hot_viper import (  # noqa: F401
        again,
        begin,
        client_key,
        copy,
        find,
        kind,
        link,
        relink,
        same,
        scan,
        walk,
    )
except (ImportError, SyntaxError, ValueError):  # not in this build, or for another core
    pass
