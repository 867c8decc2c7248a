"""Keeps the leases in a file: a new lease within 5 s, other changes within a minute.

What is in the file: docs/store.md; how it is replaced: storefile.py.
"""

from microdhcp import store

NEW_S = 3  # the server's seconds are whole ones: with them it is less than 5
CHANGED_S = 60


class Storage:
    """When a server's leases are written.

    file     a StoreFile
    told     function(message), for people: what became of the file
    counts   {what: how often}; "restored": leases read at the start
    """

    def __init__(self, file, server, told):
        self.counts = {"stored": 0, "failed": 0, "restored": 0, "damaged": 0}
        self._file = file
        self._server = server
        self._told = told
        self._due_s = None
        self._trouble = None  # what was told about it

    def load(self, now_s):
        """Claim the file and take its leases into the server's table.

        A damaged one is kept under another name.  OSError: it cannot be claimed.
        """
        data = self._file.claim()
        if not data:
            return
        restored = store.load(self._server, data, now_s)
        if restored < 0:
            self.counts["damaged"] += 1
            aside = self._file.set_aside()
            self._server.leases.changed = 1
            self._told(f"{self._file.path} is damaged; it is kept as {aside}")
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
            self._file.replace(store.dump(self._server, now_s))
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
            self._told(f"cannot store the leases in {self._file.path}: {trouble}; trying again")
        self._trouble = trouble
