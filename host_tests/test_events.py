"""What a program hears of leases: each kind of event, in order, without a byte allocated."""

import unittest

from builders import discover
from timeline import FIRST, Client, TimelineCase, serve

MAC = "00:00:5e:00:53:01"
OTHER = "00:00:5e:00:53:02"


class EventCase(TimelineCase):
    """A server whose events are read."""

    settings = {"pool": (FIRST, "192.0.2.19")}

    def start(self, **settings):
        """Let the new server note events."""
        super().start(**settings)
        self.server.enable_events()

    def heard(self):
        """Return the events so far, the oldest first, without the host name."""
        found = []
        while True:
            event = self.server.next_event()
            if event is None:
                return found
            found.append(event[:3])


class Kinds(EventCase):
    def test_without_events_nothing_is_told(self):
        """Events that are not switched on cost nothing"""
        client = Client(serve())
        client.dora()
        self.assertTrue(client.server.events is None)
        self.assertTrue(client.server.next_event() is None)

    def test_new_lease_is_bound(self):
        """An offer is no event, the lease is"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.heard(), [("bound", address, MAC)])

    def test_offer_that_is_not_taken_is_no_event(self):
        """Nothing came of it"""
        self.client.discover()
        self.other.at(100).inform("192.0.2.77")
        self.assertEqual(self.heard(), [])

    def test_second_lease_of_the_same_client_is_renewed(self):
        """RENEWING, INIT-REBOOT and a new DORA: it had the address all the time"""
        address = self.client.dora().yiaddr
        self.heard()
        self.client.renew(address)
        self.client.reboot(address)
        self.client.dora()
        self.assertEqual(self.heard(), [("renewed", address, MAC)] * 3)

    def test_adopted_lease_is_bound(self):
        """The table was lost, the client was not"""
        self.client.renew(FIRST)
        self.client.renew(FIRST)
        self.assertEqual(self.heard(), [("bound", FIRST, MAC), ("renewed", FIRST, MAC)])

    def test_lease_after_its_end_is_bound_again(self):
        """Between the two nobody had it"""
        address = self.client.dora().yiaddr
        self.client.at(4000).dora()
        kinds = [("bound", address, MAC), ("expired", address, MAC), ("bound", address, MAC)]
        self.assertEqual(self.heard(), kinds)

    def test_released(self):
        """The client gave it back"""
        address = self.client.dora().yiaddr
        self.client.release(address)
        self.assertEqual(self.heard()[1:], [("released", address, MAC)])

    def test_a_client_that_moves_releases_its_old_address(self):
        """One identifier, one address: the reservation it gets back ends the pool address"""
        self.start(reservations={MAC: "192.0.2.99"}, **self.settings)
        self.client.dora()
        self.client.decline("192.0.2.99")
        address = self.client.dora().yiaddr
        self.heard()
        self.client.at(700).dora()
        wanted = [("released", address, MAC), ("bound", "192.0.2.99", MAC)]
        self.assertEqual(sorted(self.heard()), sorted(wanted))

    def test_expired_by_the_clock_alone(self):
        """end_due() notices without a packet"""
        address = self.client.dora().yiaddr
        self.server.leases.end_due(3601)
        self.assertEqual(self.heard()[1:], [("expired", address, MAC)])

    def test_declined(self):
        """The client found the address in use; also when no more can be in quarantine"""
        for client, mac in ((self.client, MAC), (self.other, OTHER)):
            address = client.dora().yiaddr
            self.heard()
            client.decline(address)
            self.assertEqual(self.heard(), [("declined", address, mac)])

    def test_end_of_a_quarantine_is_no_event(self):
        """It was nobody's lease"""
        self.client.decline(self.client.dora().yiaddr)
        self.heard()
        self.server.leases.end_due(5000)
        self.assertEqual(self.heard(), [])

    def test_conflict(self):
        """We found the address in use"""
        self.client.with_checks()
        wish = "192.0.2.18"
        self.client.neighbours[wish] = b"\x02\0\0\0\0\x01"
        self.client.discover(requested=wish)
        self.assertEqual(self.heard(), [("conflict", wish, "02:00:00:00:00:01")])

    def test_adopted_lease_of_nobody_expires(self):
        """Somebody else wants it, and the check finds nobody there"""
        self.start(pool=(FIRST, FIRST))
        self.client.renew(FIRST)
        self.client.with_checks()
        self.client.other(2).at(60).dora()
        wanted = [("bound", FIRST, MAC), ("expired", FIRST, MAC), ("bound", FIRST, OTHER)]
        self.assertEqual(self.heard(), wanted)

    def test_last_resort_expires_an_adopted_lease(self):
        """No better address was left"""
        self.start(pool=(FIRST, FIRST))
        self.client.renew(FIRST)
        self.other.at(60).dora()
        wanted = [("bound", FIRST, MAC), ("expired", FIRST, MAC), ("bound", FIRST, OTHER)]
        self.assertEqual(self.heard(), wanted)

    def test_pool_full(self):
        """Who asked, and no address; one after the other is one event"""
        self.crowd(4)
        self.heard()
        self.client.discover()
        self.other.discover()
        self.assertEqual(self.heard(), [("pool_full", "", MAC)])

    def test_pool_full_again_after_something_else(self):
        """Only repetitions are left out"""
        address = self.crowd(4)[0]
        self.heard()
        self.client.discover()
        self.client.other(0x80).renew(address)
        self.other.discover()
        kinds = [kind for kind, _address, _mac in self.heard()]
        self.assertEqual(kinds, ["pool_full", "renewed", "pool_full"])


