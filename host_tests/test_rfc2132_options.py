"""RFC 2132: which options a reply carries, in which order and form."""

from builders import DISCOVER, REQUEST, message, option, pieces
from timeline import FOREIGN, SERVER, TimelineCase

MANDATORY = [51, 53, 54]
OURS = b"\xc0\x00\x02\x01"


class Values(TimelineCase):
    def test_3_3_subnet_mask_is_that_of_the_subnet(self):
        """'the client's subnet mask as per RFC 950' (3.3)"""
        self.assertEqual(self.client.discover(prl=(1,)).option(1), b"\xff\xff\xff\x00")

    def test_3_3_subnet_mask_of_a_small_subnet(self):
        """'the client's subnet mask as per RFC 950' (3.3)"""
        self.start(address="192.0.2.1/27", pool=("192.0.2.2", "192.0.2.30"))
        self.assertEqual(self.client.discover(prl=(1,)).option(1), b"\xff\xff\xff\xe0")

    def test_3_5_router_is_our_address_by_default(self):
        """Design: routers [own address]; 'a list of IP addresses for routers' (3.5)"""
        self.assertEqual(self.client.discover(prl=(3,)).option(3), OURS)

    def test_3_5_several_routers_keep_their_order(self):
        """'Routers SHOULD be listed in order of preference.' (3.5)"""
        self.start(routers=["192.0.2.5", "192.0.2.4"])
        value = self.client.discover(prl=(3,)).option(3)
        self.assertEqual(value, b"\xc0\x00\x02\x05\xc0\x00\x02\x04")

    def test_3_5_no_router_is_sent_when_there_is_none(self):
        """Design: []: the option is not sent, so phones keep their mobile data."""
        self.start(routers=[])
        self.assertIsNone(self.client.discover(prl=(1, 3, 6)).option(3))

    def test_3_8_name_server_is_our_address_by_default(self):
        """Design: dns_servers [own address]."""
        self.assertEqual(self.client.discover(prl=(6,)).option(6), OURS)

    def test_3_8_several_name_servers_keep_their_order(self):
        """'Servers SHOULD be listed in order of preference.' (3.8)"""
        self.start(dns_servers=["192.0.2.8", "192.0.2.7"])
        value = self.client.discover(prl=(6,)).option(6)
        self.assertEqual(value, b"\xc0\x00\x02\x08\xc0\x00\x02\x07")

    def test_3_8_no_name_server_is_sent_when_there_is_none(self):
        """Design: []: the option is not sent."""
        self.start(dns_servers=[])
        self.assertIsNone(self.client.discover(prl=(1, 3, 6)).option(6))

    def test_3_17_domain_name_is_sent(self):
        """'the domain name that client should use' (3.17)"""
        self.start(domain="example.net")
        self.assertEqual(self.client.discover(prl=(15,)).option(15), b"example.net")

    def test_3_17_no_domain_name_is_sent_when_there_is_none(self):
        """'MUST omit any parameters it cannot provide' (2131 4.3.1)"""
        self.assertIsNone(self.client.discover(prl=(15,)).option(15))

    def test_5_3_broadcast_address_is_that_of_the_subnet(self):
        """'the broadcast address in use on the client's subnet' (5.3)"""
        self.assertEqual(self.client.discover(prl=(28,)).option(28), b"\xc0\x00\x02\xff")

    def test_9_2_lease_time_is_4_bytes(self):
        """'specified as a 32-bit unsigned integer' of seconds (9.2)"""
        self.assertEqual(self.client.discover().option(51), b"\x00\x00\x0e\x10")

    def test_9_6_message_type_is_1_byte(self):
        """'Code 53, Len 1' (9.6)"""
        self.assertEqual(self.client.discover().option(53), b"\x02")

    def test_9_7_server_identifier_is_our_address_on_that_subnet(self):
        """'the server SHOULD select the IP address ... on that subnet' (2131 4.1)"""
        self.assertEqual(self.client.discover().option(54), OURS)

    def test_9_9_message_is_text(self):
        """'n octets of NVT ASCII text', in a DHCPNAK (9.9)"""
        text = self.client.reboot(FOREIGN).option(56)
        self.assertEqual([byte for byte in text if not 32 <= byte < 127], [])

    def test_9_11_renewal_time_is_half_of_the_lease(self):
        """'the time interval from address assignment until ... RENEWING' (9.11)"""
        self.assertEqual(self.client.discover(prl=(58,)).option(58), b"\x00\x00\x07\x08")

    def test_9_12_rebinding_time_is_seven_eighths_of_the_lease(self):
        """'the time interval from address assignment until ... REBINDING' (9.12)"""
        self.assertEqual(self.client.discover(prl=(59,)).option(59), b"\x00\x00\x0c\x4e")

    def test_8_3_configured_option_is_sent_when_asked_for(self):
        """'the server MUST include that value in an appropriate option' (2131 4.3.1)"""
        self.start(options={42: ["192.0.2.124", "192.0.2.123"]})
        value = self.client.discover(prl=(42,)).option(42)
        self.assertEqual(value, b"\xc0\x00\x02\x7c\xc0\x00\x02\x7b")

    def test_2_option_without_name_is_sent_when_asked_for(self):
        """'Site-specific options' 128 to 254 (2); design: any code by number"""
        self.start(options={224: b"\x01\x02\x03"})
        self.assertEqual(self.client.discover(prl=(224,)).option(224), b"\x01\x02\x03")


