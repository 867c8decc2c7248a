"""Three boards on which the same scenario runs: a fake ESP32, a fake Pico W, an emulated Pico W.

    lived(rig, story)        what story(board) returns, on a board of its own

The emulated one is booted once in a process; each story gets a copy of it by fork.
"""

import functools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import emulator
from emulator import firmware
from fakes import Esp32, PicoW

REASON = emulator.unavailable()
STOCK = not REASON and firmware.path().name == firmware.NAME


@functools.cache
def awake():
    """Return an emulated board with microdhcp in its flash, its Wi-Fi chip loaded (15 s)."""
    board = emulator.Board(files=emulator.package())
    with board.skipping_delays():
        board.run("import machine; machine.Pin('LED', machine.Pin.OUT).on()", 120)
    return board


def emulated(story, timeout_s=240):
    """Return what story(board) returns in a copy of the emulated board; its errors are raised."""
    return emulator.in_child(story, awake(), timeout_s=timeout_s)


def quickly(board, source, timeout_s=120):
    """Run source that brings Wi-Fi up or down, without waiting for the firmware's delays."""
    with board.skipping_delays():
        return board.run(source, timeout_s)


def fake(kind, version):
    """Return a function that makes a fake board and returns what a story brings from it."""

    def live(story):
        board = kind(version)
        try:
            return story(board)
        finally:
            board.interrupt()

    return live


#: Name -> a function that lives a story.  The emulated board needs the stock firmware.
RIGS = {
    "esp32": fake(Esp32, (1, 29)),
    "pico_w": fake(PicoW, (1, 26)),
    "emulated": emulated,
}
