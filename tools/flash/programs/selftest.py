"""Runs on the board: the package loads, and gives an address to a device that does not exist.

No socket and no access point: what the air does is for `docs/getting-started.md` to see.
"""

import gc
import sys

from micropython import heap_lock, heap_unlock

_MAC = b"\x00\x00\x5e\x00\x53\x01"
_HEADER = b"\x01\x01\x06\x00test" + bytes(20) + _MAC + bytes(202) + b"\x63\x82\x53\x63"
_DISCOVER = b"\x35\x01\x01\xff"
_SLICES_FREE = (1, 26)  # before, slice assignment allocates


def free():
    """Return the free bytes of the heap."""
    gc.collect()
    return gc.mem_free()


def answer(server, options, now_s):
    """Give the server one message and return its reply; with the heap locked where it can be."""
    packet = _HEADER + options
    server.rx[: len(packet)] = packet
    n = len(packet)
    lock = sys.implementation[1][:2] >= _SLICES_FREE
    if lock:
        heap_lock()
    try:
        n = server.handle(n, now_s)
    finally:
        if lock:
            heap_unlock()
    return bytes(server.tx[:n])


def exchange(server):
    """Return the address that an ACK gave to the device, as text; ValueError without one."""
    offer = answer(server, _DISCOVER, 1)
    if offer[242:243] != b"\x02":
        raise ValueError("no OFFER", server.last_drop)
    address = offer[16:20]
    ours = server.tx[offer.find(b"\x36\x04") :][:6]
    ack = answer(server, b"\x35\x01\x03\x32\x04" + address + bytes(ours) + b"\xff", 2)
    if ack[242:243] != b"\x05" or ack[16:20] != address:
        raise ValueError("no ACK", server.last_drop)
    return ".".join([str(byte) for byte in address])


def main(names):
    """Return {"file", "address", "locked", "before", "core", "all"}; raises what goes wrong.

    names  of microdhcp, to load besides the core: "Service"
    before, core, all: free heap before anything, with a Server of 16 leases, with those names
    """
    before = free()
    import microdhcp

    config = microdhcp.Config("192.168.4.1/24", ("192.168.4.16", "192.168.4.31"))
    server = microdhcp.Server(config)
    core = free()
    address = exchange(server)
    for name in names:
        getattr(microdhcp, name)
    return {
        "file": microdhcp.__file__,
        "address": address,
        "locked": sys.implementation[1][:2] >= _SLICES_FREE,
        "before": before,
        "core": core,
        "all": free(),
    }
