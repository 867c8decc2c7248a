from collections.abc import Iterator
from typing import Any

class Page:
    path: str
    def __init__(
        self,
        service: Any,
        title: str = "Devices",
        password: str | None = None,
        path: str = "/",
        mount: bool = True,
    ) -> None: ...
    def json(self) -> Iterator[bytes]: ...
    def event(self, kind: str, address: str, mac: str, host_name: str) -> None: ...
