"""The functions of `hot` once more for @micropython.viper: machine code of a board's own core.

Part of the FAST build only.  Each does exactly what its twin in `hot` does, and is documented
there; the tests run both on every packet they have.  Viper wants types of arguments, and buffers
as pointers: these check no bounds, and ptr16 and ptr32 need the alignment of an array.
"""

import micropython

from ._compat import const

_PAD = const(0)
_END = const(255)
_HIGHEST = const(82)
_DIGEST = const(1 << 24)
_NONE = const(255)
_ENTRIES = const(13)
_REQUESTED = const(1)
_LEASE_TIME = const(2)
_OVERLOAD = const(3)
_TYPE = const(4)
_SERVER_ID = const(5)
_PARAMETERS = const(6)
_MAX_SIZE = const(7)
_CLIENT_ID = const(8)
_AGENT_INFO = const(10)
_ACK = const(5)
_ANSWERED = const(0x19A)


@micropython.viper
def scan(rx_, n: int, at_, entry_of) -> int:  # noqa: C901
    """See hot.scan."""
    rx = ptr8(rx_)
    at = ptr16(at_)
    if n < 243:
        return -1
    if rx[0] != 1:
        return -2
    if rx[236] != 0x63 or rx[237] != 0x82 or rx[238] != 0x53 or rx[239] != 0x63:
        return -3
    hlen = rx[2]
    if rx[1] == 1:
        if hlen != 6 or rx[28] & 1:
            return -4
    elif hlen == 0 or hlen > 16:
        return -4
    if (rx[28] | rx[29] | rx[30] | rx[31] | rx[32] | rx[33]) == 0:
        return -4
    entry = 0
    while entry < _ENTRIES:
        at[entry] = 0
        entry += 1
    start = int(walk(rx_, 240, n, at_, entry_of))
    if start < 0:
        return -5
    if start or at[_OVERLOAD]:
        return 0
    return int(kind(rx_, at_))


@micropython.viper
def kind(rx_, at_) -> int:
    """See hot.kind."""
    rx = ptr8(rx_)
    at = ptr16(at_)
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


@micropython.viper
def walk(rx_, start: int, end: int, at_, entry_of_) -> int:
    """See hot.walk."""
    rx = ptr8(rx_)
    at = ptr16(at_)
    entry_of = ptr8(entry_of_)
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


@micropython.viper
def client_key(rx_, at: int, key_):
    """See hot.client_key."""
    rx = ptr8(rx_)
    key = ptr32(key_)
    start = 28
    end = start + rx[2]
    mac_at = start if rx[1] == 1 else 0
    if at:
        start = at + 1
        end = start + rx[at]
        mac_at = start + 1 if rx[at] == 7 and rx[start] == 1 else 0
    if mac_at:
        a = rx[mac_at] << 16 | rx[mac_at + 1] << 8 | rx[mac_at + 2]
        b = rx[mac_at + 3] << 16 | rx[mac_at + 4] << 8 | rx[mac_at + 5]
    else:
        a = 0x1505
        b = (0 if at else rx[1] + 1) + end - start
        while start < end:
            byte = rx[start]
            a = ((a << 5 & 0xFFFFFF | a >> 19) ^ byte) * 37 + (b >> 5) & 0xFFFFFF
            b = ((b << 6 & 0xFFFFFF | b >> 18) + byte * 251 ^ a) & 0xFFFFFF
            start += 1
        a |= _DIGEST
    key[0] = a
    key[1] = b


@micropython.viper
def find(a: int, b: int, heads_, chain_, keys_) -> int:
    """See hot.find."""
    heads = ptr8(heads_)
    chain = ptr8(chain_)
    keys = ptr32(keys_)
    slot = heads[(a ^ b ^ (b >> 7) ^ (a >> 13)) & (int(len(heads_)) - 1)]
    while slot != _NONE:
        if keys[slot + slot] == a and keys[slot + slot + 1] == b:
            return slot
        slot = chain[slot]
    return -1


@micropython.viper
def link(slot: int, queue: int, until_s: int, rings):
    """See hot.link."""
    first = ptr8(rings[0])
    after_of = ptr8(rings[1])
    before_of = ptr8(rings[2])
    until_of = ptr32(rings[3])
    until_of[slot] = until_s
    head = first[queue]
    if head == _NONE:
        first[queue] = slot
        after_of[slot] = slot
        before_of[slot] = slot
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
    after_of[at] = slot
    before_of[after] = slot
    before_of[slot] = at
    after_of[slot] = after


@micropython.viper
def relink(slot: int, old: int, queue: int, until_s: int, rings):
    """See hot.relink."""
    first = ptr8(rings[0])
    after_of = ptr8(rings[1])
    before_of = ptr8(rings[2])
    until_of = ptr32(rings[3])
    after = after_of[slot]
    if old == queue and after == first[queue] and until_s >= until_of[slot]:
        until_of[slot] = until_s
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


@micropython.viper
def begin(tx_, head_, blank_, kind: int, host24: int):
    """See hot.begin."""
    tx = ptr8(tx_)
    head = ptr8(head_)
    blank = ptr8(blank_)
    i = 0
    while i < 44:
        tx[i] = head[i]
        i += 1
    while i < 300:
        tx[i] = blank[i - 44]
        i += 1
    i = 12
    while i < 24:
        tx[i] = 0
        i += 1
    tx[0] = 2
    tx[3] = 0
    tx[8] = 0
    tx[9] = 0
    tx[242] = kind
    if host24 >= 0:
        tx[16] = tx[245]
        tx[17] = host24 >> 16
        tx[18] = host24 >> 8 & 255
        tx[19] = host24 & 255


@micropython.viper
def again(buffers, kind: int, host24: int, asked_, block_) -> int:
    """See hot.again."""
    tx = ptr8(buffers[0])
    rx = ptr8(buffers[1])
    at = ptr16(buffers[2])
    asked = ptr8(asked_)
    start = at[_PARAMETERS]
    if start == 0 or at[_AGENT_INFO] != 0:
        return 0
    n = int(len(asked_))
    while n:
        n -= 1
        if rx[start + n] != asked[n]:
            return 0
    n = int(len(block_))
    id_at = at[_CLIENT_ID]
    id_n = rx[id_at] + 2 if id_at else 0
    room = int(len(buffers[0])) - id_n
    if room < 261 or 253 + n > room:
        return 0
    begin(buffers[0], buffers[4], buffers[5], kind, host24)
    if kind == _ACK:
        copy(buffers[0], 12, buffers[1], 12, 4)
    copy(buffers[0], 249, block_, 0, n)
    end = 249 + n
    if id_n:
        tx[end] = 61
        copy(buffers[0], end + 1, buffers[1], id_at, id_n - 1)
    end += id_n
    tx[end] = _END
    return end + 1 if end >= 300 else 300


@micropython.viper
def same(a_, i: int, b_, j: int, n: int) -> bool:
    """See hot.same."""
    a = ptr8(a_)
    b = ptr8(b_)
    while n:
        n -= 1
        if a[i + n] != b[j + n]:
            return False
    return True


@micropython.viper
def copy(a_, i: int, b_, j: int, n: int):
    """See hot.copy."""
    a = ptr8(a_)
    b = ptr8(b_)
    while n:
        n -= 1
        a[i + n] = b[j + n]
