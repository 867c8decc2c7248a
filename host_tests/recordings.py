"""Reads the recorded exchanges in captures/*.hex; their format is described in captures/README.md.

Not called captures.py: MicroPython would take the folder for it. Runs on CPython and MicroPython.
"""

import binascii
import os


class Capture:
    """One recorded exchange.

    notes     dict of the comment lines, e.g. notes["client"]
    messages  list of (at_ms, to_server, packet): int, bool, bytes
    """

    def __init__(self, notes, messages):
        self.notes = notes
        self.messages = messages

    def requests(self):
        """Return the packets that the client sent, in order."""
        return [packet for _, to_server, packet in self.messages if to_server]


def parse(text):
    """Return the Capture in a file's text; ValueError names a line that is not understood."""
    notes = {}
    messages = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if line.startswith("#"):
            key, _, value = line[1:].partition(":")
            notes[key.strip()] = value.strip()
        elif line:
            messages.append(_message(line, number))
    return Capture(notes, messages)


def _message(line, number):
    words = line.split()
    try:
        arrow, at, digits = words
        if arrow not in ("<", ">") or at[0] != "@":
            raise ValueError
        return int(float(at[1:]) * 1000 + 0.5), arrow == ">", binascii.unhexlify(digits)
    except ValueError:
        what = "line " + str(number) + " is not: > or <, @seconds, hex digits"
        raise ValueError(what)  # noqa: B904  MicroPython has no exception chaining


def load(path):
    """Return the Capture in a file."""
    with open(path) as file:
        return parse(file.read())


def folder():
    """Return the path of the folder with the captures."""
    return __file__.rsplit("/", 1)[0] + "/captures" if "/" in __file__ else "captures"


def names():
    """Return the names of all captures, without .hex, sorted."""
    return sorted([name[:-4] for name in os.listdir(folder()) if name.endswith(".hex")])


def load_one(name):
    """Return the Capture of that name."""
    return load(folder() + "/" + name + ".hex")


def load_all():
    """Return a list of (name of the file without .hex, Capture), sorted by name."""
    return [(name, load_one(name)) for name in names()]
