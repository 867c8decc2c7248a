"""Nobody is offered an address that is taken: the desktop server's checks.

First the parts with a clock made of numbers, and their packets beside scapy's; then serve.py on a
switch with squatters: hosts that have addresses of the pool, which nobody gave them.
"""

import contextlib
import itertools
import select
import socket
import sys
import threading
import time
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

import client
from lab import Lab
from lab.network import unavailable
from linux import arp, frames, icmp
from linux.checker import Checker
from linux.checks import Checks, Result
from linux.parked import Message, Parked
from linux.probes import ArpProbes
from linux.proxies import BELIEVE, IGNORE, TEST, WAIT, Proxies
from microdhcp import PARK, Config, Server

MAC, OTHER, THIRD = (bytes.fromhex("00005e0053") + bytes((i,)) for i in (1, 2, 3))
CONTROL = bytes((10, 77, 0, 0))
WAIT_S = 5


def ip(last):
    """Return 10.77.0.`last` as bytes."""
    return bytes((10, 77, 0, last))


class PacketTest(unittest.TestCase):
    """arp.py and icmp.py against scapy, which knows nothing of this project."""

    @classmethod
    def setUpClass(cls):
        try:
            from scapy.layers.inet import ICMP, IP
            from scapy.layers.l2 import ARP
        except ImportError:
            raise unittest.SkipTest("scapy is not installed") from None
        cls.ARP, cls.IP, cls.ICMP = ARP, IP, ICMP

    def test_probe_is_that_of_rfc_5227(self):
        """'the sender IP address field ... MUST be set to all zeroes ... The "target hardware
        address" field is ignored and SHOULD be set to all zeroes.' (section 2.1.1)"""
        expected = self.ARP(
            op=1,
            hwsrc=MAC.hex(":"),
            psrc="0.0.0.0",
            hwdst="00:00:00:00:00:00",
            pdst="10.77.0.9",
            hwlen=6,
            plen=4,
        )
        self.assertEqual(arp.probe(MAC, ip(9)), bytes(expected))

    def test_reads_what_scapy_writes(self):
        reply = self.ARP(
            op=2,
            hwsrc=OTHER.hex(":"),
            psrc="10.77.0.9",
            hwdst=MAC.hex(":"),
            pdst="0.0.0.0",
            hwlen=6,
            plen=4,
        )
        found = arp.read(bytes(reply) + bytes(18))
        self.assertEqual(found, arp.Arp(arp.REPLY, OTHER, ip(9), MAC, arp.NOWHERE))
        self.assertEqual(arp.claimed(found), ip(9))
        self.assertEqual(arp.claimed(arp.read(arp.probe(MAC, ip(9)))), ip(9))

    def test_other_packets_are_refused(self):
        good = arp.probe(MAC, ip(9))
        for bad, why in (
            (good[:-1], "short"),
            (b"", "short"),
            (b"\0\6" + good[2:], "Ethernet"),
            (good[:2] + b"\x86\xdd" + good[4:], "IPv4"),
            (good[:7] + b"\3" + good[8:], "neither"),
        ):
            with self.assertRaisesRegex(arp.BadArpError, why):
                arp.read(bad)

    def test_echo_equals_that_of_scapy(self):
        self.assertEqual(icmp.echo(0xABCD, 7), bytes(self.ICMP(type=8, id=0xABCD, seq=7)))

    def test_echo_replies_are_read_and_others_refused(self):
        def packet(**fields):
            return bytes(self.IP(src="10.77.0.9", dst="10.77.0.1") / self.ICMP(**fields))

        good = packet(type=0, id=0xABCD, seq=7)
        self.assertEqual(icmp.read_reply(good), (ip(9), 0xABCD, 7))
        for bad, why in (
            (b"", "short"),
            (good[:27], "short"),
            (good[:-1] + b"\x08", "checksum"),
            (packet(type=8, id=1, seq=1), "not an echo reply"),
        ):
            with self.assertRaisesRegex(icmp.BadEchoError, why):
                icmp.read_reply(bad)


