"""What both boards have: a clock, a processor that runs one program, modules, two networks."""

import contextlib
import traceback
import types

from emulator.console import BoardTimeout
from fakes import scheduler, select_, sockets, tasks, threads, times
from fakes.air import AccessPoint, HomeNetwork
from fakes.clock import Clock
from fakes.files import Files
from fakes.modules import Modules
from fakes.program import Program
from fakes.rules import NAMED
from fakes.tcp import Tcp

_LOOK_US = 5000
_SLICE_US = 1000  # while two threads run


class Board:
    """A board without radio and silicon.  Its methods are those of emulator.board.Board.

    version  (1, 23) … (1, 29), the MicroPython that it pretends to be
    rules    fakes.rules.Rules
    stack    fakes.lwip.Lwip; tcp: fakes.tcp.Tcp
    ap, home fakes.air: the board's access point and the network that it may join
    sockets  open sockets of the program
    files    {path: bytes}: its file system
    scheduler  what runs between two bytecodes of a program; timers: the machine.Timers that run
    virtual_timers, hardware_timers  of an ESP32: whether there is Timer(-1), and how many others
    pins     machine.Pin; its `level` is {name: level} of what the program has made
    ticks_offset_ms  what ticks_ms() was at power-on
    """

    def __init__(self, version, rules, stack):
        self.version = version
        self.rules = rules
        self.stack = stack
        self.tcp = Tcp(self)
        self.clock = Clock()
        self.ticks_offset_ms = 0
        self.sockets = []
        self.ap = AccessPoint(self)
        self.home = HomeNetwork(self)
        self.files = Files(self)
        self.watchdog = None
        self.pins = Pins()
        self.scheduler = scheduler.Scheduler(self)
        self.timers = []
        self.threads = []  # Programs that a program has started on the other core
        self.virtual_timers = version >= (1, 29)
        self.hardware_timers = 4
        self._prompt = None
        self.running = None  # the Program that has the processor
        self._failures = {}
        self._program = None
        self._until_us = 0
        self._looking = False
        self.modules = Modules(
            self._fakes(), print=self._print, open=self.files.open, input=None, exit=None
        )
        self._names = self._fresh_names()

    # Modules

    def _fakes(self):
        return {
            "sys": self._sys(),
            "network": self.network(),
            "socket": sockets.module(self),
            "select": select_.module(self),
            "time": times.module(self),
            "asyncio": tasks.module(self),
            "errno": types.SimpleNamespace(**{n: self.rules.errno[n] for n in NAMED}),
            "os": self.files.module(),
            "gc": types.SimpleNamespace(
                collect=lambda: self.spend(2000), threshold=lambda n: None
            ),
            "micropython": scheduler.module(self),
            "machine": types.SimpleNamespace(
                WDT=self._wdt,
                reset=self._reset,
                Pin=self.pins,
                Timer=getattr(scheduler, self.rules.platform)(self),
                lightsleep=self._lightsleep,
            ),
            "_thread": threads.module(self),
        }

    def _sys(self):
        def print_exception(error, file=None):
            self.write("".join(traceback.format_exception(error)))

        implementation = types.SimpleNamespace(name="micropython", version=(*self.version, 0, ""))
        return types.SimpleNamespace(
            implementation=implementation,
            platform=self.rules.platform,
            version=f"3.4.0; MicroPython v{self.version[0]}.{self.version[1]}.0",
            path=["", ".frozen", "/lib"],
            print_exception=print_exception,
            maxsize=0x7FFFFFFF,
        )

    def network(self):
        """Return the module `network`; each board has its own."""
        raise NotImplementedError

    def _wdt(self, id=0, timeout=5000):
        self.watchdog = Watchdog(self, timeout)
        return self.watchdog

    def _lightsleep(self, ms):
        """Sleep: no bytecode runs, and what the timers have scheduled comes afterwards."""
        self.scheduler.hold()
        self.block(lambda: False, self.now_us + ms * 1000)
        self.scheduler.hold(False)

    def _reset(self):
        raise SystemExit("machine.reset")

    def _print(self, *values, sep=" ", end="\n", file=None):
        self.write(sep.join(map(str, values)) + end)

    def write(self, text):
        """Take what the running program prints."""
        self._program.write(text)

    def fail_with(self, name):
        """Raise the OSError that this firmware raises for an errno's name."""
        raise OSError(self.rules.errno[name], name)

    # Faults

    def fail(self, call, error, times=1):
        """Let the next calls of a socket's method fail.

        call   a socket's "sendto", "recv", "bind", "setsockopt"; an interface's "active",
               "config", "ifconfig", "ipconfig", "status", "send_ethernet"; "open", "rename"
        error  name of an errno, or an exception
        """
        self._failures.setdefault(call, []).extend([error] * times)

    def injected(self, call):
        """Raise what fail() has planned for a call."""
        planned = self._failures.get(call)
        if planned:
            error = planned.pop(0)
            if isinstance(error, str):
                self.fail_with(error)
            raise error

    # Time, from the program's side

    @property
    def now_us(self):
        """Emulated microseconds since power-on."""
        return self.clock.now_us

    def spend(self, us):
        """Let the running program take some time."""
        self.block(lambda: False, self.now_us + us)

    def block(self, ready, end_us):
        """Let time pass until ready() is true, or end_us (None: no limit); return ready()."""
        while True:
            self.running.check()
            self.scheduler.run_pending()
            result = ready()
            if result or end_us is not None and self.now_us >= end_us:
                return result
            if self._looking or self.now_us >= self._until_us:
                self.running.hand_over()
                continue
            limit_us = self._until_us if end_us is None else min(end_us, self._until_us)
            self.clock.advance(self.clock.next_us(limit_us))

    def look(self):
        """Let each waiting thread look at its condition."""
        self._looking = True

    # Time, from the test's side

    def step(self, limit_us=_LOOK_US):
        """Let the board run for limit_us, or until something happens."""
        self._run_until(self.now_us + limit_us, True)

    def sleep(self, us, timeout_s=60):
        """Let `us` microseconds of emulated time go by."""
        self._run_until(self.now_us + round(us), False)

    def _run_until(self, end_us, leave_to_look):
        self._looking = False
        while self.now_us < end_us and not (leave_to_look and self._looking):
            self._looking = self._looking and leave_to_look
            ready = self._ready()
            self._until_us = end_us if len(ready) == 1 else min(end_us, self.now_us + _SLICE_US)
            for program in ready:
                program.resume()
            if not ready:
                self.clock.advance(self.clock.next_us(end_us))

    def _ready(self):
        """Return the Programs that run: the user's, those on the other core, or the prompt."""
        found = [p for p in (self._program, *self.threads) if p and not p.done]
        if not found and (self.timers or self.scheduler.waiting):
            if self._prompt is None or self._prompt.done:
                self._prompt = Program(self, "wait()", {"wait": self._wait_at_the_prompt})
            found = [self._prompt]
        return found

    def _wait_at_the_prompt(self):
        """Run scheduled callbacks, as mp_hal_stdin_rx_chr() does while the prompt waits."""
        self.block(lambda: not self.timers and not self.scheduler.waiting, None)

    def wait(self, condition, timeout_s=60, what="it did not happen"):
        """Let the board run until condition() is true.

        timeout_s  emulated seconds; then BoardTimeout says `what`
        """
        end_us = self.now_us + timeout_s * 1_000_000
        while not condition():
            if self.now_us >= end_us:
                said = self._program.output[-300:] if self._program else ""
                raise BoardTimeout(
                    f"{what} within {timeout_s} s; the board's last words: {said!r}"
                )
            self.step()

    def after(self, us, function):
        """Call function() in `us` microseconds; the result has cancel()."""
        return self.clock.after(round(us), function)

    @contextlib.contextmanager
    def skipping_delays(self):
        """Nothing to skip: waiting costs nothing here."""
        yield

    # Programs

    def start(self, source, timeout_s=60, trace=None):
        """Start Python source, ending what runs there; return its Program.

        trace   for sys.settrace() in its thread
        Names live on from one program to the next, until soft_reset().
        """
        self.interrupt()
        while self._prompt and self.scheduler.running:  # what is scheduled ends before
            self._looking = False
            self._until_us = self.now_us + _SLICE_US
            self._prompt.resume()
        self._program = Program(self, source, self._names, trace)
        return self._program

    def run(self, source, timeout_s=60):
        """Execute Python source; return what it printed (emulator.console.Program.wait)."""
        return self.start(source).wait(timeout_s)

    def interrupt(self):
        """End the running program by Ctrl-C, if there is one."""
        if self._program:
            self._program.interrupt()

    def press_ctrl_c(self):
        """Press it once: what runs in that moment gets it, a scheduled callback too."""
        if self._program:
            self._program.press_ctrl_c()

    def soft_reset(self, timeout_s=60):
        """Press Ctrl-D: Python and its sockets restart, Wi-Fi stays (MP rp2/main.c:265-303)."""
        self.interrupt()
        self.scheduler.clear()
        for timer in list(self.timers):  # finalisers (rp2), machine_timer_deinit_all (esp32)
            timer.deinit()
        for program in (self._prompt, *self.threads):
            if program:
                program.interrupt()
        self.threads.clear()
        for sock in list(self.sockets):
            sock.close()
        self.modules.restart()
        self.modules.loaded.update(self._fakes())
        self._names = self._fresh_names()

    def _fresh_names(self):
        self.modules.loaded["sys"].modules = self.modules.loaded
        return {"__name__": "__main__", "__builtins__": self.modules.builtins}


class Pins:
    """machine.Pin of a board; `level` is {name: level}."""

    OUT, IN, PULL_UP = 1, 0, 1

    def __init__(self):
        self.level = {}

    def __call__(self, name, mode=None, pull=None, value=None):
        """Return the pin of that name."""
        self.level.setdefault(name, value)
        return Pin(self.level, name)


class Pin:
    """One pin."""

    def __init__(self, level, name):
        self._level = level
        self._name = name

    def value(self, level=None):
        """Return the level, or set it."""
        if level is None:
            return self._level[self._name]
        self._level[self._name] = int(level)


class Watchdog:
    """machine.WDT: `longest_ms` is the longest time that it was not fed."""

    def __init__(self, board, timeout_ms):
        self._board = board
        self.timeout_ms = timeout_ms
        self._fed_us = board.now_us
        self.longest_ms = 0

    def feed(self):
        """Take note that the program is alive."""
        self.longest_ms = max(self.longest_ms, (self._board.now_us - self._fed_us) // 1000)
        self._fed_us = self._board.now_us
