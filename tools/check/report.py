"""The results of the steps, and the summary at the end."""

import json
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field

from check import levels


@dataclass
class Step:
    """Result of one step.

    status    0: all is well
    line      what came out, in one line; "" if the step could not run
    skipped   (name, reason) of what this machine cannot run
    left_out  (name, markers) of the tests that belong to another level
    """

    status: int
    line: str
    skipped: list = field(default_factory=list)
    left_out: list = field(default_factory=list)
    seconds: float = 0.0
    cpu_s: float = 0.0  # of all its processes


def from_junit(path, status):
    """Return the Step that a pytest result file describes; without the file only the status."""
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return Step(status or 1, "pytest left no result")
    failed = sum(case.find("failure") is not None for case in cases)
    failed += sum(case.find("error") is not None for case in cases)
    skipped = [
        (f"{case.get('classname')}.{case.get('name')}", case.find("skipped").get("message"))
        for case in cases
        if case.find("skipped") is not None
    ]
    line = counts(len(cases) - failed - len(skipped), failed, len(skipped))
    if status and not failed:
        line += ", pytest failed otherwise (coverage, or an error above)"
    return Step(status, line, skipped)


def from_mpvm(reports):
    """Return the Step that the reports of mpvm.run_tests() add up to."""
    step = Step(0 if all(one.ok for one in reports) else 1, "")
    for one in reports:
        numbers = counts(one.passed, len(one.failed), len(one.skipped))
        step.line += f"{'; ' if step.line else ''}{one.version}: {numbers}"
        step.skipped += [(f"{one.version} {name}", reason) for name, reason in one.skipped]
    return step


def read_left_out(path):
    """Return [(name, markers)] of the file that host_tests/conftest.py writes; [] without it."""
    try:
        return [(name, tuple(markers)) for name, markers in json.loads(path.read_text())]
    except (OSError, ValueError):
        return []


def counts(passed, failed, skipped):
    """Return the numbers in words."""
    text = f"{passed} passed"
    if failed:
        text += f", {failed} FAILED"
    if skipped:
        text += f", {skipped} not run here"
    return text


def summary(results, lab_note=None):
    """Return the end of the output: a line for each step, then what did not run, by reason."""
    lines = ["", "== summary"]
    for name, step in results.items():
        mark = "FAILED" if step.status else "ok" if step.line else "-"
        took = f"({step.seconds:.0f} s, CPU {step.cpu_s:.0f} s)"
        lines.append(f"{mark:6}  {name:12} {step.line or 'not run here'} {took}")
    lines += ["", *not_run(results)]
    if lab_note:
        lines.append(f"  Debian packages of the lab: {lab_note}")
    return "\n".join([*lines, *elsewhere(results)])


def not_run(results):
    """Return the lines about what this machine cannot run: each reason once, below it names."""
    by_reason = {}
    for step in results.values():
        for name, reason in step.skipped:
            by_reason.setdefault(reason, []).append(name)
    lines = ["not run here:" if by_reason else "not run here: nothing"]
    for reason, names in by_reason.items():
        lines.append(f"  {reason}")
        lines += [f"    {name}" for name in names]
    return lines


def elsewhere(results):
    """Return the lines about the tests of other levels: each level once, below it the files."""
    by_level = {}
    for step in results.values():
        for name, markers in step.left_out:
            by_level.setdefault(levels.home(markers), []).append((name, markers))
    lines = []
    for level, tests in sorted(by_level.items()):
        marked = sorted({marker for _, markers in tests for marker in markers})
        why = f", marked {' and '.join(marked)}" if marked else ""
        lines.append(f"left to make {level}: {len(tests)} tests{why}")
        files = Counter(name.split("::")[0].split("/")[-1] for name, _ in tests)
        lines += [f"    {file}: {count}" for file, count in sorted(files.items())]
    return lines
