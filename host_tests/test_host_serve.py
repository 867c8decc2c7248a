"""tools/serve.py, run for real on a cable between two hosts made of namespaces.

The frames it builds are compared with scapy's.  Where the machine allows no namespaces the tests
that need them are skipped with the reason.
"""

import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

import client
import loopback
from lab.network import unavailable
from lab.nodes import Node
from lab.server import ServerProcess
from linux import events, frames
from microdhcp import CLIENT, Config, Server
from patience import LIMIT_S, cpu_s

SERVE = [sys.executable, str(TOOLS / "serve.py")]
ADDRESS, POOL = "10.77.0.1/24", "10.77.0.10-10.77.0.250"
SETTINGS = ["--address", ADDRESS, "--pool", POOL]
ON_CABLE = ["--interface", "eth0", *SETTINGS]
MAC = bytes.fromhex("00005e005301")
OWN = bytes((10, 77, 0, 1))
client.TRIES = LIMIT_S  # as often as a busy machine needs
ROUNDS = 20  # of what a machine that stands still for a moment may spoil

_HOLD_PORT = """
import socket, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("", 67))
print("bound", flush=True)
time.sleep(60)
"""


def in_lab(test_class):
    """Return the class, to be skipped with the reason where no namespaces can be made."""
    reason = unavailable()
    return unittest.skipIf(reason, reason or "")(test_class)


class Cable:
    """Two hosts, `server` and `client`, and a veth between them, called eth0 at both ends."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._first = self._node(stack, None)
            self.server = self._node(stack, self._first)
            self.client = self._node(stack, self._first)
            self.plug_in()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    @staticmethod
    def _node(stack, first):
        node = Node(first)
        stack.callback(node.close)
        return node

    def plug_in(self, address=ADDRESS):
        """Make the veth; the server's end gets the address, unless None."""
        ends = f"netns {self.server.pid} type veth peer name eth0 netns {self.client.pid}"
        self._first.ip_batch([f"link add eth0 {ends}"])
        self.server.ip("link set eth0 up")
        self.client.ip("link set eth0 up")
        if address:
            self.server.ip(f"address add {address} dev eth0")

    def pull_out(self):
        """Delete the veth."""
        self.server.ip("link delete eth0")

    @contextlib.contextmanager
    def wire(self):
        """The client's end, as a client.Wire."""
        with self.client.packet_socket("eth0") as sock:
            yield client.Wire(sock)

    def serve(self, *args):
        """serve.py at the server's end, with --json; for a `with` statement."""
        return ServerProcess(self.server, [*ON_CABLE, "--json", *args])

    def serve_fails(self, *args, before=()):
        """Run serve.py where it cannot start; return its status and its lines on stderr."""
        done = self.server.run([*before, *SERVE, *args], check=False)
        return done.returncode, done.stderr.splitlines()


def exchange_frame(payload, source=OWN, target=b"\xff" * 4):
    """Return an IPv4 packet to port 67 with this payload."""
    return frames.udp_in_ipv4((source, 68), (target, 67), payload)


