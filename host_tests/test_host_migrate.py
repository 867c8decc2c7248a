"""tools/migrate: hand-over to Kea, dnsmasq and ISC dhcpd, and back from Kea.

The first part needs nothing but the tool.  The second part starts real servers in network
namespaces: fifty clients with leases from serve.py renew them at each of the others.
"""

import contextlib
import ipaddress
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import client as clients
import dhcptext
import lab
from lab import others
from microdhcp import Config, Server, states, store
from migrate import back, dnsmasq, isc, kea, names, network, source

SETTINGS = """
address = "10.77.0.1/24"
pool = ["10.77.0.10", "10.77.0.99"]
lease_s = 600
max_lease_s = 7200
quarantine_s = 900
domain = "lab.example"
deny = ["00:00:5e:00:53:fd", "02:aa"]
dns_servers = ["10.77.0.1", "10.77.0.2"]
conflict_check = false
classes = [{ vendor_class = "PXEClient", options = { boot_file = "pxe.0" } }]
[options]
ntp_servers = ["10.77.0.1"]
mtu = 1400
captive_portal = "https://10.77.0.1/"
classless_routes = "10.0.0.0/8>10.77.0.1"
domain_search = ["lab.example", "example.com"]
ip_forwarding = true
224 = "0x01"
225 = "hello"
[reservations]
"00:00:5e:00:53:01" = "10.77.0.50"
"id:ff00112233" = "10.77.0.51"
"00:00:5e:00:53:e1" = "10.77.0.52"
"00:00:5e:00:53:e2" = "10.77.0.52"
"""
OWN_OPTIONS = """
[reservations."00:00:5e:00:53:02"]
address = "10.77.0.200"
routers = ["10.77.0.9"]
options = { mtu = 1300, host_name = "printer" }
"""
TOML = SETTINGS + OWN_OPTIONS
NOW_S = 1_700_000_000
ASKED = bytes((1, 3, 6, 15, 19, 26, 28, 42, 114, 119, 224, 225))
COUNT = 50
DENIED = bytes.fromhex("00005e0053fd")


def mac(number):
    """Return the MAC of a client."""
    return bytes.fromhex("00005e0053") + bytes((number,))


def identifier(number):
    """Return option 61 of a client: none, its MAC, or one of RFC 4361, in turns."""
    if number == 50:
        return bytes.fromhex("ff00112233")  # has a reservation
    return (None, b"\x01" + mac(number), b"\xff\0\0\0\x01\0\x02" + mac(number))[number % 3]


