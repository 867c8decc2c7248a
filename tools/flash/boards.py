"""The boards there are, and whether what answers at the port is one of them."""

from dataclasses import dataclass

OLDEST = (1, 23)  # MicroPython; older ones cannot load the .mpy files of today (format 6.3)
# Index of sys.implementation._mpy >> 10, docs/reference/mpyfiles.rst of MicroPython.
ARCHITECTURES = (
    None,
    "x86",
    "x64",
    "armv6",
    "armv6m",
    "armv7m",
    "armv7em",
    "armv7emsp",
    "armv7emdp",
    "xtensa",
    "xtensawin",
    "rv32imc",
)


@dataclass(frozen=True)
class Board:
    """What a user calls it, sys.platform and the chip's name there, and its stock firmware."""

    name: str
    platform: str
    chip: str
    firmware: str


BOARDS = {
    board.name: board
    for board in (
        Board("esp32", "esp32", "ESP32", "ESP32_GENERIC (or _S2, _S3, _C3, _C6)"),
        Board("pico_w", "rp2", "RP2040", "RPI_PICO_W"),
        Board("pico2_w", "rp2", "RP2350", "RPI_PICO2_W"),
    )
}


@dataclass(frozen=True)
class Found:
    """What answers at the port: sys.platform, version as a tuple, name, _mpy, and Wi-Fi or not."""

    platform: str
    version: tuple
    machine: str
    mpy: int
    wifi: bool

    @property
    def release(self):
        """The version as text, "1.26.1"."""
        return ".".join(str(part) for part in self.version[:3])

    @property
    def architecture(self):
        """The name that mpy-cross has for its machine code, or None where it runs none."""
        index = self.mpy >> 10 & 0x0F
        return ARCHITECTURES[index] if index < len(ARCHITECTURES) else None


def named(name):
    """Return the Board that a user calls `name`; ValueError says which there are."""
    if name not in BOARDS:
        raise ValueError(
            f"BOARD={name!r}: give BOARD=pico_w, pico2_w or esp32 (every ESP32: S2, S3, C3, C6)"
        )
    return BOARDS[name]


def objection(board, found):
    """Return why microdhcp for `board` does not fit the board found, and what to do; or None."""
    readme = "docs/getting-started.md, step 1"
    if tuple(found.version[:2]) < OLDEST:
        oldest = ".".join(str(part) for part in OLDEST)
        return (
            f"this board runs MicroPython {found.release}; microdhcp needs {oldest} or newer. "
            f"Load a newer {board.firmware}: {readme}"
        )
    if not _is(board, found):
        names = [b.name for b in BOARDS.values() if _is(b, found)]
        advice = f"BOARD={names[0]}" if names else f"the boards are {', '.join(BOARDS)}"
        return f"this board is a {found.machine}, not a {board.name}: {advice}"
    if not found.wifi:
        return f"this firmware has no Wi-Fi ({found.machine}). Load {board.firmware}: {readme}"
    return None


def match(found):
    """Return the Board that was found, or the first of all, whose objection() then tells."""
    names = [board for board in BOARDS.values() if _is(board, found)]
    return (names or list(BOARDS.values()))[0]


def _is(board, found):
    return found.platform == board.platform and board.chip in found.machine
