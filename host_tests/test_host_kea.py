"""tools/relay.py before a Kea hot-standby pair, with real clients, in network namespaces.

One story: three clients obtain and renew through the relay, the active Kea is killed, then the
other one, then one comes back.  Skipped by name, with the reason, where Kea is not installed or
no namespaces can be made.
"""

import contextlib
import ipaddress
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import client as clients
import lab
from lab import kea as kea_lab
from lab import others
from microdhcp import Config
from migrate import kea, network

OWN = "10.77.0.1"
LIMIT_S = 600  # for what takes seconds on a quiet machine
FALLBACK = """
pool = ["10.77.0.240", "10.77.0.249"]
lease_s = 60
"""
FALLBACK_S = 4


def configuration(lease_s=120, pool=("10.77.0.10", "10.77.0.99"), **more):
    """Return a configuration for Kea, made by migrate from a Config."""
    config = Config(f"{OWN}/24", pool, lease_s=lease_s, min_lease_s=lease_s, **more)
    found = network.of_config(config, [])
    return kea.files(found, "eth0", int(time.time()))[kea.CONFIG]


def until(function, wanted=bool, limit_s=LIMIT_S):
    """Return what function() returns as soon as it is wanted; AssertionError after limit_s."""
    deadline = time.monotonic() + limit_s
    while True:
        few = mock.patch.object(clients, "TRIES", 4)  # other tests wait longer for an answer
        with few, contextlib.suppress(lab.LabError, clients.ClientError):
            found = function()
            if wanted(found):
                return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{function} did not succeed within {limit_s} s")
        time.sleep(0.2)


class Story:
    """What happened, step by step; told once."""

    told = None

    @classmethod
    def get(cls):
        """Return the story; SkipTest with the reason where it cannot be told."""
        adapters = [adapter for adapter in lab.CLIENTS if not adapter.unavailable()]
        for reason in (kea_lab.unavailable(), lab.unavailable()):
            if reason:
                raise unittest.SkipTest(reason)
        if not adapters:
            raise unittest.SkipTest("no DHCP client is installed")
        if cls.told is None:
            cls.told = cls(adapters)
        return cls.told

    def __init__(self, adapters):
        self.seen = {}
        with kea_lab.KeaLab(len(adapters) + 1) as self.lab:
            settings = others.put(self.lab.home.node, "fallback.toml", FALLBACK)
            more = ("--fallback", settings, "--fallback-after", str(FALLBACK_S))
            with self.lab.pair(configuration()) as self.pair, self.lab.relay(*more) as self.relay:
                self.clients = [adapter(node) for adapter, node in zip(adapters, self.lab.clients)]
                self.wire = clients.Wire(self.lab.clients[-1].packet_socket("eth0"))
                self.tell()

    def all(self, step, method, **more):
        """Let all clients do something at once; keep their leases under the step's name."""
        with ThreadPoolExecutor() as pool:
            jobs = {one.name: pool.submit(getattr(one, method), **more) for one in self.clients}
        self.seen[step] = {name: job.result() for name, job in jobs.items()}

    def insist(self, step):
        """Let all clients renew until they have; keep their leases."""
        with ThreadPoolExecutor() as pool:
            jobs = {one.name: pool.submit(until, one.renew) for one in self.clients}
        self.seen[step] = {name: job.result() for name, job in jobs.items()}

    def newcomer(self, last):
        """Return a client that is new."""
        return clients.Client(self.wire, bytes.fromhex("00005e0053") + bytes((last,)))

    def fallback(self):
        """Return whether the relay serves its own pool now."""
        lines = [line for line in self.relay.log().splitlines() if '"fallback"' in line]
        return bool(lines) and '"local": true' in lines[-1]

    def tell(self):
        """Live through it."""
        self.all("obtained", "obtain", timeout_s=LIMIT_S)
        self.all("renewed", "renew", timeout_s=LIMIT_S)
        self.all("rebound", "rebind", timeout_s=LIMIT_S)
        killed_at = time.monotonic()
        self.pair[0].kill()
        self.insist("after one")
        self.seen["seconds"] = time.monotonic() - killed_at
        self.seen["new"] = until(lambda: self.newcomer(0x80).obtain()).address
        self.pair[1].kill()
        until(self.ask_and_look)
        self.local = self.newcomer(0x81)
        self.seen["local"] = until(self.local.obtain)
        self.seen["kept"] = {one.name: one.lease.address for one in self.clients}
        with self.lab.server(1, kea_lab.paired(configuration(), 1)) as again:
            self.pair[1] = again
            self.insist("after both")
            self.seen["handed back"] = until(self.hand_back, self.is_keas)
            self.all("released", "release")
            until(lambda: self.pair[1].log().count("DHCP4_RELEASE ") >= len(self.clients))

    def ask_and_look(self):
        """Send a DISCOVER that no server answers; return whether the fallback serves."""
        with contextlib.suppress(clients.ClientError):
            self.newcomer(0x82).obtain()
        return self.fallback()

    def is_keas(self, address):
        """Return whether an address is of Kea's pool: until then the fallback has answered."""
        return int(dotted(address).rpartition(".")[2]) in range(10, 100)

    def hand_back(self):
        """Let the client of the fallback renew; return the address it has in the end."""
        try:
            return self.local.renew(rebind=True).address
        except clients.ClientError:  # NAK: it begins anew
            return self.local.obtain().address


class HotStandby(unittest.TestCase):
    """The relay and the pair."""

    @classmethod
    def setUpClass(cls):
        cls.seen = Story.get().seen
        cls.obtained = {name: one.address for name, one in cls.seen["obtained"].items()}

    def same(self, step):
        """Check that each client has the address it had at first."""
        found = {name: one.address for name, one in self.seen[step].items()}
        self.assertEqual(found, self.obtained)

    def test_addresses_come_from_the_servers_pool(self):
        for address in self.obtained.values():
            self.assertIn(int(address.rpartition(".")[2]), range(10, 100))
        self.assertEqual(len(set(self.obtained.values())), len(self.obtained))

    def test_the_clients_know_the_relay_as_their_server(self):
        for step in ("obtained", "renewed", "rebound", "after one"):
            for name, lease in self.seen[step].items():
                self.assertEqual(lease.server, OWN, f"{step}: {name}")

    def test_they_renew_and_rebind(self):
        self.same("renewed")
        self.same("rebound")

    def test_when_the_active_server_dies_the_other_one_renews(self):
        self.same("after one")
        self.assertNotIn(dotted(self.seen["new"]), self.obtained.values())

    def test_when_both_are_dead_newcomers_get_an_address_of_the_fallback(self):
        lease = self.seen["local"]
        self.assertIn(int(dotted(lease.address).rpartition(".")[2]), range(240, 250))
        self.assertEqual(lease.lease_s, 60)

    def test_and_the_others_keep_theirs(self):
        self.assertEqual(self.seen["kept"], self.obtained)

    def test_when_a_server_is_back_all_renew(self):
        self.same("after both")

    def test_the_client_of_the_fallback_is_handed_back(self):
        last = dotted(self.seen["handed back"]).rpartition(".")[2]
        self.assertIn(int(last), range(10, 100))

    def test_releases_reach_the_server(self):
        self.assertEqual(set(self.seen["released"]), set(self.obtained))


def dotted(four):
    """Return 4 bytes as dotted text."""
    return str(ipaddress.IPv4Address(four))
