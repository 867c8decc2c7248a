"""What goes onto the board: the package, compiled for it, and the board's main.py."""

from pathlib import Path

import emulator.flash as image
from flash import plan

ROOT = Path(__file__).resolve().parents[2]
SERVICE = ("microdhcp.service",)


def package():
    """Return {path on the board: bytes}; mpvm.SetupError when it cannot be compiled."""
    return image.package()


def example(board):
    """Return the bytes of the board's own main.py."""
    return (ROOT / "boards" / board.name / "main.py").read_bytes()


def late_modules(files, board):
    """Return the names of what the service needs on this board, of the modules that there are."""
    names = (*SERVICE, f"microdhcp.ports.{board.platform}")
    known = {path.removeprefix(plan.FOLDER).rsplit(".", 1)[0] for path in files}
    return [n for n in names if n.removeprefix("microdhcp").replace(".", "/") in known]
