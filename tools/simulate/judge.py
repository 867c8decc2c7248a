"""Judges the server from outside, by its messages and by the clients' behaviour.

held by two   no address is ever held by two clients.  A client holds its address from the ACK to
              the end of its lease, also while it is switched off
starved       who asks while an address is free gets an offer
moved         who comes back within a week has its old address, unless somebody needed that:
              unless it went to another client that asked for it, or as the one free for longest
"""

import collections

import client
from dhcp import options as read

from .device import ACK, NAK, OFFER

WEEK_S = 7 * 86400
DISCOVER, DECLINE, RELEASE = 1, 4, 7
FORGOTTEN = 2  # renewals until the server has adopted a client and believes in it
UNSTORED_S = 65  # the age that other changes may have
OFF_S = 60  # the longest time without power
YOUNG_S = 5  # a binding may be that young when the power goes, and be lost
SECOND = 1  # the server's clock counts whole ones
SLACK_S = 40  # two that became free within an offer_hold_s are alike
PATIENCE = 2  # DISCOVERs in a row that may stay unanswered though an address is free
ANSWER_S = 3.5  # the shortest time until a client asks again is 3 s, checks are done before


MOVED = "moved without need"
REFUSED = "a NAK was lost"
WITHDRAWN = "its address had left the settings"


class Hold:
    """One client's right to one address."""

    def __init__(self, address, since, until):
        self.address = address
        self.since = since
        self.until = until
        self.counted = False  # as one of two
        self.lost = 0  # FORGOTTEN; less by one with each renewal
        self.over = ""  # why it is over for the server, which its client need not know


