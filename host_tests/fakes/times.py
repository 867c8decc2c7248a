"""The module `time`: ticks that wrap, and sleeping."""

import types

PERIOD = 1 << 30  # MP py/mpconfig.h:1925: ticks_ms wraps after 12.4 days
_HALF = PERIOD >> 1
_CALL_US = 5


def module(board):
    """Return the module `time` of a board; board.ticks_offset_ms is what ticks began with."""

    def ticks_us():
        board.spend(_CALL_US)
        return (board.now_us + board.ticks_offset_ms * 1000) % PERIOD

    def ticks_ms():
        board.spend(_CALL_US)
        return (board.now_us // 1000 + board.ticks_offset_ms) % PERIOD

    def ticks_add(ticks, delta):
        if not -_HALF < delta < _HALF:  # MP extmod/modtime.c
            raise OverflowError("ticks interval overflow")
        return (ticks + delta) % PERIOD

    def ticks_diff(end, start):
        return (end - start + _HALF) % PERIOD - _HALF

    def sleep_us(us):
        board.block(lambda: False, board.now_us + max(0, us))

    return types.SimpleNamespace(
        ticks_us=ticks_us,
        ticks_ms=ticks_ms,
        ticks_add=ticks_add,
        ticks_diff=ticks_diff,
        sleep_us=sleep_us,
        sleep_ms=lambda ms: sleep_us(ms * 1000),
        sleep=lambda s: sleep_us(int(s * 1_000_000)),
        time=lambda: board.now_us // 1_000_000,
    )
