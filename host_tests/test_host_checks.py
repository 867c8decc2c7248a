"""No client is offered a taken address: the desktop server's checks.

First the parts with a clock made of numbers, and their packets beside scapy's; then serve.py on a
switch with squatters: hosts that have addresses of the pool, which nobody gave them.
"""

import concurrent.futures
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
from lab import Dhclient, Dhcpcd, Lab, Udhcpc
from lab.network import unavailable
from linux import arp, frames, icmp
from linux.checker import Checker
from linux.probes import ArpProbes
from linux.proxies import Proxies
from microdhcp import PARK, Config, Server
from patience import LIMIT_S, until

MAC, OTHER, THIRD = (bytes.fromhex("00005e0053") + bytes((i,)) for i in (1, 2, 3))
client.TRIES = LIMIT_S  # as often as a busy machine needs
ROUNDS = 20  # of what a machine that stands still for a moment may spoil


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


class ProxiesTest(unittest.TestCase):
    def setUp(self):
        self.found = []
        self.proxies = Proxies(self.found.append)

    def judge(self, *lasts, now=0.0, mac=OTHER):
        return [self.proxies.is_proxy(mac, ip(last), now) for last in lasts]

    def test_the_same_address_again_is_no_new_one(self):
        self.assertEqual(self.judge(1, 1, 1, 1, 2, 1), [False] * 6)
        self.assertEqual(self.judge(3, 4, 1), [True] * 3)
        self.assertEqual(self.found, [OTHER])

    def test_answers_of_others_do_not_hide_one(self):
        self.assertEqual(self.judge(1) + self.judge(5, mac=THIRD) + self.judge(2), [False] * 3)
        self.assertEqual(self.judge(6, mac=THIRD) + self.judge(3), [False, True])
        self.assertEqual(self.judge(7, mac=THIRD), [True])
        self.assertEqual(self.found, [OTHER, THIRD])

    def test_who_answers_no_more_is_forgotten(self):
        """A host that moves from address to address in a day has each of them."""
        self.judge(1, 2)
        self.assertEqual(self.judge(3, now=601.0), [False])
        self.assertEqual(self.judge(4, 5, now=900.0), [False, True])
        self.assertEqual(self.judge(6, now=1400.0), [True])
        self.assertEqual(self.judge(7, now=2100.0), [False])
        self.judge(8, 9, now=2200.0)
        self.assertEqual(self.found, [OTHER, OTHER])

    def test_memory_is_limited(self):
        for number in range(5000):
            mac = number.to_bytes(6, "big")
            self.assertEqual(self.judge(1, 2, 3, 4, 5, mac=mac), [False, False, True, True, True])
        self.assertEqual(len(self.proxies._answers), 256)
        self.assertLessEqual(len(self.proxies._known), 256)
        self.assertEqual(max(map(len, self.proxies._answers.values())), 3)


def core(pool="10.77.0.10-10.77.0.250"):
    """Return the core of the server in the lab."""
    return Server(Config(address="10.77.0.1/24", pool=pool.split("-")), rx_size=1500)


class FakeProbes(ArpProbes):
    """ARP without wires: `taken` says who answers at once, {address: MAC}."""

    def __init__(self, taken):
        super().__init__("nosuch0")
        self.taken = dict(taken)
        self.asked = []
        self.error = None
        self.news = []
        self.sock = self  # attached

    def _send(self, address):
        if self.error:
            raise self.error
        self.asked.append(address)
        if address in self.taken:
            self.news.append((self.taken[address], address))

    def _read(self):
        news, self.news = self.news, []
        return news


