"""tools/migrate reads an emulated Pico W that serves, by its USB port; Kea then renews the leases.

Skipped by name, with the reason, where the firmware, Kea or namespaces are missing.
"""

import csv
import sys
import tempfile
import time
import unittest
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import client as clients
import emulator
import lab
from builders import discover, ip, request
from lab import kea as kea_lab
from lab import others
from migrate import kea
from rigs import REASON, awake, quickly

COUNT = 8
LEASE_S = 3600
MAIN = f"""
import network
from microdhcp import Config, Service
ap = network.WLAN(network.WLAN.IF_AP)
config = Config("10.77.0.1/24", ("10.77.0.10", "10.77.0.25"), lease_s={LEASE_S},
    conflict_check=False)
service = Service(ap, config)
service.start(ssid="greenhouse", key="change-me-now")
"""
LOOP = "while True:\n    service.poll(500)\n"


def story(board, folder):
    """Let stations get leases, then hand the board over; return {MAC: address}, all bytes."""
    quickly(board, MAIN, 120)
    board.start(LOOP)
    addresses = {}
    for number in range(1, COUNT + 1):
        station = emulator.Station(board, f"00:00:5e:00:53:{number:02x}")
        fields = {"mac": number, "xid": number, "client_id": b"\x01" + station.mac}
        offer = station.ask(discover(**fields)).message
        taken = request(requested=offer.yiaddr, server_id="10.77.0.1", **fields)
        addresses[station.mac] = ip(station.ask(taken).message.yiaddr)
        board.sleep(2_000_000)
    main = Path(folder) / "main.py"
    main.write_text(MAIN)
    out = Path(folder) / "out"
    with emulator.SerialPort(board) as port:
        argv = [str(ROOT / "tools" / "migrate"), "--from", port.path]
        done = port.python(*argv, "--config", str(main), "--to", "kea", str(out))
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)
    return addresses


@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class FromTheBoard(unittest.TestCase):
    """Eight stations of the emulated board."""

    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        cls.out = Path(cls._folder.name) / "out"
        cls.addresses = emulator.in_child(story, awake(), cls._folder.name)

    def rows(self):
        """Return the rows of Kea's lease file."""
        with open(self.out / kea.LEASES, newline="", encoding="ascii") as file:
            return list(csv.DictReader(file))

    def test_each_lease_is_there_with_its_client(self):
        found = {bytes.fromhex(r["hwaddr"].replace(":", "")): r["address"] for r in self.rows()}
        wanted = {mac: ".".join(map(str, four)) for mac, four in self.addresses.items()}
        self.assertEqual(found, wanted)
        for row in self.rows():
            self.assertEqual(row["client_id"], "01:" + row["hwaddr"])

    def test_the_seconds_left_became_the_time_of_the_end(self):
        """The board lets two seconds go by between two clients: so do the ends."""
        ends = sorted(int(row["expire"]) for row in self.rows())
        self.assertEqual(len(set(ends)), COUNT)
        self.assertGreaterEqual(ends[-1] - ends[0], COUNT - 1)
        self.assertLess(ends[-1], time.time() + LEASE_S)

    def test_kea_renews_all_of_them(self):
        for reason in (kea_lab.unavailable(), lab.unavailable()):
            if reason:
                raise unittest.SkipTest(reason)
        with lab.Lab(clients=1) as network:
            node = network.home.node
            path = others.put(node, kea.LEASES, (self.out / kea.LEASES).read_bytes())
            text = (self.out / kea.CONFIG).read_text()
            text = text.replace("/var/lib/kea/kea-leases4.csv", path)
            wire = clients.Wire(network.clients[0].packet_socket("eth0"))
            with others.kea(node, text):
                for mac, address in self.addresses.items():
                    one = clients.Client(wire, mac, b"\x01" + mac)
                    one.lease = clients.Lease(address, ip("10.77.0.1"), LEASE_S, {})
                    self.assertEqual(one.renew(rebind=True).address, address)
