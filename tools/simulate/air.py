"""The network between the server and its clients: it loses, doubles and reorders messages."""

import collections

NEAR_S = (0.001, 0.02)  # what a message takes
LATE_S = (0.1, 3.0)  # what a late one takes more: others overtake it


class Air:
    """One link.

    loss, doubled, late   probabilities of a message's fate
    devices   {MAC: Device}
    owners    {address: set of stations that use it}; a station has `mac` and hears()
    host      who serves: has take(packet); None while it is off
    counters  Counter of what has become of messages
    """

    def __init__(self, world, loss=0.03, doubled=0.02, late=0.03):
        self.devices = {}
        self.owners = collections.defaultdict(set)
        self.host = None
        self.counters = collections.Counter()
        self._world = world
        self._loss = loss
        self._doubled = doubled
        self._late = late

    def to_server(self, packet):
        """Send a client's message."""
        self._send(self._at_server, packet)

    def to_client(self, packet):
        """Send a reply; by unicast or broadcast, only the client that it names looks at it."""
        self._send(self._at_client, packet)

    def _send(self, arrive, packet):
        chance = self._world.chance
        self.counters["sent"] += 1
        copies = 1
        if chance.random() < self._doubled:
            self.counters["doubled"] += 1
            copies = 2
        for _ in range(copies):
            if chance.random() < self._loss:
                self.counters["lost"] += 1
                continue
            delay_s = chance.uniform(*NEAR_S)
            if chance.random() < self._late:
                self.counters["late"] += 1
                delay_s += chance.uniform(*LATE_S)
            self._world.later(delay_s, arrive, packet)

    def _at_server(self, packet):
        if self.host:
            self.host.take(packet)
        else:
            self.counters["server off"] += 1

    def _at_client(self, packet):
        device = self.devices.get(packet[28:34])
        if device and device.hears():
            device.take(packet)

    def stations(self):
        """Return the MACs of all stations: clients, and others with an address."""
        found = set(self.devices)
        for owners in self.owners.values():
            found.update(station.mac for station in owners)
        return sorted(found)

    # Who has an address?

    def answers(self, address, asker=None):
        """Return the stations that answer one question for an address, loss considered."""
        chance = self._world.chance
        kept = (1 - self._loss) ** 2
        return [
            station
            for station in sorted(self.owners[address], key=_mac)
            if station is not asker and station.hears() and chance.random() < kept
        ]


def _mac(station):
    return station.mac
