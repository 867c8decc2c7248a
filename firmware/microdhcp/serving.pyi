from collections.abc import Sequence
from typing import Any

from .service import Service

def serve(
    ap: Any,
    address: str | None = None,
    pool: Sequence[str] | None = None,
    ssid: str | None = None,
    key: str | None = None,
    **settings: Any,
) -> Service: ...
