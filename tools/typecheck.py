"""Check the package and boards/ against the modules that each firmware has.

    python tools/typecheck.py setup     install mypy and the stubs below .build/types; once
    python tools/typecheck.py           status 1 when something does not fit

The stubs are made from real firmware (micropython-rp2-stubs, micropython-esp32-stubs), so that a
method that a board does not have is found here.  Both families describe the same modules: each is
in a directory of its own, and so is mypy, all pinned in pyproject.toml.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
PACKAGE = FIRMWARE / "microdhcp"
HOME = ROOT / ".build" / "types"
TIMEOUT_S = 600
RULES = (
    "--config-file=",
    "--no-site-packages",
    "--no-error-summary",
    "--check-untyped-defs",
    "--no-strict-optional",  # `self.sock = None` until there is one
    "--disable-error-code=var-annotated",  # no annotation is needed where mypy cannot guess
    "--disable-error-code=has-type",  # attributes that starting.prepare() makes, set to None here
)
FAULT = re.compile(r"(.+?\.py):(\d+): error: ")
EXEMPT = "_compat.py"  # half of it is what CPython needs in place of MicroPython's own


@dataclass(frozen=True)
class Family:
    """A family of boards: sys.platform, its directories in boards/, its stubs on PyPI."""

    platform: str
    boards: tuple
    stubs: str


FAMILIES = (
    Family("rp2", ("pico_w", "pico2_w"), "micropython-rp2-stubs"),
    Family("esp32", ("esp32",), "micropython-esp32-stubs"),
)


class TypecheckError(Exception):
    """mypy or the stubs are missing or do not run; the text says why."""


def packages():
    """Return {directory below HOME: pinned package} of what setup() installs."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    pinned = {line.split("==")[0]: line for line in groups["types"]}
    wanted = {family.platform: pinned[family.stubs] for family in FAMILIES}
    return {"mypy": pinned["mypy"], **wanted}


def _stamp(package):
    return hashlib.sha256(f"{sys.version} {package}".encode()).hexdigest()


def installed(name, package):
    """Return whether this package is in its directory below HOME."""
    try:
        return (HOME / name / "installed.sha256").read_text() == _stamp(package)
    except OSError:
        return False


def setup():
    """Install missing packages.  Needs no network if all are there.  Raises TypecheckError."""
    for name, package in packages().items():
        if not installed(name, package):
            print(f"typecheck: {package} into .build/types/{name}", flush=True)
            shutil.rmtree(HOME / name, ignore_errors=True)
            _run(
                [
                    sys.executable,
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--target",
                    HOME / name,
                    package,
                ]
            )
            (HOME / name / "installed.sha256").write_text(_stamp(package))


def _run(command, **more):
    """Run a command; return its CompletedProcess.  TypecheckError unless it ends with 0 or 1."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT_S, **more)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TypecheckError(str(error)) from None
    if done.returncode and (done.returncode != 1 or "pip" in words):
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise TypecheckError(lines[-1] if lines else f"status {done.returncode}")
    return done


def files(family):
    """Return the files to check for a family: its main.py and the package without other ports."""
    other = tuple(one.platform for one in FAMILIES if one is not family)
    own = [path for path in sorted(PACKAGE.rglob("*.py")) if not path.stem.startswith(other)]
    return own, [ROOT / "boards" / name / "main.py" for name in family.boards]


def faults(family, more=()):
    """Return mypy's lines about our files, not those about the stubs.

    family  the Family whose modules are there
    more    further files to check with the package
    """
    for name in ("mypy", family.platform):
        if not installed(name, packages()[name]):
            raise TypecheckError(f"{name} is not installed: python tools/typecheck.py setup")
    package, programs = files(family)
    found = []
    for program in [*programs, *more]:  # one by one: each of them is a module "main"
        found += _mypy(family, [*package, program])
    return sorted(set(found))


def _mypy(family, paths):
    stubs = HOME / family.platform
    search = {"PYTHONPATH": HOME / "mypy", "MYPYPATH": f"{stubs}{os.pathsep}{FIRMWARE}"}
    command = [sys.executable, "-m", "mypy", *RULES, f"--platform={family.platform}"]
    # The real one loads public names when they are first used, which tells mypy nothing.
    command += ["--shadow-file", PACKAGE / "__init__.py", PACKAGE / "__init__.pyi"]
    command.append(f"--custom-typeshed-dir={stubs}")
    command.append(f"--cache-dir={HOME / 'cache' / family.platform}")
    environment = {**os.environ, **{name: str(value) for name, value in search.items()}}
    done = _run([*command, *paths], cwd=ROOT, env=environment)
    lines = done.stdout.splitlines()
    if done.returncode and not any(": error: " in line for line in lines):
        raise TypecheckError(done.stderr.strip() or done.stdout.strip())
    ours = [line for line in lines if FAULT.match(line) and not line.startswith(str(HOME))]
    return [line for line in ours if Path(line.split(":")[0]).name != EXEMPT]


def main(argv=None):
    """Set up or check; return 0, 1 when something does not fit, 2 when it could not be checked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", nargs="?", choices=("setup", "check"), default="check")
    arguments = parser.parse_args(argv)
    status = 0
    try:
        if arguments.command == "setup":
            setup()
            return 0
        for family in FAMILIES:
            found = faults(family)
            status = 1 if found else status
            print("\n".join([*found, f"{family.platform}: {len(found)} faults"]), flush=True)
    except TypecheckError as error:
        print(f"typecheck: {error}", file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
