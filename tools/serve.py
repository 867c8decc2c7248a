"""The DHCP server on a Linux interface: the board's own core, under CPython.

    python tools/serve.py --interface eth1 --address 10.77.0.1/24 --pool 10.77.0.10-10.77.0.250

Before it offers an address it asks the network, by ARP, whether somebody has it (RFC 5227).
Needs root, or CAP_NET_RAW and CAP_NET_BIND_SERVICE; nothing but the standard library.  SIGUSR1
prints the lease table and counters of the checks, SIGTERM and SIGINT end the server.  Exit
status: 0 ended by a signal, 1 the system refused (permission, port taken), 2 wrong settings or
interface.
"""

import argparse
import contextlib
import ipaddress
import os
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "firmware")]

from linux.desktop import Desktop, Refused
from linux.events import Output
from linux.probes import ArpProbes, IcmpProbes
from microdhcp import Config, Server

RX_SIZE = 1500  # bytes of UDP payload: more than any client sends
CHECK_MS = range(50, 2001)
_PROBES = {"arp": ArpProbes, "icmp": IcmpProbes}


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are one line."""

    def error(self, message):
        """End with status 2."""
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def _pair(text, separator, what):
    """Return the two halves of `text`; ArgumentTypeError says what was wanted."""
    left, found, right = text.partition(separator)
    if not (left and found and right):
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return left.strip(), right.strip()


def _pool(text):
    return _pair(text, "-", "FIRST-LAST, as in 10.77.0.10-10.77.0.250")


def _reservation(text):
    return _pair(text, "=", "MAC=IP, as in 00:00:5e:00:53:01=10.77.0.5")


def _option(text):
    left, found, right = text.partition("=")
    if not (left and found):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=VALUE, as in ntp_servers=10.77.0.1"
        )
    return left, right


def _addresses(text):
    return [] if text == "none" else [part.strip() for part in text.split(",")]


def _seconds_or_none(text):
    return None if text == "none" else int(text)


def _check_ms(text):
    if not text.isdecimal() or int(text) not in CHECK_MS:
        wanted = f"a number of milliseconds from {CHECK_MS[0]} to {CHECK_MS[-1]}"
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return int(text)


_seconds_or_none.__name__ = "seconds"  # argparse names the type in its message


def parser():
    """Return the parser of the command line."""
    p = Parser(prog="serve", description="DHCPv4 server on one Linux interface.")
    p.add_argument("--interface", required=True, metavar="IF", help="interface to serve")
    p.add_argument("--address", required=True, metavar="IP/LEN", help="own address on it")
    p.add_argument("--pool", required=True, type=_pool, metavar="FIRST-LAST")
    p.add_argument("--lease-time", type=int, metavar="S", help="default 3600")
    p.add_argument("--min-lease-time", type=int, metavar="S", help="default 60")
    p.add_argument(
        "--max-lease-time",
        type=_seconds_or_none,
        default=argparse.SUPPRESS,
        metavar="S",
        help='default 86400; "none" allows infinite leases',
    )
    p.add_argument("--offer-hold", type=int, metavar="S", help="default 30")
    p.add_argument(
        "--quarantine", type=int, metavar="S", help="of a declined address, default 600"
    )
    p.add_argument(
        "--conflict-check",
        choices=["arp", "icmp", "off"],
        default="arp",
        help="how to find out, before an OFFER, whether somebody uses the address: arp (the "
        "default), which every host answers, icmp, ping, or off: only clients check",
    )
    p.add_argument(
        "--check-ms", type=_check_ms, default=300, metavar="MS", help="for that; default 300"
    )
    repeat = {"action": "append", "default": []}
    p.add_argument("--reserve", type=_reservation, metavar="MAC=IP", help="repeatable", **repeat)
    p.add_argument("--router", type=_addresses, metavar="IP|none", help="default: own address")
    p.add_argument("--dns", type=_addresses, metavar="IP,…|none", help="default: own address")
    p.add_argument("--domain", help="domain name for the clients")
    p.add_argument(
        "--option", type=_option, metavar="NAME=VALUE", help="name or code; repeatable", **repeat
    )
    p.add_argument("--max-message", type=int, metavar="BYTES", help="longest reply, default 548")
    p.add_argument("--no-authoritative", action="store_true", help="silence instead of NAK")
    p.add_argument("--rapid-commit", action="store_true", help="RFC 4039")
    p.add_argument("--json", action="store_true", help="one JSON object per line")
    p.add_argument("--verbose", action="store_true", help="print every message, decoded")
    p.add_argument("--version", action="version", version=f"microdhcp {_version()}")
    return p


def _version():
    """Return the version in pyproject.toml, the one place that has it."""
    import tomllib

    project = tomllib.loads((_HERE.parent / "pyproject.toml").read_text())
    return project["project"]["version"]


# argument, keyword of Config
_KEYWORDS = (
    ("lease_time", "lease_s"),
    ("min_lease_time", "min_lease_s"),
    ("offer_hold", "offer_hold_s"),
    ("quarantine", "quarantine_s"),
    ("router", "routers"),
    ("dns", "dns_servers"),
    ("domain", "domain"),
    ("max_message", "max_message"),
)


def settings(args):
    """Return the keywords of Config for the parsed command line.

    A lease time beyond the default limits moves the limit that was not given.
    ValueError: the same thing is reserved or set twice.
    """
    found = {
        keyword: getattr(args, name)
        for name, keyword in _KEYWORDS
        if getattr(args, name) is not None
    }
    if "max_lease_time" in args:
        found["max_lease_s"] = args.max_lease_time
    lease_s = found.get("lease_s", 3600)
    if lease_s > 86400:
        found.setdefault("max_lease_s", lease_s)
    if lease_s < 60:
        found.setdefault("min_lease_s", lease_s)
    found["reservations"] = _unique("reserve", args.reserve)
    found["options"] = _unique("option", args.option)
    found["authoritative"] = not args.no_authoritative
    found["rapid_commit"] = args.rapid_commit
    return found


def _unique(name, pairs):
    """Return a list of (key, value) as a dict; ValueError names a key that stands twice."""
    table = {}
    for key, value in pairs:
        if key in table:
            raise ValueError(f"{name}: {key} is given twice")
        table[key] = value
    return table


def main(argv=None):
    """Run the command line; return the exit status."""
    args = parser().parse_args(argv)
    try:
        config = Config(address=args.address, pool=args.pool, **settings(args))
        interface = ipaddress.IPv4Interface(args.address)
    except ValueError as error:
        return _complain(error, 2)
    if sys.stdout is None:  # started without one: no socket may become descriptor 1
        _silence()
    output = Output(1, args.json, args.verbose)
    server = Server(config, rx_size=RX_SIZE)
    desktop = Desktop(
        args.interface, interface, server, output, _probes(args), args.check_ms / 1000
    )
    try:
        desktop.start()
        output.tell(
            {
                "event": "ready",
                "interface": args.interface,
                "address": args.address,
                "pool": "-".join(args.pool),
            }
        )
        desktop.run()
    except Refused as error:
        return _complain(error, error.status)
    except BrokenPipeError:  # who read the log has gone: so did the terminal
        _silence()
    return 0


def _probes(args):
    """Return how the server asks who has an address, None when it does not."""
    kind = _PROBES.get(args.conflict_check)
    return kind and kind(args.interface)


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
