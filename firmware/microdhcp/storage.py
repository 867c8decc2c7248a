"""Keeps the leases in a file: a new lease within 5 s, other changes within a minute.

A new file is written and then renamed, which littlefs does at once or not at all: a power cut
leaves the old one or the new one.  Writing stops the board for some ten milliseconds, so it never
happens for a packet, only in the service's chores.
"""

import os

from . import store
from ._compat import const

_NEW_S = const(4)  # chores come twice a second: with them it is less than 5
_CHANGED_S = const(60)
_NEVER = const((1 << 30) - 1)


class Storage:
    """The file of a server's leases.

    path    its name; path + ".new" is used as well
    counts  {what: how often}; "restored": leases read at the start, -1 from a damaged file
    """

    def __init__(self, path, server):
        self.counts = {"stored": 0, "store_failed": 0, "restored": 0}
        self._path = path
        self._server = server
        self._due_s = _NEVER
        self._loaded = False

    def load(self, now_s):
        """Take the leases of the file into the server's table, the first time."""
        if self._loaded:
            return
        self._loaded = True
        for path in (self._path, self._path + ".new"):
            try:
                with open(path, "rb") as file:
                    self.counts["restored"] = store.load(self._server, file.read(), now_s)
                if path != self._path:  # the only one left: the next store begins with it
                    os.rename(path, self._path)
                return
            except (OSError, MemoryError):
                continue

    def tick(self, now_s):
        """Write the file when it is time to.  Never raises."""
        changed = self._server.leases.changed
        if changed:
            self._due_s = min(self._due_s, now_s + (_NEW_S if changed == 2 else _CHANGED_S))
            if now_s >= self._due_s:
                self.save(now_s)

    def save(self, now_s):
        """Write the file now, if anything has changed.  Never raises: it is tried again later."""
        leases = self._server.leases
        if not leases.changed:
            return
        leases.changed = 0
        self._due_s = _NEVER
        new = self._path + ".new"
        try:
            with open(new, "wb") as file:
                file.write(store.dump(self._server, now_s))
            self._replace(new)
            self.counts["stored"] += 1
        except (OSError, MemoryError):
            self.counts["store_failed"] += 1
            leases.changed = 1
            self._remove(new)

    def _replace(self, new):
        """Put the new file in the place of the old one."""
        try:
            os.rename(new, self._path)
        except OSError:  # FAT, on old boards and cards, wants the old one gone
            os.remove(self._path)
            os.rename(new, self._path)

    def _remove(self, path):
        """Give the room of a file back that was not finished, on a disk that is full."""
        try:
            os.remove(path)
        except OSError:
            return
