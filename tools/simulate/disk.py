"""A disk whose power may fail at every byte, so that written data can be lost.

Three file systems: that of a desktop, which keeps nothing for sure but what was synced; littlefs,
which changes a file as a whole when it is closed; and FAT, which does not rename over a file.
"""

import contextlib
import os
import stat
from types import SimpleNamespace

from linux.storage import Storage
from linux.storefile import StoreFile
from microdhcp import storage as board

NAME = "leases"


class PowerCut(Exception):
    """The power has failed while something was written."""


class _File:
    """A file: the bytes written, and those that have reached the disk."""

    def __init__(self):
        self.written = bytearray()
        self.synced = b""


class Disk:
    """The part of `os` that linux/storefile.py uses; names are free of folders.

    step   called after each byte that is written and each other change; None: nobody looks
    asked  the names that programs have used
    """

    def __init__(self, step=None):
        self.step = step
        self.asked = set()
        self._names = {}  # name -> _File, as programs see it
        self._kept = {}  # the same on the disk
        self._open = {}  # fd -> _File, None for the folder
        self._at = {}  # fd of a reader -> offset
        self._bytes_left = None

    # What is left

    def survivors(self):
        """Return what may be left when the power fails now: a list of {name: bytes}."""
        found = []
        for names in (self._kept, self._names):
            for what in ("synced", "written"):
                left = {name: bytes(getattr(file, what)) for name, file in names.items()}
                if left not in found:
                    found.append(left)
        return found

    def start_from(self, files):
        """Go on with these files, {name: bytes}."""
        self._names = {}
        for name, data in files.items():
            file = self._names[name] = _File()
            file.written[:] = file.synced = data
        self._kept = dict(self._names)
        self._open.clear()
        self._bytes_left = None

    def fail_after(self, count):
        """Let the power fail after so many steps: PowerCut."""
        self._bytes_left = count

    def _tick(self):
        if self._bytes_left is not None:
            self._bytes_left -= 1
            if self._bytes_left < 0:
                raise PowerCut
        if self.step:
            self.step()

    # os

    def open(self, name, flags, _mode=0o644):
        """As os.open."""
        self.asked.add(name)
        fd = len(self._open)
        while fd in self._open:
            fd += 1
        if name == ".":
            self._open[fd] = None
            return fd
        if name not in self._names and not flags & os.O_CREAT:
            raise FileNotFoundError(2, "No such file or directory")
        if name in self._names and flags & os.O_EXCL:
            raise FileExistsError(17, "File exists")
        if flags & os.O_TRUNC or name not in self._names:
            self._names[name] = _File()  # the old content may be there again after a power cut
            self._tick()
        self._open[fd] = self._names[name]
        self._at[fd] = 0
        return fd

    def close(self, fd):
        """As os.close."""
        del self._open[fd]

    def read(self, fd, n):
        """As os.read."""
        at = self._at[fd]
        data = bytes(self._open[fd].written[at : at + n])
        self._at[fd] += len(data)
        return data

    def write(self, fd, data):
        """As os.write."""
        for byte in data:
            self._open[fd].written.append(byte)
            self._tick()
        return len(data)

    def fsync(self, fd):
        """As os.fsync; of the folder: names."""
        file = self._open[fd]
        if file:
            file.synced = bytes(file.written)
        else:
            self._kept = dict(self._names)
        self._tick()

    def replace(self, name, other):
        """As os.replace."""
        self.asked.update((name, other))
        if name not in self._names:
            raise FileNotFoundError(2, "No such file or directory")
        self._names[other] = self._names.pop(name)
        self._tick()

    def unlink(self, name):
        """As os.unlink."""
        self.asked.add(name)
        if self._names.pop(name, None) is None:
            raise FileNotFoundError(2, "No such file or directory")
        self._tick()

    def link(self, name, other):
        """As os.link."""
        if other in self._names:
            raise FileExistsError(17, "File exists")
        self._names[other] = self._names[name]
        self._tick()

    def access(self, name, _how):
        """As os.access."""
        return name == "." or name in self._names

    def lstat(self, name):
        """As os.lstat: every name is one of a regular file."""
        if name not in self._names:
            raise FileNotFoundError(2, "No such file or directory")
        return SimpleNamespace(st_mode=stat.S_IFREG, st_ino=id(self._names[name]))

    def fstat(self, fd):
        """As os.fstat."""
        return SimpleNamespace(st_mode=stat.S_IFREG, st_ino=id(self._open[fd]))


class BoardDisk(Disk):
    """The part of `os`, and open(), that a board's storage.py uses; names change at once.

    fat   rename() does not replace a file
    """

    def __init__(self, step=None, fat=False):
        super().__init__(step)
        self._fat = fat

    def open_file(self, name, mode):
        """As open()."""
        flags = os.O_CREAT | os.O_TRUNC if "w" in mode else 0
        fd = self.open(name, flags)
        self.names_are_kept()
        return _Stream(self, fd)

    def names_are_kept(self):
        """Bring the names to the disk."""
        self._kept = dict(self._names)

    def rename(self, name, other):
        """As os.rename."""
        self.asked.update((name, other))
        if self._fat and other in self._names:
            raise OSError(17, "EEXIST")
        self._names[other] = self._names.pop(name)
        self.names_are_kept()
        self._tick()

    def remove(self, name):
        """As os.remove."""
        self.asked.add(name)
        if name not in self._names:
            raise OSError(2, "ENOENT")
        del self._names[name]
        self.names_are_kept()
        self._tick()


class _Stream:
    """What open() returns."""

    def __init__(self, disk, fd):
        self._disk = disk
        self._fd = fd

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self._disk.fsync(self._fd)
        self._disk.close(self._fd)

    def read(self):
        """Return everything."""
        return self._disk.read(self._fd, 1 << 20)

    def write(self, data):
        """Write data; it counts when the file is closed."""
        return self._disk.write(self._fd, data)


def desktop(server, disk, told):
    """Return the desktop's storage of a server's leases on a Disk, where nobody else is."""
    return Storage(StoreFile(NAME, disk, lock=lambda fd, how: None), server, told)


@contextlib.contextmanager
def _seen_by_board(disk):
    """Let the board's module see this disk in the place of the machine's."""
    before = board.os, vars(board).get("open", open)
    board.os, board.open = disk, disk.open_file
    try:
        yield
    finally:
        board.os, board.open = before


class BoardStorage:
    """storage.py of a board, ticked twice a second, as Host wants it."""

    def __init__(self, server, disk):
        self._server = server
        self._disk = disk
        self._storage = board.Storage(NAME, server)

    @property
    def stored(self):
        """How often it has written the file."""
        return self._storage.counts["stored"]

    def load(self, now_s):
        """Read the file."""
        with _seen_by_board(self._disk):
            self._storage.load(now_s)

    def wait_s(self, now_s):
        """Tick; return when to do so again, None: not before a change."""
        with _seen_by_board(self._disk):
            self._storage.tick(now_s)
        return 0.5 if self._server.leases.changed else None

    def save(self, now_s):
        """Write the file."""
        with _seen_by_board(self._disk):
            self._storage.save(now_s)


def of_board(server, disk, _told):
    """Return the board's storage of a server's leases on a BoardDisk."""
    return BoardStorage(server, disk)
