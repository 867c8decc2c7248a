"""The ways to a board that are lists of files: package.json for mip, manifest.py for freezing.

Both must name what firmware/microdhcp holds.  The installation from a checkout is done by mpremote
itself, on an emulated Pico W; skipped by name, with the reason, where there is none.
"""

import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from mpremote import mip

import emulator
import package_list
from mpvm.source import NATIVE

REASON = emulator.unavailable()
MIP_TIMEOUT_S = 300
SOME = (
    "microdhcp/__init__.py",
    "microdhcp/_compat.py",
    "microdhcp/ports/__init__.py",
    "microdhcp/states.py",
    "microdhcp/text.py",
)


class PackageJson(unittest.TestCase):
    """What `mpremote mip install` reads."""

    @classmethod
    def setUpClass(cls):
        cls.listed = json.loads((ROOT / "package.json").read_text())

    def test_it_is_what_the_directory_gives(self):
        self.assertEqual(
            (ROOT / "package.json").read_text(),
            package_list.text(),
            "run: python tools/package_list.py",
        )

    def test_every_file_of_the_package_is_listed_once(self):
        files = {path.relative_to(ROOT).as_posix() for path in package_list.PACKAGE.rglob("*.py")}
        files.remove("firmware/microdhcp/hot_viper.py")  # of the FAST build
        sources = [source for _, source in self.listed["urls"]]
        self.assertEqual(sorted(sources), sorted(files))

    def test_sources_are_relative_and_there(self):
        """So that the same list works from a checkout, a fork and a mirror."""
        for target, source in self.listed["urls"]:
            self.assertNotIn(":", source)
            self.assertEqual("firmware/" + target, source)
            self.assertTrue((ROOT / source).is_file(), source)

    def test_version_is_the_projects_and_nothing_else_is_needed(self):
        self.assertEqual(self.listed["version"], package_list.version())
        self.assertEqual(self.listed["deps"], [])


class AllOfIt(unittest.TestCase):
    """The installation of every file, by mpremote's own code, without network and board."""

    def written(self, package):
        """Install a package as mpremote does; return {path on the board: bytes}."""
        board = mock.Mock()
        with mock.patch("builtins.print"):
            mip._install_package(board, package, mip._PACKAGE_INDEX, "/lib", None, True)
        return {call.args[0]: call.args[1] for call in board.fs_writefile.call_args_list}

    def wanted(self):
        return {f"/lib/{n}": path.read_bytes() for n, path in package_list.sources().items()}

    def test_from_a_checkout(self):
        """`mpremote mip install ./package.json`"""
        with contextlib.chdir(ROOT):
            self.assertEqual(self.written("./package.json"), self.wanted())

    def test_from_github(self):
        """`mpremote mip install github:OWNER/microdhcp`"""
        asked = []

        def urlopen(url):
            asked.append(url)
            return io.BytesIO((ROOT / url.split("/microdhcp/HEAD/")[1]).read_bytes())

        with mock.patch("urllib.request.urlopen", urlopen):
            self.assertEqual(self.written("github:OWNER/microdhcp"), self.wanted())
        site = "https://raw.githubusercontent.com/OWNER/microdhcp/HEAD/"
        files = [f"{site}firmware/{name}" for name in package_list.sources()]
        self.assertEqual(asked, [f"{site}package.json", *files])


class Manifest(unittest.TestCase):
    """What makemanifest.py reads for a frozen build; the names that it offers are stood in for."""

    def executed(self, **options):
        """Execute the manifest as include(…, **options) does; return the stand-ins by name."""
        settings = mock.Mock(**{"fast": False, **options})
        names = {"metadata": mock.Mock(), "package": mock.Mock(), "options": settings}
        path = package_list.FIRMWARE / "manifest.py"
        with contextlib.chdir(path.parent):
            exec(compile(path.read_text(), str(path), "exec"), names)
        names["package"].assert_called_once()
        names["metadata"].assert_called_once()
        return names

    def frozen(self, **options):
        """Return the paths that are frozen, as package_list.sources() names them."""
        call = self.executed(**options)["package"].call_args
        self.assertEqual((call.args, call.kwargs["opt"]), (("microdhcp",), 3))
        return ["microdhcp/" + name for name in call.kwargs["files"]]

    def test_it_freezes_what_mip_installs(self):
        self.assertEqual(sorted(self.frozen()), sorted(package_list.sources()))

    def test_fast_adds_the_machine_code(self):
        more = set(self.frozen(fast=True)) - set(self.frozen())
        self.assertEqual(more, {f"microdhcp/{name}.py" for name in NATIVE})

    def test_version_is_the_projects(self):
        given = self.executed()["metadata"].call_args.kwargs
        self.assertEqual(given["version"], package_list.version())


def small_checkout(folder):
    """Make a checkout whose package.json lists SOME of the files: all take minutes here."""
    (folder / "firmware").symlink_to(package_list.FIRMWARE)
    listed = json.loads((ROOT / "package.json").read_text())
    listed["urls"] = [url for url in listed["urls"] if url[0] in SOME]
    (folder / "package.json").write_text(json.dumps(listed))
    return folder / "package.json"


@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class OnTheBoard(unittest.TestCase):
    """`mpremote mip install …/package.json` onto an emulated board, some of the files."""

    @classmethod
    def setUpClass(cls):
        cls.board = emulator.Board()
        with tempfile.TemporaryDirectory() as name, emulator.SerialPort(cls.board) as port:
            package = small_checkout(Path(name))
            argv = [sys.executable, "-m", "mpremote", "connect", port.path]
            cls.done = port.run([*argv, "mip", "install", str(package)], MIP_TIMEOUT_S)

    def test_mpremote_is_content(self):
        self.assertEqual((self.done.returncode, self.done.stderr), (0, ""))
        self.assertTrue(self.done.stdout.endswith("Done\n"))

    def test_the_files_are_there(self):
        for name in SOME:
            said = self.board.run(f"import os; print(os.stat('/lib/{name}')[6])")
            self.assertEqual(int(said), package_list.sources()[name].stat().st_size)

    def test_they_run_from_source(self):
        said = self.board.run(
            "import microdhcp.text as text\n"
            "print(text.__file__, text.address_text(bytes([192, 0, 2, 1])))"
        )
        self.assertEqual(said, "/lib/microdhcp/text.py 192.0.2.1\n")
