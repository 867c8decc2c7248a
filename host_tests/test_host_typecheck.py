"""The type check knows what each firmware has: what only one of them offers is noticed."""

import importlib.util
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SPEC = importlib.util.spec_from_file_location("typecheck", ROOT / "tools" / "typecheck.py")
typecheck = sys.modules["typecheck"] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(typecheck)

MISSING = [n for n, p in typecheck.packages().items() if not typecheck.installed(n, p)]
RP2, ESP32 = typecheck.FAMILIES
PROGRAM = """
import network
ap = network.WLAN(network.WLAN.IF_AP)
ap.active(True)
{line}
"""


class WhatIsChecked(unittest.TestCase):
    def test_every_board_belongs_to_one_family(self):
        named = [name for family in typecheck.FAMILIES for name in family.boards]
        self.assertEqual(sorted(named), sorted(p.name for p in (ROOT / "boards").iterdir()))

    def test_every_module_is_checked_for_a_family(self):
        """A port's own files for its family alone, all others for both."""
        package = set(typecheck.PACKAGE.rglob("*.py"))
        rp2, esp32 = (set(typecheck.files(family)[0]) for family in typecheck.FAMILIES)
        self.assertEqual(rp2 | esp32, package)
        self.assertTrue(all(path.stem.startswith("rp2") for path in rp2 - esp32))
        self.assertTrue(all(path.stem.startswith("esp32") for path in esp32 - rp2))

    def test_versions_are_pinned(self):
        groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
        self.assertEqual(sorted(typecheck.packages().values()), sorted(groups["types"]))
        self.assertTrue(all("==" in package for package in groups["types"]))


@unittest.skipIf(MISSING, f"not installed: {', '.join(MISSING)} (python tools/typecheck.py setup)")
class WhatIsNoticed(unittest.TestCase):
    def faults(self, family, line):
        """Return what is said about a program that ends with this line."""
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "program.py"
            program.write_text(PROGRAM.format(line=line))
            return [one for one in typecheck.faults(family, [program]) if str(program) in one]

    def test_a_method_of_one_firmware_only(self):
        self.assertEqual(self.faults(RP2, "ap.send_ethernet(b'frame')"), [])
        self.assertRegex(self.faults(ESP32, "ap.send_ethernet(b'frame')")[0], "send_ethernet")

    def test_a_constant_of_one_firmware_only(self):
        self.assertEqual(self.faults(ESP32, "print(network.AUTH_WPA2_PSK)"), [])
        self.assertRegex(self.faults(RP2, "print(network.AUTH_WPA2_PSK)")[0], "AUTH_WPA2_PSK")

    def test_a_name_that_no_firmware_has(self):
        for family in typecheck.FAMILIES:
            self.assertRegex(self.faults(family, "ap.switch_off()")[0], "switch_off")

    def test_what_a_program_calls_of_the_package(self):
        """Though the package loads its public names when they are first used."""
        good = "from microdhcp import Service, store; print(Service.poll, store.dump)"
        bad = "from microdhcp import Service; print(Service.pole)"
        for family in typecheck.FAMILIES:
            self.assertEqual(self.faults(family, good), [])
            self.assertRegex(self.faults(family, bad)[0], "pole")
