"""Host names as clients send them, a row of bytes for each slot; naming.py makes names of them.

Loaded unless hostname_bytes is 0.  A packet costs a comparison, and a copy when the name is new.
"""

from ._compat import const
from .hot import copy

_HOST_NAME = const(11)  # entries of Request.at: 12
_FQDN = const(12)  # 81
_WIRE_FORM = const(4)  # a flag of 81: labels with their lengths in front, not text
_FRESH = const(128)


class Names:
    """What clients call themselves.

    size    bytes for each slot
    rows    the names, shorter ones end with a zero
    marks   0: no name; else 1..127, by which a new name of the same client is noticed (by its
            length and three of its bytes), and 128 while the row is as the client sent it
    """

    def __init__(self, slots, size):
        self.size = size
        self.rows = bytearray(slots * size)
        self.marks = bytearray(slots)

    def note(self, slot, request):
        """Keep the name in the request, option 12 or else 81, if there is one and it is new.

        RFC 2132 section 3.14, RFC 4702 section 2; of option 81 the part up to the first dot.
        """
        rx = request.rx
        at = request.at[_HOST_NAME]
        if at:
            start = at + 1
            n = rx[at]
        else:
            at = request.at[_FQDN]
            start = at + 4  # behind flags, and two codes that nobody uses any more
            n = rx[at] - 3 if at else 0
            if n > 0 and rx[at + 1] & _WIRE_FORM:
                n = min(n - 1, rx[start])
                start += 1
        if n <= 0:
            return
        if n > self.size:
            n = self.size
        mark = (n + 3 * rx[start] + 5 * rx[start + n - 1] + 7 * rx[start + n // 2]) % 127 + 1
        if self.marks[slot] & 127 == mark:
            return
        self.marks[slot] = mark | _FRESH
        at = slot * self.size
        copy(self.rows, at, rx, start, n)
        if n < self.size:
            self.rows[at + n] = 0
