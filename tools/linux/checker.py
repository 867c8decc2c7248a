"""Keeps the messages that the server parks, has their addresses checked, and hands them back.

The core says PARK and waits for checked(); checks.py knows when to ask and what an answer means,
probes.py how to ask; here they meet.
"""

import time

from microdhcp import states

from .checks import Checks
from .parked import Message, Parked

ROUNDS = 254  # candidates for one message: more than there can be


class Checker:
    """The checks of one server on one interface.

    server   has enable_checks() called here
    probes   ArpProbes or IcmpProbes
    check_s  seconds that a check takes
    told     object with conflict(address, mac), proxy(mac), dropped(packet, reason) and
             cannot_send(error) -> whether the network is away; see Desktop
    clock    returns seconds, never fewer than before
    """

    def __init__(self, server, probes, check_s, told, clock=time.monotonic):
        self.server = server
        self.probes = probes
        self.skipped = 0  # DISCOVERs that were answered without a check
        self.conflicts = 0
        self._told = told
        self._clock = clock
        self._parked = Parked(server.leases.slots)
        self._checks = Checks(check_s, self._send, told.proxy)
        server.enable_checks(names_owner=probes.names_owner)

    def counters(self):
        """Return {name: count} for the log."""
        return {
            "checks": self._checks.started,
            "probes": self._checks.sent,
            "conflicts": self.conflicts,
            "skipped": self.skipped,
            "parked": self._parked.parked,
            "overwritten": self._parked.overwritten,
            "repeated": self._parked.repeated,
            "waiting": len(self._parked),
        }

    def set_own(self, addresses):
        """Take the addresses (4 bytes each) of this machine: nobody answers for those."""
        self._checks.own = frozenset(addresses)

    def clear(self, check_s=None):
        """Forget all that waits, and the clients will ask again.

        For when the interface is gone, or the server has other settings, with a new check_s.
        """
        self._checks.check_s = check_s or self._checks.check_s
        self._checks.clear()
        self._parked.clear(self.server.leases.slots)

    def park(self, n, peer_mac, rounds=1):
        """Keep the message in server.rx[:n], for which handle() has returned PARK."""
        server = self.server
        slot = server.check_slot
        if rounds > ROUNDS:
            self._told.dropped(bytes(server.rx[:n]), "conflicts")
            return
        holder = bytes(server.leases.mac[6 * slot : 6 * slot + 6])
        message = Message(bytes(server.rx[:n]), peer_mac, slot, rounds, holder)
        lost = self._parked.put(message)
        if message in lost:
            self._told.dropped(message.packet, "repeated")
            return
        for other in lost:
            self._told.dropped(other.packet, "overwritten")
        address = bytearray(4)
        server.address_of(slot, address, 0)
        client = message.packet[28:34]
        self._checks.start(slot, bytes(address), client, self._clock())

    def listen(self):
        """Take what has been heard on the network."""
        now = self._clock()
        for mac, address in self.probes.heard():
            self._checks.heard(mac, address, now)

    def wait_s(self):
        """Return how many seconds run() can wait, None for ever."""
        at = self._checks.due_at()
        return None if at is None else max(0.0, at - self._clock())

    def run(self, now_s):
        """Do what is due; yield each Message whose check has ended, to be handled again.

        Answers that wait in the socket are heard first: they may be older than the end.
        """
        if self.wait_s() != 0:
            return
        self.listen()
        for result in self._checks.run(self._clock()):
            if result.in_use is None:
                self._parked.take(result.slot)
                continue
            self.server.checked(result.slot, result.in_use, now_s, result.mac)
            if result.in_use and self.server.leases.state[result.slot] == states.CONFLICT:
                self.conflicts += 1  # and not a lease whose client has shown that it is there
                self._told.conflict(result.address, result.mac)
            yield from self._parked.take(result.slot)

    def _send(self, address):
        """Send one probe; return False when there is no network."""
        try:
            self.probes.probe(address)
        except OSError as error:
            return not self._told.cannot_send(error)
        return True
