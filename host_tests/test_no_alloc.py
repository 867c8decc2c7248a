"""server.handle allocates nothing and leaves nothing of an earlier message in a reply.

The heap is locked while it runs, so an allocation is a MemoryError. Slice assignment, which it
lives by, allocates in MicroPython before v1.26. The bytes are compared with CPython's in
test_host_same_bytes.py.
"""

import sys
import unittest

import every_packet
import mutations
from timeline import Client, serve

try:
    from micropython import heap_lock, heap_unlock
except ImportError:  # CPython: has no heap to lock, and the class that needs it is not made
    heap_lock = heap_unlock = None

STEPS = 120


def locked(server, n, now_s):
    """Call server.handle with the heap locked."""
    heap_lock()
    try:
        return server.handle(n, now_s)
    finally:
        heap_unlock()


def poisoned(byte):
    """Return a function that fills tx, and rx behind the packet, with `byte`, then handles."""

    def handle(server, n, now_s):
        server.tx[:] = bytes([byte]) * len(server.tx)
        server.rx[n:] = bytes([byte]) * (len(server.rx) - n)
        return server.handle(n, now_s)

    return handle


class PoisonTest(unittest.TestCase):
    """What lay in the buffers before makes no difference."""

    def test_replies_do_not_depend_on_old_bytes(self):
        """Every conversation gives the same bytes with tx full of A5 as with 5A.

        All but the malformed packets bring replies.
        """
        for name in every_packet.names():
            first = every_packet.replies(poisoned(0xA5), name)
            answered = sum([1 for outcome in first if outcome[2]])
            self.assertEqual(answered > 0, name != "malformed", name)
            self.assertEqual(first, every_packet.replies(poisoned(0x5A), name))


class LockedStory(mutations.Story):
    """A hostile story whose packets are handled with the heap locked."""

    def handle(self, n):
        """Handle self.packet; a MemoryError is an allocation."""
        return locked(self.server, n, self.now_s)


if heap_lock is not None:

    class NoAllocTest(unittest.TestCase):
        """Every kind of packet, valid or not, with the heap locked."""

        def setUp(self):
            """Skip where the interpreter itself allocates."""
            if sys.implementation.version[:2] < (1, 26):
                self.skipTest("slice assignment allocates before MicroPython 1.26")
            Client(serve()).discover(giaddr="192.0.2.9")  # the first one loads a module

        def test_a_planted_allocation_is_noticed(self):
            """The lock works: making a list inside it fails."""

            class Leaky:
                def handle(self, n, now_s):
                    return [n, now_s]

            with self.assertRaises(MemoryError):
                locked(Leaky(), 1, 2)

        def test_every_conversation_without_allocation(self):
            """Clients in all states, odd and malformed packets, captures, times at limits."""
            for name in every_packet.names():
                found = every_packet.replies(locked, name)
                self.assertTrue(len(found) > 0, name)

        def test_hostile_stories_without_allocation(self):
            """Mutated packets."""
            for seed in range(len(mutations.SETTINGS)):
                story = LockedStory(seed)
                for _ in range(STEPS):
                    story.step()
                self.assertTrue(story.replies > 0)
