"""tools/migrate with odd input: any text, bytes of all lengths, full and damaged stores.

What it writes is read by the real programs (kea-dhcp4 -t, dnsmasq --test, dhcpd -t), which then
serve it: each option comes as it was set, or is named as not carried over.
"""

import ipaddress
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from binascii import crc32
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import client as clients
import dhcptext
import lab
from lab import others
from microdhcp import Config, Server, options, states, store
from microdhcp.option_table import TABLE
from migrate import back, dnsmasq, isc, kea, names, network, source
from test_host_migrate import NOW_S, Desk, mac

SETTINGS = """
address = "10.77.0.1/24"
pool = ["10.77.0.10", "10.77.0.99"]
conflict_check = false
max_message = 1400
"""
TEXTS = (
    *('a"b', "a\\b", "a,b", "a#b", "a'b", " lead", "trail ", "a;b", "{x}", "$HOME", "%s", "12"),
    *("1.2.3.4", "01:02", "<x>", "//x", "/* x */", "tag:foo", "true", "none", "&amp;", "a  b"),
    *("0x3132", "a`b", "[x]", "*", ":", "-", "option:15", "encap:1,2", '\\"', '"', "\\"),
)
BYTES = (b'\xff\0\n"', "Grün".encode(), b"\n", bytes(range(255)), b"\0", b'"', b"\xff" * 255)
#: For each type of option some values.
VALUES = {
    "ip": ["1.2.3.4"],
    "ips": ["1.2.3.4", "1.2.3.4,5.6.7.8", ",".join(["250.251.252.253"] * 63)],
    "pairs": ["1.2.3.4>5.6.7.8", ",".join(["1.2.3.4>5.6.7.8"] * 31)],
    "routes": ["0.0.0.0/0>1.2.3.4", "10.0.0.0/8>1.1.1.1,1.2.3.4/32>0.0.0.0"],
    "u16s": ["68", "68,1500,65535"],
    "hex": ["0x01", "0x010203", "0x" + "22" * 255, "0x5c5c22"],
    "names": ["lan", "a.b,c.d", "x" * 63 + "." + "y" * 63],
    "sip": ["1.2.3.4", "a.b"],
    "bool": ["yes", "no"],
    "u8": ["1", "255", "8"],
    "u16": ["576", "65535"],
    "u32": ["0", "4294967295"],
    "s32": ["-1", "5"],
}
#: Options that Kea takes apart, with a value that is in order.
SOUND = {
    43: b"\1\2ab\xff",
    78: b"\1\1\2\3\4",
    79: b"\0abc",
    88: b"\1a\1b\0\1c\0",
    89: bytes(4),
    91: bytes(4),
    93: b"\0\7",
    94: b"\1\2\3",
    112: bytes(4),
    118: bytes(4),
    124: b"\0\0\1\2\3abc",
    125: b"\0\0\1\2\5\1\3abc",
    136: bytes(8),
    137: b"\1a\1b\0",
    141: b"\1a\0",
    146: b"\1" + bytes(8) + b"\1a\0",
    159: bytes(4),
    212: b"\x20\6" + bytes(20),
    213: b"\3lan\0",
}
MAC = mac(1)
HOME_NODE = 0xF1  # the lab's server has the MAC with this number
SEPARATE = (1, 3, 6, 15, 28, 67)  # settings of their own
_ROWS = [line.split() for line in TABLE.strip().splitlines()]
KINDS = {code: "raw" for code in range(2, 255)} | {int(row[0]): row[2] for row in _ROWS}


def values(number, text):
    """Return {code: value}: for each option its value with that number, `text` where it can be."""
    found = {}
    for code, kind in KINDS.items():
        value = text if kind in ("text", "raw") else VALUES.get(kind, [None])
        if isinstance(value, list):
            value = value[number % len(value)]
        if value is not None and code not in SEPARATE and fits(code, value):
            found[code] = value
    return found


