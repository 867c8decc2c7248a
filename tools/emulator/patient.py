"""Runs a Python program on a slower clock, so that its limits allow for an emulated board.

python tools/emulator/patient.py FILE|DIRECTORY|-m MODULE [ARGUMENT]…    (SerialPort.python)

A program that waits for a board gives it up after some seconds without a word.  An emulated board
on a busy machine needs more; how much more must not decide a test.
"""

import runpy
import sys
import time

SLOWER = 60  # the 10 s of mpremote become ten minutes


class _Clock:
    """The slower clock; no function, as pyserial would make a method of that."""

    _real = staticmethod(time.monotonic)

    def __call__(self):
        return self._real() / SLOWER


def main(words):
    """Run the program that the command line names, as its __main__."""
    time.monotonic = _Clock()
    sys.path[0] = ""
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
