"""Reads what a microdhcp server knows: its settings, and its leases from a store or a board.

A store keeps a short key for each client.  If the client identifier is `01` and its MAC (most
clients), the key is that of the MAC.  Of any other identifier the key is a digest, which does not
lead back; the identifiers of reservations are in the settings, so those are recognised.
"""

import re
import time
from ipaddress import IPv4Address
from pathlib import Path

from client import message
from linux import settings
from microdhcp import Config, Server, states, store

from . import program
from .network import BOUND, INFINITE, OVER, QUARANTINED, Lease

_STATES = {
    states.ADOPTED: BOUND,
    states.BOUND: BOUND,
    states.DECLINED: QUARANTINED,
    states.CONFLICT: QUARANTINED,
    states.RELEASED: OVER,
    states.EXPIRED: OVER,
}
_SCRATCH = Config("192.0.2.1/29", ("192.0.2.2", "192.0.2.2"), conflict_check=False)
_LONGEST_S = 1 << 27  # that a lease is granted for
_MAC_ID = b"\x01"  # option 61 of type Ethernet: 01 and the MAC


class SourceError(Exception):
    """Something cannot be read; the text says what, in one line."""


def read_config(path):
    """Return the Config in a file: TOML as for serve.py, or the main.py of a board.

    SourceError: the file has none, or a setting is wrong.
    """
    try:
        if Path(path).suffix == ".py":
            return program.read(path)
        line = settings.parser().parse_args(["--config", str(path)])
        return settings.config(settings.settings(line))
    except program.ProgramError as error:
        raise SourceError(str(error)) from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: {error}") from None


def key_of(mac, client_id=b""):
    """Return the key by which a server knows a client; keys of the same client are equal.

    mac         6 bytes
    client_id   bytes of option 61, b"": it sends none
    """
    server = Server(_SCRATCH)
    packet = message("DISCOVER", mac, 1, {61: client_id} if client_id else {})
    server.rx[: len(packet)] = packet
    server.handle(len(packet), 0)
    return tuple(next(iter(store.records(store.dump(server, 0)))).key)


def read_store(data, config, now_s=None, lost=None):
    """Return the list of Lease in a store (bytes).

    A store has no clock times: each lease ends its granted time from `now_s` on (Unix time,
    default: now), just as the server itself restores it.  So no lease ends before its client
    thinks it does.  lost: a list that gets a text for each lease that has no place in the
    settings.  SourceError: the data is damaged.
    """
    found = store.records(data)
    if found is None:
        raise SourceError("damaged, or no store of leases")
    return leases_of(found, config, int(time.time()) if now_s is None else now_s, lost=lost)


def leases_of(records, config, now_s, left=None, lost=None):
    """Return store records as a list of Lease.

    left   {address: seconds left, None: infinite}, where that is known; else granted times count
    lost   as for read_store()
    """
    known = _reserved_ids(config)
    table = Server(config).leases
    found = {}
    for record in records:
        if record.state not in _STATES:
            continue
        reason = _no_place(record, table, found)
        if not reason:
            lease = _lease(record, known, config.quarantine_s, now_s, left or {})
            found[record.address] = lease
        elif lost is not None:
            lost.append(f"lease of {IPv4Address(record.address)}: {reason}")
    return list(found.values())


def _no_place(record, table, found):
    """Return why a server with this table would not take a record of a store; None: it would."""
    state = _STATES[record.state]
    if table.slot_of(record.address, 0) < 0:
        return "the settings do not have this address"
    if record.address in found:
        return "it is in the store twice"
    if state != QUARANTINED and not any(record.mac):
        return "its client has no MAC"
    if state == BOUND and not (record.granted_s == INFINITE or 0 < record.granted_s <= _LONGEST_S):
        return "its time is not possible"
    return None


def _reserved_ids(config):
    """Return {key: identifier} of the reservations for a client identifier."""
    some_mac = bytes.fromhex("02005e005301")
    return {
        key_of(some_mac, identity): identity
        for _, identity, is_mac in config.reservations
        if not is_mac
    }


def _lease(record, known, quarantine_s, now_s, left):
    state = _STATES[record.state]
    address = IPv4Address(record.address)
    granted_s = quarantine_s if state == QUARANTINED else record.granted_s
    seconds = 0 if state == OVER else left.get(str(address), granted_s)
    if state == BOUND and (granted_s < 0 or seconds is None):
        granted_s, ends_s = INFINITE, INFINITE
    else:
        granted_s, ends_s = max(granted_s, seconds), now_s + seconds
    mac = record.mac if any(record.mac) else b""
    return Lease(
        address,
        state,
        granted_s,
        ends_s,
        mac,
        _client_id(record, known),
        _clean(record.host_name),
    )


def _clean(name):
    """Return a host name (bytes) as the server shows it: it was sent by a client."""
    label = name.split(b".")[0].lower()
    return re.sub(rb"[^a-z0-9]+", b"-", label).strip(b"-").decode()


def _client_id(record, known):
    """Return the client identifier of a record, as Lease.client_id."""
    key = tuple(record.key)
    if key in known:
        return known[key]
    if any(record.mac) and key == key_of(record.mac):
        return _MAC_ID + record.mac
    return None
