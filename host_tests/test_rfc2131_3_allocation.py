"""RFC 2131 section 3: the client-server protocol as whole exchanges."""

from timeline import FIRST, FOREIGN, LAST, SERVER, TimelineCase


class NewAddress(TimelineCase):
    def test_3_1_exchange_ends_with_the_offered_address(self):
        """'a DHCPACK message containing the configuration parameters for the requesting client'"""
        offer = self.client.discover()
        ack = self.client.at(1).select(offer)
        self.assertEqual((offer.kind, ack.kind, ack.yiaddr), ("OFFER", "ACK", offer.yiaddr))

    def test_3_1_acknowledged_parameters_equal_the_offered_ones(self):
        """'SHOULD NOT conflict with those in the earlier DHCPOFFER message' (3.1)"""
        offer = self.client.discover()
        ack = self.client.select(offer)
        self.assertEqual(offer.options[1:], ack.options[1:])

    def test_3_1_repeated_request_is_acknowledged_again(self):
        """'The client times out and retransmits the DHCPREQUEST message' (3.1)"""
        offer = self.client.discover()
        first = self.client.at(1).select(offer)
        again = self.client.at(5).select(offer)
        self.assertEqual((again.kind, again.yiaddr), ("ACK", first.yiaddr))

    def test_3_1_request_that_cannot_be_satisfied_gets_a_nak(self):
        """'unable to satisfy the DHCPREQUEST message ... SHOULD respond with a DHCPNAK' (3.1)"""
        taken = self.other.dora().yiaddr
        self.client.discover()
        self.assertEqual(self.client.select(taken).kind, "NAK")

    def test_3_1_offer_without_request_becomes_available_again(self):
        """'SHOULD mark an address ... as available if the server receives no DHCPREQUEST' (3.1)"""
        offered = self.client.discover().yiaddr
        self.assertEqual(self.other.at(31).discover(requested=offered).yiaddr, offered)

    def test_3_1_offer_is_held_for_the_client_meanwhile(self):
        """'A server MAY choose to mark addresses offered to clients ... as unavailable' (3.1)"""
        offered = self.client.discover().yiaddr
        held = self.other.at(29).discover(requested=offered).yiaddr
        self.assertNotEqual(held, offered)

    def test_3_1_hold_is_configurable(self):
        """Design: an OFFERED slot is held `offer_hold_s`."""
        self.start(offer_hold_s=5)
        offered = self.client.discover().yiaddr
        self.assertEqual(self.other.at(6).discover(requested=offered).yiaddr, offered)

    def test_3_1_every_address_of_the_pool_is_given_once(self):
        """'any specific network address will not be in use by more than one DHCP client' (1.6)"""
        given = self.crowd(16)
        expected = ["192.0.2.{}".format(host) for host in range(16, 32)]
        self.assertEqual(sorted(given), expected)

    def test_3_1_first_and_last_address_of_the_pool_can_be_had(self):
        """Design: one slot per pool address, both ends included."""
        first = self.client.discover(requested=FIRST).yiaddr
        last = self.other.discover(requested=LAST).yiaddr
        self.assertEqual((first, last), (FIRST, LAST))


class KnownAddress(TimelineCase):
    def test_3_2_known_client_is_acknowledged_at_once(self):
        """'Servers with knowledge of the client's configuration parameters respond' (3.2)"""
        address = self.client.dora().yiaddr
        ack = self.client.at(100).reboot(address)
        self.assertEqual((ack.kind, ack.yiaddr), ("ACK", address))

    def test_3_2_client_that_moved_here_gets_a_nak(self):
        """'If the client's request is invalid ... servers SHOULD respond with a DHCPNAK' (3.2)"""
        self.assertEqual(self.client.reboot(FOREIGN).kind, "NAK")

    def test_3_3_infinite_lease_is_all_ones(self):
        """'The time value of 0xffffffff is reserved to represent infinity' (3.3)"""
        self.start(max_lease_s=None)
        self.assertEqual(self.client.dora(lease_s=0xFFFFFFFF).option(51), b"\xff\xff\xff\xff")

    def test_3_4_inform_gets_parameters_only(self):
        """'without: allocating a new address ... or including lease time parameters' (3.4)"""
        ack = self.client.inform("192.0.2.200")
        self.assertEqual((ack.kind, ack.yiaddr, ack.option(51)), ("ACK", "0.0.0.0", None))

    def test_3_5_invalid_requested_address_gets_a_nak(self):
        """'with an invalid requested IP address, the server SHOULD respond ... DHCPNAK' (3.5)"""
        self.assertEqual(self.client.reboot(SERVER).kind, "NAK")

    def test_3_5_client_may_ask_for_an_address_and_a_time(self):
        """'the client may suggest values for the network address and lease time' (3.5)"""
        offer = self.client.discover(requested="192.0.2.22", lease_s=600)
        self.assertEqual((offer.yiaddr, offer.seconds(51)), ("192.0.2.22", 600))
