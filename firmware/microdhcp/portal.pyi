from collections.abc import Callable, Iterable
from typing import Any

class Portal:
    done: str | None
    message: str
    def __init__(
        self,
        service: Any,
        on_submit: Callable[[dict[str, str]], str | None],
        title: str = "Set-up",
        networks: Iterable[str] | Callable[[], Iterable[str]] | None = None,
        form: bytes | None = None,
    ) -> None: ...
