"""The file of leases: locked for one server, replaced as a whole; foreign files stay.

A new file is written, brought to the disk and then renamed: a power cut leaves the old one or the
new one, whole.  The lock is on the file itself, and goes over to the new one before it gets the
name, so that the name always stands for a file that is locked.
"""

import contextlib
import errno
import fcntl
import itertools
import os
import secrets
import stat

MAGIC = b"mDHC"  # of microdhcp.store
LONGEST = 1 << 20  # bytes that are read: forty times what the largest pool needs


class StoreError(OSError):
    """The file cannot be the store; `strerror` says why."""

    def __init__(self, why):
        super().__init__(errno.EINVAL, why)


class StoreFile:
    """The file at `path`, which must not be a symbolic link.

    system, lock   the functions of os, and flock()
    """

    def __init__(self, path, system=os, lock=fcntl.flock):
        self.path = path
        self._os = system
        self._lock = lock
        self._fd = None

    def claim(self):
        """Lock the file, or a new empty one, and return its bytes.

        Raises StoreError if the file is not a regular one, holds something else, or belongs to
        another server; OSError if it cannot be read and replaced.
        """
        while self._fd is None:
            fd = self._open()
            try:
                data = self._take(fd)
                if self._is_at_path(fd):  # and not replaced in this moment, by its old owner
                    self._fd = fd
            finally:
                if self._fd is None:
                    self._os.close(fd)
        return data

    def _open(self):
        """Return the descriptor of a regular file; anything else is not even opened."""
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            if not stat.S_ISREG(self._os.lstat(self.path).st_mode):
                raise StoreError("is not a regular file")
            if not self._os.access(self._folder(), os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "no permission to write to its directory")
        except FileNotFoundError:
            flags |= os.O_CREAT | os.O_EXCL
        return self._os.open(self.path, flags, 0o644)

    def _take(self, fd):
        """Lock an open file and return its bytes."""
        try:
            self._lock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError("another server keeps its leases there") from None
        data = self._os.read(fd, LONGEST)
        if data and not data.startswith(MAGIC):
            raise StoreError("is not a store of leases, and stays as it is; name another file")
        return data

    def _is_at_path(self, fd):
        """Return whether the file still has its name."""
        try:
            return self._os.lstat(self.path).st_ino == self._os.fstat(fd).st_ino
        except FileNotFoundError:
            return False

    def set_aside(self):
        """Give the file, which is damaged, a second name that was free; return that name."""
        for number in itertools.count(1):
            aside = f"{self.path}.damaged" + (f".{number}" if number > 1 else "")
            with contextlib.suppress(FileExistsError):
                self._os.link(self.path, aside)
                return aside

    def replace(self, data):
        """Replace the file by one with this data, at once or not at all.  Raises OSError."""
        if self._os.access(self.path, os.F_OK) and not self._is_at_path(self._fd):
            raise StoreError("somebody has put another file there")
        new = f"{self.path}.{secrets.token_hex(4)}.new"
        fd = self._os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            self._fill(fd, data)
            self._os.replace(new, self.path)
        except OSError:
            self._os.close(fd)
            with contextlib.suppress(OSError):  # on a full disk, give the room back
                self._os.unlink(new)
            raise
        self._os.close(self._fd)
        self._fd = fd
        self._sync_folder()

    def _fill(self, fd, data):
        """Write a new file, wait until it is on the disk, and lock it."""
        while data:
            data = data[self._os.write(fd, data) :]
        self._os.fsync(fd)
        self._lock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _sync_folder(self):
        """Bring the new name to the disk."""
        fd = self._os.open(self._folder(), os.O_RDONLY)
        try:
            self._os.fsync(fd)
        finally:
            self._os.close(fd)

    def _folder(self):
        return os.path.dirname(self.path) or "."
