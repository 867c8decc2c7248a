from collections.abc import Mapping
from typing import Any

class Names:
    domain: str
    dropped: int
    def __init__(
        self,
        service: Any,
        domain: str = "lan",
        board: str | None = None,
        captive: bool = False,
        hosts: Mapping[str, str] | None = None,
    ) -> None: ...
    def answer(self, query: bytes) -> bytes: ...
