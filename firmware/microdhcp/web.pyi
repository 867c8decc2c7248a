from collections.abc import Iterable
from typing import Any

class Request:
    method: bytes
    path: bytes
    host: bytes
    body: bytes
    def fields(self) -> dict[str, str]: ...

class Reply:
    def __init__(
        self,
        status: int,
        pieces: Iterable[bytes] = (),
        kind: str = "text/html",
        location: str | None = None,
    ) -> None: ...

class Web:
    parts: list[Any]
    counts: dict[str, int]
    address: str
    def __init__(
        self, service: Any, port: int = 80, clients: int = 4, address: str | None = None
    ) -> None: ...

def web_of(service: Any) -> Web: ...
def escape(text: str) -> str: ...
