"""No client gets a taken address: the check before the OFFER (RFC 2131 2.2, 3.1, 4.3.1)."""

import builders
import invariants
from microdhcp import PARK
from timeline import TimelineCase

STRANGER = b"\x02\x00\x00\x00\x00\x99"
POOL = {"address": "192.0.2.1/24", "pool": ("192.0.2.16", "192.0.2.19")}


class Checked(TimelineCase):
    def start(self, **settings):
        """Begin with checks that see who answers."""
        TimelineCase.start(self, **settings)
        self.client.with_checks()
        self.other = self.client.other(2)

    def tearDown(self):
        """Whatever was found out, the table is in order."""
        invariants.check(self.server.leases)

    def squat(self, *addresses):
        """Let a stranger have the addresses."""
        for address in addresses:
            self.client.neighbours[address] = STRANGER

    def mac_of(self, client):
        """Return the MAC of a client as 6 bytes."""
        return builders.mac_bytes(client.mac)


class NoChecks(TimelineCase):
    settings = POOL

    def test_without_checks_nothing_waits(self):
        """'The server MAY ... allow the administrator to disable probes' (2131 3.1)"""
        self.assertEqual(self.client.dora().kind, "ACK")
        self.assertEqual(self.client.probes, None)


class Discover(Checked):
    settings = POOL

    def test_free_address_is_checked_once(self):
        """'the server SHOULD probe the reused address before allocating it'"""
        offer = self.client.discover()
        self.assertEqual((offer.kind, self.client.probes), ("OFFER", [offer.yiaddr]))
        self.assertEqual(self.client.discover().yiaddr, offer.yiaddr)
        self.assertEqual(self.client.select(offer).kind, "ACK")
        self.assertEqual(len(self.client.probes), 1)

    def test_taken_address_is_not_offered(self):
        """Design: found taken: the next candidate, within the same DISCOVER"""
        first = self.client.discover().yiaddr
        self.start(**POOL)
        self.squat(first)
        offer = self.client.discover()
        self.assertEqual(offer.kind, "OFFER")
        self.assertNotEqual(offer.yiaddr, first)
        self.assertEqual(self.client.probes, [first, offer.yiaddr])

    def test_asked_for_address_is_checked_too(self):
        """Design: not skipped because the client asked for the address"""
        self.squat("192.0.2.18")
        offer = self.client.discover(requested="192.0.2.18")
        self.assertEqual(offer.kind, "OFFER")
        self.assertNotEqual(offer.yiaddr, "192.0.2.18")

    def test_taken_address_is_kept_back(self):
        """Design: CONFLICT for quarantine_s"""
        self.squat("192.0.2.18")
        self.client.discover(requested="192.0.2.18")
        self.client.neighbours.clear()
        offer = self.other.at(599).discover(requested="192.0.2.18")
        self.assertNotEqual(offer.yiaddr, "192.0.2.18")
        third = self.client.other(3)
        self.assertEqual(third.at(601).discover(requested="192.0.2.18").yiaddr, "192.0.2.18")

    def test_pool_of_taken_addresses_is_silent_after_bounded_work(self):
        """Design: a pool of taken addresses: bounded work, then silence"""
        self.squat("192.0.2.16", "192.0.2.17", "192.0.2.18", "192.0.2.19")
        silent = self.client.discover()
        self.assertEqual((silent.kind, silent.dropped), (None, "pool_full"))
        self.assertEqual(len(self.client.probes), 4)
        self.assertEqual(self.client.at(20).discover().kind, None)
        self.assertEqual(len(self.client.probes), 4)

    def test_oldest_conflict_is_tried_again_last(self):
        """Design: as last resort the oldest quarantined one after a fresh check"""
        self.squat("192.0.2.16", "192.0.2.17", "192.0.2.18", "192.0.2.19")
        self.client.discover()
        first = self.client.probes[0]
        self.client.neighbours.clear()
        offer = self.client.at(31).discover()
        self.assertEqual((offer.kind, offer.yiaddr), ("OFFER", first))

    def test_clients_own_answer_is_no_conflict(self):
        """Design: who answered matters: the client's own MAC is no conflict"""
        self.client.neighbours["192.0.2.18"] = self.mac_of(self.client)
        self.assertEqual(self.client.discover(requested="192.0.2.18").yiaddr, "192.0.2.18")

    def test_lease_that_runs_is_not_checked(self):
        """Design: skipped: the address is this client's"""
        address = self.client.dora().yiaddr
        self.squat(address)
        self.assertEqual(self.client.at(100).discover().yiaddr, address)
        self.assertEqual(len(self.client.probes), 1)

    def test_lease_that_ended_a_moment_ago_is_not_checked(self):
        """Design: skipped: the address was this client's a moment ago"""
        address = self.client.at(1000).dora().yiaddr
        self.client.release(address)
        self.assertEqual(self.client.at(1030).discover().yiaddr, address)
        self.assertEqual(len(self.client.probes), 1)

    def test_lease_that_ended_a_moment_ago_is_checked_for_another_identifier(self):
        """It is another client, though on the same device"""
        address = self.client.dora().yiaddr
        self.client.release(address)
        self.client.at(20).discover(requested=address, client_id=b"\xffabc")
        self.assertEqual(self.client.probes, [address, address])

    def test_lease_that_ended_long_ago_is_checked(self):
        """'the server SHOULD probe the reused address before allocating it'"""
        address = self.client.dora().yiaddr
        self.client.release(address)
        self.squat(address)
        self.assertNotEqual(self.client.at(100).discover().yiaddr, address)

    def test_released_address_goes_to_another_client_after_a_check(self):
        """Design: a released address goes to another client only after a check"""
        address = self.client.dora().yiaddr
        self.client.release(address)
        self.squat(address)
        offer = self.other.discover(requested=address)
        self.assertNotEqual(offer.yiaddr, address)

    def test_offer_that_nobody_took_goes_to_the_next_client_unchecked(self):
        """Design, floods: it was checked; no check would end before the slot is taken again"""
        offers = [self.client.other(mac).discover().yiaddr for mac in range(10, 14)]
        probes = len(self.client.probes)
        offer = self.client.discover()
        self.assertEqual((offer.kind, offer.yiaddr), ("OFFER", offers[0]))
        self.assertEqual(len(self.client.probes), probes)

    def test_reservation_that_is_taken_gives_a_pool_address(self):
        """Design: the next OFFER is another one, for a reservation too"""
        self.start(reservations={"00:00:5e:00:53:01": "192.0.2.100"}, **POOL)
        self.squat("192.0.2.100")
        offer = self.client.discover()
        self.assertIn(offer.yiaddr, ("192.0.2.16", "192.0.2.17", "192.0.2.18", "192.0.2.19"))


