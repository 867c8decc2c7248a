"""The board's REPL at a terminal, or fed from a pipe."""

import contextlib
import os
import sys

from emulator.console import CTRL_B, CTRL_C, PROMPT
from emulator.pace import Pace

LEAVE = b"\x1d"  # Ctrl-], as in mpremote
_STEP_US = 20_000
_QUIET_US = 20_000  # emulated time without a word at the prompt: nothing more to come
_FINISH_S = 60  # wall time for what a pipe has typed last


@contextlib.contextmanager
def _raw(descriptor):
    """Let a terminal hand over single keys; nothing to do for a pipe."""
    if not os.isatty(descriptor):
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def interact(board, source=None, out=None):
    """Join the board's REPL to a terminal until Ctrl-], or to a pipe until its end.

    source  file descriptor that is typed from; standard input unless given
    out     binary stream for what the board says; standard output unless given
    Raises BoardTimeout when the board is still busy a minute after a pipe's end.
    """
    source = sys.stdin.fileno() if source is None else source
    out = out or sys.stdout.buffer

    def show(data):
        out.write(data)
        out.flush()

    board.console.on_data = show
    board.console.send(CTRL_C + CTRL_B)
    try:
        with _raw(source):
            _follow(board, source)
        if not os.isatty(source):
            _finish(board)
    finally:
        board.console.on_data = None


def _follow(board, source):
    """Pass on what is typed until Ctrl-] or the end, the board no faster than the user's clock."""
    pace = Pace(board)
    while True:
        board.step(_STEP_US)
        if not pace.wait([source]):
            continue
        keys = os.read(source, 256)
        board.console.send(keys.partition(LEAVE)[0].replace(b"\n", b"\r"))
        if not keys or LEAVE in keys:
            return


def _finish(board):
    """Let the board run until it stands at the prompt and has had nothing to say for a while."""
    last = [0, 0.0]

    def quiet():
        heard = len(board.console.heard)
        if heard != last[0] or board.console.typing:
            last[:] = heard, board.now_us
        return board.now_us - last[1] > _QUIET_US and board.console.heard.endswith(PROMPT)

    board.wait(quiet, _FINISH_S, "the REPL is busy")
