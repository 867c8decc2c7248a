"""RFC 2131 section 4.3.5: DHCPINFORM."""

from microdhcp import CIADDR
from timeline import FIRST, FOREIGN, NOBODY, SERVER, TimelineCase

HERE = "192.0.2.200"


class Inform(TimelineCase):
    def test_4_3_5_answer_is_an_ack_to_ciaddr(self):
        """'by sending a DHCPACK message directly to the address given in the ciaddr field'"""
        ack = self.client.inform(HERE)
        self.assertEqual((ack.kind, ack.to), ("ACK", CIADDR))

    def test_4_3_5_ciaddr_comes_back(self):
        """'ciaddr from DHCPREQUEST or 0' (table 3): of the INFORM"""
        self.assertEqual(self.client.inform(HERE).ciaddr, HERE)

    def test_4_3_5_yiaddr_stays_zero(self):
        """'SHOULD NOT fill in yiaddr'"""
        self.assertEqual(self.client.inform(HERE).yiaddr, NOBODY)

    def test_4_3_5_no_lease_time(self):
        """'The server MUST NOT send a lease expiration time to the client'"""
        self.assertIsNone(self.client.inform(HERE).option(51))

    def test_4_3_5_no_lease_time_when_asked(self):
        """'The server MUST NOT send a lease expiration time to the client'"""
        ack = self.client.inform(HERE, prl=(51, 58, 59), lease_s=600)
        times = [ack.option(51), ack.option(58), ack.option(59)]
        self.assertEqual((ack.kind, times), ("ACK", [None, None, None]))

    def test_4_3_5_parameters_are_sent(self):
        """'The server includes other parameters in the DHCPACK message' by section 4.3.1"""
        ack = self.client.inform(HERE, prl=(1, 3, 6))
        self.assertEqual(sorted(ack.codes), [1, 3, 6, 53, 54])

    def test_4_3_5_server_identifier_is_sent(self):
        """'Server identifier: MUST' in DHCPACK (table 3)"""
        self.assertEqual(self.client.inform(HERE).option(54), b"\xc0\x00\x02\x01")

    def test_4_3_5_no_lease_is_made(self):
        """'without: allocating a new address' (3.4)"""
        self.client.inform("192.0.2.20")
        self.assertEqual(self.other.discover(requested="192.0.2.20").yiaddr, "192.0.2.20")

    def test_4_3_5_lease_of_another_client_does_not_matter(self):
        """'MUST NOT check for an existing lease' (3.4)"""
        address = self.other.dora().yiaddr
        self.assertEqual(self.client.inform(address).kind, "ACK")

    def test_4_3_5_own_lease_is_not_changed(self):
        """'without: allocating a new address' (3.4): nor prolonging one"""
        self.start(pool=(FIRST, FIRST))
        self.client.dora()
        self.client.at(3000).inform(FIRST)
        self.assertEqual(self.other.at(3601).discover().kind, "OFFER")

    def test_4_3_5_full_pool_does_not_matter(self):
        """'without: allocating a new address' (3.4)"""
        self.crowd(16)
        self.assertEqual(self.client.inform(HERE).kind, "ACK")

    def test_4_3_5_broadcast_flag_does_not_matter(self):
        """'The servers SHOULD unicast the DHCPACK reply to the address given in ciaddr' (3.4)"""
        self.assertEqual(self.client.inform(HERE, broadcast=True).to, CIADDR)

    def test_4_3_5_stranger_is_answered_without_authority(self):
        """'MUST NOT check for an existing lease' (3.4): no record is needed"""
        self.start(authoritative=False)
        self.assertEqual(self.client.inform(HERE).kind, "ACK")

    def test_4_3_5_without_address_is_silent(self):
        """'SHOULD check the network address in a DHCPINFORM message for consistency' (3.4)"""
        self.assertIsNone(self.client.inform(NOBODY).kind)

    def test_4_3_5_address_outside_the_subnet_is_silent(self):
        """'SHOULD check the network address in a DHCPINFORM message for consistency' (3.4)"""
        self.assertIsNone(self.client.inform(FOREIGN).kind)

    def test_4_3_5_our_own_address_is_silent(self):
        """'SHOULD check the network address in a DHCPINFORM message for consistency' (3.4)"""
        self.assertIsNone(self.client.inform(SERVER).kind)

    def test_4_3_5_network_address_is_silent(self):
        """'SHOULD check the network address in a DHCPINFORM message for consistency' (3.4)"""
        self.assertIsNone(self.client.inform("192.0.2.0").kind)

    def test_4_3_5_broadcast_address_is_silent(self):
        """'SHOULD check the network address in a DHCPINFORM message for consistency' (3.4)"""
        self.assertIsNone(self.client.inform("192.0.2.255").kind)

    def test_4_3_5_silence_without_address_holds_through_a_relay(self):
        """Design: INFORM with ciaddr 0: silence; a relay does not mend it."""
        self.assertIsNone(self.client.inform(NOBODY, giaddr="192.0.2.9").kind)
