"""Draws messages as a ladder of plain text: the client left, the server right."""

import textwrap

import dhcptext

WIDTH = 76  # between the two posts
INDENT = 5
BY_SERVER = ("OFFER", "ACK", "NAK")
BLANK = "   |" + " " * WIDTH + "|"


def head():
    """Return the lines above the first message."""
    return [" client" + " " * (WIDTH - 6) + "server", BLANK]


def foot():
    """Return the lines below the last message."""
    return [""]


def message(packet):
    """Return (message type, lines of the drawing) of one packet."""
    first, *options = dhcptext.lines(packet)
    kind, _, header = first.partition(": ")
    lines = [_arrow(kind)]
    for text in [header, *(option.strip() for option in options)]:
        lines += [_between(part) for part in textwrap.wrap(text, WIDTH - 2 * INDENT)]
    return kind, [*lines, BLANK]


def _arrow(kind):
    if kind in BY_SERVER:
        return "   |<" + f" {kind} --".rjust(WIDTH - 1, "-") + "|"
    return "   |" + f"-- {kind} ".ljust(WIDTH - 1, "-") + ">|"


def _between(text):
    return "   |" + (" " * INDENT + text).ljust(WIDTH) + "|"
