"""The functions of `hot` once more for @micropython.viper: machine code of a board's own core.

Part of the FAST build only.  Each does exactly what its twin in `hot` does, and is documented
there; the tests run both on every packet they have.  Viper wants types of arguments, and buffers
as pointers: these check no bounds, and ptr16 and ptr32 need the alignment of an array.
"""

import micropython

from ._compat import const

_PAD = const(0)
_END = const(255)
_HIGHEST = const(97)


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
            return -code
        length_at = start
        start += 1 + rx[start]
        if start > end:
            return -code
        if code <= _HIGHEST:
            entry = entry_of[code]
            if entry:
                if at[entry]:
                    return length_at
                at[entry] = length_at
    return 0


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