class ParameterRequestList(TimelineCase):
    settings = {"domain": "example.net", "options": {42: ["192.0.2.123"], 224: b"site"}}

    def test_9_8_only_what_was_asked_and_is_mandatory(self):
        """'MUST omit any parameters it cannot provide' (2131 4.3.1); design: nothing unasked"""
        self.assertEqual(sorted(self.client.discover(prl=(6,)).codes), [6] + MANDATORY)

    def test_9_8_order_of_the_client(self):
        """'MUST try to insert the requested options in the order requested by the client' (9.8)"""
        codes = self.client.discover(prl=(28, 42, 6, 15, 3)).codes
        self.assertEqual([code for code in codes if code not in MANDATORY], [28, 42, 6, 15, 3])

    def test_9_8_order_of_the_client_in_the_ack(self):
        """'MUST try to insert the requested options in the order requested by the client' (9.8)"""
        codes = self.client.dora(prl=(224, 15, 1, 28)).codes
        self.assertEqual([code for code in codes if code not in MANDATORY], [224, 15, 1, 28])

    def test_3_3_mask_before_router(self):
        """'the subnet mask option MUST be first' when both are there (3.3)"""
        codes = self.client.discover(prl=(6, 3, 15, 1)).codes
        self.assertTrue(codes.index(1) < codes.index(3))

    def test_3_3_mask_before_router_without_request_list(self):
        """'the subnet mask option MUST be first' when both are there (3.3)"""
        codes = self.client.discover(prl=None).codes
        self.assertTrue(codes.index(1) < codes.index(3))

    def test_9_8_unknown_codes_are_left_out(self):
        """'MUST omit any parameters it cannot provide' (2131 4.3.1)"""
        codes = self.client.discover(prl=(119, 6, 121, 252, 249)).codes
        self.assertEqual(sorted(codes), [6] + MANDATORY)

    def test_9_8_repeated_code_is_answered_once(self):
        """'The server MUST include each requested parameter only once' (2131 4.3.1)"""
        self.assertEqual(self.client.discover(prl=(6, 6, 3, 6)).codes.count(6), 1)

    def test_9_8_mandatory_option_that_is_asked_for_comes_once(self):
        """'The server MUST include each requested parameter only once' (2131 4.3.1)"""
        codes = self.client.discover(prl=(54, 53, 51, 1)).codes
        self.assertEqual(sorted(codes), [1] + MANDATORY)

    def test_9_8_pad_and_end_in_the_list_are_no_options(self):
        """'Each octet is a valid DHCP option code' (9.8); 0 and 255 carry no value (3.1, 3.2)"""
        codes = self.client.discover(prl=(0, 255, 6)).codes
        self.assertEqual(sorted(codes), [6] + MANDATORY)

    def test_9_8_what_only_clients_send_is_not_sent(self):
        """Table 3 of RFC 2131: 'MUST NOT' for 50, 55, 57; 82 and 80 were not sent"""
        codes = self.client.discover(prl=(50, 52, 55, 56, 57, 61, 80, 82, 6)).codes
        self.assertEqual(sorted(codes), [6] + MANDATORY)

    def test_9_8_without_the_list_a_sensible_set(self):
        """Design: without option 55: 1, 3, 6, 15, 28 and what is configured."""
        codes = self.client.discover(prl=None).codes
        self.assertEqual(sorted(codes), [1, 3, 6, 15, 28, 42] + MANDATORY + [224])

    def test_9_8_without_the_list_no_unset_option(self):
        """Design: without option 55: 1, 3, 6, 15, 28 and what is configured."""
        self.start(routers=[], dns_servers=[])
        codes = self.client.discover(prl=None).codes
        self.assertEqual(sorted(codes), [1, 28] + MANDATORY)

    def test_9_8_without_the_list_inform_gets_the_same_set(self):
        """'The server includes other parameters ... as defined in section 4.3.1' (2131 4.3.5)"""
        codes = self.client.inform("192.0.2.200", prl=None).codes
        self.assertEqual(sorted(codes), [1, 3, 6, 15, 28, 42, 53, 54, 224])

    def test_9_8_long_list_is_answered_to_its_end(self):
        """'n octets' (9.8): longer than the 16 codes that some servers read"""
        asked = tuple(range(100, 140)) + (6,)
        self.assertIsNotNone(self.client.discover(prl=asked).option(6))

    def test_9_8_list_in_pieces_is_one_list(self):
        """'concatenated together' (RFC 3396 section 4)"""
        packet = message([(53, b"\x01"), pieces(55, b"\x1c\x06\x0f", 1, 2)])
        codes = self.client.send(packet).codes
        self.assertEqual([code for code in codes if code not in MANDATORY], [28, 6, 15])

    def test_9_8_empty_list_asks_for_nothing(self):
        """'MUST omit any parameters' not asked for: only the mandatory ones stay"""
        packet = message([(53, b"\x01"), option(55, b"")])
        reply = self.client.send(packet)
        self.assertTrue(reply.kind == "OFFER" and reply.option(51) is not None)


