"""Prepares the buffers of the fast path, also after configure().  Leaves memory then."""

import sys
from array import array

from uctypes import addressof

from ._compat import const
from .fast import (
    CHECKS,
    FIRST24,
    HOLD_S,
    HOST24,
    LAST_CODE,
    LEASE_S,
    NET8,
    NOT_PLAIN,
    POOL_N,
    RAPID,
    RESERVED_N,
    SLOTS,
    SUM,
    TIMES,
    TX_N,
)
from .leases import NEXT
from .message import ENTRY

_SAFE = const(548)
_MOST_OPTIONS = const(30)  # one bit each
_ROUTES = const(121)


def make(fast):
    """Return (context, address of server.rx, address of the queue) for a fast.Fast.

    (None, 0, 0) when the settings are not plain.
    """
    if sys.implementation.name == "micropython":
        _forget()
    server = fast.server
    config = server.config
    options, _, boot_file = config.common
    devices = config.devices
    odd = devices and not devices.only_reserves() or config.next_server or boot_file
    if odd or len(server.tx) > _SAFE or len(options) > _MOST_OPTIONS:
        return None, 0, 0
    _set_numbers(fast.numbers, config, server, fast.port)
    buffers = _buffers(fast, config, server, options)
    fast.buffers = buffers[10:11] + buffers[-6:]  # kept alive; the others are in use elsewhere
    context = array("I", [addressof(buffer) for buffer in buffers])
    queue = addressof(fast.queue) if fast.queue else 0
    return context, context[0], queue


def _buffers(fast, config, server, options):
    """Return the buffers in the order of the context's entries."""
    leases = server.leases
    kept = config.devices.keys if config.devices else b""
    reserved = bytearray(config.slots)  # 1: it is
    for slot in leases.reserved:
        reserved[slot] = 1
    fast.numbers[RESERVED_N] = len(kept) >> 3
    blob, starts, number_of = _numbered(options)
    fast.numbers[TIMES] = starts[len(options) - 2]
    fast.numbers[LAST_CODE] = len(number_of) - 1
    return (
        server.rx,
        server.pos,
        ENTRY,
        server.key,
        fast.numbers,
        leases.state,
        leases.until_s,
        leases.granted_s,
        leases.mac,
        leases.keys,
        reserved,
        kept,
        NEXT,
        server.tx,
        config.fixed,
        number_of,
        blob,
        starts,
        fast.port._frame if fast.port else server.tx,
        fast.station_macs,
    )


def _numbered(options):
    """Return (finished options in one piece, where each begins, their numbers by code)."""
    blob = bytearray()
    starts = array("H", [])
    number_of = bytearray(max([tlv[0] for tlv in options]) + 1)
    for number, tlv in enumerate(options):
        starts.append(len(blob))
        blob.extend(tlv)
        number_of[tlv[0]] = number + 1
    if len(number_of) > _ROUTES and number_of[_ROUTES]:
        number_of[_ROUTES] = NOT_PLAIN  # they take the place of 3 and 33: RFC 3442
    return blob, starts, number_of


def _set_numbers(number, config, server, port):
    """Set the settings that the fast path asks for."""
    number[POOL_N] = config.pool_n
    number[SLOTS] = config.slots
    number[FIRST24] = config.first24
    number[NET8] = config.address[0]
    number[HOST24] = config.host24
    number[LEASE_S] = config.lease_s
    number[HOLD_S] = config.offer_hold_s
    number[TX_N] = len(server.tx)
    number[CHECKS] = bool(server._checks)
    number[RAPID] = config.rapid_commit
    number[SUM] = port._sum if port else 0


def _forget():
    """Drop this module, so that the garbage collector can have it."""
    package, _, name = __name__.rpartition(".")
    del sys.modules[__name__]
    delattr(sys.modules[package], name)
