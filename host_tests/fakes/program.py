"""A program on a board: a thread that runs only while the test lets it.

Exactly one of the two runs at any time.  The program hands over where it would take time on a
board: in every call of a fake module.
"""

import sys
import threading
import traceback

from emulator.console import BoardError, BoardTimeout
from patience import LIMIT_S

_STUCK_S = LIMIT_S  # a program that calls no fake module for so long loops for ever


class Program:
    """A program that was started; the same as emulator.console.Program.

    done    True when it has ended
    output  what it has printed so far
    error   the traceback with which it ended, "" when it has not, or ended well
    """

    def __init__(self, board, source, names, trace=None):
        self.board = board
        self._trace = trace
        self.done = False
        self.error = ""
        self._printed = []
        self._wanted = None
        self._go = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        code = compile(source, "<stdin>", "exec")
        self._thread = threading.Thread(target=self._run, args=(code, names), daemon=True)
        self._thread.start()

    @property
    def output(self):
        """Its output so far."""
        return "".join(self._printed)

    def write(self, text):
        """Take what the program prints."""
        self._printed.append(text)

    def _run(self, code, names):
        self._go.acquire()
        try:
            if self._trace:  # without one, whoever traces this thread already goes on
                sys.settrace(self._trace)
            exec(code, names)
        except BaseException:
            self.error = traceback.format_exc()
        if self._trace:
            sys.settrace(None)
        self.done = True
        self._back.release()

    def resume(self):
        """Let the program run until it hands over or ends; called by the test's thread."""
        self.board.running = self
        self._go.release()
        if not self._back.acquire(timeout=_STUCK_S):
            raise BoardTimeout("the program calls nothing that takes time: an endless loop")

    def hand_over(self):
        """Let the test go on until it resumes the program; called by the program's thread."""
        self._back.release()
        self._go.acquire()

    def check(self):
        """Raise in the program what interrupt() wants raised."""
        wanted, self._wanted = self._wanted, None
        if wanted:
            raise wanted

    def press_ctrl_c(self):
        """Let the next check() raise KeyboardInterrupt, once."""
        self._wanted = KeyboardInterrupt

    def wait(self, timeout_s=60):
        """Let the board run until the program has ended; return what it printed.

        timeout_s  emulated seconds
        Raises BoardError with the traceback, BoardTimeout after timeout_s.
        """
        self.board.wait(lambda: self.done, timeout_s, "the program has not ended")
        if self.error:
            raise BoardError(self.error.strip())
        return self.output

    def interrupt(self):
        """End it by Ctrl-C; return what it printed.  An error of its own is not raised."""
        while not self.done:
            self._wanted = KeyboardInterrupt
            self.resume()
        return self.output
