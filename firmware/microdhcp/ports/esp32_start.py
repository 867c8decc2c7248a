"""How the port of the ESP32 takes UDP port 67 from the firmware.  Leaves memory after start().

The firmware's own server binds the access point's address whenever the access point starts, unless
it was stopped before; the first socket keeps the address.
"""

import errno
import gc
import sys
from socket import AF_INET, SOCK_DGRAM, socket

_HELD = "UDP port 67 is held by another socket of this program: close it, or reset the board"
_BUILT_IN = (
    "UDP port 67 is held by the firmware's own DHCP server: call start() before anything brings "
    "the access point up, or allow may_restart, which switches it off for a moment"
)
_NO_SOCKET = "no socket is left: lwIP has 10; close one"


def claim(port, config, may_restart):
    """Take UDP port 67, see Port.claim()."""
    gc.collect()  # closes sockets that nobody knows any more
    own = _dotted(config.address)
    mask = 0xFFFFFFFF - config.net24_last + config.net24_first
    port._settings = own, _dotted(mask.to_bytes(4, "big")), own, "0.0.0.0"
    port._pm = port.ap.config("pm")
    try:
        socket(AF_INET, SOCK_DGRAM).close()
    except OSError:  # ENFILE, which has no name in MicroPython
        raise OSError(errno.ENOMEM, _NO_SOCKET)
    port.stop_builtin()
    if _bound(port):
        return ""
    if port.ap.active():  # the server runs all the same
        if not may_restart:
            raise OSError(errno.EADDRINUSE, _BUILT_IN)
        port.ap.active(False)
        if _bound(port):
            return "the access point was switched off for it"
    raise OSError(errno.EADDRINUSE, _HELD)


def _bound(port):
    """Give the port its socket; return False when the address's port 67 is taken."""
    try:
        port.open()
    except OSError as error:
        port.close()
        if error.errno == errno.EADDRINUSE:
            return False
        raise
    return True


def timer(number):
    """Return the machine.Timer with that number; None: a free one.

    From v1.29 on there are virtual timers.  From v1.26 on a running timer has a value; before,
    that cannot be seen.  The even numbers are the first of each group: every chip has them.
    """
    from machine import Timer

    if number is not None:
        return Timer(number)
    version = sys.implementation.version[:2]
    if version >= (1, 29):
        return Timer(-1)
    if version < (1, 26):
        return Timer(2)
    for number in (2, 0, 3, 1):
        try:
            found = Timer(number)
        except ValueError:  # this chip has fewer
            continue
        try:
            found.value()
        except ValueError:
            return found
    raise OSError(errno.ENODEV, "all timers are in use: give one by timer=, or stop one")


def _dotted(four):
    return ".".join([str(byte) for byte in four])