class ChecksTest(unittest.TestCase):
    """When probes leave and what answers mean; a check takes 100 s here, it begins at 0."""

    def setUp(self):
        self.sent = []
        self.proxies = []
        self.network = True
        self.checks = Checks(100.0, self.send, CONTROL, self.proxies.append)

    def send(self, address):
        self.sent.append(address)
        return self.network

    def start(self, last, mac=MAC, now=0.0):
        self.checks.start(last, ip(last), mac, now)

    def test_two_probes_and_silence_mean_free(self):
        self.start(9)
        self.assertEqual(self.sent, [ip(9)])
        self.assertEqual(self.checks.due_at(), 50.0)
        self.assertEqual(self.checks.run(50.0), [])
        self.assertEqual(self.sent, [ip(9), ip(9)])
        self.assertEqual(self.checks.run(99.0), [])
        self.assertEqual(self.checks.run(100.0), [Result(9, ip(9), False)])
        self.assertIsNone(self.checks.due_at())
        self.assertEqual((self.checks.started, self.checks.sent, self.checks.conflicts), (1, 2, 0))

    def test_an_answer_ends_the_check_at_once(self):
        self.start(9)
        self.checks.heard(OTHER, ip(9), 1.0)
        self.assertEqual(self.checks.due_at(), 0.0)
        self.assertEqual(self.checks.run(1.0), [Result(9, ip(9), True, OTHER)])
        self.assertEqual(self.checks.run(200.0), [])
        self.assertEqual(len(self.sent), 1)

    def test_an_answer_whose_sender_nobody_sees_counts(self):
        self.start(9)
        self.checks.heard(None, ip(9), 1.0)
        self.assertEqual(self.checks.run(1.0), [Result(9, ip(9), True, None)])

    def test_the_client_itself_is_no_conflict_but_another_beside_it_is(self):
        self.start(9)
        self.checks.heard(MAC, ip(9), 1.0)
        self.assertEqual(self.checks.run(1.0), [])
        self.checks.heard(OTHER, ip(9), 2.0)
        self.assertEqual(self.checks.run(2.0), [Result(9, ip(9), True, OTHER)])

    def test_answers_for_other_addresses_mean_nothing(self):
        self.start(9)
        self.checks.heard(OTHER, ip(8), 1.0)
        self.assertEqual(self.checks.run(100.0), [Result(9, ip(9), False)])

    def test_checks_run_side_by_side(self):
        for last in range(10, 18):
            self.start(last, now=float(last))
        self.checks.heard(OTHER, ip(12), 20.0)
        self.assertEqual([result.slot for result in self.checks.run(20.0)], [12])
        self.assertEqual(
            [result.slot for result in self.checks.run(117.0)], [10, 11, 13, 14, 15, 16, 17]
        )

    def test_a_second_check_for_the_same_client_is_the_same(self):
        self.start(9)
        self.start(9, now=40.0)
        self.assertEqual(self.checks.run(100.0), [Result(9, ip(9), False)])
        self.assertEqual(self.checks.started, 1)

    def test_a_check_for_another_client_begins_anew(self):
        """The first client's own answer was no conflict; for the second it is."""
        self.start(9)
        self.start(9, OTHER, 60.0)
        self.assertEqual(self.checks.run(150.0), [])
        self.checks.heard(MAC, ip(9), 155.0)
        self.assertEqual(self.checks.run(155.0), [Result(9, ip(9), True, MAC)])
        self.assertEqual(self.checks.run(300.0), [])

    def test_an_address_of_this_machine_is_in_use(self):
        self.checks.own = frozenset([ip(9)])
        self.start(9)
        self.assertEqual((self.sent, self.checks.due_at()), ([], 0.0))
        self.assertEqual(self.checks.run(0.0), [Result(9, ip(9), True)])

    def test_no_network_proves_nothing(self):
        self.start(8)
        self.network = False
        self.start(9)
        self.assertEqual(self.checks.run(50.0), [Result(9, ip(9), None), Result(8, ip(8), None)])
        self.assertIsNone(self.checks.due_at())

    def test_clear_forgets_all(self):
        self.start(8)
        self.start(9)
        self.checks.heard(OTHER, ip(9), 1.0)
        self.checks.clear()
        self.assertIsNone(self.checks.due_at())
        self.assertEqual(self.checks.run(100.0), [])

    def slots(self, now):
        """Return {slot: in use} of what has ended."""
        return {result.slot: result.in_use for result in self.checks.run(now)}

    def test_a_proxy_is_recognised_by_the_address_nobody_has(self):
        for last in range(10, 15):
            self.start(last)
            self.checks.heard(OTHER, ip(last), 1.0)
        self.assertEqual(self.slots(1.0), {10: True, 11: True})
        self.assertEqual(self.sent.count(CONTROL), 1)
        self.checks.heard(OTHER, CONTROL, 2.0)
        self.checks.heard(OTHER, CONTROL, 2.0)
        self.assertEqual(self.proxies, [OTHER])
        self.start(20, now=3.0)
        self.checks.heard(OTHER, ip(20), 4.0)
        self.checks.heard(THIRD, ip(14), 4.0)
        self.assertEqual(self.slots(5.0), {14: True})
        self.assertEqual(self.slots(103.0), {12: False, 13: False, 20: False})

    def test_a_host_with_many_addresses_has_all_of_them(self):
        for last in range(10, 20):
            self.start(last)
            self.checks.heard(OTHER, ip(last), 1.0)
        self.assertEqual(self.slots(49.0), {10: True, 11: True})
        self.assertEqual(self.slots(51.0), dict.fromkeys(range(12, 20), True))
        self.start(30, now=60.0)
        self.checks.heard(OTHER, ip(30), 61.0)
        self.assertEqual(self.slots(61.0), {30: True})
        self.assertEqual((self.sent.count(CONTROL), self.proxies), (1, []))

    def test_a_check_whose_time_is_over_waits_for_the_test(self):
        """The answer is neither believed nor forgotten before the test has ended."""
        for number, (proxy, in_use) in enumerate(((OTHER, True), (THIRD, False))):
            now = number * 1000.0
            for last in (10, 11):
                self.start(last, now=now)
                self.checks.heard(proxy, ip(last), now)
            self.checks.run(now)
            self.start(12, now=now)
            self.checks.run(now + 90)
            self.checks.heard(proxy, ip(12), now + 90)
            self.assertEqual(self.slots(now + 139), {})
            if not in_use:
                self.checks.heard(proxy, CONTROL, now + 139)
            self.assertEqual(self.slots(now + 140), {12: in_use})