class MaximumSize(TimelineCase):
    def longest(self, **asked):
        """Return the length of the longest reply for values of all lengths."""
        found = []
        for n in (29, 30, 31, 82, 83, 84):
            options = {code: b"x" * 255 for code in (224, 225, 226, 227)}
            options[228] = b"y" * n
            self.start(options=options, max_message=1472)
            found.append(len(self.client.discover(prl=(224, 225, 226, 227, 228), **asked).raw))
        return max(found)

    def test_9_10_length_counts_the_headers_of_ip_and_udp(self):
        """'the maximum length DHCP message that it is willing to accept'"""
        self.assertEqual(self.longest(max_size=1400), 1372 - 3)  # room for option 52

    def test_9_10_not_less_than_576(self):
        """'The minimum legal value is 576 octets'"""
        for asked in ({}, {"max_size": 0}, {"max_size": 400}, {"max_size": 576}):
            self.assertEqual(self.longest(**asked), 548 - 3)


class VendorOptions(TimelineCase):
    def test_8_4_vendor_information_of_the_client_is_ignored(self):
        """'Servers not equipped to interpret the vendor-specific information MUST ignore'"""
        plain = self.client.discover()
        vendor = self.client.discover(options=[(43, b"\x35\x01\x07\x32\x04\xc0\x00\x02\x1f")])
        self.assertEqual(vendor.raw, plain.raw)

    def test_9_13_vendor_class_of_the_client_is_ignored(self):
        """'Servers not equipped to interpret the class-specific information ... MUST ignore it'"""
        plain = self.client.discover()
        vendor = self.client.discover(options=[(60, b"MSFT 5.0")])
        self.assertEqual(vendor.raw, plain.raw)


class WellFormed(TimelineCase):
    def test_3_1_padding_behind_end_is_zero(self):
        """'The pad option can be used to cause subsequent fields to align' (3.1); zeros only"""
        raw = self.client.discover(prl=(1,)).raw
        self.assertEqual(raw[raw.rfind(b"\xff") + 1 :].strip(b"\x00"), b"")

    def test_3_2_end_is_present_in_every_reply(self):
        """'The end option marks the end of valid information' (3.2): the decoder demands it"""
        offer = self.client.discover()
        replies = (offer, self.client.select(offer), self.other.reboot(FOREIGN))
        self.assertEqual([reply.raw.count(b"\xff") > 0 for reply in replies], [True] * 3)

    def test_9_1_requested_address_is_read(self):
        """'the client ... to request that a particular IP address be assigned' (9.1)"""
        self.assertEqual(self.client.discover(requested="192.0.2.30").yiaddr, "192.0.2.30")

    def test_9_7_server_identifier_tells_servers_apart(self):
        """'clients ... to indicate which of several lease offers is being accepted' (9.7)"""
        offer = self.client.discover()
        theirs = self.client.select(offer, server_id="192.0.2.2")
        ours = self.client.select(offer, server_id=SERVER)
        self.assertEqual((theirs.kind, ours.kind), (None, "ACK"))

    def test_9_6_type_decides_what_happens(self):
        """'This option is used to convey the type of the DHCP message.' (9.6)"""
        first = self.client.send(message([(53, bytes([DISCOVER]))]))
        second = self.client.send(message([(53, bytes([REQUEST])), (50, b"\xc0\x00\x02\x14")]))
        self.assertEqual((first.kind, second.kind), ("OFFER", "NAK"))
