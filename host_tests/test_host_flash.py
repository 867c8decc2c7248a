"""`make flash`: its decisions without a board, and all of it on an emulated Pico W.

What needs the emulator is skipped by name, with the reason, where there is none.
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from mpremote.transport import TransportError

import emulator
from flash import boards, check, files, link, plan

REASON = emulator.unavailable()
PICO_W = boards.BOARDS["pico_w"]
ARMV6M = 4870  # sys.implementation._mpy of a Pico W
USERS_MAIN = b"print('my own program')\n"
TINY_TESTS = """
import unittest
from microdhcp import Config
class Tiny(unittest.TestCase):
    def test_a(self):
        self.assertEqual(Config("192.0.2.1/24", ("192.0.2.2", "192.0.2.3")).pool_n, 2)
    def test_b(self):
        self.skipTest("for show")
    def test_c(self):
        self.assertEqual(1, 2)
"""
LEFTOVERS = {"/lib/microdhcp/server.py": b"old", "/lib/microdhcp/gone/away.mpy": b"old"}


def found(**changes):
    """Return the boards.Found of a Pico W with stock firmware, with changes."""
    usual = {
        "platform": "rp2",
        "version": (1, 26, 1),
        "machine": "Raspberry Pi Pico W with RP2040",
        "mpy": ARMV6M,
        "wifi": True,
    }
    return boards.Found(**{**usual, **changes})


class WhichBoard(unittest.TestCase):
    """The messages about the board at the port."""

    def test_the_right_board_is_accepted(self):
        self.assertIsNone(boards.objection(PICO_W, found()))
        self.assertIsNone(boards.objection(PICO_W, found(version=(1, 23, 0))))

    def test_an_old_firmware_is_named_with_what_to_do(self):
        said = boards.objection(PICO_W, found(version=(1, 22, 2)))
        for words in ("1.22.2", "needs 1.23", "RPI_PICO_W", "docs/getting-started.md"):
            self.assertIn(words, said)

    def test_another_board_is_named_with_what_to_type(self):
        pico2 = found(machine="Raspberry Pi Pico 2 W with RP2350")
        self.assertIn("BOARD=pico2_w", boards.objection(PICO_W, pico2))
        esp = found(platform="esp32", machine="Generic ESP32S3 module with ESP32S3")
        self.assertIn("BOARD=esp32", boards.objection(PICO_W, esp))

    def test_an_unknown_board_gets_the_list(self):
        said = boards.objection(PICO_W, found(platform="samd", machine="Wio Terminal"))
        self.assertIn("esp32, pico_w, pico2_w", said)

    def test_a_firmware_without_wifi_is_refused(self):
        said = boards.objection(PICO_W, found(wifi=False))
        self.assertIn("no Wi-Fi", said)

    def test_machine_code_by_its_index(self):
        self.assertEqual(found().architecture, "armv6m")
        self.assertEqual(found(mpy=7 << 10 | 0x306).architecture, "armv7emsp")
        self.assertEqual(found(mpy=10 << 10 | 0x306).architecture, "xtensawin")
        self.assertEqual(found(mpy=11 << 10 | 0x306).architecture, "rv32imc")
        self.assertIsNone(found(mpy=0x306).architecture)

    def test_each_board_has_its_directory(self):
        self.assertEqual(
            {path.parent.name for path in ROOT.glob("boards/*/main.py")}, set(boards.BOARDS)
        )


class ThePlan(unittest.TestCase):
    """The files to copy, to keep and to remove."""

    wanted = {"/lib/microdhcp/a.mpy": b"a", "/lib/microdhcp/ports/p.mpy": b"p"}

    def on_board(self, files):
        """Return an inventory as programs/inventory.py gives it."""
        return {path: data and plan.digest(data) for path, data in files.items()}

    def test_an_empty_board_gets_all(self):
        work = plan.package(self.wanted, {})
        self.assertEqual(work.copy, self.wanted)
        self.assertEqual(work.make, ["/lib", "/lib/microdhcp", "/lib/microdhcp/ports"])
        self.assertEqual((work.kept, work.remove), ([], []))

    def test_only_what_differs_is_copied(self):
        there = {**self.wanted, "/lib/microdhcp/a.mpy": b"older"}
        work = plan.package(self.wanted, self.on_board(there))
        self.assertEqual(work.copy, {"/lib/microdhcp/a.mpy": b"a"})
        self.assertEqual(work.kept, ["/lib/microdhcp/ports/p.mpy"])

    def test_leftovers_go_children_first(self):
        there = {
            "/lib/microdhcp/a.py": b"old",
            "/lib/microdhcp/x": None,
            "/lib/microdhcp/x/y": b"",
        }
        work = plan.package(self.wanted, self.on_board(there))
        self.assertEqual(
            work.remove, ["/lib/microdhcp/x/y", "/lib/microdhcp/x", "/lib/microdhcp/a.py"]
        )

    def test_nothing_outside_the_package_is_touched(self):
        there = {"/main.py": b"mine", "/lib/microdhcp2.py": b"", "/lib/microdhcp": None}
        work = plan.package(self.wanted, self.on_board(there))
        self.assertEqual(work.remove, [])

    example = ("boards/x/main.py", b"example")

    def main(self, there, chosen=None):
        work = plan.Plan()
        said = plan.add_main(work, self.example, chosen, self.on_board(there))
        return work.copy, work.rename, said

    def test_a_board_without_main_gets_the_example(self):
        self.assertEqual(self.main({})[:2], ({"/main.py": b"example"}, []))

    def test_a_users_main_is_left_alone_and_that_is_said(self):
        copy, rename, said = self.main({"/main.py": b"mine"})
        self.assertEqual((copy, rename), ({}, []))
        self.assertEqual(
            said,
            "the board's main.py differs from boards/x/main.py: left alone; "
            "to replace it: MAIN=boards/x/main.py",
        )

    def test_asked_to_it_replaces_main_and_keeps_the_old_one(self):
        copy, rename, _ = self.main({"/main.py": b"mine"}, b"chosen")
        self.assertEqual(copy, {"/main.py": b"chosen"})
        self.assertEqual(rename, [("/main.py", "/main.py.old")])

    def test_the_same_main_is_not_copied_again(self):
        self.assertEqual(self.main({"/main.py": b"example"})[:2], ({}, []))
        self.assertEqual(self.main({"/main.py": b"chosen"}, b"chosen")[:2], ({}, []))

    def warned(self, data, there, chosen=None):
        return plan.warning(("boards/x/main.py", data), chosen, self.on_board(there))

    def test_the_password_of_the_example_is_noticed(self):
        key = plan.EXAMPLE_KEY
        for there in ({}, {"/main.py": key}):
            self.assertIn("password is still the one of the example", self.warned(key, there))
        self.assertIn("password", self.warned(b"", {"/main.py": b"mine"}, b"x" + key))
        self.assertIsNone(self.warned(key, {}, b"chosen"))
        self.assertIsNone(self.warned(key, {"/main.py": b"mine"}))

    def test_each_example_has_that_password(self):
        for board in boards.BOARDS.values():
            path, data = files.example(board)
            self.assertIn(plan.EXAMPLE_KEY, data, path)


class TheCommand(unittest.TestCase):
    """The one-line messages about wrong commands."""

    def refused(self, *words, python=(sys.executable,)):
        done = subprocess.run(
            [*python, str(ROOT / "tools" / "flash"), *words], capture_output=True, text=True
        )
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr

    def test_a_board_that_is_missing_or_unknown(self):
        advice = "give BOARD=pico_w, pico2_w or esp32 (every ESP32: S2, S3, C3, C6)\n"
        for name in ("", "esp32s3"):
            self.assertEqual(
                self.refused("copy", "--board", name), f"flash: BOARD={name!r}: {advice}"
            )

    def test_a_main_that_is_not_there(self):
        said = self.refused("copy", "--board", "pico_w", "--main", "no such.py")
        self.assertEqual(said, "flash: MAIN=no such.py: No such file or directory\n")

    def test_without_mpremote_the_way_to_get_it(self):
        said = self.refused("--help", python=(sys.executable, "-S"))
        self.assertRegex(said, r"^flash: No module named .\w+.: run make setup, .*\n$")


class TheTests(unittest.TestCase):
    """What a board gets to see when test files run there."""

    def test_all_but_the_longest_run_unless_named(self):
        names = {path.name for path in check.test_files()}
        self.assertIn("test_message_key.py", names)
        self.assertFalse(names & check.LONG)
        self.assertTrue(all((ROOT / "host_tests" / name).is_file() for name in check.LONG))

    def test_they_have_what_they_import_and_read(self):
        with tempfile.TemporaryDirectory() as folder:
            check.stage(Path(folder), [ROOT / "host_tests" / "test_message_key.py"])
            there = {str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file()}
        self.assertLess(
            {"test_message_key.mpy", "unittest.mpy", "builders.mpy", "recordings.mpy"}, there
        )
        self.assertTrue(any(name.startswith("captures/") for name in there))
        self.assertFalse([name for name in there if "microdhcp" in name or "test_w" in name])


class TheSelfTest(unittest.TestCase):
    """The messages about the board's answers."""

    answer = {"address": "192.168.4.16", "locked": True, "before": 3, "core": 2, "all": 1}

    def test_another_package_in_the_way_is_named_with_what_to_do(self):
        """Python looks into the root directory and the firmware before /lib."""
        line = mock.Mock(path="/dev/ttyX")
        line.ask.return_value = {**self.answer, "file": "microdhcp/__init__.py"}
        with self.assertRaisesRegex(link.LinkError, "rm -r :microdhcp; or it is frozen"):
            check.selftest(line, [], print)

    def test_a_firmware_that_cannot_lock_is_named(self):
        line, said = mock.Mock(), []
        line.ask.return_value = {**self.answer, "locked": False, "file": "/lib/microdhcp/x.mpy"}
        check.selftest(line, ["Service"], said.append)
        self.assertIn("(heap lock needs MicroPython 1.26)", said[0])
        self.assertTrue(said[1].endswith("1 with Service"))


