"""The service of a board: it receives, lets the server decide, and sends.

    service = Service(ap, Config(address="10.10.10.1/24", pool=("10.10.10.16", "10.10.10.47")))
    service.start(ssid="greenhouse", key="change-me-now", background=True)

It serves behind the program from then on.  Without `background` the program gives it its turns:
`asyncio.run(service.run())`, or service.poll() from its own loop.

Nothing that a packet, the firmware or a callback does ends the loop: it is counted.
"""

import sys
from time import ticks_add, ticks_diff, ticks_ms

from ._compat import const

_BATCH = const(8)  # messages in one go, before others have their turn
_CHORES_MS = const(500)
_RETRY_MS = const(10)
_RETRIES = const(3)  # of a reply that did not leave
_AUTO = const(1)
_CHADDR = const(28)  # in a message
_ERRORS = (OSError, MemoryError, RuntimeError)  # the ESP32's Wi-Fi raises RuntimeError too


def _passed(at_ms, period_ms):
    """Return whether a time that was at most period_ms ahead has passed.

    After six days without a turn a difference of ticks has the wrong sign.
    """
    return not 0 < ticks_diff(at_ms, ticks_ms()) <= period_ms


class Service:
    """A DHCP server on the access point of this board.

    server   the Server, with the leases
    checker  the checks of addresses (checking.Checker), None: only clients check
    storage  the file of leases (storage.Storage), or None
    counts   {what: how often}: the service's own counters, see stats()
    parts    the arguments of add()
    background  the turns behind the program (background.Background), None: it gives them
    fast     the machine code of a FAST build (fast.Fast), or None

    What programs ask for is loaded when they first do (calls.py): add(), leases(), find(),
    release(), configure(), on_event(), events(), stats().
    """

    running: "Service" = None  # the one that has been started last

    # Made by starting.prepare(), as the rest is; an annotation costs nothing on a board.
    parts: tuple
    calling: bool  # a callback of the program runs
    _watch: int  # the guard: 0 never, 1 auto, 2 always
    _listeners: tuple  # of parts
    _torn: bool  # a change of the table has not come to its end
    _unsent: int  # length of a reply that waits to be sent again

    def __init__(self, ap, config, guard="auto", store=None, check_ms=400, parked=4, on_feed=None):
        """Prepare a service; nothing is touched before start().

        ap        network.WLAN(network.WLAN.IF_AP)
        config    a Config
        guard     "auto": while the board has another network too, serve only devices that are
                  associated with this access point.  "always": at all times.  "never": serve all
        store     name of the file that keeps the leases over a restart.  None: no file
        check_ms  how long a check of an address takes, 50..2000.  A sleeping telephone needs 300
                  to 500 to answer
        parked    messages of at most 408 bytes that can wait, 1..8, on an ESP32 at most 3
        on_feed   function that is called at least every second, to feed a watchdog
        ValueError names the first wrong argument.
        """
        from .starting import prepare

        self.counts = {"unsent": 0, "foreign": 0, "troubles": 0}
        prepare(self, ap, config, (guard, store, check_ms, parked, on_feed))

    def start(
        self,
        ssid=None,
        key=None,
        open=False,
        country=None,
        channel=None,
        hidden=None,
        may_restart=True,
        background=False,
        period_ms=20,
        timer=None,
    ):
        """Take UDP port 67 from the firmware, then bring the access point up at our address.

        ssid         name of the network, 1 to 32 bytes.  None: the program brings the access point
                     up, before or later.  The service gives it its address then
        key          WPA2 key, 8 to 63 ASCII characters
        open         True: no key and no encryption
        country      code of two letters, such as "DE": which channels are allowed
        channel      1..14
        hidden       True: the name is not announced
        may_restart  False: never reset the Wi-Fi chip or the access point to get the port
        background   True: serve from now on, whatever the program does, at the prompt too
        period_ms    background: milliseconds between two looks for messages, 5..500, twice as
                     long when it is quiet
        timer        background: number of the machine.Timer to use on an ESP32.  None: a free one
        If a service runs already, this one or another, it is stopped first.
        ValueError names a wrong argument, before anything is touched.  OSError: the port or the
        access point is not available; the text says what to do.
        """
        from .starting import start

        self._chores_at = ticks_ms()
        self._whole(
            start,
            self,
            (ssid, key, open, country, channel, hidden),
            may_restart,
            (background, period_ms, timer),
        )

    def stop(self):
        """Give port 67 back; run() ends, and so do the turns in the background.

        The access point stays up, and the service keeps its leases.
        """
        background = self.background
        if background:
            background.end()
        self._whole(self._stop)
        self.background = None

    def _stop(self):
        self.port.close()
        for part in self.parts:
            part.close()
        self.give_up()
        if self.checker:
            self.checker.clear()
        if self.storage:
            self.storage.save(self._clock.now_s())
        task = self._task
        self._task = None
        if task:
            try:
                task.cancel()
            except RuntimeError:  # called from within run(), which sees it itself
                pass

    def __getattr__(self, name):
        """Load what programs ask for."""
        from .calls import of_service

        return of_service(self, name)

    def _whole(self, function, *arguments):
        """Return function(*arguments); no turn in the background comes between."""
        if self.background:
            return self.background.whole(function, *arguments)
        return function(*arguments)

    def _mend(self):
        """Put the table in order: something was raised in the middle of a change."""
        from .mend import mend

        mend(self.server.leases, self._clock.now_s())
        self._torn = False

    def now_s(self):
        """Return the seconds since the service was made."""
        return self._clock.now_s()

    def stations(self):
        """Return the shared list of associated devices, a stations.Stations."""
        if not self.port.associated:
            from .stations import Stations

            self.port.associated = Stations(self.port)
        return self.port.associated

    # The loop

    def poll(self, wait_ms=0):
        """Serve the messages that wait, and return.

        wait_ms   how long to wait for the first message, 500 at most.  It returns earlier if other
                  work is due
        """
        if not self.port.sock:
            return
        if not self.background:
            try:
                if self.fast:
                    wait_ms = self.fast.turn(self, wait_ms)
                if wait_ms:
                    self.port.wait(min(wait_ms, self.rest_ms()))
            except _ERRORS as error:  # even to wait takes memory, the first time
                self.survive(error)
        if self.background:
            self.background.whole(self.turn)
        else:  # a bound method would be a new object
            self.turn()

    def turn(self):
        """Serve the messages that wait, and do the chores.  For poll() and the background."""
        self._serve()
        if self.parts:
            self._poll_parts()
        if self.late():
            self._do_chores()

    async def run(self):
        """Serve until stop(), or until the task is cancelled.

        With background=True it only waits for stop().  RuntimeError: another task runs it already.
        """
        from .loop import run

        await run(self)

    def _poll_parts(self):
        for part in self.parts:
            self.poll_part(part)

    def poll_part(self, part):
        """Give a part its turn; return False when it has raised something, which is counted."""
        try:
            part.poll()
        except Exception as error:
            self.survive(error, False)
            return False
        return True

    def _serve(self):
        """Answer what waits; return False when it is too early for the rest."""
        try:
            if self._torn:
                self._mend()
            if self.late():  # has something held us up?
                self._clock.now_s()
            if self._unsent and not self._send_again():
                return False
            for _ in range(_BATCH):
                n = self._next()
                if not n:
                    break
                if n > 0 and not self._answer(n):
                    return False
            if self.server.events:
                self._tell()
        except Exception as error:
            self._retry_at = ticks_add(ticks_ms(), _RETRY_MS)
            self.survive(error)
            return False
        return True

    def _next(self):
        """Put the next message into rx, one whose check has ended or a new one; return its length.

        0: none waits; -1: it was thrown away.
        """
        checker = self.checker
        if checker and checker.waiting:
            n = checker.poll(ticks_ms(), self._clock.seconds)
            if n:
                return n
        n = self.port.receive(self.server.rx)
        if n and self._watch and (self._watch != _AUTO or self.port.foreign()) and self._bars():
            self.counts["foreign"] += 1
            return -1
        return n

    def _bars(self):
        """Return whether the message in rx is not, or may not be, from a station of ours."""
        return not self.stations().has(self.server.rx, _CHADDR, ticks_ms(), True)

    def _answer(self, received):
        """Answer the message in rx[:received]; return False when it is too early for the rest."""
        self._torn = True
        n = (self.fast or self.server).handle(received, self._clock.seconds)
        self._torn = False
        if n < 0:
            self.checker.park(received, ticks_ms())
        elif n:
            self._unsent = n
            if not self.port.send(self.server, n):
                self._retry_at = ticks_add(ticks_ms(), _RETRY_MS)
                return False
            self._unsent = 0
        return True

    def late(self):
        """Return whether chores are due."""
        return _passed(self._chores_at, _CHORES_MS)

    def rest_ms(self):
        """Return in how many ms something is to be done though no datagram comes, 500 at most."""
        if self._unsent:
            return _RETRY_MS
        if self.port.queued:
            return 0
        checks_ms = self.checker.wait_ms() if self.checker else -1
        return _CHORES_MS if checks_ms < 0 else checks_ms

    def _send_again(self):
        """Try to send the reply in tx again; return whether it has left or was given up."""
        if not _passed(self._retry_at, _RETRY_MS):
            return False
        self._retry_at = ticks_add(ticks_ms(), _RETRY_MS)
        self._tries -= 1
        if self._tries < 0:
            self.counts["unsent"] += 1
        elif not self.port.send(self.server, self._unsent):
            return False
        self.give_up()
        return True

    def give_up(self):
        """Forget the reply that waits to be sent again."""
        self._unsent = 0
        self._tries = _RETRIES

    def _do_chores(self):
        """Do the work that is due twice a second."""
        self._chores_at = ticks_add(ticks_ms(), _CHORES_MS)
        self.feed()
        now_s = self._clock.now_s()
        try:
            if now_s >= self.server.leases.due_s:
                self._torn = True
                self.server.leases.end_due(now_s)
                self._torn = False
            if self.server.events:
                self._tell()
            if self.port.sock and self.port.lost():
                self.port.up()
                if self.checker:
                    self.checker.again(ticks_ms())
            if self.port.associated:
                self.port.associated.refresh(ticks_ms())
        except Exception as error:
            self.survive(error)
        if self.storage:
            self.storage.tick(now_s)

    def feed(self):
        """Call on_feed."""
        if self._on_feed:
            self._call(self._on_feed)

    def _tell(self):
        """Pass the events to the parts and to on_event."""
        while self._on_event or self._listeners:
            event = self.server.next_event()
            if not event:
                break
            for listener in self._listeners:
                self._call(listener, *event)
            if self._on_event:
                self._call(self._on_event, *event)

    def _call(self, callback, *arguments):
        """Call a function of the program, and go on when it raises."""
        outer = self.calling
        self.calling = True
        try:
            callback(*arguments)
        except Exception as error:
            self.survive(error, False)
        finally:
            self.calling = outer

    def survive(self, error, expected=_ERRORS):
        """Count an error.  Print the first one that is a mistake of the program."""
        self.counts["troubles"] += 1
        if not self._complained and not (expected and isinstance(error, expected)):
            self._complained = True
            sys.print_exception(error)
