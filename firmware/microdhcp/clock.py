"""Seconds since the start, from a counter of milliseconds that wraps every 12.4 days."""

from time import ticks_add, ticks_diff, ticks_ms

from ._compat import const

_PERIOD = const((1 << 30) - 1)  # of ticks_ms() on boards, as a mask
_NEVER = const((1 << 30) - 1)  # the end of the clock, after 34 years


class Clock:
    """A counter of seconds; now_s() must be called at least once in 12 days.

    seconds   what now_s() has returned last
    """

    def __init__(self):
        self.seconds = 0
        self._last = ticks_ms()

    def now_s(self):
        """Return the seconds since the start, 0..2**30 - 1; never less than before."""
        now_ms = ticks_ms()
        gone_ms = ticks_diff(now_ms, self._last) & _PERIOD
        if gone_ms >= 1000:  # the rest is kept; ticks_add() refuses to add six days and more
            self._last = ticks_add(now_ms, -(gone_ms % 1000))
            self.seconds = min(self.seconds + gone_ms // 1000, _NEVER)
        return self.seconds
