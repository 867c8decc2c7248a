"""The settings of tools/serve.py: command line and TOML file, alone and together."""

import contextlib
import io
import re
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

import client
import dhcptext
from linux import settings
from microdhcp import Server
from microdhcp.settings import DEFAULTS

EXAMPLE = TOOLS.parent / "examples" / "serve.toml"
PLACE = "--address 10.77.0.1/24 --pool 10.77.0.10-10.77.0.250".split()
MAC, OTHER = "00:00:5e:00:53:01", "00:00:5e:00:53:02"
FILE = """
interface = "eth1"
address = "10.77.0.1/24"
pool = ["10.77.0.10", "10.77.0.250"]
lease_s = 7200
max_lease_s = "none"
deny = ["00:00:5e"]
conflict_check = "icmp"
check_ms = 500
store = "/var/lib/leases"

[reservations]
"00:00:5e:00:53:01" = "10.77.0.5"
"00:00:5e:00:53:02" = {address = "10.77.0.6", routers = ["10.77.0.2"], options = {mtu = 1400}}

[options]
ntp_servers = ["10.77.0.1"]
"""


def read(*words):
    """Return the Settings of a command line."""
    return settings.settings(settings.parser().parse_args(words))


def tlv(config, code):
    """Return the value of an option that everybody gets."""
    return {one[0]: one[2:] for one in config.common[0]}.get(code)


def offered(config, mac):
    """Return the options {code: bytes} that a device is offered."""
    server = Server(config)
    packet = client.message("DISCOVER", bytes.fromhex(mac.replace(":", "")), 1, {55: b"\3\6\x1a"})
    server.rx[: len(packet)] = packet
    return dhcptext.parse(server.tx[: server.handle(len(packet), 0)]).options


class LineTest(unittest.TestCase):
    def test_defaults(self):
        found = read("--interface", "eth0", *PLACE)
        self.assertEqual(
            (found.interface, found.check, found.check_ms, found.store),
            ("eth0", "arp", 300, None),
        )
        config = settings.config(found)
        self.assertEqual((config.lease_s, config.pool_n, config.conflict_check), (3600, 241, True))

    def test_who_is_served(self):
        found = read(*PLACE, "--allow", MAC, "--allow", "00:00:5e", "--deny", OTHER)
        config = settings.config(found)
        self.assertEqual([len(one) for one in config.devices.allow], [6, 3])
        self.assertEqual(config.devices.deny, (bytes.fromhex(OTHER.replace(":", "")),))
        self.assertIsNone(settings.config(read(*PLACE)).devices)

    def test_options_of_a_reservation(self):
        found = read(
            *PLACE,
            *("--reserve", f"{MAC}=10.77.0.5", "--reserve", f"{OTHER}=10.77.0.6"),
            *("--reserve-option", f"{MAC}:routers=10.77.0.2"),
            *(
                "--reserve-option",
                f"{MAC}:dns_servers=none",
                "--reserve-option",
                f"{MAC}:mtu=1400",
            ),
        )
        self.assertEqual(
            found.config["reservations"],
            {
                MAC: {
                    "address": "10.77.0.5",
                    "routers": ["10.77.0.2"],
                    "dns_servers": None,
                    "options": {"mtu": "1400"},
                },
                OTHER: "10.77.0.6",
            },
        )
        own = offered(settings.config(found), MAC)
        self.assertEqual((own[3], own.get(6), own[26]), (bytes((10, 77, 0, 2)), None, b"\x05\x78"))
        common = offered(settings.config(found), OTHER)
        self.assertEqual((common[3], common.get(26)), (bytes((10, 77, 0, 1)), None))

    def test_an_identifier_can_have_options_too(self):
        found = read(*PLACE, "--reserve", "id:6162=10.77.0.5", "--reserve-option", "id:6162:mtu=9")
        self.assertEqual(found.config["reservations"]["id:6162"]["options"], {"mtu": "9"})

    def test_what_is_wrong_with_them_is_said(self):
        for words, text in (
            (["--reserve-option", f"{MAC}:mtu=1400"], f"{MAC} has no --reserve"),
            (
                [
                    *("--reserve", f"{MAC}=10.77.0.5"),
                    *("--reserve-option", f"{MAC}:mtu=1") * 2,
                ],
                f"mtu of {MAC} is given twice",
            ),
        ):
            with self.assertRaisesRegex(ValueError, text):
                read(*PLACE, *words)

    def test_where_to_boot_from(self):
        found = read(*PLACE, "--next-server", "10.77.0.9", "--boot-file", "boot.bin")
        config = settings.config(found)
        self.assertEqual(config.next_server, bytes((10, 77, 0, 9)))
        self.assertEqual(config.boot_file, b"boot.bin")

    def test_lease_times_move_limits(self):
        self.assertEqual(settings.config(read(*PLACE, "--lease-time", "99999")).max_lease_s, 99999)
        self.assertEqual(settings.config(read(*PLACE, "--lease-time", "10")).min_lease_s, 10)

    def test_address_is_missing(self):
        with self.assertRaisesRegex(ValueError, "address: is missing"):
            settings.config(read("--interface", "eth0"))