def fits(code, value):
    """Return whether an option can have a value."""
    try:
        return bool(options.encode(code, value))
    except ValueError:
        return False


def config(text, number=0, more=None):
    """Return a Config with all options; `text` is also domain and boot file, if it can be."""
    found = {"options": values(number, text) | (more or {})}
    for name in ("domain", "boot_file"):
        if fits(name, text) and len(text) < 128 and text not in (b"\0", BYTES[0], BYTES[3]):
            found[name] = text
    return Desk(SETTINGS, **found).config


def written(found, now_s=NOW_S):
    """Return {target: (module, {name: text}, what is lost)} of a Network."""
    targets = {"kea": kea, "dnsmasq": dnsmasq, "isc": isc}
    return {
        name: (module, module.files(found, "lo", now_s), module.not_carried(found))
        for name, module in targets.items()
    }


class Programs:
    """The real programs, as readers of files."""

    @classmethod
    def get(cls):
        """Return them; SkipTest where one is missing."""
        reason = others.unavailable("kea-dhcp4", "dnsmasq", "dhcpd")
        if reason:
            raise unittest.SkipTest(reason)
        return cls()

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self._path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        for name in ("kea-dhcp4", "dhcpd"):  # copies: a profile would forbid them our files
            shutil.copy(shutil.which(name, path=self._path), self.folder)

    def read(self, found):
        """Let each program read what is written for a Network; return {program: its complaint}."""
        for _, files, _ in written(found).values():
            for name, text in files.items():
                (self.folder / name).write_text(text)
        server = f"{self.folder}/dhcpd -4 -cf {self.folder}/{isc.CONFIG}"
        lines = (
            f"{self.folder}/kea-dhcp4 -t {self.folder}/{kea.CONFIG}",
            f"dnsmasq --test -C {self.folder}/{dnsmasq.CONFIG}",
            f"{server} -lf {self.folder}/{isc.LEASES} -t",
            f"{server} -lf {self.folder}/{isc.LEASES} -T",
        )
        return {line: said for line in lines if (said := self._complaint(line))}

    def _complaint(self, line):
        """Return what a program complains about, "": nothing."""
        env = {**os.environ, "PATH": self._path, "KEA_LOCKFILE_DIR": "none"}
        done = subprocess.run(line.split(), capture_output=True, text=True, env=env, timeout=600)
        said = done.stdout + done.stderr
        bad = done.returncode or "ERROR" in said or f"{isc.CONFIG} line" in said
        return said if bad else ""


class RealPrograms(unittest.TestCase):
    """The configuration of each target is in order."""

    @classmethod
    def setUpClass(cls):
        cls.programs = Programs.get()

    def check(self, found, label):
        """Check that the programs read a Config or Network."""
        if isinstance(found, Config):
            found = network.of_config(found, [])
        self.assertEqual(self.programs.read(found), {}, label)

    def test_texts(self):
        for number, text in enumerate(TEXTS[::3]):
            self.check(config(text, number), text)

    def test_bytes(self):
        for number, data in enumerate(BYTES):
            self.check(config(data, number), data)

    def test_no_options_at_all(self):
        bare = {"routers": [], "dns_servers": [], "allow": [], "options": {68: []}}
        self.check(Desk(SETTINGS, **bare).config, "bare")

    def test_every_address_is_reserved(self):
        table = {f"02:00:00:00:01:{n:02x}": f"10.77.0.{n}" for n in range(10, 100)}
        self.check(Desk(SETTINGS, reservations=table).config, "reserved")

    def test_identifiers_of_all_lengths(self):
        table = {
            f"id:{bytes(n % 256 for n in range(size)).hex()}": f"10.77.0.{200 + size % 50}"
            for size in (2, 3, 127, 128, 129, 254, 255)
        }
        self.check(Desk(SETTINGS, reservations=table).config, "identifiers")

    def test_identifiers_that_kea_does_not_hear_are_named(self):
        for size in (2, 128, 129, 255):
            found = Desk(SETTINGS, reservations={f"id:{bytes(size).hex()}": "10.77.0.20"}).config
            lost = "\n".join(kea.not_carried(network.of_config(found, [])))
            self.assertEqual("10.77.0.20: Kea 2.2 does not answer" in lost, size > 128, size)

    def test_many_clients_share_an_address(self):
        """dnsmasq reads lines of 1,024 characters: who does not fit is named."""
        table = {f"02:00:00:00:00:{n:02x}": "10.77.0.200" for n in range(1, 101)}
        found = network.of_config(Desk(SETTINGS, reservations=table).config, [])
        self.check(found, "shared")
        lost = "\n".join(dnsmasq.not_carried(found))
        text = dnsmasq.files(found, "lo", NOW_S)[dnsmasq.CONFIG]
        for who in table:
            self.assertNotEqual(who in text, f"for {who}: too many" in lost, who)

    def test_a_full_store_with_odd_clients(self):
        self.check(full_desk().network(), "full")


