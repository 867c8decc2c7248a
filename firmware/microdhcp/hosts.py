"""Host names as clients send them, a row of bytes for each slot; naming.py makes names of them.

Loaded unless hostname_bytes is 0.  A packet costs a comparison, and a copy when the name is new.
"""

from ._compat import const
from .hot import copy, same

_HOST_NAME = const(11)  # entries of Request.at: 12
_FQDN = const(12)  # 81
_WIRE_FORM = const(4)  # a flag of 81: labels with their lengths in front, not text
_FRESH = const(1)
_LONGEST_LABEL = const(63)


class Names:
    """What clients call themselves.

    size    bytes for each slot
    rows    the names as they were sent, shorter ones end with a zero
    marks   0: no name; 1: nobody has read it yet; else see naming.py
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
            if n > 0 and _is_label(rx, start, n, rx[at + 1] & _WIRE_FORM):
                n = rx[start]
                start += 1
        if n <= 0:
            return
        n = min(n, self.size)
        at = slot * self.size
        rows = self.rows
        if self.marks[slot] and (n == self.size or not rows[at + n]):
            if same(rows, at, rx, start, n):
                return
        self.marks[slot] = _FRESH
        copy(rows, at, rx, start, n)
        if n < self.size:
            rows[at + n] = 0


def _is_label(rx, start, n, flag):
    """Return whether the name in rx[start:start + n] begins with a label's length, flag or not.

    Some clients set the flag for the wire form and send text, others the reverse: a length fits
    the name, and without the flag it is no character that a name can begin with.
    """
    length = rx[start]
    return 0 < length < n and length <= _LONGEST_LABEL and (flag or length <= 0x20)
