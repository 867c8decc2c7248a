"""The machine that serves: the core, the desktop's own checks of addresses, and power cuts."""

import contextlib

from linux.checker import Checker
from microdhcp import PARK, Config, Server

from .disk import PowerCut

CHECK_S = 0.4
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

    def _ticks_ms(self):
        return (self._at_ms + int((self._world.now - self._boot) * 1000)) % TICKS

    def now_s(self):
        """Return the seconds; to be called more often than once in six days."""
        ticks = self._ticks_ms()
        self.wraps += ticks < self._last
        self._ms += (ticks - self._last) % TICKS
        self._last = ticks
        return self._start_s + self._ms // 1000


class Probes:
    """The checker's questions, asked on the simulated network; see linux/probes.py."""

    names_owner = True

    def __init__(self, world, air, news):
        self._world = world
        self._air = air
        self._news = news
        self._heard = []

    def probe(self, address):
        """Ask who has an address."""
        for station in self._air.answers(address):
            self._world.later(
                self._world.chance.uniform(*ANSWER_S), self._hear, station.mac, address
            )

    def _hear(self, mac, address):
        self._heard.append((mac, address))
        self._news()

    def heard(self):
        """Return what has come in."""
        heard, self._heard = self._heard, []
        return heard


class Host:
    """What is switched on and off again; `server` is None while it is off.

    settings   of Config
    keep       function(server) -> its storage: load(), wait_s(), run(), save(), each with now_s
               (linux/storage.py); None: a power cut takes all leases
    disk       the Disk that is behind that
    restarts   how often the power was cut
    """

    def __init__(self, world, air, judge, settings, keep=None, disk=None):
        self.server = None
        self.storage = None
        self.restarts = 0
        self._world = world
        self._air = air
        self._judge = judge
        self._config = Config(**settings)
        self._life = 0
        self._keep = keep
        self._disk = disk
        self._alarm = self._store_alarm = 0  # the latest ones
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
        """Switch on: the table is what was stored, and the clock stands anywhere."""
        chance = self._world.chance
        self._life += 1
        self.server = Server(self._config, rx_size=1500)
        self._clock = Clock(
            self._world, chance.randrange(TICKS), chance.choice((0, 0, chance.randrange(1 << 29)))
        )
        self.checker = Checker(
            self.server,
            Probes(self._world, self._air, self._on_answer),
            CHECK_S,
            self,
            self._world.clock,
        )
        if self._keep:
            self.storage = self._keep(self.server)
            self.storage.load(self._clock.now_s())
            self._judge.power_back()
        self._air.host = self
        self._poll(self._life)

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
        """Store what is due."""
        if self.server and alarm == self._store_alarm:
            self.storage.run(self._clock.now_s())
            self._plan_to_store()

    def _plan_to_store(self):
        wait_s = self.storage.wait_s(self._clock.now_s())
        if wait_s is not None:
            self._store_alarm += 1
            self._world.later(max(wait_s, 0.05), self._store, self._store_alarm)

    def _poll(self, life):
        """Read the clock, as the loop of a service does; end what is over."""
        if life == self._life:
            self._clock.now_s()
            self._world.later(POLL_S, self._poll, life)

    # Messages

    def take(self, packet):
        """Take a message from the network."""
        self._judge.asked(packet)
        self._handle(packet, 0)

    def _handle(self, packet, rounds):
        server = self.server
        n = len(packet)
        server.rx[:n] = packet
        n = server.handle(n, self._clock.now_s())
        if n == PARK:
            self._judge.checks(packet[28:34], self._address(server.check_slot))
            self.checker.park(len(packet), packet[28:34], rounds + 1)
            self._wait()
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

    def _wait(self):
        """Be called when the checker has something to do."""
        wait_s = self.checker.wait_s()
        if wait_s is not None:
            self._alarm += 1
            self._world.later(max(wait_s, 0.001), self._on_time, self._alarm)

    def _on_answer(self):
        if self.checker:
            self.checker.listen()
            self._wait()

    def _on_time(self, alarm):
        if self.checker and alarm == self._alarm:
            self._end_checks()
            self._wait()

    def _end_checks(self):
        for message in self.checker.run(self._clock.now_s()):
            self._handle(message.packet, message.rounds)

    # What the checker tells

    def conflict(self, address, _mac):
        """Note that an address was found in use."""
        self._judge.found_in_use(address)

    def proxy(self, _mac):
        """There are none here."""
        raise AssertionError("somebody answers for every address")

    def dropped(self, packet, _reason):
        """Note that a message waits no longer."""

    def cannot_send(self, error):
        """The simulated network is always there."""
        raise error
