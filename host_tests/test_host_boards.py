"""The main.py of each board runs unchanged: a device joins, renews and leaves.

On the fake boards, and the Pico W's on the emulated one as well; that is skipped by name, with
the reason, where there is none.
"""

import ast
import re
import unittest
from pathlib import Path

import pytest

import rigs
from builders import discover, release, request
from emulator import Station
from fakes import Esp32, PicoW
from flash import boards

ROOT = Path(__file__).resolve().parents[1]
PHONE = "00:00:5e:00:53:01"
BOARD = "192.168.4.1"
NAMED = [(12, b"phone")]
FAKES = {"pico_w": PicoW, "pico2_w": PicoW, "esp32": Esp32}
VERSIONS = ((1, 23), (1, 26), (1, 29))


def program(name):
    """Return the source of a board's main.py."""
    return (ROOT / "boards" / name / "main.py").read_text(encoding="utf-8")


def settings(name):
    """Return {setting: value} of a board's main.py."""
    found = {}
    exec(program(name).split("\n# Settings ")[1].split("\n# -----")[0].lstrip("-"), found)
    return {name: value for name, value in found.items() if name.isupper()}


def started(board, source):
    """Start a main.py; return its Program once it serves."""
    with board.skipping_delays():
        running = board.start(source)
        board.wait(lambda: running.done or "port 67 taken" in running.output, 120, "no start")
    if running.done:
        running.wait()
    return running


def visit(board, source, led, own=BOARD):
    """Run a main.py while a phone gets an address, renews and releases it; return what was seen.

    led   function(board, program) that returns the LED's level, or ends the program
    own   the board's address
    """
    running = started(board, source)
    phone = Station(board, PHONE)
    offer = phone.ask(discover(options=NAMED)).message
    asked = {"requested": offer.yiaddr, "server_id": own, "options": NAMED}
    ack = phone.ask(request(**asked)).message
    board.wait(lambda: "bound" in running.output, 60, "nothing said")
    seen = {"kinds": [offer.kind, ack.kind], "address": ack.yiaddr}
    seen["routers"], seen["lease_s"] = ack.address(3), int.from_bytes(ack.option(51), "big")
    phone.address = ack.yiaddr
    ours = {"source": (ack.yiaddr, 68), "to": (own, 67), "mac": ack.eth_src}
    seen["renewed"] = phone.ask(request(ciaddr=ack.yiaddr, xid=2), **ours).message.kind
    seen["led"] = led(board, running)
    if not running.done:
        phone.send_udp(release(ciaddr=ack.yiaddr, server_id=own, xid=3), **ours)
        board.wait(lambda: "released" in running.output, 60, "nothing said")
        seen["led at last"] = led(board, running)
    seen["said"] = running.output.splitlines()
    seen["error"] = running.error
    return seen


def fake_led(board, _running):
    """Return the level of a fake board's LED, None where the program has none."""
    return board.pins.level.get("LED")


def interrupted(_board, running):
    """End the program by Ctrl-C: the emulator's LED cannot be read."""
    running.interrupt()


class Settings(unittest.TestCase):
    """The settings at the top of each main.py."""

    def test_all_boards_have_the_same_settings(self):
        names = {name: list(settings(name)) for name in FAKES}
        self.assertEqual(names["pico_w"], names["esp32"])
        self.assertEqual(names["pico_w"], names["pico2_w"])
        self.assertIn("RESERVATIONS", names["pico_w"])

    def test_the_board_is_gateway_and_dns_server_wherever_it_is(self):
        for name in FAKES:
            source = program(name).replace('ADDRESS = "192.168.4.1/24"', 'ADDRESS = "10.1.1.1/24"')
            found = {}
            exec(source.split("\n# Settings ")[1].split("\n# -----")[0].lstrip("-"), found)
            self.assertEqual(found["ROUTERS"] + found["DNS_SERVERS"], ["10.1.1.1"] * 2)

    def test_both_picos_have_the_same_program(self):
        self.assertEqual(program("pico_w").split("\n")[1:], program("pico2_w").split("\n")[1:])

    def test_the_rest_is_the_same_on_all(self):
        mark = "\n# -----"
        self.assertEqual(program("pico_w").split(mark)[1], program("esp32").split(mark)[1])


class Pages(unittest.TestCase):
    """The steps in docs/getting-started.md, for every board."""

    def text(self, name):
        return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")

    def test_every_setting_is_explained(self):
        for name in FAKES:
            for setting in settings(name):
                self.assertIn(f"\n| `{setting}` |", self.text("getting-started"), name)

    def test_each_board_has_its_values(self):
        for page in ("getting-started", "troubleshooting", "boards"):
            text = self.text(page)
            self.assertLessEqual(set(re.findall(r"BOARD=(\w+)", text)), set(FAKES))
        text = self.text("getting-started")
        for name in FAKES:
            self.assertRegex(text, rf"\n\| .*`{name}` .*`{settings(name)['SSID']}` \|")
            self.assertIn(f"'{settings(name)['SSID']}'", text)
            self.assertIn(f"boards/{name}/main.py", text)
        self.assertIn(f"on '{settings('pico_w')['SSID']}', port 67 taken", text)
        self.assertIn("self-test: 192.168.4.25 offered", text)

    def test_the_firmware_is_the_one_that_flash_names(self):
        for board in boards.BOARDS.values():
            self.assertIn(f"`{board.firmware.split()[0]}`", self.text("boards"))
            self.assertIn(f"/download/{board.firmware.split()[0]}/>", self.text("getting-started"))


