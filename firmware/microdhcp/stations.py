"""The devices that are associated with the access point: one cached list.

Reading it takes the chip some 0.3 ms and allocates, so it is not read for every packet.  If a MAC
is not in it, it is read again, within a budget.
"""

from ._compat import const

_WRAP = const((1 << 30) - 1)  # milliseconds begin anew after it
_FRESH_MS = const(1000)  # a station that left may ask from elsewhere
_STALE_MS = const(5000)  # one that moved behind a repeater
_EACH_MS = const(250)  # what a reading costs of the budget, of which
_BURST_MS = const(1000)  # four may follow each other at once


class Stations:
    """The stations of a port.  now_ms is the port's clock, 0..2**30 - 1.

    macs   the MACs that were found last, 6 bytes each; empty: none, or unknown
    """

    def __init__(self, port):
        self._port = port
        self._used = False
        self._paid_ms = 0
        self.forget()

    def forget(self):
        """Read the list at the next question, because the access point was off."""
        self.macs = ()
        self._read_ms = -1

    def recent(self, now_ms):
        """Return the MACs, from a list that is not older than a second.  May allocate."""
        if not self.macs or not self._is_younger(_FRESH_MS, now_ms):
            self._read(now_ms)
        return self.macs

    def use(self):
        """Note that the list was used: refresh() keeps it young."""
        self._used = True

    def refresh(self, now_ms):
        """Read the list again if it is old and has been used since.  Not for every packet."""
        if self._used and not self._is_younger(_STALE_MS, now_ms):
            self._read(now_ms)

    def has(self, buf, pos, now_ms, fresh=False):
        """Return whether the MAC in buf[pos:pos + 6] is a station's.  Allocates on a miss.

        fresh   in a list of the last second; else one of a few seconds ago will do
        """
        self._used = True
        if (not fresh or self._is_younger(_FRESH_MS, now_ms)) and self._lists(buf, pos):
            return True
        if not self._may_read(now_ms):
            return False
        self._read(now_ms)
        return self._lists(buf, pos)

    def _is_younger(self, ms, now_ms):
        return self._read_ms >= 0 and now_ms - self._read_ms & _WRAP < ms

    def _may_read(self, now_ms):
        """Return whether the budget allows another reading, and charge it."""
        ahead_ms = self._paid_ms - now_ms & _WRAP  # what was read is paid for until then
        if ahead_ms > _BURST_MS:
            ahead_ms = 0
        if ahead_ms > _BURST_MS - _EACH_MS:
            return False
        self._paid_ms = now_ms + ahead_ms + _EACH_MS & _WRAP
        return True

    def _read(self, now_ms):
        self.macs = self._port.stations()
        self._read_ms = now_ms
        self._used = False

    def _lists(self, buf, pos):
        for mac in self.macs:
            i = 0
            while i < 6 and buf[pos + i] == mac[i]:
                i += 1
            if i == 6:
                return True
        return False
