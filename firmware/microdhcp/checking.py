"""Messages that wait for the check of an address, on a board: what follows PARK.

    n = server.handle(n, now_s)
    if n == PARK:
        checker.park(received, now_ms)

    n = checker.poll(now_ms, now_s)  # n > 0: a message is in server.rx again, to be handled

Messages wait in a fixed number of places; when all are taken the oldest message is lost, but its
check goes on, and the copy that its client sends finds the answer ready.  Checks run side by side.
Two probes in the time of a check: the first one may be lost, or only wake a telephone.
Milliseconds come from a clock that begins anew after 2**30.
"""

from array import array

from ._compat import const
from .hot import copy, same

_WRAP = const((1 << 30) - 1)
_TICK_MS = const(10)  # how soon an answer is noticed
_FRESH_MS = const(1000)  # how long a list of the stations is good

_ASKED = const(1)  # what a check is doing; 0: nothing
_ASKED_TWICE = const(2)
_NOT_IN_USE = const(3)  # it has ended
_IN_USE = const(4)

_LEASED = const(b"\x02\x03")  # states of a slot: ADOPTED, BOUND
_CONFLICT = const(9)
_NONE = const(255)  # no slot, no check

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
        "turned_away",  # messages dropped because as many checks run as can
    )
)


class Checker:
    """The checks of one server.

    server    gets enable_checks() here
    port      has stations(), names_owner, side_by_side (checks at a time) and, for an Echo, ap
    places    messages that can wait
    check_ms  how long a check takes, 300..500
    echo      what asks: an Echo
    counters  {name: how often}
    waiting   checks that run
    """

    def __init__(self, server, port, places=2, check_ms=400, echo=None):
        checks = port.side_by_side
        if echo is None:
            from .ports.echo import Echo

            echo = Echo(port.ap, checks)
        self.waiting = 0
        self.counters = dict.fromkeys(_COUNTERS, 0)
        self._server = server
        self._port = port
        self._echo = echo
        self._check_ms = check_ms
        self._messages = []  # and for each its length, and the check that it waits for
        for _ in range(places):
            self._messages.append(bytearray(len(server.rx)))
        self._lengths = array("H", [0] * places)
        self._waits_for = bytearray(b"\xff" * places)
        self._doing = bytearray(checks)  # for each check, and its slot, and when it began
        self._slots = bytearray(checks)
        self._begun_ms = array("i", [0] * checks)
        self._macs = bytearray(6 * checks)  # for whom it is
        self._asked = [()] * checks  # which stations were asked; in the end, who has answered
        self._stations = ()
        self._read_ms = 0
        self._question = bytearray(10)
        self._suspect = b""  # who has answered last, and for which slots: see _is_proxy()
        self._claimed = bytearray(2)
        server.enable_checks(port.names_owner)

    def park(self, n, now_ms):
        """Keep the message in server.rx[:n], for which handle() has returned PARK."""
        server = self._server
        slot = server.check_slot
        check = self._find(slot)
        if check < 0:
            self.counters["turned_away"] += 1
            return
        runs = self._doing[check]
        place = self._place(check, now_ms)
        message = self._messages[place]
        held = runs and self._waits_for[place] == check
        if held and self._is_for(check):
            if same(message, _XID, server.rx, _XID, 4):
                self.counters["repeated"] += 1
                return
        else:
            self.counters["parked"] += 1
            self.counters["overwritten"] += held
            self._waits_for[place] = check
        message[:] = server.rx
        self._lengths[place] = n
        if not runs:
            self._begin(check, slot, now_ms)

    def poll(self, now_ms, now_s):
        """Put a message whose check has ended into server.rx; return its length, 0: there is none.

        Call it until it says 0.
        """
        self._listen()
        for check in range(len(self._doing)):
            doing = self._doing[check]
            if _ASKED <= doing <= _ASKED_TWICE:
                passed_ms = now_ms - self._begun_ms[check] & _WRAP
                if passed_ms >= self._check_ms:
                    doing = _NOT_IN_USE
                elif doing == _ASKED and 2 * passed_ms >= self._check_ms:
                    self._ask(check, _ASKED_TWICE)
            if doing >= _NOT_IN_USE:
                n = self._end(check, doing == _IN_USE, now_s)
                if n:
                    return n
        return 0

    def wait_ms(self):
        """Return after how many ms poll() wants to be called, -1: not before the next park()."""
        if not self.waiting:
            return -1
        return 0 if max(self._doing) >= _NOT_IN_USE else _TICK_MS

    def clear(self):
        """Forget all that waits: the access point was away, and the clients will ask again."""
        for check in range(len(self._doing)):
            self._doing[check] = 0
        for place in range(len(self._messages)):
            self._waits_for[place] = _NONE
        self.waiting = 0
        self._echo.close()

    def _is_for(self, check):
        """Return whether a check is for the client whose message is in rx."""
        return same(self._macs, 6 * check, self._server.rx, _CHADDR, 6)

    def _find(self, slot):
        """Return the check of a slot, which may run already, or a free one; -1: none.

        A check gives way to no other, of this client or the next: in a flood none would end then,
        and nobody would get anything.
        """
        found = -1
        for check in range(len(self._doing)):
            if not self._doing[check]:
                if found < 0:
                    found = check
            elif self._slots[check] == slot:
                return check
            elif self._is_for(check):
                return -1
        return found

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
        self.counters["overwritten"] += self._waits_for[found] != _NONE
        return found

    def _begin(self, check, slot, now_ms):
        """Start a check, if it can be made and tells anything.

        The list of stations comes first: without memory for it, nothing has begun.
        """
        if not self._stations or now_ms - self._read_ms & _WRAP >= _FRESH_MS:
            self._stations = self._port.stations()
            self._read_ms = now_ms
        self.waiting += not self._doing[check]
        self._slots[check] = slot
        self._begun_ms[check] = now_ms
        copy(self._macs, 6 * check, self._server.rx, _CHADDR, 6)
        self._asked[check] = self._stations
        if self._needless() or not self._echo.open():
            self.counters["skipped"] += 1
            self._doing[check] = _NOT_IN_USE
        else:
            self.counters["checks"] += 1
            self._ask(check, _ASKED)

    def _needless(self):
        """Return whether all stations but the client, which is one, hold leases of ours."""
        leases = self._server.leases
        here = False
        for mac in self._stations:
            if same(mac, 0, self._server.rx, _CHADDR, 6):
                here = True
                continue
            at = leases.mac.find(mac)
            while at >= 0 and (at % 6 or leases.state[at // 6] not in _LEASED):
                at = leases.mac.find(mac, at + 1)
            if at < 0:
                return False
        return here

    def _ask(self, check, doing):
        """Send the probes of a check."""
        self._doing[check] = doing
        question = self._question
        self._server.address_of(self._slots[check], question, 0)
        copy(question, 4, self._macs, 6 * check, 6)
        self._echo.ask(check, question, self._asked[check])

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
        """Return whether who has answered now has done so for two other addresses before.

        It then answers for everything, and has none of them.
        """
        slot = self._slots[check]
        claimed = self._claimed
        if self._echo.station < 0:
            return False
        mac = self._asked[check][self._echo.station]
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

    def _end(self, check, in_use, now_s):
        """Tell the server the result; return the length of the message in rx, 0: it is lost."""
        server = self._server
        slot = self._slots[check]
        self._doing[check] = 0
        self.waiting -= 1
        server.checked(slot, in_use, now_s, self._asked[check] if in_use else None)
        if in_use and server.leases.state[slot] == _CONFLICT:
            self.counters["conflicts"] += 1
        if not self.waiting:
            self._echo.close()
        for place in range(len(self._messages)):
            if self._waits_for[place] == check:
                self._waits_for[place] = _NONE
                server.rx[:] = self._messages[place]
                return self._lengths[place]
        return 0
