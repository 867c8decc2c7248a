"""Makes what a new Checker needs.  Leaves memory on a board when the service has started."""

from array import array


def prepare(checker, server, port, places, check_ms):
    """Make the places of a Checker and its checks, and let the server ask for checks."""
    checks = port.side_by_side
    checker._check_ms = check_ms
    checker._messages = [b""] * places
    checker._lengths = array("h", [0] * places)
    checker._waits_for = bytearray(b"\xff" * places)
    checker._doing = bytearray(checks)
    checker._addresses = bytearray(4 * checks)
    checker._begun_ms = array("i", [0] * checks)
    checker._macs = bytearray(6 * checks)
    checker._asked = [()] * checks
    checker._renewed = bytearray(checks)
    checker._question = bytearray(10)
    checker._known = None
    checker._suspect = b""
    checker._claimed = 0
    server.enable_checks(names_owner=port.names_owner)
