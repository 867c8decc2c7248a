"""Messages that wait for the check of an address on a board, after PARK.

    n = server.handle(n, now_s)
    if n == PARK:
        checker.park(received, now_ms)

    n = checker.poll(now_ms, now_s)  # n > 0: a message is in server.rx again, to be handled

Messages wait in a fixed number of places.  If all are taken, the oldest message is lost, but its
check goes on, and the client's next copy is answered at once.  Checks run at the same time.
Two probes in the time of a check: the first one may be lost, or only wake a telephone.
Milliseconds come from a clock that begins anew after 2**30.
"""

from ._compat import const
from .message import copy, same

_WRAP = const((1 << 30) - 1)
_TICK_MS = const(10)  # how soon an answer is noticed

_TO_ASK = const(1)  # what a check is doing; 0: nothing
_ASKED = const(2)
_ASKED_TWICE = const(3)
_NOT_IN_USE = const(4)  # it has ended
_IN_USE = const(5)

_LEASED = const(b"\x02\x03")  # states of a slot: ADOPTED, BOUND
_WAITING = const(b"\x02\x03\x07")  # a lease that is checked for somebody else, CHECKING
_CONFLICT = const(9)
_NONE = const(255)  # no slot, no check

_XID = const(4)  # offsets in a message
_CHADDR = const(28)
_SNAME = const(44)
_COOKIE = const(236)
_GAP = const(192)  # bytes of sname and file
_STEP = const(64)  # places grow by so much

_COUNTERS = const(
    (
        "checks",  # stations were asked
        "skipped",  # nobody needed to be asked, or could be
        "conflicts",  # addresses found in use
        "proxied",  # answers of a station that answers for everything
        "parked",  # messages that began to wait
        "repeated",  # copies of a message that waits, dropped
        "overwritten",  # messages dropped because all places were taken: their clients ask again
        "turned_away",  # messages dropped because as many checks run as can
    )
)


