"""The scenarios of host_tests/scenarios.py on a fake ESP32, a fake Pico W, emulated Picos W.

Each is lived on both fakes.  On an emulated board each is lived once, with v1.26.1; what depends
on the firmware (EveryFirmware, Stock) with v1.23.0 as well, the oldest one that is supported.
"""

import functools
import unittest

import pytest

import scenarios
from rigs import OWN, RIGS

ALL, EVERYBODY = "255.255.255.255", "ff:ff:ff:ff:ff:ff"
ALICE = scenarios.ALICE


def lived(method, story):
    """Give a test what its rig's method (live or serve) brings from a story."""

    def decorate(test):
        @functools.wraps(test)
        def run(self):
            test(self, getattr(self.rig, method)(story))

        return run

    return decorate


class EveryFirmware:
    """What holds on every board and in every firmware; subclasses name one."""

    rig = None

    def reply(self, seen, kind):
        """Assert that a reply came from our server, out of the access point's address."""
        self.assertEqual((seen["kind"], seen["server"]), (kind, OWN))
        self.assertEqual((seen["from"], seen["mask"]), ((OWN, 67), "255.255.255.0"))

    @lived("serve", scenarios.ap_alone)
    def test_ap_alone(self, seen):
        for name, kind in (("offer", "OFFER"), ("ack", "ACK"), ("renewed", "ACK"), ("bob", "ACK")):
            self.reply(seen[name], kind)
        address = seen["offer"]["address"]
        to_client = (ALICE, address) if self.rig.unicasts else (EVERYBODY, ALL)
        self.assertEqual([seen[name]["to"] for name in ("offer", "ack")], [to_client] * 2)
        renewed = seen["renewed"]
        self.assertEqual((renewed["to"], renewed["address"]), ((ALICE, address), address))
        self.assertNotEqual(seen["bob"]["address"], address)
        self.assertEqual((seen["nak"]["kind"], seen["nak"]["to"]), ("NAK", (EVERYBODY, ALL)))
        self.assertEqual(seen["settings"].split()[1], OWN)
        self.assertNotEqual(seen["settings"].split()[0], "0")
        self.assertGreater(seen["datagrams"], 0)

    @lived("live", scenarios.uplink_before)
    def test_station_of_another_network_before(self, seen):
        self.reply(seen["offer"], "OFFER")
        self.assertEqual((seen["at home"], seen["sent home"]), ("10.0.0.2", 0))

    @lived("serve", scenarios.uplink_after)
    def test_station_of_another_network_after(self, seen):
        self.assertEqual(seen["at home"], "10.0.0.2")
        for name, kind in (("before", "ACK"), ("renewed", "ACK"), ("bob", "OFFER")):
            self.reply(seen[name], kind)
        self.reply(seen["carol, 10 ms after"], "OFFER")
        unheard = [name for name in seen if name.startswith("home unheard")]
        self.assertEqual([seen[name] for name in unheard], [True] * 3)
        self.assertEqual(seen["sent home"], 0)

    @lived("serve", scenarios.cycles)
    def test_access_point_off_and_on_and_renamed(self, seen):
        address = seen["first"]["address"]
        for what in ("off and on", "another name", "another address"):
            with self.subTest(what):
                renewed, own = seen[what]
                self.reply(renewed, "ACK")
                self.assertEqual((renewed["address"], own), (address, OWN))
                self.reply(seen[what + ", bob"], "OFFER")


class Scenarios(EveryFirmware):
    """What holds on every board."""

    @lived("serve", scenarios.soft_reset)
    def test_soft_reset(self, seen):
        self.assertTrue(seen["kept"])
        self.reply(seen["bob"], "ACK")

    @lived("serve", scenarios.stop_and_start)
    def test_stop_and_start(self, seen):
        self.assertEqual(seen, {"error": "", "silent": True, "kept": True})

    @lived("serve", scenarios.bursts)
    def test_bursts(self, seen):
        self.assertEqual(seen[4], 4)
        self.assertGreaterEqual(seen[8], 4)
        self.assertTrue(all(value for key, value in seen.items() if isinstance(key, tuple)), seen)

    @lived("serve", scenarios.slow_task)
    def test_a_slow_task_of_the_user(self, seen):
        self.assertEqual(seen["kind"], "OFFER")
        self.assertLess(seen["after_ms"], 250)

    @lived("serve", scenarios.leaving)
    def test_a_station_that_leaves(self, seen):
        self.assertEqual(seen, {"not given away": True, "kept": True})

    @lived("serve", scenarios.odd_datagrams)
    def test_odd_datagrams(self, seen):
        self.assertEqual(seen.pop("renewed after it"), ("ACK", "ACK"))
        self.assertEqual(set(seen.values()), {"OFFER"}, seen)

    @lived("live", scenarios.feeding)
    def test_a_watchdog_is_fed_every_second(self, seen):
        self.assertLessEqual(max(seen.values()), 1000, seen)


