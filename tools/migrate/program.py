"""Reads the Config that a board's program gives to its server; nothing is served.

The program runs up to that call, with stand-ins for the modules that only boards have.
"""

import contextlib
import runpy
import sys
import time
from unittest import mock

import microdhcp
from microdhcp.settings import DEFAULTS

_MODULES = ("network", "machine", "rp2", "esp32", "neopixel", "microdot", "micropython")
_TIMES = ("ticks_ms", "ticks_us", "sleep_ms", "sleep_us", "ticks_add", "ticks_diff")


class ProgramError(Exception):
    """No Config was found; the text says why."""


class _Found(BaseException):
    """Raised where the program would begin to serve, with its Config."""


class _Constants(type):
    """Gives a class whatever constants it is asked for."""

    def __getattr__(cls, name):
        return mock.MagicMock()


class _Wlan(metaclass=_Constants):
    """An interface that remembers the network it was given, and knows nothing else."""

    def __init__(self, *_arguments):
        self._network = ("0.0.0.0",) * 4

    def ifconfig(self, network=None):
        """Set or return (address, mask, router, DNS server)."""
        self._network = network or self._network
        return self._network

    def __getattr__(self, name):
        return mock.MagicMock()


def _service(_ap, config, *_more, **_settings):
    raise _Found(config)


def _serve(ap, address=None, pool=None, *_more, **settings):
    """Find out what microdhcp.serve() serves."""
    from microdhcp import starting

    address, pool = starting.network_of(ap, address, pool)
    of_config = {name: value for name, value in settings.items() if name in DEFAULTS}
    raise _Found(microdhcp.Config(address, pool, **of_config))


def _relay(*_arguments, **_settings):
    raise ProgramError("starts a Relay: the leases are those of its servers")


def read(path):
    """Return the Config in a board's program.

    ProgramError: it cannot run here, or makes no Service(ap, Config(…)) and calls no serve(ap, …).
    """
    modules = {name: mock.MagicMock() for name in _MODULES}
    modules["network"].WLAN = _Wlan
    modules["micropython"].const = lambda value: value
    modules["uasyncio"] = sys.modules.get("asyncio")
    times = {name: lambda *numbers: 0 for name in _TIMES}
    calls = {"Service": _service, "serve": _serve, "Relay": _relay}
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(sys.modules, modules))
        stack.enter_context(mock.patch.multiple(time, create=True, **times))
        stack.enter_context(mock.patch.dict(microdhcp.__dict__, calls))
        try:
            runpy.run_path(str(path), run_name="__main__")
        except _Found as found:
            return found.args[0]
        except ProgramError as error:
            raise ProgramError(f"{path} {error}") from None
        except (Exception, SystemExit) as error:
            raise ProgramError(f"{path} cannot be read as a program: {error!r}") from None
    raise ProgramError(f"{path} makes no Service(ap, Config(…)) and calls no serve(ap, …)")
