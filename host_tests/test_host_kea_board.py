"""An emulated Pico W, stock firmware, relays between real clients and a Kea hot-standby pair.

Skipped by name, with the reason, where the firmware, Kea or namespaces are missing.
"""

import sys
import unittest
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import emulator
import lab
from emulator.air import Air
from emulator.offload import switch_off
from lab import kea as kea_lab
from linux.frames import BROADCAST_MAC
from rigs import REASON, awake, quickly
from test_host_kea import configuration, until

OWN = "10.77.0.1"
SETUP = f"""
import network, time
from microdhcp import Relay
ap = network.WLAN(network.WLAN.IF_AP)
sta = network.WLAN(network.WLAN.IF_STA)
relay = Relay(ap, {list(kea_lab.SERVERS)!r}, address="{OWN}/24")
relay.start(ssid="greenhouse", key="change-me-now")
sta.active(True)
sta.connect("home", "secret-enough")
while not sta.isconnected():
    time.sleep_ms(20)
for _ in range(4):
    relay.poll(500)
"""
LOOP = "while True:\n    relay.poll(500)\n"
STORY_S = 1500
MAC = b"\x00\x10\x18\x00\x00\x02"


class BothSides(Air):
    """Clients of a lab on the board's access point, its servers on the board's home network."""

    def __enter__(self):
        super().__enter__()
        node = self.lab.home.node
        node.ip(f"addr flush dev {kea_lab.UPLINK_INTERFACE}")
        self._uplink = node.packet_socket(kea_lab.UPLINK_INTERFACE)
        self._uplink.setblocking(False)
        for server in self.lab.servers:
            switch_off(server, "eth0")
        self.board.home.listeners.append(self._uplink.send)
        return self

    def __exit__(self, *exception):
        self.board.home.listeners.remove(self._uplink.send)
        self._uplink.close()
        super().__exit__(*exception)

    def turn(self):
        """Let frames and a little of the board's time go by."""
        while True:
            try:
                frame = self._uplink.recv(2048)
            except BlockingIOError:
                break
            if frame[:6] in (MAC, BROADCAST_MAC):
                self.board.home.send(frame)
        super().turn()


def story(board):
    """Return what the clients have seen: {step: {client: (address, server)}}."""
    quickly(board, SETUP, 120)
    board.start(LOOP)
    seen = {}
    adapters = [lab.Dhclient]  # it goes on asking for as long as it takes
    with kea_lab.KeaLab(len(adapters)) as network, network.pair(configuration()) as pair:
        clients = [adapter(node) for adapter, node in zip(adapters, network.clients)]
        with BothSides(board, network) as air:

            def all_of(step, method):
                seen[step] = {}
                for one in clients:
                    lease = air.call(getattr(one, method), STORY_S, timeout_s=STORY_S)
                    seen[step][one.name] = lease.address, lease.server

            all_of("obtained", "obtain")
            all_of("renewed", "renew")
            pair[0].kill()
            all_of("after one", "renew")
            for one in clients:
                air.call(one.release, timeout_s=STORY_S)
            released = lambda: pair[1].log().count("DHCP4_RELEASE ") >= len(clients)  # noqa: E731
            seen["released"] = air.call(until, released, timeout_s=STORY_S)
    return seen


@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class OnTheBoard(unittest.TestCase):
    """The relay of the emulated board."""

    @classmethod
    def setUpClass(cls):
        for reason in (kea_lab.unavailable(), lab.unavailable(), lab.Dhclient.unavailable()):
            if reason:
                raise unittest.SkipTest(reason)
        cls.seen = emulator.in_child(story, awake(), cpu_s=STORY_S, wall_s=2 * STORY_S)

    def test_clients_get_addresses_of_kea(self):
        for address, server in self.seen["obtained"].values():
            self.assertIn(int(address.rpartition(".")[2]), range(10, 100))
            self.assertEqual(server, OWN)

    def test_they_renew_through_the_board(self):
        self.assertEqual(self.seen["renewed"], self.seen["obtained"])

    def test_when_the_active_server_dies_the_other_one_renews(self):
        self.assertEqual(self.seen["after one"], self.seen["obtained"])

    def test_their_releases_arrive(self):
        self.assertTrue(self.seen["released"])
