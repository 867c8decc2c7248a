"""micropython.schedule and machine.Timer: what runs between two bytecodes of a program.

MP py/scheduler.c: a queue of eight (rp2 and esp32 mpconfigport.h, MICROPY_SCHEDULER_DEPTH); what
finds it full is dropped (mp_sched_schedule returns false).  One callback at a time, none while one
runs (mp_sched_lock), and what it raises is printed and forgotten (mp_call_function_1_protected).
They run where the VM looks for pending events, and wherever the firmware waits: in sleep, in
select, at the prompt (mp_handle_pending).
"""

import traceback
import types

DEPTH = 8


class Scheduler:
    """The queue of one board.

    dropped  callbacks that found it full
    """

    def __init__(self, board):
        self._board = board
        self._queue = []
        self._locked = False
        self.dropped = 0

    @property
    def waiting(self):
        """How many callbacks wait."""
        return len(self._queue)

    @property
    def running(self):
        """Whether a callback runs."""
        return self._locked

    def hold(self, held=True):
        """Let nothing run, or all again: lightsleep."""
        self._locked = held

    def schedule(self, function, argument):
        """Queue a callback; return whether there was room."""
        if len(self._queue) >= DEPTH:
            self.dropped += 1
            return False
        self._queue.append((function, argument))
        return True

    def run_pending(self):
        """Run at most one callback (mp_sched_run_pending), in the program that asks."""
        if self._locked or not self._queue:
            return
        function, argument = self._queue.pop(0)
        self._locked = True
        try:
            function(argument)
        except BaseException as error:  # Ctrl-C in a callback is printed too, and lost
            self._board.write("".join(traceback.format_exception(error)))
        finally:
            self._locked = False

    def clear(self):
        """Forget all (MP main.c, at a soft reset)."""
        self._queue.clear()

    def schedule_or_raise(self, function, argument):
        """micropython.schedule: RuntimeError when the queue is full."""
        if not self.schedule(function, argument):
            raise RuntimeError("schedule queue full")


class Timer:
    """What both firmwares' machine.Timer have in common: a callback that is scheduled."""

    ONE_SHOT, PERIODIC = 0, 1
    refuses = 0  # how often init() finds no memory

    def __init__(self, board):
        self._board = board
        self._alarm = None
        self._callback = None
        self.period_us = 0
        self._mode = self.PERIODIC

    def init(self, *, mode=PERIODIC, callback=None, period=0xFFFFFFFF, freq=None, hard=False):
        """Start the timer, or restart it."""
        self._stop()
        if self.refuses:
            self.refuses -= 1
            self._board.fail_with("ENOMEM")  # MP rp2: the pool of alarms is full
        self._mode = mode
        self._callback = callback
        self.period_us = round(1_000_000 / freq) if freq else period * 1000
        if hard and self._board.rules.platform == "esp32":
            raise ValueError("hard Timers are not implemented")
        self._begin()

    def _begin(self):
        self._alarm = self._board.after(self.period_us, self._fire)
        if self not in self._board.timers:
            self._board.timers.append(self)

    def _fire(self):
        if self._callback:
            self._board.scheduler.schedule(self._callback, self)
        if self._mode == self.PERIODIC:
            self._begin()
        else:
            self._stop()

    def _stop(self):
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if self in self._board.timers:
            self._board.timers.remove(self)

    def deinit(self):
        """Stop it."""
        self._stop()


def rp2(board):
    """Return machine.Timer of a Pico W: soft timers only, any number (MP rp2/machine_timer.c)."""

    class SoftTimer(Timer):
        def __init__(self, id=-1, **settings):
            if id != -1:
                raise ValueError("Timer doesn't exist")
            super().__init__(board)
            if settings:
                self.init(**settings)

    return SoftTimer


class HardwareTimer(Timer):
    """machine.Timer of an ESP32 (MP ports/esp32/machine_timer.c).

    Timers have numbers; a second object of a number is the first one, and init() takes it from
    who used it.  value() tells one that runs.  From v1.29 on there are virtual ones too: -1.
    """

    board = None
    made = {}

    def __new__(cls, id=-1, **settings):
        return cls.made.get(id) or super().__new__(cls)

    def __init__(self, id=-1, **settings):
        lowest = -1 if self.board.virtual_timers else 0
        if not lowest <= id < self.board.hardware_timers:
            raise ValueError("invalid Timer number")
        if id not in self.made:
            super().__init__(self.board)
            self.id = id
            if id >= 0:
                self.made[id] = self
        if settings:
            self.init(**settings)

    @classmethod
    def numbers(cls):
        """Return the numbers of those that run."""
        return [timer.id for timer in cls.board.timers]

    def value(self):
        """Return the milliseconds of a timer that runs; else ValueError("timer not set")."""
        if not self._alarm:
            if self.board.version < (1, 26):
                raise SystemError("a pointer to nothing: the board restarts")
            raise ValueError("timer not set")
        return 0


def esp32(board):
    """Return machine.Timer of an ESP32."""
    return type("Timer", (HardwareTimer,), {"board": board, "made": {}})


def module(board):
    """Return the module `micropython` of a board."""
    return types.SimpleNamespace(
        const=lambda value: value,
        schedule=board.scheduler.schedule_or_raise,
        kbd_intr=lambda character: None,
    )
