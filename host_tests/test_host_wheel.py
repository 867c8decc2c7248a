"""`pip install`: the wheel holds the package for CPython and the tools that need no checkout."""

import configparser
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD_S = 600
PROGRAM = """
from microdhcp import Config, Server
server = Server(Config(address="192.0.2.1/24", pool=("192.0.2.16", "192.0.2.31")))
print(server.handle(0, 0), server.last_drop)
"""


class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.place = Path(folder.name)
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder.name]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=BUILD_S)
        (wheel,) = cls.place.glob("*.whl")
        cls.installed = cls.place / "installed"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(cls.installed)
            cls.names = archive.namelist()

    def run_installed(self, source):
        """Return what a program prints that sees the wheel and nothing of the checkout."""
        command = [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(self.installed)!r})\n{source}",
        ]
        done = subprocess.run(
            command, cwd=self.place, capture_output=True, text=True, timeout=BUILD_S
        )
        return done.stdout + done.stderr

    def test_package(self):
        """`import microdhcp` works, and is marked as typed"""
        self.assertEqual(self.run_installed(PROGRAM), "0 short\n")
        self.assertIn("microdhcp/py.typed", self.names)

    def test_only_what_belongs_there(self):
        """No tests, nothing that was installed or compiled here"""
        odd = [name for name in self.names if "node_modules" in name or name.endswith(".pyc")]
        self.assertEqual(odd, [])
        tops = {name.split("/")[0] for name in self.names}
        self.assertEqual(
            {top for top in tops if not top.endswith(".dist-info")},
            {"microdhcp", "microdhcp_tools"},
        )

    def test_commands(self):
        """Each console command starts its tool"""
        (entry,) = self.installed.glob("*.dist-info/entry_points.txt")
        scripts = configparser.ConfigParser()
        scripts.read(entry)
        commands = dict(scripts["console_scripts"])
        self.assertEqual(
            sorted(commands),
            [f"microdhcp-{name}" for name in ("flash", "leases", "migrate", "serve")],
        )
        for name, target in commands.items():
            module, function = target.split(":")
            words = f"import sys; sys.argv = [{name!r}, '--help']"
            source = f"{words}\nimport {module}\n{module}.{function}()"
            self.assertIn("usage: ", self.run_installed(source), name)
