"""How pytest runs host_tests: markers, groups of tests that stay together, and what is left out.

Markers and levels are in tools/check/levels.py.  Runs on every system and on CPython 3.9 too.
"""

import json
import sys

import pytest

from check import levels


def pytest_addoption(parser):
    """Add --left-out, by which tools/check learns which tests belong to another level."""
    parser.addoption("--left-out", metavar="FILE", help="write the tests left out as JSON")


#: What the files test_host_*.py need: they are of the desktop tools.
HAS_TOOLS = sys.platform == "linux" and sys.version_info >= (3, 11)


def pytest_report_header():
    """Leave out files that pytest must not collect."""
    if not HAS_TOOLS:
        return "test_host_*.py: not collected, they need Linux and Python 3.11"
    return None


def pytest_ignore_collect(collection_path, config):
    """Do not even import test_host_*.py where -k leaves them out, or where they cannot run."""
    left_out = config.not_host or not HAS_TOOLS
    if left_out and collection_path.name.startswith("test_host_"):
        return True
    return None


def pytest_configure(config):
    """Name the markers, and let `-k "not host"` mean the files test_host_*.py.

    To pytest it would mean every test: this folder has "host" in its name.
    """
    config.not_host = config.option.keyword == "not host"
    if config.not_host:
        config.option.keyword = ""
    config.left_out = []
    known = {**levels.MARKERS, "xdist_group(name)": "runs in one process, with pytest-xdist"}
    for name, text in known.items():
        config.addinivalue_line("markers", f"{name}: {text}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Let the tests of a class, and the functions of a file, run in one process.

    They share what setUpClass and caches have made.  With pytest-xdist and --dist loadgroup.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(group_of(item)))


def group_of(item):
    """Return the name of the group of a test that names none."""
    file = item.nodeid.split("::")[0]
    return f"{file}::{item.cls.__name__}" if item.cls else file


def pytest_deselected(items):
    """Note the tests that -m leaves out, with their markers."""
    for item in items:
        markers = [name for name in levels.MARKERS if item.get_closest_marker(name)]
        item.config.left_out.append((item.nodeid.split("@")[0], markers))


def pytest_sessionfinish(session):
    """Pass on the list of tests left out: a worker to the first process, that one to the file."""
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = config.left_out
    elif config.getoption("--left-out"):
        with open(config.getoption("--left-out"), "w") as file:
            json.dump(config.left_out, file)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Take over what a worker has left out; all of them leave out the same."""
    if not node.config.left_out:
        node.config.left_out += getattr(node, "workeroutput", {}).get("left_out", [])
