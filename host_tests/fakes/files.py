"""A file system in memory, and the module `os` on it."""

import io
import random
import types


class Files:
    """{path: bytes} of a board, with MicroPython's calls on it."""

    def __init__(self, board):
        self._board = board
        self.content = {}

    @staticmethod
    def _path(path):
        return "/" + path.strip("/")

    def open(self, path, mode="r", encoding=None):
        """Open a file as the built-in function does; OSError(ENOENT) when there is none."""
        name = self._path(path)
        self._board.spend(1000)
        self._board.injected("open")
        if "w" in mode:
            return _Writing(self, name, "b" in mode)
        if name not in self.content:
            self._board.fail_with("ENOENT")
        data = self.content[name]
        return io.BytesIO(data) if "b" in mode else io.StringIO(data.decode())

    def _rename(self, old, new):
        """MP lib/littlefs/lfs2.h:514-520: a file of the new name is replaced."""
        self._board.injected("rename")
        old = self._path(old)
        if old not in self.content:
            self._board.fail_with("ENOENT")
        self.content[self._path(new)] = self.content.pop(old)

    def _remove(self, path):
        if self.content.pop(self._path(path), None) is None:
            self._board.fail_with("ENOENT")

    def _stat(self, path):
        name = self._path(path)
        if name not in self.content:
            self._board.fail_with("ENOENT")
        return (0x8000, 0, 0, 0, 0, 0, len(self.content[name]), 0, 0, 0)

    def module(self):
        """Return the module `os`."""
        rules = self._board.rules
        uname = types.SimpleNamespace(sysname=rules.platform, machine=rules.machine)
        return types.SimpleNamespace(
            rename=self._rename,
            remove=self._remove,
            unlink=self._remove,
            stat=self._stat,
            sync=lambda: None,
            urandom=random.randbytes,
            listdir=lambda path="/": [name[1:] for name in sorted(self.content)],
            uname=lambda: uname,
        )


class _Writing(io.BytesIO):
    def __init__(self, files, name, binary):
        super().__init__()
        self._files, self._name, self._binary = files, name, binary

    def write(self, data):
        return super().write(data if self._binary else data.encode())

    def close(self):
        if not self.closed:
            self._files.content[self._name] = self.getvalue()
        super().close()
