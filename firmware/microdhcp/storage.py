"""Keeps the leases in a file: a new lease within 5 s, other changes within a minute.

A new file is written and then renamed, which littlefs does at once or not at all: a power cut
leaves the old one or the new one.  Writing stops the board for some ten milliseconds, so it never
happens for a packet, only in the service's chores.  It wears the flash, so there is a budget: ten
writes one after the other, then one a minute.  Nothing that a file system raises gets out.
"""

import os
from errno import ENOENT

from ._compat import const
from .leasedump import dump

_NEW_S = const(4)  # chores come twice a second: with them it is less than 5
_CHANGED_S = const(60)
_WRITE_S = const(60)  # a write is paid for by so much time
_AHEAD_S = const(540)  # a write may begin while so much is unpaid: ten of them in a row
_NEVER = const((1 << 30) - 1)


class Storage:
    """The file of a server's leases.

    path    its name; path + ".new" is used as well
    counts  {what: how often}; "restored": leases read at the start, -1: the file was damaged or
            could not be read
    """

    def __init__(self, path, server):
        self.counts = {"stored": 0, "store_failed": 0, "restored": 0}
        self._path = path
        self._new = path + ".new"
        self._server = server
        self._due_s = _NEVER
        self._paid_s = 0  # the writes so far are paid for then
        self._loaded = False

    def load(self, now_s):
        """Take the leases of the file into the server's table, the first time.

        A whole file that was not renamed any more is the newer one.  Never raises.
        """
        if self._loaded:
            return
        self._loaded = True
        if self._read(self._new, now_s) > 0:
            self._try(self._replace)
        elif self._read(self._path, now_s) < 0:
            self.counts["restored"] = -1

    def tick(self, now_s):
        """Write the file if it is due and the budget allows it.  Never raises."""
        changed = self._server.leases.changed
        if changed:
            self._due_s = min(self._due_s, now_s + (_NEW_S if changed == 2 else _CHANGED_S))
            if now_s >= self._due_s and self._paid_s <= now_s + _AHEAD_S:
                self.save(now_s)

    def save(self, now_s):
        """Write the file now, if anything has changed.  Never raises: it is tried again later."""
        leases = self._server.leases
        if not leases.changed:
            return
        leases.changed = 0
        self._due_s = _NEVER
        self._paid_s = max(self._paid_s, now_s) + _WRITE_S
        stored = False
        try:
            stored = self._try(self._write, now_s) and self._try(self._replace)
        finally:  # Ctrl-C too
            self.counts["stored" if stored else "store_failed"] += 1
            if not stored:
                leases.changed = leases.changed or 1
                self._try(self._discard)

    def _try(self, function, *arguments):
        """Call a function; return whether it raised nothing.  Drivers of cards raise anything."""
        try:
            function(*arguments)
        except Exception:
            return False
        return True

    def _read(self, path, now_s):
        """Load the leases of one file; return 1, 0 without such a file, -1 if it is damaged."""
        from .leasefile import load  # it leaves memory with what start() needs

        try:
            with open(path, "rb") as file:
                restored = load(self._server, file.read(), now_s)
        except OSError as error:
            return 0 if error.errno == ENOENT else -1
        except Exception:
            return -1
        if restored >= 0:
            self.counts["restored"] = restored
        return 1 if restored >= 0 else -1

    def _write(self, now_s):
        """Write the new file."""
        with open(self._new, "wb") as file:
            file.write(dump(self._server, now_s))

    def _discard(self):
        """Remove the new file, which makes room on a full disk."""
        os.remove(self._new)

    def _replace(self):
        """Put the new file in the place of the old one."""
        try:
            os.rename(self._new, self._path)
        except OSError:  # FAT, on old boards and cards, wants the old one gone
            os.remove(self._path)
            os.rename(self._new, self._path)
