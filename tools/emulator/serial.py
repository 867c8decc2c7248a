"""The board's USB port as a pseudo terminal, so that mpremote and others can talk to it.

with SerialPort(board) as port:
    done = port.python("-m", "mpremote", "connect", port.path, "fs", "ls")
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import tty
from pathlib import Path

from emulator.pace import Pace

NET_S = 900  # emulated seconds: a machine that is busy takes longer for them
PATIENT = str(Path(__file__).with_name("patient.py"))
_STEP_US = 5000


class SerialPort:
    """A pseudo terminal that is the board's USB port inside the `with` block.

    path  what a program has to open, e.g. "/dev/pts/3"
    """

    def __init__(self, board):
        self.board = board
        self.path = None
        self._ours = self._theirs = None
        self._said = bytearray()
        self._pace = None

    def __enter__(self):
        # The other end stays open here too: a terminal that nobody holds loses what is sent.
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)
        self.board.console.on_data = self._said.extend
        self._pace = Pace(self.board)
        return self

    def __exit__(self, kind, error, trace):
        self.board.console.on_data = None
        os.close(self._ours)
        os.close(self._theirs)

    def turn(self):
        """Let bytes pass in both directions, and a little of the board's time."""
        with contextlib.suppress(BlockingIOError):
            self.board.console.send(os.read(self._ours, 4096))
        self.board.step(_STEP_US)
        with contextlib.suppress(BlockingIOError):
            while self._said:
                del self._said[: os.write(self._ours, self._said)]
        self._pace.wait([self._ours])

    def python(self, *words):
        """Run a Python program, a file or `-m` and a module, as run() does, with patience.

        Its own limits in time are 60 times as long (patient.py).
        """
        return self.run([sys.executable, PATIENT, *words])

    def run(self, argv, timeout_s=NET_S):
        """Run a command while the board runs; return its subprocess.CompletedProcess, as text.

        Raises subprocess.TimeoutExpired after timeout_s emulated seconds; the command is then
        ended.
        """
        end_us = self.board.now_us + timeout_s * 1e6
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=error)
            try:
                while process.poll() is None:
                    self.turn()
                    if self.board.now_us > end_us:
                        raise subprocess.TimeoutExpired(argv, timeout_s)
            finally:
                process.kill()
                process.wait()
            out.seek(0)
            error.seek(0)
            texts = out.read(), error.read()
        return subprocess.CompletedProcess(argv, process.returncode, *texts)
