"""Put microdhcp on a board and try it there; copies only what has changed.

    make flash BOARD=pico_w PORT=/dev/ttyACM0 [FAST=1] [MAIN=my_main.py]

In order: is it the board, and its firmware new enough; compile; compare by SHA-256; remove what an
older version left behind; copy; self-test on the board; restart.  Nothing is written before the
first two are settled.  A main.py that is not the example is never touched without MAIN=.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0:1] = [str(ROOT / "tools")]

from flash import boards, build, plan
from flash.link import Link, LinkError, only_port
from mpvm import SetupError

SPARE_N = 16384  # free flash to leave: littlefs needs some, and leases are stored
SELFTEST_SILENCE_S = 120


def say(text):
    """Print one line at once."""
    print(text, flush=True)


class Progress:
    """Prints one line for each file, with the share of all bytes that are copied by then."""

    def __init__(self, total_n):
        self._total_n = total_n
        self._done_n = 0

    def copied(self, n):
        """Count n bytes."""
        self._done_n += n

    def line(self, path, n):
        """Say that a file of n bytes is there."""
        share = 100 * self._done_n // self._total_n if self._total_n else 100
        say(f"  {share:3} %  {path}, {n} bytes")


def identify(link, board):
    """Say what answers; LinkError when microdhcp for this board cannot go there."""
    found = link.identify()
    say(f"{found.machine}, MicroPython {found.release}, at {link.path}")
    reason = boards.objection(board, found)
    if reason:
        raise LinkError(reason)
    return found


def change(link, board, files, chosen):
    """Bring the board's files up to date; say what was done."""
    found, free_n = link.ask("inventory", plan.FOLDER, [plan.MAIN], silence_s=SELFTEST_SILENCE_S)
    work = plan.package(files, found)
    about_main = plan.add_main(work, build.example(board), chosen, found)
    if work.copy_n + SPARE_N > free_n:
        raise LinkError(
            f"{work.copy_n} bytes to copy, {free_n} free in the board's flash: remove something"
        )
    if work.make or work.remove or work.rename:
        link.ask("change", work.make, work.remove, work.rename)
    for path in work.remove:
        say(f"  removed {path}, of an older version")
    progress = Progress(work.copy_n)
    for path, data in work.copy.items():
        link.write(path, data, progress.copied)
        progress.line(path, len(data))
    say(f"{len(work.copy)} files copied, {len(work.kept)} were there already; {about_main}")


def selftest(link, modules):
    """Let the board give an address to a device that does not exist; LinkError when it fails."""
    link.soft_reset()
    seen = link.ask("selftest", modules, silence_s=SELFTEST_SILENCE_S)
    if not seen["file"].startswith(plan.FOLDER):
        raise LinkError(
            f"Python finds another microdhcp first: {seen['file']}. Remove that one: "
            f"mpremote connect {link.path} fs rm -r :{seen['file'].rsplit('/', 1)[0]}"
        )
    lock = "with the heap locked" if seen["locked"] else "(heap lock needs MicroPython 1.26)"
    say(f"self-test: {seen['address']} offered and acknowledged {lock}")
    say(
        f"self-test: {seen['before']} bytes of heap free before, {seen['core']} with the core "
        f"and 16 leases, {seen['all']} with {', '.join(modules) or 'nothing else'}"
    )


def run(arguments):
    """Do it all; raises LinkError or mpvm.SetupError with one sentence for the user."""
    board = boards.BOARDS[arguments.board]
    chosen = arguments.main.read_bytes() if arguments.main else None
    with Link(arguments.port or only_port()) as link:
        identify(link, board)
        files = build.package()
        modules = build.late_modules(files, board)
        if not arguments.test_only:
            change(link, board, files, chosen)
        selftest(link, modules)
        if arguments.reset:
            link.reset()
            say("restarted: main.py runs")
    say("ok")


def parser():
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="flash", description=__doc__.splitlines()[0])
    top.add_argument("--board", required=True, choices=sorted(boards.BOARDS))
    top.add_argument("--port", help="serial port; the only USB one unless given")
    top.add_argument("--main", type=Path, metavar="FILE", help="replace main.py by this file")
    top.add_argument("--test-only", action="store_true", help="copy nothing, only the self-test")
    top.add_argument("--no-reset", dest="reset", action="store_false", help="leave it at the REPL")
    return top


def main():
    """Run the command line; return the exit status."""
    arguments = parser().parse_args()
    try:
        run(arguments)
    except KeyboardInterrupt:
        print("flash: interrupted; the next run repairs what is unfinished", file=sys.stderr)
    except (LinkError, SetupError, OSError) as error:
        print(f"flash: {error}", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
