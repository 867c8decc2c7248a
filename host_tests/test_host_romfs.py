"""The ROMFS image: what is in it, that the server runs from it, and what it costs there.

Run in MicroPython 1.29 for WebAssembly, which can mount an image from memory.
"""

import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from mpremote.romfs import make_romfs

import build
import mpvm
import size
from mpvm.install import missing
from romfs import measure
from romfs.image import image

REASON = missing()
LISTING = """
import os
def walk(path):
    for name, kind, *_ in os.ilistdir(path):
        if kind & 0x4000:
            walk(path + "/" + name)
        else:
            print(path + "/" + name, len(open(path + "/" + name, "rb").read()))
walk("/rom")
"""


def from_rom(program):
    """Return what a program prints that finds its modules in the mounted image."""
    done = mpvm.run(
        [measure.MOUNT, f"import sys\nsys.path[:] = {measure.PATH!r}", program],
        files={"/microdhcp.romfs": image()},
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout


class TheImage(unittest.TestCase):
    def test_it_is_one(self):
        """ROMFS begins with these three bytes, the length as a variable integer follows."""
        self.assertEqual(image()[:3], b"\xd2\xcd\x31")

    def test_it_is_what_mpremote_makes_of_the_same_files(self):
        """`mpremote romfs build` of a directory with the compiled package."""
        with tempfile.TemporaryDirectory() as folder, mock.patch("builtins.print"):
            for name, data in build.package().items():
                target = Path(folder) / "lib" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            self.assertEqual(image(), make_romfs(folder, mpy_cross=False))

    def test_the_fast_build_is_another_one(self):
        self.assertGreater(len(image(fast=True, core="armv6m")), len(image()))


@unittest.skipIf(REASON, REASON)
class FromTheImage(unittest.TestCase):
    def test_every_file_is_in_it(self):
        listed = dict(line.split() for line in from_rom(LISTING).splitlines())
        files = build.package()
        wanted = {f"/rom/lib/{name}": str(len(data)) for name, data in files.items()}
        self.assertEqual(listed, wanted)

    def test_the_server_runs_from_it_without_allocation(self):
        """The self-test of `make flash`: an OFFER and an ACK, the heap locked."""
        program = (ROOT / "tools" / "flash" / "programs" / "selftest.py").read_text()
        said = from_rom(f"{program}\nprint(main([]))")
        self.assertIn("'file': '/rom/lib/microdhcp/__init__.mpy'", said)
        self.assertIn("'locked': True", said)
        self.assertRegex(said, r"'address': '192\.168\.4\.\d+'")

    def test_heap_is_within_the_budgets(self):
        """And less than from .mpy files: the code stays where it is."""
        budgets = size.budgets()
        core = [size.CODE, size.settings(), size.SERVER]
        for service, name in ((False, "core"), (True, "service")):
            heap_n = sum(row.heap for row in measure.rows(service))
            self.assertLessEqual(heap_n, budgets[f"romfs_{name}_heap_bytes"])
            steps = size.service()[1:] if service else core
            rows, _ = size.measure([size.BEFORE, *steps])
            self.assertLess(heap_n, sum(row.heap for row in rows[1:]))
