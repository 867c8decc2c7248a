"""The loop of a board: receives, lets the server decide, sends, and looks after the rest.

    service = Service(ap, Config(address="10.10.10.1/24", pool=("10.10.10.16", "10.10.10.47")))
    service.start(ssid="greenhouse", key="change-me-now")
    asyncio.run(service.run())                    # or service.poll() from a loop of one's own

Nothing that a packet, the firmware or a callback does ends the loop: it is counted.
"""

import sys
from time import ticks_add, ticks_diff, ticks_ms

from ._compat import const
from .clock import Clock
from .server import Server

_BATCH = const(8)  # messages in one go, before others have their turn
_CHORES_MS = const(500)
_RETRY_MS = const(10)
_NAP_MS = const(5)  # while checks run: the firmware keeps four datagrams for so long
_PART_MS = const(50)
_RETRIES = const(3)  # of a reply that did not leave
_AUTO = const(1)
_CHADDR = const(28)  # in a message
_ERRORS = (OSError, MemoryError, RuntimeError)  # the ESP32's Wi-Fi raises RuntimeError too


def _passed(at_ms, period_ms):
    """Return whether a time is over that was not more than period_ms ahead.

    After six days without a turn a difference of ticks has the wrong sign.
    """
    return not 0 < ticks_diff(at_ms, ticks_ms()) <= period_ms


