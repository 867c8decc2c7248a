"""A service as tasks of asyncio.  Only Service.run() loads it."""

import asyncio

from ._compat import const

_CHORES_MS = const(500)
_RETRY_MS = const(10)
_NAP_MS = const(5)  # while checks run: the firmware keeps four datagrams for so long
_PART_MS = const(50)
_LATE_MS = const(10)  # for a run() after Ctrl-C: it sees chores that are late, see _take_over()
_ERRORS = (OSError, MemoryError, RuntimeError)


async def run(service):
    """Serve until Service.stop() or cancelled; see Service.run()."""
    task = asyncio.current_task()
    _take_over(service, task)
    helpers = service._helpers = [asyncio.create_task(_run_chores(service))]
    if service.parts:
        helpers.append(asyncio.create_task(_run_parts(service)))
    try:
        while service.port.sock:
            service._task = task
            try:
                if service.background:
                    await asyncio.sleep_ms(_CHORES_MS)
                else:
                    await _serve_socket(service, service.port.sock)
            except asyncio.CancelledError:
                if service._task:  # not by stop()
                    raise
    finally:
        if service._task is task:
            service._task = None
        for helper in helpers:
            helper.cancel()


def added(service):
    """Start the turns of a first part that was added while run() runs."""
    if len(service.parts) == 1:
        service._helpers.append(asyncio.create_task(_run_parts(service)))


def _take_over(service, task):
    """Note the task that runs; RuntimeError if another one does.

    Ctrl-C may have left one behind, which does nothing until asyncio runs again: it is ended.
    """
    other = service._task
    if other and other is not task and not other.done():
        if not service.late():
            raise RuntimeError("run() is already running in another task")
        other.cancel()
    service._task = task


async def _serve_socket(service, sock):
    """Serve until the port's socket is closed or replaced."""
    reader = asyncio.StreamReader(sock)
    nothing = bytearray(0)
    while service.port.sock is sock and not service.background:
        try:
            rest_ms = service.rest_ms()
            if rest_ms == _CHORES_MS:
                fast = service.fast
                if fast and fast.ready(service):
                    n = await reader.readinto(fast.queue)
                    now_s = service._clock.seconds
                    # Things may have changed since ready().
                    if not n:
                        pass
                    elif fast.leases is not service.server.leases or now_s >= fast.leases.due_s:
                        fast.give_back(n)
                    elif service._watch and service.port.foreign():
                        fast.give_back(n)
                    else:
                        fast.answer_now(service, n, now_s)
                else:
                    await reader.readinto(nothing)  # waits until there is something to read
            else:
                await asyncio.sleep_ms(min(rest_ms, _NAP_MS))
            while not service._serve():
                await asyncio.sleep_ms(_RETRY_MS)
        except _ERRORS:  # even to wait takes memory
            service.counts["troubles"] += 1
            await asyncio.sleep_ms(_RETRY_MS)


async def _run_chores(service):
    while service.running is service:  # after Ctrl-C asyncio remembers the tasks of the one before
        if not service.background:
            service._do_chores()
        await asyncio.sleep_ms(_CHORES_MS)
        await asyncio.sleep_ms(_LATE_MS)


async def _run_parts(service):
    """Give the parts their turns: every 50 ms, and when one of their sockets has something."""
    woken = []
    while service.running is service and not service.background:
        service._poll_parts()
        for part in service.parts:
            for sock in part.sockets():
                if sock not in woken:
                    woken.append(sock)
                    asyncio.create_task(_wake(service, part, sock, woken))
        await asyncio.sleep_ms(_PART_MS)


async def _wake(service, part, sock, woken):
    """Give a part its turn when a socket has something, as long as it is the part's."""
    reader = asyncio.StreamReader(sock)
    nothing = bytearray(0)
    try:
        well = True  # a part that has failed may go on like that: not at once again
        while well and service.port.sock and sock in part.sockets():
            await reader.readinto(nothing)
            well = service.poll_part(part)
            await asyncio.sleep_ms(0)
    finally:
        woken.remove(sock)