class FramesTest(unittest.TestCase):
    """linux.frames against scapy, which knows nothing of this project."""

    @classmethod
    def setUpClass(cls):
        try:
            from scapy.layers.inet import IP, UDP
            from scapy.packet import Raw
        except ImportError:
            raise unittest.SkipTest("scapy is not installed") from None
        cls.IP, cls.UDP, cls.Raw = IP, UDP, Raw

    def scapy(self, payload, **ip):
        """Return scapy's packet from 10.77.0.1:67 to 10.77.0.9:68."""
        packet = self.IP(src="10.77.0.1", dst="10.77.0.9", id=7, flags=0, **ip)
        return bytes(packet / self.UDP(sport=67, dport=68) / self.Raw(payload))

    def ours(self, payload):
        return frames.udp_in_ipv4((OWN, 67), (bytes((10, 77, 0, 9)), 68), payload, 7)

    def test_packets_equal_those_of_scapy(self):
        chance = random.Random(1)
        for length in (*range(1, 9), 299, 300, 548, 1472):
            payload = chance.randbytes(length)
            self.assertEqual(self.ours(payload), self.scapy(payload), length)

    def test_a_udp_checksum_of_zero_is_sent_as_ffff(self):
        """RFC 768: an all zero checksum means that there is none."""
        payload = next(
            number.to_bytes(2, "big")
            for number in range(65536)
            if self.ours(number.to_bytes(2, "big"))[26:28] == b"\xff\xff"
        )
        self.assertEqual(self.ours(payload), self.scapy(payload))

    def test_reads_what_scapy_writes(self):
        padded = self.scapy(b"hello") + bytes(18)
        for packet in (padded, self.scapy(b"hello", options=[b"\x01" * 4])):
            source, target, payload = frames.read_udp(memoryview(packet))
            self.assertEqual((source, target[1]), ((OWN, 67), 68))
            self.assertEqual(payload, b"hello")

    def test_refuses_what_the_kernel_would_refuse(self):
        good = self.scapy(b"hello")
        no_checksum = good[:26] + b"\0\0" + good[28:]
        self.assertEqual(frames.read_udp(memoryview(no_checksum))[2], b"hello")
        bad = {
            "not IPv4": b"\x60" + good[1:],
            "bad IP header": b"\x44" + good[1:],
            "truncated packet": good[:-1],
            "bad IP checksum": good[:8] + b"\x09" + good[9:],
            "bad UDP checksum": good[:-1] + b"x",
            "fragment": self.scapy(b"hello", frag=1),
            "not UDP": self.scapy(b"hello", proto=6),
        }
        for reason, packet in bad.items():
            with self.assertRaisesRegex(frames.BadDatagramError, reason):
                frames.read_udp(memoryview(packet))

    def test_any_bytes_are_read_or_refused(self):
        chance = random.Random(2)
        good = self.ours(bytes(300))
        read = 0
        for _ in range(3000):
            packet = bytearray(good[: chance.randrange(len(good) + 1)])
            for _ in range(chance.randrange(3)):
                if packet:
                    packet[chance.randrange(len(packet))] = chance.randrange(256)
            with contextlib.suppress(frames.BadDatagramError):
                frames.read_udp(memoryview(packet))
                read += 1
        self.assertLess(read, 1500)


class TextTest(unittest.TestCase):
    def test_every_kind_of_event_has_a_line_for_people(self):
        ready = {"event": "ready", "interface": "eth0", "address": ADDRESS, "pool": POOL}
        self.assertEqual(events.text(ready), f"serving {POOL} on eth0, address {ADDRESS}")
        ack = {"event": "ack", "mac": "00:00:5e:00:53:01", "address": "10.77.0.10"}
        ack |= {"lease_s": 3600, "to": "10.77.0.10:68"}
        self.assertEqual(
            events.text(ack),
            "ACK      00:00:5e:00:53:01 10.77.0.10 for 1 h to 10.77.0.10:68",
        )
        drop = {"event": "drop", "in": None, "reason": "too long"}
        self.assertEqual(events.text(drop), "DROP     ? datagram: too long")
        mac = bytes.fromhex("00005e005302")
        conflict = events.lease(("conflict", "10.77.0.12", mac.hex(":"), ""), 5)
        self.assertEqual(events.text(conflict), "CONFLICT 00:00:5e:00:53:02 10.77.0.12")
        self.assertEqual(events.text(conflict | {"mac": None}), "CONFLICT ? 10.77.0.12")
        self.assertEqual(
            events.text(events.proxy(mac, 5)),
            "PROXY    00:00:5e:00:53:02 answers for every address; ignored from now on",
        )
        waited = events.dropped(client.message("DISCOVER", MAC, 1), "overwritten", 5)
        self.assertEqual(events.text(waited), "DROP     00:00:5e:00:53:01 DISCOVER: overwritten")
        table = {"event": "leases", "slots": 9, "leases": [], "checks": {"sent": 4, "parked": 2}}
        self.assertEqual(
            events.text(table), "0 of 9 addresses in use or remembered\n  checks: sent 4, parked 2"
        )
        self.assertEqual(
            events.text({"event": "lost", "lines": 3}),
            "3 lines lost: they could not be written",
        )


