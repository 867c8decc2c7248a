from typing import NamedTuple

class Lease(NamedTuple):
    address: str
    mac: str
    host_name: str
    state: str
    seconds_left: int | None
    reserved: bool
