"""Tries on the board: the self-test, and test files of host_tests over the USB line."""

import tempfile
from pathlib import Path

import build
from flash import files, plan
from flash.link import LinkError
from mpvm import source, suite

SILENCE_S = 300  # of the longest test, on an emulated board
# Random packets by the thousand: minutes on a board, and the same code as on the desktop.
LONG = {"test_hostile.py"}


def selftest(link, names, say):
    """Let the board give an address to a device that does not exist; LinkError when it fails.

    names  of microdhcp, to load besides the core
    say    called with each line for the user
    """
    link.soft_reset()
    seen = link.ask("selftest", names, silence_s=SILENCE_S)
    if not seen["file"].startswith(plan.FOLDER):
        raise LinkError(
            f"Python finds another microdhcp first, {seen['file']}: remove it, "
            f"mpremote connect {link.path} fs rm -r :microdhcp; or it is frozen into this "
            "firmware, which then needs nothing copied"
        )
    lock = "with the heap locked" if seen["locked"] else "(heap lock needs MicroPython 1.26)"
    say(f"self-test: {seen['address']} offered and acknowledged {lock}")
    say(
        f"self-test: {seen['before']} bytes of heap free before, {seen['core']} with the core "
        f"and 16 leases, {seen['all']} with {', '.join(names) or 'nothing else'}"
    )


def installed_names(link):
    """Return the public names that the self-test loads, of the package on the board."""
    found, _ = link.ask("inventory", plan.FOLDER, [], silence_s=SILENCE_S)
    return files.late_names(found)


def test_files(names=()):
    """Return the paths of the test files to run: `names`, or all that do not take minutes."""
    found = suite.find_tests(names)
    return found if names else [path for path in found if path.name not in LONG]


def stage(folder, paths):
    """Put compiled tests, and what they import, into a directory that the board will see."""
    here = {path.name for path in source.STANDINS.glob("*.py")}  # the board has the real ones
    for name, data in source.project(built=True).items():
        where, _, file = name.rpartition("/")
        if where == "/firmware/microdhcp" or file.startswith("test_") or file in here:
            continue
        target = folder / name.removeprefix("/host_tests/").removeprefix("/mpvm/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix == ".py":
            target = target.with_suffix(".mpy")
            data = source.compile_mpy(data.decode(), file, keep_lines=True)
        target.write_bytes(data)
    made = build.make(source.BUILT_FAMILY)  # names are the same for all
    for path in paths:
        text = made.translated(path.stem, path.read_text(encoding="utf-8"))
        code = source.compile_mpy(text, path.name, keep_lines=True)
        (folder / f"{path.stem}.mpy").write_bytes(code)


def run_tests(link, paths, say):
    """Run test files on the board, each in a fresh Python; return how many tests failed.

    say  called with each line for the user
    """
    total = {"passed": 0, "failed": 0, "skipped": 0}
    with tempfile.TemporaryDirectory() as name:
        stage(Path(name), paths)
        for path in paths:
            count = _run_file(link, Path(name), path.stem, say)
            total = {outcome: total[outcome] + count[outcome] for outcome in total}
    say(", ".join(f"{number} {outcome}" for outcome, number in total.items()))
    return total["failed"] + (not total["passed"])


def _run_file(link, folder, stem, say):
    """Run one test file; return {outcome: how many}.  A crash counts as one failure."""
    link.soft_reset()
    link.mount(folder)
    try:
        count = link.ask("testfile", stem, silence_s=SILENCE_S)
        for line in link.printed.splitlines():
            if line.strip("."):
                say(f"  {line}")
    except LinkError as error:
        count = {"passed": 0, "failed": 1, "skipped": 0}
        say(f"  {error}")
    finally:
        link.unmount()
    say(f"{stem}: {', '.join(f'{number} {outcome}' for outcome, number in count.items())}")
    return count
