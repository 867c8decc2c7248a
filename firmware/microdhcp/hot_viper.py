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
_MAX_SIZE = const(7)
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
def find(slot: int, a: int, b: int, chain_, keys_) -> int:
    """See hot.find."""
    chain = ptr8(chain_)
    keys = ptr32(keys_)
    while slot != _NONE:
        if keys[slot + slot] == a and keys[slot + slot + 1] == b:
            break
        slot = chain[slot]
    return slot


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
