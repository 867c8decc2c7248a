"""The whole of it: a server and its clients for some days, from one seed."""

from typing import NamedTuple

from . import habits
from .air import Air
from .disk import BoardDisk, of_board
from .host import Host
from .judge import OFF_S, Judge
from .world import DAY_S, World

POOL_AT = 10  # last byte of its first address
OUTSIDE = tuple(bytes((192, 0, 2, last)) for last in range(2, 8))  # for reservations alone


class Settings(NamedTuple):
    """The choices of a story; the seed decides the rest."""

    seed: int
    days: float = 60
    devices: int = 200
    pool: int = 64
    squatters: int = 3
    restart_days: float = 2  # mean time between power cuts; 0: none
    lease_s: int = 3600
    store: bool = True  # leases are kept over a power cut
    reserve_days: float = 0  # mean time between changes of the reservations; 0: there are none
    identifiers: int = 1  # that one device in four has, another one at each visit


class Result(NamedTuple):
    """The result of a story: counters by name, and faults as text."""

    counters: dict
    failures: list


class Story:
    """One server and its clients.

    settings   Settings
    keep, disk   of the Host; without them, a board's storage on littlefs
    """

    def __init__(self, settings, keep=None, disk=None):
        self.settings = settings
        self.world = World(settings.seed)
        self.air = Air(self.world)
        config = self.config()
        self.judge = Judge(
            self.world, self.air, self._addresses(), OUTSIDE, config, settings.store
        )
        if settings.store and not keep:
            disk = BoardDisk()
            keep = self._keep(disk)
        self.host = Host(self.world, self.air, self.judge, config, keep, disk)
        self.visitors = [
            habits.Visitor(self.world, self.air, self.judge, number, self._habit(number))
            for number in range(settings.devices)
        ]
        for visitor in self.visitors[::4]:
            visitor.identifiers = settings.identifiers
        for number in range(settings.squatters):
            habits.Squatter(self.world, self.air, number, self._addresses())

    def _addresses(self):
        return [bytes((192, 0, 2, POOL_AT + i)) for i in range(self.settings.pool)]

    def config(self):
        """Return the settings of Config."""
        pool = tuple(".".join(map(str, self._addresses()[at])) for at in (0, -1))
        return {
            "address": "192.0.2.1/24",
            "pool": pool,
            "lease_s": self.settings.lease_s,
            "offer_hold_s": 30,
            "quarantine_s": 600,
        }

    def _habit(self, number):
        """One in eight lives here, three come each day, the rest now and then."""
        return (habits.resident, *(habits.daily,) * 3, *(habits.guest,) * 4)[number % 8]

    def run(self):
        """Let the days pass; return the Result."""
        self.host.boot()
        self._plan_cut()
        self._plan_reservations()
        self.world.later(habits.PARTY_EVERY_S, self._party)
        self.world.run(self.settings.days * DAY_S)
        counters = {**self.air.counters, **self.judge.counters}
        counters |= {"power cuts": self.host.restarts, "clock wraps": self.host.wraps}
        return Result(counters, self.judge.failures)

    def _keep(self, disk):
        """Return a maker of a server's storage on a disk.  Its complaints are failures."""
        return lambda server: of_board(server, disk, self.judge.failures.append)

    def _plan_cut(self):
        if self.settings.restart_days:
            delay_s = self.world.chance.expovariate(1 / (self.settings.restart_days * DAY_S))
            self.world.later(delay_s, self._cut)

    def _cut(self):
        self.host.cut()
        self.world.later(self.world.chance.uniform(1, OFF_S), self._back)

    def _back(self):
        self.host.boot()
        self._plan_cut()

    def _plan_reservations(self):
        if self.settings.reserve_days:
            delay_s = self.world.chance.expovariate(1 / (self.settings.reserve_days * DAY_S))
            self.world.later(delay_s, self._reserve)

    def _reserve(self):
        """Change the reservations: some stay, some move, some come and go."""
        chance = self.world.chance
        addresses = [*self._addresses(), *OUTSIDE]
        chance.shuffle(addresses)
        devices = [visitor.device for visitor in self.visitors if not visitor.private]
        table = {
            mac: address
            for address, mac in self.judge.reserved.items()
            if chance.random() < 0.5 and mac in {device.mac for device in devices}
        }
        for device in chance.sample(devices, min(len(devices), len(addresses) // 6)):
            free = (address for address in addresses if address not in table.values())
            table[device.mac] = next(free)
        self.judge.reserves({address: mac for mac, address in table.items()})
        self.host.configure({mac.hex(":"): ".".join(map(str, a)) for mac, a in table.items()})
        self._plan_reservations()

    def _party(self):
        """Everybody comes within ten minutes: more than there are addresses."""
        for visitor in self.visitors:
            self.world.later(self.world.chance.uniform(0, 600), visitor.invite, habits.PARTY_S)
        self.world.later(habits.PARTY_EVERY_S, self._party)


def play(settings):
    """Return the Result of a story with these Settings: the same for the same seed."""
    return Story(settings).run()