class Ring(EventCase):
    def test_oldest_events_give_way(self):
        """The latest events are kept, and lost ones are counted"""
        self.start(pool=(FIRST, "192.0.2.31"))
        self.server.enable_events(3)
        for i in range(5):
            self.client.other(0x10 + i).renew("192.0.2.{}".format(16 + i))
        macs = [mac[-2:] for _kind, _address, mac in self.heard()]
        self.assertEqual(macs, ["12", "13", "14"])
        self.assertEqual(self.server.events.lost, 2)

    def test_ring_goes_round(self):
        """Read and filled in turns, for longer than it is"""
        self.server.enable_events(3)
        for _ in range(20):
            self.client.renew(FIRST)
            self.other.renew("192.0.2.17")
            macs = [mac for _kind, _address, mac in self.heard()]
            self.assertEqual(macs, [MAC, OTHER])

    def test_pool_full_in_a_full_ring(self):
        """A flood leaves one, wherever in the ring it is"""
        self.crowd(4)
        for size in (1, 2, 3):
            self.server.enable_events(size)
            for i in range(5):
                self.client.other(0x20 + i).discover()
            self.assertEqual(len(self.heard()), 1)
            self.assertEqual(self.server.events.lost, 0)

    def test_pool_full_has_no_name_of_the_event_before(self):
        """The entry has held another event"""
        self.server.enable_events(1)
        self.crowd(3)
        self.client.dora(options=[(12, b"phone")])
        self.client.other(1, client_id=b"\0other").discover()
        self.assertEqual(self.server.next_event(), ("pool_full", "", MAC, ""))

    def test_packets_that_are_dropped_are_no_events(self):
        """Whatever they say"""
        self.refused(discover(op=2))
        self.assertEqual(self.heard(), [])


class Changed(TimelineCase):
    """The hints for the program that stores the table."""

    def changes(self):
        """Return what changed since the last call."""
        changed = self.server.leases.changed
        self.server.leases.changed = 0
        return changed

    def test_nothing_at_the_start(self):
        """An empty table need not be stored"""
        self.assertEqual(self.changes(), 0)

    def test_offer_is_nothing_to_store(self):
        """Nor its end: a flood of DISCOVERs writes nothing"""
        self.client.discover()
        self.other.at(100).discover()
        self.assertEqual(self.changes(), 0)

    def test_new_lease_is_urgent(self):
        """Design: new bindings within 5 s"""
        self.client.dora()
        self.assertEqual(self.changes(), 2)

    def test_renewal_is_nothing_to_store(self):
        """On load every binding lives its granted time again: the file says the same"""
        address = self.client.dora().yiaddr
        self.changes()
        self.client.renew(address)
        self.assertEqual(self.changes(), 0)

    def test_other_granted_time_is_stored_later(self):
        """Design: other changes coalesced"""
        address = self.client.dora().yiaddr
        self.changes()
        self.client.renew(address, lease_s=600)
        self.assertEqual(self.changes(), 1)

    def test_end_of_a_lease_is_stored_later(self):
        """Released, expired, declined"""
        address = self.client.dora().yiaddr
        self.other.dora()
        self.changes()
        self.client.release(address)
        self.assertEqual(self.changes(), 1)
        address = self.client.dora().yiaddr
        self.changes()
        self.client.decline(address)
        self.assertEqual(self.changes(), 1)
        self.server.leases.end_due(4000)
        self.assertEqual(self.changes(), 1)

    def test_smaller_change_does_not_hide_a_new_lease(self):
        """2 stays 2 until it is stored"""
        address = self.client.dora().yiaddr
        self.client.renew(address, lease_s=600)
        self.client.release(address)
        self.assertEqual(self.changes(), 2)


if __name__ == "__main__":
    unittest.main()
