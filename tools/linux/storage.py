"""Keeps the leases in a file: a new lease within 5 s, other changes within a minute.

A new file is written, brought to the disk and then renamed: a power cut leaves the old one or the
new one, whole.  What is in it: docs/store.md.
"""

import contextlib
import os

from microdhcp import store

NEW_S = 3  # the server's seconds are whole ones: with them it is less than 5
CHANGED_S = 60
CHUNK = 1 << 16


class Storage:
    """The file of a server's leases.

    told     function(message), for people: what became of the file
    counts   {what: how often}; "restored": leases read at the start
    system   has the functions of os that are used here
    """

    def __init__(self, path, server, told, system=os):
        self.path = path
        self.counts = {"stored": 0, "failed": 0, "restored": 0, "damaged": 0}
        self._server = server
        self._told = told
        self._os = system
        self._due_s = None
        self._trouble = None  # what was told about it

    def check(self):
        """Raise OSError where the file cannot be written: that is to be known at the start."""
        new = f"{self.path}.new"
        self._os.close(self._os.open(new, os.O_WRONLY | os.O_CREAT, 0o644))
        self._os.unlink(new)

    def load(self, now_s):
        """Take the leases of the file into the server's table.

        A file that is damaged or no store is put aside: it may be somebody's.  OSError: it cannot
        be read.
        """
        try:
            data = self._read()
        except FileNotFoundError:
            return
        restored = store.load(self._server, data, now_s)
        if restored < 0:
            self.counts["damaged"] += 1
            aside = f"{self.path}.damaged"
            self._os.replace(self.path, aside)
            self._told(f"{self.path} is damaged or no store of leases; it is now {aside}")
        else:
            self.counts["restored"] = restored

    def wait_s(self, now_s):
        """Return in how many seconds run() has something to do, None: not before a change."""
        changed = self._server.leases.changed
        if changed:
            due_s = now_s + (NEW_S if changed == 2 else CHANGED_S)
            self._due_s = due_s if self._due_s is None else min(self._due_s, due_s)
        return None if self._due_s is None else max(0, self._due_s - now_s)

    def run(self, now_s):
        """Write the file if it is time to."""
        if self.wait_s(now_s) == 0:
            self.save(now_s)

    def save(self, now_s):
        """Write the file now, if anything has changed; what goes wrong is told and tried again."""
        leases = self._server.leases
        if not leases.changed:
            return
        try:
            self._write(store.dump(self._server, now_s))
        except OSError as error:
            self.counts["failed"] += 1
            self._due_s = now_s + CHANGED_S
            leases.changed = 1
            self._complain(error.strerror)
            return
        self.counts["stored"] += 1
        leases.changed = 0
        self._due_s = self._trouble = None

    def _complain(self, trouble):
        """Tell of trouble once."""
        if trouble != self._trouble:
            self._told(f"cannot store the leases in {self.path}: {trouble}; trying again")
        self._trouble = trouble

    def _read(self):
        """Return what is in the file."""
        fd = self._os.open(self.path, os.O_RDONLY)
        try:
            data = b""
            while chunk := self._os.read(fd, CHUNK):
                data += chunk
            return data
        finally:
            self._os.close(fd)

    def _write(self, data):
        """Replace the file by one with this data, at once or not at all."""
        new = f"{self.path}.new"
        try:
            self._write_new(new, data)
            self._os.replace(new, self.path)
        except OSError:
            with contextlib.suppress(OSError):  # on a full disk, give the room back
                self._os.unlink(new)
            raise
        self._sync_directory()

    def _write_new(self, new, data):
        """Write a file and wait until it is on the disk."""
        fd = self._os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            while data:
                data = data[self._os.write(fd, data) :]
            self._os.fsync(fd)
        finally:
            self._os.close(fd)

    def _sync_directory(self):
        """Bring the new name to the disk."""
        fd = self._os.open(os.path.dirname(self.path) or ".", os.O_RDONLY)
        try:
            self._os.fsync(fd)
        finally:
            self._os.close(fd)
