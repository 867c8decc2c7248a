"""What the desktop tools need, said in one line.  Every Python can read this file."""

import socket
import sys

PYTHON = (3, 11)


def check(program, linux=False):
    """End `program` with status 1 where it cannot run: an old Python or, for some, no Linux."""
    if sys.version_info < PYTHON:
        needed, found = (".".join(map(str, version[:2])) for version in (PYTHON, sys.version_info))
        sys.exit(f"{program}: needs Python {needed} or newer; this is {found}")
    if linux and not hasattr(socket, "AF_PACKET"):
        sys.exit(f"{program}: needs Linux and its packet sockets; this is {sys.platform}")
