from collections.abc import Mapping, Sequence
from typing import Any

_Addresses = Sequence[str] | None
_Macs = Sequence[str | bytes]

class Config:
    address: bytes
    pool_n: int
    slots: int
    lease_s: int
    min_lease_s: int
    max_lease_s: int
    offer_hold_s: int
    quarantine_s: int
    authoritative: bool
    rapid_commit: bool
    conflict_check: bool
    hostname_bytes: int
    leases_per_device: int
    max_message: int
    def __init__(
        self,
        address: str,
        pool: Sequence[str],
        *,
        lease_s: int = 3600,
        min_lease_s: int = 60,
        max_lease_s: int | None = 86400,
        offer_hold_s: int = 30,
        quarantine_s: int = 600,
        routers: _Addresses = ...,
        dns_servers: _Addresses = ...,
        domain: str | None = None,
        options: Mapping[Any, object] = {},
        reservations: Mapping[Any, str | Mapping[str, Any]] = {},
        classes: Sequence[Mapping[str, Any]] = [],
        leases_per_device: int = 3,
        authoritative: bool = True,
        rapid_commit: bool = False,
        allow: _Macs | None = None,
        deny: _Macs = (),
        conflict_check: bool = True,
        hostname_bytes: int = 20,
        next_server: str | None = None,
        boot_file: str | None = None,
        relays: Sequence[str] = (),
        max_message: int = 548,
    ) -> None: ...