class HandledTest(unittest.TestCase):
    def test_any_message_can_be_told(self):
        """The log takes every packet the server takes, nonsense too."""
        server = Server(Config(address=ADDRESS, pool=POOL.split("-")), rx_size=1500)
        chance = random.Random(3)
        told = set()
        for _ in range(3000):
            kind = chance.choice(("DISCOVER", "REQUEST", "DECLINE", "RELEASE", "INFORM"))
            extra = {50: bytes((10, 77, 0, 99)), 61: b"\0desk", 82: b"\1\1x"}
            packet = bytearray(client.message(kind, MAC, 1, extra))
            for _ in range(chance.randrange(4)):
                packet[chance.choice((*range(8), *range(230, 280)))] = chance.randrange(256)
            n = chance.choice((len(packet), chance.randrange(len(packet) + 1)))
            server.rx[:n] = packet[:n]
            event = events.handled(server, n, server.handle(n, 0), "somebody", 0)
            told.add(event["event"])
            self.assertEqual(json.loads(json.dumps(event)), event)
            self.assertNotEqual(event.get("reason"), "None")
            self.assertGreater(len(events.text(event)), 8)
        self.assertTrue({"offer", "nak", "drop"} <= told, told)


class LoopbackTest(unittest.TestCase):
    def test_a_whole_exchange_without_any_rights(self):
        server = Server(Config(address=ADDRESS, pool=POOL.split("-")), rx_size=1500)
        seen = []

        def handle(packet, now_s):
            server.rx[: len(packet)] = packet
            n = server.handle(len(packet), now_s)
            return bytes(server.tx[:n]), server.reply_to

        def on_message(sender, packet, reply_to):
            seen.append((sender, client.dhcptext.parse(packet).kind, reply_to))

        obtained, renewed = loopback.exchange(handle, on_message)
        self.assertEqual(obtained.address, renewed.address)
        kinds = [kind for _, kind, _ in seen]
        self.assertEqual(kinds, "DISCOVER OFFER REQUEST ACK REQUEST ACK RELEASE".split())
        self.assertEqual(seen[1][2], CLIENT)
        self.assertIsNone(seen[0][2])


