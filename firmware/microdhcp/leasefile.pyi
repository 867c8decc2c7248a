from collections.abc import Iterator

from .server import Server

class Record:
    address: bytes
    mac: bytes
    key: bytes
    state: int
    granted_s: int
    owned: int
    host_name: bytes

def dump(server: Server, now_s: int) -> bytes: ...
def load(server: Server, data: bytes, now_s: int) -> int: ...
def records(data: bytes) -> Iterator[Record] | None: ...
