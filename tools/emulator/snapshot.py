"""Copies of a board: a test runs in a forked process, on a board that is already up.

Bringing the chip up takes 10 s; a fork takes milliseconds, and what the test does to its board is
gone with it.
"""

import os
import pickle
import resource
import select
import signal
import sys
import time
import traceback


class ChildError(Exception):
    """The traceback of a failure in the forked process, as text."""


def in_child(function, *args, **limits):
    """Run function(*args) in a forked copy of this process; return its result.

    limits  cpu_s, wall_s as for Child
    The result must be picklable.  An exception there is raised here, with the text of its
    traceback as its cause.
    """
    return Child(function, *args, **limits).result()


class Child:
    """A forked copy of this process that runs function(*args), as for in_child().

    cpu_s   seconds of processor time after which the system ends it: result() raises ChildError
    wall_s  seconds after which result() ends it and raises TimeoutError; a safety net only
    The result should be small: a child that cannot write it waits for result().
    """

    def __init__(self, function, *args, cpu_s=1200, wall_s=7200):
        sys.stdout.flush()
        sys.stderr.flush()
        self._wall_s = wall_s
        self._deadline = time.monotonic() + wall_s
        self._reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._reading)
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
            _child(function, args, writing)
        os.close(writing)

    def result(self):
        """Wait for the child's end and return its result, once; in_child() says what is raised."""
        try:
            data = _read(self._reading, self._deadline)
        except TimeoutError:
            os.kill(self._pid, signal.SIGKILL)
            raise TimeoutError(
                f"safety net: the forked process takes over {self._wall_s} s"
            ) from None
        except BaseException:
            os.kill(self._pid, signal.SIGKILL)
            raise
        finally:
            status = self._end()
        if not data:
            raise ChildError(f"the forked process ended without an answer, {_words(status)}")
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


def _words(status):
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return "out of its processor time"
    return f"status {status}"


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
            raise TimeoutError
        part = os.read(descriptor, 65536)
        if not part:
            return bytes(data)
        data += part
