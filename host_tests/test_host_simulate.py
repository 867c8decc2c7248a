"""Months in simulated time, bounded: what the judge of tools/simulate demands holds.

The long run is `make simulate`.  That the judge would see what must not happen is shown by
planting faults into the core.
"""

import sys
import unittest
from pathlib import Path
from unittest import mock

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

import client
import simulate
from microdhcp.leases import Leases
from simulate.device import ACK, NAK
from simulate.host import Clock
from simulate.judge import MOVED, REFUSED, WITHDRAWN
from simulate.world import World

NEEDLESS = f"back: {MOVED}"
TAKEN = "held by two: one forgotten at a restart"


def play(seed, days, **settings):
    """Return the Result of a story."""
    return simulate.play(simulate.Settings(seed, days, **settings))


class StoryTest(unittest.TestCase):
    def test_days_without_a_restart(self):
        """No address is held by two, whoever asks while one is free gets it, and nobody's
        address is taken without need."""
        for seed in (1, 2):
            result = play(seed, 3, restart_days=0)
            seen = result.counters
            self.assertEqual(result.failures, [])
            self.assertGreater(seen["back: same address"], 100)
            self.assertGreater(seen["asked while some were free"], 300)
            self.assertEqual((seen.get(NEEDLESS, 0), seen.get(TAKEN, 0)), (0, 0))

    def test_weeks_with_power_cuts(self):
        """Leases are stored: nobody's is lost but in the first 5 s, and old addresses are kept."""
        result = play(2, 7, restart_days=1)
        seen = result.counters
        self.assertEqual(result.failures, [])
        self.assertGreater(seen["power cuts"], 5)
        self.assertGreater(seen["clock wraps"], 0)
        self.assertEqual(seen.get(TAKEN, 0), 0)
        self.assertLess(seen.get(NEEDLESS, 0), seen["back: same address"] / 100)

    @pytest.mark.long  # 9 s of CPU; other stories without a store are shorter
    def test_weeks_with_power_cuts_and_no_store(self):
        """The table is lost at each; clients are adopted, and what holds in between is judged."""
        result = play(4, 14, restart_days=1, store=False)
        seen = result.counters
        self.assertEqual(result.failures, [])
        self.assertGreater(seen["power cuts"], 5)
        self.assertGreater(seen[TAKEN], 0)
        self.assertEqual(seen.get(NEEDLESS, 0), 0)

    def test_reservations_that_come_and_go_and_identifiers_that_change(self):
        """No address is held by two clients, and no client is locked out by new settings."""
        result = play(1, 4, restart_days=1, reserve_days=0.2, identifiers=4)
        seen = result.counters
        self.assertEqual(result.failures, [])
        self.assertGreater(seen["reservations"], 50)
        self.assertGreater(seen["back: an address was reserved for it"], 20)
        self.assertGreater(seen["asked while some were free"], 300)
        self.assertEqual(seen.get(TAKEN, 0), 0)

    def test_a_seed_tells_the_whole_story(self):
        self.assertEqual(play(5, 1), play(5, 1))
        self.assertNotEqual(play(5, 1), play(6, 1))


class JudgeTest(unittest.TestCase):
    """Faults planted into the lease table are seen."""

    def play_with(self, name, function):
        with mock.patch.object(Leases, name, function):
            return play(7, 1, restart_days=0, squatters=0)

    def test_an_address_given_to_two(self):
        result = self.play_with("open", lambda leases, slot: True)
        self.assertIn("is held by", "".join(result.failures))

    def test_a_client_that_gets_nothing(self):
        result = self.play_with("spare", lambda leases, *_wanted: -1)
        self.assertIn("asks in vain", "".join(result.failures))

    def test_an_old_address_given_away_too_soon(self):
        def newest(leases, *_wanted):
            free = [slot for slot in range(leases.slots) if leases.open(slot)]
            return max(free, key=lambda slot: leases.until_s[slot], default=-1)

        self.assertGreater(self.play_with("spare", newest).counters[NEEDLESS], 10)


