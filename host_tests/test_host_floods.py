"""Greedy and broken clients: holders keep their addresses, honest clients get one.

In simulated time, 10,000 messages of each kind at 200 a second, checks of addresses on; and
less of it against serve.py on a cable.
"""

import gc
import random
import re
import sys
import time
import tracemalloc
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

import client
import linux.checker
from lab.network import unavailable
from microdhcp import checking
from patience import LIMIT_S
from simulate.air import Air
from simulate.device import BOUND, RENEWING, Device, Manners
from simulate.flood import DISCOVERS, IDENTIFIERS, REQUESTS, Flood
from simulate.host import Host
from simulate.judge import Judge
from simulate.world import World
from test_host_checks import FakeProbes
from test_host_serve import OWN, Cable

KINDS = (DISCOVERS, REQUESTS, IDENTIFIERS)
COUNT = 10_000
POOL = 64
BOUND_N = 40
LEASE_S = 80  # T1 is within each flood
TRY_S = 1 + 5 + 9 + 1  # until a client that asks for the third time has its answer
GRACE_S = 60  # nobody doubts an unconfirmed lease before: docs/policies.md says why
SLACK_BYTES = 16_384


class Told:
    """What a desktop's checker tells, and nobody wants to know."""

    def proxy(self, mac):
        """There is none."""
        raise AssertionError(mac)

    def dropped(self, packet, reason):
        """A message waits no longer."""


def of_desktop(server, _radio):
    """Return a desktop's checks; nobody answers."""
    return linux.checker.Checker(server, FakeProbes({}), 400, Told())


def of_small_board(server, radio):
    """Return a board's checks, eight at a time for two messages."""
    return checking.Checker(server, radio, 2, 400, echo=radio)


class Case:
    """A server with BOUND_N bound clients."""

    def __init__(self, seed=1, make_checker=of_desktop):
        self.world = World(seed)
        self.air = Air(self.world, loss=0, doubled=0, late=0)
        self.addresses = [bytes((192, 0, 2, 10 + i)) for i in range(POOL)]
        settings = {
            "address": "192.0.2.1/24",
            "pool": ("192.0.2.10", f"192.0.2.{9 + POOL}"),
            "lease_s": LEASE_S,
            "offer_hold_s": 30,
            "quarantine_s": 600,
        }
        self.judge = Judge(self.world, self.air, self.addresses, (), settings, stored=True)
        self.host = Host(self.world, self.air, self.judge, settings)
        self.host.make_checker = make_checker
        self.host.boot()
        self._number = 0
        self.bound = [self.newcomer() for _ in range(BOUND_N)]
        self.wait(100)

    def newcomer(self):
        """Let a new client join; return it."""
        self._number += 1
        mac = bytes((0, 0, 0x5E, 0, 0x53, self._number))
        one = Device(self.world, self.air, self.judge, mac, Manners())
        one.arrive()
        return one

    def flood(self, kind, count=COUNT, per_s=200):
        """Begin to send."""
        return Flood(self.world, self.air, kind, self.addresses, count, per_s)

    def wait(self, seconds):
        """Let time pass."""
        self.world.run(self.world.now + seconds)


def has_lease(one):
    """Return whether a client uses its address."""
    return one.state in (BOUND, RENEWING)


