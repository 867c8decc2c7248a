"""What a client's message says: one pass over the bytes, which stay where they are.

Offsets of the header, RFC 2131 figure 1:

    op 0   htype 1   hlen 2   hops 3   xid 4   secs 8   flags 10   ciaddr 12   yiaddr 16
    siaddr 20   giaddr 24   chaddr 28   sname 44   file 108   magic cookie 236   options 240

Nothing here raises or allocates; a message that is not fit to be answered is named in `fault`.
"""

from array import array

from ._compat import const
from .hot import ENTRY, client_key, copy, same, walk

_SNAME = const(44)
_FILE = const(108)
_COOKIE = const(236)
_OPTIONS = const(240)

# Entries of Request.at, in the order of hot.walk.
_OVERLOAD = const(3)  # 52
_TYPE = const(4)  # 53
_CLIENT_ID = const(8)  # 61
_HOST_NAME = const(11)  # 12, and behind it 81
_ENTRIES = const(13)

# Length that an option must have, by entry; 0: any.
_LENGTHS = const(b"\x00\x04\x04\x01\x01\x04\x00\x02\x00\x00\x00\x00\x00")
# DISCOVER, REQUEST, DECLINE, RELEASE, INFORM: the types that clients send to servers.
_FROM_CLIENTS = const(b"\x01\x03\x04\x07\x08")


class Request:
    """The message in rx, as offsets.

    at        array("H"): where the length byte of each option is, 0 when absent (see hot.walk)
    key       array("i"): the client key (hot.client_key)
    hardware  the key that chaddr alone makes; the same object where the two are equal
    chaddr    memoryview of its first six bytes
    fault     why read() returned 0
    """

    def __init__(self, rx):
        self.rx = rx
        self.at = array("H", bytes(2 * _ENTRIES))
        self.key = array("i", (0, 0))
        self.hardware = self.key
        self._of_chaddr = array("i", (0, 0))
        self.chaddr = memoryview(rx)[28:34]
        self.fault = None
        self._end = self._spare = 0

    def read(self, n):
        """Return the type of the message in rx[:n]: 1, 3, 4, 7, 8; 0: `fault` names the fault."""
        rx = self.rx
        at = self.at
        self.fault = self._header(n)
        if self.fault:
            return 0
        at[1] = at[2] = at[3] = at[4] = at[5] = at[6] = at[7] = at[8] = at[9] = at[10] = 0
        at[11] = at[12] = 0
        self._end = self._spare = n
        self.fault = self._options(n)
        if self.fault:
            return 0
        kind = rx[at[_TYPE] + 1] if at[_TYPE] else 0
        if kind not in _FROM_CLIENTS:
            self.fault = "type"
            return 0
        if at[_CLIENT_ID] and not rx[at[_CLIENT_ID]]:
            at[_CLIENT_ID] = 0  # an empty identifier identifies nobody
        client_key(rx, at[_CLIENT_ID], self.key)
        self.hardware = self.key
        if at[_CLIENT_ID]:
            other = self._of_chaddr
            client_key(rx, 0, other)
            if other[0] != self.key[0] or other[1] != self.key[1]:
                self.hardware = other
        return kind

    def _header(self, n):
        """Return what is wrong with the fixed part, None when nothing is."""
        rx = self.rx
        if n < _OPTIONS + 3:
            return "short"
        if rx[0] != 1:
            return "op"
        if not same(rx, _COOKIE, b"\x63\x82\x53\x63", 0, 4):
            return "cookie"
        if not 0 < rx[2] <= 16 or self.chaddr == b"\0\0\0\0\0\0":
            return "hardware"
        if rx[1] == 1 and (rx[2] != 6 or rx[28] & 1):  # Ethernet: a group address is nobody's own
            return "hardware"
        return None

    def _options(self, n):
        """Find the options, area by area as RFC 3396 section 5 says; return what is wrong."""
        at = self.at
        fault = self._area(_OPTIONS, n)
        overload = at[_OVERLOAD]
        overload = self.rx[overload + 1] if overload and self.rx[overload] == 1 else 0
        if overload & 1 and overload < 4 and not fault:
            fault = self._area(_FILE, _COOKIE)
        if overload & 2 and overload < 4 and not fault:
            fault = self._area(_SNAME, _FILE)
        if fault:
            return fault
        for entry in range(1, 8):
            length = _LENGTHS[entry]
            if length and at[entry] and self.rx[at[entry]] != length and entry != _OVERLOAD:
                return "length"
        return None

    def _area(self, start, end):
        """Read one area of options, joining those that come in pieces; return what is wrong."""
        while True:
            start = walk(self.rx, start, end, self.at, ENTRY)
            if start <= 0:
                return "options" if start else None
            if not self._join(start):
                return "options"
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
