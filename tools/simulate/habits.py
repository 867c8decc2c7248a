"""When devices come, sleep and go: a household with guests, a workshop, an event now and then."""

from . import device
from .device import Device, Manners

HOUR_S = 3600
DAY_S = 86400
PARTY_EVERY_S = 4 * DAY_S
PARTY_S = 2 * HOUR_S
# Nobody is back sooner: a copy of what was said before has reached the server by then (air.py).
LEAST_AWAY_S = 15


def resident(chance, _now):
    """Return (stay, absence): here for days, away for minutes."""
    return chance.expovariate(1 / (20 * HOUR_S)), chance.uniform(LEAST_AWAY_S, HOUR_S / 2)


def daily(chance, now):
    """Return (stay, absence): a few hours in the daytime."""
    stay_s = chance.uniform(HOUR_S / 2, 6 * HOUR_S)
    next_s = (int((now + stay_s) / DAY_S) + 1) * DAY_S + chance.uniform(7, 20) * HOUR_S
    return stay_s, next_s - now - stay_s


def guest(chance, _now):
    """Return (stay, absence): an hour or two every few days."""
    absence_s = HOUR_S + chance.expovariate(1 / (4 * DAY_S))
    return chance.uniform(600, 3 * HOUR_S), absence_s


class Visitor:
    """A Device with a habit.

    habit        function (chance, now) -> (seconds to stay, seconds to be away)
    private      takes a new MAC for each visit, as phones do
    identifiers  that it has, another one at each visit: firmware, then the system
    """

    identifiers = 1

    def __init__(self, world, air, judge, number, habit):
        chance = world.chance
        self._world = world
        self._air = air
        self._judge = judge
        self._habit = habit
        self._visit = 0  # the latest one: plans of an earlier one are void
        self.private = habit is daily and number % 6 == 0
        self.device = Device(world, air, judge, _mac(number), _manners(chance, number))
        world.later(chance.uniform(0, DAY_S), self._arrive, 0)

    def invite(self, stay_s):
        """Come to the party, if away."""
        if self.device.state == device.OFF:
            self._visit += 1
            self._stay(stay_s, LEAST_AWAY_S + self._world.chance.uniform(0, DAY_S))

    def _arrive(self, visit):
        if visit == self._visit:
            self._stay(*self._habit(self._world.chance, self._world.now))

    def _stay(self, stay_s, absence_s):
        if self.private:
            self._judge.forgets(self.device)
            self.device.address, self.device.until = None, 0.0
            self.device.mac = b"\x02" + self._world.chance.randbytes(5)
        if self.identifiers > 1:
            self._judge.another(self.device)
            number = self._world.chance.randrange(self.identifiers)
            identifier = b"\xff" + self.device.mac + bytes((number,))
            self.device.manners = self.device.manners._replace(client_id=identifier)
        self.device.arrive()
        self._world.later(stay_s, self._leave, self._visit, absence_s)
        if self._world.chance.random() < 0.3:
            self._world.later(stay_s * self._world.chance.random(), self._nap, self._visit)

    def _leave(self, visit, absence_s):
        if visit == self._visit:
            self._visit += 1
            self._air.devices.pop(self.device.mac, None)
            self.device.leave()
            self.device.deaf = False
            self._world.later(absence_s, self._arrive, self._visit)

    def _nap(self, visit):
        """Be out of reach for some minutes: no message comes or goes, timers run on."""
        if visit == self._visit and self.device.state != device.OFF:
            self.device.deaf = True
            self._world.later(self._world.chance.uniform(10, 2 * HOUR_S), self._wake, visit)

    def _wake(self, visit):
        if visit == self._visit:
            self.device.deaf = False


def _mac(number):
    """Return a MAC for each number; its vendor is one of three."""
    return bytes((0, 0, 0x5E, number % 3, 0x53, number))


def _manners(chance, number):
    """Return the Manners of a device, drawn from those of real devices."""
    client_id = (None, b"\1" + _mac(number), b"\xff" + bytes((number,)) * 12)[number % 3]
    return Manners(
        client_id=client_id,
        remembers=chance.random() < 0.8,
        probes=chance.random() < 0.7,
        releases=chance.random() < 0.2,
        wish_s=chance.choice((None,) * 8 + (600, 7200, 7200, 86400)),
    )


class Squatter:
    """A host that uses an address of the pool without a lease, for about a day."""

    def __init__(self, world, air, number, addresses):
        self.mac = bytes((2, 0, 0x5E, 0, 0x53, number))
        self.address = None
        self._world = world
        self._air = air
        self._addresses = addresses
        self._move()

    def hears(self):
        """Return True: it is there while it has an address."""
        return True

    def _move(self):
        """Take another address, one that no client has just now, or none for a while."""
        chance = self._world.chance
        self._air.owners[self.address].discard(self)
        free = [address for address in self._addresses if not self._air.owners[address]]
        self.address = chance.choice(free) if free and chance.random() < 0.7 else None
        if self.address:
            self._air.owners[self.address].add(self)
        self._world.later(chance.expovariate(1 / DAY_S), self._move)