class ProxiesTest(unittest.TestCase):
    def setUp(self):
        self.proxies = Proxies()

    def judge(self, *lasts):
        return [self.proxies.judge(OTHER, ip(last)) for last in lasts]

    def test_the_same_address_again_is_no_new_one(self):
        self.assertEqual(self.judge(1, 1, 1, 1, 2), [BELIEVE] * 5)
        self.assertEqual(self.judge(3, 4), [TEST, WAIT])

    def test_tests_become_rare(self):
        self.judge(1, 2, 3)
        self.proxies.cleared(OTHER)
        self.assertEqual(self.judge(4, 5, 6, 7), [BELIEVE, BELIEVE, TEST, WAIT])
        self.proxies.cleared(OTHER)
        self.assertEqual(self.judge(*range(8, 15)), [BELIEVE] * 6 + [TEST])

    def test_a_late_answer_shows_a_proxy_too(self):
        self.assertFalse(self.proxies.caught(OTHER))
        self.judge(1, 2)
        self.assertFalse(self.proxies.caught(OTHER))
        self.judge(3)
        self.proxies.cleared(OTHER)
        self.assertTrue(self.proxies.caught(OTHER))
        self.assertEqual(self.judge(4), [IGNORE])

    def test_memory_is_limited(self):
        for number in range(5000):
            mac = number.to_bytes(6, "big")
            for last in range(3):
                self.proxies.judge(mac, ip(last))
            if number % 2:
                self.assertTrue(self.proxies.caught(mac))
        self.assertEqual(len(self.proxies.found), 256)
        self.assertLessEqual(len(self.proxies._stations), 256)


class ParkedTest(unittest.TestCase):
    @staticmethod
    def message(xid, slot=1, rounds=1):
        packet = bytes(4) + xid.to_bytes(4, "big") + bytes(20) + MAC + bytes(206)
        return Message(packet, MAC, slot, rounds)

    def test_a_copy_is_not_kept(self):
        parked = Parked()
        first, copy = self.message(1), self.message(1)
        self.assertIsNone(parked.put(first))
        self.assertIs(parked.put(copy), copy)
        self.assertEqual((parked.parked, parked.repeated), (1, 1))
        self.assertEqual(parked.take(1), [first])
        self.assertEqual(parked.take(1), [])

    def test_the_oldest_makes_room(self):
        parked = Parked(places=3)
        messages = [self.message(xid, slot=xid % 2) for xid in range(5)]
        lost = [parked.put(message) for message in messages]
        self.assertEqual(lost, [None, None, None, messages[0], messages[1]])
        self.assertEqual((len(parked), parked.overwritten), (3, 2))
        self.assertEqual(parked.take(0), [messages[2], messages[4]])
        self.assertEqual(parked.take(1), [messages[3]])

    def test_the_next_round_is_not_another_message(self):
        parked = Parked()
        parked.put(self.message(1, slot=1))
        parked.take(1)
        parked.put(self.message(1, slot=2, rounds=2))
        self.assertEqual(parked.parked, 1)


