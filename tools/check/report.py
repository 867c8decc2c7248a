"""What a level of the checks has brought, and the summary at the end."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field


@dataclass
class Level:
    """Result of one level: exit status, one line, and (name, reason) of what could not run."""

    status: int
    line: str
    skipped: list = field(default_factory=list)
    seconds: float = 0.0


def from_junit(path, status):
    """Return the Level that a pytest result file describes; without the file only the status."""
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return Level(status or 1, "pytest left no result")
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
    return Level(status, line, skipped)


def from_mpvm(reports):
    """Return the Level that the reports of mpvm.run_tests() add up to."""
    level = Level(0 if all(one.ok for one in reports) else 1, "")
    for one in reports:
        numbers = counts(one.passed, len(one.failed), len(one.skipped))
        level.line += f"{'; ' if level.line else ''}{one.version}: {numbers}"
        level.skipped += [(f"{one.version} {name}", reason) for name, reason in one.skipped]
    return level


def counts(passed, failed, skipped):
    """Return the numbers in words."""
    text = f"{passed} passed"
    if failed:
        text += f", {failed} FAILED"
    if skipped:
        text += f", {skipped} not run here"
    return text


def summary(results, lab_note=None):
    """Return the end of the output: a line for each level, then what did not run, by reason."""
    lines = ["", "== summary"]
    for name, level in results.items():
        mark = "FAILED" if level.status else "ok" if level.line else "-"
        lines.append(f"{mark:6}  {name:12} {level.line or 'not run here'} ({level.seconds:.0f} s)")
    by_reason = {}
    for level in results.values():
        for name, reason in level.skipped:
            by_reason.setdefault(reason, []).append(name)
    lines.append("")
    lines.append("not run here:" if by_reason else "not run here: nothing")
    for reason, names in by_reason.items():
        lines.append(f"  {reason}")
        lines += [f"    {name}" for name in names]
    if lab_note:
        lines.append(f"  Debian packages of the lab: {lab_note}")
    return "\n".join(lines)
