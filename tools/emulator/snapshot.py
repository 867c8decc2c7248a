"""Copies of a board: a test runs in a forked process, on a board that is already up.

Bringing the chip up takes 15 s; a fork takes milliseconds, and what the test does to its board is
gone with it.
"""

import os
import pickle
import select
import signal
import sys
import time
import traceback


class ChildError(Exception):
    """The traceback of a failure in the forked process, as text."""


def in_child(function, *args, timeout_s=120):
    """Run function(*args) in a forked copy of this process; return its result.

    The result must be picklable.  An exception there is raised here, with the text of its
    traceback as its cause.  Raises TimeoutError after timeout_s seconds; the child is then ended.
    """
    return Child(function, *args, timeout_s=timeout_s).result()


class Child:
    """A forked copy of this process that runs function(*args), as for in_child().

    The result should be small: a child that cannot write it waits for result().
    """

    def __init__(self, function, *args, timeout_s=120):
        sys.stdout.flush()
        sys.stderr.flush()
        self._deadline = time.monotonic() + timeout_s
        self._reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._reading)
            _child(function, args, writing)
        os.close(writing)

    def result(self):
        """Wait for the child's end and return its result, once; in_child() says what is raised."""
        try:
            data = _read(self._reading, self._deadline)
        except BaseException:
            os.kill(self._pid, signal.SIGKILL)
            raise
        finally:
            status = self._end()
        if not data:
            raise ChildError(f"the forked process ended without an answer, status {status}")
        value, error, text = pickle.loads(data)
        if error is not None:
            raise error from ChildError(text)
        return value

    def kill(self):
        """End the child; its result is lost."""
        os.kill(self._pid, signal.SIGKILL)
        self._end()

    def _end(self):
        os.close(self._reading)
        return os.waitpid(self._pid, 0)[1]


def _child(function, args, writing):
    """Run the function and write what became of it; never returns."""
    answer = (None, None, "")
    sys.settrace(None)  # what measures coverage costs a third of the time, and is not asked here
    try:
        answer = (function(*args), None, "")
    except BaseException as error:
        answer = (None, error, traceback.format_exc())
    sys.stdout.flush()
    sys.stderr.flush()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(_pickled(answer))
    os._exit(0)


def _pickled(answer):
    try:
        data = pickle.dumps(answer)
        pickle.loads(data)  # some exceptions can be written but not read
        return data
    except Exception:
        error = ChildError(f"cannot be sent: {answer[0]!r:.200} {answer[1]!r:.200}")
        return pickle.dumps((None, error, answer[2]))


def _read(descriptor, deadline):
    """Return all bytes until the other end closes."""
    data = bytearray()
    while True:
        left_s = deadline - time.monotonic()
        if left_s <= 0 or not select.select([descriptor], [], [], left_s)[0]:
            raise TimeoutError("the forked process takes too long")
        part = os.read(descriptor, 65536)
        if not part:
            return bytes(data)
        data += part
