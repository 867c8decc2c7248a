"""CPython and MicroPython give the same bytes, with MicroPython's heap locked where that works."""

import functools

import pytest

import every_packet
import mpvm
from mpvm.install import missing

INSIDE = """
import every_packet
import test_no_alloc
from timeline import Client, serve

Client(serve()).discover(giaddr="192.0.2.9")  # the first relayed message loads a module
LOCK = test_no_alloc.sys.implementation.version[:2] >= (1, 26)


def plain(server, n, now_s):
    return server.handle(n, now_s)


def digest(name):
    handle = test_no_alloc.locked if LOCK else plain
    return every_packet.digest(every_packet.replies(handle, name))
"""


def here(server, n, now_s):
    """Handle a packet on CPython."""
    return server.handle(n, now_s)


@functools.cache
def wanted():
    """Return {name of a conversation: its digest on CPython}."""
    replies = every_packet.replies
    return {name: every_packet.digest(replies(here, name)) for name in every_packet.names()}


@pytest.mark.skipif(bool(missing()), reason=missing() or "")
@pytest.mark.parametrize("version", [mpvm.OLDEST, mpvm.NEWEST])
@pytest.mark.parametrize("mpy", [False, True], ids=["source", "mpy"])
def test_every_conversation_gives_the_same_bytes(version, mpy):
    """Each conversation in MicroPython has the digest that it has on CPython."""
    with mpvm.Session(version, INSIDE, mpy=mpy) as vm:
        for name, digest in wanted().items():
            assert vm.call("digest", name) == digest, name


def test_digest_tells_replies_apart():
    """One byte more, another destination, another reason: another digest."""
    one = [("name", 0, b"abc", 1, None)]
    others = (
        [("name", 0, b"abx", 1, None)],
        [("name", 0, b"abc", 2, None)],
        [("name", 1, b"abc", 1, None)],
        [("name", 0, b"", 1, "short")],
        [],
    )
    assert all(every_packet.digest(one) != every_packet.digest(other) for other in others)
