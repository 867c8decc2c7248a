"""Three boards on which the same scenario runs: a fake ESP32, a fake Pico W, an emulated Pico W.

    RIGS["esp32"].live(story)       what story(board) returns, on a board whose Wi-Fi is off
    RIGS["esp32"].serve(story)      what story(served) returns, on one that runs a Service

An emulated board boots once for a firmware and a build of the package, and is kept on disk
(emulator.prepared); each story gets a copy of it by fork.
"""

import functools
import inspect
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import build
import emulator
from emulator import firmware
from fakes import Esp32, PicoW

REASON = emulator.unavailable()
STOCK = not REASON and firmware.path() == firmware.cached()
OWN = "10.10.10.1"
ADMIN = "00:00:5e:00:53:fe"

#: What a user's main.py begins with.
SETUP = """
import asyncio, gc, network, socket, sys, time
from microdhcp import Config, Service
ap = network.WLAN(network.WLAN.IF_AP)
sta = network.WLAN(network.WLAN.IF_STA)
config = Config(
    address="10.10.10.1/24", pool=("10.10.10.16", "10.10.10.31"), conflict_check=False
)
service = Service(ap, config)
"""
START = 'service.start(ssid="greenhouse", key="change-me-now")\n'
#: A task beside the service that executes what it is sent: the hands of the user.
CONTROL = """
if "hands" in globals(): hands.close()
hands = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
hands.setblocking(False)
hands.bind(("0.0.0.0", 9999))
async def control():
    while True:
        await asyncio.StreamReader(hands).readinto(bytearray(0))
        source = hands.recv(1000)
        try:
            exec(source, globals())
        except Exception as error:
            sys.print_exception(error)
        print("#done")
async def main():
    asyncio.create_task(control())
    await service.run()
"""
RUN = "asyncio.run(main())\n"


class Served:
    """A board that runs a Service and a task that obeys.

    board, program
    """

    def __init__(self, board, source=SETUP + START):
        self.board = board
        with board.skipping_delays():
            self.program = board.start(source + CONTROL + "print('#serving')\n" + RUN, 120)
            self._until("#serving\n", 0)
        self.admin = emulator.Station(board, ADMIN)

    def _until(self, word, start):
        program = self.program
        self.board.wait(lambda: program.done or word in program.output[start:], 120, f"no {word}")
        if program.done:
            program.wait()

    def remote(self, source):
        """Execute source on the board while it serves; return what it has printed meanwhile."""
        start = len(self.program.output)
        self.board.ap.join(ADMIN)
        self.admin.send_udp(source.encode(), to=("255.255.255.255", 9999))
        with self.board.skipping_delays():
            self._until("#done\n", start)
        return self.program.output[start:].replace("#done\n", "").strip()

    def rest(self, ms):
        """Let emulated time go by in which nothing is measured."""
        with self.board.skipping_delays():
            self.board.sleep(ms * 1000)


class Rig:
    """A kind of board.

    name      "esp32", "pico_w", "emulated", "emulated v1.23.0"
    unicasts  a client without an address is sent its OFFER in a frame of its own
    faults    board.fail() makes calls of the firmware fail
    """

    def __init__(self, name, unicasts, faults):
        self.name = name
        self.unicasts = unicasts
        self.faults = faults


class FakeRig(Rig):
    """A fake board: a new one for each story."""

    def __init__(self, name, kind, version, unicasts):
        super().__init__(name, unicasts, faults=True)
        self._kind = kind
        self._version = version

    def make(self, version=None):
        """Return a board."""
        return self._kind(version or self._version)

    def live(self, story, version=None):
        """Return what story(board) returns."""
        board = self.make(version)
        try:
            return story(board)
        finally:
            board.interrupt()

    def serve(self, story):
        """Return what story(served) returns."""
        return self.live(lambda board: story(Served(board)))


class EmulatedRig(Rig):
    """A Pico W in tools/emulator, with stock firmware.

    version  as firmware.STOCK has it; None: what MICRODHCP_UF2 names, or the newest one
    reason   why there is none here, or None
    """

    def __init__(self, version=None):
        super().__init__(f"emulated {version or ''}".strip(), unicasts=True, faults=False)
        self.version = version
        self.reason = emulator.unavailable(version)

    def live(self, story):
        """Return what story(board) returns in a copy of a board; its errors are raised."""
        return emulator.in_child(story, awake(self.version))

    def serve(self, story):
        """Return what story(served) returns in a copy of a board that serves."""
        return emulator.in_child(story, _serving(self.version))


@functools.cache
def awake(version=None):
    """Return an emulated board with microdhcp in its flash, its Wi-Fi chip loaded."""
    return emulator.awake(emulator.package(), firmware.path(version))


@functools.cache
def _serving(version=None):
    """Return a Served on an emulated board, another one than that of awake()."""
    uses = inspect.getsource(Served), SETUP, START, CONTROL, RUN
    return emulator.ready(Served, emulator.package(), firmware.path(version), uses)[1]


def named(source):
    """Return source for an emulated board, with the names that the built package has there."""
    return build.make("rp2").translated("program", source)


RIGS = {
    "esp32": FakeRig("esp32", Esp32, (1, 29), unicasts=False),
    "pico_w": FakeRig("pico_w", PicoW, (1, 26), unicasts=True),
    "emulated": EmulatedRig(),
    "emulated oldest": EmulatedRig(firmware.OLDEST),
}


def quickly(board, source, timeout_s=120):
    """Run source that brings Wi-Fi up or down, without waiting for the firmware's delays."""
    with board.skipping_delays():
        return board.run(source, timeout_s)
