"""Put microdhcp on a board and try it there.

    make flash BOARD=pico_w PORT=/dev/ttyACM0 [FAST=1] [LINES=1] [MAIN=my_main.py]
    make board-test PORT=/dev/ttyACM0 [TESTS=host_tests/test_message_key.py]

copy, in this order: is it the board, and its firmware new enough; compile; compare by SHA-256;
remove what an older version left behind; copy what differs; self-test on the board; restart.
Nothing is written before the first two are settled, and a main.py that is not the example is
never touched without MAIN=.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0:1] = [str(ROOT / "tools")]

try:
    import translate
    from flash import boards, check, copy, files
    from flash.link import Link, LinkError, only_port
except ModuleNotFoundError as error:  # the Python of the system
    sys.exit(f"flash: {error}: run make setup, then .venv/bin/python tools/flash")
from mpvm import SetupError


def say(text):
    """Print one line at once."""
    print(text, flush=True)


def chosen_main(path):
    """Return the bytes of the file that is to be main.py, None without one; or ValueError."""
    try:
        return path and path.read_bytes()
    except OSError as error:
        raise ValueError(f"MAIN={path}: {error.strerror}") from None


def run_copy(arguments):
    """Bring the board up to date, and try it; return the exit status."""
    board = boards.named(arguments.board)
    chosen = chosen_main(arguments.main)
    with Link(arguments.port or only_port()) as link:
        _, found = copy.identify(link, say, board)
        core = found.architecture if arguments.fast else None
        wanted = files.package(board, core, arguments.lines)
        copy.update(link, board, wanted, chosen, say)
        check.selftest(link, files.late_names(wanted), say)
        if arguments.reset:
            link.reset()
            say("restarted; step 6 shows whether main.py runs")
    return 0


def run_test(arguments):
    """Run the self-test and test files on the board; return the exit status."""
    paths = check.test_files(arguments.files)
    with Link(arguments.port or only_port()) as link:
        copy.identify(link, say)
        check.selftest(link, check.installed_names(link), say)
        failed_n = check.run_tests(link, paths, say)
        if arguments.reset:
            link.reset()
    return 1 if failed_n else 0


def in_words_of_the_source(error):
    """Return the text of an error; a board's traceback with the source's lines and names."""
    text = str(error)
    return translate.translated(text, translate.known_names(None))[:-1] if "\n" in text else text


def parser():
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="flash", description=__doc__.splitlines()[0])
    commands = top.add_subparsers(required=True, metavar="command")
    put = commands.add_parser("copy", help="copy what has changed, then the self-test")
    put.add_argument("--board", default="", help=", ".join(boards.BOARDS))
    put.add_argument("--fast", action="store_true", help="the FAST build, for the board's core")
    put.add_argument("--lines", action="store_true", help="keep line numbers, for tracebacks")
    put.add_argument("--main", type=Path, metavar="FILE", help="replace main.py by this file")
    put.set_defaults(run=run_copy)
    test = commands.add_parser("test", help="the self-test, then test files on the board")
    test.add_argument("files", nargs="*", help="files of host_tests, default: all but the longest")
    test.set_defaults(run=run_test)
    for command in (put, test):
        command.add_argument("--port", help="serial port, default: the only USB port")
        command.add_argument(
            "--no-reset", dest="reset", action="store_false", help="leave the board at the REPL"
        )
    return top


def main():
    """Run the command line; return the exit status."""
    arguments = parser().parse_args()
    try:
        status = arguments.run(arguments)
    except KeyboardInterrupt:
        print("flash: interrupted; the next run repairs what is unfinished", file=sys.stderr)
        return 1
    except (LinkError, SetupError, OSError, ValueError) as error:
        print(f"flash: {in_words_of_the_source(error)}", file=sys.stderr)
        return 1
    say("FAILED" if status else "ok")
    return status


if __name__ == "__main__":
    sys.exit(main())
