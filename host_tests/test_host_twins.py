"""The FAST build's functions do what their twins in bytecode do, on every packet there is.

Here they run as plain Python, with stand-ins for viper's pointers that are stricter than these: an
access out of bounds, which viper would not notice, fails.  As machine code they run on an emulated
Pico W, in test_host_emulator_fast.py.
"""

import array
import contextlib
import importlib.util
import inspect
import sys
import types
import unittest
from pathlib import Path
from unittest import mock

import every_packet
import microdhcp
import mutations
import recordings
from microdhcp import hot

VIPER = Path(microdhcp.__file__).parent / "hot_viper.py"
SEEDS = range(2 * len(mutations.SETTINGS))
STEPS = 300


class Pointer:
    """What ptr8(buffer) is, but checked."""

    limit = 1 << 8
    codes = ("B",)

    def __init__(self, buffer):
        self._items = buffer
        if isinstance(buffer, (array.array, memoryview)):
            code = buffer.typecode if isinstance(buffer, array.array) else buffer.format
            assert code in self.codes, code

    def __getitem__(self, at):
        assert at >= 0, at
        return self._items[at]

    def __setitem__(self, at, value):
        assert at >= 0 and value < self.limit, (at, value)
        self._items[at] = value


class Pointer16(Pointer):
    """ptr16"""

    limit = 1 << 16
    codes = ("H",)


class Pointer32(Pointer):
    """ptr32"""

    limit = 1 << 31
    codes = ("i",)


def load():
    """Return the module hot_viper, as plain Python."""
    stand_in = types.ModuleType("micropython")
    stand_in.viper = lambda function: function
    names = {"ptr8": Pointer, "ptr16": Pointer16, "ptr32": Pointer32}
    spec = importlib.util.spec_from_file_location("microdhcp.hot_viper", VIPER)
    module = importlib.util.module_from_spec(spec)
    with mock.patch.dict(sys.modules, micropython=stand_in):
        spec.loader.exec_module(module)
    module.__dict__.update(names)
    return module


def public(module):
    """Return {name: function} of the functions that a module defines."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__
    }


FAST = public(load())
LEAN = {name: getattr(hot, name) for name in FAST}


@contextlib.contextmanager
def fast():
    """While in this context, the server uses the functions of hot_viper."""
    with contextlib.ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if name.startswith("microdhcp."):
                for own, function in FAST.items():
                    if getattr(module, own, None) is LEAN[own]:
                        stack.enter_context(mock.patch.object(module, own, function))
        yield


def handle(server, n, now_s):
    """Handle a packet."""
    return server.handle(n, now_s)


class Twins(unittest.TestCase):
    """hot and hot_viper."""

    def test_every_fast_function_has_a_twin_with_the_same_arguments(self):
        for name, function in FAST.items():
            wanted = list(inspect.signature(LEAN[name]).parameters)
            found = [word.rstrip("_") for word in inspect.signature(function).parameters]
            self.assertEqual(found, wanted, name)

    def test_what_hot_replaces_is_what_there_is(self):
        source = inspect.getsource(hot)
        block = source[source.index("from .hot_viper import") : source.index("except (Import")]
        for name in FAST:
            self.assertRegex(block, rf"\b{name}\b")

    def test_the_server_uses_them_where_they_are_put(self):
        from microdhcp import wire

        before = wire.walk
        with fast():
            self.assertIs(wire.walk, FAST["walk"])
        self.assertIs(wire.walk, before)

    def test_a_stand_in_notices_what_viper_would_not(self):
        for action in (
            lambda: Pointer(b"abc")[3],
            lambda: Pointer(b"abc")[-1],
            lambda: Pointer(bytearray(1)).__setitem__(0, 256),
            lambda: Pointer16(array.array("i", [0])),
        ):
            with self.assertRaises((AssertionError, IndexError)):
                action()

    def test_every_conversation_gives_the_same_bytes(self):
        for name in every_packet.names():
            wanted = every_packet.replies(handle, name)
            with fast():
                self.assertEqual(every_packet.replies(handle, name), wanted, name)

    def test_hostile_stories_satisfy_the_same_judge(self):
        corpus = [raw for _, capture in recordings.load_all() for _, _, raw in capture.messages]
        with fast():
            for seed in SEEDS:
                story = mutations.Story(seed, corpus)
                for _ in range(STEPS):
                    story.step()
                self.assertGreater(story.replies, 0)


if __name__ == "__main__":
    unittest.main()
