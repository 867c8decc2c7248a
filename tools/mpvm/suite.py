"""Runs the project's test files inside MicroPython, each file in an interpreter of its own."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mpvm.install import NEWEST, OLDEST, SetupError
from mpvm.source import HOST_ONLY, ROOT, VM_LIB
from mpvm.vm import HEAP, Session, VMError, VMTimeout

TEST_TIMEOUT_S = 120
TESTS = ROOT / "host_tests"
#: Tests that fail against the built package, and why; a test that passes there must not be here.
SOURCE_ONLY = {
    "test_config.TestDefaults.test_holds_exactly_what_the_core_reads": "asks for names as text",
}


@dataclass
class Report:
    """What came out for one version: counts, and (name, text) of what failed or was skipped.

    built  True: of the built package, where the tests of SOURCE_ONLY have to fail
    """

    version: str
    passed: int = 0
    failed: list = field(default_factory=list)
    skipped: list = field(default_factory=list)
    built: bool = False

    @property
    def ok(self):
        """True when something passed and nothing failed."""
        return self.passed > 0 and not self.failed

    def summary(self):
        """Return the one line that counts."""
        counts = f"{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"
        package = ", built package" if self.built else ""
        return f"MicroPython {self.version}{package}: {counts}"

    def add(self, name, outcome, text):
        """Count one outcome: "passed", "failed" or "skipped"."""
        if self.built and name in SOURCE_ONLY:
            if outcome == "failed":
                outcome, text = "skipped", f"not for the built package: {SOURCE_ONLY[name]}"
            elif outcome == "passed":
                outcome, text = "failed", "passes: take it from SOURCE_ONLY in tools/mpvm/suite.py"
        if outcome == "passed":
            self.passed += 1
        else:
            getattr(self, outcome).append((name, text))

    def merge(self, other):
        """Add the counts of another report."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def find_tests(files=()):
    """Return the test files to run, as paths; all that can run in MicroPython by default.

    Raises SetupError for a file that is missing or for CPython only.
    """
    if not files:
        found = sorted(TESTS.glob("test_*.py"))
        return [path for path in found if not path.name.startswith(HOST_ONLY)]
    paths = [Path(name).resolve() for name in files]
    for path in paths:
        if not path.is_file():
            raise SetupError(f"{path}: no such test file")
        if path.suffix != ".py" or path.name.startswith(HOST_ONLY):
            raise SetupError(f"{path.name}: not a test file that runs in MicroPython")
    return paths


def _run_one_by_one(vm, file, report, timeout):
    """Run the tests of one open session; an interpreter that ends fails the test it was in."""
    names = vm.call("mpvm.open_tests", file, timeout=timeout)
    if isinstance(names, str):
        report.add(file, "skipped", names)
        return
    if not names:
        report.add(file, "failed", "no tests in this file")
    for at, name in enumerate(names):
        try:
            outcome, text = vm.call("mpvm.next_test", timeout=timeout)
        except VMError as error:
            left = len(names) - at - 1
            how = "hung" if isinstance(error, VMTimeout) else "ended the interpreter"
            report.add(f"{file}.{name}", "failed", f"{how} ({left} more not run): {error}")
            return
        report.add(f"{file}.{name}", outcome, text)


def _without_runner(text):
    """Return a traceback without the frames of the runner itself."""
    frame = f'  File "{VM_LIB}/'
    return "\n".join(line for line in text.splitlines() if not line.startswith(frame))


def _run_file(path, version, options, timeout):
    report = Report(version, built=options["built"])
    # A file from elsewhere is put beside the others, from source.
    files = {} if path.parent == TESTS else {f"/host_tests/{path.name}": path}
    try:
        with Session(version, files=files, timeout=timeout, **options) as vm:
            _run_one_by_one(vm, path.stem, report, timeout)
            printed = vm.output.strip()
        if printed and report.failed:
            report.failed[-1] = (
                report.failed[-1][0],
                f"{report.failed[-1][1]}\nprinted in this file:\n{printed}",
            )
    except VMError as error:
        report.add(path.stem, "failed", _without_runner(str(error)))
    return report


def run_tests(
    files=(),
    versions=(OLDEST, NEWEST),
    *,
    mpy=False,
    built=False,
    heap=HEAP,
    timeout=TEST_TIMEOUT_S,
):
    """Run test files in every version and yield one Report per version, in that order.

    files    paths of test files; all host_tests/test_*.py that can run here by default
    mpy      True: firmware and tests are compiled first
    built    True: against the built package, where those of SOURCE_ONLY must fail
    timeout  seconds for each test
    Raises SetupError when a file or an interpreter is missing.
    """
    paths = find_tests(files)
    options = {"mpy": mpy, "built": built, "heap": heap}
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        running = [
            (
                version,
                [pool.submit(_run_file, path, version, options, timeout) for path in paths],
            )
            for version in versions
        ]
        for version, parts in running:
            report = Report(version, built=built)
            for part in parts:
                report.merge(part.result())
            yield report