class CommandLineTest(unittest.TestCase):
    """Settings that are refused before a socket is opened."""

    def refused(self, *args):
        """Return the one line with which serve.py ends with status 2."""
        done = subprocess.run(
            [*SERVE, *args], capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        lines = done.stderr.splitlines()
        self.assertEqual((done.returncode, len(lines), done.stdout), (2, 1, ""), done)
        return lines[0]

    def test_wrong_settings_are_named(self):
        where = ["--interface", "eth0", "--address", ADDRESS]
        cases = {
            "pool: ": ["--pool", "192.0.2.1-192.0.2.9"],
            "lease_s: ": ["--pool", POOL, "--lease-time", "0"],
            "reservations: ": ["--pool", POOL, "--reserve", "nobody=10.77.0.3"],
            "options: ": ["--pool", POOL, "--option", "no_such_option=1"],
            "option: ntp_servers is given twice": [
                *("--pool", POOL, "--option", "ntp_servers=10.77.0.1"),
                *("--option", "ntp_servers=10.77.0.2"),
            ],
        }
        for start, args in cases.items():
            self.assertTrue(self.refused(*where, *args).startswith(f"serve: {start}"), start)

    def test_wrong_words_are_named(self):
        self.assertIn("--reserve-option", self.refused(*ON_CABLE, "--reserve-option", "mtu=9"))
        self.assertIn("--conflict-check", self.refused(*ON_CABLE, "--conflict-check", "dns"))
        for check_ms in ("49", "2001", "-300", "soon", "0.3"):
            line = self.refused(*ON_CABLE, f"--check-ms={check_ms}")
            self.assertRegex(line, "--check-ms: .*from 50 to 2000")
        self.assertIn("--pool", self.refused("--interface", "eth0", "--pool", "10.77.0.10"))
        self.assertIn("--max-lease-time", self.refused(*ON_CABLE, "--max-lease-time", "long"))

    def test_missing_interface(self):
        line = self.refused("--interface", "nosuch0", *SETTINGS)
        self.assertEqual(line, "serve: there is no interface nosuch0; ip link lists them")

    def test_interface_without_ethernet(self):
        line = self.refused("--interface", "lo", *SETTINGS)
        self.assertEqual(
            line, "serve: lo is not an Ethernet interface; give the one to the clients"
        )

    def test_version(self):
        done = subprocess.run(
            [*SERVE, "--version"], capture_output=True, text=True, timeout=LIMIT_S, check=True
        )
        self.assertRegex(done.stdout, r"^microdhcp \d+\.\d+")


@in_lab
class StartTest(unittest.TestCase):
    """Where the server cannot start, it says why in one line."""

    @classmethod
    def setUpClass(cls):
        cls.cable = cls.enterClassContext(Cable())

    def test_no_permission(self):
        if not shutil.which("setpriv"):
            self.skipTest("needs setpriv (Debian package util-linux)")
        no_rights = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
        status, lines = self.cable.serve_fails(*ON_CABLE, before=no_rights)
        self.assertEqual((status, len(lines)), (1, 1), lines)
        self.assertRegex(lines[0], r"^serve: no permission .*CAP_NET_RAW.*CAP_NET_BIND_SERVICE")

    def test_port_taken(self):
        holder = self.cable.server.start(
            [sys.executable, "-c", _HOLD_PORT], stdout=subprocess.PIPE, text=True
        )
        try:
            self.assertEqual(holder.popen.stdout.readline(), "bound\n")
            status, lines = self.cable.serve_fails(*ON_CABLE)
        finally:
            holder.kill()
            holder.popen.stdout.close()
        self.assertEqual((status, len(lines)), (1, 1), lines)
        self.assertRegex(
            lines[0],
            r"^serve: port 67 on eth0 is in use by another DHCP server \(python.*, pid \d+\)",
        )

    def test_second_server_is_refused_and_the_first_goes_on(self):
        with self.cable.serve(), self.cable.wire() as wire:
            status, lines = self.cable.serve_fails(*ON_CABLE)
            self.assertEqual((status, len(lines)), (1, 1), lines)
            self.assertIn("is in use", lines[0])
            client.Client(wire, MAC).obtain()

    def test_address_not_on_the_interface(self):
        args = ["--interface", "eth0", "--address", "10.78.0.1/24", "--pool"]
        status, lines = self.cable.serve_fails(*args, "10.78.0.2-10.78.0.9")
        self.assertEqual((status, len(lines)), (2, 1), lines)
        self.assertIn("ip address add 10.78.0.1/24 dev eth0", lines[0])


@in_lab
class ServeTest(unittest.TestCase):
    """Clients that are served; one server for all of them."""

    @classmethod
    def setUpClass(cls):
        cls.cable = cls.enterClassContext(Cable())
        cls.server = cls.enterClassContext(
            cls.cable.serve("--lease-time", "200000", "--max-message", "1400")
        )
        cls.wire = cls.enterClassContext(cls.cable.wire())
        cls.numbers = itertools.count(2)

    def mac(self):
        """Return a MAC that no other test has."""
        return bytes.fromhex("00005e0053") + bytes((next(self.numbers),))

    def event(self, name, mac):
        """Return the event of this kind about a MAC."""
        found = self.server.wait(name, mac=mac.hex(":"))
        self.assertIsNotNone(found, name)
        return found

    def test_4_1_client_without_an_address_gets_unicast(self):
        """'... sends DHCPOFFER and DHCPACK messages to the client's hardware address and
        'yiaddr' address.' (RFC 2131 section 4.1)"""
        mac = self.mac()
        lease = client.Client(self.wire, mac).obtain()
        self.assertEqual(lease.lease_s, 200000)
        self.assertEqual(self.wire.heard_mac, mac)
        self.assertEqual(self.wire.heard_address, lease.address)
        ack = self.event("ack", mac)
        address = socket.inet_ntoa(lease.address)
        self.assertEqual(ack["address"], address)
        self.assertEqual(ack["to"], f"{address}:68")
        self.assertEqual((ack["in"], ack["out"], ack["lease_s"]), ("REQUEST", "ACK", 200000))

    def test_4_1_broadcast_bit_gets_broadcast(self):
        """'If the broadcast bit is set and 'giaddr' and 'ciaddr' are zero, then the server
        broadcasts ...' (RFC 2131 section 4.1)"""
        mac = self.mac()
        client.Client(self.wire, mac, client_id=b"\0desk", broadcast=True).obtain()
        self.assertEqual(self.wire.heard_mac, frames.BROADCAST_MAC)
        self.assertEqual(self.wire.heard_address, b"\xff" * 4)
        offer = self.event("offer", mac)
        self.assertEqual(offer["client_id"], b"\0desk".hex())
        self.assertEqual(offer["to"], "255.255.255.255:68")

    def test_renew_by_unicast_and_rebind_by_broadcast(self):
        mac = self.mac()
        one = client.Client(self.wire, mac)
        address = one.obtain().address
        for rebind in (False, True):
            self.assertEqual(one.renew(rebind).address, address)
            self.assertEqual((self.wire.heard_mac, self.wire.heard_address), (mac, address))

    def test_release_and_decline_are_told(self):
        mac = self.mac()
        one = client.Client(self.wire, mac)
        address = socket.inet_ntoa(one.obtain().address)
        one.release()
        self.assertEqual(self.event("release", mac)["address"], address)
        self.assertEqual(socket.inet_ntoa(one.obtain().address), address)
        one.decline()
        self.assertEqual(self.event("decline", mac)["address"], address)
        self.assertNotEqual(socket.inet_ntoa(one.obtain().address), address)

    def test_foreign_address_is_refused(self):
        mac = self.mac()
        with self.assertRaisesRegex(client.ClientError, "NAK"):
            client.Client(self.wire, mac).reboot(bytes((192, 0, 2, 5)))
        self.assertEqual(self.event("nak", mac)["to"], "255.255.255.255:68")

    def test_client_from_a_foreign_network_is_heard(self):
        """The kernel's own UDP would not pass its datagram on while rp_filter is set."""
        for name in ("all", "eth0"):
            knob = f"/proc/sys/net/ipv4/conf/{name}/rp_filter"
            self.cable.server.run(["sh", "-c", f"echo 1 > {knob}"], check=False)
        mac = self.mac()
        one = client.Client(self.wire, mac)
        one.lease = client.Lease(bytes((192, 0, 2, 5)), OWN, 0, {})
        with self.assertRaisesRegex(client.ClientError, "NAK"):
            one.renew(rebind=True)

    def test_relay_agent_is_answered_at_its_port(self):
        mac, giaddr = self.mac(), bytes((10, 77, 0, 5))
        packet = client.message("DISCOVER", mac, 77, giaddr=giaddr)
        self.wire.send(packet, MAC, source=giaddr, to=OWN)
        self.assertEqual(self.event("offer", mac)["to"], "10.77.0.5:67")

    def test_inform_is_told(self):
        mac, address = self.mac(), bytes((10, 77, 0, 7))
        self.wire.send(client.message("INFORM", mac, 78, ciaddr=address), mac, source=address)
        inform = self.event("inform", mac)
        self.assertEqual((inform["address"], inform["to"]), ("10.77.0.7", "10.77.0.7:68"))

    def test_what_is_not_for_the_server_is_not_answered(self):
        mac = self.mac()
        discover = client.message("DISCOVER", mac, 79)
        elsewhere = exchange_frame(discover, target=bytes((198, 51, 100, 1)))
        damaged = bytearray(exchange_frame(discover))
        damaged[-1] ^= 1
        with self.cable.client.packet_socket("eth0") as sock:
            for packet in (elsewhere, damaged, exchange_frame(b"")):
                sock.send(frames.ethernet(frames.BROADCAST_MAC, mac, packet))
        for node in (self.cable.server, self.cable.client):
            node.ip("link set eth0 mtu 2000")
        self.wire.send(discover + bytes(1501 - len(discover)), mac)
        self.assertIsNotNone(self.server.wait("drop", reason="bad UDP checksum"))
        self.assertIsNotNone(self.server.wait("drop", reason="too long"))
        self.assertEqual([e for e in self.server.events("offer") if e["mac"] == mac.hex(":")], [])

    def test_usr1_prints_the_lease_table(self):
        mac = self.mac()
        address = client.Client(self.wire, mac).obtain().address
        os.kill(self.server.pid, signal.SIGUSR1)
        table = self.server.wait("leases")
        rows = {row["address"]: row for row in table["leases"]}
        row = rows[socket.inet_ntoa(address)]
        self.assertEqual(row["mac"], mac.hex(":"))
        self.assertTrue(0 < row["left_s"] <= 200000)
        self.assertEqual(table["slots"], 241)


@in_lab
class BurstTest(unittest.TestCase):
    def test_100_clients_at_once(self):
        macs = [bytes.fromhex("00005e0053") + bytes((i,)) for i in range(100)]
        off = "--conflict-check", "off"
        with Cable() as cable, cable.serve(*off) as server, cable.wire() as wire:
            before_s = cpu_s(server.pid)
            bound = client.obtain_all(wire, macs, LIMIT_S)
            worked_s = cpu_s(server.pid) - before_s
        self.assertEqual(len(set(bound.values())), 100)
        self.assertLess(worked_s, 0.6)
        self.assertEqual(len(server.events("ack")), 100)
        self.assertEqual(server.events("not JSON"), [])


@in_lab
class LinkTest(unittest.TestCase):
    """The interface goes away in every way there is, and the server serves when it is back."""

    def setUp(self):
        self.cable = self.enterContext(Cable())
        self.server = self.enterContext(self.cable.serve())

    def obtain(self):
        with self.cable.wire() as wire:
            return client.Client(wire, MAC).obtain().address

    def state(self, state):
        """Wait until the server tells this state of the interface; it tells it once."""
        self.assertIsNotNone(self.server.wait("interface", state=state), state)
        told = [event["state"] for event in self.server.events("interface")]
        self.assertEqual(told.count(state), 1, told)

    def tearDown(self):
        self.assertEqual(self.server.stderr, "")
        self.assertTrue(self.server.running)

    def test_down_and_up(self):
        address = self.obtain()
        self.cable.server.ip("link set eth0 down")
        self.state("down")
        self.cable.server.ip("link set eth0 up")
        self.state("up")
        self.assertEqual(self.obtain(), address)

    def test_unplugged_and_plugged_in(self):
        address = self.obtain()
        self.cable.client.ip("link set eth0 down")
        self.state("no-carrier")
        self.cable.client.ip("link set eth0 up")
        self.state("up")
        self.assertEqual(self.obtain(), address)

    def test_deleted_and_made_again(self):
        address = self.obtain()
        self.cable.pull_out()
        self.state("missing")
        self.cable.plug_in(address=None)
        self.state("no-address")
        self.cable.server.ip(f"address add {ADDRESS} dev eth0")
        self.state("up")
        self.assertEqual(self.obtain(), address)

    def test_port_taken_while_the_interface_was_away(self):
        self.cable.pull_out()
        self.state("missing")
        argv = [sys.executable, "-c", _HOLD_PORT]
        holder = self.cable.server.start(argv, stdout=subprocess.PIPE, text=True)
        self.assertEqual(holder.popen.stdout.readline(), "bound\n")
        self.cable.plug_in()
        self.state("blocked")
        holder.kill()
        holder.popen.stdout.close()
        self.state("up")
        self.obtain()

    def test_idle_and_waiting_costs_no_time(self):
        """No busy loop, neither with an interface nor without."""
        stat = Path(f"/proc/{self.server.pid}/stat")

        def ticks():
            return sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13]))

        self.cable.server.ip("link set eth0 down")
        self.state("down")
        before = ticks()
        time.sleep(1.2)
        self.cable.pull_out()
        self.state("missing")
        time.sleep(1.2)
        self.assertLess(ticks() - before, 10)  # of 240 hundredths of a second


