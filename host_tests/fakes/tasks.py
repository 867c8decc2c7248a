"""The module `asyncio`: the public part of MicroPython's that a program beside a server uses."""

import inspect
import traceback
import types

_STEP_US = 150  # what one turn of a task takes; measured: queue_read costs some 350 more than poll
_NEVER = float("inf")


class CancelledError(BaseException):
    """A task was cancelled."""


class _Wait:
    """What a suspended task waits for: a condition, or the end of a time."""

    def __init__(self, condition=None, end_us=_NEVER):
        self.condition = condition
        self.end_us = end_us

    def over(self, now_us):
        return now_us >= self.end_us or bool(self.condition and self.condition())

    def __await__(self):
        yield self


class Task:
    """A coroutine that the loop runs; it can be awaited."""

    def __init__(self, loop, coro):
        self._loop = loop
        self._coro = coro
        self.wait = _Wait(end_us=loop.board.now_us)
        self._thrown = None
        self.value = self.error = None
        self.finished = self.awaited = False
        loop.tasks.append(self)

    def done(self):
        """Return whether it has ended."""
        return self.finished

    def cancel(self):
        """Raise CancelledError in it; return whether it was still running.

        A task cannot do that to itself (extmod/asyncio/task.py).
        """
        if self.finished:
            return False
        if self._loop.current is self:
            raise RuntimeError("can't cancel self")
        self._thrown = CancelledError()
        self.wait = _Wait(end_us=self._loop.board.now_us)
        return True

    def step(self):
        """Run it up to its next await."""
        thrown, self._thrown = self._thrown, None
        self._loop.current = self
        try:
            self.wait = self._coro.throw(thrown) if thrown else self._coro.send(None)
        except StopIteration as stop:
            self._end(stop.value, None)
        except (CancelledError, Exception) as error:
            self._end(None, error)
        finally:
            self._loop.current = None

    def _end(self, value, error):
        self.value, self.error, self.finished = value, error, True
        self._loop.tasks.remove(self)

    def __await__(self):
        self.awaited = True
        if not self.finished:
            yield _Wait(lambda: self.finished)
        if self.error:
            raise self.error
        return self.value


class Loop:
    """The event loop of one board."""

    def __init__(self, board):
        self.board = board
        self.tasks = []
        self.current = None

    def run_until_complete(self, coro):
        """Run a coroutine, and the tasks beside it, until it has ended; return its result."""
        main = self.create_task(coro)
        main.awaited = True
        while not main.finished:
            now_us = self.board.now_us
            ready = [task for task in self.tasks if task.wait.over(now_us)]
            # Who has been due for longest comes first: extmod/modasyncio.c, a heap of times.
            ready.sort(key=lambda task: min(task.wait.end_us, now_us))
            if not ready:
                self._sleep()
            for task in ready:
                if not task.finished:
                    self.board.spend(_STEP_US)
                    task.step()
                    self._report(task)
        if main.error:
            raise main.error
        return main.value

    def _sleep(self):
        end_us = min((task.wait.end_us for task in self.tasks), default=_NEVER)
        conditions = [task.wait.condition for task in self.tasks if task.wait.condition]
        self.board.block(
            lambda: any(condition() for condition in conditions),
            None if end_us == _NEVER else end_us,
        )

    def _report(self, task):
        """Print an exception that no task waits for, as MicroPython's default handler does."""
        if task.error and not task.awaited and not isinstance(task.error, CancelledError):
            self.board.write("Task exception wasn't retrieved\n")
            self.board.write("".join(traceback.format_exception(task.error)))

    def create_task(self, coro):
        """Return a Task for a coroutine."""
        if not inspect.iscoroutine(coro):
            raise TypeError("coroutine expected")
        return Task(self, coro)

    def stop(self):
        """Forget all tasks: asyncio.new_event_loop()."""
        self.tasks.clear()


class _Event:
    def __init__(self):
        self._set = False

    def is_set(self):
        return self._set

    def set(self):
        self._set = True

    def clear(self):
        self._set = False

    async def wait(self):
        await _Wait(lambda: self._set)
        return True


class _Flag(_Event):
    async def wait(self):
        await super().wait()
        self._set = False


class _Stream:
    def __init__(self, sock):
        self.s = sock

    async def readinto(self, buffer):
        """MP extmod/asyncio/stream.py:33: wait until it is readable, then read once."""
        await _Wait(self.s.readable)
        return self.s.readinto(buffer)

    async def read(self, size):
        await _Wait(self.s.readable)
        return self.s.read(size)


def module(board):
    """Return the module `asyncio` of a board."""
    loop = Loop(board)

    async def sleep_ms(ms):
        await _Wait(end_us=board.now_us + max(0, ms) * 1000)

    async def wait_for_ms(awaitable, ms):
        task = awaitable if isinstance(awaitable, Task) else loop.create_task(awaitable)
        task.awaited = True
        await _Wait(lambda: task.finished, board.now_us + ms * 1000)
        if not task.finished:
            task.cancel()
            await _Wait(lambda: task.finished)
            raise TimeoutError
        return await task

    async def gather(*awaitables, return_exceptions=False):
        tasks = [a if isinstance(a, Task) else loop.create_task(a) for a in awaitables]
        results = []
        for task in tasks:
            try:
                results.append(await task)
            except Exception as error:
                if not return_exceptions:
                    raise
                results.append(error)
        return results

    def new_event_loop():
        loop.stop()
        return loop

    return types.SimpleNamespace(
        run=loop.run_until_complete,
        create_task=loop.create_task,
        current_task=lambda: loop.current,
        get_event_loop=lambda: loop,
        new_event_loop=new_event_loop,
        sleep=lambda s: sleep_ms(int(s * 1000)),
        sleep_ms=sleep_ms,
        wait_for=lambda awaitable, s: wait_for_ms(awaitable, int(s * 1000)),
        wait_for_ms=wait_for_ms,
        gather=gather,
        Event=_Event,
        ThreadSafeFlag=_Flag,
        StreamReader=_Stream,
        CancelledError=CancelledError,
        TimeoutError=TimeoutError,
    )
