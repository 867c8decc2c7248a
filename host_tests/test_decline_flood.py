"""Floods of DECLINEs: leases stay, and new clients get one (RFC 2131 section 4.3.3).

Some clients decline whatever they are given, for ever, and a station can invent MACs.
"""

import sys

import builders
from microdhcp.states import BOUND, DECLINED
from timeline import SERVER, TimelineCase

FLOOD = 2000 if sys.implementation.name == "cpython" else 500  # MicroPython is slow here
HONEST = 8
POOL_N = 32
STRANGER = b"\x02\x00\x00\x00\x01\x00"


class Flood(TimelineCase):
    flood_n = FLOOD  # test_host_long.py sends more
    settings = {"pool": ("192.0.2.16", "192.0.2.47"), "lease_s": 7200}

    def setUp(self):
        """Bind some clients."""
        TimelineCase.setUp(self)
        self.addresses = self.crowd(HONEST)
        self.newcomers = 0

    def hostile(self, number):
        """Return one of the clients that flood."""
        return self.client.other(STRANGER[:5] + bytes([number]))

    def decline_what_it_gets(self, client):
        """Let a client get an address and refuse it."""
        client.decline(client.dora().yiaddr)

    def look_after(self):
        """Check what must hold: a new client gets an address, and no lease has changed."""
        newcomer = self.client.other(0x40 + self.newcomers % 8)
        self.newcomers += 1
        address = newcomer.dora().yiaddr
        newcomer.release(address)
        self.assertFalse(address in self.addresses)
        states = self.server.leases.state
        self.assertTrue(states.count(bytes([DECLINED])) <= POOL_N // 4)
        for number, address in enumerate(self.addresses):
            slot = self.server.leases.slot_of(builders.ip(address), 0)
            self.assertEqual(states[slot], BOUND)
            self.assertTrue(self.server.leases.has_chaddr(slot, builders.mac_bytes(0x80 + number)))

    def flood(self, clients, step):
        """Send all DECLINEs, a hundred in a second, and look after the others meanwhile."""
        for turn in range(self.flood_n):
            step(clients[turn % len(clients)], turn)
            if turn % 100 == 0:
                self.client.at(self.client.clock[0] + 1)
            if turn % 500 == 499:
                self.look_after()
        for number, address in enumerate(self.addresses):
            self.assertEqual(self.client.other(0x80 + number).renew(address).kind, "ACK")
        self.assertEqual(self.server.messages[builders.DECLINE], self.flood_n)
        self.assertEqual(self.newcomers, self.flood_n // 500)

    def test_one_client_that_declines_all_it_gets(self):
        """Facts: Apple devices are known to loop."""
        self.flood([self.hostile(0)], lambda client, _: self.decline_what_it_gets(client))

    def test_fifty_invented_clients_that_decline_all_they_get(self):
        hostile = [self.hostile(number) for number in range(50)]
        self.flood(hostile, lambda client, _: self.decline_what_it_gets(client))

    def test_the_same_with_checks(self):
        """A declined address is checked before the next offer, and the flood stays bounded."""
        self.client.with_checks()
        hostile = [self.hostile(number) for number in range(50)]
        self.flood(hostile, lambda client, _: self.decline_what_it_gets(client))
        self.assertTrue(len(self.client.probes) <= 2 * self.flood_n)

    def test_fifty_invented_clients_that_decline_what_others_have(self):
        """Design: ignored, counted, from anybody else."""
        hostile = [self.hostile(number) for number in range(50)]

        def step(client, turn):
            client.decline(self.addresses[turn % HONEST], server_id=SERVER if turn % 2 else None)

        self.flood(hostile, step)
        self.assertEqual(self.server.drops["not_yours"], self.flood_n)
