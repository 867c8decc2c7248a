"""The board's checks of addresses, for as many messages at a time as a pool can have addresses.

An ArpProbes or IcmpProbes asks, in place of the board's Echo.
"""

from microdhcp import checking

from .proxies import Proxies

MOST = 254  # addresses of a pool
_CHADDR = slice(28, 34)


class _Host:
    """Stands in for a port: a cable has no list of stations."""

    side_by_side = MOST
    macs = ()

    def __init__(self, names_owner):
        self.names_owner = names_owner

    def recent(self, _now_ms):
        """Return a new list for each check; the MAC that answers is put there."""
        return []


class Checker(checking.Checker):
    """The checks of one server on one interface.

    probes   ArpProbes or IcmpProbes
    told     object with proxy(mac) and dropped(packet, reason); see Desktop
    check_ms may be changed at any time
    """

    def __init__(self, server, probes, check_ms, told):
        host = _Host(probes.names_owner)
        super().__init__(server, host, MOST, check_ms, host, probes)
        self._told = told
        self._proxies = Proxies(told.proxy)
        self._now_ms = 0

    @property
    def check_ms(self):
        """How long a check takes."""
        return self._check_ms

    @check_ms.setter
    def check_ms(self, check_ms):
        """Set it, for checks that run too."""
        self._check_ms = check_ms

    def report(self):
        """Return {name: count} for the log."""
        return {**self.counters, "probes": self._echo.sent, "waiting": self.waiting}

    def park(self, n, now_ms):
        """Keep the message in server.rx[:n], for which handle() has returned PARK."""
        before = dict(self.counters)
        server = self._server
        super().park(n, now_ms)
        server.address_of(server.check_slot, self._question, 0)
        self._echo.ask_for(bytes(self._question[:4]), bytes(server.rx[_CHADDR]))
        for reason in ("repeated", "turned_away"):
            if self.counters[reason] > before[reason]:
                self._told.dropped(bytes(self._server.rx[:n]), reason)

    def poll(self, now_ms, now_s):
        """As of a board."""
        self._now_ms = now_ms
        return super().poll(now_ms, now_s)

    # The same with bytes.find(): there are thirty times as many checks as on a board

    def _find(self, address):
        wanted = bytes(address[:4])
        at = self._addresses.find(wanted)
        while at >= 0 and (at % 4 or not self._doing[at // 4]):
            at = self._addresses.find(wanted, at + 1)
        return at // 4 if at >= 0 else self._doing.find(0)

    def _place(self, check, now_ms):
        place = self._waits_for.find(check)
        return place if place >= 0 else self._waits_for.find(255)

    def _is_proxy(self, check):
        if self._echo.station < 0:
            return False
        mac = self._asked[check][self._echo.station]
        address = bytes(self._addresses[4 * check : 4 * check + 4])
        proxy = self._proxies.is_proxy(mac, address, self._now_ms / 1000)
        self.counters["proxied"] += proxy
        return proxy