class SeenCase(unittest.TestCase):
    """A Judge that is told what happens to one address."""

    ADDRESS = bytes((192, 0, 2, 10))

    def setUp(self):
        self.story = simulate.story.Story(simulate.Settings(1, pool=1, squatters=0, store=False))
        self.judge = self.story.judge
        self.devices = [visitor.device for visitor in self.story.visitors[:3]]
        self.first, self.second, self.third = (device.mac for device in self.devices)
        self.story.air.devices.update((device.mac, device) for device in self.devices)

    def ask(self, name, mac, **fields):
        """Let the judge hear a message, a minute after the one before."""
        self.story.world.run(self.story.world.now + 60)
        self.judge.asked(client.message(name, mac, 1, **fields))

    def reply(self, kind, mac):
        """Let the judge see that the server leases the address, or refuses something."""
        reply = bytearray(client.message("DISCOVER", mac, 1, {client.LEASE_S: b"\0\0\x0e\x10"}))
        reply[16:20] = self.ADDRESS
        reply[reply.index(b"\x35\x01") + 2] = kind
        self.judge.answered(bytes(reply))


class ReleaseTest(SeenCase):
    """Who gives an address back: a late copy of that says nothing about the next client."""

    def is_free(self):
        """Return whether the judge takes the address for free when somebody asks."""
        free = self.judge.counters["asked while some were free"]
        self.ask("DISCOVER", self.third)
        return self.judge.counters["asked while some were free"] > free

    def test_its_client_gives_it_back(self):
        self.reply(ACK, self.first)
        self.assertFalse(self.is_free())
        self.ask("RELEASE", self.first, ciaddr=self.ADDRESS)
        self.assertTrue(self.is_free())

    def test_a_late_copy_of_the_client_before(self):
        self.reply(ACK, self.first)
        self.ask("RELEASE", self.first, ciaddr=self.ADDRESS)
        self.reply(ACK, self.second)
        self.ask("RELEASE", self.first, ciaddr=self.ADDRESS)
        self.assertFalse(self.is_free())


class LostNakTest(SeenCase):
    """A holder is refused because its address is reserved, and does not hear that."""

    def two_hold(self, *, refused, owner, renewed=False):
        """Let the second device get the address of the first; return failures, and lost NAKs."""
        for device in self.devices[:2]:
            device.address, device.until = self.ADDRESS, 3600.0
        self.judge.reserves({self.ADDRESS: owner})
        self.judge.holds(self.devices[0], False)
        if refused:
            self.reply(NAK, self.first)
        if renewed:
            self.judge.holds(self.devices[0], True)
        self.judge.holds(self.devices[1], False)
        return len(self.judge.failures), self.judge.counters[f"held by two: {REFUSED}"]

    def test_it_is_no_fault_of_the_server(self):
        self.assertEqual(self.two_hold(refused=True, owner=self.second), (0, 1))

    def test_without_a_nak_it_is_one(self):
        self.assertEqual(self.two_hold(refused=False, owner=self.second), (1, 0))

    def test_without_a_reservation_it_is_one(self):
        self.assertEqual(self.two_hold(refused=True, owner=self.first), (1, 0))

    def test_what_was_leased_again_is_not_refused(self):
        self.assertEqual(self.two_hold(refused=True, owner=self.second, renewed=True), (1, 0))


class WithdrawnTest(SeenCase):
    """An address outside the pool that is reserved, no longer reserved, and reserved again."""

    ADDRESS = bytes((192, 0, 2, 2))

    def two_hold(self, *tables):
        """Let two devices hold the address, and the reservations change between."""
        for device in self.devices[:2]:
            device.address, device.until = self.ADDRESS, 3600.0
        self.judge.reserves({self.ADDRESS: self.first})
        self.judge.holds(self.devices[0], False)
        for table in tables:
            self.judge.reserves(table)
        self.judge.holds(self.devices[1], False)
        return len(self.judge.failures), self.judge.counters[f"held by two: {WITHDRAWN}"]

    def test_it_was_not_in_the_settings_for_a_while(self):
        self.assertEqual(self.two_hold({}, {self.ADDRESS: self.second}), (0, 1))

    def test_it_went_from_one_to_the_other(self):
        self.assertEqual(self.two_hold({self.ADDRESS: self.second}), (1, 0))


class ClockTest(unittest.TestCase):
    def test_seconds_go_on_when_milliseconds_begin_again(self):
        world = World(1)
        clock = Clock(world, at_ms=(1 << 30) - 1500, start_s=100)
        seconds = []
        for _ in range(4):
            seconds.append(clock.now_s())
            world.run(world.now + 1)
        self.assertEqual((seconds, clock.wraps), ([100, 101, 102, 103], 1))


if __name__ == "__main__":
    unittest.main()
