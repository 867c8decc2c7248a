"""Reads a client's message in one pass over the bytes, without copying them.

The header, RFC 2131 figure 1, and the options that matter to the server.  Nothing here raises or
allocates; a message that is not fit to be answered gets the number of the reason.
"""

from array import array

from ._compat import const

# Where the fields of a message are.
F_HTYPE = const(1)
F_FLAGS = const(10)
F_CIADDR = const(12)
F_SIADDR = const(20)
F_GIADDR = const(24)
F_CHADDR = const(28)
F_SNAME = const(44)
F_FILE = const(108)
F_COOKIE = const(236)
F_OPTIONS = const(240)

# Entries of Reader.pos: the options that the server reads.
REQUESTED = const(1)  # 50
LEASE_TIME = const(2)  # 51
OVERLOAD = const(3)  # 52
TYPE = const(4)  # 53
SERVER_ID = const(5)  # 54
PARAMETERS = const(6)  # 55
MAX_SIZE = const(7)  # 57
CLIENT_ID = const(8)  # 61
RAPID_COMMIT = const(9)  # 80
AGENT_INFO = const(10)  # 82
HOST_NAME = const(11)  # 12
FQDN = const(12)  # 81
MACHINE_ID = const(13)  # 97
_ENTRIES = const(14)
_HIGHEST = const(97)

# Which entry notes an option, by code; 0: none does.
ENTRY = (
    bytes(12)
    + b"\x0b"
    + bytes(37)
    + b"\x01\x02\x03\x04\x05\x06\x00\x07\x00\x00\x00\x08"
    + bytes(18)
    + b"\x09\x0c\x0a"
    + bytes(14)
    + b"\x0d"
)
# The length that an option must have, by entry; 0: any.
_LENGTHS = b"\x00\x04\x04\x01\x01\x04\x00\x02\x00\x00\x00\x00\x00\x00"

# Why a message gets no answer (report.REASONS has the words).
SHORT = const(1)
OP = const(2)
BAD_COOKIE = const(3)
HARDWARE = const(4)
BAD_OPTIONS = const(5)
LENGTH = const(6)
BAD_TYPE = const(7)

_PAD = const(0)
_END = const(255)
_ANSWERED = const(0x19A)  # a bit for each type that clients send to servers: 1, 3, 4, 7, 8