class TheLine(unittest.TestCase):
    """A port without a board, and the last command."""

    def test_a_port_that_is_not_there_is_named(self):
        self.refused("/dev/no-such-port", "/dev/no-such-port: cannot open it: no such port")

    def refused(self, path, words):
        """Check that opening a port says the words."""
        with self.assertRaisesRegex(link.LinkError, words):
            with link.Link(path):
                pass

    def test_a_port_without_permission_gets_the_command(self):
        with mock.patch.object(link.os, "access", return_value=False):
            self.refused("/dev/null", "no permission for /dev/null: sudo usermod -aG dialout")

    def test_a_port_that_another_program_has(self):
        taken = TransportError("failed to access /dev/null")
        with mock.patch.object(link, "PatientTransport", side_effect=taken):
            self.refused("/dev/null", "another program has it open .*Thonny.*failed to access")

    def test_a_port_where_nothing_answers(self):
        transport = mock.Mock(in_raw_repl=False)
        transport.enter_raw_repl.side_effect = TransportError("could not enter raw repl")
        with mock.patch.object(link, "PatientTransport", return_value=transport):
            with self.assertRaisesRegex(link.LinkError, "MicroPython does not answer"):
                with link.Link("/dev/ttyX"):
                    pass
        self.assertEqual(transport.enter_raw_repl.call_count, link.PROMPT_TRIES)
        transport.close.assert_called()

    def test_the_board_is_restarted_at_the_end(self):
        transport = mock.Mock(in_raw_repl=True)
        with mock.patch.object(link, "PatientTransport", return_value=transport):
            with link.Link("/dev/ttyX") as line:
                line.reset()
        (source,), _ = transport.exec_raw_no_follow.call_args
        self.assertTrue(source.endswith("machine.reset()"))

    def test_several_ports_are_listed(self):
        ports = [mock.Mock(device=f"/dev/ttyACM{n}", vid=0x2E8A) for n in (0, 1)]
        with mock.patch.object(link.list_ports, "comports", return_value=ports):
            with self.assertRaisesRegex(link.LinkError, "ttyACM0, /dev/ttyACM1"):
                link.only_port()
        with mock.patch.object(link.list_ports, "comports", return_value=ports[:1]):
            self.assertEqual(link.only_port(), "/dev/ttyACM0")


