"""Run the checks of `make test`, with live output, and end with what ran and what could not.

Each level is a program of its own; one that fails does not keep the others from running.
Status 1 when any failed.  What this machine cannot run is listed by name with its reason.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(1, str(ROOT / "tools"))

import mpvm
import report

BUILD = ROOT / ".build"
NOTES = BUILD / "not-set-up.json"  # written by tools/bootstrap.py
JUNIT = BUILD / "pytest.xml"


def lint(_arguments):
    """Rules, format and spelling of the sources."""
    for words in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["codespell_lib"]):
        status = python("-m", *words)
        if status:
            return report.Level(status, f"{words[0]} failed")
    return report.Level(0, "ruff check, ruff format --check, codespell")


def types(_arguments):
    """The package and boards/ against the modules of both firmware families."""
    reason = noted("type check")
    if reason:
        return report.Level(0, "", [("types of the package and of boards/", reason)])
    status = python("tools/typecheck.py")
    return report.Level(status, "something does not fit" if status else "mypy: rp2, esp32")


def cpython(_arguments):
    """All of host_tests on CPython, with the branch coverage of the core."""
    return pytest("--cov", "--cov-report=term")


def core(_arguments):
    """The tests that also run in MicroPython, with the branch coverage of the core."""
    return pytest("--cov", "--cov-report=term-missing", "--ignore-glob=*/test_host_*.py")


def lab(_arguments):
    """The tests with real clients in network namespaces."""
    return pytest(*sorted(str(path) for path in ROOT.glob("host_tests/test_host_lab*.py")))


def micropython(arguments):
    """The same test files in MicroPython."""
    reason = noted("MicroPython")
    if reason:
        return report.Level(0, "", [("host_tests in MicroPython", reason)])
    versions = mpvm.VERSIONS if arguments.all_versions else (mpvm.OLDEST, mpvm.NEWEST)
    reports = []
    for one in mpvm.run_tests(versions=versions):
        reports.append(one)
        for name, text in one.failed:
            print(f"FAILED {one.version} {name}\n{text}")
        print(one.summary(), flush=True)
    return report.from_mpvm(reports)


def size(_arguments):
    """Heap of the core against its budget."""
    reason = noted("MicroPython")
    if reason:
        return report.Level(0, "", [("heap budget of the core", reason)])
    status = python("tools/mpvm", "size")
    return report.Level(status, "heap over budget" if status else "heap within budget")


LEVELS = {
    "lint": lint,
    "types": types,
    "cpython": cpython,
    "core": core,
    "lab": lab,
    "micropython": micropython,
    "size": size,
}
EVERYTHING = ("lint", "types", "cpython", "micropython", "size")


def python(*words):
    """Run Python with these words in the project's directory; its exit status."""
    sys.stdout.flush()
    return subprocess.run([sys.executable, *words], cwd=ROOT, stdin=subprocess.DEVNULL).returncode


def pytest(*words):
    """Run pytest and read its result file."""
    JUNIT.unlink(missing_ok=True)
    status = python("-m", "pytest", "-q", f"--junit-xml={JUNIT}", *words)
    return report.from_junit(JUNIT, status)


def noted(what):
    """The reason why tools/bootstrap.py could not set `what` up, or None."""
    try:
        return json.loads(NOTES.read_text()).get(what)
    except (OSError, ValueError):
        return None


def main():
    """Run the levels asked for and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=sorted(LEVELS), help="one level instead of all")
    parser.add_argument("--all-versions", action="store_true", help="of MicroPython, not just two")
    arguments = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    results = {}
    for name in [arguments.only] if arguments.only else EVERYTHING:
        print(f"\n== {name}: {LEVELS[name].__doc__}", flush=True)
        started = time.monotonic()
        results[name] = LEVELS[name](arguments)
        results[name].seconds = time.monotonic() - started
    print(report.summary(results, noted("lab packages")))
    return 1 if any(level.status for level in results.values()) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