@in_lab
class EndTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cable = cls.enterClassContext(Cable())

    def run_and_signal(self, number, *args):
        """Start serve.py, let a client obtain, send a signal; return status, stdout and stderr."""
        process = self.cable.server.start(
            [*SERVE, *ON_CABLE, *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first = process.popen.stdout.readline()
        with self.cable.wire() as wire:
            client.Client(wire, MAC).obtain()
        process.signal(number)
        out, err = process.popen.communicate(timeout=LIMIT_S)
        return process.popen.returncode, first + out, err

    def test_sigterm_and_sigint_end_it_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            status, out, err = self.run_and_signal(number, "--json")
            self.assertEqual((status, err), (0, ""))
            kinds = [json.loads(line)["event"] for line in out.splitlines()]
            self.assertEqual(kinds, ["ready", "offer", "ack", "bound"])

    def test_text_for_people(self):
        status, out, err = self.run_and_signal(signal.SIGTERM)
        self.assertEqual((status, err), (0, ""))
        ready, offer, ack, bound = out.splitlines()
        self.assertEqual(ready, f"serving {POOL} on eth0, address {ADDRESS}")
        self.assertRegex(offer, r"^OFFER    00:00:5e:00:53:01 10\.77\.0\.\d+ for 1 h to 10")
        self.assertRegex(ack, r"^ACK  ")
        self.assertRegex(bound, r"^BOUND    00:00:5e:00:53:01 10\.77\.0\.\d+$")

    def test_verbose_shows_the_messages(self):
        _, out, _ = self.run_and_signal(signal.SIGTERM, "--verbose")
        self.assertIn("\n    DISCOVER: ", out)
        self.assertIn("\n    ACK: ", out)


@in_lab
class ConfigureTest(unittest.TestCase):
    """--config and SIGHUP: other settings, the same leases."""

    def setUp(self):
        self.cable = self.enterContext(Cable())
        self.path = Path(self.enterContext(tempfile.TemporaryDirectory())) / "serve.toml"

    def write(self, *lines):
        first, last = POOL.split("-")
        place = f'address = "{ADDRESS}"', f'pool = ["{first}", "{last}"]', 'interface = "eth0"'
        self.path.write_text("\n".join([*place, "conflict_check = false", *lines]))

    def serve(self):
        return ServerProcess(self.cable.server, ["--config", str(self.path), "--json"])

    def test_settings_are_read_again(self):
        self.write("lease_s = 600")
        with self.serve() as server, self.cable.wire() as wire:
            one = client.Client(wire, MAC)
            first = one.obtain()
            self.assertEqual(first.lease_s, 600)
            self.write("lease_s = 900", f'deny = ["{(MAC[:5] + bytes((2,))).hex(":")}"]')
            server.signal(signal.SIGHUP)
            self.assertIsNotNone(server.wait("settings"))
            self.assertEqual((one.renew().address, one.lease.lease_s), (first.address, 900))
            wire.send(client.message("DISCOVER", MAC[:5] + b"\x02", 1), MAC[:5] + b"\x02")
            self.assertIsNotNone(server.wait("drop", reason="denied"))

    def test_wrong_settings_change_nothing(self):
        wrong = {
            "lease_s = 0": "lease_s: ",
            'lease_s = "x"': "lease_s: ",
            "check_ms = 10": "check_ms: ",
            "allow = 5": "allow: ",
            "deny = 5": "deny: ",
            "self = 1": "self: ",
            "store = 5": "store: ",
            "max_message = 600": "max_message: cannot change",
            "options = {mtu = []}": "option mtu",
            "x = ": ".*serve.toml: ",
            "x = " + "[" * 5000: ".*serve.toml: ",
        }
        self.write("lease_s = 600")
        with self.serve() as server, self.cable.wire() as wire:
            for number, (line, start) in enumerate(wrong.items(), 1):
                self.write("domain = 'x'", line)
                server.signal(signal.SIGHUP)
                while len(server.events("error")) < number:
                    self.assertTrue(server.running)
                    time.sleep(0.02)
                message = server.events("error")[-1]["message"]
                self.assertRegex(message, f"^the old settings stay: {start}")
                self.assertNotIn("\n", message)
            lease = client.Client(wire, MAC).obtain()
            self.assertEqual((lease.lease_s, lease.options.get(15)), (600, None))

    def test_what_needs_a_restart_is_named_and_the_rest_is_taken_up(self):
        self.write()
        with self.serve() as server, self.cable.wire() as wire:
            text = self.path.read_text().replace("eth0", "eth7").replace("false", "'icmp'")
            self.path.write_text(f"{text}\nstore = '/tmp/x'\nlease_s = 900")
            server.signal(signal.SIGHUP)
            told = server.wait("settings")
            self.assertEqual(told["restart"], ["interface", "conflict_check", "store"])
            self.assertEqual(client.Client(wire, MAC).obtain().lease_s, 900)

    def test_the_time_of_a_check_is_taken_up(self):
        self.write()
        text = self.path.read_text().replace("false", "'arp'\ncheck_ms = 2000")
        self.path.write_text(text)
        with self.serve() as server, self.cable.wire() as wire:
            self.path.write_text(text.replace("2000", "50"))
            server.signal(signal.SIGHUP)
            self.assertEqual(server.wait("settings")["restart"], [])
            quick = (self.obtains_quickly(wire, number) for number in range(1, ROUNDS))
            self.assertTrue(any(quick), "each check took as long as before")

    def obtains_quickly(self, wire, number):
        """Return whether a client gets its lease sooner than a check of 2 s would allow."""
        started = time.monotonic()
        client.Client(wire, MAC[:5] + bytes((number,))).obtain()
        return time.monotonic() - started < 1.9


@in_lab
class LeaseEventsTest(unittest.TestCase):
    """What happens to leases is told as it happens, with host names."""

    def test_the_life_of_a_lease(self):
        name = {12: b"kitchen"}
        with (
            Cable() as cable,
            cable.serve("--lease-time", "600", "--min-lease-time", "1") as server,
            cable.wire() as wire,
        ):
            one = client.Client(wire, MAC)
            one._identity.update(name)
            address = socket.inet_ntoa(one.obtain().address)
            row = server.leases()[0]
            self.assertEqual(
                (row["address"], row["host_name"], row["state"], row["reserved"]),
                (address, "kitchen", "bound", False),
            )
            one._identity[client.LEASE_S] = (1).to_bytes(4, "big")
            one.renew()
            expired = server.wait("expired")
            self.assertEqual((expired["address"], expired["mac"]), (address, MAC.hex(":")))
            self.assertEqual(expired["host_name"], "kitchen")
            del one._identity[client.LEASE_S]
            one.obtain()
            one.release()
            self.assertIsNotNone(server.wait("released", address=address))
            kinds = [event["event"] for event in server.events()]
        found = [kind for kind in kinds if kind in ("bound", "renewed", "expired", "released")]
        self.assertEqual(found, ["bound", "renewed", "expired", "bound", "released"])


if __name__ == "__main__":
    unittest.main()
