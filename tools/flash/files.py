"""What goes onto the board: the package, compiled for it, and the board's main.py."""

from pathlib import Path

import build
from flash import plan

ROOT = Path(__file__).resolve().parents[2]


def package(core=None):
    """Return {path on the board: bytes}: the lean build, or with a core's name the FAST one.

    Raises mpvm.SetupError when it cannot be compiled, ValueError for a core without FAST build.
    """
    files = build.package(fast=core is not None, arch=core)
    return {"/lib/" + name: data for name, data in files.items()}


def example(board):
    """Return (path in the project, bytes) of the board's own main.py."""
    path = f"boards/{board.name}/main.py"
    return path, (ROOT / path).read_bytes()


def late_modules(files, board):
    """Return what the service needs on this board, of the modules that are in `files`."""
    names = ("microdhcp.service", f"microdhcp.ports.{board.platform}")
    known = {path.removeprefix(plan.FOLDER).rsplit(".", 1)[0] for path in files}
    return [n for n in names if n.removeprefix("microdhcp").replace(".", "/") in known]
