"""The end of `make test`: what ran, and what did not with its reason, is read rightly."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"
JUNIT = """<testsuites><testsuite>
<testcase classname="test_a.A" name="test_one"/>
<testcase classname="test_a.A" name="test_two"><failure message="no"/></testcase>
<testcase classname="test_b" name="test_three"><error message="no"/></testcase>
<testcase classname="test_b" name="test_four"><skipped message="no root here"/></testcase>
</testsuite></testsuites>
"""


@pytest.fixture
def report():
    """Return tools/check/report.py as a module."""
    spec = importlib.util.spec_from_file_location("report", TOOLS / "check" / "report.py")
    module = sys.modules["report"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["report"]


def test_results_of_pytest(report, tmp_path):
    """Passed, failed, broken and skipped tests are told apart."""
    path = tmp_path / "result.xml"
    path.write_text(JUNIT)
    level = report.from_junit(path, 1)
    assert (level.status, level.line) == (1, "1 passed, 2 FAILED, 1 not run here")
    assert level.skipped == [("test_b.test_four", "no root here")]


def test_pytest_fails_for_another_reason(report, tmp_path):
    """All tests pass but the status is not 0: that is said, and stays a failure."""
    path = tmp_path / "result.xml"
    path.write_text('<testsuite><testcase classname="a" name="b"/></testsuite>')
    level = report.from_junit(path, 2)
    assert level.status == 2 and "failed otherwise" in level.line


@pytest.mark.parametrize("text", [None, "", "<testsuite>"])
def test_no_result_is_a_failure(report, tmp_path, text):
    """A result file that is missing or cut short never counts as success."""
    path = tmp_path / "result.xml"
    if text is not None:
        path.write_text(text)
    assert report.from_junit(path, 0).status == 1


def test_results_of_micropython(report):
    """Versions are counted one by one; one that is not ok fails the level."""
    good = SimpleNamespace(version="1.29", ok=True, passed=3, failed=[], skipped=[("a", "why")])
    bad = SimpleNamespace(version="1.23", ok=False, passed=2, failed=[("b", "x")], skipped=[])
    level = report.from_mpvm([bad, good])
    assert level.status == 1
    assert level.line == "1.23: 2 passed, 1 FAILED; 1.29: 3 passed, 1 not run here"
    assert level.skipped == [("1.29 a", "why")]


def test_summary_names_what_did_not_run(report):
    """Each reason once, below it the names; a level that could not run is no success."""
    results = {
        "lint": report.Level(0, "ruff"),
        "micropython": report.Level(0, "", [("host_tests in MicroPython", "no network")]),
        "cpython": report.Level(1, "1 FAILED", [("one", "no root"), ("two", "no root")]),
    }
    lines = report.summary(results, "not root; as root: apt-get install arping").splitlines()
    assert lines[2].startswith("ok      lint")
    assert lines[3].startswith("-       micropython")
    assert lines[4].startswith("FAILED  cpython")
    at = lines.index("not run here:")
    assert lines[at + 1 :] == [
        "  no network",
        "    host_tests in MicroPython",
        "  no root",
        "    one",
        "    two",
        "  Debian packages of the lab: not root; as root: apt-get install arping",
    ]
    assert report.summary({"lint": report.Level(0, "ruff")}).endswith("not run here: nothing")
