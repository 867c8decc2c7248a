"""The machine that serves: the core, a board's checks of addresses, and power cuts."""

import contextlib

from microdhcp import PARK, Config, Server
from microdhcp.checking import Checker

from .disk import PowerCut

LOOK_S = 0.05  # so often the checks that run are looked at
BATCH = 8  # messages in one look, as of a board
TICKS = 1 << 30  # a board's milliseconds begin again there, after 12.4 days
POLL_S = 3600  # so often at least the clock is read
ANSWER_S = (0.001, 0.15)  # a station that sleeps takes its time


class Clock:
    """Seconds since start, from milliseconds that wrap as those of a board do."""

    def __init__(self, world, at_ms, start_s):
        self._world = world
        self._boot = world.now
        self._at_ms = at_ms
        self._last = at_ms
        self._ms = 0
        self._start_s = start_s
        self.wraps = 0

    def now_ms(self):
        """Return the milliseconds."""
        return (self._at_ms + int((self._world.now - self._boot) * 1000)) % TICKS

    def now_s(self):
        """Return the seconds; to be called more often than once in six days."""
        ticks = self.now_ms()
        self.wraps += ticks < self._last
        self._ms += (ticks - self._last) % TICKS
        self._last = ticks
        return self._start_s + self._ms // 1000


class Radio:
    """The access point's side for a Checker: a port with stations, and an Echo that asks them."""

    names_owner = True
    side_by_side = 8

    def __init__(self, world, air, news):
        self.station = -1
        self._world = world
        self._air = air
        self._news = news
        self._heard = []

    def stations(self):
        """Return the MACs of all stations."""
        return self._air.stations()

    def open(self):
        """Begin to hear."""
        return True

    def close(self):
        """Hear no more."""
        self._heard.clear()

    def ask(self, check, question, stations):
        """Ask all stations but the client who has an address; none of the questions is lost."""
        for station in self._air.answers(bytes(question[:4])):
            if station.mac in stations and station.mac != bytes(question[4:10]):
                delay_s = self._world.chance.uniform(*ANSWER_S)
                place = stations.index(station.mac)
                self._world.later(delay_s, self._hear, check, place)
        return 0

    def _hear(self, check, place):
        self._heard.append((check, place))
        self._news()

    def heard(self):
        """Return the next check that was answered, -1: none."""
        if not self._heard:
            return -1
        check, self.station = self._heard.pop(0)
        return check


def of_board(server, radio):
    """Return the checks of a Pico W."""
    return Checker(server, radio, echo=radio)


class Host:
    """A host that is switched on and off; `server` is None while it is off.

    settings   of Config
    keep       function(server) -> its storage: load(), wait_s(), save(), each with now_s, as
               linux/storage.py has them; None: a power cut takes all leases
    disk       the Disk that is behind that
    restarts   how often the power was cut
    make_checker   function(server, radio) -> its checks of addresses
    """

    def __init__(self, world, air, judge, settings, keep=None, disk=None):
        self.make_checker = of_board
        self.server = None
        self.storage = None
        self.restarts = 0
        self._world = world
        self._air = air
        self._judge = judge
        self._settings = settings
        self._config = Config(**settings)
        self._life = 0
        self._keep = keep
        self._disk = disk
        self._store_alarm = 0  # the latest one
        self._wraps = 0
        self._clock = None

    @property
    def wraps(self):
        """Return how often the clock of milliseconds has begun again."""
        return self._wraps + (self._clock.wraps if self.server else 0)

    def now_s(self):
        """Return the server's seconds."""
        return self._clock.now_s()

    def boot(self):
        """Switch on with the stored table.  The milliseconds wrap within a day."""
        chance = self._world.chance
        self._life += 1
        self.server = Server(self._config, rx_size=1500)
        self._clock = Clock(
            self._world,
            TICKS - chance.randrange(1, TICKS // 12),
            chance.choice((0, 0, chance.randrange(1 << 29))),
        )
        self.server.enable_events(64)
        radio = Radio(self._world, self._air, self._end_checks)
        self.checker = self.make_checker(self.server, radio)
        if self._keep:
            self.storage = self._keep(self.server)
            self.storage.load(self._clock.now_s())
            self._judge.power_back()
        self._air.host = self
        self._poll(self._life)

    def configure(self, reservations):
        """Go on with these reservations, {MAC: address}, at once or when the power is back."""
        self._config = Config(**self._settings, reservations=reservations)
        if self.server:
            self.server.configure(self._config, self._clock.now_s())
            self.checker.clear()
            if self.storage:
                self._plan_to_store()

    def cut(self):
        """Cut the power, mostly while something is being stored."""
        self._wraps += self._clock.wraps
        self.restarts += 1
        self._life += 1
        self._judge.power_cut()
        if self._disk:
            self._cut_disk()
        self._air.host = self.server = self.checker = None

    def _cut_disk(self):
        """Leave on the disk what a power cut may leave there."""
        self._disk.fail_after(self._world.chance.randrange(4000))
        with contextlib.suppress(PowerCut):
            self.storage.save(self._clock.now_s())
        self._disk.start_from(self._world.chance.choice(self._disk.survivors()))

    def _store(self, alarm):
        if self.server and alarm == self._store_alarm:
            self._plan_to_store()

    def _plan_to_store(self):
        """Store changes that are due, and schedule the next time."""
        wait_s = self.storage.wait_s(self._clock.now_s())
        if wait_s is not None:
            self._store_alarm += 1
            self._world.later(max(wait_s, 0.05), self._store, self._store_alarm)

    def _poll(self, life):
        """Read the clock as the loop of a service does, and end leases that are due."""
        if life == self._life:
            self._clock.now_s()
            self._world.later(POLL_S, self._poll, life)

    # Messages

    def take(self, packet):
        """Take a message from the network."""
        self._judge.asked(packet)
        self.server.rx[: len(packet)] = packet
        self._handle(packet)

    def _handle(self, packet):
        server = self.server
        n = server.handle(len(packet), self._clock.now_s())
        if n == PARK:
            self._judge.checks(packet[28:34], self._address(server.check_slot))
            idle = not self.checker.waiting
            self.checker.park(len(packet), self._clock.now_ms())
            if idle:
                self._look(self._life)
        elif n:
            reply = bytes(server.tx[:n])
            self._judge.answered(reply)
            self._air.to_client(reply)
        if self.storage and server.leases.changed:
            self._plan_to_store()

    def _address(self, slot):
        address = bytearray(4)
        self.server.address_of(slot, address, 0)
        return bytes(address)

    # Checks

    def _look(self, life):
        """Look at the checks, as long as any runs."""
        if life == self._life and self.checker.waiting:
            self._end_checks()
            self._world.later(LOOK_S, self._look, life)

    def _end_checks(self):
        """Handle the messages whose check has ended."""
        for _ in range(BATCH):
            n = self.checker.poll(self._clock.now_ms(), self.now_s()) if self.server else 0
            if not n:
                break
            self._note_conflicts()
            self._handle(bytes(self.server.rx[:n]))
        if self.server:
            self._note_conflicts()

    def _note_conflicts(self):
        """Tell the judge which addresses were found in use."""
        while event := self.server.next_event():
            if event[0] == "conflict":
                self._judge.found_in_use(bytes(map(int, event[1].split("."))))
