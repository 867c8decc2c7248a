"""An emulated Pico W, stock firmware, relays between real clients and a Kea hot-standby pair.

Skipped by name, with the reason, where the firmware, Kea or namespaces are missing.
"""

import functools
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
from microdhcp import Config, Relay
ap = network.WLAN(network.WLAN.IF_AP)
sta = network.WLAN(network.WLAN.IF_STA)
pool = Config("{OWN}/24", ("10.77.0.240", "10.77.0.249"), lease_s=600, authoritative=False,
    conflict_check=False)
relay = Relay(ap, {list(kea_lab.SERVERS)!r}, fallback=pool, fallback_s=5)
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
AGAIN_S = 60
LEASE_S = 3600
MAC = b"\x00\x10\x18\x00\x00\x02"


class PatientUdhcpc(lab.Udhcpc):
    """udhcpc that waits until an emulated board on a busy machine has answered."""

    pause_s = 20


ADAPTERS = PatientUdhcpc, lab.Dhclient, lab.Dhcpcd


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


class Story:
    """Real clients live through it, one after the other; one more comes late.

    seen   {step: {client: (address, server)}}, and single addresses
    """

    def __init__(self, air, network, pair, adapters):
        self.seen = {}
        self._air = air
        self._network = network
        self._pair = pair
        self._clients = [adapter(node) for adapter, node in zip(adapters, network.clients)]
        self._late = adapters[0](network.clients[-1])

    def call(self, function, *args, **more):
        """Return function(*args), called while the board runs."""
        return self._air.call(functools.partial(function, *args, **more), timeout_s=STORY_S)

    def all_of(self, step, method, limit_s=STORY_S):
        """Let each client do something, again after limit_s."""
        self.seen[step] = {}
        for one in self._clients:
            act = functools.partial(getattr(one, method), timeout_s=limit_s)
            lease = self.call(until, act, limit_s=STORY_S)
            self.seen[step][one.name] = lease.address, lease.server

    def tell(self):
        """Return what was seen."""
        self.all_of("obtained", "obtain")
        self.all_of("renewed", "renew")
        self.all_of("rebound", "rebind")
        self._pair[0].kill()
        self.all_of("after one", "renew", AGAIN_S)
        self._pair[1].kill()
        self.seen["local"] = self.call(self._late.obtain, timeout_s=STORY_S).address
        with self._network.server(1, kea_lab.paired(configuration(LEASE_S), 1)) as again:
            self.all_of("after both", "renew", AGAIN_S)
            moved = self.call(self._late.move, lambda: None, timeout_s=STORY_S)
            self.seen["handed back"] = moved.address
            everybody = [*self._clients, self._late]
            for one in everybody:  # a slow answer to ARP would come after udhcpc's address is gone
                one.node.ip(f"neigh replace {OWN} lladdr {MAC.hex(':')} dev eth0")
                self.call(one.release, timeout_s=STORY_S)
            gone = lambda: again.log().count("DHCP4_RELEASE ") >= len(everybody)  # noqa: E731
            self.seen["released"] = self.call(until, gone)
        return self.seen


def story(board):
    """Return what the clients have seen."""
    quickly(board, SETUP, 120)
    board.start(LOOP)
    with kea_lab.KeaLab(len(ADAPTERS) + 1) as network:
        with network.pair(configuration(LEASE_S)) as pair, BothSides(board, network) as air:
            return Story(air, network, pair, ADAPTERS).tell()


@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class OnTheBoard(unittest.TestCase):
    """The relay of the emulated board."""

    @classmethod
    def setUpClass(cls):
        reasons = [one.unavailable() for one in (kea_lab, lab, *ADAPTERS)]
        for reason in filter(None, reasons):
            raise unittest.SkipTest(reason)
        cls.seen = emulator.in_child(story, awake(), cpu_s=STORY_S, wall_s=2 * STORY_S)

    def test_each_client_gets_an_address_of_kea(self):
        self.assertEqual(sorted(self.seen["obtained"]), sorted(one.name for one in ADAPTERS))
        for address, server in self.seen["obtained"].values():
            self.assertIn(last(address), range(10, 100))
            self.assertEqual(server, OWN)

    def test_they_renew_and_rebind_through_the_board(self):
        self.assertEqual(self.seen["renewed"], self.seen["obtained"])
        self.assertEqual(self.seen["rebound"], self.seen["obtained"])

    def test_when_the_active_server_dies_the_other_one_renews(self):
        self.assertEqual(self.seen["after one"], self.seen["obtained"])

    def test_when_both_are_dead_a_newcomer_gets_an_address_of_the_fallback(self):
        self.assertIn(last(self.seen["local"]), range(240, 250))

    def test_when_a_server_is_back_all_renew_there(self):
        self.assertEqual(self.seen["after both"], self.seen["obtained"])

    def test_the_client_of_the_fallback_is_handed_back(self):
        self.assertIn(last(self.seen["handed back"]), range(10, 100))

    def test_their_releases_arrive(self):
        self.assertTrue(self.seen["released"])


def last(address):
    """Return the last number of an address."""
    return int(address.rpartition(".")[2])
