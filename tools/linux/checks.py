"""Checks of addresses, side by side: when to ask again, and what an answer means.

Two probes within the time of a check; the first answer from anybody but the client ends it
(RFC 5227 section 2.1.1).  No sockets and no clock: `now` is in seconds, of any clock that does
not go back, and probes leave through a function.
"""

import heapq
import itertools
from typing import NamedTuple

from .proxies import Proxies

PROBES = 2


class Result(NamedTuple):
    """How a check has ended.

    in_use   None when it could not be made
    mac      6 bytes, who has the address; None when that cannot be seen
    """

    slot: int
    address: bytes
    in_use: bool | None
    mac: bytes | None = None


class _Check:
    """One that runs."""

    __slots__ = ("address", "client", "excused", "probes", "slot")

    def __init__(self, slot, address, client):
        self.slot = slot
        self.address = address
        self.client = client
        self.excused = None  # the client's MAC when it has answered itself
        self.probes = 0


class Checks:
    """All checks that run: one for each address at most.

    check_s   how long one takes
    send      function(address) that sends a probe; False when there is no network
    own       container of addresses (4 bytes) that this machine has itself
    sent, started   counters: probes, checks
    proxy_found   called with the MAC of a proxy: see proxies.py
    """

    def __init__(self, check_s, send, proxy_found):
        self.check_s = check_s
        self.own = frozenset()
        self.sent = self.started = 0
        self._send = send
        self._proxies = Proxies(proxy_found)
        self._running = {}
        self._results = []
        self._due = []  # heap of (time, number, check)
        self._numbers = itertools.count()

    def start(self, slot, address, client, now):
        """Check the address of a slot.

        client   MAC whose own answer does not count: it asks for the address
        A check of the address that runs already goes on, for the client that asks now: in a flood,
        where slots change hands all the time, no check would end otherwise.
        """
        running = self._running.get(address)
        if running:
            running.client = client
            if running.excused not in (None, client):
                self._end(running, True, running.excused)
            return
        check = _Check(slot, address, client)
        self._running[address] = check
        self.started += 1
        if address in self.own:
            self._end(check, True)
        else:
            self._step(check, now)

    def heard(self, mac, address, now):
        """Take the news that a station has, or is about to take, an address.

        mac   6 bytes, or None when nobody knows whose answer it is
        """
        check = self._running.get(address)
        if check is None:
            return
        if mac == check.client:
            check.excused = mac
        elif mac is None or not self._proxies.is_proxy(mac, address, now):
            self._end(check, True, mac)

    def run(self, now):
        """Do what is due; return the list of Results since the last call."""
        while self._due and self._due[0][0] <= now:
            at, _, check = heapq.heappop(self._due)
            self._step(check, at)
        results, self._results = self._results, []
        return results

    def due_at(self):
        """Return when run() has something to do, None when nothing runs."""
        if self._results:
            return 0.0
        return self._due[0][0] if self._due else None

    def clear(self):
        """Forget all checks: the network is gone."""
        self._running.clear()
        self._results.clear()
        self._due.clear()

    def _step(self, check, at):
        """Send the next probe of a check, or end it."""
        if self._running.get(check.address) is not check:
            return
        if check.probes == PROBES:
            self._end(check, False)
            return
        check.probes += 1
        self.sent += 1
        if self._send(check.address):
            due = at + self.check_s / PROBES, next(self._numbers), check
            heapq.heappush(self._due, due)
        else:
            self._end(check, None)

    def _end(self, check, in_use, mac=None):
        del self._running[check.address]
        self._results.append(Result(check.slot, check.address, in_use, mac))
