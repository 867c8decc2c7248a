"""Shows a file of leases, from serve.py --store or from a board: python tools/leases.py FILE

Exit status: 0 shown, 1 the file is not a file of leases, or it is damaged, 2 it cannot be read.
"""

import argparse
import json
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "firmware")]

import dhcptext
from microdhcp import states, store

STATES = {
    states.ADOPTED: "adopted",
    states.BOUND: "bound",
    states.DECLINED: "declined",
    states.RELEASED: "released",
    states.EXPIRED: "expired",
    states.CONFLICT: "conflict",
}
TITLES = ("address", "mac", "state", "granted", "host_name")


def rows(data):
    """Return what is in a file (bytes), a dict for each address; None: damaged or another file.

    `granted_s` is -1 for an infinite lease.  `mac` is missing where nobody knows it.
    """
    records = store.records(data)
    return None if records is None else [_row(record) for record in records]


def _row(record):
    row = {
        "address": ".".join(map(str, record.address)),
        "mac": record.mac.hex(":"),
        "state": STATES.get(record.state, f"state {record.state}"),
        "granted_s": record.granted_s,
        "host_name": _printable(record.host_name),
    }
    if record.state == states.CONFLICT and not record.owned:  # it is that of who asked
        del row["mac"]
    return row


def _printable(host_name):
    """Return a host name as text that cannot move a terminal's cursor."""
    text = host_name.decode("ascii", "replace")
    return "".join(char if char.isprintable() else "?" for char in text)


def table(found):
    """Return rows as lines of text, columns below their titles."""
    lines = [TITLES]
    for row in found:
        granted = row["granted_s"]
        lasts = dhcptext.duration(dhcptext.INFINITE if granted < 0 else granted)
        if row["state"] not in ("adopted", "bound"):
            lasts = "-"
        line = row["address"], row.get("mac", "-"), row["state"], lasts, row["host_name"]
        lines.append(line)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def parser():
    """Return the parser of the command line."""
    p = argparse.ArgumentParser(prog="leases", description=__doc__.splitlines()[0])
    p.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="leases.bin of a board, or the file of serve.py --store",
    )
    p.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    return p


def main(argv=None):
    """Run the command line; return the exit status."""
    arguments = parser().parse_args(argv)
    try:
        found = rows(arguments.file.read_bytes())
    except OSError as error:
        return _complain(f"{arguments.file}: {error.strerror}", 2)
    if found is None:
        return _complain(f"{arguments.file} is not a file of leases, or it is damaged", 1)
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        print("\n".join(table(found)))
    return 0


def _complain(message, status):
    print(f"leases: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