class FloodTest(unittest.TestCase):
    def check_bound(self, case, homes):
        """No client has lost its address or asked for another one."""
        self.assertEqual([one.address for one in case.bound], homes)
        self.assertTrue(all(map(has_lease, case.bound)))
        self.assertEqual(case.judge.failures, [])

    def test_bound_clients_renew_and_a_newcomer_is_served_afterwards(self):
        for kind in KINDS:
            with self.subTest(kind):
                case = Case()
                homes = [one.address for one in case.bound]
                obtained = case.judge.counters["obtained"]
                renewed = case.judge.counters["renewed"]
                flood = case.flood(kind)
                case.wait(COUNT / 200)
                self.check_bound(case, homes)
                self.assertEqual(flood.sent, COUNT)
                self.assertGreaterEqual(case.judge.counters["renewed"] - renewed, BOUND_N)
                newcomer = case.newcomer()
                case.wait(TRY_S)
                self.assertTrue(has_lease(newcomer), kind)
                self.assertEqual(case.judge.counters["obtained"], obtained + 1)
                self.check_bound(case, homes)

    def test_newcomers_are_served_while_it_goes_on(self):
        for kind in KINDS:
            with self.subTest(kind):
                case = Case(2)
                homes = [one.address for one in case.bound]
                case.flood(kind, per_s=50)
                for _ in range(10):
                    newcomer = case.newcomer()
                    case.wait(TRY_S + (GRACE_S if kind == REQUESTS else 0))
                    self.assertTrue(has_lease(newcomer), kind)
                    case.wait(20 - TRY_S)
                self.check_bound(case, homes)

    def test_newcomers_are_served_by_a_board_while_it_goes_on(self):
        """Two messages and eight checks at a time: none may give way to the next."""
        for kind in KINDS:
            with self.subTest(kind):
                case = Case(2, of_small_board)
                self.assertTrue(all(map(has_lease, case.bound)))
                homes = [one.address for one in case.bound]
                case.judge.failures.clear()  # of the first rush: 40 at once, 2 can wait
                case.flood(kind, per_s=50)
                for _ in range(5):
                    newcomer = case.newcomer()
                    case.wait(20)
                    self.assertTrue(has_lease(newcomer), kind)
                self.check_bound(case, homes)

    def test_memory_stays_flat(self):
        for kind in KINDS:
            with self.subTest(kind):
                case = Case(3)
                case.flood(kind, 4000)
                case.wait(10)
                tracemalloc.start()
                try:
                    gc.collect()
                    before = tracemalloc.get_traced_memory()[0]
                    case.wait(10)
                    gc.collect()
                    grown = tracemalloc.get_traced_memory()[0] - before
                finally:
                    tracemalloc.stop()
                self.assertLess(grown, SLACK_BYTES)


REASON = unavailable()


@unittest.skipIf(REASON, REASON or "")
class LiveFloodTest(unittest.TestCase):
    """serve.py on a cable, ARP checks on, 200 messages a second of all three kinds."""

    SECONDS = 3
    PER_S = 200

    def packets(self):
        """Yield the messages."""
        chance = random.Random(4)
        greedy = b"\x02\0\x5e\0\x53\xff"
        while True:
            mac, wanted = (
                b"\x02" + chance.randbytes(5),
                bytes((10, 77, 0, chance.randrange(10, 74))),
            )
            named = {client.REQUESTED: wanted}
            identifier = {client.CLIENT_ID: b"\0" + chance.randbytes(8)}
            xid = chance.getrandbits(32)
            yield client.message("DISCOVER", mac, xid)
            yield client.message("REQUEST", mac, xid, named)
            yield client.message("DISCOVER", greedy, xid, identifier)

    def flood(self, wire):
        """Send for SECONDS at an even pace."""
        packets = self.packets()
        begun = time.monotonic()
        for number in range(self.SECONDS * self.PER_S):
            packet = next(packets)
            wire.send(packet, packet[28:34])
            time.sleep(max(0, begun + number / self.PER_S - time.monotonic()))

    def memory_kb(self, server):
        """Return what the server's process has in memory."""
        status = Path(f"/proc/{server._process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def test_bound_clients_renew_and_a_newcomer_is_served(self):
        macs = [b"\0\0\x5e\0\x53" + bytes((i,)) for i in range(1, 31)]
        words = "--pool", "10.77.0.10-10.77.0.73"
        with Cable() as cable, cable.serve(*words) as server, cable.wire() as wire:
            homes = client.obtain_all(wire, macs, LIMIT_S)
            self.assertEqual(len(homes), len(macs))
            self.flood(wire)
            before = self.memory_kb(server)
            self.flood(wire)
            self.assertLess(self.memory_kb(server) - before, 2048)
            for mac in macs:
                one = client.Client(wire, mac)
                one.lease = client.Lease(homes[mac], OWN, 0, {})
                self.assertEqual(one.renew().address, homes[mac])
            newcomer = client.Client(wire, b"\0\0\x5e\0\x53\x40")
            self.assertNotIn(newcomer.obtain().address, homes.values())


if __name__ == "__main__":
    unittest.main()
