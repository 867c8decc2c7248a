"""Mutation testing of the core: are there changes of the code that no test notices?

    python tools/mutants.py                     the modules in MODULES
    python tools/mutants.py server reply        only these

mutmut makes the changes, in a copy of the package in .build/mutants.  Each is put in place in a
fork of this process, which has imported the tests, and the tests that reach its function run until
one fails.  A survivor that changes nothing that can be seen stands in host_tests/mutants.txt, with
the reason; any other is listed.  Status 1 if fewer than GOAL percent are killed.
"""

import argparse
import difflib
import functools
import importlib
import inspect
import os
import resource
import shutil
import sys
import textwrap
import time
import types
import unittest
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "firmware" / "microdhcp"
STAGE = ROOT / ".build" / "mutants"
EQUIVALENT = ROOT / "host_tests" / "mutants.txt"
MODULES = ("server", "leases", "reply", "message", "leasefile", "conflict")
GOAL = 95.0
#: Tests that are slow and reach nothing that the others do not.
LEFT_OUT = ("test_decline_flood", "test_hostile", "test_hygiene")
STORIES = 60  # of chance, in the place of test_model.SEEDS
#: A mutant loops for ever if a test takes so many times longer, and so many seconds more.
SLOWER, CPU_S = 5, 1
MEMORY = 2 << 30


@dataclass
class Function:
    """A function of the core: its name, where it stands, and its variants by mutmut's name."""

    name: str
    owner: object
    attribute: str
    original: types.FunctionType
    mutants: dict
    tests: list = field(default_factory=list)  # that reach it: (seconds, test)

    def put(self, function):
        """Let the package use a function in the place of this one."""
        present = vars(self.owner)[self.attribute]
        setattr(self.owner, self.attribute, function)
        for module in package():  # that import it by name
            for name, value in list(vars(module).items()):
                if value is present:
                    setattr(module, name, function)

    def change(self, mutant):
        """Return what a mutant changes: lines taken away and put in, without indentation."""
        before, after = (_lines(one) for one in (self.original, self.mutants[mutant]))
        found = difflib.unified_diff(before, after, n=0, lineterm="")
        changed = [line for line in found if line[:3] not in ("---", "+++") and line[0] in "+-"]
        return tuple(f"{line[0]} {line[1:].strip()}" for line in changed)


def _lines(function):
    """Return the lines of a function below the `def`."""
    lines = textwrap.dedent(inspect.getsource(function)).splitlines()
    return lines[next(n for n, line in enumerate(lines) if line.rstrip().endswith(":")) + 1 :]


def package():
    """Return the modules of microdhcp that are loaded."""
    return [module for name, module in sys.modules.items() if name.startswith("microdhcp")]


def lay_out(names):
    """Make the copy of the package with all changes of these modules, and import from there."""
    from mutmut.mutation.file_mutation import mutate_file_contents

    os.chdir(ROOT)  # mutmut's settings are in pyproject.toml
    shutil.rmtree(STAGE, ignore_errors=True)
    shutil.copytree(PACKAGE, STAGE / "microdhcp", ignore=shutil.ignore_patterns("__pycache__"))
    for name in names:
        path = STAGE / "microdhcp" / f"{name}.py"
        path.write_text(mutate_file_contents(str(path), path.read_text()).code)
    sys.path[:0] = [str(STAGE), str(ROOT / "host_tests"), str(ROOT / "tools")]


def functions(module):
    """Return the Functions of a module that mutmut has changed, the original ones in place."""
    found = []
    for key, variants in list(vars(module).items()):
        if not (key.startswith("mutants_") and key.endswith("__mutmut")):
            continue
        *_, home, attribute = ["", *key[len("mutants_") : -len("__mutmut")].split("ǁ")]
        owner = vars(module)[home] if home else module
        attribute = attribute if home else attribute.removeprefix("x_")
        mutants = dict(variants)
        original = mutants.pop("_mutmut_orig")
        name = ".".join(filter(None, (module.__name__.split(".")[-1], home, attribute)))
        found.append(Function(name, owner, attribute, original, mutants))
        found[-1].put(original)
    return found


