"""Boards that exist in memory only: an ESP32 and a Pico W, as MicroPython programs see them.

    board = Esp32((1, 29))
    board.run("import network; ap = network.WLAN(network.WLAN.IF_AP); ap.active(True)")
    reply = Station(board, "00:00:5e:00:53:01").ask(discover())      # the firmware's own server

A board is driven like one of tools/emulator: `run`, `start`, `sleep`, `wait`, `soft_reset`, and
whole Ethernet frames on `ap` and `home`.  The modules that a program imports are made from what
is known of the firmware (source read, or measured on stock firmware in the emulator); a comment
says from where.  Names in those comments: MP is micropython, CY cyw43-driver, IDF esp-idf, LW
lwIP 2.2.1, ELW Espressif's lwIP, "measured" v1.26.1 on the emulated Pico W.  No packet leaves
the process, and time is the board's own.
"""

from fakes.esp32 import Esp32
from fakes.rp2 import PicoW

__all__ = ["Esp32", "PicoW"]