class Request(Checked):
    settings = POOL

    def test_renewal_is_never_checked(self):
        """Design: RENEWING and REBINDING are never checked"""
        self.client.neighbours["192.0.2.17"] = self.mac_of(self.client)
        self.assertEqual(self.client.renew("192.0.2.17").kind, "ACK")
        self.assertEqual(self.client.probes, [])

    def test_init_reboot_of_an_unknown_client_is_checked(self):
        """Design: INIT-REBOOT of an unknown client is checked where the port can tell who it is"""
        self.squat("192.0.2.17")
        self.assertEqual(self.client.reboot("192.0.2.17").kind, "NAK")
        self.assertEqual(self.client.probes, ["192.0.2.17"])

    def test_a_copy_waits_for_the_check_as_well(self):
        """It is the same question: nobody has the address until the check says so"""
        server = self.server
        for packet in (
            builders.request(requested="192.0.2.18"),
            builders.request(requested="192.0.2.18", server_id="192.0.2.1"),
        ):
            self.start(**POOL)
            server = self.server
            for _ in range(2):
                server.rx[: len(packet)] = packet
                self.assertEqual(server.handle(len(packet), 0), PARK)
            server.checked(server.check_slot, True, 0, STRANGER)
            self.assertEqual(server.handle(len(packet), 0), 300)
            self.assertEqual(server.tx[242], 6)

    def test_init_reboot_into_its_own_answer_is_acknowledged(self):
        """Design: the client's own MAC is no conflict"""
        self.client.neighbours["192.0.2.17"] = self.mac_of(self.client)
        self.assertEqual(self.client.reboot("192.0.2.17").kind, "ACK")

    def test_init_reboot_is_not_checked_by_a_port_that_cannot_tell(self):
        """Design: a check that cannot tell proves nothing about an address the client names"""
        TimelineCase.start(self, **POOL)
        self.client.with_checks()
        self.server.enable_checks()  # by default nobody can tell
        self.squat("192.0.2.17")
        self.assertEqual(self.client.reboot("192.0.2.17").kind, "ACK")
        self.assertEqual(self.client.probes, [])

    def test_adopted_after_a_check_is_still_unconfirmed(self):
        """Design: adopted and not yet renewed: taken when nothing else is left"""
        for mac, address in ((1, "16"), (2, "17"), (3, "18"), (4, "19")):
            ack = self.client.other(mac).reboot("192.0.2." + address)
            self.assertEqual(ack.kind, "ACK")
        self.assertIsNone(self.client.other(5).at(59).discover().kind)
        self.assertEqual(self.client.other(5).at(60).discover().kind, "OFFER")

    def test_owner_of_a_disputed_address_keeps_it_by_renewing(self):
        """Design: the client itself would answer: found in use, and then its owner renews"""
        self.client.neighbours["192.0.2.17"] = self.mac_of(self.client)
        self.other.discover(requested="192.0.2.17")
        self.assertEqual(self.client.renew("192.0.2.17").kind, "ACK")

    def test_owner_of_a_disputed_address_keeps_it_after_a_reboot(self):
        """Design: the client's own MAC is no conflict"""
        self.client.neighbours["192.0.2.17"] = self.mac_of(self.client)
        self.other.discover(requested="192.0.2.17")
        self.assertEqual(self.client.reboot("192.0.2.17").kind, "ACK")


class Parking(Checked):
    settings = POOL

    def park(self, mac, now_s):
        """Send a DISCOVER that is parked; return the slot that wants a check."""
        packet = builders.discover(mac=mac)
        self.server.rx[: len(packet)] = packet
        self.assertEqual(self.server.handle(len(packet), now_s), PARK)
        return self.server.check_slot

    def test_two_parked_clients_wait_for_different_addresses(self):
        """Design: other clients are served meanwhile; two clients never get the same"""
        self.assertNotEqual(self.park(1, 0), self.park(2, 0))

    def test_repeated_discover_waits_for_the_same_address(self):
        """Design: a repeated DISCOVER gets the same offer"""
        self.assertEqual(self.park(1, 0), self.park(1, 1))

    def test_check_that_nobody_ends_frees_the_address(self):
        """Design: found neither taken nor free: when the hold ends the address is as before"""
        slot = self.park(1, 0)
        self.assertTrue(self.server.leases.live(slot))
        self.server.leases.end_due(31)
        self.assertFalse(self.server.leases.live(slot))
        self.assertEqual(self.park(1, 31), slot)

    def test_late_result_changes_nothing(self):
        """A result for a slot that has gone another way is passed over"""
        slot = self.park(1, 0)
        self.server.leases.end_due(31)
        self.server.checked(slot, True, 31)
        self.assertEqual(self.park(1, 31), slot)