class Reader:
    """The message in rx.

    rx      bytearray for the message
    n       how long it is
    pos     array("H"): where the length byte of each option is, by entry; 0: it is absent
    key     the client key, eight bytes (client_key)
    chaddr  the first six bytes of the hardware address
    """

    def __init__(self, rx_size):
        self.rx = bytearray(rx_size)
        self.n = 0
        self.pos = array("H", bytes(2 * _ENTRIES))
        self.key = bytearray(8)
        self.chaddr = bytearray(6)
        self._in_rx = memoryview(self.rx)[F_CHADDR : F_CHADDR + 6]
        self._spare = 0  # where rx is free for options that are put together

    def read(self, n):
        """Return the type of the message in rx[:n]: 1, 3, 4, 7, 8; else the negative reason."""
        self.n = self._spare = n
        kind = self._header(n)
        if not kind:
            kind = self._find_options(n)
            if not kind:
                kind = self._kind()
                client_key(self.rx, self.pos[CLIENT_ID], self.key)
                self.chaddr[0:6] = self._in_rx
        return kind

    def _header(self, n):
        """Check the fixed part of the message; return 0, or the negative reason of a fault."""
        rx = self.rx
        if n < F_OPTIONS + 3:  # no room for a message type
            return -SHORT
        if rx[0] != 1:
            return -OP
        if rx.find(b"\x63\x82\x53\x63", F_COOKIE, F_OPTIONS) < 0:
            return -BAD_COOKIE
        if rx[F_HTYPE] == 1 and (
            rx[2] != 6 or rx[F_CHADDR] & 1
        ):  # a group address is nobody's own
            return -HARDWARE
        if not 0 < rx[2] <= 16 or rx.find(b"\0\0\0\0\0\0", F_CHADDR, F_CHADDR + 6) >= 0:
            return -HARDWARE
        return 0

    def _find_options(self, n):
        """Find the options, area by area as RFC 3396 section 5 says; return 0 or -BAD_OPTIONS.

        The last one may be cut by the end of the message, but not one of 50, 52, 53, 54, 61, 82:
        their meaning would be unknown.
        """
        pos = self.pos
        for entry in range(_ENTRIES):
            pos[entry] = 0
        if self._area(F_OPTIONS, n) in b"\x32\x34\x35\x36\x3d\x52":
            return -BAD_OPTIONS
        overload = pos[OVERLOAD]
        overload = self.rx[overload + 1] if overload and self.rx[overload] == 1 else 0
        if overload & 1 and overload < 4 and self._area(F_FILE, F_COOKIE):
            return -BAD_OPTIONS
        if overload & 2 and overload < 4 and self._area(F_SNAME, F_FILE):
            return -BAD_OPTIONS
        return 0

    def _area(self, start, end):
        """Note the options in rx[start:end]; return 0, or the code of one that runs past the end.

        53 for one in pieces that cannot be put together.  PAD and END: RFC 2132 sections 3.1, 3.2.
        """
        rx = self.rx
        pos = self.pos
        while start < end:
            code = rx[start]
            start += 1
            if code == _PAD:
                continue
            if code == _END:
                break
            length_pos = start
            start += 1 + rx[start] if start < end else 1
            if start > end:
                return code
            entry = ENTRY[code] if code <= _HIGHEST else 0
            if not entry:
                continue
            if not pos[entry]:
                pos[entry] = length_pos
            elif not self._join(entry, length_pos):
                return 53
        return 0

    def _join(self, entry, more_pos):
        """Append the option at more_pos to the earlier one of the same code (RFC 3396 section 7).

        The whole is built behind the message, in the part of rx that it leaves free.  A second
        copy of a value that is complete already is passed over, and so is the rest of a host name
        or machine identifier: the message is kept without it.  False if there is no room, or if
        the whole is longer than 255.
        """
        rx = self.rx
        first_pos = self.pos[entry]
        had = rx[first_pos]
        more = rx[more_pos]
        if entry >= HOST_NAME or had and had == _LENGTHS[entry]:
            return True
        spare = self._spare
        if first_pos < self.n or first_pos + 1 + had != spare:  # not the latest whole: copy it
            if spare + 1 + had > len(rx):
                return False
            copy(rx, spare, rx, first_pos, had + 1)
            first_pos = self.pos[entry] = spare
            spare += 1 + had
        if had + more > 255 or spare + more > len(rx):
            return False
        copy(rx, spare, rx, more_pos + 1, more)
        rx[first_pos] = had + more
        self._spare = spare + more
        return True

    def _kind(self):
        """Return the message type, or the negative reason of a fault in an option.

        An empty option, and a server identifier of zeros, count as absent.
        """
        rx = self.rx
        pos = self.pos
        for entry in b"\x01\x02\x05\x07\x08":  # 50, 51, 54, 57, 61
            i = pos[entry]
            if i and not rx[i]:
                pos[entry] = 0
            elif i and _LENGTHS[entry] and rx[i] != _LENGTHS[entry]:
                return -LENGTH
        i = pos[SERVER_ID]
        if i and rx.find(b"\0\0\0\0", i + 1, i + 5) >= 0:
            pos[SERVER_ID] = 0
        i = pos[TYPE]
        if not i:
            return -BAD_TYPE
        if rx[i] != 1:
            return -LENGTH
        i = rx[i + 1]
        return i if i < 9 and _ANSWERED >> i & 1 else -BAD_TYPE


def client_key(rx, pos, key):
    """Write the key of the client that sent rx to key: eight bytes that tell clients apart.

    rx      a DHCP message
    pos     where the length byte of option 61 is, 0 for none: htype and chaddr (RFC 2131 4.2)
    An Ethernet address, whether it is in chaddr or, behind type 1, in option 61, is kept as it is:
    two zeros around its halves (0 m m m 0 m m m); anything else becomes a digest of 48 bits,
    which begins with 1.
    """
    if pos:
        start = pos + 1
        end = start + rx[pos]
        mac_pos = start + 1 if rx[pos] == 7 and rx[start] == 1 else 0
    else:
        start = F_CHADDR
        end = start + rx[2]
        mac_pos = start if rx[F_HTYPE] == 1 else 0
    key[0] = key[4] = 0
    if mac_pos:
        copy(key, 1, rx, mac_pos, 3)
        copy(key, 5, rx, mac_pos + 3, 3)
        return
    a = 0x1505
    b = (0 if pos else rx[F_HTYPE] + 1) + end - start  # an identifier and a chaddr make two keys
    while start < end:
        byte = rx[start]
        a = ((a << 5 & 0xFFFFFF | a >> 19) ^ byte) * 37 + (b >> 5) & 0xFFFFFF
        b = ((b << 6 & 0xFFFFFF | b >> 18) + byte * 251 ^ a) & 0xFFFFFF
        start += 1
    key[0] = 1
    for i in (3, 2, 1):
        key[i] = a & 255
        key[i + 4] = b & 255
        a >>= 8
        b >>= 8


def same(a, i, b, j, n):
    """Return whether a[i:i + n] equals b[j:j + n]."""
    while n:
        n -= 1
        if a[i + n] != b[j + n]:
            return False
    return True


def copy(a, i, b, j, n):
    """Copy b[j:j + n] to a[i:i + n], the last byte first."""
    while n:
        n -= 1
        a[i + n] = b[j + n]
