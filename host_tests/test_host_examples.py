"""Programs that exist, with two lines added (examples/behind): a DHCP server behind each.

On both fakes, and on an emulated Pico W with the newest and the oldest firmware.
"""

import functools
import itertools
import re
import statistics
import unittest
from pathlib import Path

import pytest

from builders import discover, request
from fakes.tcp import Caller
from rigs import REASON, RIGS
from scenarios import ALICE, CAROL, Client, Station
from test_host_background import ticking

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "behind"
PAGE = FOLDER.parents[1] / "docs" / "background.md"
NEW = "microdhcp.serve(ap)  # new\n"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py"))
LIBRARY = "microdot_app"  # needs microdot on the board
READY = "port 67 taken"
PERIOD_MS = 20
#: What the examples use of microdot: routes, and a run() that does not return.
MICRODOT = """
import asyncio
class Microdot:
    def get(self, path):
        return lambda function: function
    def run(self, port):
        async def serve():
            while True: await asyncio.sleep(60)
        asyncio.run(serve())
"""


def source(name):
    """Return the source of a program."""
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def answered(client, builder, **fields):
    """Ask; return (the answer, ms until it came)."""
    began_us = client.station.board.now_us
    answer = client.ask(builder, **fields)
    return answer, (client.station.board.now_us - began_us) / 1000


def lived(board, name, trace=None):
    """Run a program while stations come and renew; return what was seen."""
    with board.skipping_delays():
        program = board.start(source(name), *([60, trace] if trace else []))
        board.wait(lambda: program.done or READY in program.output, 240, "no start")
    seen = {"output": program.output, "error": program.error}
    if program.done:
        return seen
    board.sleep(700_000)
    alice = Client(board, ALICE)
    offer, seen["offer_ms"] = answered(alice, discover)
    server = offer.address(54)
    ack, seen["ack_ms"] = answered(alice, request, requested=offer.yiaddr, server_id=server)
    alice.station.address = ack.yiaddr
    renewed = alice.ask(
        request,
        {"source": (ack.yiaddr, 68), "to": (server, 67)},
        ciaddr=ack.yiaddr,
    )
    seen["kinds"] = [offer.kind, ack.kind, renewed.kind]
    seen["kept"] = renewed.yiaddr == ack.yiaddr == offer.yiaddr
    squatter = Station(board, CAROL, ack.yiaddr[: ack.yiaddr.rfind(".")] + ".40")
    bob = Client(board, "00:00:5e:00:53:02")
    taken, seen["checked_ms"] = answered(bob, discover, requested=squatter.address)
    seen["found out"] = taken.yiaddr != squatter.address
    burst = [Client(board, f"00:00:5e:00:53:{n:02x}") for n in range(0x20, 0x24)]
    for client in burst:
        client.tell(discover)
    board.sleep(1_500_000)
    seen["burst"] = sum([len(client.offers()) > 0 for client in burst])
    latest = []
    for _ in range(8):
        board.sleep(13_000)
        latest.append(answered(alice, discover)[1])
    seen["latest_ms"] = latest
    seen["error"] = program.error
    return seen


class Judged:
    """What has to be seen."""

    def judge(self, seen, burst, late_ms):
        self.assertEqual((seen["error"], seen.get("kinds")), ("", ["OFFER", "ACK", "ACK"]))
        self.assertTrue(seen["kept"])
        self.assertTrue(seen["found out"])
        self.assertGreaterEqual(seen["burst"], burst)
        self.assertLess(statistics.median(seen["latest_ms"]), late_ms)


class TwoLines(unittest.TestCase):
    def test_each_has_two_lines_for_it(self):
        for name in PROGRAMS:
            uses = re.findall(r"^.*microdhcp\b(?!\.\w+ import).*$", source(name), re.MULTILINE)
            code = [line for line in uses if not line.lstrip().startswith(('"', "#"))]
            self.assertEqual(len(code), 2, (name, code))


class OnFakes(Judged, unittest.TestCase):
    def test_a_server_behind_each(self):
        for rig in ("pico_w", "esp32"):
            for name in PROGRAMS:
                with self.subTest(name, rig=rig):
                    board = RIGS[rig].make()
                    self.addCleanup(board.interrupt)
                    if name == LIBRARY:
                        board.run(
                            "import sys\nkind = type(sys)\n"
                            f"names = {{}}\nexec({MICRODOT!r}, names)\n"
                        )
                        board.modules.loaded["microdot"] = Names(board._names["names"])
                    self.judge(lived(board, name, ticking(board)), 3, 60)

    def test_the_web_server_answers_beside_it(self):
        board = RIGS["pico_w"].make()
        self.addCleanup(board.interrupt)
        lived(board, "web_server")
        caller = Caller(board, ("192.168.4.200", 50000), ("192.168.4.1", 80))
        caller.send(b"GET / HTTP/1.0\r\n\r\n")
        board.wait(lambda: caller.state == "closed", 30)
        self.assertIn(b"192.168.4.", caller.received)

    def test_the_program_of_the_page(self):
        """docs/background.md: its two lines, before and after the access point comes up."""
        page = PAGE.read_text(encoding="utf-8")
        (program,) = [
            text for text in re.findall(r"```python\n(.*?)```", page, re.S) if NEW in text
        ]
        late = program.replace(NEW, "").replace("active(True)\n", "active(True)\n" + NEW)
        for rig, text in itertools.product(("pico_w", "esp32"), (program, late)):
            board = RIGS[rig].make()
            self.addCleanup(board.interrupt)
            security = ", security=3)" if rig == "esp32" else ")"
            running = board.start(text.replace('now")', 'now"' + security))
            board.sleep(2_000_000)
            line = "192.168.4.1 serves 32 addresses behind the program's access point"
            self.assertIn(line, running.output)
            offered = int(Client(board, ALICE).ask(discover).yiaddr.replace("192.168.4.", ""))
            self.assertIn(offered, range(16, 48))
            caller = Caller(board, ("192.168.4.200", 50000), ("192.168.4.1", 80))
            caller.send(b"GET / HTTP/1.0\r\n\r\n")
            board.wait(lambda caller=caller: caller.state == "closed", 30)
            self.assertIn(b"Hello", caller.received)

    def test_the_wifi_manager_ends_with_what_was_typed(self):
        board = RIGS["pico_w"].make()
        self.addCleanup(board.interrupt)
        program = board.start(source("wifi_manager"))
        board.wait(lambda: READY in program.output, 60)
        caller = Caller(board, ("192.168.4.200", 50000), ("192.168.4.1", 80))
        caller.send(b"POST / HTTP/1.0\r\n\r\nssid=home&password=secret")
        self.assertIn("joining home secret", program.wait())
        self.assertEqual((board.timers, board.sockets), ([], []))


class Names:
    """A module made of a dict."""

    def __init__(self, names):
        self.__dict__.update(names)


@pytest.mark.long  # a quarter of an hour: each program on both firmwares
@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class OnStockFirmware(Judged, unittest.TestCase):
    """The same on an emulated Pico W, but for microdot, which is a test of its own."""

    def check(self, rig, burst):
        for name in PROGRAMS:
            if name != LIBRARY:
                with self.subTest(name):
                    seen = RIGS[rig].live(functools.partial(lived, name=name))
                    print(f"{rig} {name}: OFFER after {seen.get('latest_ms')} ms")
                    self.judge(seen, burst, 2 * PERIOD_MS + 25)

    def test_newest(self):
        self.check("emulated", 4)

    def test_oldest(self):
        """Its queue holds one datagram."""
        self.check("emulated oldest", 1)


if __name__ == "__main__":
    unittest.main()
