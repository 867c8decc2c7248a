"""What the commands say when they cannot do it: one line, and what to do."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from flash import boards, link
from microdhcp.ports import wifi

ROOT = Path(__file__).resolve().parents[1]
SERVE = "--interface lo --address 192.0.2.1/24 --pool 192.0.2.16-192.0.2.31"
# What is run (python tools/…), and what it has to say.
CASES = (
    ("serve.py", "address: is missing; give --address 10.77.0.1/24, or address in the file"),
    (
        "serve.py --address 192.0.2.1/24 --pool 192.0.2.16-192.0.2.31",
        "--interface is missing: the network to serve, such as eth0",
    ),
    (f"serve.py {SERVE} --config nothing.toml", "nothing.toml: No such file or directory"),
    (f"serve.py {SERVE} --pool 192.0.2.16", "'192.0.2.16' is not FIRST-LAST, as in 10.77.0.10-"),
    (
        f"serve.py {SERVE} --address 192.0.2.1",
        "'192.0.2.1' is not an address with a prefix, like 192.168.4.1/24",
    ),
    (f"serve.py {SERVE} --option nope=1", "no option is called 'nope', see docs/options.md"),
    (f"serve.py {SERVE} --min-lease-time 7200", "lease_s: 3600 is under min_lease_s 7200"),
    (f"serve.py {SERVE} --page 80", "'80' is not ADDRESS:PORT, as in 127.0.0.1:8067"),
    (
        f"serve.py {SERVE} --interface no0",
        "there is no interface no0; ip link lists them",
    ),
    (f"serve.py {SERVE}", "lo is not an Ethernet interface; give the one to the clients"),
    ("leases.py nothing", "nothing: No such file or directory"),
    ("leases.py Makefile", "Makefile is not a file of leases, or it is damaged"),
    ("migrate", "OUT is missing: the folder to write to"),
    ("migrate --from kea {folder}/out", "the configuration of Kea is missing"),
    (
        "migrate nothing --config boards/pico_w/main.py --to kea {folder}/out",
        "nothing: No such file or directory",
    ),
    ("translate.py nothing", "nothing: No such file or directory"),
    ("flash copy", "give BOARD=pico_w, pico2_w or esp32"),
    ("flash copy --board pico_w --port /dev/nothing", "docs/getting-started.md, step 3"),
    ("check --file nothing", "give a test file, as in: make t T=host_tests/test_config.py"),
    ("release.py 1.0", "'1.0' is not a tag of the form v1.2.3"),
)


class Commands(unittest.TestCase):
    def test_each_says_what_to_do(self):
        with tempfile.TemporaryDirectory() as folder:
            for words, reason in CASES:
                with self.subTest(words):
                    tool, *rest = words.format(folder=folder).split()
                    done = subprocess.run(
                        [sys.executable, ROOT / "tools" / tool, *rest],
                        cwd=ROOT,
                        capture_output=True,
                        text=True,
                        timeout=600,
                    )
                    self.assertNotEqual(done.returncode, 0)
                    self.assertNotIn("Traceback", done.stderr)
                    self.assertIn(reason, done.stdout + done.stderr)


class Board(unittest.TestCase):
    def test_no_port(self):
        """A board that is not plugged in, or on a cable without data lines"""
        with mock.patch("flash.link.list_ports.comports", return_value=[]):
            with self.assertRaisesRegex(link.LinkError, "a cable that carries data"):
                link.only_port()

    def test_several_ports(self):
        ports = [mock.Mock(device=f"/dev/ttyACM{n}", vid=1) for n in range(2)]
        with mock.patch("flash.link.list_ports.comports", return_value=ports):
            with self.assertRaisesRegex(link.LinkError, "/dev/ttyACM0, /dev/ttyACM1; give one"):
                link.only_port()

    def test_another_board(self):
        """The name of the board that is there, and the BOARD= to give"""
        found = boards.Found("rp2", (1, 26, 1), "Raspberry Pi Pico W with RP2040", 0, True)
        said = boards.objection(boards.named("esp32"), found)
        self.assertIn("this board is a Raspberry Pi Pico W", said)
        self.assertTrue(said.endswith("BOARD=pico_w"))


class AccessPoint(unittest.TestCase):
    def test_each_says_what_to_do(self):
        """What start() says about a network's name and key (ports/wifi.py)"""
        for ssid, key, open_, country, channel, reason in (
            ("", "12345678", False, None, None, "ssid: '' is not a text of 1 to 32 bytes"),
            ("x", "1234567", False, None, None, "8 to 63 characters; open=True needs no key"),
            ("x", None, False, None, None, "8 to 63 characters; open=True needs no key"),
            ("x", "12345678", True, None, None, "no key; leave out key, or open"),
            ("x", "pässwörter", False, None, None, "WPA2 allows ASCII characters only"),
            ("x", "12345678", False, "Germany", None, "not a code of two letters, like DE"),
            ("x", "12345678", False, None, 15, "channel: 15 is not within 1..14"),
        ):
            with self.assertRaises(ValueError) as caught:
                wifi.check(ssid, key, open_, country, channel)
            self.assertIn(reason, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
