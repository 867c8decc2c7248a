"""An emulated Pico W as a Wi-Fi access point, with stock MicroPython firmware.

    board = Board(files=package())
    board.run("import network; ap = network.WLAN(network.WLAN.IF_AP); ap.active(True)")
    station = Station(board, "00:00:5e:00:53:01")
    reply = station.ask(discover)                     # the board's OFFER, and when it came

unavailable() says why none can be emulated here, unavailable("v1.23.0") the same of a version.
rp2040py is imported only when a board is made.
"""

from emulator.firmware import unavailable

_HOME = {
    "Board": "board",
    "MARK": "board",
    "BoardError": "console",
    "BoardTimeout": "console",
    "Air": "air",
    "Child": "snapshot",
    "SerialPort": "serial",
    "Station": "station",
    "in_child": "snapshot",
    "package": "flash",
    "awake": "prepared",
    "ready": "prepared",
    "program": "flash",
}

__all__ = ["unavailable", *_HOME]


def __getattr__(name):
    """Load the module of a public name; AttributeError for any other."""
    if name not in _HOME:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"emulator.{_HOME[name]}"), name)
