"""The command line of tools/serve.py."""

import contextlib
import os
import socket

import dhcptext
import requires
from microdhcp import Server

from . import events, settings
from .desktop import Desktop, Refused
from .output import Output
from .probes import ArpProbes, IcmpProbes

RX_SIZE = 1500  # bytes of UDP payload: more than any client sends
_PROBES = {"arp": ArpProbes, "icmp": IcmpProbes}


def main(argv=None):
    """Run the command line; return the exit status."""
    _open_standard_files()
    parser = settings.parser()
    args = parser.parse_args(argv)
    try:
        found = settings.settings(args)
        config = settings.config(found)
    except (OSError, ValueError) as error:
        return _complain(error, 2)
    if not found.interface:
        parser.error("--interface is missing: the network to serve, such as eth0")
    try:
        desktop = _desktop(args, found, config)
        desktop.start()
        output = desktop.output
        if args.watch:
            output = desktop.output = _watch(desktop)
        output.tell(_ready(found))
        desktop.run()
    except Refused as error:
        return _complain(error, error.status)
    except ValueError as error:
        return _complain(error, 2)
    except KeyboardInterrupt:  # before start() has taken the signals: nothing has happened yet
        return 0
    return 0


def _watch(desktop):
    """Return what shows the server on the terminal."""
    try:
        from .watch import Watch
    except ImportError:
        raise Refused("--watch needs rich: pip install rich", 2) from None
    return Watch(lambda: events.leases(desktop.server, desktop.now_s()))


def _desktop(args, found, config):
    """Return the server with all that belongs to it.  ValueError names a wrong setting."""
    kind = _PROBES.get(found.check)

    def reread():
        new = settings.settings(args)
        return new, settings.config(new)

    desktop = Desktop(
        found,
        Server(config, rx_size=RX_SIZE),
        Output(1, args.json, args.verbose),
        kind and kind(found.interface),
        reread if args.config else None,
    )
    if found.names or found.page:
        from .beside import Beside

        desktop.beside = Beside(desktop)
        if found.names:
            desktop.beside.add_names(found.names, found.board_name or socket.gethostname())
        if found.page:
            desktop.beside.add_page(*settings.place(found.page))
    return desktop


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
        os.write(
            2,
            f"serve: {dhcptext.escaped(requires.words(error))}\n".encode(
                errors="backslashreplace"
            ),
        )
    return status


def _open_standard_files():
    """Open /dev/null in the place of standard files that are closed: no socket may get there."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
