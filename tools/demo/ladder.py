"""Draws messages as a ladder of plain text: the client left, the server right."""

import textwrap

import dhcptext

WIDTH = 76  # between the two posts
INDENT = 5
BY_SERVER = ("OFFER", "ACK", "NAK")
ASKED = "requested_address"
BLANK = "   |" + " " * WIDTH + "|"


def head():
    """Return the lines above the first message."""
    return [" client" + " " * (WIDTH - 6) + "server", BLANK]


def foot():
    """Return the lines below the last message."""
    return [""]


def message(packet, brief=False):
    """Return (message type, lines of the drawing) of one packet; brief: only what asks."""
    first, *options = map(str.strip, dhcptext.lines(packet))
    kind, _, header = first.partition(": ")
    if brief:
        options = [option for option in options if option.startswith(ASKED)]
    texts = [header, *options]
    return kind, [_arrow(kind), *_wrapped(texts), BLANK]


def note(text):
    """Return the lines for something that happens at the server's end."""
    return [*_wrapped([f"* {text}"]), BLANK]


def _wrapped(texts):
    width = WIDTH - 2 * INDENT
    return [_between(part) for text in texts for part in textwrap.wrap(text, width)]


def _arrow(kind):
    if kind in BY_SERVER:
        return "   |<" + f" {kind} --".rjust(WIDTH - 1, "-") + "|"
    return "   |" + f"-- {kind} ".ljust(WIDTH - 1, "-") + ">|"


def _between(text):
    return "   |" + (" " * INDENT + text).ljust(WIDTH) + "|"
