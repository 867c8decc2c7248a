"""What the desktop tools need, said in one line.  Every Python can read this file."""

import errno
import socket
import sys

PYTHON = (3, 11)
HINTS = {  # what to do about a port
    errno.EADDRINUSE: "another program has the port; stop it, or choose another port",
    errno.EADDRNOTAVAIL: "this machine does not have that address",
    errno.EACCES: "ports below 1024 need root",
}


def check(program, linux=False):
    """End `program` with status 1 where it cannot run: an old Python or, for some, no Linux."""
    if sys.version_info < PYTHON:
        needed, found = (".".join(map(str, version[:2])) for version in (PYTHON, sys.version_info))
        sys.exit(f"{program}: needs Python {needed} or newer; this is {found}")
    if linux and not hasattr(socket, "AF_PACKET"):
        sys.exit(f"{program}: needs Linux and its packet sockets; this is {sys.platform}")


def words(error):
    """Return what an error says to a user: a file's name first; about a port what to do."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    if error.filename:
        return f"{error.filename}: {error.strerror}"
    hint = HINTS.get(error.errno)
    return f"{error.strerror}: {hint}" if hint else error.strerror
