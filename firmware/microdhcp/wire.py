"""What a client's message says: one pass over the bytes, which stay where they are.

Offsets of the header, RFC 2131 figure 1:

    op 0   htype 1   hlen 2   hops 3   xid 4   secs 8   flags 10   ciaddr 12   yiaddr 16
    siaddr 20   giaddr 24   chaddr 28   sname 44   file 108   magic cookie 236   options 240

Nothing here raises or allocates; a message that is not fit to be answered is named in `fault`.
"""

from array import array

from ._compat import const
from .hot import ENTRY, client_key, copy, walk

_SNAME = const(44)
_FILE = const(108)
_COOKIE = const(236)
_OPTIONS = const(240)

# Entries of Request.at, in the order of hot.walk.
_OVERLOAD = const(3)  # 52
_TYPE = const(4)  # 53
_SERVER_ID = const(5)  # 54
_CLIENT_ID = const(8)  # 61
_HOST_NAME = const(11)  # 12, and behind it 81 and 97
_ENTRIES = const(14)

_ANSWERED = const(0x19A)  # a bit for each type that clients send to servers: 1, 3, 4, 7, 8
# Length that an option must have, by entry; 0: any.
_LENGTHS = const(b"\x00\x04\x04\x01\x01\x04\x00\x02\x00\x00\x00\x00\x00\x00")
# Those of which another length makes the message unfit, but an empty one is as good as none.
_STRICT = const(b"\x01\x02\x05\x07")  # 50, 51, 54, 57
# If the end of the message cuts one of these, nobody knows what it said: 50, 52, 53, 54, 61, 82.
_NEEDED = const(b"\x32\x34\x35\x36\x3d\x52")
# What is wrong with a message, by the negative of the number that _header() and _kind() return.
_FAULTS = const(("", "short", "op", "cookie", "hardware", "options", "length", "type"))


class Request:
    """The message in rx, as offsets.

    at        array("H"): where the length byte of each option is, 0 when absent (see hot.walk)
    end       where the message ends
    key       the client key, eight bytes (hot.client_key)
    chaddr    its first six bytes
    fault     why read() returned 0
    """

    def __init__(self, rx):
        self.rx = rx
        self.at = array("H", bytes(2 * _ENTRIES))
        self.key = bytearray(8)
        self.chaddr = bytearray(6)
        self._of_chaddr = bytearray(8)
        self._in_rx = memoryview(rx)[28:34]
        self.fault = None
        self.end = self._spare = 0

    def read(self, n):
        """Return the type of the message in rx[:n]: 1, 3, 4, 7, 8; 0: `fault` names the fault."""
        found = self._header(n) or self._options(n) or self._kind()
        if found < 0:
            self.fault = _FAULTS[-found]
            return 0
        client_key(self.rx, self.at[_CLIENT_ID], self.key)
        self.chaddr[0:6] = self._in_rx
        return found

    def hardware(self):
        """Return the key that chaddr alone makes, whatever the identifier is."""
        client_key(self.rx, 0, self._of_chaddr)
        return self._of_chaddr

    def _header(self, n):
        """Return what is wrong with the fixed part of the message, 0: nothing."""
        rx = self.rx
        if n < _OPTIONS + 3:  # no room for a message type
            return -1
        if rx[0] != 1:
            return -2
        if rx.find(b"\x63\x82\x53\x63", _COOKIE, _OPTIONS) < 0:
            return -3
        if rx[1] == 1 and (rx[2] != 6 or rx[28] & 1):  # Ethernet: a group address is nobody's own
            return -4
        if not 0 < rx[2] <= 16 or not (rx[33] or rx[32] or rx[31] or rx[30] or rx[29] or rx[28]):
            return -4
        return 0

    def _options(self, n):
        """Find the options, area by area as RFC 3396 section 5 says; return -5 if it cannot be."""
        rx = self.rx
        at = self.at
        for entry in range(_ENTRIES):
            at[entry] = 0
        self.end = self._spare = n
        cut = self._area(_OPTIONS, n)
        if cut and -cut in _NEEDED:
            return -5
        overload = at[_OVERLOAD]
        overload = rx[overload + 1] if overload and rx[overload] == 1 else 0
        if overload & 1 and overload < 4 and self._area(_FILE, _COOKIE):
            return -5
        if overload & 2 and overload < 4 and self._area(_SNAME, _FILE):
            return -5
        return 0

    def _kind(self):
        """Return the message type, or what is wrong with it or another option.

        An empty option, and a server identifier of zeros, count as absent.
        """
        rx = self.rx
        at = self.at
        for entry in _STRICT:
            i = at[entry]
            if i and rx[i] != _LENGTHS[entry]:
                if rx[i]:
                    return -6
                at[entry] = 0
        i = at[_SERVER_ID]
        if i and not (rx[i + 1] | rx[i + 2] | rx[i + 3] | rx[i + 4]):
            at[_SERVER_ID] = 0
        i = at[_CLIENT_ID]
        if i and not rx[i]:
            at[_CLIENT_ID] = 0  # an empty identifier identifies nobody
        i = at[_TYPE]
        if not i:
            return -7
        if rx[i] != 1:
            return -6
        i = rx[i + 1]
        return i if i < 9 and _ANSWERED >> i & 1 else -7

    def _area(self, start, end):
        """Read an area of options, joining what comes in pieces; return 0.

        The negative code of an option that runs past the end; -53 for pieces that do not fit.
        """
        while True:
            start = walk(self.rx, start, end, self.at, ENTRY)
            if start <= 0:
                return start
            if not self._join(start):
                return -53
            start += 1 + self.rx[start]

    def _join(self, at):
        """Append the option at at to the earlier one of the same code (RFC 3396 section 7).

        The whole is built behind the message, in the part of rx that it leaves free.  A second
        copy of a value that is complete already is passed over, and so is the rest of a host name
        or machine identifier: it is not worth losing the message.  False when there is no room, or
        the whole is longer than 255.
        """
        rx = self.rx
        entry = ENTRY[rx[at - 1]]
        first_at = self.at[entry]
        had = rx[first_at]
        more = rx[at]
        if entry >= _HOST_NAME or had and had == _LENGTHS[entry]:
            return True
        spare = self._spare
        if first_at < self.end or first_at + 1 + had != spare:  # not the latest whole: copy it
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
