"""RFC 6842: the Client Identifier option in replies; RFC 4361: what it may look like."""

from timeline import FOREIGN, TimelineCase

ID = b"\xff\x00\x00\x53\x01\x00\x04" + bytes(range(0x40, 0x50))  # RFC 4361: 255, IAID, DUID


class Echo(TimelineCase):
    def test_3_offer_echoes_it(self):
        """'the server MUST return the client identifier option, unaltered, in its response'"""
        self.assertEqual(self.client.discover(client_id=ID).option(61), ID)

    def test_3_ack_echoes_it(self):
        """'the server MUST return the client identifier option, unaltered, in its response'"""
        self.assertEqual(self.client.dora(client_id=ID).option(61), ID)

    def test_3_ack_to_a_renewal_echoes_it(self):
        """'the server MUST return the client identifier option, unaltered, in its response'"""
        address = self.client.dora(client_id=ID).yiaddr
        self.assertEqual(self.client.renew(address, client_id=ID).option(61), ID)

    def test_3_nak_echoes_it(self):
        """'Client identifier (if sent by client): MUST' in DHCPNAK (table of section 3)"""
        nak = self.client.reboot(FOREIGN, client_id=ID)
        self.assertEqual((nak.kind, nak.option(61)), ("NAK", ID))

    def test_3_ack_to_an_inform_echoes_it(self):
        """'the server MUST return the client identifier option, unaltered, in its response'"""
        self.assertEqual(self.client.inform("192.0.2.200", client_id=ID).option(61), ID)

    def test_3_it_is_echoed_once_when_asked_for(self):
        """'Client identifier (if sent by client): MUST'; 'each requested parameter only once'"""
        reply = self.client.discover(client_id=ID, prl=(61, 1, 61))
        self.assertEqual(reply.codes.count(61), 1)

    def test_3_client_that_sent_none_gets_none(self):
        """'Client identifier (if not sent by client): MUST NOT' (table of section 3)"""
        self.assertIsNone(self.client.discover().option(61))

    def test_3_nak_to_a_client_that_sent_none_has_none(self):
        """'Client identifier (if not sent by client): MUST NOT' (table of section 3)"""
        self.assertIsNone(self.client.reboot(FOREIGN).option(61))

    def test_3_it_is_that_of_this_message(self):
        """'unaltered': of the packet that is answered, not of an earlier one"""
        self.client.dora(client_id=b"\x01\x00\x00\x5e\x00\x53\x01")
        self.assertIsNone(self.client.discover().option(61))


class NodeIdentifier(TimelineCase):
    def test_4361_6_3_identifier_survives_a_new_network_card(self):
        """'MUST NOT use chaddr ... when a client identifier is sent' (RFC 4361 6.3)"""
        address = self.client.dora(client_id=ID).yiaddr
        self.assertEqual(self.other.discover(client_id=ID).yiaddr, address)

    def test_4361_6_3_two_interfaces_of_a_node_are_two_clients(self):
        """'IAID ... identifies the interface' (RFC 4361 6.1)"""
        second = ID[:4] + b"\x02" + ID[5:]
        address = self.client.dora(client_id=ID).yiaddr
        self.assertNotEqual(self.client.discover(client_id=second).yiaddr, address)
