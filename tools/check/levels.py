"""What each level of the tests runs: the one place that says so.

The markers are those of pytest.  A test without a marker belongs to `make test`.
"""

from dataclasses import dataclass

#: What each marker says about a test.
MARKERS = {
    "board": "runs on an emulated board",
    "first": "the story of an emulated board that make test runs as well",
    "long": "a long random run",
}


@dataclass(frozen=True)
class Level:
    """One make target.

    steps     names of functions in tools/check/steps.py, one after the other
    beside    the same, in a process of their own that takes what the first ones leave of the
              processor
    marks     the tests to select, as pytest's option -m takes it; "" selects all
    versions  of MicroPython, for the source: "oldest", "newest", "all", comma-separated
    built     the same, for the built package
    slow      whether MicroPython runs the files of UNTRACED as well
    """

    steps: tuple[str, ...]
    beside: tuple[str, ...] = ()
    marks: str = ""
    versions: str = "oldest"
    built: str = "newest"
    slow: bool = True


BESIDE = ("types", "docs", "size", "micropython")
LEVELS = {
    "quick": Level(("lint", "core"), ("types", "micropython"), "not long", "newest", "", False),
    "test": Level(("lint", "coverage", "rest"), BESIDE, "(not board or first) and not long"),
    "test-board": Level(("rest",), (), "board and not long"),
    "test-all": Level(("lint", "coverage", "rest"), BESIDE, "", "all", "all"),
}

#: Files that need CPython and are traced for the branch coverage of the core all the same.
COVERING = (
    "test_host_background.py",
    "test_host_config.py",
    "test_host_dns.py",
    "test_host_names.py",
    "test_host_fast.py",
    "test_host_faults.py",
    "test_host_recipes.py",
    "test_host_relay.py",
    "test_host_rp2_port.py",
    "test_host_service_faults.py",
    "test_host_web.py",
)
#: Files of the core that are not traced, nor run by `make quick`: slow, and they reach no more.
UNTRACED = ("test_decline_flood.py", "test_hostile.py", "test_model.py")


def selects(level, markers):
    """Return whether the level runs a test with these markers."""
    marks = LEVELS[level].marks
    # Such an expression means in Python what it means to pytest: each marker is a name.
    return not marks or eval(marks, {}, {name: name in markers for name in MARKERS})


def home(markers):
    """Return the first level, from the quickest on, that runs a test with these markers."""
    return next(name for name in ("test", "test-board", "test-all") if selects(name, markers))