def core(pool="10.77.0.10-10.77.0.250"):
    """Return the core of the server in the lab."""
    return Server(Config(address="10.77.0.1/24", pool=pool.split("-")), rx_size=1500)


class SilentNetwork:
    """Probes for a Checker: `taken` says who answers at once, {address: MAC}."""

    names_owner = True

    def __init__(self, taken):
        self.taken = taken
        self.sent = 0
        self._answers = []

    def probe(self, address):
        """Send nothing, and let an answer wait if somebody has the address."""
        self.sent += 1
        if address in self.taken:
            self._answers.append((self.taken[address], address))

    def heard(self):
        """Yield the answers."""
        answers, self._answers = self._answers, []
        yield from answers


class CheckerTest(unittest.TestCase):
    """The checker between a core and a network without wires."""

    def setUp(self):
        self.conflicts = []
        self.reasons = []

    def conflict(self, address, mac):
        self.conflicts.append((address, mac))

    def proxy(self, mac):
        self.conflicts.append(mac)

    def dropped(self, packet, reason):
        self.reasons.append(reason)

    def cannot_send(self, error):
        return True

    def ask(self, server, checker, rounds=2000):
        """Let a new client ask; return the reply, None for silence, and how often it waited."""
        packet = client.message("DISCOVER", MAC, 1)
        server.rx[: len(packet)] = packet
        n = server.handle(len(packet), 0)
        waits = 0
        while n == PARK:
            checker.park(len(packet), MAC, waits + 1)
            waits += 1
            self.assertLess(waits, rounds)
            checker.listen()
            messages = []
            while not messages and checker.wait_s() is not None:
                time.sleep(checker.wait_s())
                messages = list(checker.run(0))
            if not messages:
                return None, waits
            server.rx[: len(packet)] = messages[0].packet
            n = server.handle(len(packet), 0)
        return (bytes(server.tx[:n]) or None), waits

    def test_a_pool_of_taken_addresses_ends_in_silence(self):
        server = core("10.77.0.10-10.77.0.39")
        macs = {ip(last): bytes((2, 0, 0, 0, 0, last)) for last in range(10, 40)}
        checker = Checker(server, SilentNetwork(macs), 0.05, CONTROL, self)
        self.assertEqual(self.ask(server, checker), (None, 30))
        self.assertEqual(server.last_drop, "pool_full")
        self.assertEqual(sorted(self.conflicts), sorted(macs.items()))
        self.assertEqual(self.ask(server, checker), (None, 0))

    def test_the_one_free_address_is_found(self):
        server = core("10.77.0.10-10.77.0.39")
        macs = {ip(last): OTHER for last in range(10, 40) if last != 25}
        network = SilentNetwork(macs)
        checker = Checker(server, network, 0.05, CONTROL, self)
        reply, _ = self.ask(server, checker)
        self.assertEqual(reply[16:20], ip(25))
        self.assertLess(network.sent, 70)

    def test_a_message_does_not_wait_for_ever(self):
        server = core()
        checker = Checker(server, SilentNetwork({}), 0.05, CONTROL, self)
        packet = client.message("DISCOVER", MAC, 1)
        server.rx[: len(packet)] = packet
        self.assertEqual(server.handle(len(packet), 0), PARK)
        checker.park(len(packet), MAC, 255)
        self.assertEqual(self.reasons, ["conflicts"])
        self.assertIsNone(checker.wait_s())

    def test_without_a_network_the_message_is_forgotten(self):
        server = core()
        probes = ArpProbes("nosuch0")
        probes.probe = lambda address: (_ for _ in ()).throw(OSError(100, "Network is down"))
        probes.heard = lambda: ()
        checker = Checker(server, probes, 0.05, CONTROL, self)
        self.assertEqual(self.ask(server, checker), (None, 1))
        self.assertEqual(checker.counters()["waiting"], 0)
