"""The module `select`: poll objects as far as a server uses them."""

import types

POLLIN, POLLOUT = 1, 4
_CALL_US = 40


def module(board):
    """Return the module `select` of a board."""

    class Poll:
        def __init__(self):
            self._registered = {}

        def register(self, sock, events=POLLIN | POLLOUT):
            self._registered[id(sock)] = (sock, events)

        def modify(self, sock, events):
            self.register(sock, events)

        def unregister(self, sock):
            self._registered.pop(id(sock), None)

        def _ready(self):
            found = []
            for sock, events in self._registered.values():
                mask = (POLLIN if sock.readable() else 0) | (POLLOUT if sock.writable() else 0)
                if mask & events:
                    found.append((sock, mask & events))
            return found

        def poll(self, timeout_ms=-1):
            board.spend(_CALL_US)
            end_us = None if timeout_ms < 0 else board.now_us + timeout_ms * 1000
            board.block(self._ready, end_us)
            return self._ready()

        def ipoll(self, timeout_ms=-1, flags=0):
            return iter(self.poll(timeout_ms))

    return types.SimpleNamespace(poll=Poll, POLLIN=POLLIN, POLLOUT=POLLOUT, POLLERR=8, POLLHUP=16)
