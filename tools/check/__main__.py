"""Run the checks of a level, with live output, and end with what ran and what did not.

    python tools/check test                 a level of levels.py: quick, test, test-board, test-all
    python tools/check --only lint          one step of steps.py
    python tools/check --file FILE          one test file, on CPython and in MicroPython

A step that fails does not keep the others from running.  Status 1 when any failed.  The end
lists, with reasons, what this machine cannot run and what belongs to another level.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from check import levels, report, steps

OUTPUT, RESULTS = steps.BUILD / "beside.txt", steps.BUILD / "beside.json"


def run(names, level):
    """Run steps one after the other; return {name: Step}."""
    results = {}
    for name in names:
        function = steps.STEPS[name]
        print(f"\n== {name}: {function.__doc__.splitlines()[0]}", flush=True)
        started, used_s = time.monotonic(), cpu_s()
        results[name] = function(level)
        results[name].seconds = time.monotonic() - started
        results[name].cpu_s = cpu_s() - used_s
    return results


def cpu_s():
    """Return the seconds of CPU time of this process and of those that it has waited for."""
    return sum(os.times()[:4])


class Beside:
    """The steps that run in a process of their own, its output kept for later."""

    def __init__(self, level_name, names):
        self._names = names
        RESULTS.unlink(missing_ok=True)
        command = [sys.executable, str(Path(__file__).parent), level_name, "--beside"]
        with OUTPUT.open("w") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    def end(self):
        """Wait for the end, print the output and return {name: Step}."""
        status = self._process.wait()
        print(OUTPUT.read_text(errors="replace"), flush=True)
        try:
            found = json.loads(RESULTS.read_text())
        except (OSError, ValueError):
            found = {}
        lost = {"status": status or 1, "line": "left no result"}
        return {name: report.Step(**found.get(name, lost)) for name in self._names}


def run_beside(level):
    """Run the steps of a level that may wait for the others; write their results."""
    if hasattr(os, "nice"):
        os.nice(5)
    results = run(level.beside, level)
    RESULTS.write_text(json.dumps({k: dataclasses.asdict(v) for k, v in results.items()}))


def run_level(name):
    """Run a level; return {name: Step}."""
    level = levels.LEVELS[name]
    beside = Beside(name, level.beside) if level.beside else None
    results = run(level.steps, level)
    return {**results, **(beside.end() if beside else {})}


def parse():
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    parser.add_argument("level", nargs="?", choices=sorted(levels.LEVELS), default="test")
    what.add_argument("--only", choices=sorted(steps.STEPS), help="one step instead of a level")
    what.add_argument("--file", type=Path, help="one test file instead of a level")
    what.add_argument("--beside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.file and not arguments.file.is_file():
        parser.error("give a test file, as in: make t T=host_tests/test_config.py")
    return arguments


def main():
    """Run what is asked for and print the summary."""
    arguments = parse()
    steps.BUILD.mkdir(exist_ok=True)
    if arguments.beside:
        return run_beside(levels.LEVELS[arguments.level])
    if arguments.file:
        results = steps.one_file(arguments.file.resolve())
    elif arguments.only:
        results = run([arguments.only], levels.LEVELS[arguments.level])
    else:
        results = run_level(arguments.level)
    print(report.summary(results, steps.noted("lab packages")))
    return 1 if any(step.status for step in results.values()) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
