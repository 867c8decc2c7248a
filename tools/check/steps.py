"""The steps of the checks, each a function of a levels.Level that returns a report.Step."""

import json
import os
import subprocess
import sys
from pathlib import Path

import mpvm
from check import levels, report

ROOT = Path(__file__).resolve().parent.parent.parent
TESTS = ROOT / "host_tests"
BUILD = ROOT / ".build"
NOTES = BUILD / "not-set-up.json"  # written by tools/bootstrap.py
WORKERS = max(2, min(4, os.cpu_count() or 2))


def lint(_level):
    """Rules, format and spelling of the sources."""
    for words in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["codespell_lib"]):
        status = python("-m", *words)
        if status:
            return report.Step(status, f"{words[0]} failed")
    return report.Step(0, "ruff check, ruff format --check, codespell")


def types(_level):
    """The package and boards/ against the modules of both firmware families."""
    reason = noted("type check")
    if reason:
        return report.Step(0, "", [("types of the package and of boards/", reason)])
    status = python("tools/typecheck.py")
    return report.Step(status, "something does not fit" if status else "mypy: rp2, esp32")


def docs(_level):
    """The pages as a site: every link, anchor and picture, nothing left out of the menu."""
    reason = noted("site of the docs")
    if reason:
        return report.Step(0, "", [("the pages as a site", reason)])
    os.environ["NO_MKDOCS_2_WARNING"] = "1"  # an advertisement
    status = python("-m", "mkdocs", "build", "--strict", "--quiet")
    return report.Step(status, "a page is not right" if status else "site in .build/site")


def core(level):
    """The tests that run in MicroPython too, on CPython, but the slow ones."""
    return pytest("core", level, *quick_files())


def coverage(level):
    """The tests that reach all of the core, with its branch coverage."""
    return pytest("coverage", level, *traced_files(), "--cov", "--cov-report=term-missing")


def rest(level):
    """The other tests: tools, fakes, real clients, emulated boards, hostile stories."""
    return pytest("rest", level, *other_files())


def lab(_level):
    """The tests with real clients in network namespaces."""
    return pytest("lab", levels.LEVELS["test-all"], *sorted(TESTS.glob("test_host_lab*.py")))


def micropython(level, files=()):
    """The same test files in MicroPython: the source, and the built package."""
    reason = noted("MicroPython")
    if reason:
        return report.Step(0, "", [("host_tests in MicroPython", reason)])
    reports = []
    for one in _micropython_reports(files or (() if level.slow else quick_files()), level):
        reports.append(one)
        for name, text in one.failed:
            print(f"FAILED {one.version} {name}\n{text}")
        print(one.summary(), flush=True)
    return report.from_mpvm(reports)


def _micropython_reports(files, level):
    """Yield the mpvm.Reports of a level: of the source, and of the built package."""
    yield from mpvm.run_tests(files, versions=versions(level.versions))
    yield from mpvm.run_tests(files, versions=versions(level.built), built=True)


def size(_level):
    """What the built package costs on a board, against its budgets."""
    reason = noted("MicroPython")
    if reason:
        return report.Step(0, "", [("heap budget of the core", reason)])
    status = python("tools/size.py")
    return report.Step(status, "heap over budget" if status else "heap within budget")


def one_file(path):
    """Return the results of one test file, on CPython and, where it can run, in MicroPython."""
    everything = levels.LEVELS["test-all"]
    results = {"cpython": pytest("one", everything, path, workers=0)}
    if path.name.startswith("test_host_"):
        print(f"{path.name}: needs CPython, not run in MicroPython")
    else:
        results["micropython"] = micropython(levels.LEVELS["test"], [path])
    return results


STEPS = {
    "lint": lint,
    "types": types,
    "docs": docs,
    "size": size,
    "micropython": micropython,
    "core": core,
    "coverage": coverage,
    "rest": rest,
    "lab": lab,
}


def core_files():
    """Return the test files that run in MicroPython too."""
    return sorted(
        path for path in TESTS.glob("test_*.py") if not path.name.startswith("test_host_")
    )


def quick_files():
    """Return those of core_files() that take little time."""
    return [path for path in core_files() if path.name not in levels.UNTRACED]


def traced_files():
    """Return the files by which the branch coverage is measured."""
    return sorted([*quick_files(), *(TESTS / name for name in levels.COVERING)])


def other_files():
    """Return the test files that are not traced."""
    return sorted(set(TESTS.glob("test_*.py")) - set(traced_files()))


def versions(words):
    """Return the MicroPython versions that "oldest", "newest", "all" name, comma-separated."""
    named = {"oldest": (mpvm.OLDEST,), "newest": (mpvm.NEWEST,), "all": mpvm.VERSIONS}
    return tuple(version for name in filter(None, words.split(",")) for version in named[name])


def python(*words):
    """Run Python with these words in the project's directory; its exit status."""
    sys.stdout.flush()
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL).returncode


def pytest(name, level, *words, workers=WORKERS):
    """Run pytest on what the level selects of some files; return its Step."""
    junit, left_out = BUILD / f"{name}.xml", BUILD / f"{name}-left-out.json"
    for path in (junit, left_out):
        path.unlink(missing_ok=True)
    options = [f"--junit-xml={junit}", f"--left-out={left_out}"]
    options += ["-n", str(workers), "--dist=loadgroup"] if workers else []
    options += ["-m", level.marks] if level.marks else []
    status = python("-m", "pytest", "-q", *options, *words)
    step = report.from_junit(junit, status)
    step.left_out = report.read_left_out(left_out)
    return step


def noted(what):
    """The reason why tools/bootstrap.py could not set `what` up, or None."""
    try:
        return json.loads(NOTES.read_text()).get(what)
    except (OSError, ValueError):
        return None
