"""Who may be served while the board is part of another network too: associated stations only.

Nothing in a datagram tells which network it came from; its chaddr does, as long as it is in the
list of the stations.  Loaded when the first message has to be looked at.
"""

from time import ticks_add, ticks_diff, ticks_ms

from ._compat import const
from .hot import same

_CHADDR = const(28)
_FRESH_MS = const(1000)  # how long a list is good: a station that left may ask from elsewhere
_EACH_MS = const(250)  # a reading of the list, which takes the chip some 0.3 ms and allocates
_BURST_MS = const(1000)  # four of them may follow each other at once


class Guard:
    """The stations of a port, read again when one is not found, but not for every packet."""

    def __init__(self, port):
        self._port = port
        self._stations = ()
        self._read_ms = self._paid_ms = ticks_add(ticks_ms(), -_FRESH_MS)

    def admits(self, rx):
        """Return whether chaddr of the message in rx is a station.  Reading allocates."""
        now_ms = ticks_ms()
        if 0 <= ticks_diff(now_ms, self._read_ms) < _FRESH_MS and self._lists(rx):
            return True
        return self._read(now_ms) and self._lists(rx)

    def _read(self, now_ms):
        """Read the list, unless it has just been; return whether it was read."""
        ahead_ms = ticks_diff(self._paid_ms, now_ms)  # what was read is paid for until then
        if not 0 <= ahead_ms <= _BURST_MS:
            ahead_ms = 0
        if ahead_ms > _BURST_MS - _EACH_MS:
            return False
        self._paid_ms = ticks_add(now_ms, ahead_ms + _EACH_MS)
        self._stations = self._port.stations()
        self._read_ms = now_ms
        return True

    def _lists(self, rx):
        for mac in self._stations:
            if same(rx, _CHADDR, mac, 0, 6):
                return True
        return False