def tests():
    """Return the tests of the core, one by one."""
    found = []
    for path in sorted((ROOT / "host_tests").glob("test_*.py")):
        if not path.stem.startswith(("test_host_", *LEFT_OUT)):
            module = importlib.import_module(path.stem)
            if path.stem == "test_model":
                module.SEEDS = STORIES
            for suite in unittest.defaultTestLoader.loadTestsFromModule(module):
                found += suite
    return found


def fails(test):
    """Run a test; return whether it fails."""
    result = unittest.TestResult()
    unittest.TestSuite([test]).run(result)
    return not result.wasSuccessful()


def find_reach(found, cases):
    """Write into the Functions which tests reach them, the quickest first."""
    reached = set()

    def noting(function):
        @functools.wraps(function.original)
        def noted(*args, **more):
            reached.add(function.name)
            return function.original(*args, **more)

        return noted

    for function in found:
        function.put(noting(function))
    for case in cases:
        reached.clear()
        started = time.process_time()
        if fails(case):
            sys.exit(f"{case.id()} fails without a change")
        seconds = time.process_time() - started
        for function in found:
            if function.name in reached:
                function.tests.append((seconds, case))
    for function in found:
        function.put(function.original)
        function.tests.sort(key=lambda one: one[0])


def start(function, mutant):
    """Fork a process that ends with status 0 if no test notices a mutant; return its pid.

    The first 200 tests that fail have their number as its status.
    """
    pid = os.fork()
    if pid:
        return pid
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    function.put(function.mutants[mutant])
    for number, (seconds, case) in enumerate(function.tests, 1):
        limit_s = int(time.process_time() + SLOWER * seconds + 1) + CPU_S
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, resource.RLIM_INFINITY))
        if fails(case):
            os._exit(min(number, 200))
    os._exit(0)


def survivors(found, jobs):
    """Run all mutants; return [(Function, mutant)] of those that no test has noticed."""
    left, running, alive = [(one, name) for one in found for name in one.mutants], {}, []
    left.reverse()
    while left or running:
        while left and len(running) < jobs:
            one = left.pop()
            running[start(*one)] = one
        pid, status = os.wait()
        function, mutant = running.pop(pid)
        if not status:
            alive.append((function, mutant))
        elif os.WIFEXITED(status):  # what has noticed one comes first for the next
            number = os.WEXITSTATUS(status) - 1
            function.tests.insert(0, function.tests.pop(number))
    return alive


def equivalent():
    """Return {(function, lines of the change): reason} of host_tests/mutants.txt."""
    found = {}
    for block in EQUIVALENT.read_text().split("\n\n"):
        lines = [line.rstrip() for line in block.splitlines() if line and line[0] != "#"]
        if lines:
            found[(lines[0], *lines[1:-1])] = lines[-1]
    return found


def judge(found, alive):
    """Print the survivors and a line of figures; return the percentage killed."""
    excused, excuses = 0, equivalent()
    for function, mutant in alive:
        lines = function.change(mutant)
        if (function.name, *lines) in excuses:
            excused += 1
        else:
            print("\n".join([function.name, *lines]), end="\n\n")
    total = sum(len(function.mutants) for function in found)
    killed, counted = total - len(alive), total - excused
    share = 100 * killed / counted if counted else 0.0
    print(
        f"{killed} of {counted} mutants killed ({share:.1f} %); {excused} change nothing:"
        " host_tests/mutants.txt"
    )
    return share


def main():
    """Run the mutants; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", default=MODULES, help="names without .py")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    lay_out(arguments.modules)
    cases = tests()
    modules = [importlib.import_module(f"microdhcp.{name}") for name in arguments.modules]
    found = [function for module in modules for function in functions(module)]
    find_reach(found, cases)
    return 0 if judge(found, survivors(found, arguments.jobs)) >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
