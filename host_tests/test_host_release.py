"""A release has one version everywhere, and a dated section in the changelog."""

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import release

LOG = """# Changelog

## [Unreleased]

## [1.2.3] - 2026-01-31

- leases: One.

## [1.2.2]

- server: Two.
"""


class Version(unittest.TestCase):
    def test_the_same_everywhere(self):
        """pyproject.toml, package.json, manifest.py and the package itself"""
        found = release.versions()
        self.assertEqual(len(set(found.values())), 1, found)

    def test_this_one_is_in_the_changelog(self):
        """What pyproject.toml says has a dated section: nothing else keeps a release back"""
        version = release.versions()["pyproject.toml"]
        self.assertEqual(release.faults(f"v{version}"), [])


class Faults(unittest.TestCase):
    def test_tag(self):
        """v and three numbers"""
        for tag in ("1.2.3", "v1.2", "v1.2.3rc1", ""):
            self.assertIn("not a tag", release.faults(tag)[0])

    def test_another_version(self):
        """Each file that says something else, and the changelog, is named"""
        found = "\n".join(release.faults("v99.0.0"))
        for name in (
            "pyproject.toml",
            "package.json",
            "manifest.py",
            "__init__.py",
            "CHANGELOG.md",
        ):
            self.assertIn(name, found)

    def test_sections(self):
        """Date and text of a version"""
        self.assertEqual(release.section("1.2.3", LOG), ("2026-01-31", "- leases: One."))
        self.assertEqual(release.section("1.2.2", LOG), (None, "- server: Two."))
        self.assertEqual(release.section("Unreleased", LOG), (None, ""))
        self.assertIsNone(release.section("9.9.9", LOG))
