"""The board's storage of leases, on a file that is locked and replaced at once: storefile.py."""

from microdhcp import storage, store


class Storage(storage.Storage):
    """When a server's leases are written; a disk has no budget for that.

    file     a StoreFile
    told     function(message), for people: what became of the file
    counts   as of a board; "damaged": files that were put aside
    """

    def __init__(self, file, server, told):
        super().__init__(file.path, server)
        self.counts["damaged"] = 0
        self._file = file
        self._told = told
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
        """Write the file if it is time to; return in how many seconds it will be, None: never."""
        self.tick(now_s)
        return max(0, self._due_s - now_s) if self._server.leases.changed else None

    def save(self, now_s):
        """Write the file now if anything has changed.  Errors are logged; it tries again."""
        super().save(now_s)
        self._paid_s = 0

    def _write(self, now_s):
        try:
            self._file.replace(store.dump(self._server, now_s))
            self._trouble = None
        except Exception as error:
            why = getattr(error, "strerror", None) or repr(error)
            if why != self._trouble:
                self._told(f"cannot store the leases in {self._file.path}: {why}; trying again")
            self._trouble = why
            raise

    def _replace(self):
        """Do nothing: the file has replaced itself."""

    def _discard(self):
        """Do nothing: it has cleaned up, too."""
