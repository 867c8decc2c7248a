"""What runs beside serve.py: names of clients, the status page, the view for a terminal."""

import io
import json
import os
import pty
import signal
import sys
import time
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

import client
from linux import events, settings
from microdhcp import Config, Server
from patience import LIMIT_S
from test_host_serve import MAC, ON_CABLE, OWN, SERVE, Cable, in_lab

_ASK = """
import socket, sys
import dns.message, dns.query, dns.rcode
query = dns.message.make_query(sys.argv[1], sys.argv[2])
reply = dns.query.udp(query, "10.77.0.1", timeout=5)
print(dns.rcode.to_text(reply.rcode()), *[str(item) for rows in reply.answer for item in rows])
"""
_GET = """
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=60).read().decode())
"""


@in_lab
class NamesTest(unittest.TestCase):
    def setUp(self):
        self.cable = self.enterContext(Cable())
        self.cable.client.ip("address add 10.77.0.5/24 dev eth0")

    def ask(self, name, kind="A"):
        """Return the answer to a DNS query of the client's host, as text."""
        argv = [sys.executable, "-c", _ASK, name, kind]
        return self.cable.client.run(argv, timeout_s=LIMIT_S).stdout.strip()

    def test_names_come_with_the_lease_and_go_with_it(self):
        words = ("--conflict-check", "off", "--names", "lan", "--board-name", "router")
        with self.cable.serve(*words) as server, self.cable.wire() as wire:
            one = client.Client(wire, MAC)
            one._identity[12] = b"kitchen"
            lease = one.obtain()
            address = ".".join(map(str, lease.address))
            self.assertEqual(lease.options[15], b"lan")
            self.assertEqual(self.ask("kitchen.lan"), f"NOERROR {address}")
            self.assertEqual(self.ask("router.lan"), "NOERROR 10.77.0.1")
            pointer = ".".join(map(str, reversed(lease.address))) + ".in-addr.arpa"
            self.assertEqual(self.ask(pointer, "PTR"), "NOERROR kitchen.lan.")
            one.release()
            self.assertIsNotNone(server.wait("released", LIMIT_S))
            self.assertEqual(self.ask("kitchen.lan"), "NXDOMAIN")


@in_lab
class PageTest(unittest.TestCase):
    def get(self, cable, path):
        argv = [sys.executable, "-c", _GET, f"http://127.0.0.1:8067{path}"]
        return cable.server.run(argv, timeout_s=LIMIT_S).stdout

    def test_the_page_shows_who_is_there(self):
        words = ("--conflict-check", "off", "--page", "127.0.0.1:8067")
        with Cable() as cable, cable.serve(*words), cable.wire() as wire:
            one = client.Client(wire, MAC)
            one._identity[12] = b"kitchen"
            address = ".".join(map(str, one.obtain().address))
            self.assertIn("/devices.json", self.get(cable, "/"))
            text = json.dumps(json.loads(self.get(cable, "/devices.json")))
            for wanted in (address, MAC.hex(":"), "kitchen", '"bound"'):
                self.assertIn(wanted, text)
            self.assertEqual(one.renew().address, OWN[:3] + one.lease.address[3:])

    def test_a_port_that_is_taken_is_said(self):
        with Cable() as cable:
            words = ("--page", "192.0.2.1:80")
            status, lines = cable.serve_fails(*ON_CABLE, *words)
            self.assertEqual((status, len(lines)), (1, 1), lines)
            self.assertIn("serve: names or page: Cannot assign", lines[0])


class SettingsTest(unittest.TestCase):
    def test_place_of_the_page(self):
        self.assertEqual(settings.place("127.0.0.1:8067"), ("127.0.0.1", 8067))
        for wrong in ("", "8067", "127.0.0.1", "127.0.0.1:", "x:80", "127.0.0.1:0", "[::1]:80"):
            with self.assertRaisesRegex(ValueError, "page: "):
                settings.place(wrong)


class WatchTest(unittest.TestCase):
    """The view for a terminal, drawn into a text."""

    def setUp(self):
        try:
            from rich.console import Console

            from linux.watch import Watch
        except ImportError:
            self.skipTest("needs rich")
        server = Server(Config(address="10.77.0.1/24", pool=("10.77.0.10", "10.77.0.40")))
        for number in range(1, 4):
            mac = MAC[:5] + bytes((number,))
            name = {12: b"\x1b[31mevil" if number == 2 else b"kitchen"}
            for kind in ("DISCOVER", "REQUEST"):
                packet = client.message(kind, mac, 1, name)
                server.rx[: len(packet)] = packet
                n = server.handle(len(packet), 0)
                name = {50: bytes(server.tx[16:20]), 54: OWN, **name} if n else name
        self.out = io.StringIO()
        console = Console(file=self.out, width=100, height=30, force_terminal=True)
        self.watch = Watch(lambda: events.leases(server, 1), console)
        self.addCleanup(self.watch.flush)

    def test_who_is_there_and_what_has_happened(self):
        self.watch.tell({"event": "error", "message": "the log\x1b[2J is here"})
        self.watch.wait_s()
        text = self.out.getvalue()
        for wanted in (
            "3 of 31 addresses leased",
            MAC.hex(":"),
            "kitchen",
            "bound",
            "the log\\x1b",
        ):
            self.assertIn(wanted, text)
        self.assertNotIn("\x1b[31mevil", text)


@in_lab
class TerminalTest(unittest.TestCase):
    def test_watch_on_a_terminal(self):
        try:
            import rich  # noqa: F401 - only whether it is there
        except ImportError:
            self.skipTest("needs rich")
        ours, theirs = pty.openpty()
        os.set_blocking(ours, False)
        with Cable() as cable, cable.wire() as wire:
            argv = ["env", "TERM=xterm", *SERVE, *ON_CABLE, "--conflict-check", "off", "--watch"]
            process = cable.server.start(argv, stdout=theirs)
            os.close(theirs)
            text = b""
            end = time.monotonic() + LIMIT_S
            asked = False
            while MAC.hex(":").encode() not in text:
                self.assertLess(time.monotonic(), end)
                try:
                    text += os.read(ours, 65536)
                except BlockingIOError:
                    time.sleep(0.05)
                if b"addresses leased" in text and not asked:
                    asked = True
                    client.Client(wire, MAC).obtain()
            process.signal(signal.SIGTERM)
            while process.popen.poll() is None:
                self.assertLess(time.monotonic(), end)
                try:
                    os.read(ours, 65536)
                except OSError:
                    time.sleep(0.05)
            self.assertEqual(process.popen.returncode, 0)
        os.close(ours)


if __name__ == "__main__":
    unittest.main()
