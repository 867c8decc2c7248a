"""Stations that answer for addresses they do not have (proxy ARP, RFC 1027), and how they show.

The rule is the board's (microdhcp.checking): a host that answers for a third address to be given
out answers for everything, and has none of them.
"""

BELIEVED = 2  # addresses of one station
REMEMBERED = 256  # stations; beyond that the oldest is forgotten
FORGOTTEN_S = 600  # an answer older than that means nothing any more


class Proxies:
    """The addresses that each MAC (6 bytes) has answered for.

    found   called with the MAC of a proxy, once for as long as it stays one
    """

    def __init__(self, found):
        self._found = found
        self._answers = {}  # MAC -> {address: when}, the latest of both last
        self._known = set()

    def is_proxy(self, mac, address, now):
        """Take an answer at `now`, seconds; return whether it comes from a proxy."""
        answers = self._answers.pop(mac, {})
        others = {
            other: at
            for other, at in answers.items()
            if other != address and now - at < FORGOTTEN_S
        }
        while len(others) > BELIEVED:
            del others[next(iter(others))]
        self._remember(mac, {**others, address: now})
        if len(others) < BELIEVED:
            self._known.discard(mac)
            return False
        if mac not in self._known:
            self._known.add(mac)
            self._found(mac)
        return True

    def _remember(self, mac, answers):
        while len(self._answers) >= REMEMBERED:
            oldest = next(iter(self._answers))
            del self._answers[oldest]
            self._known.discard(oldest)
        self._answers[mac] = answers
