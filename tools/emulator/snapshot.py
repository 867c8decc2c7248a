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
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(function, args, writing)
    os.close(writing)
    try:
        data = _read(reading, time.monotonic() + timeout_s)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.close(reading)
        _, status = os.waitpid(pid, 0)
    if not data:
        raise ChildError(f"the forked process ended without an answer, status {status}")
    value, error, text = pickle.loads(data)
    if error is not None:
        raise error from ChildError(text)
    return value


def _child(function, args, writing):
    """Run the function and write what became of it; never returns."""
    answer = (None, None, "")
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