def full_desk():
    """Return a server with 252 addresses in use: odd identifiers, names, states and times.

    Its `held` has {number of the client: address} of those with a lease.
    """
    desk = Desk(
        SETTINGS.replace("0.10", "0.2").replace("0.99", "0.254"),
        max_lease_s=None,
        quarantine_s=900,
        hostname_bytes=63,
    )
    host_names = [text.encode() for text in TEXTS] + [data[:255] for data in BYTES]
    desk.held = {}
    for n in set(range(1, 254)) - {HOME_NODE}:
        extra = {12: host_names[n % len(host_names)]}
        if n % 5 == 0:
            extra[51] = b"\xff" * 4  # without end
        if n % 50 == 7:
            desk.decline(n)
            continue
        address = desk.obtain(n, identity(n), extra)
        if n % 9 == 0:
            desk.server.release(str(ipaddress.IPv4Address(address)), 0)
        else:
            desk.held[n] = address
    return desk


def identity(n):
    """Return option 61 of a client of full_desk(): none, its MAC, one byte, 255, odd ones."""
    return (None, b"\1" + mac(n), bytes((n,)), bytes((n,)) * 255, b'"\\,\n\xe9' + mac(n))[n % 5]


class Served(unittest.TestCase):
    """What the other servers send is what was set, byte for byte."""

    @classmethod
    def setUpClass(cls):
        Programs.get()
        reason = lab.unavailable()
        if reason:
            raise unittest.SkipTest(reason)

    def check(self, label, found):
        """Serve a Config by all three and compare each option."""
        moved = network.of_config(found, [])
        with lab.Lab(clients=1) as network_:
            node = network_.home.node
            wire = clients.Wire(network_.clients[0].packet_socket("eth0"))
            for target, (module, files, lost) in written(moved).items():
                files = {name: text.replace('"lo"', '"eth0"') for name, text in files.items()}
                with self.server(node, target, module, files):
                    got = {}
                    codes = [option.code for option in moved.options]
                    for pos in range(0, len(codes), 3):
                        got |= self.ask(wire, codes[pos : pos + 3])
                self.compare(f"{label} {target}", moved.options, got, "\n".join(lost))

    def compare(self, label, wanted, got, lost):
        """Each option came as it was set, or is named as lost and did not come."""
        for option in wanted:
            value = got.get(option.code)
            if value is None:
                self.assertIn(names.label(option.code) + ":", lost, f"{label} {option}")
            elif label.endswith("dnsmasq") and option.code in (66, 67):
                self.assertEqual(value.rstrip(b"\0"), option.data, f"{label} {option}")
            else:
                self.assertEqual(value, option.data, f"{label} {option}")

    def test_a_full_store(self):
        """Each client renews the address that it has, if the server takes its identifier."""
        desk = full_desk()
        with lab.Lab(clients=1) as network_:
            node = network_.home.node
            wire = clients.Wire(network_.clients[0].packet_socket("eth0"))
            who = [(ipaddress.IPv4Address(a), mac(n).hex(":")) for n, a in desk.held.items()]
            node.ip_batch([f"neigh replace {a} lladdr {m} dev eth0" for a, m in who])
            for target, (module, files, _) in self.now(desk).items():
                files = {name: text.replace('"lo"', '"eth0"') for name, text in files.items()}
                with self.server(node, target, module, files):
                    for n, address in desk.held.items():
                        if target == "kea" and len(identity(n) or b"12") not in range(2, 129):
                            continue
                        one = clients.Client(wire, mac(n), identity(n))
                        one.lease = clients.Lease(address, desk.config.address, 600, {})
                        self.assertEqual(one.renew(rebind=True).address, address, (target, n))

    @staticmethod
    def now(desk):
        """Return what is written at this moment: the leases must not have ended."""
        now_s = int(time.time())
        return written(desk.network(now_s), now_s)

    @staticmethod
    def server(node, target, module, files):
        """Return the server, ready to be started."""
        leases = files[module.LEASES]
        others.put(node, module.LEASES, leases)
        text = files[module.CONFIG].replace("/var/lib/kea/", "/run/lab/")
        text = text.replace("/var/lib/misc/", "/run/lab/").replace(
            "interface=lo", "interface=eth0"
        )
        if target == "isc":
            return others.dhcpd(node, text, leases)
        return others.kea(node, text) if target == "kea" else others.dnsmasq(node, text)

    def ask(self, wire, codes):
        """Return the options of an OFFER to a client that asks for `codes`."""
        extra = {55: bytes(codes), 57: (1400).to_bytes(2, "big")}
        xid = 1000 + codes[0]
        packet = clients.message("DISCOVER", mac(9), xid, extra, broadcast=True)
        for _ in range(30):
            wire.send(packet, mac(9))
            reply = wire.receive(2)
            if reply and reply[4:8] == xid.to_bytes(4, "big"):
                return dict(dhcptext.parse(reply).options)
        self.fail(f"no OFFER for {codes}")

    def test_texts_and_structured_options(self):
        self.check("quote", config('a"\\,;# b', 1, SOUND))

    def test_spaces_and_one_byte(self):
        self.check("spaces", config(" x ", 0))

    def test_bytes(self):
        self.check("bytes", config(b'\xff\0\n"', 3))


