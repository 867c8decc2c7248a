"""Emulated time, and the events to come."""

import heapq
import itertools


class Alarm:
    """Something that will happen, unless cancel() is called before."""

    def __init__(self, function):
        self.function = function

    def cancel(self):
        """Let it not happen."""
        self.function = None


class Clock:
    """Microseconds since power-on, which go by only in advance()."""

    def __init__(self):
        self.now_us = 0
        self._alarms = []
        self._order = itertools.count()

    def after(self, us, function):
        """Call function() in `us` microseconds; return its Alarm."""
        alarm = Alarm(function)
        heapq.heappush(self._alarms, (self.now_us + us, next(self._order), alarm))
        return alarm

    def next_us(self, limit_us):
        """Return when something happens next, at most limit_us."""
        return min(self._alarms[0][0], limit_us) if self._alarms else limit_us

    def advance(self, to_us):
        """Let time pass until to_us, and run the events that are due."""
        while self._alarms and self._alarms[0][0] <= to_us:
            at_us, _, alarm = heapq.heappop(self._alarms)
            self.now_us = max(self.now_us, at_us)
            if alarm.function:
                alarm.function()
        self.now_us = max(self.now_us, to_us)
