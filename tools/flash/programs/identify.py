"""Runs on the board, in every version of MicroPython: tells which board it is."""


def main():
    """Return (sys.platform, version, name, _mpy, True with Wi-Fi)."""
    import os
    import sys

    try:
        import network

        wifi = hasattr(network, "WLAN")
    except ImportError:
        wifi = False
    mpy = getattr(sys.implementation, "_mpy", 0)
    version = tuple(sys.implementation[1][:3])
    return sys.platform, version, os.uname().machine, mpy, wifi