class OnFakes(unittest.TestCase):
    """Each board's program on a fake of it, in old and new firmware."""

    def visited(self, name, version):
        board = FAKES[name](version)
        try:
            return board, visit(board, program(name), fake_led)
        finally:
            board.interrupt()

    def check(self, name, version):
        board, seen = self.visited(name, version)
        self.assertEqual(seen["kinds"], ["OFFER", "ACK"])
        self.assertEqual(seen["renewed"], "ACK")
        self.assertEqual((seen["routers"], seen["lease_s"]), (BOARD, 3600))
        for kind in ("bound", "renewed", "released"):
            self.assertIn(f"{kind} {seen['address']} {PHONE} phone", seen["said"])
        if name == "esp32":
            self.assertEqual(board.pins.level, {})
        else:
            self.assertEqual((seen["led"], seen["led at last"]), (1, 0))

    def test_a_phone_comes_renews_and_goes(self):
        for name in FAKES:
            for version in VERSIONS:
                with self.subTest(board=name, version=version):
                    self.check(name, version)

    def test_leases_are_kept_over_a_restart(self):
        for name, kind in FAKES.items():
            with self.subTest(board=name):
                board = kind((1, 29))
                address = visit(board, program(name), fake_led)["address"]
                board.sleep(70_000_000)
                self.assertIn("/leases.bin", board.files.content)
                board.soft_reset()
                started(board, program(name))
                again = Station(board, PHONE).ask(discover(xid=9)).message
                self.assertEqual(again.yiaddr, address)
                board.interrupt()

    def test_the_counters_can_be_read_after_the_program_was_interrupted(self):
        """By the line that docs/troubleshooting.md gives."""
        line = "from microdhcp import Service; print(Service.running.stats())"
        for name, kind in FAKES.items():
            with self.subTest(board=name):
                self.assertIn(line, (ROOT / "docs" / "troubleshooting.md").read_text())
                board = kind((1, 26))
                started(board, program(name))
                Station(board, PHONE).ask(discover())
                board.interrupt()
                stats = ast.literal_eval(board.run(line))
                self.assertEqual((stats["received"]["discover"], stats["sent"]["offer"]), (1, 1))


def shown(readme, word):
    """Return the one program of a README with `word` in it."""
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / readme).read_text(), re.M | re.S)
    (source,) = [text for text in blocks if word in text]
    return source


class InTheReadme(unittest.TestCase):
    """The two programs for boards that the README shows."""

    def test_both_languages_show_the_same_programs(self):
        for word in ("on_event", "microdhcp.serve"):
            code = [
                re.sub(r" *#.*", "", shown(name, word)) for name in ("README.md", "README.tr.md")
            ]
            self.assertEqual(code[0], code[1])

    def test_it_runs_on_every_board(self):
        source = shown("README.md", "on_event")
        for name, kind in FAKES.items():
            with self.subTest(board=name):
                seen = visit(kind((1, 29)), source, fake_led, "10.10.10.1")
                self.assertEqual((seen["kinds"], seen["renewed"]), (["OFFER", "ACK"], "ACK"))
                self.assertIn(f"bound {seen['address']} {PHONE} phone", seen["said"])

    def test_the_first_one_serves_behind_any_program(self):
        source = shown("README.md", "microdhcp.serve")
        for name, kind in FAKES.items():
            with self.subTest(board=name):
                board = kind((1, 29))
                self.addCleanup(board.interrupt)
                started(board, source + "import time\nwhile True:\n    time.sleep(10)\n")
                phone = Station(board, PHONE)
                offer = phone.ask(discover(options=NAMED)).message
                asked = {"requested": offer.yiaddr, "server_id": BOARD, "options": NAMED}
                self.assertEqual(phone.ask(request(**asked)).message.kind, "ACK")


@pytest.mark.board
@unittest.skipIf(rigs.REASON, rigs.REASON)
class OnTheEmulatedPicoW(unittest.TestCase):
    """The Pico W's program with stock firmware."""

    @classmethod
    def setUpClass(cls):
        cls.seen = rigs.RIGS["emulated"].live(
            lambda board: visit(board, program("pico_w"), interrupted)
        )

    def test_a_phone_gets_an_address_and_renews(self):
        self.assertEqual((self.seen["kinds"], self.seen["renewed"]), (["OFFER", "ACK"], "ACK"))

    def test_it_is_said(self):
        said, address = self.seen["said"], self.seen["address"]
        self.assertTrue(said[0].startswith(f"microdhcp: {BOARD} serves 32 addresses on 'pico'"))
        self.assertIn(f"bound {address} {PHONE} phone", said)

    def test_it_ended_by_the_interrupt_only(self):
        self.assertIn("KeyboardInterrupt", self.seen["error"])
