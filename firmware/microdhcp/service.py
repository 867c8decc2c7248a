"""The loop of a board: receives, lets the server decide, sends, and looks after the rest.

    service = Service(ap, Config(address="10.10.10.1/24", pool=("10.10.10.16", "10.10.10.47")))
    service.start(ssid="greenhouse", key="change-me-now")
    asyncio.run(service.run())                    # or service.poll() from a loop of one's own

Nothing that a packet or the firmware does ends the loop; it is counted.
"""

import sys
from time import ticks_add, ticks_diff, ticks_ms

from ._compat import const
from .clock import Clock
from .server import Server

_BATCH = const(8)  # datagrams in one go, before others have their turn
_CHORES_MS = const(500)
_RETRY_MS = const(10)
_TRIES = const(4)


class Service:
    """A DHCP server on the access point of this board.

    server   the Server, with the leases
    checker  the checks of addresses (checking.Checker), None: only clients check
    counts   {what: how often}: what the service itself has seen
    """

    def __init__(self, ap, config, guard="auto", store=None, check_ms=400, parked=2, on_feed=None):
        """Prepare a service; nothing is touched before start().

        ap        network.WLAN(network.WLAN.IF_AP)
        config    a Config
        guard     "auto": serve only associated stations while the board has another network too;
                  "always"; "never"
        check_ms  how long it takes to find out whether an address is in use, 300..500
        parked    messages, of 600 bytes each, that can wait for that
        on_feed   called at least every second, to feed a watchdog
        """
        if guard not in ("auto", "always", "never"):
            raise ValueError(f'guard: {guard!r} is none of "auto", "always", "never"')
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

            self.checker = Checker(self.server, self.port, parked, check_ms)
        self.counts = {"sent": 0, "unsent": 0, "troubles": 0}
        self._clock = Clock()
        self._feed = on_feed
        self._tick_at = self._retry_at = ticks_ms()
        self._unsent = 0  # length of a reply that waits to be sent again
        self._tries = 0
        self._task = None

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
        Raises ValueError for a wrong setting before anything is touched, OSError when the port or
        the access point cannot be had.
        """
        from .starting import start

        self.stop()
        start(self, ssid, key, open, country, channel, hidden, may_restart)

    def stop(self):
        """Give port 67 back; run() ends.  The access point stays up, the leases stay known."""
        self.port.close()
        if self.checker:
            self.checker.clear()
        if self._task:
            try:
                self._task.cancel()
            except RuntimeError:  # called from within run(), which sees it itself
                pass

    def poll(self, wait_ms=0):
        """Serve what waits, and return; with wait_ms, wait that long for the first datagram."""
        if not self.port.sock:
            return
        if wait_ms:
            checks_ms = self._checks_ms()
            self.port.wait(wait_ms if checks_ms < 0 else min(wait_ms, checks_ms))
        self._serve()
        if ticks_diff(ticks_ms(), self._tick_at) >= 0:
            self._tick()

    async def run(self):
        """Serve until stop() or cancelled."""
        import asyncio

        self._task = asyncio.current_task()
        ticker = asyncio.create_task(self._run_ticks(asyncio.sleep_ms))
        nothing = bytearray(0)
        try:
            while self.port.sock:
                sock = self.port.sock
                reader = asyncio.StreamReader(sock)
                while self.port.sock is sock:
                    wait_ms = self._checks_ms()
                    if wait_ms < 0:
                        await reader.readinto(nothing)  # waits until there is something to read
                    else:
                        await asyncio.sleep_ms(wait_ms)
                    while not self._serve():
                        await asyncio.sleep_ms(_RETRY_MS)
        except asyncio.CancelledError:
            if self.port.sock:  # not by stop()
                raise
        finally:
            self._task = None
            ticker.cancel()

    async def _run_ticks(self, sleep_ms):
        while True:
            self._tick()
            await sleep_ms(_CHORES_MS)

    def _serve(self):
        """Answer what waits; return False when it is too early for the rest."""
        server = self.server
        port = self.port
        try:
            if self._unsent and not self._send():
                return False
            for _ in range(_BATCH):
                n = 0
                if self.checker and self.checker.waiting:
                    n = self.checker.poll(ticks_ms(), self._clock.now_s())
                n = n or port.receive(server.rx)
                if not n:
                    break
                if not self._answer(n):
                    return False
        except (OSError, MemoryError):
            self.counts["troubles"] += 1
            return False
        return True

    def _answer(self, received):
        """Answer the message in rx[:received]; return False when it is too early for the rest."""
        n = self.server.handle(received, self._clock.now_s())
        if n < 0:
            self.checker.park(received, ticks_ms())
        elif n:
            self._unsent = n
            self._tries = _TRIES
            return self._send()
        return True

    def _checks_ms(self):
        """Return in how many ms a check wants attention, -1: none runs."""
        return self.checker.wait_ms() if self.checker else -1

    def _send(self):
        """Try to send the reply in tx; return whether it is done with."""
        if self._tries < _TRIES and ticks_diff(ticks_ms(), self._retry_at) < 0:
            return False
        if self.port.send(self.server, self._unsent):
            self.counts["sent"] += 1
        else:
            self._tries -= 1
            if self._tries:
                self._retry_at = ticks_add(ticks_ms(), _RETRY_MS)
                return False
            self.counts["unsent"] += 1
        self._unsent = 0
        return True

    def _tick(self):
        """Do what is due twice a second."""
        self._tick_at = ticks_add(ticks_ms(), _CHORES_MS)
        self.feed()
        try:
            self._clock.now_s()
            if self.port.sock and self.port.lost():
                if self.checker:
                    self.checker.clear()
                self.port.up()
        except (OSError, MemoryError):
            self.counts["troubles"] += 1

    def feed(self):
        """Call on_feed."""
        if self._feed:
            self._feed()
