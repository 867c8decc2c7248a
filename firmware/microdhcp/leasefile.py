"""The lease table to and from bytes, so that leases outlive a power cut.  docs/store.md.

This module does no input or output.  Write what dump() returns to a file, and pass what you read
to load(), which checks all of it.  Times do not outlive a power cut, so every lease is
granted again when it is loaded.  Ended leases stay ended, and their clients stay known.  A
quarantine starts again.
"""

from binascii import crc32

from ._compat import const
from .leases import NEVER, NOBODY, later
from .states import ADOPTED, BOUND, CONFLICT, DECLINED, EXPIRED, FREE, RELEASED
from .text import restore_name

_MAGIC = const(b"mDHC")
_FORMAT = const(2)  # the latest; 1 differs in CONFLICT: nobody knows whose the address is
_COUNT_AT = const(5)
_RECORDS_AT = const(6)
_RECORD = const(23)  # bytes of a record without the host name
_CRC = const(4)

_LONGEST_S = const(1 << 27)


class Record:
    """The contents of the table for one address.

    address     4 bytes
    mac         6 bytes
    key         the client key, 8 bytes (message.client_key)
    state       number of the state (states.py)
    granted_s   seconds, -1: without end
    owned       1: mac is that of the host that was found at the address
    host_name   bytes
    """

    def __init__(self, data, pos, end):
        """Read the record in data[pos:end] without a check."""
        self.address = bytes(data[pos : pos + 4])
        self.key = bytes(data[pos + 4 : pos + 12])
        self.mac = bytes(data[pos + 12 : pos + 18])
        self.state = data[pos + 18]
        granted_s = _number(data, pos + 19)
        self.granted_s = -1 if granted_s == 0xFFFFFFFF else granted_s
        self.owned = int(data[4] > 1 and granted_s == 1)
        self.host_name = bytes(data[pos + _RECORD : end])


def dump(server, now_s):
    """Return the lease table as bytes; the length is 10, and 24 to 87 for each address in use."""
    from .leasedump import dump

    return dump(server, now_s)


def records(data):
    """Return an iterator over the Records in data (bytes); None: damaged, or another version.

    Only the checksum and the lengths are checked, not what the records say.
    """
    end = len(data) - _CRC
    if end < _RECORDS_AT or data[:4] != _MAGIC or not 1 <= data[4] <= _FORMAT:
        return None
    if crc32(data[:end]) != _number(data, end):
        return None
    pos = _RECORDS_AT
    for _ in range(data[_COUNT_AT]):
        if pos >= end or data[pos] < _RECORD:
            return None
        pos += 1 + data[pos]
    return _each(data) if pos == end else None


def _each(data):
    """Yield the Records of sound data."""
    pos = _RECORDS_AT
    for _ in range(data[_COUNT_AT]):
        end = pos + 1 + data[pos]
        yield Record(data, pos + 1, end)
        pos = end


def load(server, data, now_s):
    """Take the leases in data, from dump(); return how many, -1: damaged data.

    Call it for a new server.  It leaves out addresses that are in use already, clients that have
    one, and what the settings do not allow.  Raises nothing.
    """
    found = records(data)
    if found is None:
        return -1
    leases = server.leases
    events = leases.events
    leases.events = None  # nothing of this happens now
    taken = 0
    for record in found:
        taken += _restore(server, record, now_s)
    leases.events = events
    leases.changed = 0
    return taken


def _restore(server, record, now_s):
    """Write a record into the table; return whether it is a lease."""
    leases = server.leases
    slot = leases.slot_of(record.address, 0)
    state = record.state
    if slot < 0 or leases.state[slot] != FREE:
        return False
    if state in (CONFLICT, DECLINED):
        until_s = later(now_s, server.config.quarantine_s)
        if state == DECLINED and not leases.may_quarantine(slot):
            state = RELEASED
            until_s = now_s
        leases.put(slot, NOBODY, record.mac, state, record.owned, now_s, until_s)
        return False
    found = leases.find(record.key)
    is_lease = state in (ADOPTED, BOUND)
    # A lease counts more than another address, which its client was offered as well.
    if not _is_client(record) or found >= 0 and (leases.leased(found) or not is_lease):
        return False
    if state in (RELEASED, EXPIRED):
        devices = server.config.devices
        if not devices or not devices.is_others(slot, record.key, record.mac):
            leases.put(slot, record.key, record.mac, state, 0, now_s, now_s)
            restore_name(leases, slot, record.host_name)
        return False
    return is_lease and _bind(server, slot, record, now_s)


def _bind(server, slot, record, now_s):
    """Lease the slot for the granted time; False without one, or for one slot too many."""
    leases = server.leases
    longest_s = server.config.max_lease_s
    granted_s = record.granted_s
    if not granted_s or granted_s > _LONGEST_S:
        return False
    if slot not in leases.reserved and leases.surplus(record.mac, record.key) >= 0:
        return False
    if longest_s >= 0 and not 0 < granted_s <= longest_s:
        granted_s = longest_s
    until_s = NEVER if granted_s < 0 else later(now_s, granted_s)
    leases.put(slot, record.key, record.mac, record.state, granted_s, now_s, until_s)
    restore_name(leases, slot, record.host_name)
    return True


def _is_client(record):
    """Return whether the key and the MAC of a record can be those of a client."""
    key = record.key
    return key[0] < 2 and not key[4] and record.mac != bytes(6)


def _number(data, pos):
    """Return the four bytes at pos as a number."""
    return int.from_bytes(data[pos : pos + 4], "big")
