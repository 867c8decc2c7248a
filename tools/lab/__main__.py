"""The lab's command line: `python tools/lab` runs its tests; see --help for the rest."""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from lab import CLIENTS, Lab, LabError, Udhcpc, unavailable
from lab.record import FOLDER, record_all

_HINTS = """A shell in {name}: interface eth0, MAC {mac}, no address yet.
The server is {server}; everything here vanishes when you leave the shell.
  busybox udhcpc -f -q -n -i eth0 -s {hook}     get an address
  tcpdump -n -i eth0 -v port 67 or port 68      watch (in the background)
  ip addr; ping {server}; arping -c 3 -I eth0 {server}"""


def run_tests(_arguments):
    """Run host_tests/test_host_lab.py verbosely; return its exit status."""
    test = ROOT / "host_tests" / "test_host_lab.py"
    argv = [sys.executable, "-m", "pytest", "-v", "-rs", str(test)]
    return subprocess.call(argv, cwd=ROOT)


def run_record(arguments):
    """Record captures of the clients; return 0."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    for path in record_all(arguments.client, arguments.out):
        print(path)
    return 0


def run_shell(arguments):
    """Open a shell in a client node beside a running server; return the shell's exit status."""
    with Lab() as lab, lab.serve("--lease-time", str(arguments.lease_time)):
        node = lab.clients[0]
        hook = Udhcpc(node).install_hook()
        print(_HINTS.format(name=node.name, mac=node.mac, server=lab.home.server, hook=hook))
        argv = ["env", f"PS1={node.name}# ", "sh", *(["-c", arguments.c] if arguments.c else [])]
        return subprocess.call([*node.enter(["--net", "--mount", "--pid"]), *argv])


def parser():
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="lab", description=__doc__)
    top.set_defaults(run=run_tests)
    commands = top.add_subparsers(title="commands")
    test = commands.add_parser("test", help="run the tests with real clients (the default)")
    test.set_defaults(run=run_tests)
    record = commands.add_parser("record", help="record captures of the real clients")
    record.add_argument("client", nargs="*", metavar="CLIENT", help="default: all")
    record.add_argument("--out", type=Path, default=FOLDER, metavar="DIR")
    record.set_defaults(run=run_record)
    shell = commands.add_parser("shell", help="a shell in a client node, for playing")
    shell.add_argument("-c", metavar="COMMAND", help="run this instead of an interactive shell")
    shell.add_argument("--lease-time", type=int, default=120, metavar="S", help="default 120")
    shell.set_defaults(run=run_shell)
    return top


def main():
    """Run one command; return the exit status."""
    arguments = parser().parse_args()
    known = [adapter.name for adapter in CLIENTS]
    for name in getattr(arguments, "client", []):
        if name not in known:
            print(f"lab: no client {name}; there are {', '.join(known)}", file=sys.stderr)
            return 2
    if arguments.run is not run_tests and unavailable():
        print(f"lab: {unavailable()}", file=sys.stderr)
        return 1
    try:
        return arguments.run(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
    except OSError as error:
        print(f"lab: {error.filename or ''}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
