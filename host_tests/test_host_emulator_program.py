"""`python tools/emulator main.py`: a program of the user on an emulated Pico W, with clients."""

import argparse
import contextlib
import importlib.util
import io
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pytest

import rigs

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / "tools" / "emulator"


def command():
    """Return the module of the command line."""
    spec = importlib.util.spec_from_file_location("emulator_command", TOOL / "__main__.py")
    module = importlib.util.module_from_spec(spec)
    path = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = path
    return module


class Line(unittest.TestCase):
    def test_the_file_of_the_user_is_the_program(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "my.py"
            path.write_text("print('ğ')\n", encoding="utf-8")
            self.assertEqual(command().server_program(path), ("my.py", "print('ğ')\n"))

    def test_without_one_it_is_our_own(self):
        name, source = command().server_program(None)
        self.assertEqual(name, "programs/serve.py")
        self.assertIn("10.10.10.1/24", source)

    @unittest.skipIf(rigs.REASON, rigs.REASON)
    def test_a_missing_file_is_one_line(self):
        words = [sys.executable, str(TOOL), "/no/such/main.py"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=600)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"\Aemulator: .*/no/such/main\.py.*\n\Z")


@pytest.mark.board
@unittest.skipIf(rigs.REASON, rigs.REASON)
class OnTheBoard(unittest.TestCase):
    def test_a_program_is_served_to_its_end(self):
        """examples/minimal.py ends at once; the server goes on, and a device gets a lease."""

        def story(board):
            tool, out = command(), io.StringIO()
            source = (ROOT / "examples" / "minimal.py").read_bytes()
            with contextlib.redirect_stdout(out):
                board.put("/demo.py", source)
                tool.boot = lambda _arguments: board
                tool.lab = argparse.Namespace(unavailable=lambda: "No lab.", CLIENTS=())
                status = tool.run_demo(argparse.Namespace())
            return status, out.getvalue()

        status, said = rigs.RIGS["emulated"].live(story)
        self.assertEqual(status, 0, said)
        self.assertIn("serves 32 addresses on 'greenhouse', port 67 taken", said)
        self.assertRegex(said, r"ACK 192\.168\.4\.\d+")
        self.assertIn("1 of 1 clients served", said)


if __name__ == "__main__":
    unittest.main()
