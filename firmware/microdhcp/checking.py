"""Messages that wait for the check of an address, on a board: what follows PARK.

    n = server.handle(n, now_s)
    if n == PARK:
        checker.park(received, now_ms)

    n = checker.poll(now_ms, now_s)  # n > 0: a message is in server.rx again, to be handled

A fixed number of places, each for one message and its check; the checks run side by side.  Two
probes in the time of a check: the first one may be lost, or only wake a telephone.  Milliseconds
come from a clock that begins anew after 2**30.
"""

from array import array

from ._compat import const
from .hot import copy, same

_WRAP = const((1 << 30) - 1)
_TICK_MS = const(10)  # how soon an answer is noticed
_FRESH_MS = const(1000)  # how long a list of the stations is good

_ASKED = const(1)  # what a place is doing; 0: nothing
_ASKED_TWICE = const(2)
_NOT_IN_USE = const(3)  # its check has ended
_IN_USE = const(4)

_LEASED = const(b"\x02\x03")  # states of a slot: ADOPTED, BOUND
_CONFLICT = const(9)
_NONE = const(255)  # no slot

_XID = const(4)  # offsets in a message
_CHADDR = const(28)

_COUNTERS = const(
    (
        "checks",  # stations were asked
        "skipped",  # nobody needed to be asked, or could be
        "conflicts",  # addresses found in use
        "proxied",  # answers of a station that answers for everything
        "parked",  # messages that began to wait
        "repeated",  # copies of a message that waits, dropped
        "overwritten",  # messages dropped because all places were taken: their clients ask again
    )
)