def run(*argv, status=0):
    """Run tools/migrate; return what it prints.  AssertionError: another exit status."""
    command = [sys.executable, str(ROOT / "tools" / "migrate"), *map(str, argv)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


class Desk:
    """A server at a desk, asked without a network.  Its store is what migrate reads."""

    def __init__(self, text=TOML, **more):
        found = tomllib.loads(text)
        self.config = Config(**{**found, **more})
        self.server = Server(self.config)
        self.now_s = 0

    def ask(self, kind, number, extra, client_id=None):
        """Send a message; return the reply's bytes."""
        identity = {61: client_id} if client_id else {}
        packet = clients.message(kind, mac(number), number, {**extra, **identity})
        self.server.rx[: len(packet)] = packet
        return bytes(self.server.tx[: self.server.handle(len(packet), self.now_s)])

    def obtain(self, number, client_id=None, extra=()):
        """Return the 4 bytes of the address that a client gets; extra: more options of it."""
        offer = self.ask("DISCOVER", number, dict(extra), client_id)
        extra = {50: offer[16:20], 54: self.config.address, **dict(extra)}
        return self.ask("REQUEST", number, extra, client_id)[16:20]

    def decline(self, number):
        """Let a client obtain an address and say that it is in use; return its 4 bytes."""
        address = self.obtain(number)
        self.ask("DECLINE", number, {50: address, 54: self.config.address})
        return address

    def network(self, now_s=NOW_S):
        """Return the migrate.network.Network of what is known here."""
        data = store.dump(self.server, self.now_s)
        return network.of_config(self.config, source.read_store(data, self.config, now_s))


class Reading(unittest.TestCase):
    """From a store to leases."""

    def setUp(self):
        self.desk = Desk()

    def lease(self, address):
        """Return the lease of an address (4 bytes)."""
        found = [one for one in self.desk.network().leases if one.address.packed == address]
        self.assertEqual(len(found), 1)
        return found[0]

    def test_a_lease_ends_its_granted_time_from_now(self):
        lease = self.lease(self.desk.obtain(3))
        self.assertEqual((lease.state, lease.granted_s), ("bound", 600))
        self.assertEqual(lease.ends_s, NOW_S + 600)

    def test_an_infinite_lease_never_ends(self):
        self.desk = Desk(max_lease_s=None)
        lease = self.lease(self.desk.obtain(3, extra={51: b"\xff" * 4}))
        self.assertEqual((lease.granted_s, lease.ends_s), (-1, -1))

    def test_a_mac_as_identifier_is_known(self):
        lease = self.lease(self.desk.obtain(4, b"\x01" + mac(4)))
        self.assertEqual((lease.mac, lease.client_id), (mac(4), b"\x01" + mac(4)))

    def test_an_identifier_of_which_a_digest_was_stored_is_not(self):
        lease = self.lease(self.desk.obtain(5, identifier(5)))
        self.assertEqual((lease.mac, lease.client_id), (mac(5), None))

    def test_an_identifier_with_a_reservation_is_recognised(self):
        lease = self.lease(self.desk.obtain(50, identifier(50)))
        self.assertEqual(lease.address, ipaddress.IPv4Address("10.77.0.51"))
        self.assertEqual(lease.client_id, identifier(50))

    def test_a_declined_address_is_quarantined_for_the_configured_time(self):
        lease = self.lease(self.desk.decline(7))
        self.assertEqual((lease.state, lease.ends_s), ("quarantined", NOW_S + 900))

    def test_damaged_data_is_refused(self):
        with self.assertRaisesRegex(source.SourceError, "damaged"):
            source.read_store(b"mDHC\x01\0\0\0\0\0", self.desk.config)

    def test_the_program_of_a_board_has_the_settings(self):
        for name in ("pico_w", "pico2_w", "esp32"):
            config = source.read_config(ROOT / "boards" / name / "main.py")
            self.assertGreater(config.pool_n, 1, name)

    def test_a_program_without_a_service_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "main.py"
            path.write_text("print('nothing here')")
            with self.assertRaisesRegex(source.SourceError, "makes no Service"):
                source.read_config(path)


class Options(unittest.TestCase):
    """Values of options as text, and back."""

    CASES = (
        ("ntp_servers", ["10.77.0.1", "10.77.0.2"]),
        ("mtu", 1400),
        ("time_offset", -3600),
        ("ip_forwarding", True),
        ("host_name", "printer"),
        ("static_routes", [("10.0.0.9", "10.77.0.1")]),
        ("classless_routes", [("10.0.0.0/8", "10.77.0.1"), ("0.0.0.0/0", "10.77.0.1")]),
        ("domain_search", ["lab.example", "example.com"]),
        ("sip_servers", ["10.77.0.1"]),
        ("path_mtu_plateaus", [68, 1500]),
        ("vendor_options", b"\x01\x02\x03"),
        (224, b"\x00"),
        (225, "hello"),
        ("wpad_url", "http://10.77.0.1/wpad.dat, really"),
    )

    def test_every_value_becomes_text_that_means_the_same(self):
        from microdhcp import options

        for key, value in self.CASES:
            code, _, *data = options.encode(key, value)
            option = network.Option(code, bytes(data))
            text = names.setting(option)
            self.assertEqual(options.encode(code, text)[2:], option.data, key)


class Writing(unittest.TestCase):
    """What the files say, and what is listed as lost."""

    @classmethod
    def setUpClass(cls):
        desk = Desk(allow=["00:00:5e"])
        desk.obtain(3)
        desk.obtain(4, b"\x01" + mac(4))
        cls.declined = ipaddress.IPv4Address(desk.decline(7))
        desk.obtain(9)
        desk.server.release(str(ipaddress.IPv4Address(desk.obtain(9))), 0)
        cls.network = desk.network()
        cls.bound = cls.network.of_state("bound")

    def kea(self):
        """Return the parsed configuration for Kea."""
        text = kea.files(self.network, "eth0", NOW_S)[kea.CONFIG]
        return json.loads(re.sub(r"(?m)^ *//.*$", "", text))["Dhcp4"]

    def test_kea_classes(self):
        test = self.kea()["client-classes"][0]["test"]
        self.assertIn("substring(pkt4.mac, 0, 2) == 0x02aa", test)
        self.assertIn("not ((substring(pkt4.mac, 0, 3) == 0x00005e))", test)

    def test_kea_kinds_of_clients(self):
        """`classes` become client classes, whose options go before those of everybody."""
        made = self.kea()
        kind = made["client-classes"][1]
        self.assertEqual(
            kind["test"], "((substring(option[60].hex, 0, 9) == 0x505845436c69656e74))"
        )
        self.assertEqual([one["data"] for one in kind["option-data"]], ["pxe.0"])
        self.assertNotIn("option-data", made["subnet4"][0])
        self.assertIn("domain-name-servers", [one.get("name") for one in made["option-data"]])

    def test_kea_takes_the_first_kind_that_fits(self):
        architecture = [{"architecture": 7, "options": {"boot_file": "a"}}]
        both = [*architecture, {"user_class": "iPXE", "options": {"boot_file": "b"}}]
        config = Config("192.0.2.1/24", ("192.0.2.16", "192.0.2.31"), classes=both)
        text = kea.files(network.of_config(config, []), "eth0", NOW_S)[kea.CONFIG]
        first, second = json.loads(re.sub(r"(?m)^ *//.*$", "", text))["Dhcp4"]["client-classes"]
        self.assertIn("(substring(option[93].hex, 2, 2) == 0x0007)", first["test"])
        self.assertIn("(substring(option[77].hex, 1, 4) == 0x69505845)", second["test"])
        self.assertIn("and (not member('kind-1'))", second["test"])

    def test_kea_leases_by_state(self):
        rows = kea.files(self.network, "eth0", NOW_S)[kea.LEASES].splitlines()[1:]
        by_state = {row.split(",")[0]: row.split(",")[9] for row in rows}
        self.assertEqual(by_state[str(self.declined)], "1")
        self.assertEqual(by_state[str(self.bound[0].address)], "0")
        self.assertEqual(sorted(by_state.values()), ["0", "0", "1", "2"])

    def test_sql_is_one_transaction(self):
        lines = kea.files(self.network, "eth0", NOW_S)[kea.SQL].splitlines()
        self.assertEqual((lines[2], lines[-1]), ("START TRANSACTION;", "COMMIT;"))
        self.assertEqual(sum(line.startswith("INSERT") for line in lines), 4)

    def test_the_times_are_absolute(self):
        text = dnsmasq.files(self.network, "eth0", NOW_S)[dnsmasq.LEASES]
        self.assertIn(f"{NOW_S + 600} 00:00:5e:00:53:03", text)
        text = isc.files(self.network, "eth0", NOW_S)[isc.LEASES]
        self.assertIn("ends 2 2023/11/14 22:23:20;", text)

    def test_each_loss_is_named(self):
        lost = "\n".join(dnsmasq.not_carried(self.network))
        self.assertIn(f"quarantine of {self.declined}", lost)
        self.assertIn("1 ended leases", lost)
        desk = Desk(rapid_commit=True, reservations={"00:00:5e:00:53:09": WITHOUT})
        for target in (kea, isc):
            lost = "\n".join(target.not_carried(desk.network()))
            self.assertIn("rapid_commit", lost)
            self.assertIn("reservation 10.77.0.60: routers is sent to it after all", lost)

    def test_dnsmasq_sends_nothing_of_its_own(self):
        desk = Desk(routers=[], dns_servers=[], reservations={})
        text = dnsmasq.files(desk.network(), "eth0", NOW_S)[dnsmasq.CONFIG]
        self.assertIn("\ndhcp-option=3\n", text)
        self.assertIn("\ndhcp-option=6\n", text)


WITHOUT = {"address": "10.77.0.60", "routers": None}


class ThereAndBack(unittest.TestCase):
    """To Kea and back: the same settings, the same leases."""

    def setUp(self):
        self.desk = Desk(TOML, max_lease_s=None, allow=["00:00:5e"])
        for number in range(1, 20):
            self.desk.obtain(number, identifier(number))
        self.desk.obtain(30, b"\x01" + mac(30), extra={51: b"\xff" * 4, 12: b"tv"})
        self.declined = ipaddress.IPv4Address(self.desk.decline(40))
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name, text in kea.files(self.desk.network(), "eth0", NOW_S).items():
            (self.folder / name).write_text(text)
        self.result = self.read()

    def read(self, now_s=NOW_S, **more):
        """Return what back.read() makes of the files."""
        paths = self.folder / kea.CONFIG, [self.folder / kea.LEASES]
        return back.read(*paths, more.get("own"), now_s, more.get("subnet_id"))

    def same(self, config):
        """Check a Config against that of the desk, as far as Kea knows it."""
        one, other = [network.of_config(each, []) for each in (config, self.desk.config)]
        for name in ("subnet", "server", "pool", "options", "reservations", "allow", "deny"):
            self.assertEqual(getattr(one, name), getattr(other, name), name)
        for name in ("lease_s", "min_lease_s", "max_lease_s", "quarantine_s", "authoritative"):
            self.assertEqual(one.settings[name], other.settings[name], name)

    def test_the_settings_are_the_same(self):
        self.same(Config(**self.result.settings))
        self.assertEqual(self.result.lost, ["client class kind-1: not read"])

    def test_the_settings_file_reads_as_the_same(self):
        path = self.folder / back.CONFIG
        path.write_text(back.toml(self.result.settings))
        self.same(source.read_config(path))

    def test_the_leases_are_the_same(self):
        server = Server(Config(**self.result.settings))
        self.assertEqual(store.load(server, self.result.store, 0), 20)
        before = {lease.address: lease for lease in self.desk.server.roster(0, None)}
        after = {lease.address: lease for lease in server.roster(0, None)}
        self.assertEqual(before.keys(), after.keys())
        for address, lease in before.items():
            self.assertEqual(after[address].seconds_left, lease.seconds_left, address)
            self.assertEqual(after[address].host_name, lease.host_name)
        self.assertEqual(after[str(self.declined)].state, "declined")

    def test_what_has_ended_comes_back_as_ended(self):
        found = store.records(self.read(NOW_S + 10_000).store)
        kinds = {record.state for record in found}
        self.assertEqual(kinds, {states.RELEASED, states.BOUND, states.DECLINED})  # one never ends

    def test_the_last_row_of_an_address_counts(self):
        path = self.folder / kea.LEASES
        rows = path.read_text().splitlines()
        row = next(row for row in rows if row.split(",")[1] == "00:00:5e:00:53:03").split(",")
        row[1] = "00:00:5e:00:53:77"
        path.write_text("\n".join([*rows, ",".join(row), ""]))
        server = Server(Config(**self.result.settings))
        store.load(server, self.read().store, 0)
        self.assertEqual(server.find("00:00:5e:00:53:77", 0).address, row[0])

    def test_what_cannot_be_read_is_named(self):
        path = self.folder / kea.CONFIG
        text = path.read_text()
        path.write_text(text.replace('"ip-address": "10.77.0.50"', '"hostname": "x"'))
        lost = "\n".join(self.read().lost)
        self.assertIn("not by MAC or client id and address", lost)
        path.write_text(text.replace('"DROP"', '"printers"'))
        self.assertIn("client class printers: not read", self.read().lost)

    def test_several_subnets_want_a_choice(self):
        path = self.folder / kea.CONFIG
        tree = json.loads(re.sub(r"(?m)^ *//.*$", "", path.read_text()))
        other = {"id": 2, "subnet": "10.9.0.0/24", "pools": [{"pool": "10.9.0.0/26"}]}
        tree["Dhcp4"]["subnet4"].append(other)
        path.write_text(json.dumps(tree))
        with self.assertRaisesRegex(source.SourceError, "which subnet"):
            self.read()
        self.assertEqual(self.read(subnet_id=1).settings["pool"], ("10.77.0.10", "10.77.0.99"))


class CommandLine(unittest.TestCase):
    """What the program says when something is missing."""

    def test_what_no_server_is_told_is_listed(self):
        desk = Desk()
        desk.obtain(5, identifier(5))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "serve.toml"
            path.write_text(TOML)
            leases = Path(folder) / "leases.store"
            leases.write_bytes(store.dump(desk.server, 0))
            told = run(leases, "--config", path, "--to", "isc", Path(folder) / "out")
            lost = (Path(folder) / "out" / "not-carried.txt").read_text()
        self.assertIn("classes: number 1 is not carried over", lost)
        self.assertIn("by its MAC 00:00:5e:00:53:05", lost)
        for line in lost.splitlines():
            self.assertIn(line, told)

    def test_errors_are_one_line(self):
        with tempfile.TemporaryDirectory() as folder:
            settings = Path(folder) / "serve.toml"
            settings.write_text(TOML)
            line = run("/no/such", "--config", settings, "--to", "kea", folder, status=1)
            self.assertTrue(line.startswith("migrate: "), line)
            self.assertEqual(line.count("\n"), 1)
            self.assertIn("--config and --to", run("a", folder, status=2))
            self.assertIn("configuration of Kea", run("--from", "kea", folder, status=2))

    def test_the_interface_goes_into_files_as_it_is(self):
        for name in ("", "eth0\nport=53"):
            line = run("a", "--config", "b", "--to", "isc", "--interface", name, "c", status=2)
            self.assertIn("is not the name of an interface", line)

    def test_a_board_that_is_not_there_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            settings = Path(folder) / "serve.toml"
            settings.write_text(TOML)
            more = ("--from", "/dev/no-such", "--config", settings, "--to", "isc")
            self.assertIn("/dev/no-such", run(*more, folder, status=1))


# Real servers


class Story:
    """Fifty clients at serve.py; its store then is handed over.  Told once for all targets."""

    told = None

    @classmethod
    def get(cls):
        """Return the story; it raises SkipTest with the reason where no lab is possible."""
        reason = lab.unavailable()
        if reason:
            raise unittest.SkipTest(reason)
        if cls.told is None:
            cls.told = cls()
        return cls.told

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self.settings = self.folder / "serve.toml"
        self.settings.write_text(TOML)
        self.store = self.folder / "leases.store"
        self.addresses = {}
        with self.laboratory() as (network_, wire):
            with self.serve(network_, self.settings, self.store):
                for number in range(1, COUNT + 1):
                    one = self.client(wire, number)
                    self.addresses[number] = one.obtain().address
                other = self.client(wire, 100)
                self.declined = other.obtain().address
                other.decline()
                renewed = self.client(wire, 3)
                self.options = self.renew(renewed, self.addresses[3]).options

    @contextlib.contextmanager
    def laboratory(self):
        """Yield (lab, client.Wire): one server node, and a cable to it."""
        with lab.Lab(clients=1) as network_:
            with mock.patch.object(clients, "_ASKED", ASKED):
                yield network_, clients.Wire(network_.clients[0].packet_socket("eth0"))

    def serve(self, network_, settings, path):
        """Return serve.py in the lab."""
        argv = ["--interface", "eth0", "--config", str(settings), "--store", str(path), "--json"]
        return lab.ServerProcess(network_.home.node, argv)

    def client(self, wire, number):
        """Return a client; it asks for the options in ASKED."""
        return clients.Client(wire, mac(number), identifier(number))

    def renew(self, one, address):
        """Let a client that has an address renew it; return the Lease."""
        own = ipaddress.IPv4Address("10.77.0.1").packed
        one.lease = clients.Lease(address, own, 600, {})
        return one.renew(rebind=one.wire.heard_mac is None)

    def answer_arp(self, node):
        """Tell a node the MACs of the clients, which do not answer ARP themselves."""
        node.ip_batch(
            [
                f"neigh replace {ipaddress.IPv4Address(address)} "
                f"lladdr {mac(number).hex(':')} dev eth0"
                for number, address in self.addresses.items()
            ]
        )

    def hand_over(self, target, *more):
        """Return the directory of what migrate writes for a target."""
        out = self.folder / f"{target}{len(more)}"
        run(self.store, "--config", self.settings, "--to", target, *more, out)
        return out


class Target:
    """What must hold at each server; the classes below name the server and its programs."""

    programs = ()
    seen = None

    @classmethod
    def setUpClass(cls):
        reason = others.unavailable(*cls.programs)
        if reason:
            raise unittest.SkipTest(reason)
        cls.story = Story.get()
        cls.live()

    @classmethod
    def live(cls):
        """Start the server with what was handed over, and let all clients renew."""
        story = cls.story
        with story.laboratory() as (network_, wire), contextlib.ExitStack() as stack:
            node = network_.home.node
            story.answer_arp(node)
            cls.start(stack, node)
            cls.renewed = {
                number: story.renew(story.client(wire, number), address).address
                for number, address in story.addresses.items()
            }
            cls.options = story.renew(story.client(wire, 3), story.addresses[3]).options
            cls.reserved = story.renew(story.client(wire, 2), story.addresses[2]).options
            cls.newcomer = story.client(wire, 101).obtain(story.declined).address
            cls.denied = cls.answer(clients.Client(wire, DENIED))
            cls.stopped(stack, node)

    @staticmethod
    def answer(one):
        """Return the address that a client gets, None: nobody answers four times."""
        with mock.patch.object(clients, "TRIES", 4):  # other tests are more patient
            try:
                return one.obtain().address
            except clients.ClientError:
                return None

    @classmethod
    def start(cls, stack, node):
        """Start the server in a node, to be ended by the ExitStack."""
        raise NotImplementedError

    @classmethod
    def stopped(cls, stack, node):
        """Called when the clients are done, while the node is there."""

    def test_every_client_renews_the_address_it_has(self):
        self.assertEqual(self.renewed, self.story.addresses)

    def test_reservations_hold(self):
        wanted = {1: "10.77.0.50", 2: "10.77.0.200", 50: "10.77.0.51"}
        for number, address in wanted.items():
            self.assertEqual(str(ipaddress.IPv4Address(self.renewed[number])), address)
        self.assertEqual(self.reserved[3], ipaddress.IPv4Address("10.77.0.9").packed)
        self.assertEqual(self.reserved[26], (1300).to_bytes(2, "big"))

    def test_a_quarantined_address_stays_back(self):
        self.assertNotEqual(self.newcomer, self.story.declined)
        self.assertNotIn(self.newcomer, self.story.addresses.values())

    def test_options_are_the_same(self):
        for code in ASKED:
            self.assertEqual(
                self.options.get(code), self.story.options.get(code), dhcptext.option_name(code)
            )

    def test_whom_the_settings_deny_gets_nothing(self):
        self.assertIsNone(self.denied)


class ToKea(Target, unittest.TestCase):
    """Kea with its memfile, and back from what it leaves."""

    programs = ("kea-dhcp4",)

    @classmethod
    def start(cls, stack, node):
        out = cls.out = cls.story.hand_over("kea")
        path = others.put(node, kea.LEASES, (out / kea.LEASES).read_bytes())
        text = (out / kea.CONFIG).read_text().replace("/var/lib/kea/kea-leases4.csv", path)
        cls.server = stack.enter_context(others.kea(node, text))

    @classmethod
    def stopped(cls, stack, node):
        cls.server.end()
        after = node.path(f"{others.HOME}/{kea.LEASES}").read_bytes()
        (cls.out / "after.csv").write_bytes(after)

    def test_and_back_every_client_renews_at_serve(self):
        story, out = self.story, self.out
        told = run("--from", "kea", out / kea.CONFIG, out / "after.csv", out / "back")
        self.assertIn(f"{COUNT + 1} bound", told)
        paths = out / "back" / back.CONFIG, out / "back" / back.STORE
        with story.laboratory() as (network_, wire), story.serve(network_, *paths):
            for number, address in story.addresses.items():
                renewed = story.renew(story.client(wire, number), address)
                self.assertEqual(renewed.address, address)
        kept = {record.address: record.state for record in store.records(paths[1].read_bytes())}
        self.assertEqual(kept[story.declined], states.DECLINED)


class ToKeaWithPostgresql(Target, unittest.TestCase):
    """Kea with its leases in PostgreSQL, by the schema that kea-admin makes."""

    programs = ("kea-dhcp4", "kea-admin", "postgres")

    @classmethod
    def start(cls, stack, node):
        out = cls.out = cls.story.hand_over("kea", "--database", "postgresql")
        stack.enter_context(others.postgres(node))
        others.prepare_database(node, (out / kea.SQL).read_text())
        stack.enter_context(others.kea(node, (out / kea.CONFIG).read_text()))

    @classmethod
    def stopped(cls, stack, node):
        (cls.out / "dump.csv").write_text(others.dump_database(node))

    def test_and_back_from_a_dump_of_the_database(self):
        out = self.out
        told = run("--from", "kea", out / kea.CONFIG, out / "dump.csv", out / "back")
        self.assertIn(f"{COUNT + 1} bound", told)
        leases = store.records((out / "back" / back.STORE).read_bytes())
        found = {record.address for record in leases if record.state == states.BOUND}
        self.assertLessEqual(set(self.story.addresses.values()), found)


class ToDnsmasq(Target, unittest.TestCase):
    """dnsmasq."""

    programs = ("dnsmasq",)

    @classmethod
    def start(cls, stack, node):
        out = cls.story.hand_over("dnsmasq")
        path = others.put(node, dnsmasq.LEASES, (out / dnsmasq.LEASES).read_bytes())
        text = (out / dnsmasq.CONFIG).read_text()
        text = text.replace("/var/lib/misc/dnsmasq.leases", path)
        stack.enter_context(others.dnsmasq(node, text))


class ToIsc(Target, unittest.TestCase):
    """ISC dhcpd."""

    programs = ("dhcpd",)

    @classmethod
    def start(cls, stack, node):
        out = cls.story.hand_over("isc")
        texts = [(out / name).read_text() for name in (isc.CONFIG, isc.LEASES)]
        stack.enter_context(others.dhcpd(node, *texts))
