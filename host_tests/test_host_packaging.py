"""The ways to a board that are lists of files: package.json for mip, manifest.py for freezing.

A checkout's package.json names the source, a release's the built package, and so does the
manifest.  The installation of a release is done by mpremote itself, on an emulated Pico W; skipped
by name, with the reason, where there is none.
"""

import contextlib
import io
import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from mpremote import mip

import build
import dist
import emulator
import package_list
from packer import layout

REASON = emulator.unavailable()
FROZEN = ROOT / ".build" / "frozen"


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
        files -= {f"firmware/microdhcp/{name}.py" for name in layout.FAST}
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

    def written(self, package, version=None):
        """Install a package as mpremote does; return {path on the board: bytes}."""
        board = mock.Mock()
        with mock.patch("builtins.print"):
            mip._install_package(board, package, mip._PACKAGE_INDEX, "/lib", version, True)
        return {call.args[0]: call.args[1] for call in board.fs_writefile.call_args_list}

    def served(self, package, site, folder, version=None):
        """Install a package from a site on which `folder` is; return the same."""

        def urlopen(url):
            self.assertTrue(url.startswith(site), url)
            return io.BytesIO((folder / url.removeprefix(site)).read_bytes())

        with mock.patch("urllib.request.urlopen", urlopen):
            return self.written(package, version)

    def source(self):
        return {f"/lib/{n}": path.read_bytes() for n, path in package_list.sources().items()}

    def built(self):
        return {f"/lib/{name}": data for name, data in build.package(family=None).items()}

    def test_source_from_a_checkout(self):
        """`mpremote mip install ./package.json`"""
        with contextlib.chdir(ROOT):
            self.assertEqual(self.written("./package.json"), self.source())

    def test_source_from_github(self):
        """`mpremote mip install github:OWNER/microdhcp`"""
        site = "https://raw.githubusercontent.com/OWNER/microdhcp/HEAD/"
        self.assertEqual(self.served("github:OWNER/microdhcp", site, ROOT), self.source())

    def test_a_release_from_its_folder_a_tag_and_the_releases_of_github(self):
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()):
            folder = Path(name) / "dist"
            self.assertEqual(dist.main([str(folder)]), 0)
            self.assertEqual(self.written(f"{folder}/package.json"), self.built())
            tag = "https://raw.githubusercontent.com/OWNER/microdhcp/v0.1.0/dist/"
            package = "github:OWNER/microdhcp/dist"
            self.assertEqual(self.served(package, tag, folder, "v0.1.0"), self.built())
            site = "https://github.com/OWNER/microdhcp/releases/download/v0.1.0/"
            self.assertEqual(self.served(site + "package.json", site, folder), self.built())

    def test_a_release_has_its_names_and_nothing_of_an_older_one(self):
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()):
            folder = Path(name) / "dist"
            dist.main([str(folder)])
            (folder / "gone.mpy").write_bytes(b"")
            dist.main([str(folder)])
            made = {path.name for path in folder.iterdir()}
            self.assertEqual(made, set(dist.files()))
            self.assertEqual((folder / build.MAP).read_text(), build.names_map())


class Manifest(unittest.TestCase):
    """What makemanifest.py reads for a frozen build; the names that it offers are stood in for."""

    def setUp(self):
        self.addCleanup(shutil.rmtree, FROZEN, ignore_errors=True)

    def executed(self, **options):
        """Execute the manifest as include(…, **options) does; return the stand-ins by name."""
        settings = mock.Mock(**{"family": "rp2", "fast": False, **options})
        names = {"metadata": mock.Mock(), "package": mock.Mock(), "options": settings}
        path = package_list.FIRMWARE / "manifest.py"
        with contextlib.chdir(path.parent):
            exec(compile(path.read_text(), str(path), "exec"), names)
        names["package"].assert_called_once()
        names["metadata"].assert_called_once()
        return names

    def frozen(self, **options):
        """Return {"microdhcp/server.py": text} of what is frozen."""
        call = self.executed(**options)["package"].call_args
        self.assertEqual((call.args, call.kwargs["opt"]), (("microdhcp",), 3))
        base = Path(call.kwargs["base_path"])
        paths = base.glob("microdhcp/*.py")
        return {path.relative_to(base).as_posix(): path.read_text() for path in paths}

    def test_it_freezes_the_built_package_of_a_family(self):
        for family in layout.FAMILIES:
            self.assertEqual(self.frozen(family=family), build.sources(family))

    def test_fast_adds_the_machine_code(self):
        more = set(self.frozen(fast=True)) - set(self.frozen())
        self.assertEqual(more, {f"microdhcp/{name}.py" for name in layout.FAST})

    def test_version_is_the_projects(self):
        given = self.executed()["metadata"].call_args.kwargs
        self.assertEqual(given["version"], package_list.version())


@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class OnTheBoard(unittest.TestCase):
    """`mpremote mip install dist/package.json` onto an emulated board."""

    @classmethod
    def setUpClass(cls):
        cls.board = emulator.Board()
        with tempfile.TemporaryDirectory() as name, emulator.SerialPort(cls.board) as port:
            build.write(Path(name), dist.files())
            install = ("mip", "install", f"{name}/package.json")
            cls.done = port.python("-m", "mpremote", "connect", port.path, *install)

    def test_mpremote_is_content(self):
        self.assertEqual((self.done.returncode, self.done.stderr), (0, ""))
        self.assertTrue(self.done.stdout.endswith("Done\n"))

    def test_the_files_are_there(self):
        found = self.board.run("import os\nfor n in os.listdir('/lib/microdhcp'): print(n)")
        wanted = [name.partition("/")[2] for name in build.package(family=None)]
        self.assertEqual(sorted(found.split()), sorted(wanted))

    def test_it_serves(self):
        """The self-test of `make flash`, and the service of this board's family."""
        program = (ROOT / "tools" / "flash" / "programs" / "selftest.py").read_text()
        said = self.board.run(f"{program}\nprint(main(['Service']))", 300)
        self.assertIn("'file': '/lib/microdhcp/__init__.mpy'", said)
        self.assertRegex(said, r"'address': '192\.168\.4\.\d+'")


if __name__ == "__main__":
    unittest.main()
