"""tools/migrate reads an emulated Pico W that serves, by its USB port; others renew its leases.

The others are Kea with both its databases, dnsmasq, ISC dhcpd, and serve.py after the way back
from Kea.  Skipped by name, with the reason, where firmware, servers or namespaces are missing.
"""

import contextlib
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
from builders import decline, discover, ip, request
from lab import others
from migrate import back, dnsmasq, isc, kea
from rigs import REASON, awake, quickly
from test_host_migrate import run

COUNT = 8
RESERVED = 3  # this client has a reservation
DECLINES = 9  # this one declines what it gets
LEASE_S = 3600
OWN = ip("10.77.0.1")
TARGETS = {"kea": kea, "dnsmasq": dnsmasq, "isc": isc}
MAIN = f"""
import network
from microdhcp import Config, Service
ap = network.WLAN(network.WLAN.IF_AP)
config = Config("10.77.0.1/24", ("10.77.0.10", "10.77.0.25"), lease_s={LEASE_S},
    conflict_check=False, reservations={{"00:00:5e:00:53:0{RESERVED}": "10.77.0.40"}})
service = Service(ap, config)
service.start(ssid="greenhouse", key="change-me-now")
"""
LOOP = "while True:\n    service.poll(500)\n"


def obtain(board, number):
    """Let a station get a lease; return (station, fields of its messages, dotted address)."""
    station = emulator.Station(board, f"00:00:5e:00:53:{number:02x}")
    fields = {"mac": number, "xid": number, "client_id": b"\x01" + station.mac}
    offer = station.ask(discover(**fields)).message
    taken = request(requested=offer.yiaddr, server_id="10.77.0.1", **fields)
    return station, fields, station.ask(taken).message.yiaddr


def story(board, folder):
    """Let stations get leases, then hand the board over; return ({MAC: address}, declined)."""
    quickly(board, MAIN, 120)
    board.start(LOOP)
    addresses = {}
    for number in range(1, COUNT + 1):
        station, _, address = obtain(board, number)
        addresses[station.mac] = ip(address)
        board.sleep(2_000_000)
    station, fields, declined = obtain(board, DECLINES)
    station.send_udp(decline(requested=declined, server_id="10.77.0.1", **fields))
    board.sleep(500_000)
    main = Path(folder) / "main.py"
    main.write_text(MAIN)
    with emulator.SerialPort(board) as port:
        for target in TARGETS:
            argv = [str(ROOT / "tools" / "migrate"), "--from", port.path, "--to", target]
            done = port.python(*argv, "--config", str(main), str(Path(folder) / target))
            if done.returncode:
                raise AssertionError(done.stdout + done.stderr)
    return addresses, ip(declined)


@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class FromTheBoard(unittest.TestCase):
    """Eight stations of the emulated board."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.addresses, cls.declined = emulator.in_child(story, awake(), folder.name)

    def rows(self):
        """Return the rows of Kea's lease file that are leases."""
        with open(self.folder / "kea" / kea.LEASES, newline="", encoding="ascii") as file:
            return [row for row in csv.DictReader(file) if row["state"] == "0"]

    def files(self, target):
        """Return (configuration, leases) for a target, as texts that fit the lab."""
        module = TARGETS[target]
        names = module.CONFIG, module.LEASES
        config, leases = [(self.folder / target / name).read_text() for name in names]
        for place in ("/var/lib/kea/", "/var/lib/misc/"):
            config = config.replace(place, f"{others.HOME}/")
        return config, leases

    @contextlib.contextmanager
    def network(self, *programs):
        """Yield (node for a server, wire of its clients)."""
        for reason in (others.unavailable(*programs), lab.unavailable()):
            if reason:
                self.skipTest(reason)
        with lab.Lab(clients=1) as home:
            node = home.home.node
            node.ip_batch(
                [
                    f"neigh replace {'.'.join(map(str, address))} lladdr {mac.hex(':')} dev eth0"
                    for mac, address in self.addresses.items()
                ]
            )
            yield node, clients.Wire(home.clients[0].packet_socket("eth0"))

    def all_renew(self, wire):
        """Check that each client renews its address, and that the declined one stays back."""
        for mac, address in self.addresses.items():
            one = clients.Client(wire, mac, b"\x01" + mac)
            one.lease = clients.Lease(address, OWN, LEASE_S, {})
            self.assertEqual(one.renew(rebind=True).address, address)
        newcomer = clients.Client(wire, bytes.fromhex("00005e005377"), broadcast=True)
        found = newcomer.obtain(self.declined).address
        self.assertNotIn(found, [self.declined, *self.addresses.values()])

    def test_each_lease_is_there_with_its_client(self):
        found = {bytes.fromhex(r["hwaddr"].replace(":", "")): r["address"] for r in self.rows()}
        wanted = {mac: ".".join(map(str, four)) for mac, four in self.addresses.items()}
        self.assertEqual(found, wanted)
        self.assertEqual(found[bytes.fromhex(f"00005e00530{RESERVED}")], "10.77.0.40")
        for row in self.rows():
            self.assertEqual(row["client_id"], "01:" + row["hwaddr"])

    def test_the_seconds_left_became_the_time_of_the_end(self):
        """The board lets two seconds go by between two clients: so do the ends."""
        ends = sorted(int(row["expire"]) for row in self.rows())
        self.assertEqual(len(set(ends)), COUNT)
        self.assertGreaterEqual(ends[-1] - ends[0], COUNT - 1)
        self.assertLess(ends[-1], time.time() + LEASE_S)

    def test_kea_renews_all_of_them(self):
        with self.network("kea-dhcp4") as (node, wire):
            config, leases = self.files("kea")
            others.put(node, kea.LEASES, leases)
            with others.kea(node, config):
                self.all_renew(wire)

    def test_kea_with_postgresql(self):
        config, _ = self.files("kea")
        kind = '"type": "memfile",'
        self.assertIn(kind, config)
        place = '"type": "postgresql", "host": "127.0.0.1", "user": "kea", "password": "unused",'
        config = config.replace(kind, place).replace(f"{others.HOME}/{kea.LEASES}", "kea")
        config = config.replace('"persist": true,', "")
        with self.network("kea-dhcp4", "kea-admin", "postgres") as (node, wire):
            with others.postgres(node):
                others.prepare_database(node, (self.folder / "kea" / kea.SQL).read_text())
                with others.kea(node, config):
                    self.all_renew(wire)

    def test_dnsmasq_renews_all_of_them(self):
        with self.network("dnsmasq") as (node, wire):
            config, leases = self.files("dnsmasq")
            others.put(node, dnsmasq.LEASES, leases)
            with others.dnsmasq(node, config):
                self.all_renew(wire)

    def test_dhcpd_renews_all_of_them(self):
        with self.network("dhcpd") as (node, wire):
            with others.dhcpd(node, *self.files("isc")):
                self.all_renew(wire)

    def test_and_back_from_kea(self):
        source, out = self.folder / "kea", self.folder / "back"
        told = run("--from", "kea", source / kea.CONFIG, source / kea.LEASES, out)
        self.assertIn(f"{COUNT} bound", told)
        argv = ["--interface", "eth0", "--config", str(out / back.CONFIG), "--json"]
        with self.network() as (node, wire):
            with lab.ServerProcess(node, [*argv, "--store", str(out / back.STORE)]):
                self.all_renew(wire)
