"""The FAST build on an emulated Pico W: real machine code, and what happens without a fitting one.

Skipped by name, with the reason, where the firmware or rp2040py is missing.
"""

import contextlib
import io
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "host_tests"
sys.path.insert(0, str(ROOT / "tools"))

import build
import emulator
from mpvm.source import compile_mpy

REASON = emulator.unavailable()
NAMES = ("client states", "odd forms", "malformed", "relayed", "reservations")
HELPERS = ("builders", "every_packet")
NO_RECORDINGS = b"def load_all():\n return []\n"
#: Prints one line for each conversation; runs here and there.
RUN = """
import every_packet
from binascii import crc32
def handle(server, n, now_s):
    return server.handle(n, now_s)
for name in {names!r}:
    found = every_packet.replies(handle, name)
    print(name, len(found), crc32(b"".join([one[2] for one in found])))
"""
#: A function of bytecode can be told from one of machine code by its type.
KINDS = """
from microdhcp.hot import copy, find, relink, scan
from microdhcp.wire import scan as used
def bytecode(): pass
print([type(f) is type(bytecode) for f in (copy, find, relink, scan, used)])
"""


def board_with(arch):
    """Return a board with the FAST build for `arch` and the helpers of the tests."""
    files = {"/lib/" + path: data for path, data in build.package(True, arch).items()}
    files["/lib/recordings.py"] = NO_RECORDINGS
    for name in HELPERS:
        files[f"/lib/{name}.mpy"] = compile_mpy(TESTS / f"{name}.py", name)
    return emulator.Board(files=files)


def here(names):
    """Return what RUN prints on CPython."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(RUN.format(names=names), {})
    return said.getvalue()


@unittest.skipIf(REASON, REASON)
class Fast(unittest.TestCase):
    def test_machine_code_gives_the_bytes_that_cpython_gives(self):
        board = board_with("armv6m")
        self.assertEqual(board.run(KINDS).strip(), str([False] * 5))
        self.assertEqual(board.run(RUN.format(names=NAMES), 600), here(NAMES))

    def test_machine_code_of_another_core_leaves_the_bytecode_in_use(self):
        board = board_with("armv7emsp")
        self.assertEqual(board.run(KINDS).strip(), str([True] * 5))
        self.assertEqual(board.run(RUN.format(names=NAMES[:1]), 300), here(NAMES[:1]))


if __name__ == "__main__":
    unittest.main()
