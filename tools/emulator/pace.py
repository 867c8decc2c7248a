"""Slows the board's clock to wall time, for people and programs at its port."""

import select
import time

_LONGEST_S = 0.05


class Pace:
    """Compares the board's clock with wall time from now on."""

    def __init__(self, board):
        self._board = board
        self._ahead_us = board.now_us - time.monotonic() * 1e6

    def wait(self, files):
        """Wait while the board is ahead, at most 50 ms; return those of `files` that can be read.

        files  descriptors or objects with fileno(); one that is ready ends the wait
        A board that is behind has no wait, and what it has lost is not made up for.
        """
        ahead_us = self._board.now_us - time.monotonic() * 1e6 - self._ahead_us
        if ahead_us < 0:
            self._ahead_us += ahead_us
        return select.select(files, [], [], min(max(ahead_us / 1e6, 0), _LONGEST_S))[0]