def tool(port, *words):
    """Run tools/flash at an emulated port; return its CompletedProcess."""
    return port.python(str(ROOT / "tools" / "flash"), *words, "--port", port.path, "--no-reset")


def flash(port, *words, board="pico_w"):
    """Run `make flash` at an emulated port."""
    return tool(port, "copy", "--board", board, *words)


def listing(board):
    """Return {path: size} of the board's files."""
    text = board.run(
        "import os\ndef walk(path):\n"
        " for name, kind, *_ in os.ilistdir(path or '/'):\n"
        "  at = path + '/' + name\n"
        "  if kind & 0x4000: walk(at)\n"
        "  else: print(at, os.stat(at)[6])\n"
        "walk('')"
    )
    return {path: int(n) for path, n in (line.split() for line in text.splitlines())}


def older_version():
    """Return the files of a board with an older microdhcp: a change, a gap, and leftovers."""
    there = files.package(PICO_W)
    there["/lib/microdhcp/text.mpy"] = b"older"
    del there["/lib/microdhcp/report.mpy"]
    return {**there, **LEFTOVERS, "/main.py": USERS_MAIN, "/leases.bin": b"kept"}


def flash_story(folder):
    """Flash a board as another kind, then over an older version; then run a test file on it."""
    board = emulator.Board(files=older_version())
    tests = Path(folder) / "test_tiny.py"
    tests.write_text(TINY_TESTS)
    seen = {"before": listing(board)}
    with emulator.SerialPort(board) as port:
        seen["wrong board"] = flash(port, board="pico2_w")
        seen["untouched"] = listing(board)
        seen["flash"] = flash(port)
        seen["files"] = listing(board)
        seen["test"] = tool(port, "test", str(tests))
        seen["files at last"] = listing(board)
    return seen


