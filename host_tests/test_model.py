"""Stories about one server and the world around it; the rules are in model_judge.py.

The short ones were found by test_host_model.py, each where a rule was broken once.
"""

import sys
import unittest

import model
from model_judge import FaultError

try:
    from micropython import heap_lock, heap_unlock
except ImportError:  # CPython: has no heap to lock
    heap_lock = heap_unlock = None

MICROPYTHON = sys.implementation.name == "micropython"
LOCKABLE = MICROPYTHON and sys.implementation.version[:2] >= (1, 26)
SEEDS = 25 if MICROPYTHON else 600
STEPS = 60

#: (rule that was broken, kind, variant, steps)
STORIES = (
    ("A2", 3, 0, [("discover", 0, 0, 0, 1), ("configure", 3), ("everybody",)]),
    ("A2", 0, 0, [("lease", 1, 0), ("configure", 4), ("everybody",)]),
    ("A3", 1, 0, [("lease", 0, 4), ("save",), ("restart", 1, 5), ("lease", 2, 0)]),
    ("A3", 1, 0, [("configure", 3), ("lease", 0, 0), ("configure", 5), ("lease", 2, 0)]),
    ("A3", 4, 0, [("lease", 1, 0), ("configure", 3), ("everybody",)]),
    ("A4", 0, 4, [("lease", 2, 0), ("discover", 1, 10), ("renew", 2, 0)]),
    (
        "A4",
        0,
        4,
        [
            ("lease", 0, 0),
            ("discover", 4, 6),
            ("lease", 0, 9),
            ("discover", 1, 9),
            ("select", 4, 6, 1),
        ],
    ),
    ("A3", 1, 0, [("rearrange", 1, 3), ("save",), ("restart", 1, 3), ("lease", 0, 0)]),
    ("A5", 0, 6, [("lease", 3, 0), ("discover", 3, 4)]),
    ("A6", 0, 0, [("gather", 0)]),
    ("A7", 3, 1, [("lease", 0, 0, 0, 1), ("lease", 1, 0), ("lease", 2, 0, 1)]),
    (
        "A7",
        1,
        1,
        [
            ("lease", 1, 0),
            ("restart", 0, 1),
            ("everybody",),
            ("lease", 0, 0),
            ("discover", 0, 4),
            ("everybody",),
        ],
    ),
    (
        "A7",
        6,
        0,
        [
            ("rearrange", 3, 0),
            ("wait", 16),
            ("gather", 0, 0),
            ("free", 3, 0),
            ("renew", 3, 0, 3),
            ("crowd", 0),
        ],
    ),
    (
        "A8",
        0,
        0,
        [("lease", 4, 4), ("wait", 11), ("wait", 0), ("discover", 0, 0, 2), ("renew", 4, 4)],
    ),
    (
        "A9",
        0,
        5,
        [
            ("lease", 2, 9, 0, 2),
            ("wait", 6),
            ("squat", 2),
            ("lease", 2, 0, 3),
            ("free", 2, 9),
            ("check", 0),
        ],
    ),
    ("A10", 0, 0, [("lease", 0, 0), ("wait", 11), ("wait", 1), ("decline", 0, 0)]),
    ("A11", 0, 0, [("lease", 3, 0), ("forge", 2)]),
    ("A12", 0, 0, [("lease", 1, 9), ("wait", 3), ("discover", 0, 9)]),
)


class LockedWorld(model.World):
    """A world whose server must not allocate."""

    def handle(self, n):
        """Handle a packet with the heap locked, where there is one."""
        now_s = self.clock()
        if not LOCKABLE:
            return self.server.handle(n, now_s)
        heap_lock()
        try:
            return self.server.handle(n, now_s)
        finally:
            heap_unlock()


class Stories(unittest.TestCase):
    def test_what_broke_a_rule_once_does_not_do_so_again(self):
        """Each story is told to its end."""
        for rule, kind, variant, steps in STORIES:
            try:
                LockedWorld(kind, variant).play(steps)
            except FaultError as fault:
                self.fail("{}, the story of {}".format(fault, rule))

    def test_stories_of_chance_break_no_rule(self):
        """The same ones each time, with the heap locked in MicroPython."""
        told = 0
        for seed in range(SEEDS):
            world = LockedWorld(seed % len(model.KINDS), seed // 7 % len(model.VARIANTS))
            try:
                world.play(model.story(seed, STEPS))
                world.step("everybody")
            except FaultError as fault:
                self.fail("{}: story {}: {}".format(fault, seed, world.told))
            told += len(world.told)
        self.assertTrue(told > 10 * SEEDS)

    def test_a_double_lease_is_noticed(self):
        """The judge is awake: a server that forgets the first lease gives its address again."""
        world = model.World(1, 1)
        world.step("lease", 0, 0)
        world.server.release(world.client(0, 0).address, world.clock())
        world.step("lease", 1, 0)
        with self.assertRaises(FaultError) as caught:
            world.step("lease", 2, 0)
        self.assertEqual(caught.exception.rule, "two")