class RoundTrip(unittest.TestCase):
    """To Kea, back, and to Kea again: from then on nothing changes."""

    def files(self, moved):
        """Return what is written for Kea, and the Network that comes back of it."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            files = kea.files(moved, "eth0", NOW_S)
            for name, text in files.items():
                (folder / name).write_text(text)
            result = back.read(folder / kea.CONFIG, [folder / kea.LEASES], None, NOW_S)
            (folder / back.CONFIG).write_text(back.toml(result.settings))
            found = source.read_config(folder / back.CONFIG)
        lost = []
        leases = source.read_store(result.store, found, NOW_S, lost)
        self.assertEqual(lost, [])
        return files, network.of_config(found, leases), result.lost

    def stable(self, moved):
        """Check it, and return the first files and what was lost on the first way back."""
        before, there, lost = self.files(moved)
        first, again, second_lost = self.files(there)
        second, _, _ = self.files(again)
        self.assertEqual(first, second)
        self.assertEqual(second_lost, [])
        return before, first, lost

    def test_texts_survive_at_once(self):
        for number, text in enumerate(TEXTS[::2]):
            before, first, lost = self.stable(network.of_config(config(text, number), []))
            self.assertEqual(lost, [])
            self.assertEqual(before[kea.CONFIG], first[kea.CONFIG], text)

    def test_bytes(self):
        for number, data in enumerate(BYTES):
            self.stable(network.of_config(config(data, number, SOUND), []))

    def test_a_full_store(self):
        desk = full_desk()
        before, first, lost = self.stable(desk.network())
        self.assertEqual(lost, [])
        self.assertEqual(len(before[kea.LEASES].splitlines()), 1 + 252)
        self.assertEqual(self.known(before), self.known(first))

    @staticmethod
    def known(files):
        """Return what a store keeps of Kea's leases: no identifiers, no times of ended ones."""
        rows = [
            dict(zip(kea.COLUMNS, row.split(","), strict=True))
            for row in files[kea.LEASES].splitlines()
        ]
        for row in rows:
            del row["client_id"]
            if row["state"] == "2":
                del row["valid_lifetime"]
        return rows

    def test_an_empty_store(self):
        before, first, lost = self.stable(Desk(SETTINGS).network())
        self.assertEqual((before, lost), (first, []))
        self.assertEqual(len(first[kea.LEASES].splitlines()), 1)


