"""The FAST build on an emulated Pico W: real machine code, and what happens without a fitting one.

The board gets the same packets as the fast path that runs here as plain Python: it has to give the
same replies, and to hand the same packets over.  Skipped by name, with the reason, where the
firmware or rp2040py is missing.
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
from test_host_fast import fast, telephones

REASON = emulator.unavailable()
CONVERSATIONS = ("client states", "odd forms", "host names", "reservations")
PACKETS = 24  # of each
SEEDS = (1, 2)
STEPS = 60
RX_N = 600  # what a board's server takes
#: Packets are in a file: seconds and length, two bytes each, then the packet.
REPLIES = """
from binascii import crc32
from microdhcp import Config, Server
from microdhcp.fast import Fast
server = Server(Config(**{settings!r}))
fast = Fast(server)
handle = server.handle
handed_over = [0]
def counted(n, now_s):
    handed_over[0] += 1
    return handle(n, now_s)
server.handle = counted
total = 0
with open("{file}", "rb") as file:
    while True:
        head = file.read(4)
        if not head:
            break
        n = file.readinto(memoryview(server.rx)[:head[2] << 8 | head[3]])
        n = fast.handle(n, head[0] << 8 | head[1])
        total = crc32(bytes(memoryview(server.tx)[:n]) + bytes([server.reply_to]), total)
print(total, handed_over[0])
"""
SERVICE = """
import network
from microdhcp import Config, Service
config = Config("192.168.4.1/24", ("192.168.4.16", "192.168.4.31"))
service = Service(network.WLAN(network.WLAN.IF_AP), config)
service.start(ssid="emulated", key="change-me-now")
print(service.fast)
"""


def conversations():
    """Return {name: (settings, [(now_s, packet)])}: the beginnings of some, and telephones."""
    found = {
        name: (settings, [one for one in said if len(one[1]) <= RX_N][:PACKETS])
        for name, settings, said in every_packet.conversations()
        if name in CONVERSATIONS
    }
    return found | {f"telephones {seed}": telephones(seed, STEPS) for seed in SEEDS}


def recorded(said):
    """Return the file that REPLIES reads."""
    out = b""
    for now_s, packet in said:
        out += now_s.to_bytes(2, "big") + len(packet).to_bytes(2, "big") + packet
    return out


def replies(settings, said):
    """Return what REPLIES prints, from the same code as plain Python."""
    server = Server(Config(**settings))
    quick = fast.Fast(server)
    handle, handed_over, total = server.handle, [], 0

    def counted(n, now_s):
        handed_over.append(n)
        return handle(n, now_s)

    server.handle = counted
    for now_s, packet in said:
        server.rx[: len(packet)] = packet
        n = quick.handle(len(packet), now_s)
        total = crc32(bytes(server.tx[:n]) + bytes([server.reply_to]), total)
    return f"{total} {len(handed_over)}\n"


def board_with(arch):
    """Return a board with the FAST build for `arch` and the packets."""
    files = {"/lib/" + path: data for path, data in build.package("rp2", True, arch).items()}
    for number, (_, said) in enumerate(conversations().values()):
        files[f"/said{number}"] = recorded(said)
    return emulator.Board(files=files)


@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class Fast(unittest.TestCase):
    def test_machine_code_does_what_the_same_code_does_as_python(self):
        board = board_with("armv6m")
        made = build.make("rp2", fast=True)
        packets = handed_over = 0
        for number, (name, (settings, said)) in enumerate(conversations().items()):
            source = REPLIES.format(settings=settings, file=f"/said{number}")
            wanted = replies(settings, said)
            self.assertEqual(board.run(made.translated("replies", source), 300), wanted, name)
            packets += len(said)
            handed_over += int(wanted.split()[1])
        self.assertLess(6 * handed_over, 5 * packets, "less than a sixth is served fast")

    def test_machine_code_of_another_core_leaves_the_bytecode_in_use(self):
        with (board := board_with("armv7emsp")).skipping_delays():
            self.assertEqual(board.run(SERVICE, 300).splitlines()[-1], "None")


if __name__ == "__main__":
    unittest.main()