@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class OnTheBoard(unittest.TestCase):
    """tools/flash at the USB port of an emulated Pico W with stock firmware."""

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            cls.seen = flash_story(folder)

    def said(self):
        done = self.seen["flash"]
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def test_a_board_of_another_kind_is_refused_and_left_as_it_is(self):
        done = self.seen["wrong board"]
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("BOARD=pico_w", done.stderr)
        self.assertEqual(self.seen["untouched"], self.seen["before"])

    def test_the_package_is_there_and_the_leftovers_are_not(self):
        self.said()
        package = {p: n for p, n in self.seen["files"].items() if p.startswith("/lib/")}
        self.assertEqual(
            package, {path: len(data) for path, data in files.package(PICO_W).items()}
        )

    def test_only_what_differed_was_copied_and_said(self):
        said = self.said()
        self.assertIn(f"2 files copied, {len(files.package(PICO_W)) - 2} were there already", said)
        self.assertIn("removed /lib/microdhcp/server.py", said)
        self.assertIn("  100 %  /lib/microdhcp/", said)

    def test_other_files_are_left_alone(self):
        self.assertIn(
            "the board's main.py differs from boards/pico_w/main.py: left alone", self.said()
        )
        self.assertEqual(self.seen["files"]["/main.py"], len(USERS_MAIN))
        self.assertEqual(self.seen["files"]["/leases.bin"], 4)

    def test_the_self_test_gives_an_address_without_allocation(self):
        self.assertRegex(
            self.said(),
            r"self-test: 192\.168\.4\.\d+ offered and acknowledged with the heap locked\n"
            r"self-test: \d+ bytes of heap free before, \d+ with the core and 16 leases",
        )

    def test_test_files_run_on_the_board_from_this_machine(self):
        done = self.seen["test"]
        self.assertEqual((done.returncode, done.stderr), (1, ""), done.stdout)
        self.assertIn("self-test: 192.168.4.", done.stdout)
        self.assertIn("  skipped Tiny.test_b for show\n", done.stdout)
        self.assertRegex(done.stdout, r"  failed Tiny\.test_c (.*\n)+  AssertionError: 1 != 2\n")
        self.assertTrue(done.stdout.endswith("1 passed, 1 failed, 1 skipped\nFAILED\n"))

    def test_the_tests_leave_nothing_behind(self):
        self.assertEqual(self.seen["files at last"], self.seen["files"])