class Checker:
    """The checks of one server.

    server    gets enable_checks() here
    port      has stations(), names_owner, side_by_side and, unless echo is given, ap
    places    messages that can wait, fewer where the port cannot check so many at a time
    check_ms  how long a check takes, 300..500
    echo      what asks: an Echo
    counters  {name: how often}
    waiting   messages that wait now
    """

    def __init__(self, server, port, places=2, check_ms=400, echo=None):
        places = min(places, port.side_by_side)
        if echo is None:
            from .ports.echo import Echo

            echo = Echo(port.ap, places)
        self.waiting = 0
        self.counters = dict.fromkeys(_COUNTERS, 0)
        self._server = server
        self._port = port
        self._echo = echo
        self._check_ms = check_ms
        self._messages = []  # and for each: its length, slot, what happens, since when
        for _ in range(places):
            self._messages.append(bytearray(len(server.rx)))
        self._lengths = array("H", [0] * places)
        self._slots = bytearray(places)
        self._doing = bytearray(places)
        self._begun_ms = array("i", [0] * places)
        self._asked = [()] * places  # which stations were asked; in the end, who has answered
        self._stations = ()
        self._read_ms = 0
        self._buf = bytearray(10)  # an address and a MAC
        self._suspect = b""  # who has answered last, and for which slots: see _is_proxy()
        self._claimed = bytearray(2)
        server.enable_checks(port.names_owner)

    def park(self, n, now_ms):
        """Keep the message in server.rx[:n], for which handle() has returned PARK."""
        rx = self._server.rx
        slot = self._server.check_slot
        place = self._find(slot, now_ms)
        message = self._messages[place]
        waits = (
            self._doing[place]
            and self._slots[place] == slot
            and same(message, _CHADDR, rx, _CHADDR, 6)
        )
        if waits and same(message, _XID, rx, _XID, 4):
            self.counters["repeated"] += 1
            return
        message[:] = rx
        self._lengths[place] = n
        if waits:
            return  # a newer message; the check goes on
        self.counters["parked"] += 1
        self.waiting += not self._doing[place]
        self._slots[place] = slot
        self._begun_ms[place] = now_ms
        if self._needless(place, now_ms) or not self._echo.open():
            self.counters["skipped"] += 1
            self._doing[place] = _NOT_IN_USE
        else:
            self.counters["checks"] += 1
            self._ask(place, _ASKED)

    def poll(self, now_ms, now_s):
        """Put a message whose check has ended into server.rx; return its length, 0: there is none.

        Call it until it says 0.
        """
        self._listen()
        for place in range(len(self._doing)):
            doing = self._doing[place]
            if _ASKED <= doing <= _ASKED_TWICE:
                waited_ms = now_ms - self._begun_ms[place] & _WRAP
                if waited_ms >= self._check_ms:
                    doing = _NOT_IN_USE
                elif doing == _ASKED and 2 * waited_ms >= self._check_ms:
                    self._ask(place, _ASKED_TWICE)
            if doing >= _NOT_IN_USE:
                return self._end(place, doing == _IN_USE, now_s)
        return 0

    def wait_ms(self):
        """Return after how many ms poll() wants to be called, -1: not before the next park()."""
        if not self.waiting:
            return -1
        return 0 if max(self._doing) >= _NOT_IN_USE else _TICK_MS

    def clear(self):
        """Forget all that waits: the access point was away, and the clients will ask again."""
        for place in range(len(self._doing)):
            self._doing[place] = 0
        self.waiting = 0
        self._echo.close()

    def _find(self, slot, now_ms):
        """Return the place for the message in rx.

        A client has one place, and so has a slot: who has lost it to another client would only
        take one from a third.
        """
        found = oldest_ms = -1
        for place in range(len(self._doing)):
            waited_ms = _WRAP
            if self._doing[place]:
                if self._slots[place] == slot:
                    return place
                if same(self._messages[place], _CHADDR, self._server.rx, _CHADDR, 6):
                    return place
                waited_ms = now_ms - self._begun_ms[place] & _WRAP
            if waited_ms > oldest_ms:
                found = place
                oldest_ms = waited_ms
        if self._doing[found]:
            self.counters["overwritten"] += 1
        return found

    def _needless(self, place, now_ms):
        """Return whether all stations but the client, which is one, hold leases of ours."""
        if not self._stations or now_ms - self._read_ms & _WRAP >= _FRESH_MS:
            self._stations = self._port.stations()
            self._read_ms = now_ms
        self._asked[place] = self._stations
        leases = self._server.leases
        here = False
        for mac in self._stations:
            if same(mac, 0, self._messages[place], _CHADDR, 6):
                here = True
                continue
            at = leases.mac.find(mac)
            while at >= 0 and (at % 6 or leases.state[at // 6] not in _LEASED):
                at = leases.mac.find(mac, at + 1)
            if at < 0:
                return False
        return here

    def _ask(self, place, doing):
        """Send the probes of a check."""
        self._doing[place] = doing
        buf = self._buf
        self._server.address_of(self._slots[place], buf, 0)
        copy(buf, 4, self._messages[place], _CHADDR, 6)
        self._echo.ask(place, buf, self._asked[place])

    def _listen(self):
        """Take the answers."""
        echo = self._echo
        while True:
            place = echo.heard()
            if place < 0:
                return
            if _ASKED <= self._doing[place] <= _ASKED_TWICE and not self._is_proxy(place):
                self._doing[place] = _IN_USE
                asked = self._asked
                asked[place] = asked[place][echo.station] if echo.station >= 0 else None

    def _is_proxy(self, place):
        """Return whether who has answered now has done so for two other addresses before.

        It then answers for everything, and has none of them.
        """
        slot = self._slots[place]
        claimed = self._claimed
        if self._echo.station < 0:
            return False
        mac = self._asked[place][self._echo.station]
        if mac != self._suspect:
            self._suspect = mac
            claimed[0] = slot
            claimed[1] = _NONE
        elif slot != claimed[0] and slot != claimed[1]:
            if claimed[1] != _NONE:
                self.counters["proxied"] += 1
                return True
            claimed[1] = slot
        return False

    def _end(self, place, in_use, now_s):
        """Tell the server the result; return the length of the message, in rx again."""
        server = self._server
        slot = self._slots[place]
        self._doing[place] = 0
        self.waiting -= 1
        server.checked(slot, in_use, now_s, self._asked[place] if in_use else None)
        if in_use and server.leases.state[slot] == _CONFLICT:
            self.counters["conflicts"] += 1
        if not self.waiting:
            self._echo.close()
        server.rx[:] = self._messages[place]
        return self._lengths[place]
