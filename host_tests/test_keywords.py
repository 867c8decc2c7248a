"""Calls by keyword: the built package gives private names other names, not those of its calls."""

from builders import discover
from microdhcp import PARK
from timeline import TimelineCase

MAC = "00:00:5e:00:53:01"


class Keywords(TimelineCase):
    def test_what_a_program_asks_of_a_server(self):
        """roster, find, release, configure, enable_events, enable_checks, handle"""
        self.server.enable_events(size=4)
        address = self.client.dora().yiaddr
        found = list(self.server.roster(now_s=1, states=("bound",)))
        self.assertEqual([lease.address for lease in found], [address])
        self.assertEqual(self.server.find(mac=MAC, now_s=1).address, address)
        self.server.configure(config=self.server.config, now_s=1)
        self.assertTrue(self.server.release(address=address, now_s=1))
        self.assertEqual(self.server.next_event()[0], "bound")

    def test_checks(self):
        """enable_checks, checked"""
        self.server.enable_checks(names_owner=True)
        packet = discover(mac=2)
        self.server.rx[: len(packet)] = packet
        self.assertEqual(self.server.handle(n=len(packet), now_s=0), PARK)
