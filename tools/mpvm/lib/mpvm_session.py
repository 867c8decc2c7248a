"""The side of mpvm.Session that runs inside MicroPython: calls come in as text, replies go out.

Every call is made by the host from outside the interpreter, so the garbage collector may run
between two calls (in this port it never runs while Python code is running).
"""

import io
import json
import sys
from binascii import hexlify, unhexlify

import micropython

import __main__

_pending = None


class Allocated(Exception):
    """server.handle asked for memory while the heap was locked."""


def unlock_heap():
    """Release the heap however often it was locked; a locked heap hangs print and repr."""
    micropython.heap_lock()  # so that there is a lock to release
    while micropython.heap_unlock():
        pass


def trace(error):
    """Return the traceback of an exception as MicroPython prints it."""
    text = io.StringIO()
    sys.print_exception(error, text)
    return text.getvalue()


def dispatch(line):
    """Call a function and return {"value": …} or {"error": traceback, "type": name} as JSON.

    line  JSON [name, args]; a function of __main__, or with "mpvm." before it, of this module
    Never raises: what the function raises comes back as the error.
    """
    try:
        name, args = json.loads(line)
        own = name.startswith("mpvm.")
        function = globals()[name[5:]] if own else getattr(__main__, name)
        reply = {"value": function(*args)}
    except BaseException as error:
        unlock_heap()
        reply = {"error": trace(error), "type": type(error).__name__}
    return json.dumps(reply)


def _handle_locked(server, n, now_s):
    micropython.heap_lock()
    try:
        return server.handle(n, now_s)
    except MemoryError:
        unlock_heap()
        # A locked heap has no room for a traceback, so there is no line to name.
        raise Allocated("server.handle allocated memory under heap_lock()") from None
    finally:
        unlock_heap()


def handle(packet_hex, now_s, locked):
    """Give one packet to __main__.server; return [reply as hex, reply_to, last_drop].

    locked  True: handle() runs under micropython.heap_lock(); Allocated when it asks for memory
    Raises ValueError when the packet is longer than server.rx.
    """
    server = __main__.server
    packet = unhexlify(packet_hex)
    n = len(packet)
    if n > len(server.rx):
        raise ValueError(f"packet of {n} bytes, server.rx has {len(server.rx)}")
    server.rx[:n] = packet
    n = _handle_locked(server, n, now_s) if locked else server.handle(n, now_s)
    reply = hexlify(memoryview(server.tx)[: max(n, 0)]).decode()
    return [reply, server.reply_to, server.last_drop]


def open_tests(module_name):
    """Import a test file and return the names of its tests, in the order they will run.

    Returns a str, the reason, when the whole file raises unittest.SkipTest.
    """
    global _pending
    import unittest

    try:
        module = __import__(module_name)
    except unittest.SkipTest as skip:
        return str(skip)
    tests = unittest.collect(module)
    _pending = unittest.outcomes(tests)
    return [unittest.name_of(test) for test in tests]


def next_test():
    """Run the next test; return [outcome, text], outcome "passed", "failed" or "skipped"."""
    return next(_pending)
