"""Writes the log, whole lines only, without ever waiting for its reader or failing with it.

A line that cannot be written is dropped and counted: the reader is slow, stopped or gone, the disk
is full, the terminal is closed.  As soon as a line can be written again, the log says how
many are missing.
"""

import collections
import contextlib
import json
import os
import select
import time

import dhcptext

from . import events

WAITING_LINES = 10_000
WAITING_BYTES = 1 << 20
ROOM = 4096  # bytes that a pipe takes without waiting once poll() calls it ready (PIPE_BUF)
SLOW_S = 0.05  # between two looks at a reader that is slow
BROKEN_S = 1.0  # between two tries to write after an error


class Output:
    """Writes events to a file descriptor; no method raises an error of the file.

    as_json   one JSON object per line, else text
    verbose   text: the contents of every message as well
    Unread lines wait here, WAITING_LINES and WAITING_BYTES at most.
    """

    def __init__(self, fd, as_json=False, verbose=False):
        self.verbose = verbose and not as_json
        self._fd = _without_waiting(fd)
        self._as_json = as_json
        self._waiting = collections.deque()  # (bytes, how many lines are lost with them)
        self._bytes = 0
        self._begun = False  # whether a part of the first one has been written
        self._lost = 0
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLOUT)

    def tell(self, event):
        """Write one event."""
        self._line(self._format(event))

    def packet(self, packet):
        """Write the decoded contents of a DHCP message, indented below its event."""
        self._line("\n".join(dhcptext.lines(packet, "    ")))

    def wait_s(self):
        """Write as much as possible; return the seconds until the next call, None: never."""
        if self.flush():
            return BROKEN_S if self._lost else None
        return SLOW_S

    def flush(self, within_s=0):
        """Write what the reader has room for, within so many seconds; return whether all is."""
        self._close_gap()
        end = time.monotonic() + within_s
        while self._waiting and self._poll.poll(max(0, 1000 * (end - time.monotonic()))):
            try:
                self._write_some()
            except BlockingIOError:
                break
            except OSError:
                self._drop()
                return True
        return not self._waiting

    def _format(self, event):
        return json.dumps(event) if self._as_json else events.text(event)

    def _line(self, text):
        """Queue a line and write.  Drop and count it if too many lines wait."""
        self.flush()
        self._close_gap()
        data = f"{text}\n".encode(errors="backslashreplace")
        full = len(self._waiting) >= WAITING_LINES or self._bytes + len(data) > WAITING_BYTES
        if full or self._lost:
            self._lost += 1
            return
        self._put(data, 1)
        self.flush()

    def _close_gap(self):
        """Say how many lines are missing, once half of the room is free again."""
        half = 2 * len(self._waiting) < WAITING_LINES and 2 * self._bytes < WAITING_BYTES
        if self._lost and half:
            lost, self._lost = self._lost, 0
            self._put(f"{self._format({'event': 'lost', 'lines': lost})}\n".encode(), lost)

    def _put(self, data, lines):
        self._waiting.append((memoryview(data), lines))
        self._bytes += len(data)

    def _write_some(self):
        data, lines = self._waiting[0]
        written = os.write(self._fd, data[:ROOM])
        self._bytes -= written
        self._begun = written < len(data)
        if self._begun:
            self._waiting[0] = data[written:], lines
        else:
            self._waiting.popleft()

    def _drop(self):
        """Drop all that waits, but for the rest of a line that has begun."""
        rest = [self._waiting.popleft()] if self._begun else []
        self._lost += sum(lines for _, lines in self._waiting)
        self._waiting.clear()
        self._bytes = 0
        for data, lines in rest:
            self._put(data, lines)


def _without_waiting(fd):
    """Return a descriptor whose write() never waits if fd is a terminal, else fd itself.

    A flag on `fd` itself would hold for every process that has the terminal.
    """
    with contextlib.suppress(OSError):
        if os.isatty(fd):
            return os.open(os.ttyname(fd), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    return fd