class CheckerTest(unittest.TestCase):
    """The board's checker with the desktop's probes: a check takes 100 ms of a clock in numbers.

    What it does with them is the matter of test_checking.py.
    """

    def setUp(self):
        self.now_ms = 0
        self.proxies = []
        self.reasons = []

    def proxy(self, mac):
        self.proxies.append(mac)

    def dropped(self, packet, reason):
        self.reasons.append((packet[28:34], reason))

    def make(self, taken=(), pool="10.77.0.10-10.77.0.250"):
        self.server = core(pool)
        self.probes = FakeProbes(taken)
        self.checker = Checker(self.server, self.probes, 100, self)

    def put(self, packet):
        """Let the server handle a message; return its reply, None: it was parked, or silence."""
        self.server.rx[: len(packet)] = packet
        return self.handle(len(packet))

    def handle(self, n):
        reply_n = self.server.handle(n, self.now_ms // 1000)
        if reply_n == PARK:
            self.checker.park(n, self.now_ms)
            return None
        return bytes(self.server.tx[:reply_n]) or None

    def ask(self, mac=MAC, last=None, xid=1):
        """Send a DISCOVER, for the address 10.77.0.`last` if given."""
        wanted = {50: ip(last)} if last else {}
        return self.put(client.message("DISCOVER", mac, xid, wanted))

    def run_until(self, end_ms):
        """Let time pass, ten ms at a time; return the replies {MAC: last byte of the address}."""
        replies = {}
        while True:
            while n := self.checker.poll(self.now_ms, self.now_ms // 1000):
                reply = self.handle(n)
                if reply:
                    replies[reply[28:34]] = reply[19]
            if self.now_ms >= end_ms:
                return replies
            self.now_ms += 10

    def test_two_probes_and_silence_mean_free(self):
        self.make()
        self.assertIsNone(self.ask(last=99))
        self.assertEqual(self.run_until(90), {})
        self.assertEqual(self.probes.asked, [ip(99)] * 2)
        self.assertEqual(self.run_until(100), {MAC: 99})
        self.assertEqual(self.checker.wait_ms(), -1)
        self.assertEqual(self.checker.report()["probes"], 2)

    def test_an_answer_ends_the_check_at_once_and_names_its_owner(self):
        self.make({ip(99): OTHER})
        self.server.enable_events(9)
        self.ask(last=99)
        self.run_until(0)
        self.assertEqual(self.server.next_event()[:3], ("conflict", "10.77.0.99", OTHER.hex(":")))
        self.assertNotIn(99, self.run_until(200).values())

    def test_an_answer_whose_sender_nobody_sees_counts(self):
        self.make({ip(99): None})
        self.ask(last=99)
        self.assertNotEqual(self.run_until(200), {MAC: 99})
        self.assertEqual(self.checker.report()["conflicts"], 1)

    def test_the_client_itself_is_no_conflict_but_another_beside_it_is(self):
        self.make({ip(99): MAC})
        self.ask(last=99)
        self.assertEqual(self.run_until(100), {MAC: 99})
        self.make({ip(98): MAC})
        self.ask(last=98)
        self.probes.news.append((OTHER, ip(98)))
        self.assertNotEqual(self.run_until(self.now_ms + 200), {MAC: 98})

    def test_answers_for_other_addresses_mean_nothing(self):
        self.make()
        self.ask(last=99)
        self.probes.news.append((OTHER, ip(98)))
        self.assertEqual(self.run_until(100), {MAC: 99})

    def test_a_late_answer_is_not_one_for_the_next_check(self):
        self.make()
        self.ask(last=99)
        self.ask(OTHER, last=97)
        self.run_until(50)
        self.ask(THIRD, last=98)
        self.run_until(110)
        self.probes.news.append((bytes(5) + b"\1", ip(99)))
        self.assertEqual(self.run_until(160), {THIRD: 98})

    def test_what_was_no_conflict_for_the_first_client_is_one_for_the_second(self):
        self.make({ip(10): MAC}, "10.77.0.10-10.77.0.10")
        self.ask()
        self.run_until(20)
        self.ask(OTHER)
        self.assertEqual(self.run_until(300), {})
        self.assertEqual(self.checker.report()["conflicts"], 1)

    def test_checks_run_side_by_side_for_the_whole_pool(self):
        macs = [bytes((2, 0, 0, 0, 1, number)) for number in range(241)]
        self.make()
        for mac in macs:
            self.ask(mac)
        self.assertEqual(len(self.run_until(100)), 241)
        report = self.checker.report()
        self.assertEqual((report["parked"], report["overwritten"]), (241, 0))
        self.assertEqual((self.reasons, report["probes"]), ([], 482))

    def test_an_address_of_this_machine_is_in_use(self):
        self.make()
        self.probes.own = frozenset([ip(99)])
        self.ask(last=99)
        self.assertNotEqual(self.run_until(200), {MAC: 99})
        self.assertNotIn(ip(99), self.probes.asked)

    def test_who_answers_for_a_third_address_is_a_proxy(self):
        self.make({ip(last): OTHER for last in range(10, 251)})
        for number in range(20):
            self.ask(bytes((2, 0, 0, 0, 1, number)))
        self.assertEqual(len(self.run_until(400)), 20)
        self.assertEqual(self.proxies, [OTHER])
        self.assertEqual(self.checker.report()["conflicts"], 2)

    def test_a_copy_is_not_kept(self):
        self.make()
        self.ask()
        self.ask()
        self.assertEqual(self.reasons, [(MAC, "repeated")])
        self.assertEqual(len(self.run_until(100)), 1)

    def test_a_pool_of_taken_addresses_ends_in_silence(self):
        macs = {ip(last): bytes((2, 0, 0, 0, 0, last)) for last in range(10, 40)}
        self.make(macs, "10.77.0.10-10.77.0.39")
        self.ask()
        self.assertEqual(self.run_until(5000), {})
        self.assertEqual(self.server.last_drop, "pool_full")
        self.assertEqual(sorted(self.probes.asked), sorted(macs))
        self.ask(xid=2)
        self.assertEqual(self.server.last_drop, "pool_full")

    def test_the_one_free_address_is_found(self):
        macs = {ip(last): OTHER[:5] + bytes((last,)) for last in range(10, 40) if last != 25}
        self.make(macs, "10.77.0.10-10.77.0.39")
        self.ask()
        self.assertEqual(self.run_until(5000), {MAC: 25})
        self.assertLess(self.probes.sent, 70)

    def test_without_a_network_the_trouble_is_seen(self):
        self.make()
        self.probes.error = OSError(100, "Network is down")
        self.ask()
        self.run_until(50)
        self.assertEqual(self.probes.trouble.errno, 100)
        self.checker.clear()
        self.assertEqual(self.checker.wait_ms(), -1)


# On a switch


def candidates(macs, pool="10.77.0.10-10.77.0.250"):
    """Return which addresses a new server picks first for clients that ask one after another."""
    server = core(pool)
    server.enable_checks(names_owner=True)
    found = []
    for xid, mac in enumerate(macs, 1):
        packet = client.message("DISCOVER", mac, xid)
        server.rx[: len(packet)] = packet
        assert server.handle(len(packet), 0) == PARK
        address = bytearray(4)
        server.address_of(server.check_slot, address, 0)
        found.append(bytes(address))
    return found


class Proxy(threading.Thread):
    """A station that answers ARP requests for all addresses but some; use it with `with`."""

    def __init__(self, node, besides=()):
        super().__init__(daemon=True)
        self._besides = besides
        self.mac = bytes.fromhex(node.mac.replace(":", ""))
        self._sock = node.packet_socket("eth0")
        self._end, self._told = socket.socketpair()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._told.close()
        self.join()
        self._sock.close()
        self._end.close()

    def run(self):
        """Answer until told to stop."""
        while True:
            ready, _, _ = select.select([self._sock, self._end], [], [])
            if self._end in ready:
                return
            frame = self._sock.recv(65536)
            with contextlib.suppress(arp.BadArpError):
                asked = arp.read(frame[14:])
                wanted = asked.operation == arp.REQUEST and asked.target not in self._besides
                if frame[12:14] == b"\x08\x06" and wanted:
                    self._answer(asked)

    def _answer(self, asked):
        reply = arp.Arp(arp.REPLY, self.mac, asked.target, asked.sender_mac, asked.sender)
        head = asked.sender_mac + self.mac + arp.ETH_P_ARP.to_bytes(2, "big")
        self._sock.send(head + arp.write(reply))


_REASON = unavailable()


@unittest.skipIf(_REASON, _REASON or "")
class SwitchTest(unittest.TestCase):
    """serve.py and nine hosts; the first is the wire of all clients, the others squat."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(clients=9))
        cls.host, *cls.squatters = cls.lab.clients
        cls.wire = client.Wire(cls.enterClassContext(cls.host.packet_socket("eth0")))
        cls.numbers = itertools.count(0x20)

    def tearDown(self):
        for node in self.lab.clients:
            node.ip("address flush dev eth0")
        self.lab.home.node.ip("neigh flush dev eth0")  # ping would go to who had the address
        self.drain()

    def drain(self):
        """Forget what the clients have not read."""
        while self.wire.receive(0):
            pass

    def serve(self, *args):
        """Return a server that checks by ARP, until the end of the test."""
        return self.enterContext(self.lab.serve(*args))

    def macs(self, count):
        """Return MACs that no other test has."""
        return [bytes.fromhex("00005e0053") + bytes((next(self.numbers),)) for _ in range(count)]

    def squat(self, node, *addresses):
        """Let a host take addresses of the pool; return its MAC as text."""
        node.ip_batch([f"address add {socket.inet_ntoa(a)}/24 dev eth0" for a in addresses])
        return node.mac

    def counters(self, server):
        """Return the counters as the server tells them on SIGUSR1."""
        server.leases()
        return server.events("leases")[-1]["checks"]

    def discover(self, mac, xid, **extra):
        """Send a DISCOVER and wait for nothing."""
        self.wire.send(client.message("DISCOVER", mac, xid, **extra), mac)

    def assert_conflict(self, server, address, mac):
        found = server.wait("conflict", address=socket.inet_ntoa(address))
        self.assertEqual(found["mac"], mac)

    def test_a_squatter_is_not_offered(self):
        (mac,) = self.macs(1)
        (taken,) = candidates([mac])
        owner = self.squat(self.squatters[0], taken)
        server = self.serve()
        lease = client.Client(self.wire, mac).obtain()
        self.assertNotEqual(lease.address, taken)
        self.assert_conflict(server, taken, owner)
        rows = {row["address"]: row["state"] for row in server.leases()}
        self.assertEqual(rows[socket.inet_ntoa(taken)], "conflict")
        self.assertEqual(len(server.events("conflict")), 1)

    def test_a_squatter_is_not_offered_because_the_client_asks_for_it(self):
        (mac,) = self.macs(1)
        owner = self.squat(self.squatters[0], ip(99))
        server = self.serve()
        lease = client.Client(self.wire, mac).obtain(requested=ip(99))
        self.assertNotEqual(lease.address, ip(99))
        self.assert_conflict(server, ip(99), owner)

    def test_icmp_sees_who_answers_ping_and_nobody_else(self):
        """What ping cannot see is offered: why ARP is the default."""
        silent, loud = self.squatters[:2]
        knob = "/proc/sys/net/ipv4/icmp_echo_ignore_all"
        silent.run(["sh", "-c", f"echo 1 > {knob}"], check=False)
        self.addCleanup(silent.run, ["sh", "-c", f"echo 0 > {knob}"], check=False)
        if silent.run(["cat", knob]).stdout != "1\n":
            self.skipTest("this machine does not let a namespace refuse pings")
        macs = self.macs(2)
        self.squat(silent, ip(98))
        self.squat(loud, ip(99))
        server = self.serve("--conflict-check", "icmp")
        hidden = client.Client(self.wire, macs[0]).obtain(requested=ip(98))
        other = client.Client(self.wire, macs[1]).obtain(requested=ip(99))
        self.assertEqual(hidden.address, ip(98))
        self.assertNotEqual(other.address, ip(99))
        self.assert_conflict(server, ip(99), None)
        self.assertEqual(self.counters(server)["conflicts"], 1)

    def obtain_at_once(self, server, macs, taken):
        """Let all ask at once; all must be bound, to none of the taken addresses.

        Checks that run side by side end together, and so many have an OFFER before the first has
        an ACK.  One after the other, each would have its ACK before the next check ends.
        """
        bound = client.obtain_all(self.wire, macs, LIMIT_S)
        self.assertEqual(len(set(bound.values())), len(macs))
        self.assertFalse(set(bound.values()) & set(taken))
        self.assertEqual(server.stderr, "")
        until(lambda: len(server.events("ack")) >= len(macs))  # the log comes after the packets
        most = undecided = 0
        for event in server.events():
            undecided += {"offer": 1, "ack": -1}.get(event["event"], 0)
            most = max(most, undecided)
        self.assertGreaterEqual(most, len(macs) // 4)

    def test_eight_at_once_with_eight_squatters(self):
        macs = self.macs(8)
        taken = candidates(macs)
        for node, address in zip(self.squatters, taken):
            self.squat(node, address)
        server = self.serve()
        self.obtain_at_once(server, macs, taken)
        for node, address in zip(self.squatters, taken):
            self.assert_conflict(server, address, node.mac)
        self.assertEqual(server.events("proxy"), [])

    def test_eight_at_once_with_one_host_that_has_two_addresses(self):
        macs = self.macs(8)
        taken = candidates(macs)[:2]
        owner = self.squat(self.squatters[0], *taken)
        server = self.serve()
        self.obtain_at_once(server, macs, taken)
        for address in taken:
            self.assert_conflict(server, address, owner)
        self.assertEqual(server.events("proxy"), [])

    def test_a_host_that_answers_for_all_addresses_but_the_networks_own_is_a_proxy_too(self):
        """It once closed the whole pool for ten minutes."""
        macs = self.macs(20)
        server = self.serve()
        with Proxy(self.squatters[0], besides=(ip(0),)):
            self.obtain_at_once(server, macs, [])
        self.assertEqual(len(server.events("conflict")), 2)
        self.assertEqual([e["mac"] for e in server.events("proxy")], [self.squatters[0].mac])

    def test_a_proxy_does_not_stop_the_service(self):
        macs = self.macs(9)
        owner = self.squat(self.squatters[1], ip(99))
        server = self.serve()
        with Proxy(self.squatters[0]):
            self.obtain_at_once(server, macs[:8], [])
            self.assertIsNotNone(server.wait("proxy", mac=self.squatters[0].mac))
            before = len(server.events("conflict"))
            self.assertLessEqual(before, 3)
            lease = client.Client(self.wire, macs[8]).obtain(requested=ip(99))
            self.assertNotEqual(lease.address, ip(99))
            self.assert_conflict(server, ip(99), owner)
        self.assertEqual(len(server.events("proxy")), 1)
        self.assertEqual(len(server.events("conflict")), before + 1)

    def test_the_client_that_has_its_address_already_keeps_it(self):
        """INIT-REBOOT after the server has lost its table: the client's own answer counts not."""
        mac = bytes.fromhex(self.host.mac.replace(":", ""))
        self.squat(self.host, ip(99))
        server = self.serve()
        self.assertEqual(client.Client(self.wire, mac).reboot(ip(99)).address, ip(99))
        self.assertEqual(server.events("conflict"), [])
        self.assertEqual(self.counters(server)["checks"], 1)

    def test_a_client_that_remembers_an_address_of_another_is_refused(self):
        (mac,) = self.macs(1)
        self.squat(self.squatters[0], ip(99))
        self.serve()
        with self.assertRaisesRegex(client.ClientError, "NAK"):
            client.Client(self.wire, mac).reboot(ip(99))

    def test_a_declined_address_is_replaced(self):
        (mac,) = self.macs(1)
        server = self.serve()
        one = client.Client(self.wire, mac)
        first = one.obtain().address
        one.decline()
        self.assertNotEqual(one.obtain().address, first)
        declined = server.wait("decline")
        self.assertEqual(declined["address"], socket.inet_ntoa(first))

    def test_a_pool_of_taken_addresses_costs_little_and_ends_in_silence(self):
        (mac,) = self.macs(1)
        pool = [ip(last) for last in range(10, 26)]
        for number, node in enumerate(self.squatters):
            self.squat(node, *pool[2 * number : 2 * number + 2])
        server = self.serve("--pool", "10.77.0.10-10.77.0.25")
        self.discover(mac, 1)
        self.assertIsNotNone(server.wait("drop", reason="pool_full"))
        self.assertIsNone(self.wire.receive(0.2))
        counters = self.counters(server)
        self.assertEqual((counters["conflicts"], counters["checks"]), (16, 16))
        self.assertLessEqual(counters["probes"], 40)
        self.discover(mac, 2)
        self.assertIsNotNone(server.wait("drop", xid="00000002", reason="pool_full"))
        self.assertEqual(self.counters(server)["probes"], counters["probes"])

    def test_100_clients_at_once(self):
        macs = [bytes.fromhex("00005e0054") + bytes((number,)) for number in range(100)]
        server = self.serve()
        self.obtain_at_once(server, macs, [])
        counters = self.counters(server)
        self.assertEqual((counters["parked"], counters["waiting"]), (100, 0))
        self.assertEqual(counters["probes"], 2 * counters["checks"])

    def test_others_are_served_while_one_waits(self):
        """The answers to the other come first; one round in which the machine stood still may
        say nothing, none at all would say that the check holds the others up."""
        (known,) = self.macs(1)
        server = self.serve()
        one = client.Client(self.wire, known)
        address = one.obtain().address
        for new in self.macs(ROUNDS):
            before = len(server.events("ack"))
            self.discover(new, 77)
            self.assertEqual(one.renew().address, address)
            self.assertEqual(one.obtain().address, address)
            offer = server.wait("offer", mac=new.hex(":"))
            self.assertEqual(offer["xid"], "0000004d")
            events = server.events()
            acks = [event for event in events[: events.index(offer)] if event["event"] == "ack"]
            if len(acks) == before + 2:
                self.assertGreater(self.counters(server)["checks"], 1)
                return
        self.fail("each time the one that waited was answered first")

    def test_a_repeated_message_gets_one_answer(self):
        (mac,) = self.macs(1)
        server = self.serve("--check-ms", "2000")
        for _ in range(3):
            self.discover(mac, 78)
        self.assertIsNotNone(server.wait("offer", mac=mac.hex(":")))
        self.assertIsNotNone(self.wire.receive(LIMIT_S))
        self.assertIsNone(self.wire.receive(0.2))
        self.assertEqual(self.counters(server)["repeated"], 2)

    def test_a_lease_whose_client_is_there_is_no_conflict(self):
        """A full pool: an adopted lease that is in use stays with its client, a dead one ends."""
        alive = bytes.fromhex(self.host.mac.replace(":", ""))
        first, second, third = self.macs(3)
        server = self.serve("--pool", "10.77.0.98-10.77.0.99")
        self.squat(self.host, ip(99))
        client.Client(self.wire, first).reboot(ip(98))
        client.Client(self.wire, alive).reboot(ip(99))
        macs = [second, third]
        bound = until(lambda: client.obtain_all(self.wire, macs, 2))
        self.assertEqual(list(bound.values()), [ip(98)])
        self.assertEqual(server.events("conflict"), [])
        rows = {row["address"]: row["mac"] for row in server.leases()}
        self.assertEqual(rows["10.77.0.99"], self.host.mac)

    def test_240_clients_at_once_and_no_first_message_is_lost(self):
        server = self.serve()
        macs = [bytes.fromhex("00005e0055") + bytes((number,)) for number in range(240)]
        self.obtain_at_once(server, macs, [])
        counters = self.counters(server)
        self.assertGreaterEqual(counters["parked"], 240)
        self.assertEqual(counters["overwritten"], 0)
        self.assertEqual(len({event["mac"] for event in server.events("offer")}), 240)

    def test_somebody_elses_probe_is_a_conflict(self):
        """'If ... the host receives any ARP Probe where the packet's "target IP address" is the
        address being probed for, and the packet's "sender hardware address" is not the hardware
        address of any of the host's interfaces, then the host SHOULD similarly treat this as an
        address conflict.' (RFC 5227 section 2.1.1)"""
        server = self.serve("--check-ms", "2000")
        (prober,) = self.macs(1)
        head = frames.BROADCAST_MAC + prober + arp.ETH_P_ARP.to_bytes(2, "big")
        for mac in self.macs(ROUNDS):
            (wanted,) = candidates([mac])
            self.discover(mac, 79)
            while not (told := self.told_about(server, mac, wanted)):
                self.wire._sock.send(head + arp.probe(prober, wanted))
                time.sleep(0.05)
            if told["event"] == "conflict":
                break
        self.assert_conflict(server, wanted, prober.hex(":"))
        offer = server.wait("offer", mac=mac.hex(":"))
        self.assertNotEqual(offer["address"], socket.inet_ntoa(wanted))

    def told_about(self, server, mac, address):
        """Return the first event that says what came of a check, None: it is not done."""
        for event in server.events():
            if event["event"] == "conflict" and event["address"] == socket.inet_ntoa(address):
                return event
            if event["event"] == "offer" and event["mac"] == mac.hex(":"):
                return event
        return None

    def test_another_address_of_the_servers_own_interface_is_taken(self):
        (mac,) = self.macs(1)
        node = self.lab.home.node
        node.ip("address add 10.77.0.99/24 dev eth0")
        self.addCleanup(node.ip, "address del 10.77.0.99/24 dev eth0")
        server = self.serve()
        lease = client.Client(self.wire, mac).obtain(requested=ip(99))
        self.assertNotEqual(lease.address, ip(99))
        self.assert_conflict(server, ip(99), None)

    def test_the_cable_comes_out_during_a_check(self):
        """A check without a network proves nothing: it is made again."""
        (mac,) = self.macs(1)
        (taken,) = candidates([mac])
        owner = self.squat(self.squatters[0], taken)
        server = self.serve("--check-ms", "2000")
        self.squatters[0].ip("link set eth0 down")
        self.discover(mac, 80)
        self.assertTrue(until(lambda: self.counters(server)["waiting"]))
        self.lab.home.node.ip("link set eth0 down")
        self.assertIsNotNone(server.wait("interface", state="down"))
        time.sleep(2.2)  # longer than a check takes
        self.assertEqual(server.events("offer"), [])
        self.squatters[0].ip("link set eth0 up")
        self.lab.home.node.ip("link set eth0 up")
        self.assertIsNotNone(server.wait("interface", state="up"))
        self.assertNotEqual(client.Client(self.wire, mac).obtain().address, taken)
        self.assert_conflict(server, taken, owner)

    def test_off_checks_nothing(self):
        (mac,) = self.macs(1)
        self.squat(self.squatters[0], ip(99))
        server = self.serve("--conflict-check", "off")
        lease = client.Client(self.wire, mac).obtain(requested=ip(99))
        self.assertEqual(lease.address, ip(99))
        server.leases()
        self.assertNotIn("checks", server.events("leases")[-1])


@unittest.skipIf(_REASON, _REASON or "")
class RealClientsTest(unittest.TestCase):
    """udhcpc -a, dhclient and dhcpcd beside hosts that have most of the pool."""

    def test_no_client_needs_to_decline(self):
        adapters = (Udhcpc, Dhclient, Dhcpcd)
        for adapter in adapters:
            if adapter.unavailable():
                self.skipTest(adapter.unavailable())
        free = {"10.77.0.13", "10.77.0.17", "10.77.0.22"}
        taken = {f"10.77.0.{last}" for last in range(10, 25)} - free
        with Lab(clients=9) as lab:
            nodes, squatters = lab.clients[:3], itertools.cycle(lab.clients[3:])
            for address, squatter in zip(taken, squatters):  # two each: more were a proxy's
                squatter.ip(f"address add {address}/24 dev eth0")
            pool = ("--pool", "10.77.0.10-10.77.0.24")
            with lab.serve(*pool) as server:
                clients = [adapter(node, checks=True) for adapter, node in zip(adapters, nodes)]
                with concurrent.futures.ThreadPoolExecutor() as threads:
                    leases = list(threads.map(lambda one: one.obtain(), clients))
        self.assertEqual({lease.address for lease in leases}, free)
        self.assertEqual(server.events("decline"), [])
        found = {event["address"] for event in server.events("conflict")}
        self.assertTrue(found and found <= taken, found)


if __name__ == "__main__":
    unittest.main()
