"""What a client's message says: one pass over the bytes, which stay where they are.

Offsets of the header, RFC 2131 figure 1:

    op 0   htype 1   hlen 2   hops 3   xid 4   secs 8   flags 10   ciaddr 12   yiaddr 16
    siaddr 20   giaddr 24   chaddr 28   sname 44   file 108   magic cookie 236   options 240

Nothing here raises or allocates; a message that is not fit to be answered is named in `fault`.
"""

from array import array

from ._compat import const
from .hot import ENTRY, client_key, copy, kind, scan, walk

_SNAME = const(44)
_FILE = const(108)
_COOKIE = const(236)
_OPTIONS = const(240)

# Entries of Request.at, in the order of hot.walk.
_OVERLOAD = const(3)  # 52
_CLIENT_ID = const(8)  # 61
_HOST_NAME = const(11)  # 12, and behind it 81
_ENTRIES = const(13)

# Length that an option must have, by entry; 0: any.
_LENGTHS = const(b"\x00\x04\x04\x01\x01\x04\x00\x02\x00\x00\x00\x00\x00")
# What is wrong with a message, by the number that hot.scan gives it.
_FAULTS = const(("", "short", "op", "cookie", "hardware", "options", "length", "type"))


class Request:
    """The message in rx, as offsets.

    at        array("H"): where the length byte of each option is, 0 when absent (see hot.walk)
    key       array("i"): the client key (hot.client_key)
    chaddr    its first six bytes
    fault     why read() returned 0
    """

    def __init__(self, rx):
        self.rx = rx
        self.at = array("H", bytes(2 * _ENTRIES))
        self.key = array("i", (0, 0))
        self._of_chaddr = array("i", (0, 0))
        self.chaddr = bytearray(6)
        self._in_rx = memoryview(rx)[28:34]
        self.fault = None
        self._end = self._spare = 0

    def read(self, n):
        """Return the type of the message in rx[:n]: 1, 3, 4, 7, 8; 0: `fault` names the fault."""
        rx = self.rx
        at = self.at
        found = scan(rx, n, at, ENTRY) or self._carefully(n)
        if found < 0:
            self.fault = _FAULTS[-found]
            return 0
        id_at = at[_CLIENT_ID]
        if id_at and not rx[id_at]:
            id_at = at[_CLIENT_ID] = 0  # an empty identifier identifies nobody
        client_key(rx, id_at, self.key)
        self.chaddr[0:6] = self._in_rx
        return found

    def hardware(self):
        """Return the key that chaddr alone makes, whatever the identifier is."""
        client_key(self.rx, 0, self._of_chaddr)
        return self._of_chaddr

    def _carefully(self, n):
        """Find the options, area by area as RFC 3396 section 5 says; return what hot.kind does."""
        at = self.at
        for entry in range(_ENTRIES):
            at[entry] = 0
        self._end = self._spare = n
        good = self._area(_OPTIONS, n)
        overload = at[_OVERLOAD]
        overload = self.rx[overload + 1] if overload and self.rx[overload] == 1 else 0
        if overload & 1 and overload < 4:
            good = good and self._area(_FILE, _COOKIE)
        if overload & 2 and overload < 4:
            good = good and self._area(_SNAME, _FILE)
        return kind(self.rx, at) if good else -5

    def _area(self, start, end):
        """Read an area of options, joining what comes in pieces; return whether it is good."""
        while True:
            start = walk(self.rx, start, end, self.at, ENTRY)
            if start <= 0:
                return not start
            if not self._join(start):
                return False
            start += 1 + self.rx[start]

    def _join(self, at):
        """Append the option at at to the earlier one of the same code (RFC 3396 section 7).

        The whole is built behind the message, in the part of rx that it leaves free.  A second
        copy of a value that is complete already is passed over, and so is the rest of a host name:
        it is not worth losing the message.  False when there is no room, or the whole is longer
        than 255.
        """
        rx = self.rx
        entry = ENTRY[rx[at - 1]]
        first_at = self.at[entry]
        had = rx[first_at]
        more = rx[at]
        if entry >= _HOST_NAME or had and had == _LENGTHS[entry]:
            return True
        spare = self._spare
        if first_at < self._end or first_at + 1 + had != spare:  # not the latest whole: copy it
            if spare + 1 + had > len(rx):
                return False
            copy(rx, spare, rx, first_at, had + 1)
            first_at = self.at[entry] = spare
            spare += 1 + had
        if had + more > 255 or spare + more > len(rx):
            return False
        copy(rx, spare, rx, at + 1, more)
        rx[first_at] = had + more
        self._spare = spare + more
        return True
