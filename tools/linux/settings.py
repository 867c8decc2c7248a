"""The settings of tools/serve.py: the command line and, with --config, a file in TOML.

The file has the settings of Config by their names, and `interface`, `check_ms`, `store`;
`conflict_check` may also be "arp", "icmp" or "off".  The command line goes before the
file; reservations, options, allow and deny of both count.
"""

import argparse
import ipaddress
import tomllib
from pathlib import Path
from typing import NamedTuple

from microdhcp import Config

CHECK_MS = range(50, 2001)
_CHECK_MS_TEXT = f"a number of milliseconds from {CHECK_MS[0]} to {CHECK_MS[-1]}"
CHECKS = ("arp", "icmp", "off")
_ROOT = Path(__file__).resolve().parents[2]
_TABLES = ("reservations", "options")
_LISTS = ("allow", "deny", "relays")
_OWN_SETTINGS = ("routers", "dns_servers", "domain")  # of a reservation, beside its options


class Settings(NamedTuple):
    """All of them.

    interface   name, None: not given
    config      keywords of Config
    check       "arp", "icmp" or "off"
    names       domain whose names are answered, and board_name, that of this machine
    page        "ADDRESS:PORT" of the status page
    """

    interface: str | None
    config: dict
    check: str
    check_ms: int
    store: str | None
    names: str | None = None
    board_name: str | None = None
    page: str | None = None


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are one line."""

    def error(self, message):
        """End with status 2."""
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def _pair(text, separator, what):
    """Return the two halves of `text`; ArgumentTypeError names the form that is expected."""
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


def _own_option(text):
    """Return (MAC, name, value) of MAC:NAME=VALUE; the value of "none" is None."""
    left, found, value = text.partition("=")
    mac, _, name = left.rpartition(":")
    if not (mac and name and found):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not MAC:NAME=VALUE, as in 00:00:5e:00:53:01:routers=10.77.0.2"
        )
    return mac, name, None if value == "none" else value


def _addresses(text):
    return [] if text == "none" else [part.strip() for part in text.split(",")]


def _seconds_or_none(text):
    return None if text == "none" else int(text)


def _check_ms(text):
    if not text.isascii() or not text.isdecimal() or int(text) not in CHECK_MS:
        raise argparse.ArgumentTypeError(f"{text!r} is not {_CHECK_MS_TEXT}")
    return int(text)


_seconds_or_none.__name__ = "seconds"  # argparse names the type in its message


def parser():
    """Return the parser of the command line."""
    p = Parser(
        prog="serve",
        description="DHCPv4 server on one Linux interface.",
        epilog="*: can be given several times. All settings: docs/reference/settings.md",
    )
    p.add_argument(
        "--config", metavar="FILE", help="a TOML file with settings; SIGHUP reads it again"
    )
    p.add_argument("--interface", metavar="IF", help="the interface to the clients")
    p.add_argument("--address", metavar="IP/LEN", help="address of this machine there")
    p.add_argument("--pool", type=_pool, metavar="FIRST-LAST", help="addresses to give out")
    _add_times(p)
    _add_checks(p)
    _add_clients(p)
    _add_options(p)
    p.add_argument(
        "--max-message", type=int, metavar="BYTES", help="of the longest reply, default 548"
    )
    p.add_argument("--no-authoritative", action="store_true", help="do not answer unknown clients")
    p.add_argument("--rapid-commit", action="store_true", help="two messages in place of four")
    p.add_argument("--store", metavar="FILE", help="file that keeps the leases over a restart")
    p.add_argument("--names", metavar="DOMAIN", help="DNS server for the clients' names")
    p.add_argument("--board-name", metavar="NAME", help="name of this machine, default: host name")
    p.add_argument("--page", metavar="ADDRESS:PORT", help="web page with the leases")
    p.add_argument("--watch", action="store_true", help="table of the leases on the terminal")
    p.add_argument("--json", action="store_true", help="print one JSON object per line")
    p.add_argument("--verbose", action="store_true", help="print every message")
    p.add_argument("--version", action="version", version=f"microdhcp {_version()}")
    return p


def _add_times(p):
    p.add_argument("--lease-time", type=int, metavar="S", help="seconds, default 3600")
    p.add_argument("--min-lease-time", type=int, metavar="S", help="shortest lease, default 60")
    p.add_argument(
        "--max-lease-time",
        type=_seconds_or_none,
        default=argparse.SUPPRESS,
        metavar="S",
        help='longest lease, default 86400; "none": no limit',
    )
    p.add_argument("--offer-hold", type=int, metavar="S", help="time of an offer, default 30")
    p.add_argument(
        "--quarantine", type=int, metavar="S", help="time of a declined address, default 600"
    )


def _add_checks(p):
    p.add_argument(
        "--conflict-check",
        choices=CHECKS,
        help="how the server checks whether an address is in use: by arp (the default), by "
        "ping (icmp), or not at all (off)",
    )
    p.add_argument("--check-ms", type=_check_ms, metavar="MS", help="time of a check, default 300")


def _add_clients(p):
    repeat = {"action": "append", "default": []}
    p.add_argument(
        "--reserve", type=_reservation, metavar="MAC=IP", help="fixed address *", **repeat
    )
    p.add_argument(
        "--reserve-option",
        type=_own_option,
        metavar="MAC:NAME=VALUE",
        help='option for one reservation, "none": not sent *',
        **repeat,
    )
    p.add_argument(
        "--allow",
        metavar="MAC",
        help="serve only this device, or MACs that begin so *",
        **repeat,
    )
    p.add_argument("--deny", metavar="MAC", help="do not serve this device *", **repeat)
    p.add_argument("--relay", metavar="IP", help="relay agent outside the subnet *", **repeat)
    p.add_argument("--hostname-bytes", type=int, metavar="N", help="kept of each, default 20")


def _add_options(p):
    p.add_argument("--router", type=_addresses, metavar="IP|none", help="default: this machine")
    p.add_argument("--dns", type=_addresses, metavar="IP,…|none", help="default: this machine")
    p.add_argument("--domain", help="domain name for the clients")
    p.add_argument(
        "--option",
        type=_option,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option by name or number *",
    )
    p.add_argument("--next-server", metavar="IP", help="server from which clients boot")
    p.add_argument("--boot-file", metavar="NAME", help="file that they load there")


def _version():
    """Return the version in pyproject.toml, the one place that has it."""
    return tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["version"]


# argument, keyword of Config
_KEYWORDS = (
    ("address", "address"),
    ("pool", "pool"),
    ("lease_time", "lease_s"),
    ("min_lease_time", "min_lease_s"),
    ("offer_hold", "offer_hold_s"),
    ("quarantine", "quarantine_s"),
    ("hostname_bytes", "hostname_bytes"),
    ("router", "routers"),
    ("dns", "dns_servers"),
    ("domain", "domain"),
    ("next_server", "next_server"),
    ("boot_file", "boot_file"),
    ("max_message", "max_message"),
)


def settings(args):
    """Return the Settings of the parsed command line and of its --config file.

    A lease time beyond the default limits moves the limit that was not given.
    ValueError names a setting that is given twice, or whose value is of the wrong type, or says
    that the file is not TOML; OSError: the file cannot be read.
    """
    found = _of_file(args.config) if args.config else {}
    line = _of_line(args)
    for name in _TABLES:
        line[name] = _merged(name, found.pop(name, {}), line[name])
    for name in _LISTS:
        both = [*_list(name, found.pop(name, [])), *line.pop(name)]
        if both:
            found[name] = both
    found |= line
    _move_limits(found)
    check = args.conflict_check or _check(found.get("conflict_check", True))
    found["conflict_check"] = check != "off"
    interface = args.interface or _text("interface", found.get("interface"))
    check_ms = args.check_ms or _milliseconds(found.get("check_ms", 300))
    texts = {
        name: getattr(args, name) or _text(name, found.get(name))
        for name in ("store", "names", "board_name", "page")
    }
    for name in ("interface", "check_ms", *texts):
        found.pop(name, None)
    if texts["names"]:
        found.setdefault("domain", texts["names"])  # so that clients ask for names in it
    return Settings(interface, found, check, check_ms, **texts)


def place(page):
    """Return (address, port) of "ADDRESS:PORT"; ValueError: it is not that."""
    address, _, port = page.rpartition(":")
    try:
        address = str(ipaddress.IPv4Address(address))
        if not port.isascii() or int(port) not in range(1, 1 << 16):
            raise ValueError
    except ValueError:
        raise ValueError(f"page: {page!r} is not ADDRESS:PORT, as in 127.0.0.1:8067") from None
    return address, int(port)


def config(found):
    """Return the Config of Settings.  ValueError names the setting that is wrong or missing."""
    examples = (("address", "10.77.0.1/24"), ("pool", "10.77.0.10-10.77.0.250"))
    for name, example in examples:
        if name not in found.config:
            raise ValueError(f"{name}: is missing; give --{name} {example}, or {name} in the file")
    if "self" in found.config:  # Python would call it an error of the call
        raise ValueError("self: no such setting")
    return Config(**found.config)


def _of_file(path):
    """Return the settings in a TOML file; "none" as a lease time means None there."""
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from None
    if found.get("max_lease_s") == "none":
        found["max_lease_s"] = None
    return found


def _of_line(args):
    """Return the settings of the command line, by keyword of Config."""
    found = {
        keyword: getattr(args, name)
        for name, keyword in _KEYWORDS
        if getattr(args, name) is not None
    }
    if "max_lease_time" in args:
        found["max_lease_s"] = args.max_lease_time
    if args.no_authoritative:
        found["authoritative"] = False
    if args.rapid_commit:
        found["rapid_commit"] = True
    found["reservations"] = _reservations(args)
    found["options"] = _unique("option", args.option)
    found["allow"], found["deny"], found["relays"] = args.allow, args.deny, args.relay
    return found


def _reservations(args):
    """Return {MAC: address, or dict with the options for that MAC}."""
    table = _unique("reserve", args.reserve)
    for mac, name, value in args.reserve_option:
        if mac not in table:
            raise ValueError(f"reserve-option: {mac} has no --reserve")
        if not isinstance(table[mac], dict):
            table[mac] = {"address": table[mac], "options": {}}
        entry = table[mac]
        place = entry if name in _OWN_SETTINGS else entry["options"]
        if name in place:
            raise ValueError(f"reserve-option: {name} of {mac} is given twice")
        place[name] = _addresses(value) if value and name in _OWN_SETTINGS[:2] else value
    return table


def _merged(name, table, more):
    """Return both tables in one; ValueError names what both have."""
    if not isinstance(table, dict):
        raise ValueError(f"{name}: {table!r} is not a table")
    for key in more:
        if key in table:
            raise ValueError(f"{name}: {key} is in the file and on the command line")
    return table | more


def _unique(name, pairs):
    """Return a list of (key, value) as a dict; ValueError names a key that stands twice."""
    table = {}
    for key, value in pairs:
        if key in table:
            raise ValueError(f"{name}: {key} is given twice")
        table[key] = value
    return table


def _move_limits(found):
    """Let a lease time be beyond a limit that was not given."""
    lease_s = found.get("lease_s", 3600)
    if isinstance(lease_s, int):
        if lease_s > 86400:
            found.setdefault("max_lease_s", lease_s)
        if lease_s < 60:
            found.setdefault("min_lease_s", lease_s)


def _check(value):
    """Return how to check addresses, from a file's `conflict_check`."""
    if isinstance(value, bool):
        return "arp" if value else "off"
    if value not in CHECKS:
        raise ValueError(f"conflict_check: {value!r} is not one of {', '.join(CHECKS)}")
    return value


def _list(name, value):
    if not isinstance(value, list):
        raise ValueError(f"{name}: {value!r} is not a list")
    return value


def _text(name, value):
    """Return a text that is not empty and has no zero byte; None when it is not given."""
    if value is not None and (not isinstance(value, str) or not value or "\0" in value):
        raise ValueError(f"{name}: {value!r} is not a name")
    return value


def _milliseconds(value):
    if isinstance(value, bool) or not isinstance(value, int) or value not in CHECK_MS:
        raise ValueError(f"check_ms: {value!r} is not {_CHECK_MS_TEXT}")
    return value
