"""Stations that answer for addresses they do not have (proxy ARP, RFC 1027), and how they show.

A host may have many addresses, so many answers prove nothing.  But no host has the address of the
network itself: who answers for that answers for everything.
"""

BELIEVE, WAIT, TEST, IGNORE = range(4)

FIRST_TEST = 3  # after answers for so many addresses
REMEMBERED = 256  # stations; beyond that the oldest is forgotten


class _Station:
    """What is known about one MAC."""

    __slots__ = ("addresses", "test_at", "tested", "testing")

    def __init__(self):
        self.addresses = set()
        self.test_at = FIRST_TEST
        self.tested = self.testing = False


class Proxies:
    """Who has answered for what, by MAC (6 bytes); `found` has the proxies."""

    def __init__(self):
        self.found = {}
        self._stations = {}

    def judge(self, mac, address):
        """Return what an answer is worth.

        BELIEVE  the station has the address
        IGNORE   it is a proxy
        TEST     ask it for the network's own address now; the answer is worth WAIT
        WAIT     a test runs: cleared() or caught() will tell
        """
        if mac in self.found:
            return IGNORE
        station = self._stations.get(mac)
        if station is None:
            station = _remember(self._stations, mac, _Station())
        station.addresses.add(address)
        if station.testing:
            return WAIT
        if len(station.addresses) < station.test_at:
            return BELIEVE
        station.testing = station.tested = True
        return TEST

    def caught(self, mac):
        """Take an answer for the network's own address; return whether it shows a new proxy.

        It may come after the test: proxies are known to take their time.
        """
        station = self._stations.get(mac)
        if station is None or not station.tested:
            return False
        del self._stations[mac]
        _remember(self.found, mac, True)
        return True

    def cleared(self, mac):
        """End a test without an answer.  The next one is due at twice as many addresses."""
        station = self._stations.get(mac)
        if station is not None:
            station.testing = False
            station.test_at = 2 * len(station.addresses)


def _remember(table, key, value):
    """Put an entry into a dict of limited size; return the value."""
    while len(table) >= REMEMBERED:
        del table[next(iter(table))]
    table[key] = value
    return value
