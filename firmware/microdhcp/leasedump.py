"""The lease table as bytes: what leasefile.py reads.  docs/store.md."""

from binascii import crc32

from ._compat import const
from .leases import NEVER, WORTH
from .states import FREE
from .text import name_of

_MAGIC = const(b"mDHC")
_FORMAT = const(2)
_COUNT_AT = const(5)
_RECORD = const(23)  # bytes of a record without the host name
_CRC = const(4)

# The state in the file, by state.  An offer or a check is written like a lease that has ended.
_WRITTEN = const(b"\x00\x05\x02\x03\x04\x05\x06\x05\x05\x09")


def dump(server, now_s):
    """Return the lease table as bytes; the length is 10, and 24 to 87 for each address in use."""
    leases = server.leases
    leases.end_due(now_s)
    out = bytearray(_MAGIC + bytes((_FORMAT, 0)))
    for slot in order(leases):  # so that the oldest is reused first after load() too
        if leases.state[slot] != FREE:
            name = name_of(leases, slot).encode()
            out.append(_RECORD + len(name))
            out.extend(_record(leases, slot, now_s) + name)
            out[_COUNT_AT] += 1
    out.extend(crc32(out).to_bytes(_CRC, "big"))
    return bytes(out)


def order(leases):
    """Return the slots as a list, those that are alike in the order they end or ended in."""
    found = []
    for slot in range(leases.slots):
        found.append((WORTH[leases.state[slot]], leases.until_s[slot], leases.turn[slot], slot))
    return [entry[3] for entry in sorted(found)]


def _record(leases, slot, now_s):
    """Return the record of a slot without its name.

    A lease is granted for what is left of it at least: a later offer may have promised less.
    """
    granted_s = max(leases.granted_s[slot], -1)
    if leases.leased(slot) and leases.until_s[slot] != NEVER:
        granted_s = max(granted_s, leases.until_s[slot] - now_s)
    out = bytearray(_RECORD)
    leases.address_of(slot, out, 0)
    out[4:12] = leases.keys[8 * slot : 8 * slot + 8]
    out[12:18] = leases.mac[6 * slot : 6 * slot + 6]
    out[18] = _WRITTEN[leases.state[slot]]
    out[19:23] = (granted_s & 0xFFFFFFFF).to_bytes(4, "big")
    return out
