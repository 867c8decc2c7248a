"""The end of `make test`: what ran, and what did not with its reason, is read rightly."""

from types import SimpleNamespace

import pytest

from check import report

JUNIT = """<testsuites><testsuite>
<testcase classname="test_a.A" name="test_one"/>
<testcase classname="test_a.A" name="test_two"><failure message="no"/></testcase>
<testcase classname="test_b" name="test_three"><error message="no"/></testcase>
<testcase classname="test_b" name="test_four"><skipped message="no root here"/></testcase>
</testsuite></testsuites>
"""


def test_results_of_pytest(tmp_path):
    """Passed, failed, broken and skipped tests are told apart."""
    path = tmp_path / "result.xml"
    path.write_text(JUNIT)
    step = report.from_junit(path, 1)
    assert (step.status, step.line) == (1, "1 passed, 2 FAILED, 1 not run here")
    assert step.skipped == [("test_b.test_four", "no root here")]


def test_pytest_fails_for_another_reason(tmp_path):
    """All tests pass but the status is not 0: that is said, and stays a failure."""
    path = tmp_path / "result.xml"
    path.write_text('<testsuite><testcase classname="a" name="b"/></testsuite>')
    step = report.from_junit(path, 2)
    assert step.status == 2 and "failed otherwise" in step.line


@pytest.mark.parametrize("text", [None, "", "<testsuite>"])
def test_no_result_is_a_failure(tmp_path, text):
    """A result file that is missing or cut short never counts as success."""
    path = tmp_path / "result.xml"
    if text is not None:
        path.write_text(text)
    assert report.from_junit(path, 0).status == 1


def test_results_of_micropython():
    """Versions are counted one by one; one that is not ok fails the step."""
    good = SimpleNamespace(version="1.29", ok=True, passed=3, failed=[], skipped=[("a", "why")])
    bad = SimpleNamespace(version="1.23", ok=False, passed=2, failed=[("b", "x")], skipped=[])
    step = report.from_mpvm([bad, good])
    assert step.status == 1
    assert step.line == "1.23: 2 passed, 1 FAILED; 1.29: 3 passed, 1 not run here"
    assert step.skipped == [("1.29 a", "why")]


def test_summary_names_what_did_not_run():
    """Each reason once, below it the names; a step that could not run is no success."""
    results = {
        "lint": report.Step(0, "ruff"),
        "micropython": report.Step(0, "", [("host_tests in MicroPython", "no network")]),
        "cpython": report.Step(1, "1 FAILED", [("one", "no root"), ("two", "no root")]),
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
    assert report.summary({"lint": report.Step(0, "ruff")}).endswith("not run here: nothing")


def test_summary_names_what_another_level_runs():
    """Each level once with its markers, below it the files; nothing of it is `not run here`."""
    tests = [("test_a.py::A::test_one", ("board",)), ("test_a.py::A::test_two", ("board",))]
    tests += [("test_b.py::test_three", ("long",)), ("test_b.py::test_four", ())]
    lines = report.summary({"host": report.Step(0, "1 passed", [], tests)}).splitlines()
    at = lines.index("not run here: nothing")
    assert lines[at + 1 :] == [
        "left to make test: 1 tests",
        "    test_b.py: 1",
        "left to make test-all: 1 tests, marked long",
        "    test_b.py: 1",
        "left to make test-board: 2 tests, marked board",
        "    test_a.py: 2",
    ]
