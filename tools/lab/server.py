"""Runs tools/serve.py in a node and reads its events."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from patience import LIMIT_S

from .nodes import LabError

SERVE = Path(__file__).resolve().parents[1] / "serve.py"


class ServerProcess:
    """tools/serve.py, running; use it in a `with` statement.

    node  where it runs
    argv  arguments after the name of the program
    Leaving the `with` ends it by SIGTERM; LabError when its exit status is not 0.  What it
    has written to standard error is in .stderr.
    """

    def __init__(self, node, argv, ready_timeout_s=LIMIT_S):
        self._node = node
        self._argv = [sys.executable, str(SERVE), *argv]
        self._ready_timeout_s = ready_timeout_s
        self._changed = threading.Condition()
        self._events = []
        self.stderr = ""
        self.status = None

    def __enter__(self):
        self._process = self._node.start(
            self._argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._threads = [
            threading.Thread(target=self._read_events, daemon=True),
            threading.Thread(target=self._read_stderr, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        if self.wait("ready", self._ready_timeout_s) is None:
            self._finish(self._process.kill())
            raise LabError(f"serve.py did not get ready: {self.stderr.strip()[-500:]}")
        return self

    def __exit__(self, kind, error, trace):
        self.end()
        if kind is None and self.status != 0:
            raise LabError(f"serve.py ended with status {self.status}: {self.stderr[-500:]}")

    def end(self):
        """End it by SIGTERM, unless it has ended already; return its exit status."""
        if self.status is None:
            self._finish(self._process.end())
        return self.status

    def _finish(self, status):
        for thread in self._threads:
            thread.join()
        self._process.popen.stdout.close()
        self._process.popen.stderr.close()
        self.status = status

    def _read_events(self):
        for line in self._process.popen.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                event = {"event": "not JSON", "line": line}
            with self._changed:
                self._events.append(event)
                self._changed.notify_all()

    def _read_stderr(self):
        for line in self._process.popen.stderr:
            self.stderr += line

    @property
    def pid(self):
        """The number of the process on this machine."""
        return self._process.pid

    @property
    def running(self):
        """True while the process runs."""
        return self._process.popen.poll() is None

    def events(self, name=None):
        """Return the events so far, as dicts; with a name, only those events."""
        with self._changed:
            return [event for event in self._events if name in (None, event.get("event"))]

    def signal(self, number):
        """Send it a signal."""
        self._process.signal(number)

    def leases(self, timeout_s=LIMIT_S):
        """Return the rows of the lease table as the server prints them on SIGUSR1."""
        before = len(self.events("leases"))
        self._process.signal(signal.SIGUSR1)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = self.events("leases")
            if len(found) > before:
                return found[-1]["leases"]
            with self._changed:
                self._changed.wait(0.1)
        raise LabError(
            f"serve.py did not print its leases within {timeout_s} s: {self.stderr[-500:]}"
        )

    def wait(self, name, timeout_s=LIMIT_S, **fields):
        """Return the first event with this name and these fields, or None after timeout_s."""
        deadline = time.monotonic() + timeout_s
        while True:
            for event in self.events(name):
                if all(event.get(key) == value for key, value in fields.items()):
                    return event
            left_s = deadline - time.monotonic()
            ended = self._process.popen.poll() is not None and not self._threads[0].is_alive()
            if left_s <= 0 or ended:
                return None
            with self._changed:
                self._changed.wait(min(left_s, 0.1))