class Stores(unittest.TestCase):
    """Stores that no server would write."""

    def setUp(self):
        self.config = Desk(SETTINGS).config

    def read(self, *records):
        """Return the leases in a store made of records, and what is lost."""
        data = bytearray(b"mDHC\2") + bytes((len(records),))
        for record in records:
            data += bytes((len(record),)) + record
        data += crc32(data).to_bytes(4, "big")
        lost = []
        return source.read_store(bytes(data), self.config, NOW_S, lost), lost

    def record(self, last=20, name=b"", state=states.BOUND, granted_s=600, who=MAC, net=0):
        """Return one record."""
        head = bytes((10, 77, net, last)) + bytes(2) + who + who + bytes((state,))
        return head + granted_s.to_bytes(4, "big") + name

    def test_host_names_are_made_clean(self):
        for name, wanted in (
            (b'a"b', "a-b"),
            (b"x\ny,z", "x-y-z"),
            (b"'; DROP TABLE lease4;--", "drop-table-lease4"),
            ("Grün.lan".encode(), "gr-n"),
            (b"\xff\xfe", ""),
            (b"Printer.lan", "printer"),
        ):
            leases, _ = self.read(self.record(name=name))
            self.assertEqual([lease.host_name for lease in leases], [wanted])

    def test_what_has_no_place_is_named(self):
        for record, reason in (
            (self.record(net=9), "the settings do not have this address"),
            (self.record(last=1), "the settings do not have this address"),
            (self.record(who=bytes(6)), "its client has no MAC"),
            (self.record(state=states.RELEASED, who=bytes(6)), "its client has no MAC"),
            (self.record(granted_s=0), "its time is not possible"),
            (self.record(granted_s=(1 << 27) + 1), "its time is not possible"),
        ):
            leases, lost = self.read(record)
            self.assertEqual((leases, len(lost)), ([], 1))
            self.assertTrue(lost[0].endswith(reason), lost)

    def test_an_address_that_is_there_twice(self):
        leases, lost = self.read(self.record(), self.record(who=mac(2)))
        self.assertEqual([lease.mac for lease in leases], [mac(1)])
        self.assertEqual(lost, ["lease of 10.77.0.20: it is in the store twice"])

    def test_a_quarantine_needs_no_mac(self):
        leases, lost = self.read(self.record(state=states.DECLINED, who=bytes(6)))
        self.assertEqual(([lease.state for lease in leases], lost), (["quarantined"], []))


