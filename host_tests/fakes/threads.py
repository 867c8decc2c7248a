"""The module `_thread`: locks, and programs beside the first one (rp2: its second core)."""

import types

from fakes.program import Program


class Lock:
    """A lock; waiting for one that nobody will release is an error of the test."""

    def __init__(self, board):
        self._board = board
        self._locked = False

    def acquire(self, wait=1, timeout=-1):
        """Take it; return whether that has worked."""
        if self._locked and wait:
            others = [p for p in self._board.threads if not p.done]
            if not others:
                raise AssertionError("deadlock: the thread waits for itself")
            self._board.block(lambda: not self._locked, None)
        if self._locked:
            return False
        self._locked = True
        return True

    def release(self):
        """Give it back; RuntimeError when it is free (MP py/modthread.c)."""
        if not self._locked:
            raise RuntimeError
        self._locked = False

    def locked(self):
        """Return whether somebody has it."""
        return self._locked

    __enter__ = acquire

    def __exit__(self, *_):
        self.release()


def module(board):
    """Return the module `_thread` of a board."""

    def start_new_thread(function, arguments, keywords=None):
        names = {"run": lambda: function(*arguments, **(keywords or {}))}
        board.threads.append(Program(board, "run()", names))
        return id(board.threads[-1])

    return types.SimpleNamespace(
        allocate_lock=lambda: Lock(board),
        get_ident=lambda: id(board.running),
        start_new_thread=start_new_thread,
        LockType=Lock,
        stack_size=lambda size=0: 0,
        exit=lambda: (_ for _ in ()).throw(SystemExit),
    )