class Checker:
    """The checks of one server.

    server    gets enable_checks() here
    port      has stations(), names_owner, side_by_side (checks at a time) and, for an Echo, ap
    places    messages that can wait, no more than there are checks at a time
    check_ms  how long a check takes, 300..500
    stations  a Stations of the port
    echo      the Echo that asks
    counters  {name: how often}
    waiting   checks that run
    """

    # Made by checking_start.py; an annotation costs nothing on a board.
    _check_ms: int
    _messages: list  # the places, and for each its length, and the check that it waits for
    _lengths: list  # an array; negative: sname and file are left out
    _waits_for: bytearray
    _doing: bytearray  # for each check, and its address, when it began, and for whom it is
    _addresses: bytearray
    _begun_ms: list  # an array
    _macs: bytearray
    _asked: list  # which stations were asked; at the end, which one answered
    _renewed: bytearray  # it has begun anew
    _question: bytearray
    _known: tuple  # result of the latest check that new settings have cut loose, or None
    _suspect: bytes  # which MAC answered last, and for which slots: see _is_proxy()
    _claimed: int

    def __init__(self, server, port, places=4, check_ms=400, stations=None, echo=None):
        from .checking_start import prepare

        self.counters = dict.fromkeys(_COUNTERS, 0)
        self.waiting = 0
        self._server = server
        prepare(self, server, port, min(places, port.side_by_side), check_ms)
        if stations is None:
            from .stations import Stations

            stations = Stations(port)
        if echo is None:
            from .ports.echo import Echo

            echo = Echo(port.ap, port.side_by_side)
        self._stations = stations
        self._echo = echo

    def park(self, n, now_ms):
        """Keep the message in server.rx[:n], for which handle() has returned PARK."""
        server = self._server
        server.address_of(server.check_slot, self._question, 0)
        check = self._find(self._question)
        if check < 0:
            self.counters["turned_away"] += 1
            return
        runs = self._doing[check]
        place = self._place(check, now_ms)
        newer = runs and self._waits_for[place] == check and self._is_for(check)
        if newer:
            if same(self._messages[place], _XID, server.rx, _XID, 4):
                self.counters["repeated"] += 1
                return
        else:
            self.counters["overwritten"] += self._waits_for[place] != _NONE
        self._waits_for[place] = _NONE
        if not self._keep(place, n):
            self.counters["turned_away"] += 1
        else:
            self.counters["parked"] += not newer
            self._waits_for[place] = check
        if not runs:
            self._begin(check, now_ms)

    def poll(self, now_ms, now_s):
        """Put a message whose check has ended into server.rx; return its length, or 0 without one.

        Call it until it says 0.
        """
        self._listen()
        for check in range(len(self._doing)):
            doing = self._doing[check]
            if _TO_ASK <= doing <= _ASKED_TWICE:
                doing = self._doing[check] = self._go_on(check, doing, now_ms)
            if doing >= _NOT_IN_USE:
                n = self._end(check, doing == _IN_USE, now_s)
                if n:
                    return n
        return 0

    def _go_on(self, check, doing, now_ms):
        """Do the next step of a check if it is due; return its new state."""
        passed_ms = now_ms - self._begun_ms[check] & _WRAP
        if doing == _TO_ASK:  # its time begins when the first probe leaves
            if self._ask(check, now_ms):
                self.counters["checks"] += 1
                self._begun_ms[check] = now_ms
                return _ASKED
            if passed_ms >= self._check_ms:
                self.counters["skipped"] += 1
                return _NOT_IN_USE
        elif passed_ms >= self._check_ms:
            return _NOT_IN_USE
        elif doing == _ASKED and 2 * passed_ms >= self._check_ms and self._ask(check, now_ms):
            return _ASKED_TWICE
        return doing

    def wait_ms(self):
        """Return the ms until poll() must be called, or -1: not before the next park()."""
        if not self.waiting:
            return -1
        return 0 if max(self._doing) >= _NOT_IN_USE else _TICK_MS

    def clear(self):
        """Forget all waiting messages, because the service has stopped."""
        for check in range(len(self._doing)):
            self._doing[check] = 0
        for place in range(len(self._messages)):
            self._waits_for[place] = _NONE
        self.waiting = 0
        self._echo.close()

    def again(self, now_ms):
        """Ask again, because the access point was off.  Once for each check, so that it ends."""
        for check in range(len(self._doing)):
            if _ASKED <= self._doing[check] <= _ASKED_TWICE and not self._renewed[check]:
                self._renewed[check] = 1
                self._doing[check] = _TO_ASK
                self._asked[check] = ()
                self._begun_ms[check] = now_ms

    def _is_for(self, check):
        """Return whether a check is for the client whose message is in rx."""
        return same(self._macs, 6 * check, self._server.rx, _CHADDR, 6)

    def _find(self, address):
        """Return the check of an address, which may run already, or a free one; -1: none.

        A running check is never replaced, not even for the same client: in a flood no check would
        end then, and no client would get an address.
        """
        found = -1
        for check in range(len(self._doing)):
            if not self._doing[check]:
                if found < 0:
                    found = check
            elif same(self._addresses, 4 * check, address, 0, 4):
                return check
            elif self._is_for(check):
                return -1
        return found

    def _keep(self, place, n):
        """Copy the message in rx[:n] to a place; return False if it is too long.

        Without sname and file where those are empty.  A place grows with the messages it gets.
        """
        rx = memoryview(self._server.rx)
        gap = 0 if any(rx[_SNAME:_COOKIE]) else _GAP
        kept = n - gap
        if kept > len(rx) - _GAP:
            return False
        message = self._messages[place]
        if kept > len(message):
            message = self._messages[place] = bytearray(kept + _STEP - 1 & -_STEP)
        message[:_SNAME] = rx[:_SNAME]
        message[_SNAME:kept] = rx[_SNAME + gap : n]
        self._lengths[place] = -n if gap else n
        return True

    def _bring(self, place):
        """Put the message of a place into rx; return its length."""
        rx = self._server.rx
        message = memoryview(self._messages[place])
        n = self._lengths[place]
        gap = 0
        if n < 0:
            n = -n
            gap = _GAP
            rx[_SNAME:_COOKIE] = bytes(_GAP)
        rx[:_SNAME] = message[:_SNAME]
        rx[_SNAME + gap : n] = message[_SNAME : n - gap]
        return n

    def _place(self, check, now_ms):
        """Return the place of a check's message, else a free one, else that of the oldest."""
        found = oldest_ms = -1
        for place in range(len(self._messages)):
            other = self._waits_for[place]
            if other == check:
                return place
            passed_ms = _WRAP if other == _NONE else now_ms - self._begun_ms[other] & _WRAP
            if passed_ms > oldest_ms:
                found = place
                oldest_ms = passed_ms
        return found

    def _begin(self, check, now_ms):
        """Start a check, if it is possible and useful.

        The list of stations comes first: without memory for it, nothing has begun.
        """
        self._asked[check] = self._stations.recent(now_ms)
        self.waiting += not self._doing[check]
        copy(self._addresses, 4 * check, self._question, 0, 4)
        self._begun_ms[check] = now_ms
        self._renewed[check] = 0
        copy(self._macs, 6 * check, self._server.rx, _CHADDR, 6)
        known, self._known = self._known, None
        if known and same(known[0], 0, self._question, 0, 4):
            self._doing[check] = _IN_USE if known[1] else _NOT_IN_USE
            self._asked[check] = known[2]
        elif self._needless() or not self._echo.open():
            self.counters["skipped"] += 1
            self._doing[check] = _NOT_IN_USE
        else:
            self._doing[check] = self._go_on(check, _TO_ASK, now_ms)

    def _needless(self):
        """Return whether the client is a station, and all other stations hold leases."""
        leases = self._server.leases
        here = False
        for mac in self._stations.macs:
            if same(mac, 0, self._server.rx, _CHADDR, 6):
                here = True
                continue
            at = leases.mac.find(mac)
            while at >= 0 and (at % 6 or leases.state[at // 6] not in _LEASED):
                at = leases.mac.find(mac, at + 1)
            if at < 0:
                return False
        return here

    def _ask(self, check, now_ms):
        """Send the probes of a check; return whether all of them have left."""
        if not self._asked[check]:
            self._asked[check] = self._stations.recent(now_ms)
        question = self._question
        copy(question, 0, self._addresses, 4 * check, 4)
        copy(question, 4, self._macs, 6 * check, 6)
        return not self._echo.ask(check, question, self._asked[check])

    def _listen(self):
        """Take the answers."""
        echo = self._echo
        while True:
            check = echo.heard()
            if check < 0:
                return
            if not _ASKED <= self._doing[check] <= _ASKED_TWICE:
                continue
            if echo.station >= len(self._asked[check]):  # who answers writes the number, after all
                continue
            if not self._is_proxy(check):
                self._doing[check] = _IN_USE
                asked = self._asked
                asked[check] = asked[check][echo.station] if echo.station >= 0 else None

    def _is_proxy(self, check):
        """Return whether this MAC has answered for two other addresses before.

        It then answers for everything, and has none of them.
        """
        slot = self._slot(check)
        if self._echo.station < 0 or slot < 0:
            return False
        first = self._claimed & 255
        second = self._claimed >> 8
        mac = self._asked[check][self._echo.station]
        if mac != self._suspect:
            self._suspect = mac
            self._claimed = _NONE << 8 | slot
        elif slot != first and slot != second:
            if second != _NONE:
                self.counters["proxied"] += 1
                return True
            self._claimed = slot << 8 | first
        return False

    def _slot(self, check):
        """Return the slot of a check's address, or -1 if the settings no longer have it."""
        return self._server.leases.slot_of(self._addresses, 4 * check)

    def _end(self, check, in_use, now_s):
        """Tell the server the result; return the length of the message in rx, 0 if it is lost."""
        server = self._server
        leases = server.leases
        slot = self._slot(check)
        owner = self._asked[check] if in_use else None
        self._doing[check] = 0
        self.waiting -= 1
        if slot >= 0 and leases.state[slot] in _WAITING:
            server.checked(slot, in_use, now_s, owner)
            if in_use and leases.state[slot] == _CONFLICT:
                self.counters["conflicts"] += 1
        else:  # its message comes now, and will be parked for the same address
            address = self._addresses[4 * check : 4 * check + 4]
            self._known = (address, in_use, owner)
        if not self.waiting:
            self._echo.close()
        for place in range(len(self._messages)):
            if self._waits_for[place] == check:
                self._waits_for[place] = _NONE
                return self._bring(place)
        return 0
