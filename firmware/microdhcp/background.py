"""Gives a service turns behind a program that never calls it.

A timer lets the firmware call turn() between two bytecodes of whatever runs: a loop, a sleep, a
blocking accept(), the prompt.  So a turn may come in the middle of everything; what must be whole
holds a lock meanwhile, and a turn that finds it taken is made up for afterwards.  The lock is one
of `_thread`, because a program may have a thread too.  Should Ctrl-C ever leave it behind, the
next call, or a turn some seconds later, puts a new one in its place.
"""

from _thread import allocate_lock, get_ident
from time import ticks_diff, ticks_ms

from ._compat import const

_CHORES_MS = const(500)
_BUSY_MS = const(10)  # while a check runs or a reply waits
_SET_TRIES = const(5)
_STUCK_MS = const(10_000)  # turns find the lock taken: nothing takes that long
_QUIET_S = const(10)  # without a message, after which the turns become rarer


class Background:
    """The turns of one service.

    period_ms   between two turns; twice as long without messages, 10 while a check runs
    timer       a machine.Timer for this service alone
    """

    def __init__(self, service, period_ms, timer):
        self._service = service
        self._period_ms = period_ms
        self._timer = timer
        self._renew()
        self._wait = service.port.wait
        self._callback = self.turn
        self._owner = None  # the thread that has the lock
        self._missed_ms = ticks_ms()
        self._left = 0  # turns that may pass with a look at the socket only
        self._heard_s = 0  # when the latest message came
        self._now_ms = 0  # how often turns come now

    def begin(self):
        """Start the turns."""
        self._pace(self._period_ms)

    def end(self):
        """Stop the turns."""
        self._timer.deinit()

    def _renew(self):
        """Make the lock."""
        self._lock = allocate_lock()
        self._locked = self._lock.locked
        self._missed = False  # a turn came while it was taken

    def whole(self, function, *arguments):
        """Return function(*arguments), called without a turn in the middle of it."""
        if self._locked() and self._owner == get_ident():
            if self._service.calling:  # it is a callback that calls
                return function(*arguments)
            self._renew()
        with self._lock:
            self._owner = get_ident()
            result = function(*arguments)
        if self._missed:
            self.turn(None)
        return result

    def turn(self, _timer):
        """Serve the messages that wait, and count every error.  Called by the timer."""
        try:
            if self._locked():
                if not self._missed:
                    self._missed = True
                    self._missed_ms = ticks_ms()  # the first of a row
                elif ticks_diff(ticks_ms(), self._missed_ms) > _STUCK_MS:
                    self._renew()
                return
            self._left -= 1
            came = self._wait(0)
            if came or self._left < 0:
                with self._lock:
                    self._owner = get_ident()
                    self._missed = False
                    self._serve(came)
        except BaseException as error:  # Ctrl-C too: this bytecode is not the program's
            self._service.survive(error, BaseException)

    def _serve(self, came):
        """Serve, and choose the time of the next turn."""
        service = self._service
        if not service.port.sock:  # the last one that was due before end()
            return
        service.turn()
        now_s = service.now_s()
        self._left = 0
        if service.rest_ms() < _CHORES_MS:
            self._heard_s = now_s
            self._pace(min(_BUSY_MS, self._period_ms))
            return
        if came:
            self._heard_s = now_s
        ms = self._period_ms << (now_s - self._heard_s >= _QUIET_S)
        if not service.parts:
            self._left = _CHORES_MS // ms
        self._pace(ms)

    def _pace(self, ms):
        """Set the period of the turns, in milliseconds.

        Setting a timer stops it first.  If the rest fails, the turns must be started again.
        """
        if ms == self._now_ms or not self._service.port.sock:
            return
        self._now_ms = 0  # unless all goes well
        for _ in range(_SET_TRIES):
            try:
                self._timer.init(period=ms, mode=self._timer.PERIODIC, callback=self._callback)
                self._now_ms = ms
                return
            except OSError as error:
                self._service.survive(error)
        self._missed = True  # the next call of the program makes a turn, which tries again
        self._left = 0
