"""The levels of the tests add up: every test runs in one of them, and test-all runs all."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mpvm
from check import levels, steps
from mpvm import suite

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "host_tests"
NEVER = "board and not board"
TARGETS = ("quick", "test", "test-board", "test-all")


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """Return {name: markers} of every test that pytest finds."""
    path = tmp_path_factory.mktemp("levels") / "all.json"
    words = ["-q", "--collect-only", "-p", "no:xdist", f"--left-out={path}", "-m", NEVER]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, done.stdout + done.stderr
    return {name: set(markers) for name, markers in json.loads(path.read_text())}


def test_every_test_is_in_a_level_that_the_ci_runs_or_is_a_long_one(collected):
    """`make test` and `make test-board` leave out only tests marked long."""
    assert len(collected) > 1500
    for name, markers in collected.items():
        runs = levels.selects("test", markers) or levels.selects("test-board", markers)
        assert runs != ("long" in markers), name


def test_every_file_with_tests_is_collected(collected):
    """No file is left out by its name, its folder or a filter."""
    with_tests = {
        path.name
        for path in TESTS.rglob("*.py")
        if any(
            isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            for node in ast.walk(ast.parse(path.read_text()))
        )
        and path.name.startswith("test_")
    }
    assert {name.split("::")[0].split("/")[-1] for name in collected} == with_tests


def test_the_steps_share_the_files_among_them():
    """`coverage` and `rest` together run each file once; MicroPython runs each that it can."""
    files = sorted(TESTS.glob("test_*.py"))
    assert sorted(steps.traced_files() + steps.other_files()) == files
    inside = [path for path in files if not path.name.startswith("test_host_")]
    assert suite.find_tests() == inside == steps.core_files()
    assert set(levels.COVERING) <= {path.name for path in files}
    assert set(levels.UNTRACED) <= {path.name for path in inside}


def test_test_all_runs_everything(collected):
    """Each test, each step, each version of MicroPython."""
    everything = levels.LEVELS["test-all"]
    assert all(levels.selects("test-all", markers) for markers in collected.values())
    for words in (everything.versions, everything.built):
        assert set(steps.versions(words)) == set(mpvm.VERSIONS)
    for name in TARGETS[1:]:
        level = levels.LEVELS[name]
        assert set(level.steps + level.beside) <= set(everything.steps + everything.beside)


def test_markers_mean_something(collected):
    """Each is used, and a story of an emulated board runs in `make test`."""
    used = set().union(*collected.values())
    assert used <= set(levels.MARKERS)
    assert {"board", "first"} <= used
    first = {name for name, markers in collected.items() if "first" in markers}
    assert all(
        "board" in collected[name] and levels.selects("test", collected[name]) for name in first
    )


def test_selection_is_that_of_pytest(tmp_path):
    """levels.selects() says what pytest's -m does, for every set of markers."""
    sets = [set(), {"board"}, {"long"}, {"board", "first"}, {"board", "long"}]
    sets += [{"board", "first", "long"}]
    lines = ["import pytest"]
    for number, markers in enumerate(sets):
        lines += [f"@pytest.mark.{marker}" for marker in sorted(markers)]
        lines += [f"def test_{number}(): pass"]
    (tmp_path / "test_marked.py").write_text("\n".join(lines))
    for level in ("test", "test-board"):
        words = ["-q", "--collect-only", "-p", "no:xdist", "-m", levels.LEVELS[level].marks]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words, "-p", "no:cacheprovider", tmp_path],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        found = {int(number) for number in re.findall(r"::test_(\d)", done.stdout)}
        wanted = {n for n, markers in enumerate(sets) if levels.selects(level, markers)}
        assert found == wanted, done.stdout


def test_make_and_the_ci_know_the_levels():
    """Each level is a target with its time in `make help`, README and CONTRIBUTING."""
    makefile = (ROOT / "Makefile").read_text()
    for name in TARGETS:
        assert re.search(rf"^{name}:  ## .*(minute|hour)", makefile, re.MULTILINE), name
        for page in ("README.md", "CONTRIBUTING.md"):
            assert f"`make {name}`" in (ROOT / page).read_text(), (page, name)
    commands = re.findall(r"^make .*$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert commands == ["make test"]
