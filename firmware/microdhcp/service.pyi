from collections.abc import Callable, Collection, Iterator
from typing import Any

from .config import Config
from .report import Lease
from .server import Server

class Service:
    running: Service | None
    config: Config
    server: Server
    counts: dict[str, int]
    parts: tuple[Any, ...]
    def __init__(
        self,
        ap: Any,
        config: Config,
        guard: str = "auto",
        store: str | None = None,
        check_ms: int = 400,
        parked: int = 4,
        on_feed: Callable[[], object] | None = None,
    ) -> None: ...
    def start(
        self,
        ssid: str | None = None,
        key: str | None = None,
        open: bool = False,
        country: str | None = None,
        channel: int | None = None,
        hidden: bool | None = None,
        may_restart: bool = True,
        background: bool = False,
        period_ms: int = 20,
        timer: int | None = None,
    ) -> None: ...
    def stop(self) -> None: ...
    async def run(self) -> None: ...
    def poll(self, wait_ms: int = 0) -> None: ...
    def leases(
        self, states: Collection[str] | None = ("offered", "adopted", "bound")
    ) -> Iterator[Lease]: ...
    def find(self, mac: str | bytes) -> Lease | None: ...
    def release(self, address: str) -> bool: ...
    def configure(self, config: Config) -> None: ...
    def on_event(self, callback: Callable[[str, str, str, str], object] | None) -> None: ...
    def events(self) -> Iterator[tuple[str, str, str, str]]: ...
    def stats(self) -> dict[str, Any]: ...
    def now_s(self) -> int: ...
    def add(self, part: Any) -> None: ...