class Service:
    """A DHCP server on the access point of this board.

    server   the Server, with the leases
    checker  the checks of addresses (checking.Checker), None: only clients check
    storage  the file of the leases (storage.Storage), None: there is none
    counts   {what: how often}: what the service itself has seen, see stats()
    parts    what add() was given
    """

    running: "Service" = None  # the one that has been started last

    def __init__(self, ap, config, guard="auto", store=None, check_ms=400, parked=4, on_feed=None):
        """Prepare a service; nothing is touched before start().

        ap        network.WLAN(network.WLAN.IF_AP)
        config    a Config
        guard     "auto": serve only associated stations while the board has another network too;
                  "always"; "never"
        store     name of the file that keeps the leases over a restart; None: they are forgotten
        check_ms  how long it takes to find out whether an address is in use, 50..2000; 300 to 500
                  are sensible: a sleeping telephone needs as long to answer
        parked    messages, of 408 bytes each, that can wait for that, 1..8; on an ESP32 at most 3
        on_feed   called at least every second, to feed a watchdog
        The first one that is wrong: ValueError.
        """
        from .starting import arguments

        self._watch = arguments(guard, store, check_ms, parked, on_feed)
        if sys.platform == "rp2":
            from .ports.rp2 import Port
        else:
            from .ports.esp32 import Port
        self.config = config
        self.port = Port(ap)
        self.server = Server(config, tx=self.port.tx(config.max_message))
        self.checker = None
        if config.conflict_check:
            from .checking import Checker

            self.checker = Checker(self.server, self.port, parked, check_ms, self.stations())
        self.counts = {"unsent": 0, "foreign": 0, "troubles": 0}
        self._clock = Clock()
        self.storage = None
        if store:
            from .storage import Storage

            self.storage = Storage(store, self.server)
        self.parts = ()
        self._on_feed = on_feed
        self._on_event = None
        self._hears = False  # a part has event()
        self._complained = False
        self._chores_at = self._retry_at = ticks_ms()
        self._unsent = 0  # length of a reply that waits to be sent again
        self._tries = _RETRIES
        self._task = self._helpers = None

    def start(
        self,
        ssid,
        key=None,
        open=False,
        country=None,
        channel=None,
        hidden=None,
        may_restart=True,
    ):
        """Take UDP port 67 from the firmware, then bring the access point up at our address.

        ssid         name, 1 to 32 bytes
        key          WPA2 key, 8 to 63 ASCII characters
        open         True: no key and no encryption
        country      code of two letters, for the channels that are allowed
        channel      1..14
        hidden       True: the name is not announced
        may_restart  False: do not reset the Wi-Fi chip when that is the only way to the port
        A service that runs, this one or another, is stopped.
        Raises ValueError for a wrong setting before anything is touched, OSError when the port or
        the access point cannot be had.
        """
        from .starting import start

        self._chores_at = ticks_ms()
        start(self, ssid, key, open, country, channel, hidden, may_restart)

    def stop(self):
        """Give port 67 back; run() ends.  The access point stays up, the leases stay known."""
        self.port.close()
        for part in self.parts:
            part.close()
        self._unsent = 0
        self._tries = _RETRIES
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

    def add(self, part):
        """Let a part of the program take turns with the server, in poll() and in run().

        part   .open() makes its sockets, now or when the service starts; .close() gives them
               back, if there are any, when it stops; .sockets() returns a list of them; .poll()
               serves what waits there, without waiting for more; .event(kind, address, mac,
               host_name), if there is one, takes what on_event() tells
        """
        self.parts += (part,)
        if hasattr(part, "event"):
            if not self.server.events:
                self.server.enable_events()
            self._hears = True
        if self.port.sock:
            part.open()
        if self._task and len(self.parts) == 1:
            import asyncio

            self._helpers.append(asyncio.create_task(self._run_parts(asyncio)))

    # What a program may ask and do

    def now_s(self):
        """Return the seconds since the service was made."""
        return self._clock.now_s()

    def stations(self):
        """Return the list of who is associated that all share, stations.Stations."""
        if not self.port.associated:
            from .stations import Stations

            self.port.associated = Stations(self.port)
        return self.port.associated

    def leases(self):
        """Return an iterator of roster.Lease, one for each address that somebody got."""
        return self.server.roster(self._clock.now_s())

    def find(self, mac):
        """Return the roster.Lease of the device with that MAC (text or 6 bytes), or None."""
        return self.server.find(mac, self._clock.now_s())

    def release(self, address):
        """End the lease or the offer of an address (text) now; return whether there was one."""
        return self.server.release(address, self._clock.now_s())

    def configure(self, config):
        """Go on with another Config, while running or not: see Server.configure().

        ValueError when conflict_check would change, too.
        """
        if config.conflict_check != self.config.conflict_check:
            raise ValueError("conflict_check: cannot change while the server runs")
        self.server.configure(config, self._clock.now_s())
        self.config = config
        self._unsent = 0  # its client asks again; checks go on
        self._tries = _RETRIES

    def on_event(self, callback):
        """Call callback(kind, address, mac, host_name), all text, for what happens to leases.

        Kinds: as Server.next_event().  It runs between packets: what takes long holds them up.
        What it raises is printed once.  None: no more calls.
        """
        if not self.server.events:
            self.server.enable_events()
        while not (self._on_event or self._hears) and self.server.next_event():
            pass  # what happened while nobody wanted to know
        self._on_event = callback

    def stats(self):
        """Return a dict of counters: those of Server.counters(), and

        seconds   since the service was made
        unsent    replies that could not be sent
        foreign   messages from who is no station of ours
        troubles  errors of the firmware, or no memory, that were survived
        dropped   datagrams that were no messages, or too long
        checks    of addresses (checking.Checker.counters), {} where none are made
        storage   of the leases (storage.Storage.counts), {} where there is none
        """
        stats = self.server.counters()
        stats.update(self.counts)
        stats["seconds"] = self._clock.now_s()
        stats["dropped"] = self.port.dropped
        stats["checks"] = self.checker.counters if self.checker else {}
        stats["storage"] = self.storage.counts if self.storage else {}
        return stats

    # The loop

    def poll(self, wait_ms=0):
        """Serve what waits, and return.

        wait_ms   wait so long for the first datagram, or until something else is to be done:
                  500 at most
        """
        if not self.port.sock:
            return
        if wait_ms:
            try:
                self.port.wait(min(wait_ms, self._rest_ms()))
            except _ERRORS as error:  # even to wait takes memory, the first time
                self._survive(error)
        self._serve()
        if self.parts:
            self._poll_parts()
        if _passed(self._chores_at, _CHORES_MS):
            self._do_chores()

    async def run(self):
        """Serve until stop() or cancelled; after another start() it goes on.

        RuntimeError when it runs already, in another task.
        """
        import asyncio

        task = asyncio.current_task()
        self._take_over(task)
        helpers = self._helpers = [asyncio.create_task(self._run_chores(asyncio.sleep_ms))]
        if self.parts:
            helpers.append(asyncio.create_task(self._run_parts(asyncio)))
        try:
            while self.port.sock:
                self._task = task
                try:
                    await self._serve_socket(asyncio, self.port.sock)
                except asyncio.CancelledError:
                    if self._task:  # not by stop()
                        raise
        finally:
            if self._task is task:
                self._task = None
            for helper in helpers:
                helper.cancel()

    def _take_over(self, task):
        """Let a task be the one that runs; RuntimeError while another one does.

        Ctrl-C may have left one behind, which does nothing until asyncio runs again: it is ended.
        """
        other = self._task
        if other and other is not task and not other.done():
            if not _passed(self._chores_at, _CHORES_MS):
                raise RuntimeError("run() runs already")
            other.cancel()
        self._task = task

    async def _serve_socket(self, asyncio, sock):
        """Serve until the port has another socket, or none."""
        reader = asyncio.StreamReader(sock)
        nothing = bytearray(0)
        while self.port.sock is sock:
            try:
                rest_ms = self._rest_ms()
                if rest_ms == _CHORES_MS:
                    await reader.readinto(nothing)  # waits until there is something to read
                else:
                    await asyncio.sleep_ms(min(rest_ms, _NAP_MS))
                while not self._serve():
                    await asyncio.sleep_ms(_RETRY_MS)
            except _ERRORS:  # even to wait takes memory
                self.counts["troubles"] += 1
                await asyncio.sleep_ms(_RETRY_MS)

    async def _run_chores(self, sleep_ms):
        while self.running is self:  # after Ctrl-C asyncio remembers the tasks of the one before
            self._do_chores()
            await sleep_ms(_CHORES_MS)

    async def _run_parts(self, asyncio):
        """Give the parts their turns: every 50 ms, and when one of their sockets has something."""
        woken = []
        while self.running is self:
            self._poll_parts()
            for part in self.parts:
                for sock in part.sockets():
                    if sock not in woken:
                        woken.append(sock)
                        asyncio.create_task(self._wake(asyncio, part, sock, woken))
            await asyncio.sleep_ms(_PART_MS)

    async def _wake(self, asyncio, part, sock, woken):
        """Give a part its turn when a socket has something, as long as it is the part's."""
        reader = asyncio.StreamReader(sock)
        nothing = bytearray(0)
        try:
            while self.port.sock and sock in part.sockets():
                await reader.readinto(nothing)
                part.poll()
                await asyncio.sleep_ms(0)
        except Exception:  # the socket is closed: the turn every 50 ms finds out what to do
            pass
        finally:
            woken.remove(sock)

    def _poll_parts(self):
        for part in self.parts:
            try:
                part.poll()
            except Exception as error:
                self._survive(error, False)

    def _serve(self):
        """Answer what waits; return False when it is too early for the rest."""
        try:
            if _passed(self._chores_at, _CHORES_MS):  # has something held us up?
                self._clock.now_s()
            if self._unsent and not self._send_again():
                return False
            for _ in range(_BATCH):
                n = self._next()
                if not n:
                    break
                if n > 0 and not self._answer(n):
                    return False
            if self._on_event or self._hears:
                self._tell()
        except Exception as error:
            self._retry_at = ticks_add(ticks_ms(), _RETRY_MS)
            self._survive(error)
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
        n = self.server.handle(received, self._clock.seconds)
        if n < 0:
            self.checker.park(received, ticks_ms())
        elif n:
            self._unsent = n
            if not self.port.send(self.server, n):
                self._retry_at = ticks_add(ticks_ms(), _RETRY_MS)
                return False
            self._unsent = 0
        return True

    def _rest_ms(self):
        """Return in how many ms something is to be done though no datagram comes."""
        if self._unsent:
            return _RETRY_MS
        if self.port.queued:
            return 0
        checks_ms = self.checker.wait_ms() if self.checker else -1
        return _CHORES_MS if checks_ms < 0 else checks_ms

    def _send_again(self):
        """Try to send the reply in tx again; return whether it is done with."""
        if not _passed(self._retry_at, _RETRY_MS):
            return False
        self._retry_at = ticks_add(ticks_ms(), _RETRY_MS)
        self._tries -= 1
        if self._tries < 0:
            self.counts["unsent"] += 1
        elif not self.port.send(self.server, self._unsent):
            return False
        self._unsent = 0
        self._tries = _RETRIES
        return True

    def _do_chores(self):
        """Do what is due twice a second."""
        self._chores_at = ticks_add(ticks_ms(), _CHORES_MS)
        self.feed()
        now_s = self._clock.now_s()
        try:
            if now_s >= self.server.leases.due_s:
                self.server.leases.end_due(now_s)
            if self._on_event or self._hears:
                self._tell()
            if self.port.sock and self.port.lost():
                self.port.up()
                if self.checker:
                    self.checker.again(ticks_ms())
            if self.port.associated:
                self.port.associated.refresh(ticks_ms())
        except Exception as error:
            self._survive(error)
        if self.storage:
            self.storage.tick(now_s)

    def feed(self):
        """Call on_feed."""
        if self._on_feed:
            self._call(self._on_feed)

    def _tell(self):
        """Hand what has happened to on_event and to the parts."""
        while self._on_event or self._hears:
            event = self.server.next_event()
            if not event:
                break
            if self._on_event:
                self._call(self._on_event, *event)
            for part in self.parts:
                if hasattr(part, "event"):
                    self._call(part.event, *event)

    def _call(self, callback, *arguments):
        """Call a function of the program, and go on when it raises."""
        try:
            callback(*arguments)
        except Exception as error:
            self._survive(error, False)

    def _survive(self, error, expected=_ERRORS):
        """Count an error; print the first one that is no error of the firmware: a mistake."""
        self.counts["troubles"] += 1
        if not self._complained and not (expected and isinstance(error, expected)):
            self._complained = True
            sys.print_exception(error)