class Judge:
    """Watches one server with its clients.

    addresses   of the pool, 4 bytes each
    outside     others, that only reservations have
    reserved    {address: MAC} of the reservations
    settings    of Config: quarantine_s, offer_hold_s
    failures    list of what must not be, as text
    counters    Counter of what has been seen
    """

    def __init__(self, world, air, addresses, outside, settings, stored):
        self.failures = []
        self.counters = collections.Counter()
        self._world = world
        self._air = air
        self._quarantine_s = settings["quarantine_s"]
        self._offer_hold_s = settings["offer_hold_s"]
        self._stored = stored
        self._pool = frozenset(addresses)
        self.reserved = {}
        addresses = [*addresses, *outside]
        self._holds = {address: {} for address in addresses}
        self._free_since = dict.fromkeys(addresses, 0.0)
        self._last = {}  # address -> device that has or had it
        self._taken = {}  # (address, device) -> why the device has lost it
        self._quarantined = dict.fromkeys(addresses, 0.0)  # until when
        self._granted_s = dict.fromkeys(addresses, 0)  # in the latest ACK
        self._lease_ends = dict.fromkeys(addresses, 0.0)
        self._acked = dict.fromkeys(addresses, (None, 0))  # MAC, when it was first acknowledged
        self._homes = {}  # device -> its latest Hold
        self._unanswered = {}  # MAC -> (when, how many in a row)
        self._asked_for = {}  # MAC -> address in option 50 of its latest message

    def _fail(self, text):
        self.failures.append(f"day {self._world.now / 86400:.4f}: {text}")

    def reserves(self, reserved):
        """From now on these are the reservations, {address: MAC}."""
        self.counters["reservations"] += len(reserved.items() - self.reserved.items())
        self.reserved = reserved
        for address in self._holds.keys() - self._pool - reserved.keys():
            for hold in self._holds[address].values():
                hold.over = WITHDRAWN

    # Clients

    def another(self, device):
        """A device takes another identifier: it is another client, with the same MAC."""
        self._homes.pop(device, None)

    def started(self, device):
        """A device has joined the network."""
        self.counters["visits"] += 1
        self._unanswered.pop(device.mac, None)

    def forgets(self, device):
        """A device changes its MAC: it is another one from now on."""
        self.drops(device)
        self._homes.pop(device, None)

    def holds(self, device, renewed):
        """A device has got an ACK for device.address until device.until."""
        now, address = self._world.now, device.address
        holds = self._holds[address]
        for other, hold in list(holds.items()):
            if other is not device and hold.until > now + SECOND and not hold.counted:
                self._two(address, device, other, hold)
        mine = holds.setdefault(device, Hold(address, now, device.until))
        mine.until = device.until
        mine.over = ""
        mine.lost -= renewed and mine.lost > 0
        if renewed:
            self.counters["renewed"] += 1
        else:
            self.counters["obtained"] += 1
            self._judge_home(device)
        self._homes[device] = holds[device]

    def _two(self, address, device, other, hold):
        """Two clients hold an address.

        A server cannot know that a NAK was lost: the next renewal is refused again.  It forgets an
        address that leaves its settings.
        """
        if hold.over:
            self.counters["held by two: " + hold.over] += 1
        elif not hold.lost:
            self._fail(
                f"{_text(address)} is held by {device.mac.hex(':')} and, "
                f"for {hold.until - self._world.now:.0f} s more, by {other.mac.hex(':')}"
            )
        else:
            self.counters["held by two: one forgotten at a restart"] += 1
        hold.counted = True

    def drops(self, device):
        """A device holds its address no longer."""
        if device.address:
            self._holds[device.address].pop(device, None)

    def declined(self, device):
        """A device has found its address in use."""
        self.counters["declined"] += 1
        self.drops(device)
        self._homes.pop(device, None)

    def _judge_home(self, device):
        """Count whether a device that comes back has its old address."""
        home = self._homes.get(device)
        if home is None or self._world.now - home.until > WEEK_S:
            return
        if device.address == home.address:
            self.counters["back: same address"] += 1
        else:
            self.counters[f"back: {self._why_not(home, device)}"] += 1

    def _why_not(self, home, device):
        """Return why a device has lost its old address; MOVED when nothing excuses that."""
        address = home.address
        taken = self._taken.get((address, device))
        if home.lost:
            return "old address forgotten at a restart"
        if device.mac in self.reserved.values():
            return "an address was reserved for it"
        if address in self.reserved or address not in self._pool:
            return "old address reserved for another"
        if taken:
            return taken
        if self._quarantined[address] > self._world.now or self._air.owners[address] - {device}:
            return "old address in use"
        return MOVED

    # Messages

    def asked(self, packet):
        """A message has reached the server."""
        options = read(packet)
        kind, mac, now = options[client.TYPE][0], packet[28:34], self._world.now
        if kind == DECLINE:
            self._quarantine(options[client.REQUESTED])
        elif kind == RELEASE:
            self._released(packet[12:16], mac)
        elif mac in self._air.devices and client.SERVER_ID not in options:
            self._asked_for[mac] = options.get(client.REQUESTED)
            if kind == DISCOVER:
                self._judge_patience(mac, now)

    def _released(self, address, mac):
        """A client gives its address back: a late copy of that is nothing to the next client."""
        last = self._last.get(address)
        if last and last.mac == mac:
            self._free_since[address] = self._lease_ends[address] = self._world.now

    def _judge_patience(self, mac, now):
        """A client asks: the last time it did it should have got an offer."""
        at, count = self._unanswered.get(mac, (-ANSWER_S, 0))
        if now - at < ANSWER_S:
            return  # a copy
        if self._free(now - ANSWER_S, mac):
            self.counters["asked while some were free"] += 1
            count += 1
            if count > PATIENCE + 1:
                self._fail(f"{mac.hex(':')} asks in vain though {self._free(now, mac)} are free")
        else:
            self.counters["asked while all were taken"] += 1
            count = 0
        self._unanswered[mac] = now, count

    def _free(self, since, mac):
        """Return how many addresses have been free for a client since then, and are."""
        return sum(
            free_since < since and not self._air.owners[address] and self._may_have(address, mac)
            for address, free_since in self._free_since.items()
        )

    def _may_have(self, address, mac):
        """Return whether an address is reserved for that client, or not reserved."""
        return self.reserved.get(address, mac if address in self._pool else None) == mac

    def checks(self, mac, address):
        """The server finds out about an address, and keeps it for a client meanwhile."""
        self._give(mac, address)
        self._keep(address, self._offer_hold_s)

    def found_in_use(self, address):
        """The server has found an address in use."""
        self.counters["conflicts"] += 1
        self._quarantine(address)

    def _quarantine(self, address):
        self._quarantined[address] = self._world.now + self._quarantine_s
        self._keep(address, self._quarantine_s)

    def _keep(self, address, seconds):
        self._free_since[address] = max(self._free_since[address], self._world.now + seconds)

    def answered(self, reply):
        """The server has sent a reply."""
        options = read(reply)
        kind = options[client.TYPE][0]
        mac, address = reply[28:34], reply[16:20]
        if kind == OFFER:
            self._unanswered.pop(mac, None)
            self._give(mac, address)
            self._keep(address, self._offer_hold_s)
        elif kind == ACK:
            self._give(mac, address)
            self._acknowledged(mac, address, int.from_bytes(options[client.LEASE_S], "big"))
        elif kind == NAK:
            self._refused(mac)

    def _refused(self, mac):
        """The server has refused a client what it asked for, perhaps an address that it holds."""
        for address, holds in self._holds.items():
            if self.reserved.get(address, mac) != mac:
                for device, hold in holds.items():
                    if device.mac == mac:
                        hold.over = REFUSED

    def _acknowledged(self, mac, address, lease_s):
        """The server has leased an address."""
        now = self._world.now
        if self._acked[address][0] != mac or self._lease_ends[address] <= now + SECOND:
            self._acked[address] = mac, now
        self._granted_s[address] = lease_s
        self._lease_ends[address] = self._free_since[address] = now + lease_s

    def _give(self, mac, address):
        """Note the new holder of an address, and why the old one loses it."""
        device = self._air.devices.get(mac)
        last = self._last.get(address)
        if device is None or last is device:
            return
        if last is not None:
            self._taken[address, last] = self._reason(mac, address)
        self._last[address] = device
        self._taken.pop((address, device), None)

    def _reason(self, mac, address):
        """Return why an address that had a client is given to another; MOVED: without need."""
        if self._asked_for.get(mac) == address:
            return "old address asked for by another"
        if self._free_since[address] > self._world.now:
            return "old address needed"  # an offer that nobody took, or ended just before a cut
        since = self._free_since[address] - SLACK_S
        if self.reserved.get(address) == mac:
            return "old address reserved for another"
        for other, free_since in self._free_since.items():
            usable = self._may_have(other, mac) and not self._air.owners[other]
            if free_since < since and usable:
                return MOVED
        return "old address needed"

    # The server

    def old_bindings(self):
        """Yield (address, MAC) of each that a client holds, and the server may not forget."""
        now = self._world.now
        for address, holds in self._holds.items():
            mac, acked_at = self._acked[address]
            for device, hold in holds.items():
                if device.mac == mac and not hold.lost and hold.until > now + SECOND:
                    if now - acked_at >= YOUNG_S:
                        yield address, mac

    def power_cut(self):
        """The server is off: changes that were not stored are lost."""
        self._unanswered.clear()
        for holds in self._holds.values():
            for hold in holds.values():
                if not self._stored or self._is_young(hold):
                    hold.lost = FORGOTTEN
        for home in self._homes.values():
            if not self._stored or self._is_young(home):
                home.lost = FORGOTTEN

    def power_back(self):
        """The server is on again: leases that ran when they were stored start again."""
        if not self._stored:
            return
        now = self._world.now
        before = now - OFF_S - UNSTORED_S
        for address, free_since in self._free_since.items():
            if free_since > before:
                self._free_since[address] = max(free_since, now + self._granted_s[address])
            if self._quarantined[address] > before:
                self._quarantine(address)

    def _is_young(self, hold):
        """Return whether a binding need not have been stored yet."""
        return self._world.now - self._acked[hold.address][1] < YOUNG_S


def _text(address):
    return ".".join(map(str, address))
