from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .config import Config
from .report import Lease
from .server import Server

class Relay:
    running: Relay | None
    server: Server | None
    local: bool
    def __init__(
        self,
        ap: Any,
        servers: Sequence[str | tuple[str, int]],
        address: str | None = None,
        fallback: Config | None = None,
        *,
        fallback_s: int = 30,
        circuit_id: str | bytes | None = None,
        remote_id: str | bytes | None = None,
        max_hops: int = 4,
        pending: int = 16,
        max_message: int = 700,
        on_feed: Callable[[], object] | None = None,
    ) -> None: ...
    def start(
        self,
        ssid: str,
        key: str | None = None,
        open: bool = False,
        country: str | None = None,
        channel: int | None = None,
        hidden: bool | None = None,
        may_restart: bool = True,
    ) -> None: ...
    def stop(self) -> None: ...
    async def run(self) -> None: ...
    def poll(self, wait_ms: int = 0) -> None: ...
    def leases(self) -> Iterator[Lease]: ...
    def stats(self) -> dict[str, Any]: ...
