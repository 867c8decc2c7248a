"""The files for the board: the package, compiled for it, and the board's main.py."""

from pathlib import Path

import build
from flash import plan

ROOT = Path(__file__).resolve().parents[2]


def package(board, core=None, lines=False):
    """Return {path on the board: bytes}: the default build, or with a core's name the FAST one.

    lines  True: with line numbers, for tracebacks
    Raises mpvm.SetupError when it cannot be compiled, ValueError for a core without FAST build.
    """
    files = build.package(board.platform, core is not None, core, lines)
    return {"/lib/" + name: data for name, data in files.items()}


def example(board):
    """Return (path in the project, bytes) of the board's own main.py."""
    path = f"boards/{board.name}/main.py"
    return path, (ROOT / path).read_bytes()


def late_names(files):
    """Return the public names in `files` to try, besides those of the core."""
    known = {path.removeprefix(plan.FOLDER)[1:].split(".")[0].split("_")[0] for path in files}
    return ["Service"] if "service" in known else []
