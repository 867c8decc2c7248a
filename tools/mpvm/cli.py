"""The command line: run, test, versions, size, setup."""

import argparse
import os
import sys

from mpvm import source, suite, vm
from mpvm.install import NEWEST, OLDEST, VERSIONS, SetupError, setup

MAX_TIMEOUT_S = 86400


def _versions(text):
    """Return the versions named by "all", "oldest", "newest" or numbers, comma-separated."""
    names = {"all": VERSIONS, "oldest": (OLDEST,), "newest": (NEWEST,)}
    chosen = []
    for word in text.split(","):
        found = names.get(word) or tuple(v for v in VERSIONS if v == word)
        if not found:
            known = ", ".join(("all", "oldest", "newest", *VERSIONS))
            raise argparse.ArgumentTypeError(f"{word!r} is none of {known}")
        chosen += [version for version in found if version not in chosen]
    return chosen


def _version(text):
    found = _versions(text)
    if len(found) != 1:
        raise argparse.ArgumentTypeError("one version, please")
    return found[0]


def _seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value <= MAX_TIMEOUT_S:
        raise argparse.ArgumentTypeError(f"{text!r}: expected seconds, up to {MAX_TIMEOUT_S}")
    return value


def _size(text):
    try:
        return vm.parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _run(args):
    result = vm.run(
        source.Path(args.script),
        args.version,
        mpy=args.mpy,
        keep_lines=args.lines,
        built=args.built,
        heap=args.heap,
        timeout=args.timeout,
        args=args.args,
        capture=False,
    )
    if result.returncode == vm.TIMED_OUT:
        print(f"mpvm: ended after {args.timeout:g} s", file=sys.stderr)
    return result.returncode


def _indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines())


def _test(args):
    good = True
    options = {"mpy": args.mpy, "built": args.built, "heap": args.heap, "timeout": args.timeout}
    for report in suite.run_tests(args.files, args.versions, **options):
        good = good and report.ok
        for name, text in report.failed:
            print(f"FAILED {name}\n{_indented(text)}", end="")
        print(report.summary())
        for name, reason in report.skipped:
            print(f"  skipped {name}: {reason}")
        if not report.passed and not report.failed:
            print("  no test ran: that is a failure too")
        sys.stdout.flush()
    return 0 if good else 1


def _list(_args):
    print("\n".join(VERSIONS))
    return 0


def _setup(_args):
    setup()
    return 0


def _size_report(_args):
    import size  # tools/size.py, which needs this package itself

    return size.main([])


def _add_common(parser, timeout_s, timeout_help):
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--mpy", action="store_true", help="compile the project's files first")
    form.add_argument("--built", action="store_true", help="the package that is put on boards")
    form.add_argument("--source", action="store_true", help="the files as they are (default)")
    parser.add_argument(
        "--heap", type=_size, default=vm.HEAP, help="bytes at start, e.g. 256k; grows on demand"
    )
    parser.add_argument("--timeout", type=_seconds, default=timeout_s, help=timeout_help)


def _parser():
    parser = argparse.ArgumentParser(
        prog="mpvm", description="Run code inside real MicroPython interpreters (WebAssembly)."
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    run = commands.add_parser("run", help="run one script")
    run.add_argument("script")
    run.add_argument("args", nargs="*", help="sys.argv[1:] of the script; options after --")
    run.add_argument("--version", type=_version, default=NEWEST, help=f"default {NEWEST}")
    run.add_argument("--lines", action="store_true", help="with --mpy: keep line numbers")
    _add_common(run, vm.TIMEOUT_S, "seconds for the script (default %(default)s)")
    run.set_defaults(action=_run)

    test = commands.add_parser("test", help="run test files (default: all of host_tests)")
    test.add_argument("files", nargs="*")
    test.add_argument(
        "--versions",
        type=_versions,
        default=[OLDEST, NEWEST],
        help="all, oldest, newest or numbers, comma-separated (default oldest,newest)",
    )
    _add_common(test, suite.TEST_TIMEOUT_S, "seconds for each test (default %(default)s)")
    test.set_defaults(action=_test)

    commands.add_parser("versions", help="list the versions").set_defaults(action=_list)
    size = commands.add_parser("size", help="heap and .mpy bytes of the core against its budget")
    size.set_defaults(action=_size_report)
    install = commands.add_parser("setup", help="install the interpreters; quick when they are")
    install.set_defaults(action=_setup)
    return parser


def main(argv=None):
    """Run one command and return its exit status (2: wrong arguments or not set up)."""
    words = sys.argv[1:] if argv is None else list(argv)
    # argparse does not hand over what follows "--" when options stand between the words.
    cut = words.index("--") if "--" in words else len(words)
    args = _parser().parse_args(words[:cut])
    if words[cut + 1 :]:
        args.args = getattr(args, "args", []) + words[cut + 1 :]
    try:
        return args.action(args)
    except (SetupError, vm.VMError) as error:
        print(f"mpvm: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