class TomlTest(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = Path(folder) / "serve.toml"

    def read(self, text, *words):
        self.path.write_text(text)
        return read("--config", str(self.path), *words)

    def test_everything_in_the_file(self):
        found = self.read(FILE)
        self.assertEqual(
            (found.interface, found.check, found.check_ms, found.store),
            ("eth1", "icmp", 500, "/var/lib/leases"),
        )
        config = settings.config(found)
        self.assertEqual((config.lease_s, config.max_lease_s), (7200, -1))
        self.assertEqual((config.devices.deny, len(config.reservations)), ((b"\0\0\x5e",), 2))
        self.assertEqual(tlv(config, 42), bytes((10, 77, 0, 1)))

    def test_the_command_line_goes_first_and_tables_are_joined(self):
        found = self.read(
            FILE,
            *("--interface", "eth2", "--conflict-check", "off", "--check-ms", "60"),
            *("--store", "x", "--lease-time", "600", "--deny", OTHER, "--option", "mtu=1300"),
            *("--reserve", "00:00:5e:00:53:09=10.77.0.9"),
        )
        self.assertEqual(
            (found.interface, found.check, found.check_ms, found.store), ("eth2", "off", 60, "x")
        )
        config = settings.config(found)
        self.assertEqual((config.lease_s, config.conflict_check), (600, False))
        self.assertEqual((len(config.devices.deny), len(config.reservations)), (2, 3))
        self.assertEqual((tlv(config, 42), tlv(config, 26)), (bytes((10, 77, 0, 1)), b"\x05\x14"))

    def test_the_same_in_both_is_refused(self):
        with self.assertRaisesRegex(ValueError, "reservations: .* on the command line"):
            self.read(FILE, "--reserve", f"{MAC}=10.77.0.7")

    def test_what_is_wrong_is_named(self):
        for text, why in (
            ("interface = ", r"serve\.toml: "),
            ('conflict_check = "dns"', "conflict_check: 'dns' is not one of arp, icmp, off"),
            ("reservations = 5", "reservations: 5 is not a table"),
        ):
            with self.assertRaisesRegex(ValueError, why):
                self.read(text)
        with self.assertRaisesRegex(ValueError, "leas_s: no such setting"):
            settings.config(self.read("leas_s = 5", *PLACE))
        with self.assertRaises(OSError):
            read("--config", str(self.path.parent / "nothing"))

    def test_values_of_wrong_types_are_named(self):
        """Whatever TOML can hold, for every setting there is."""
        wrong = ["5", "-1", "1.5", "true", "''", "'x'", "[]", "[5]", "{}", "{a = 1}", "[{}]"]
        wrong += ["'\\u0000'", "inf", "1979-05-27", "07:32:00", "['x', 5]", "[[]]"]
        own = ("address", "pool", "interface", "check_ms", "store", "self", "no_such")
        place = {"address": '"10.77.0.1/24"', "pool": '["10.77.0.10", "10.77.0.250"]'}
        refused = 0
        for name in (*DEFAULTS, *own):
            for value in wrong:
                lines = {**place, name: value}
                try:
                    text = "\n".join(f"{key} = {what}" for key, what in lines.items())
                    settings.config(self.read(text))
                except ValueError as error:
                    self.assertIn(name, str(error))
                    self.assertNotIn("\n", str(error))
                    refused += 1
        self.assertGreater(refused, 300)

    def test_booleans_are_arp_and_off(self):
        for text, check in (("true", "arp"), ("false", "off")):
            self.assertEqual(self.read(f"conflict_check = {text}", *PLACE).check, check)


class ExampleTest(unittest.TestCase):
    """examples/serve.toml."""

    def read(self, text):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        path = Path(folder) / "serve.toml"
        path.write_text(text)
        return tomllib.loads(text), settings.config(read("--config", str(path)))

    def test_it_shows_the_defaults(self):
        table, config = self.read(EXAMPLE.read_text())
        given = {name: value for name, value in table.items() if name in DEFAULTS}
        given |= {"conflict_check": True, "reservations": {}, "options": {}}
        self.assertEqual(given, {name: DEFAULTS[name] for name in given})
        self.assertEqual((config.lease_s, config.devices), (DEFAULTS["lease_s"], None))

    def test_all_of_it_can_be_set_and_nothing_is_missing(self):
        text = re.sub(r'^#(?=[a-z\["])', "", EXAMPLE.read_text(), flags=re.M)
        table, config = self.read(text)
        own = {"address", "pool", "interface", "check_ms", "store", "names", "board_name", "page"}
        self.assertEqual(set(table), {*DEFAULTS, *own})
        self.assertEqual((len(config.reservations), tlv(config, 26)), (2, b"\x05\x78"))


class HelpTest(unittest.TestCase):
    def test_every_argument_is_listed(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), self.assertRaises(SystemExit):
            settings.parser().parse_args(["--help"])
        for name in ("--config", "--store", "--allow", "--reserve-option", "--boot-file"):
            self.assertIn(name, out.getvalue())


if __name__ == "__main__":
    unittest.main()
