"""RFC 4039: two messages instead of four."""

from timeline import FIRST, TimelineCase

RAPID = {"options": [(80, b"")]}


class RapidCommit(TimelineCase):
    settings = {"rapid_commit": True}

    def test_3_1_discover_with_the_option_is_acknowledged(self):
        """'the server ... responds with a DHCPACK message' (3.1)"""
        self.assertEqual(self.client.discover(**RAPID).kind, "ACK")

    def test_4_the_ack_carries_the_option(self):
        """'A server MUST include this option in a DHCPACK message sent in response to' DISCOVER"""
        self.assertEqual(self.client.discover(**RAPID).option(80), b"")

    def test_3_1_address_is_leased(self):
        """'the server ... commits the network address'"""
        address = self.client.discover(**RAPID).yiaddr
        self.assertEqual(self.client.at(100).renew(address).kind, "ACK")

    def test_3_1_address_is_not_offered_to_others(self):
        """'commits': no hold of 30 seconds that could end"""
        address = self.client.discover(**RAPID).yiaddr
        self.assertNotEqual(self.other.at(100).discover(requested=address).yiaddr, address)

    def test_3_1_ack_has_the_lease_time(self):
        """'IP address lease time: MUST' in DHCPACK (2131 table 3)"""
        self.assertEqual(self.client.discover(lease_s=600, **RAPID).seconds(51), 600)

    def test_3_1_requested_address_is_honoured(self):
        """The choice of address is that of DHCPDISCOVER (2131 4.3.1)."""
        self.assertEqual(
            self.client.discover(requested="192.0.2.30", **RAPID).yiaddr, "192.0.2.30"
        )

    def test_3_1_repeated_discover_gets_the_same_ack(self):
        """A lost ACK: the client repeats its DISCOVER."""
        first = self.client.discover(**RAPID)
        again = self.client.at(4).discover(**RAPID)
        self.assertEqual((again.kind, again.yiaddr), ("ACK", first.yiaddr))

    def test_3_1_discover_without_the_option_is_offered(self):
        """'client ... include the option only if it is prepared' : else the four messages"""
        offer = self.client.discover()
        self.assertEqual((offer.kind, offer.option(80)), ("OFFER", None))

    def test_4_ack_to_a_request_lacks_the_option(self):
        """'MUST NOT include this option in any other messages'"""
        ack = self.client.select(self.client.discover(), **RAPID)
        self.assertEqual((ack.kind, ack.option(80)), ("ACK", None))

    def test_4_ack_to_a_renewal_lacks_the_option(self):
        """'MUST NOT include this option in any other messages'"""
        address = self.client.discover(**RAPID).yiaddr
        self.assertIsNone(self.client.renew(address, **RAPID).option(80))

    def test_4_ack_to_an_inform_lacks_the_option(self):
        """'MUST NOT include this option in any other messages'"""
        self.assertIsNone(self.client.inform("192.0.2.200", **RAPID).option(80))

    def test_3_1_full_pool_is_silent(self):
        """No address, no commitment (2131 4.3.1)."""
        self.start(rapid_commit=True, pool=(FIRST, FIRST))
        self.crowd(1)
        self.assertIsNone(self.client.discover(**RAPID).kind)

    def test_4_switched_off_the_option_is_ignored(self):
        """'configured to support the Rapid Commit option': off by default"""
        self.start()
        offer = self.client.discover(**RAPID)
        self.assertEqual((offer.kind, offer.option(80)), ("OFFER", None))
