"""Messages that wait for the check of an address, on a board: what follows PARK.

    n = server.handle(n, now_s)
    if n == PARK:
        checker.park(received, now_ms)

    n = checker.poll(now_ms, now_s)  # n > 0: a message is in server.rx again, to be handled

A fixed number of places, each for one message and its check; the checks run side by side.  Two
probes in the time of a check: the first one may be lost, or only wake a telephone.  Milliseconds
come from a clock that begins anew after 2**30.
"""

from ._compat import const

_WRAP = const((1 << 30) - 1)
_TICK_MS = const(20)  # how soon an answer is noticed
_FRESH_MS = const(1000)  # how long a list of the stations is good

_EMPTY = const(0)  # what a place is doing
_ASKED = const(1)
_ASKED_TWICE = const(2)
_NOT_IN_USE = const(3)  # its check has ended
_IN_USE = const(4)

_ADOPTED = const(2)  # states of a slot
_BOUND = const(3)
_CONFLICT = const(9)
_NONE = const(255)  # no slot

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


class _Place:
    """Where one message waits.

    stations   list of MACs that were asked
    """

    def __init__(self, number, size):
        self.number = number
        self.doing = _EMPTY
        self.message = bytearray(size)
        self.n = 0
        self.xid = memoryview(self.message)[4:8]
        self.chaddr = memoryview(self.message)[28:34]
        self.slot = _NONE
        self.begun_ms = 0
        self.stations = ()


class Checker:
    """The checks of one server.

    server    gets enable_checks() here
    port      has stations(), names_owner, side_by_side and, unless echo is given, ap
    places    messages that can wait, fewer where the port cannot check so many at a time
    check_ms  how long a check takes, 300..500
    echo      what asks: an Echo
    counters  {name: how often}
    """

    def __init__(self, server, port, places=2, check_ms=400, echo=None):
        places = min(places, port.side_by_side)
        if echo is None:
            from .ports.echo import Echo

            echo = Echo(port.ap, places)
        self.counters = dict.fromkeys(_COUNTERS, 0)
        self._server = server
        self._port = port
        self._echo = echo
        self._check_ms = check_ms
        self._places = [_Place(number, len(server.rx)) for number in range(places)]
        self._xid = memoryview(server.rx)[4:8]
        self._chaddr = memoryview(server.rx)[28:34]
        self._address = bytearray(4)
        self._stations = ()
        self._read_ms = -_FRESH_MS
        self._suspect = b""  # who has answered last, and for which slots: see _is_proxy()
        self._claimed = bytearray(2)
        server.enable_checks(port.names_owner)

    def park(self, n, now_ms):
        """Keep the message in server.rx[:n], for which handle() has returned PARK."""
        slot = self._server.check_slot
        place = self._find(slot, now_ms)
        if place is None:
            self._count("repeated")
            return
        begun = place.doing and place.slot == slot and place.chaddr == self._chaddr
        place.message[:] = self._server.rx
        place.n = n
        if not begun:
            self._count("parked")
            place.slot = slot
            place.begun_ms = now_ms
            self._begin(place)

    def poll(self, now_ms, now_s):
        """Put a message whose check has ended into server.rx; return its length, 0: there is none.

        Call it until it says 0.
        """
        self._listen()
        for place in self._places:
            doing = place.doing
            if doing in (_ASKED, _ASKED_TWICE):
                waited_ms = now_ms - place.begun_ms & _WRAP
                if waited_ms >= self._check_ms:
                    place.doing = _NOT_IN_USE
                elif doing == _ASKED and 2 * waited_ms >= self._check_ms:
                    place.doing = _ASKED_TWICE
                    self._ask(place)
            if place.doing >= _NOT_IN_USE:
                return self._end(place, now_s)
        return 0

    def wait_ms(self):
        """Return after how many ms poll() wants to be called, -1: not before the next park()."""
        wait_ms = -1
        for place in self._places:
            if place.doing >= _NOT_IN_USE:
                return 0
            if place.doing:
                wait_ms = _TICK_MS
        return wait_ms

    def clear(self):
        """Forget all that waits: the access point was away, and the clients will ask again."""
        for place in self._places:
            place.doing = _EMPTY
        self._echo.close()

    def _find(self, slot, now_ms):
        """Return the place for the message in rx, None when a copy of it waits already.

        A client has one place, and so has a slot: who has lost it to another client would only
        take one from a third.
        """
        found = None
        oldest_ms = -1
        for place in self._places:
            same_client = place.chaddr == self._chaddr
            if place.doing and (same_client or place.slot == slot):
                if same_client and place.slot == slot and place.xid == self._xid:
                    return None
                return place
            waited_ms = now_ms - place.begun_ms & _WRAP if place.doing else _WRAP
            if waited_ms > oldest_ms:
                found = place
                oldest_ms = waited_ms
        if found.doing:
            self._count("overwritten")
        return found

    def _begin(self, place):
        """Start a check, if it can be made and tells anything."""
        place.stations = self._read_stations(place.begun_ms)
        if self._needless(place) or not self._echo.open():
            self._count("skipped")
            place.doing = _NOT_IN_USE
        else:
            self._count("checks")
            place.doing = _ASKED
            self._ask(place)

    def _ask(self, place):
        self._server.address_of(place.slot, self._address, 0)
        self._echo.ask(place.number, self._address, place.chaddr, place.stations)

    def _listen(self):
        """Take the answers."""
        while True:
            number = self._echo.heard()
            if number < 0:
                return
            place = self._places[number]
            if place.doing in (_ASKED, _ASKED_TWICE) and not self._is_proxy(place):
                place.doing = _IN_USE

    def _end(self, place, now_s):
        """Tell the server the result; return the length of the message, in rx again."""
        server = self._server
        in_use = place.doing == _IN_USE
        place.doing = _EMPTY
        server.checked(place.slot, in_use, now_s)
        if in_use and server.leases.state[place.slot] == _CONFLICT:
            self._count("conflicts")
        if self.wait_ms() < 0:
            self._echo.close()
        server.rx[:] = place.message
        return place.n

    # Stations

    def _read_stations(self, now_ms):
        """Return the list of the MACs of all stations, which may be a second old."""
        if now_ms - self._read_ms & _WRAP >= _FRESH_MS or not self._stations:
            self._stations = self._port.stations()
            self._read_ms = now_ms
        return self._stations

    def _needless(self, place):
        """Return whether all stations but the client, which is one, hold leases of ours."""
        here = False
        for mac in place.stations:
            if place.chaddr == mac:
                here = True
            elif not self._leased(mac):
                return False
        return here

    def _leased(self, mac):
        """Return whether a station holds a lease."""
        leases = self._server.leases
        at = leases.mac.find(mac)
        while at >= 0:
            if at % 6 == 0 and leases.state[at // 6] in (_ADOPTED, _BOUND):
                return True
            at = leases.mac.find(mac, at + 1)
        return False

    def _is_proxy(self, place):
        """Return whether who has answered for a place has done so for two other addresses.

        It then answers for everything, and has none of them.
        """
        if self._echo.station < 0:
            return False
        mac = place.stations[self._echo.station]
        claimed = self._claimed
        if mac != self._suspect:
            self._suspect = mac
            claimed[0] = place.slot
            claimed[1] = _NONE
        elif claimed[1] == _NONE and place.slot != claimed[0]:
            claimed[1] = place.slot
        elif place.slot != claimed[0] and place.slot != claimed[1]:
            self._count("proxied")
            return True
        return False

    def _count(self, name):
        self.counters[name] = self.counters[name] + 1 & _WRAP
