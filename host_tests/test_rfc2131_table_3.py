"""RFC 2131 table 3: fields and options of OFFER, ACK and NAK, letter by letter."""

from timeline import FOREIGN, NOBODY, SERVER, TimelineCase

OURS = b"\xc0\x00\x02\x01"
FORBIDDEN = (50, 55, 57)  # 'MUST NOT' in all three; 61 is ruled by RFC 6842


class Offer(TimelineCase):
    def setUp(self):
        super().setUp()
        asked = (50, 55, 57, 1, 3, 58, 59)
        self.reply = self.client.discover(requested="192.0.2.20", max_size=1000, prl=asked)

    def test_table_3_offer_ciaddr_is_zero(self):
        """'ciaddr: 0' in DHCPOFFER"""
        self.assertEqual(self.reply.ciaddr, NOBODY)

    def test_table_3_offer_ciaddr_is_zero_also_for_a_client_with_an_address(self):
        """'ciaddr: 0' in DHCPOFFER"""
        self.assertEqual(self.other.discover(ciaddr="192.0.2.40").ciaddr, NOBODY)

    def test_table_3_offer_yiaddr_is_the_offered_address(self):
        """'yiaddr: IP address offered to client'"""
        self.assertEqual(self.reply.yiaddr, "192.0.2.20")

    def test_table_3_offer_has_the_lease_time(self):
        """'IP address lease time: MUST' in DHCPOFFER"""
        self.assertEqual(self.reply.seconds(51), 3600)

    def test_table_3_offer_names_the_server(self):
        """'Server identifier: MUST' in DHCPOFFER"""
        self.assertEqual(self.reply.option(54), OURS)

    def test_table_3_offer_has_no_client_option(self):
        """'Requested IP address, Parameter request list, Maximum message size: MUST NOT'"""
        self.assertEqual([self.reply.option(code) for code in FORBIDDEN], [None, None, None])

    def test_table_3_offer_has_no_vendor_class_of_the_client(self):
        """'Vendor class identifier: MAY': not the client's own one"""
        reply = self.client.discover(options=[(60, b"vendor")], prl=(60, 1))
        self.assertIsNone(reply.option(60))


class Ack(TimelineCase):
    def test_table_3_ack_ciaddr_is_zero_after_an_offer(self):
        """'ciaddr from DHCPREQUEST or 0' in DHCPACK"""
        self.assertEqual(self.client.dora().ciaddr, NOBODY)

    def test_table_3_ack_ciaddr_of_a_renewal_comes_back(self):
        """'ciaddr from DHCPREQUEST or 0' in DHCPACK"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.renew(address).ciaddr, address)

    def test_table_3_ack_yiaddr_is_the_assigned_address(self):
        """'yiaddr: IP address assigned to client'"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.renew(address).yiaddr, address)

    def test_table_3_ack_has_the_lease_time(self):
        """'IP address lease time: MUST (DHCPREQUEST)' in DHCPACK"""
        self.assertEqual(self.client.dora(prl=(1,)).seconds(51), 3600)

    def test_table_3_ack_of_a_renewal_has_the_lease_time(self):
        """'IP address lease time: MUST (DHCPREQUEST)' in DHCPACK"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.at(900).renew(address, prl=(1,)).seconds(51), 3600)

    def test_table_3_ack_names_the_server(self):
        """'Server identifier: MUST' in DHCPACK"""
        self.assertEqual(self.client.dora().option(54), OURS)

    def test_table_3_ack_has_no_client_option(self):
        """'Requested IP address, Parameter request list, Maximum message size: MUST NOT'"""
        ack = self.client.dora(prl=(50, 55, 57, 1), max_size=1000)
        self.assertEqual([ack.option(code) for code in FORBIDDEN], [None, None, None])

    def test_table_3_offer_and_ack_have_no_message(self):
        """'Message: SHOULD'; only in NAK, for it is 'an error message' (2132 9.9)"""
        offer = self.client.discover(prl=(56, 1))
        ack = self.client.select(offer, prl=(56, 1))
        self.assertEqual((offer.option(56), ack.option(56)), (None, None))

    def test_table_3_ack_flags_are_of_the_request(self):
        """'flags from client DHCPREQUEST message'"""
        offer = self.client.discover(broadcast=True)
        self.assertEqual(self.client.select(offer).flags & 0x8000, 0)


class Nak(TimelineCase):
    def setUp(self):
        super().setUp()
        self.reply = self.client.reboot(
            FOREIGN, lease_s=600, max_size=1000, options=[(60, b"vendor"), (12, b"host")]
        )

    def test_table_3_nak_ciaddr_is_zero(self):
        """'ciaddr: 0' in DHCPNAK"""
        self.assertEqual(self.client.renew(FOREIGN).ciaddr, NOBODY)

    def test_table_3_nak_yiaddr_is_zero(self):
        """'yiaddr: 0' in DHCPNAK"""
        self.assertEqual(self.reply.yiaddr, NOBODY)

    def test_table_3_nak_siaddr_is_zero(self):
        """'siaddr: 0' in DHCPNAK"""
        self.assertEqual(self.reply.siaddr, NOBODY)

    def test_table_3_nak_giaddr_is_zero_without_relay(self):
        """'giaddr from client DHCPREQUEST message'"""
        self.assertEqual(self.reply.giaddr, NOBODY)

    def test_table_3_nak_names_the_server(self):
        """'Server identifier: MUST' in DHCPNAK"""
        self.assertEqual(self.reply.option(54), OURS)

    def test_table_3_nak_has_a_message(self):
        """'Message: SHOULD' in DHCPNAK; 'NVT ASCII text' (2132 9.9)"""
        text = self.reply.option(56)
        self.assertTrue(text and all(32 <= byte < 127 for byte in text))

    def test_table_3_nak_has_no_other_option(self):
        """'All others: MUST NOT' in DHCPNAK: no 51, no 52, no parameter"""
        self.assertEqual(sorted(self.reply.codes), [53, 54, 56])

    def test_table_3_nak_of_every_state_has_no_other_option(self):
        """'All others: MUST NOT' in DHCPNAK"""
        for nak in (self.client.select(SERVER), self.client.renew(FOREIGN)):
            self.assertEqual((nak.kind, sorted(nak.codes)), ("NAK", [53, 54, 56]))

    def test_table_3_nak_leaves_sname_and_file_unused(self):
        """'sname: (unused)', 'file: (unused)' in DHCPNAK"""
        self.assertEqual(self.reply.raw[44:236], bytes(192))
