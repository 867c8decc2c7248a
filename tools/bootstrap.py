"""Set up what the make targets need, each thing once.

Plain: the virtual environment .venv with the development dependencies pinned in pyproject.toml.
--vm: MicroPython for WebAssembly as well (tools/mpvm setup).
--types: mypy and the stubs of both firmware families (tools/typecheck.py setup).
--docs: what makes the site of docs/ (mkdocs.yml), in .venv as well.
--lab: the Debian packages of tools/lab/packages.txt, where this runs as root and some are missing.
--servers: the same of tools/lab/servers.txt.

Only the virtual environment is indispensable.  What else is missing is noted in
.build/not-set-up.json; `make test` lists it at its end.  Runs on the machine's own Python with
the standard library alone.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PY = VENV / "bin" / "python"
STAMP = VENV / "installed.sha256"
DOCS_STAMP = VENV / "docs.txt"
NOTES = ROOT / ".build" / "not-set-up.json"
POLICY = Path("/usr/sbin/policy-rc.d")
PIP_TIMEOUT_S = 900
NPM_TIMEOUT_S = 600
APT_TIMEOUT_S = 600


class Failed(Exception):
    """A step that did not work; the text says what the user can do."""


def run(command, timeout_s, **more):
    """Run a command quietly.  Failed, with its last line, when it does not end with status 0."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            text=True,
            **more,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{command[0]} did not end within {timeout_s} s") from None
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        raise Failed(lines[-1].strip() if lines else f"status {done.returncode}")


def say(text):
    """Print one line at once."""
    print(text, flush=True)


def requirements(group):
    """Return the pinned packages of a dependency group in pyproject.toml."""
    import tomllib

    return tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"][group]


def make_venv():
    """Make .venv; on Debian without python3-venv, as root, install that first."""
    create = [sys.executable, "-m", "venv", "--clear", VENV]
    try:
        run(create, PIP_TIMEOUT_S)
        return
    except Failed:
        shutil.rmtree(VENV, ignore_errors=True)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Failed(
            "python3 -m venv does not work here; "
            "install your system's package for it (Debian: apt-get install python3-venv)"
        )
    say("setup: python3-venv")
    apt_install(["python3-venv"])
    run(create, PIP_TIMEOUT_S)


def need_python():
    """Make .venv hold exactly the pinned packages; nothing to do while they are unchanged."""
    wanted = requirements("dev")
    mark = hashlib.sha256("\n".join([sys.version, *wanted]).encode()).hexdigest()
    if STAMP.is_file() and STAMP.read_text() == mark and PY.exists():
        return
    say(f"setup: .venv with {len(wanted)} Python packages")
    make_venv()
    try:
        run([PY, "-m", "pip", "install", "--quiet", *wanted], PIP_TIMEOUT_S)
    except Failed as error:
        raise Failed(f"pip install: {error}") from None
    STAMP.write_text(mark)


def need_vm():
    """Fetch what runs MicroPython (tools/mpvm knows which builds, and what runs them)."""
    if not (ROOT / ".build" / "mpvm" / "node_modules").is_dir():
        say("setup: MicroPython for WebAssembly")
    run([PY, ROOT / "tools" / "mpvm", "setup"], NPM_TIMEOUT_S)


def need_types():
    """Fetch what checks the types (tools/typecheck.py knows what, and where)."""
    if not (ROOT / ".build" / "types").is_dir():
        say("setup: mypy and the modules of both firmware families")
    run([PY, ROOT / "tools" / "typecheck.py", "setup"], PIP_TIMEOUT_S)


def need_docs():
    """Install what makes the site of docs/, unless the same version is there."""
    wanted = requirements("docs")
    if DOCS_STAMP.is_file() and DOCS_STAMP.read_text() == "\n".join(wanted):
        return
    say("setup: mkdocs")
    run([PY, "-m", "pip", "install", "--quiet", *wanted], PIP_TIMEOUT_S)
    DOCS_STAMP.write_text("\n".join(wanted))


def need_debian(list_name):
    """Install the packages of a list of the lab.  Failed names those that are missing.

    list_name   "packages" or "servers"
    """
    listed = (ROOT / "tools" / "lab" / f"{list_name}.txt").read_text().splitlines()
    packages = [line.split("#")[0].strip() for line in listed]
    missing = [package for package in packages if package and not installed(package)]
    if not missing:
        return
    names = " ".join(missing)
    if not shutil.which("apt-get"):
        raise Failed(f"no apt-get here to install {names}")
    if os.geteuid() != 0:
        raise Failed(f"not root; as root: apt-get install {names}")
    say(f"setup: Debian packages {names}")
    apt_install(missing)


def installed(package):
    """Return whether dpkg has the package installed."""
    if not shutil.which("dpkg-query"):
        return False
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True).stdout == "installed"


def apt_install(packages):
    """Install Debian packages; the package lists are only fetched when the first try fails."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    with no_services():
        try:
            run(install, APT_TIMEOUT_S, env=quiet)
        except Failed:
            try:
                run(["apt-get", "update", "-q"], APT_TIMEOUT_S, env=quiet)
                run(install, APT_TIMEOUT_S, env=quiet)
            except Failed as error:
                raise Failed(f"apt-get install {' '.join(packages)}: {error}") from None


@contextlib.contextmanager
def no_services():
    """Keep a package from starting a service while it is being installed (Debian policy 9.3.3)."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def optional(what, step, notes):
    """Run a step; when it fails, say so and note it under `what`."""
    notes.pop(what, None)
    try:
        step()
    except (Failed, OSError) as error:
        notes[what] = str(error)
        say(f"setup: {what} is missing: {error}")


def main():
    """Set up what the arguments ask for; status 1 without a virtual environment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vm", action="store_true", help="MicroPython for WebAssembly")
    parser.add_argument("--types", action="store_true", help="mypy and the firmwares' modules")
    parser.add_argument("--docs", action="store_true", help="mkdocs")
    parser.add_argument("--lab", action="store_true", help="Debian packages of the lab")
    parser.add_argument("--servers", action="store_true", help="other DHCP servers, to compare")
    arguments = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036 - the answer for whoever has an older one
        return "setup: Python 3.11 or newer is needed; try: make PYTHON=/path/to/python3.11"
    try:
        need_python()
    except (Failed, OSError) as error:
        return f"setup: {error}"
    NOTES.parent.mkdir(exist_ok=True)
    try:
        notes = json.loads(NOTES.read_text())
    except (OSError, ValueError):
        notes = {}
    if arguments.vm:
        optional("MicroPython", need_vm, notes)
    if arguments.types:
        optional("type check", need_types, notes)
    if arguments.docs:
        optional("site of the docs", need_docs, notes)
    if arguments.lab:
        optional("lab packages", lambda: need_debian("packages"), notes)
    if arguments.servers:
        optional("other servers", lambda: need_debian("servers"), notes)
    NOTES.write_text(json.dumps(notes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
