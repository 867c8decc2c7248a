"""The DHCP server on a Linux interface: the board's own core, under CPython.

    python tools/serve.py --interface eth1 --address 10.77.0.1/24 --pool 10.77.0.10-10.77.0.250

Unless told --conflict-check off it asks the network whether somebody has an address before it
offers it (RFC 5227).  Needs root, or CAP_NET_RAW and CAP_NET_BIND_SERVICE; nothing but the
standard library.  SIGUSR1 prints the lease table and counters, SIGTERM and SIGINT end the server;
SIGHUP too, or, with --config, makes it read the settings again.  Exit status: 0 ended by a
signal, 1 the system refused (permission, port taken), 2 wrong settings or interface.
"""

import contextlib
import ipaddress
import os
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "firmware")]

from linux import settings
from linux.desktop import Desktop, Refused
from linux.events import Output
from linux.probes import ArpProbes, IcmpProbes
from microdhcp import Server

RX_SIZE = 1500  # bytes of UDP payload: more than any client sends
_PROBES = {"arp": ArpProbes, "icmp": IcmpProbes}


def main(argv=None):
    """Run the command line; return the exit status."""
    parser = settings.parser()
    args = parser.parse_args(argv)
    try:
        found = settings.settings(args)
        config = settings.config(found)
    except (OSError, ValueError) as error:
        return _complain(error, 2)
    if not found.interface:
        parser.error("--interface is missing")
    if sys.stdout is None:  # started without one: no socket may become descriptor 1
        _silence()
    output = Output(1, args.json, args.verbose)
    desktop = _desktop(args, found, config, output)
    try:
        desktop.start()
        output.tell(_ready(found))
        desktop.run()
    except Refused as error:
        return _complain(error, error.status)
    except BrokenPipeError:  # who read the log has gone: so did the terminal
        _silence()
    return 0


def _desktop(args, found, config, output):
    """Return the server with all that belongs to it."""
    kind = _PROBES.get(found.check)

    def reread():
        return settings.config(settings.settings(args))

    return Desktop(
        found.interface,
        ipaddress.IPv4Interface(found.config["address"]),
        Server(config, rx_size=RX_SIZE),
        output,
        kind and kind(found.interface),
        found.check_ms / 1000,
        found.store,
        reread if args.config else None,
    )


def _ready(found):
    return {
        "event": "ready",
        "interface": found.interface,
        "address": found.config["address"],
        "pool": "-".join(found.config["pool"]),
    }


def _complain(error, status):
    """Say in one line on standard error why the server does not start; return `status`."""
    with contextlib.suppress(OSError):
        print(f"serve: {error}", file=sys.stderr)
    return status


def _silence():
    """Keep the interpreter from complaining, at its end, about a pipe that is closed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    sys.exit(main())
