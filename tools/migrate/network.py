"""What moves to another server: one subnet with its settings, reservations and leases.

All formats meet here: a reader makes a Network, a writer makes files of one.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

INFINITE = -1  # seconds, and the end of a lease
BOUND = "bound"
QUARANTINED = "quarantined"
OVER = "over"
_SERVER_OPTIONS = (1, 28, 58, 59)  # every server derives these from the subnet and the lease


class Option(NamedTuple):
    """One configured option: its code and the bytes of its value."""

    code: int
    data: bytes


@dataclass
class Reservation:
    """A fixed address.

    mac, client_id   6 bytes, or the bytes of option 61; one of them is None
    options          the options that only this client gets, list of Option
    without          codes of common options that this client does not get
    """

    address: IPv4Address
    mac: bytes | None
    client_id: bytes | None
    options: list = field(default_factory=list)
    without: list = field(default_factory=list)

    @property
    def who(self):
        """The client as text, for comments and messages."""
        return self.mac.hex(":") if self.mac else f"client id {self.client_id.hex(':')}"


@dataclass
class ClientClass:
    """Options for a kind of clients.

    conditions   tuple of (code, bytes): how options of the client begin; of 93, a pair in it
    options      list of Option, beside or in place of the common ones
    without      codes of common options that these clients are not sent
    """

    conditions: tuple
    options: list
    without: list


@dataclass
class Lease:
    """What is known about one address.

    state       BOUND, QUARANTINED or OVER
    granted_s   seconds, INFINITE: without end
    ends_s      Unix time of its end, INFINITE: never
    mac         6 bytes, b"" if unknown
    client_id   bytes of option 61; b"": the client is known by its MAC alone; None: it has an
                identifier, but only a digest of it was stored
    """

    address: IPv4Address
    state: str
    granted_s: int
    ends_s: int
    mac: bytes = b""
    client_id: bytes | None = b""
    host_name: str = ""


@dataclass
class Network:
    """A subnet and everything in it.

    settings   {name: value} of the simple settings of Config
    pool       (first, last) IPv4Address
    options    list of Option
    allow      list of the bytes that an allowed MAC starts with, None: everybody is served
    """

    subnet: IPv4Network
    server: IPv4Address
    pool: tuple
    settings: dict
    options: list
    reservations: list
    allow: list | None
    deny: list
    leases: list
    classes: list

    def in_pool(self, address):
        """Return True if an address is in the pool."""
        return self.pool[0] <= address <= self.pool[1]

    def of_state(self, state):
        """Return the leases of one state, in the order of their addresses."""
        return [lease for lease in self.leases if lease.state == state]

    def reservation_at(self, address):
        """Return the Reservation of an address, or None."""
        return next((entry for entry in self.reservations if entry.address == address), None)


_SIMPLE = (
    *("lease_s", "min_lease_s", "max_lease_s", "offer_hold_s", "quarantine_s"),
    *("authoritative", "rapid_commit", "conflict_check", "hostname_bytes", "max_message"),
    *("next_server", "boot_file"),
)


def of_config(config, leases):
    """Return the Network of a microdhcp.Config and a list of Lease."""
    high = config.address[0] << 24

    def address(host24):
        return IPv4Address(high | host24)

    size = config.net24_last - config.net24_first + 1
    common = _options(config.common[0][:-2])  # without 58 and 59
    devices = config.devices
    return Network(
        IPv4Network((address(config.net24_first), 33 - size.bit_length())),
        IPv4Address(config.address),
        (address(config.first24), address(config.first24 + config.pool_n - 1)),
        {name: getattr(config, name) for name in _SIMPLE},
        common,
        [
            _reservation(config, common, slot, address(host24), identity, is_mac)
            for slot, (host24, identity, is_mac) in zip(
                devices.slots if devices else b"", config.reservations, strict=True
            )
        ],
        None if not devices or devices.allow is None else list(devices.allow),
        list(devices.deny) if devices else [],
        sorted(leases, key=lambda lease: lease.address),
        [
            ClientClass(conditions, *_differing(common, own))
            for conditions, own in (devices.classes if devices else ())
        ],
    )


def _differing(common, own):
    """Return of a set the options that are not common, and the codes of common ones it lacks."""
    mine = _options(own[0][:-2])
    kept = {option.code for option in mine}
    missing = [option.code for option in common if option.code not in kept]
    return [option for option in mine if option not in common], missing


def _reservation(config, common, slot, address, identity, is_mac):
    """Return the Reservation in one slot, with the difference between its options and the rest."""
    own, without = [], []
    if slot in config.devices.own:
        own, without = _differing(common, config.devices.own[slot])
    mac, client_id = (identity, None) if is_mac else (None, identity)
    return Reservation(address, mac, client_id, own, without)


def _options(tlvs):
    """Return finished options (code, length, value) as Options, but for derived ones."""
    options = [Option(tlv[0], bytes(tlv[2:])) for tlv in tlvs]
    return [option for option in options if option.code not in _SERVER_OPTIONS]
