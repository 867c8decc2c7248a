"""tools/relay.py between real sockets: forged and spoiled replies, and what its clients hear.

Skipped by name, with the reason, where no namespaces can be made.
"""

import json
import os
import random
import select
import signal
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import client as clients
import lab
import patience
from builders import ACK, NAK, OFFER, discover, ip, mac_bytes
from lab import kea as kea_lab
from linux import frames
from test_relay import XID, mutate, options_of, reply

OWN, LINK = ip("10.77.0.1"), ip(kea_lab.UPLINK)
SERVER, STRANGER = ip(kea_lab.SERVERS[0]), ip("10.0.0.9")
ADDRESS = ip("10.77.0.20")
MUTATED = 10_000  # MUTATED=100000 in the environment: a hundred thousand
BATCH = 100  # so many fit into the relay's queue
REMEMBERED = 5000  # by then the client asks again
GROWTH = 512  # KB of memory that may come from what Python keeps
#: Sent by a socket: the kernel makes several frames of what is longer than one.
LONG = """
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(({server!r}, 67))
for n in (1473, 9000, 65000):
    sock.sendto(bytes.fromhex({packet!r}).ljust(n, bytes(1)), ({relay!r}, 67))
"""


class Scene:
    """A relay, the node of its first server, and a wire with its clients."""

    def __init__(self, network, relay):
        self.relay = relay
        self.node = network.servers[0]
        self.wire = clients.Wire(network.clients[0].packet_socket("eth0"))
        self.uplink = self.node.packet_socket("eth0")
        self.heard = []
        self.marks = 0  # replies of settle()

    def reply(self, kind, **fields):
        """Return a reply in order; fields: what is different."""
        fields = {"own": SERVER, "giaddr": LINK, "yiaddr": ADDRESS, **fields}
        return reply(kind, **fields)

    def send(self, payload, source=SERVER, port=67):
        """Send a datagram to the relay, from any address."""
        packet = frames.udp_in_ipv4((source, port), (LINK, 67), payload)
        mac = bytes.fromhex("02000000aa01")
        self.uplink.send(frames.ethernet(frames.BROADCAST_MAC, mac, packet))

    def ask(self):
        """Let the client ask until the relay has passed it on."""
        packet = discover(xid=XID)

        def arrived():
            self.wire.send(packet, mac_bytes(1))
            while select.select([self.uplink], [], [], 0.05)[0]:
                frame = self.uplink.recv(65536)
                if frame[26:30] + frame[46:50] == LINK + XID.to_bytes(4, "big"):
                    return True
            return False

        if not patience.until(arrived):
            raise AssertionError("the relay does not answer")

    def settle(self, number):
        """Wait until the relay has read all that was sent: a reply in order tells."""
        mark = (0xF0000000 | number).to_bytes(4, "big")
        last = self.reply(OFFER, yiaddr=mark)

        def arrived():
            self.send(last)
            self.marks += 1
            while (packet := self.wire.receive(1)) is not None:
                if packet[16:20] == mark:
                    return True
                if packet[16] < 0xF0:
                    self.heard.append(packet)
            return False

        if not patience.until(arrived):
            raise AssertionError("the relay does not pass replies on")

    def stats(self):
        """Return the relay's counters."""
        before = self.relay.log().count('"stats"')
        self.relay.process.signal(signal.SIGUSR1)
        patience.until(lambda: self.relay.log().count('"stats"') > before)
        lines = [line for line in self.relay.log().splitlines() if '"stats"' in line]
        return json.loads(lines[-1])

    def memory_kb(self):
        """Return the resident memory of the relay."""
        text = Path(f"/proc/{self.relay.process.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0])


class Attacked(unittest.TestCase):
    """Nobody but a server in the list reaches a client, and only with an answer."""

    @classmethod
    def setUpClass(cls):
        reason = lab.unavailable()
        if reason:
            raise unittest.SkipTest(reason)

    def setUp(self):
        network = self.enterContext(kea_lab.KeaLab(1))
        self.scene = Scene(network, self.enterContext(network.relay()))
        self.scene.ask()

    def test_a_reply_in_order_arrives(self):
        for kind in (OFFER, ACK, NAK):
            self.scene.send(self.scene.reply(kind))
        self.scene.settle(1)
        self.assertEqual(len(self.scene.heard), 3)
        for packet in self.scene.heard:
            self.assertEqual(options_of(packet)[54], OWN)

    def test_no_forged_one_does(self):
        scene = self.scene
        good = scene.reply(OFFER)
        forged = [
            ("stranger", good, {"source": STRANGER}),
            ("stranger", good, {"port": 68}),
            ("unknown", scene.reply(OFFER, xid=XID ^ 1), {}),
            ("unknown", scene.reply(OFFER, mac=2), {}),
            ("giaddr", scene.reply(OFFER, giaddr=OWN), {}),
            ("giaddr", scene.reply(OFFER, giaddr=bytes(4)), {}),
            ("giaddr", scene.reply(OFFER, giaddr=STRANGER), {}),
            ("malformed", scene.reply(OFFER, op=1), {}),
            ("malformed", good[:242], {}),
            ("malformed", good[:243] + b"\x0c\xff" + good[245:], {}),
            ("malformed", b"", {}),
            ("malformed", b"\2", {}),
        ]
        wanted = {"long": 3}
        for reason, payload, more in forged:
            wanted[reason] = wanted.get(reason, 0) + 1
            scene.send(payload, **more)
        names = {"server": kea_lab.SERVERS[0], "relay": kea_lab.UPLINK, "packet": good.hex()}
        scene.node.run([sys.executable, "-c", LONG.format(**names)])
        scene.settle(1)
        self.assertEqual(scene.heard, [])
        seen = scene.stats()
        self.assertEqual((seen["drops"], seen["returned"]), (wanted, scene.marks))

    def test_spoiled_ones(self):
        """Those that pass are sound; all are counted, none is lost; the memory does not grow."""
        scene = self.scene
        count = int(os.environ.get("MUTATED", MUTATED))
        rng = random.Random(7)
        good = [scene.reply(kind, **m) for kind in (OFFER, ACK, NAK) for m in ({}, {"agent": b""})]
        memory_kb = 0
        for number in range(count):
            packet = bytearray(good[number % len(good)])
            server = mutate(rng, packet)
            scene.send(packet, SERVER if server == 0 else STRANGER)
            if number % BATCH == BATCH - 1:
                scene.settle(number)
            if number % REMEMBERED == 0:
                scene.ask()
            if number == count // 4:
                memory_kb = scene.memory_kb()
        scene.settle(count)
        seen = scene.stats()
        print(f"{count} spoiled: {seen}, memory {memory_kb} KB, then {scene.memory_kb()} KB")
        self.assertEqual(seen["returned"], len(scene.heard) + scene.marks)
        self.assertEqual(seen["returned"] + sum(seen["drops"].values()), count + scene.marks)
        self.assertGreater(len(scene.heard), 0)
        self.assertLess(scene.memory_kb() - memory_kb, GROWTH)
        for packet in scene.heard:
            self.assertEqual(packet[4:8] + packet[28:34], XID.to_bytes(4, "big") + mac_bytes(1))
            found = options_of(packet)
            self.assertEqual((found[54], found.get(82)), (OWN, None))


if __name__ == "__main__":
    unittest.main()