class FakeScenarios(Scenarios):
    """What emulated boards show elsewhere.

    A store: test_the_power_fails below.  A check: Squatters in test_host_emulator_checks.py.
    poll(): test_host_service.py.
    """

    @lived("live", scenarios.stored)
    def test_leases_outlive_a_restart(self, seen):
        self.assertEqual(seen, {"known": True, "bob's is another": True})

    @lived("live", scenarios.checked)
    def test_an_address_that_is_taken_is_found_out(self, seen):
        self.reply(seen["offer"], "OFFER")
        self.assertNotEqual(seen["offer"]["address"], "10.10.10.20")
        self.assertTrue(seen["pinged"])
        self.assertLess(seen["after_ms"], 1000)

    @lived("live", scenarios.by_poll)
    def test_poll(self, seen):
        self.reply(seen["ack"], "ACK")
        self.reply(seen["renewed"], "ACK")
        self.assertEqual(seen["error"], "")


class OnEsp32(FakeScenarios, unittest.TestCase):
    rig = RIGS["esp32"]


class OnPicoW(FakeScenarios, unittest.TestCase):
    rig = RIGS["pico_w"]


class Stock:
    """What only stock firmware shows."""

    @lived("live", scenarios.power_cut)
    def test_the_power_fails(self, seen):
        self.assertEqual(seen, dict.fromkeys(("known", "alice", "bob", "carol"), True))

    @lived("live", scenarios.memory)
    def test_memory(self, used):
        begin, *_, started, served = used
        print(f"\ngc.mem_alloc() before, imported, Config, Service, started, served: {used}")
        print(f"a Service of 16 slots that serves, from .mpy: {served - begin} bytes")
        self.assertLess(abs(served - started), 256)

    @lived("serve", scenarios.many_leases)
    def test_leases_leave_nothing_behind(self, measured):
        first, last = measured
        print(f"\ngc.mem_alloc(): {first} after 8 leases, {last} after 40")
        self.assertLessEqual(last - first, 64)


@pytest.mark.board
@unittest.skipIf(RIGS["emulated"].reason, RIGS["emulated"].reason)
class OnEmulatedPicoW(Stock, Scenarios, unittest.TestCase):
    rig = RIGS["emulated"]

    @lived("serve", scenarios.allocated)
    def test_a_packet_allocates_nothing(self, n):
        self.assertEqual(n, 0)

    @lived("serve", scenarios.torn_heap)
    def test_a_torn_heap(self, seen):
        print("\nfree, in pieces:", seen["heap"])
        self.assertTrue(seen["heap"].startswith("torn"))
        self.assertEqual((seen["alice"], seen["bob"]), (("ACK", "ACK"), ("ACK", "ACK")))


@pytest.mark.board
@unittest.skipIf(RIGS["emulated oldest"].reason, RIGS["emulated oldest"].reason)
class OnOldestFirmware(Stock, EveryFirmware, unittest.TestCase):
    """v1.23.0, the oldest one that is supported, and what it cannot do."""

    rig = RIGS["emulated oldest"]

    @pytest.mark.first
    def test_ap_alone(self):
        EveryFirmware.test_ap_alone(self)

    @lived("live", scenarios.checked)
    def test_an_address_that_is_taken_is_found_out(self, seen):
        self.reply(seen["offer"], "OFFER")
        self.assertNotEqual(seen["offer"]["address"], "10.10.10.20")
        self.assertTrue(seen["pinged"])
        self.assertLess(seen["after_ms"], 1000)

    @lived("serve", scenarios.bursts)
    def test_its_socket_keeps_one_message_of_a_burst(self, seen):
        """The others are heard when they ask again (v1.26 keeps four)."""
        self.assertEqual((seen[4], seen[4, "in the end"], seen[8, "in the end"]), (1, True, True))

    @lived("serve", scenarios.allocated)
    def test_its_slices_allocate(self, n):
        """Before v1.26 each slice makes an object, also on the way of a packet."""
        self.assertGreater(n, 0)


if __name__ == "__main__":
    unittest.main()
