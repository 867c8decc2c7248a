"""`const` on MicroPython and on CPython.

The MicroPython compiler folds `_NAME = const(1)` into the code and drops the name; elsewhere it
is an ordinary number.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        """Return `value`: CPython has no constant folding of names."""
        return value
