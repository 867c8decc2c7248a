"""The small examples, whole, as a user runs them, on both fake boards."""

import unittest
from pathlib import Path

from builders import discover, request
from emulator import Station
from rigs import RIGS

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
OWN = "192.168.4.1"
KNOWN, NEW = "00:00:5e:00:53:02", "00:00:5e:00:53:09"


def mac_bytes(mac):
    """Return 6 bytes."""
    return bytes.fromhex(mac.replace(":", ""))


def join(board, mac):
    """Let a device get an address; return the ACK."""
    station = Station(board, mac)
    named = {"mac": mac_bytes(mac), "options": [(12, b"lamp")]}
    offer = station.ask(discover(**named)).message
    return station.ask(request(requested=offer.yiaddr, server_id=OWN, **named)).message


class SmallExamples(unittest.TestCase):
    def each(self, name, story):
        """Call story(board, program) while the example runs, on both boards."""
        for rig in ("esp32", "pico_w"):
            with self.subTest(rig):
                board = RIGS[rig].make()
                self.addCleanup(board.interrupt)
                with board.skipping_delays():
                    program = board.start((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))
                    board.wait(
                        lambda program=program: program.done or "port 67 taken" in program.output,
                        120,
                        "no start",
                    )
                if program.done:
                    program.wait()
                story(board, program)

    def test_minimal(self):
        """The program has ended, and devices are served all the same."""

        def story(board, program):
            board.wait(lambda: program.done, 60, "it goes on")
            self.assertEqual(join(board, NEW).kind, "ACK")

        self.each("minimal", story)

    def test_poll(self):
        """Devices are served, and the loop does its work."""

        def story(board, program):
            self.assertEqual(join(board, NEW).kind, "ACK")
            board.wait(lambda: "devices: 1" in program.output, 60, "no work done")

        self.each("poll", story)

    def test_fixed_addresses(self):
        """A known device gets its address; a new one is named, so that it can be noted down."""

        def story(board, program):
            self.assertEqual(join(board, KNOWN).yiaddr, "192.168.4.101")
            self.assertEqual(join(board, NEW).kind, "ACK")
            board.wait(lambda: f"new device: {NEW} lamp" in program.output, 60, "not named")
            self.assertNotIn(KNOWN, program.output)

        self.each("fixed_addresses", story)

    def test_the_page_lists_every_example(self):
        """docs/examples.md leaves none out."""
        page = (EXAMPLES.parent / "docs" / "examples.md").read_text(encoding="utf-8")
        for path in EXAMPLES.rglob("*.py"):
            self.assertIn(f"(../examples/{path.relative_to(EXAMPLES).as_posix()})", page)


if __name__ == "__main__":
    unittest.main()
