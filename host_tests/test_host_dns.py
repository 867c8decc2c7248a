"""dns.Names against a library for DNS, and against 100,000 mutated queries."""

import random
import sys
import unittest

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from beside import FakeService
from microdhcp import opening
from microdhcp.dns import Names
from timeline import Client, serve

SEED = 20261128
MUTANTS = 100_000
HEADERS = 28  # IPv4 and UDP: what a datagram costs on the wire beside its payload
KINDS = ("A", "AAAA", "PTR", "SOA", "NS", "TXT", "HTTPS", "ANY", "SRV")
NAMES = (
    "sensor-1.lan",
    "sensor-1",
    "nobody.lan",
    "lan",
    "greenhouse.lan",
    "www.example.com",
    "16.2.0.192.in-addr.arpa",
    "200.2.0.192.in-addr.arpa",
    "use-application-dns.net",
    ".",
)


def served(**options):
    """Return Names with one leased device, sensor-1."""
    server = serve(domain="lan")
    Client(server).dora(options=[(12, b"sensor-1")])
    return Names(FakeService(server), board="greenhouse", **options)


class Memory(unittest.TestCase):
    def test_what_is_needed_once_may_be_gone_already(self):
        """opening.forget() of a module that is not there, or not any more"""
        for _ in range(2):
            opening.forget()
            self.assertNotIn("microdhcp.opening", sys.modules)
        self.assertTrue(served().is_board(b"greenhouse"))


class Library(unittest.TestCase):
    def test_every_reply_is_one_to_its_query(self):
        """dnspython takes each reply apart, and finds it to belong to the query"""
        for captive in (False, True):
            names = served(captive=captive)
            for name in NAMES:
                for kind in KINDS:
                    for edns in (-1, 0):
                        query = dns.message.make_query(name, kind, use_edns=edns)
                        reply = dns.message.from_wire(names.answer(query.to_wire()))
                        self.assertTrue(query.is_response(reply), f"{name} {kind}")
                        self.assertEqual(reply.edns, edns)

    def test_name_error_has_a_soa_that_resolvers_can_use(self):
        """RFC 2308 section 3: TTL and MINIMUM of the zone's SOA"""
        query = dns.message.make_query("nobody.lan", "A")
        reply = dns.message.from_wire(served().answer(query.to_wire()))
        self.assertEqual(reply.rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual(reply.authority[0].name.to_text(), "lan.")
        self.assertEqual(reply.authority[0][0].minimum, 1)

    def test_recursion_is_not_offered(self):
        """RD comes back, RA is not set"""
        query = dns.message.make_query("www.example.com", "A")
        reply = dns.message.from_wire(served().answer(query.to_wire()))
        self.assertTrue(reply.flags & dns.flags.RD)
        self.assertFalse(reply.flags & dns.flags.RA)


def mutants(dice, count):
    """Yield queries with some bytes changed, cut, doubled or added."""
    good = [
        dns.message.make_query(name, kind, use_edns=edns).to_wire()
        for name in NAMES
        for kind in KINDS
        for edns in (-1, 0)
    ]
    for _ in range(count):
        raw = bytearray(dice.choice(good))
        for _ in range(dice.randrange(4)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        way = dice.randrange(6)
        if way == 0:
            del raw[dice.randrange(len(raw)) :]
        elif way == 1:
            raw += dice.randbytes(dice.randrange(300))
        elif way == 2:
            pos = dice.randrange(len(raw))
            raw[pos:pos] = raw[12 : 12 + dice.randrange(40)]
        yield bytes(raw)


class Mutants(unittest.TestCase):
    def test_nothing_raises_and_nothing_is_amplified(self):
        """No exception, no answer to answers, at most 512 bytes, at most twice what came in"""
        dice = random.Random(SEED)
        names = [served(), served(captive=True)]
        answered = 0
        for raw in mutants(dice, MUTANTS):
            reply = dice.choice(names).answer(raw)
            if len(raw) < 12 or raw[2] & 0x80:
                self.assertEqual(reply, b"", raw.hex())
            if not reply:
                continue
            answered += 1
            self.assertEqual((reply[:2], reply[2] & 0x80), (raw[:2], 0x80), raw.hex())
            self.assertLessEqual(len(reply), 512, raw.hex())
            self.assertLessEqual(len(reply) + HEADERS, 2 * (len(raw) + HEADERS), raw.hex())
        self.assertGreater(answered, MUTANTS // 2)
