"""Check that the tree is ready to be released as a tag: python tools/release.py v0.2.0

The version must be the same everywhere, CHANGELOG.md must have a dated section for it, and nothing
may be uncommitted.  Writes that section to .build/release-notes.md.  Exit status: 0 ready, 1 not.
"""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTES = ROOT / ".build" / "release-notes.md"
SECTION = re.compile(r"^## \[([^\]]+)\](?: - (\S+))?\n(.*?)(?=^## \[|\Z)", re.M | re.S)


def versions(root=ROOT):
    """Return {file: the version that it says}; None for one that says nothing."""
    manifest = (root / "firmware" / "manifest.py").read_text()
    package = (root / "firmware" / "microdhcp" / "__init__.py").read_text()
    return {
        "pyproject.toml": tomllib.loads((root / "pyproject.toml").read_text())["project"][
            "version"
        ],
        "package.json": json.loads((root / "package.json").read_text())["version"],
        "firmware/manifest.py": _found(r'^ *version="(.+)"', manifest),
        "firmware/microdhcp/__init__.py": _found(r'^__version__ = "(.+)"', package),
    }


def _found(pattern, text):
    match = re.search(pattern, text, re.M)
    return match and match[1]


def section(version, text):
    """Return (date or None, text) of a version in a changelog, None without such a section."""
    for name, date, body in SECTION.findall(text):
        if name == version:
            return date or None, body.strip()
    return None


def faults(tag, root=ROOT):
    """Return a line of text for each thing that is not ready."""
    found = []
    if not re.fullmatch(r"v\d+\.\d+\.\d+", tag):
        return [f"{tag!r} is not a tag of the form v1.2.3"]
    version = tag[1:]
    for name, said in versions(root).items():
        if said != version:
            found.append(f"{name} says {said}, not {version}")
    notes = section(version, (root / "CHANGELOG.md").read_text())
    if notes is None:
        found.append(f"CHANGELOG.md has no section [{version}]")
    elif not re.fullmatch(r"\d{4}-\d\d-\d\d", notes[0] or ""):
        found.append(f"CHANGELOG.md: [{version}] has no date of the form 2026-01-31")
    elif not notes[1]:
        found.append(f"CHANGELOG.md: [{version}] is empty")
    return found


def _uncommitted():
    """Return a line for each uncommitted file."""
    done = subprocess.run(
        ["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [f"not committed: {line[3:]}" for line in done.stdout.splitlines()]


def main():
    """Check, and write the notes of the release."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tag", help="v and the version, v0.2.0")
    tag = parser.parse_args().tag
    found = faults(tag) + _uncommitted()
    for fault in found:
        print(f"release: {fault}")
    if found:
        return 1
    NOTES.parent.mkdir(exist_ok=True)
    NOTES.write_text(section(tag[1:], (ROOT / "CHANGELOG.md").read_text())[1] + "\n")
    print(f"release: {tag} is ready; its notes are in {NOTES.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
