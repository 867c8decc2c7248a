"""The few functions that run for every packet and cost the most time.

Plain functions on buffers and small ints, without attributes or allocation.  Nothing here raises
on any packet.
"""

from ._compat import const

_PAD = const(0)
_END = const(255)
_HIGHEST = const(97)  # the highest option code the server looks at
_DIGEST = const(1 << 24)  # marks a key that is a digest, so that it never equals a MAC address

# Which entry of `at` notes an option, by code; 0: an option that the server does not read.
# 1: 50   2: 51   3: 52   4: 53   5: 54   6: 55   7: 57   8: 61   9: 80   10: 82   11: 12   12: 81
# 13: 97
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


def walk(rx, start, end, at, entry_of):
    """Note in `at` where the length bytes of the options in rx[start:end] are.

    at        array("H"), one entry for each option that matters, 0 where not seen
    entry_of  ENTRY, which says which
    Returns 0 when the area is read, the negative of its code when an option runs past the end,
    otherwise the offset of the length byte of an option that was seen before: go on behind it.
    PAD and END: RFC 2132 sections 3.1, 3.2.
    """
    while start < end:
        code = rx[start]
        if code == _END:
            return 0
        start += 1
        if code == _PAD:
            continue
        if start >= end:
            return -code
        length_at = start
        start += 1 + rx[start]
        if start > end:
            return -code
        if code <= _HIGHEST:
            entry = entry_of[code]
            if entry:
                if at[entry]:
                    return length_at
                at[entry] = length_at
    return 0


def client_key(rx, at, key):
    """Write the key of the client that sent rx to key: eight bytes that tell clients apart.

    rx      a DHCP message
    at      offset of the length byte of option 61, 0 for none: htype and chaddr (RFC 2131 4.2)
    An Ethernet address, whether it is in chaddr or, behind type 1, in option 61, is kept as it is:
    two zeros around its halves (0 m m m 0 m m m); anything else becomes a digest of 48 bits,
    which begins with 1.
    """
    if at:
        start = at + 1
        end = start + rx[at]
        mac_at = start + 1 if rx[at] == 7 and rx[start] == 1 else 0
    else:
        start = 28
        end = start + rx[2]
        mac_at = start if rx[1] == 1 else 0
    key[0] = key[4] = 0
    if mac_at:
        copy(key, 1, rx, mac_at, 3)
        copy(key, 5, rx, mac_at + 3, 3)
        return
    a = 0x1505
    b = (0 if at else rx[1] + 1) + end - start  # an identifier and a chaddr make two keys
    while start < end:
        byte = rx[start]
        a = ((a << 5 & 0xFFFFFF | a >> 19) ^ byte) * 37 + (b >> 5) & 0xFFFFFF
        b = ((b << 6 & 0xFFFFFF | b >> 18) + byte * 251 ^ a) & 0xFFFFFF
        start += 1
    key[0] = 1
    key[1] = a >> 16
    key[2] = a >> 8 & 255
    key[3] = a & 255
    key[5] = b >> 16
    key[6] = b >> 8 & 255
    key[7] = b & 255


def begin(tx, head, blank, kind, host24):
    """Write what every reply has: the head of the request, and 300 bytes without parameters.

    head    the request from op to chaddr, 44 bytes
    blank   a reply from there on; our address is in its option 54
    host24  last three bytes of yiaddr, -1: there is none
    """
    tx[0:44] = head
    tx[44:300] = blank
    tx[12:24] = b"\0\0\0\0\0\0\0\0\0\0\0\0"  # ciaddr, yiaddr, siaddr
    tx[0] = 2
    tx[3] = tx[8] = tx[9] = 0  # hops, secs
    tx[242] = kind
    if host24 >= 0:
        tx[16] = tx[245]
        tx[17] = host24 >> 16
        tx[18] = host24 >> 8 & 255
        tx[19] = host24 & 255


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