class OfBoards(unittest.TestCase):
    """The Config in the programs of boards."""

    def read(self, text):
        """Return the Config in a program."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "main.py"
            path.write_text(text)
            return source.read_config(path)

    def test_every_example_can_be_read(self):
        paths = [*ROOT.glob("examples/*.py"), *ROOT.glob("examples/behind/*.py")]
        self.assertGreater(len(paths), 10)
        for path in paths:
            self.assertGreater(source.read_config(path).pool_n, 1, path)

    def test_serve_in_one_call(self):
        found = self.read(
            "import network, microdhcp\n"
            "from micropython import const\n"
            "ap = network.WLAN(network.WLAN.IF_AP)\n"
            "ap.ifconfig(('10.77.0.1', '255.255.255.0', '10.77.0.1', '10.77.0.1'))\n"
            "microdhcp.serve(ap, lease_s=const(900), store='leases.bin', period_ms=20)\n"
        )
        self.assertEqual((found.address, found.lease_s), (bytes((10, 77, 0, 1)), 900))
        self.assertEqual((found.first24 & 255, found.pool_n), (16, 32))

    def test_config_by_keyword(self):
        found = self.read(
            "import time\nfrom microdhcp import Config, Service\n"
            "time.sleep_ms(5)\nnow = time.ticks_ms()\n"
            "Service(None, config=Config('10.0.0.1/24', ('10.0.0.2', '10.0.0.9')))\n"
        )
        self.assertEqual(found.pool_n, 8)

    def test_what_has_no_config(self):
        for text, reason in (
            ("", "makes no Service(ap, Config(…)) and calls no serve(ap, …)"),
            ("raise SystemExit(3)", "cannot be read as a program: SystemExit(3)"),
            ("1 / 0", "cannot be read as a program: ZeroDivisionError"),
            ("x = (", "cannot be read as a program: SyntaxError"),
            ("from microdhcp import Relay\nRelay(None, ['10.0.0.5'])", "starts a Relay"),
            (
                "import microdhcp\nmicrodhcp.serve(None, '10.0.0.1/24', lease_s=0)",
                "cannot be read as a program: ValueError('lease_s: 0 is not",
            ),
        ):
            with self.assertRaises(source.SourceError) as caught:
                self.read(text)
            self.assertIn(reason, str(caught.exception))


class FromKea(unittest.TestCase):
    """Files of Kea that migrate has not written."""

    ROW = "10.77.0.{},{},{},600,{},1,0,0,{},{},\n"
    NET = '{{"Dhcp4": {{{} "subnet4": [{{"id": 1, "subnet": "10.77.0.0/24", {}}}]}}}}'
    POOL = '"pools": [{"pool": "10.77.0.10-10.77.0.29"}]'

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def read(self, rows="", server="", subnet=POOL, text=None):
        """Return the back.Result of a configuration and rows of a lease file."""
        config = self.folder / kea.CONFIG
        config.write_text(text or self.NET.format(server, subnet))
        leases = self.folder / kea.LEASES
        leases.write_text(",".join(kea.COLUMNS) + "\n" + rows)
        return back.read(config, [leases], "10.77.0.1/24", NOW_S)

    def row(self, last, hwaddr="00:00:5e:00:53:01", client_id="", name="", state=0, end=600):
        """Return a row of a lease file."""
        return self.ROW.format(last, hwaddr, client_id, NOW_S + end, name, state)

    def test_what_is_no_configuration(self):
        for text in (
            "[]",
            "{}",
            '{"Dhcp4": []}',
            '{"Dhcp4": {"subnet4": {}}}',
            '{"Dhcp4": {"subnet4": [{}]}}',
            '{"Dhcp4": {"subnet4": [{"subnet": 5, "pools": [{"pool": "x"}]}]}}',
            self.NET.format("", '"pools": [{"pool": "10.77.0.10/x"}]'),
            self.NET.format('"option-data": [{"code": 6, "data": 5}],', self.POOL),
            self.NET.format("", self.POOL + ', "reservations": [5]'),
            "{",
            "\0",
        ):
            with self.assertRaises(source.SourceError, msg=text):
                self.read(text=text)

    def test_rows_that_cannot_be_read(self):
        good = self.row(10)
        bad = (
            self.row(11, client_id="0"),
            self.row(12, hwaddr="xx"),
            self.row(13).replace(",600,", ",soon,"),
            "10.77.0.14,00:00:5e:00:53:05,,600,,1\n",
            self.row(15, hwaddr=""),
            self.row(16, hwaddr="01:00:5e:00:00:01:02"),
        )
        result = self.read(good + "".join(bad))
        self.assertEqual(result.leases, 1)
        for number, line in enumerate(result.lost, 11):
            self.assertTrue(line.startswith(f"lease of 10.77.0.{number}: "), line)
        self.assertEqual(len(result.lost), len(bad))

    def test_times_without_bounds(self):
        rows = self.row(10, end=10**12) + self.row(11, "00:00:5e:00:53:02", end=-(10**9))
        found = store.records(self.read(rows).store)
        self.assertEqual([record.state for record in found], [states.RELEASED, states.BOUND])

    def test_a_lease_without_end_in_a_dump_of_postgresql(self):
        """Its column `expire` is the time of the last contact"""
        rows = self.row(10, end=-100).replace(",600,", ",4294967295,")
        result = self.read(rows, '"max-valid-lifetime": 4294967295,')
        found = list(store.records(result.store))
        self.assertEqual([(one.state, one.granted_s) for one in found], [(states.BOUND, -1)])
        self.assertEqual(result.lost, [])

    def test_a_lease_that_is_longer_than_the_settings_allow(self):
        result = self.read(self.row(10, end=7200) + self.row(11, "00:00:5e:00:53:02", end=7201))
        wanted = "lease of 10.77.0.11: it ends after max_lease_s = 7200, before it should"
        self.assertEqual((result.leases, result.lost), (2, [wanted]))

    def test_a_device_with_many_leases_keeps_them(self):
        rows = "".join(self.row(10 + n, client_id=f"ff:{n:02x}") for n in range(6))
        result = self.read(rows)
        self.assertEqual((result.settings["leases_per_device"], result.lost), (6, []))
        server = Server(Config(**result.settings))
        self.assertEqual(store.load(server, result.store, 0), 6)

    def test_more_quarantines_than_a_server_keeps(self):
        rows = "".join(self.row(10 + n, hwaddr="", state=1) for n in range(8))
        result = self.read(rows)
        kept = [one.state for one in store.records(result.store)].count(states.DECLINED)
        self.assertEqual((kept, len(result.lost)), (5, 3))

    def test_options_by_name(self):
        given = {
            "domain-search": "lan, example.com",
            "static-routes": "10.0.0.9, 10.77.0.1",
            "v4-captive-portal": "https://10.77.0.1/",
            "v6-only-preferred": "300",
            "path-mtu-plateau-table": "68, 1500",
        }
        data = ", ".join(f'{{"name": "{name}", "data": "{text}"}}' for name, text in given.items())
        result = self.read(server=f'"option-data": [{data}],')
        wanted = {
            "domain_search": ["lan", "example.com"],
            "static_routes": [("10.0.0.9", "10.77.0.1")],
            "captive_portal": "https://10.77.0.1/",
            "ipv6_only": 300,
            "path_mtu_plateaus": [68, 1500],
        }
        self.assertEqual(result.lost, [])
        for name, value in wanted.items():
            finished = options.encode(name, value)
            found = result.settings["options"][str(finished[0])]
            self.assertEqual(options.encode(name, found), finished)

    def test_client_ids_as_text(self):
        entry = '"reservations": [{"client-id": "\'box1\'", "ip-address": "10.77.0.12"}]'
        result = self.read(subnet=f"{self.POOL}, {entry}")
        self.assertEqual(result.settings["reservations"], {"id:626f7831": "10.77.0.12"})

    def test_a_pool_with_the_broadcast_address(self):
        result = self.read(subnet='"pools": [{"pool": "10.77.0.240/28"}]')
        self.assertEqual(result.settings["pool"], ("10.77.0.240", "10.77.0.254"))

    def test_a_boot_file_that_is_no_ascii(self):
        result = self.read(server='"boot-file-name": "gr\\u00fcn",')
        self.assertEqual(result.lost, ["boot-file-name 'grün': is not printable ASCII"])
        self.assertNotIn("boot_file", result.settings)


if __name__ == "__main__":
    unittest.main()
