"""Mutation testing of the core: are there changes of the code that no test notices?

    python tools/mutants.py                     the modules in MODULES; some minutes on two cores
    python tools/mutants.py server reply        only these
    python tools/mutants.py --show NAME         the change of one mutant

mutmut makes the changes and gives each one the tests that reach its function.  It wants the
package in a directory `src`, so a copy of firmware, host_tests and tools is laid out in
.build/mutants.  A survivor that changes nothing that can be seen stands in host_tests/mutants.txt,
with the reason; any other is listed.  Status 1 if fewer than GOAL percent are killed.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAGE = ROOT / ".build" / "mutants"
EQUIVALENT = ROOT / "host_tests" / "mutants.txt"
MODULES = ("server", "leases", "reply", "message", "wire", "store", "leasefile", "conflict")
GOAL = 95.0
#: Tests that are slow and reach nothing that the others do not.
LEFT_OUT = (
    "test_decline_flood.py",
    "test_hostile.py",
    "test_hygiene.py",
    "test_model.py",
    "test_no_alloc.py",
)
KILLED = ("killed", "timeout", "suspicious", "segfault")
_IGNORED = shutil.ignore_patterns("__pycache__", "node_modules", "*.uf2")


def modules(wanted):
    """Return the names of the modules to change: those wanted, or those of MODULES there are."""
    package = ROOT / "firmware" / "microdhcp"
    return [name for name in wanted or MODULES if (package / f"{name}.py").is_file()]


def tests():
    """Return the test files that run for mutants, relative to the project."""
    found = sorted((ROOT / "host_tests").glob("test_*.py"))
    names = [path.name for path in found if not path.name.startswith("test_host_")]
    return [f"host_tests/{name}" for name in names if name not in LEFT_OUT]


def lay_out(names):
    """Make the copy that mutmut works in."""
    shutil.rmtree(STAGE, ignore_errors=True)
    shutil.copytree(ROOT / "firmware", STAGE / "src", ignore=_IGNORED)
    for folder in ("host_tests", "tools"):
        shutil.copytree(ROOT / folder, STAGE / folder, ignore=_IGNORED)
    changed = "".join(f"\n    src/microdhcp/{name}.py" for name in names)
    selected = "".join(f"\n    {name}" for name in tests())
    (STAGE / "setup.cfg").write_text(
        "[mutmut]\nsource_paths = src\nalso_copy =\n    host_tests\n    tools\n    pytest.ini\n"
        f"only_mutate ={changed}\npytest_add_cli_args_test_selection ={selected}\n"
        "pytest_add_cli_args =\n    -p\n    no:xdist\n    -p\n    no:cov\n"
    )
    (STAGE / "pytest.ini").write_text("[pytest]\npythonpath = src host_tests tools\n")


def mutmut(*words, **more):
    """Run mutmut in the copy."""
    command = [str(Path(sys.executable).with_name("mutmut")), *words]
    return subprocess.run(command, cwd=STAGE, text=True, stdin=subprocess.DEVNULL, **more)


def results():
    """Return {mutant: state} of the last run; names begin with the module's."""
    lines = mutmut("results", "--all", "true", stdout=subprocess.PIPE).stdout.splitlines()
    found = (re.fullmatch(r"\s*microdhcp\.(\S+): (.+)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}


def change(name):
    """Return what a mutant changes: the lines taken away and put in, without their indentation."""
    text = mutmut("show", f"microdhcp.{name}", stdout=subprocess.PIPE).stdout
    lines = [line for line in text.splitlines() if re.match(r"[-+](?![-+])", line)]
    return tuple(line[0] + " " + line[1:].strip() for line in lines)


def function(name):
    """Return the mutant's name without its number, "server.Server._release"."""
    module, rest = name.split(".", 1)
    rest = rest.rsplit("__mutmut_", 1)[0].replace("xǁ", "").replace("ǁ", ".")
    return f"{module}.{rest.removeprefix('x_')}"


def equivalent():
    """Return {(function, line taken away, line put in): reason} of host_tests/mutants.txt."""
    found = {}
    for block in EQUIVALENT.read_text().split("\n\n"):
        lines = [line.rstrip() for line in block.splitlines() if line and line[0] != "#"]
        if lines:
            found[(lines[0], *lines[1:-1])] = lines[-1]
    return found


def summary(states):
    """Print the survivors and a line of figures; return the percentage killed."""
    left = sum(state == "not checked" for state in states.values())
    if left or not states:
        print(f"the run has not ended: {left} of {len(states)} mutants are not checked")
        return 0.0
    excused = equivalent()
    killed = sum(state in KILLED for state in states.values())
    without = 0
    for name, state in states.items():
        if state in KILLED:
            continue
        lines = change(name)
        if (function(name), *lines) in excused:
            without += 1
            continue
        print(f"{function(name)}  ({state}: {name})")
        print("\n".join(lines), end="\n\n")
    counted = len(states) - without
    share = 100 * killed / counted if counted else 0.0
    print(
        f"{killed} of {counted} mutants killed ({share:.1f} %); {without} change nothing:"
        " host_tests/mutants.txt"
    )
    return share


def main():
    """Run mutmut; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="names without .py")
    parser.add_argument("--show", help="print the change of one mutant of the last run")
    parser.add_argument("--summary", action="store_true", help="of the last run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if arguments.show:
        print("\n".join(change(arguments.show)))
        return 0
    if not arguments.summary:
        lay_out(modules(arguments.modules))
        log = STAGE / "log.txt"
        with log.open("w") as out:
            done = mutmut("run", "--max-children", str(arguments.jobs), stdout=out, stderr=out)
        if done.returncode:
            print(log.read_text()[-3000:])
            return done.returncode
    return 0 if summary(results()) >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
