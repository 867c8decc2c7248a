"""RFC 2131 section 4.3.3: DHCPDECLINE, and how long a declined address is withheld."""

from timeline import TimelineCase

OTHER_SERVER = "192.0.2.2"


class Decline(TimelineCase):
    def test_4_3_3_decline_gets_no_answer(self):
        """Table 3 knows no reply to a DHCPDECLINE."""
        address = self.client.dora().yiaddr
        self.assertIsNone(self.client.decline(address).kind)

    def test_4_3_3_declined_address_is_not_offered_to_others(self):
        """'The server MUST mark the network address as not available'"""
        address = self.client.dora().yiaddr
        self.client.decline(address)
        self.assertNotEqual(self.other.discover(requested=address).yiaddr, address)

    def test_4_3_3_next_offer_to_the_same_client_is_another(self):
        """'the client ... restarts the configuration process': with a new address (3.1)"""
        address = self.client.dora().yiaddr
        self.client.decline(address)
        offer = self.client.at(10).discover()
        self.assertTrue(offer.kind == "OFFER" and offer.yiaddr != address)

    def test_4_3_3_declined_address_is_not_had_by_asking(self):
        """'The server MUST mark the network address as not available'"""
        address = self.client.dora().yiaddr
        self.client.decline(address)
        self.assertNotEqual(self.client.discover(requested=address).yiaddr, address)

    def test_4_3_3_declined_address_cannot_be_renewed(self):
        """'The server MUST mark the network address as not available'"""
        address = self.client.dora().yiaddr
        self.client.decline(address)
        self.assertEqual(self.client.renew(address).kind, "NAK")

    def test_4_3_3_quarantine_lasts(self):
        """Design: DECLINE quarantines the address for `quarantine_s`, 600 by default."""
        address = self.client.dora().yiaddr
        self.client.decline(address)
        self.assertNotEqual(self.other.at(599).discover(requested=address).yiaddr, address)

    def test_4_3_3_quarantine_ends(self):
        """Design: DECLINE quarantines the address for `quarantine_s`, 600 by default."""
        address = self.client.dora().yiaddr
        self.client.decline(address)
        self.assertEqual(self.other.at(601).discover(requested=address).yiaddr, address)

    def test_4_3_3_quarantine_is_configurable(self):
        """Design: DECLINE quarantines the address for `quarantine_s`."""
        self.start(quarantine_s=30)
        address = self.client.dora().yiaddr
        self.client.decline(address)
        self.assertEqual(self.other.at(31).discover(requested=address).yiaddr, address)

    def test_4_3_3_offered_address_can_be_declined(self):
        """'the suggested network address is already in use': also before the ACK"""
        address = self.client.discover().yiaddr
        self.client.decline(address)
        self.assertNotEqual(self.client.discover().yiaddr, address)

    def test_4_3_3_decline_without_server_identifier_counts(self):
        """Design: lwIP's form, without option 54, when client and address match our record."""
        address = self.client.dora().yiaddr
        self.client.decline(address, server_id=None)
        self.assertNotEqual(self.client.discover().yiaddr, address)

    def test_4_3_3_decline_to_another_server_changes_nothing(self):
        """'server identifier: MUST' (table 5): it names who is meant"""
        address = self.client.dora().yiaddr
        self.client.decline(address, server_id=OTHER_SERVER)
        self.assertEqual(self.client.renew(address).kind, "ACK")

    def test_4_3_3_decline_by_a_stranger_changes_nothing(self):
        """Design: a stranger's changes nothing; else one client could poison the pool."""
        address = self.client.dora().yiaddr
        self.other.decline(address)
        self.assertEqual(self.client.renew(address).kind, "ACK")

    def test_4_3_3_decline_by_a_stranger_takes_no_free_address(self):
        """Design: a stranger's changes nothing."""
        self.other.decline("192.0.2.20")
        self.assertEqual(self.client.discover(requested="192.0.2.20").yiaddr, "192.0.2.20")

    def test_4_3_3_decline_of_another_address_changes_nothing(self):
        """Design: only when client and address match our record."""
        address = self.client.dora(requested="192.0.2.20").yiaddr
        self.client.decline("192.0.2.21")
        self.assertEqual(self.client.renew(address).kind, "ACK")

    def test_4_3_3_decline_without_requested_address_changes_nothing(self):
        """'Requested IP address: MUST (DHCPDECLINE)' (table 5)"""
        address = self.client.dora().yiaddr
        self.client.decline(None)
        self.assertEqual(self.client.renew(address).kind, "ACK")

    def test_4_3_3_decline_without_identifier_matches_by_hardware_address(self):
        """Design: a DECLINE that lacks option 61 matches also by chaddr."""
        address = self.client.dora(client_id=b"\x00phone").yiaddr
        self.client.decline(address)
        self.assertNotEqual(self.other.discover(requested=address).yiaddr, address)

    def test_4_3_3_decline_with_the_same_identifier_counts(self):
        """'the client MUST use the same client identifier in all subsequent messages' (4.2)"""
        address = self.client.dora(client_id=b"\x00phone").yiaddr
        self.client.decline(address, client_id=b"\x00phone")
        self.assertNotEqual(self.other.discover(requested=address).yiaddr, address)

    def test_4_3_3_repeated_decline_is_harmless(self):
        """A second copy of the packet meets no record any more."""
        address = self.client.dora().yiaddr
        self.client.decline(address)
        again = self.client.decline(address)
        self.assertEqual((again.kind, self.client.at(9).dora().kind), (None, "ACK"))

    def test_4_3_3_declined_reservation_is_replaced_by_a_pool_address(self):
        """Design: for a reservation too: a pool address."""
        self.start(reservations={"00:00:5e:00:53:01": "192.0.2.100"})
        self.client.dora()
        self.client.decline("192.0.2.100")
        offer = self.client.at(10).discover()
        self.assertTrue(offer.kind == "OFFER" and offer.yiaddr != "192.0.2.100")
