"""What tools/build.py makes of the package: lean and FAST."""

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import build
from mpvm.source import NATIVE

_ARCH_BITS = {"armv6m": 4, "armv7emsp": 7, "xtensawin": 10, "rv32imc": 11}


def arch_of(mpy):
    """Return the core that an .mpy is for, 0 for all: the upper bits of its third byte."""
    return mpy[2] >> 2 & 0x0F


class Package(unittest.TestCase):
    def test_lean_has_every_module_but_the_native_ones_as_bytecode(self):
        found = build.package()
        names = {name[:-3] + ".mpy" for name, path in build.sources() if path.stem not in NATIVE}
        self.assertEqual(set(found), names)
        self.assertEqual({arch_of(code) for code in found.values()}, {0})

    def test_fast_is_lean_and_the_native_modules_of_each_core(self):
        lean = build.package()
        for arch in build.ARCHES:
            found = build.package(fast=True, arch=arch)
            more = {f"microdhcp/{name}.mpy" for name in NATIVE}
            self.assertEqual(set(found) - set(lean), more)
            self.assertEqual({name: found[name] for name in lean}, lean)
            self.assertEqual({arch_of(found[name]) for name in more}, {_ARCH_BITS[arch]})

    def test_fast_without_a_known_core_is_refused(self):
        for arch in (None, "z80"):
            with self.assertRaisesRegex(ValueError, "armv6m"):
                build.package(fast=True, arch=arch)
