"""Hostile input: nothing raises, nonsense gets no answer, the lease table stays in order.

The bounded run of tools/fuzz.py, and every capture cut at every length and with every byte
changed. In MicroPython the same with fewer packets, as its collector waits for the end of a test.
"""

import sys
import unittest

import builders
import invariants
import mutations
import oracle
import recordings
from microdhcp import Config, Server

CPYTHON = sys.implementation.name == "cpython"
STORIES = 4 if CPYTHON else 1  # of each kind of settings
STEPS = 1000 if CPYTHON else 150
HOME = {"address": "10.77.0.1/24", "pool": ("10.77.0.10", "10.77.0.30")}
OURS = {"address": "192.0.2.1/24", "pool": ("192.0.2.16", "192.0.2.31")}


def real_packets():
    """Return the packets of the captures, no two alike; in MicroPython one per client and type."""
    found = {}
    for name, capture in recordings.load_all():
        for packet in capture.requests():
            kind = packet[240:243]
            found[packet if CPYTHON else (name.split("-")[0], kind)] = packet
    return [found[key] for key in sorted(found)]


def built_packets():
    """Return one packet of each type by the builders."""
    ident = b"\xff" + bytes(12)
    agent = ((82, b"\x01\x03abc"),)
    return [
        builders.discover(client_id=ident, requested="192.0.2.20", lease_s=900),
        builders.discover(giaddr="192.0.2.2", options=agent),
        builders.request(requested="192.0.2.16", server_id="192.0.2.1", max_size=576),
        builders.request(requested="192.0.2.17"),
        builders.request(ciaddr="192.0.2.18", client_id=ident),
        builders.decline(requested="192.0.2.16", server_id="192.0.2.1"),
        builders.release(ciaddr="192.0.2.17", server_id="192.0.2.1"),
        builders.inform(ciaddr="192.0.2.99"),
    ]


class Judged:
    """A server whose every answer is judged; in MicroPython only the table is, at the end."""

    def __init__(self, settings):
        self.server = Server(Config(**settings), 1500)
        self.judge = oracle.Judge(self.server, settings)

    def give(self, n):
        """Handle rx[:n] and judge what comes of it."""
        raw = bytes(self.server.rx[:n]) if CPYTHON else b""
        sent = self.server.handle(n, 10)
        if CPYTHON:
            self.judge.look(raw, sent, 10)
            invariants.check(self.server.leases, moving=True)
        return sent


class DamageTest(unittest.TestCase):
    """One packet after the other, damaged in every place."""

    def setUp(self):
        """Collect the packets."""
        self.sets = ((OURS, built_packets()), (HOME, real_packets()))
        for _settings, packets in self.sets:
            self.assertTrue(len(packets) >= 8)

    def test_cut_at_every_length(self):
        """A message cut short is answered like what is left of it, or not at all."""
        for settings, packets in self.sets:
            judged = Judged(settings)
            answered = 0
            for packet in packets:
                for n in range(len(packet) + 1):
                    judged.server.rx[: len(packet)] = packet
                    sent = judged.give(n)
                    if n < 243:
                        self.assertEqual(sent, 0)
                    answered += sent > 0
            self.assertTrue(answered > 0)
            invariants.check(judged.server.leases)

    def test_every_byte_changed(self):
        """No byte of a message can make the server fail."""
        for settings, packets in self.sets:
            judged = Judged(settings)
            rx = judged.server.rx
            for packet in packets:
                for change in (0xFF, 0x01, 0x80) if CPYTHON else (0xFF,):
                    for at in range(len(packet)):
                        rx[: len(packet)] = packet
                        rx[at] ^= change
                        judged.give(len(packet))
            invariants.check(judged.server.leases, moving=True)


class StoryTest(unittest.TestCase):
    """Mutated packets in stories: see mutations.Story."""

    def play(self, kind):
        """Play the stories of one kind of settings."""
        corpus = real_packets()
        for number in range(STORIES):
            seed = kind + number * len(mutations.SETTINGS)
            story = mutations.Story(seed, corpus)
            for step in range(STEPS):
                try:
                    story.step()
                except Exception as error:
                    text = "story {}, step {}: {!r}, packet {}"
                    self.fail(text.format(seed, step, error, bytes(story.packet)))
            self.assertTrue(story.replies > STEPS // 10)

    def test_plain_settings(self):
        """A pool of twelve addresses."""
        self.play(0)

    def test_rapid_commit_and_infinite_leases(self):
        """Leases without an end, made by a single message."""
        self.play(1)

    def test_not_authoritative(self):
        """Another server may be there."""
        self.play(2)

    def test_reservations(self):
        """Reserved addresses inside the pool and outside, offers held for 5 s."""
        self.play(3)

    def test_more_options_than_fit(self):
        """300 bytes for far more options."""
        self.play(4)

    def test_checks(self):
        """Every second candidate or so waits for a check; a third of them are in use."""
        self.play(mutations.CHECKED)
