"""Simulated time: a queue of events, in order."""

import heapq
import itertools
import random

DAY_S = 86400


class World:
    """A clock that jumps from one event to the next.

    now     seconds, a float
    chance  random.Random: the only source of chance, so that a seed tells the whole story
    """

    def __init__(self, seed):
        self.now = 0.0
        self.chance = random.Random(seed)
        self._events = []
        self._numbers = itertools.count()

    def clock(self):
        """Return now, as time.monotonic() would."""
        return self.now

    def later(self, delay_s, function, *arguments):
        """Have function(*arguments) called in delay_s seconds."""
        event = self.now + delay_s, next(self._numbers), function, arguments
        heapq.heappush(self._events, event)

    def run(self, until_s):
        """Let time pass until until_s."""
        events = self._events
        while events and events[0][0] <= until_s:
            self.now, _, function, arguments = heapq.heappop(events)
            function(*arguments)
        self.now = until_s
