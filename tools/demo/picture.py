"""The ladder of a lease as a picture, docs/images/ladder.svg: python tools/demo --picture

The messages are real: the project's own client gets, renews and releases an address.
"""

import html
from pathlib import Path

import dhcptext
import loopback
from ladder import BY_SERVER
from microdhcp import Config, Server

PATH = Path(__file__).resolve().parents[2] / "docs" / "images" / "ladder.svg"
WIDTH, LEFT, RIGHT = 760, 130, 630
TOP, STEP = 78, 46
HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" \
font-size="14" role="img" aria-label="Messages between a device and microdhcp">
  <defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" \
orient="auto"><path d="M0 0L8 4L0 8z" fill="#0969da"/></marker></defs>
  <rect width="{width}" height="{height}" rx="12" fill="#f6f8fa"/>
  <g fill="#1f2328" font-weight="bold" text-anchor="middle">
    <text x="{left}" y="34">device</text>
    <text x="{right}" y="34">microdhcp</text>
  </g>
  <path d="M{left} 46V{end}M{right} 46V{end}" stroke="#57606a" fill="none"/>
"""
ROW = """\
  <path d="M{start} {y}H{stop}" stroke="#0969da" stroke-width="1.5" marker-end="url(#tip)"/>
  <text x="380" y="{above}" text-anchor="middle" fill="#1f2328"><tspan font-weight="bold">{kind}\
</tspan> {words}</text>
"""


def messages():
    """Return (kind, what it is about) for each message of a lease."""
    server = Server(Config("192.168.4.1/24", ("192.168.4.16", "192.168.4.47")))
    seen = []

    def handle(packet, now_s):
        server.rx[: len(packet)] = packet
        n = server.handle(len(packet), now_s)
        return bytes(server.tx[:n]), server.reply_to

    def note(_sender, packet, _reply_to):
        kind = dhcptext.parse(packet).kind
        seen.append((kind, _about(kind, packet, len(seen))))

    loopback.exchange(handle, note)
    return seen


def _about(kind, packet, before):
    """Return what a message says, in words."""
    own = ".".join(map(str, packet[12:16]))
    your = ".".join(map(str, packet[16:20]))
    words = {
        "DISCOVER": "who has an address for me?",
        "OFFER": f"you can have {your}",
        "REQUEST": "I take it" if before < 4 else f"I want to keep {own}",
        "ACK": f"{your} is yours for an hour",
        "RELEASE": f"I give {own} back",
    }
    return words[kind]


def svg(found):
    """Return the picture of messages, [(kind, words)], as text."""
    height = TOP + STEP * len(found)
    place = {"width": WIDTH, "height": height, "left": LEFT, "right": RIGHT, "end": height - 22}
    rows = [HEAD.format(**place)]
    for number, (kind, words) in enumerate(found):
        y = TOP + 10 + STEP * number
        start, stop = (RIGHT, LEFT) if kind in BY_SERVER else (LEFT, RIGHT)
        words = html.escape(words)
        rows.append(ROW.format(start=start, stop=stop, y=y, above=y - 8, kind=kind, words=words))
    return "".join(rows) + "</svg>\n"


def write():
    """Write the picture; return 0."""
    PATH.write_text(svg(messages()))
    print(f"written: {PATH.name}")
    return 0
