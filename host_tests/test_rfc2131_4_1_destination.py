"""RFC 2131 section 4.1: where a reply goes."""

from microdhcp import BROADCAST, CIADDR, CLIENT, RELAY
from timeline import FOREIGN, NOBODY, SERVER, TimelineCase

AGENT = "192.0.2.9"


class Destination(TimelineCase):
    def test_4_1_offer_without_broadcast_flag_goes_to_the_client(self):
        """'If the broadcast bit is not set ... unicasts ... to the client's hardware address'"""
        self.assertEqual(self.client.discover().to, CLIENT)

    def test_4_1_ack_without_broadcast_flag_goes_to_the_client(self):
        """'unicasts DHCPOFFER and DHCPACK messages to the client's hardware address and yiaddr'"""
        self.assertEqual(self.client.dora().to, CLIENT)

    def test_4_1_offer_with_broadcast_flag_is_broadcast(self):
        """'the broadcast bit is set, then the server broadcasts DHCPOFFER and DHCPACK messages'"""
        self.assertEqual(self.client.discover(broadcast=True).to, BROADCAST)

    def test_4_1_ack_with_broadcast_flag_is_broadcast(self):
        """'the broadcast bit is set, then the server broadcasts DHCPOFFER and DHCPACK messages'"""
        self.assertEqual(self.client.dora(broadcast=True).to, BROADCAST)

    def test_4_1_renewal_goes_to_ciaddr(self):
        """'ciaddr field is nonzero, then the server unicasts ... to the address in ciaddr'"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.renew(address).to, CIADDR)

    def test_4_1_ciaddr_counts_more_than_the_broadcast_flag(self):
        """The broadcast bit counts only 'if giaddr is zero and ciaddr is zero'."""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.renew(address, broadcast=True).to, CIADDR)

    def test_4_1_ciaddr_of_a_discover_steers_nothing(self):
        """Table 5: ciaddr is 0 in a DHCPDISCOVER; a client that fills it in has no address yet"""
        offer = self.client.discover(ciaddr="192.0.2.20")
        self.assertEqual((offer.kind, offer.to, offer.ciaddr), ("OFFER", CLIENT, "0.0.0.0"))
        offer = self.client.discover(ciaddr="192.0.2.20", broadcast=True)
        self.assertEqual((offer.kind, offer.to), ("OFFER", BROADCAST))

    def test_4_1_ciaddr_of_what_was_only_offered_steers_nothing(self):
        """The client writes the address of the OFFER into ciaddr, which it does not have yet"""
        for broadcast, to in ((False, CLIENT), (True, BROADCAST)):
            self.setUp()
            offer = self.client.discover()
            ack = self.client.renew(offer.yiaddr, broadcast=broadcast)
            self.assertEqual((ack.kind, ack.to, ack.ciaddr), ("ACK", to, "0.0.0.0"))
            renewed = self.client.renew(offer.yiaddr, broadcast=broadcast)
            self.assertEqual((renewed.kind, renewed.to), ("ACK", CIADDR))

    def test_4_1_discover_with_ciaddr_outside_the_subnet_is_answered_here(self):
        """Design: no reply can be steered off our network; such a ciaddr is ignored."""
        offer = self.client.discover(ciaddr=FOREIGN)
        self.assertEqual((offer.kind, offer.to), ("OFFER", CLIENT))

    def test_4_1_client_that_is_not_ethernet_gets_a_broadcast(self):
        """Design: broadcast where htype is not Ethernet, for no unicast frame can be made."""
        offer = self.client.discover(htype=7, chaddr=b"\x22")
        self.assertEqual((offer.kind, offer.to), ("OFFER", BROADCAST))

    def test_4_1_inform_is_answered_to_ciaddr(self):
        """'The servers SHOULD unicast the DHCPACK reply to the address given in ciaddr' (3.4)"""
        self.assertEqual(self.client.inform("192.0.2.200").to, CIADDR)


class Selecting(TimelineCase):
    def test_4_1_ciaddr_of_a_selecting_client_is_none(self):
        """Table 5: ciaddr MUST be zero in SELECTING; who fills it in does not have it yet."""
        offer = self.client.discover()
        ack = self.client.select(offer, ciaddr=offer.yiaddr, broadcast=True)
        self.assertEqual((ack.kind, ack.to, ack.ciaddr), ("ACK", BROADCAST, "0.0.0.0"))


class Nak(TimelineCase):
    def test_4_1_nak_is_broadcast(self):
        """'In all cases, when giaddr is zero, the server broadcasts any DHCPNAK messages'"""
        self.assertEqual(self.client.reboot(FOREIGN).to, BROADCAST)

    def test_4_1_nak_to_a_renewing_client_is_broadcast(self):
        """'In all cases, when giaddr is zero, the server broadcasts any DHCPNAK messages'"""
        nak = self.client.renew(FOREIGN)
        self.assertEqual((nak.kind, nak.to), ("NAK", BROADCAST))

    def test_4_1_nak_through_a_relay_goes_to_the_relay(self):
        """'the server MUST send the DHCPNAK message to ... the BOOTP relay agent' (3.2)"""
        nak = self.client.reboot(FOREIGN, giaddr=AGENT)
        self.assertEqual((nak.kind, nak.to, nak.giaddr), ("NAK", RELAY, AGENT))

    def test_4_3_2_nak_through_a_relay_has_the_broadcast_bit(self):
        """'The server MUST set the broadcast bit in the DHCPNAK' (4.3.2)"""
        self.assertEqual(self.client.reboot(FOREIGN, giaddr=AGENT).flags & 0x8000, 0x8000)


class Relay(TimelineCase):
    def test_4_1_offer_goes_back_through_the_relay(self):
        """'the giaddr field ... is non-zero, the server sends any return messages' there"""
        offer = self.client.discover(giaddr=AGENT)
        self.assertEqual((offer.to, offer.giaddr), (RELAY, AGENT))

    def test_4_1_ack_goes_back_through_the_relay(self):
        """'sends any return messages to the DHCP server port on the BOOTP relay agent'"""
        ack = self.client.dora(giaddr=AGENT)
        self.assertEqual((ack.to, ack.giaddr), (RELAY, AGENT))

    def test_4_1_relayed_offer_names_the_server(self):
        """'SHOULD choose an address from the interface on which the message' came"""
        self.assertEqual(self.client.discover(giaddr=AGENT).option(54), b"\xc0\x00\x02\x01")

    def test_4_1_relay_counts_more_than_the_broadcast_flag(self):
        """'the giaddr field ... is non-zero, the server sends any return messages' there"""
        offer = self.client.discover(giaddr=AGENT, broadcast=True)
        self.assertEqual((offer.to, offer.flags & 0x8000), (RELAY, 0x8000))

    def test_4_1_relay_counts_more_than_ciaddr(self):
        """ciaddr counts only 'if the giaddr field is zero'."""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.renew(address, giaddr=AGENT).to, RELAY)

    def test_4_1_inform_through_a_relay_goes_back_through_it(self):
        """'sends any return messages to the DHCP server port on the BOOTP relay agent'"""
        ack = self.client.inform("192.0.2.200", giaddr=AGENT)
        self.assertEqual((ack.kind, ack.to), ("ACK", RELAY))

    def test_4_1_relay_outside_our_network_gets_nothing(self):
        """Design: giaddr outside the subnet: silence."""
        self.assertIsNone(self.client.discover(giaddr="198.51.100.1").kind)

    def test_4_1_relay_with_our_own_address_gets_nothing(self):
        """Design: giaddr equal to our address: silence."""
        self.assertIsNone(self.client.discover(giaddr=SERVER).kind)

    def test_4_1_relay_with_the_network_address_gets_nothing(self):
        """Design: giaddr equal to the network's address: silence."""
        self.assertIsNone(self.client.discover(giaddr="192.0.2.0").kind)

    def test_4_1_relay_with_the_broadcast_address_gets_nothing(self):
        """Design: giaddr equal to the broadcast address: silence."""
        self.assertIsNone(self.client.discover(giaddr="192.0.2.255").kind)

    def test_4_1_ignored_relay_takes_no_address(self):
        """Design: a packet that is dropped changes nothing."""
        self.start(pool=("192.0.2.16", "192.0.2.17"))
        self.client.discover(giaddr="198.51.100.1", requested="192.0.2.16")
        self.assertEqual(self.other.discover(requested="192.0.2.16").yiaddr, "192.0.2.16")


class Steering(TimelineCase):
    def test_4_1_inform_from_nobody_is_silent(self):
        """Design: INFORM with ciaddr 0: silence."""
        self.assertIsNone(self.client.inform(NOBODY).kind)

    def test_4_1_renewal_from_outside_is_never_answered_there(self):
        """Design: no reply can be steered off our network."""
        self.assertNotEqual(self.client.renew(FOREIGN).to, CIADDR)
