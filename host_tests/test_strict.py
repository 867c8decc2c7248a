"""Strict where leniency would harm: dropped, counted in `drops` and named in `last_drop`."""

from builders import message, of_type, option
from timeline import TimelineCase

TYPE = (53, b"\x01")


class Reasons(TimelineCase):
    def test_each_has_its_word(self):
        """What last_drop and drops say"""
        for word, packet in (
            ("short", message([TYPE])[:242]),
            ("op", message([TYPE], op=2)),
            ("cookie", message([TYPE], cookie=bytes(4))),
            ("hardware", message([TYPE], hlen=0)),
            ("options", message([TYPE])[:243] + b"\x32\x04\xc0"),
            ("length", message([TYPE, (50, b"\xc0")])),
            ("type", message([(53, b"\x02")])),
        ):
            self.start()
            self.assertEqual(self.client.send(packet).dropped, word)
            self.assertEqual(self.server.drops[word], 1)


class Header(TimelineCase):
    def test_reply_is_dropped(self):
        """'op: 1 = BOOTREQUEST' (2131 table 1): op 2 is another server's"""
        self.refused(message([TYPE], op=2))

    def test_op_zero_is_dropped(self):
        """'op: 1 = BOOTREQUEST' (2131 table 1)"""
        self.refused(message([TYPE], op=0))

    def test_wrong_cookie_is_dropped(self):
        """'99, 130, 83 and 99' (2131 3)"""
        self.refused(message([TYPE], cookie=b"\x63\x82\x53\x64"))

    def test_first_byte_of_the_cookie_counts(self):
        """'99, 130, 83 and 99' (2131 3)"""
        self.refused(message([TYPE], cookie=b"\x62\x82\x53\x63"))

    def test_bootp_without_cookie_is_dropped(self):
        """'99, 130, 83 and 99' (2131 3): BOOTP clients are not served"""
        self.refused(message([TYPE], cookie=bytes(4)))

    def test_hardware_length_zero_is_dropped(self):
        """Design: hlen 0."""
        self.refused(message([TYPE], hlen=0))

    def test_hardware_length_17_is_dropped(self):
        """'chaddr: 16' bytes (2131 table 1)"""
        self.refused(message([TYPE], htype=7, hlen=17))

    def test_hardware_length_255_is_dropped(self):
        """'chaddr: 16' bytes (2131 table 1)"""
        self.refused(message([TYPE], htype=7, hlen=255))

    def test_ethernet_with_5_bytes_is_dropped(self):
        """'6 for 10mb ethernet' (2131 table 1)"""
        self.refused(message([TYPE], hlen=5))

    def test_ethernet_with_16_bytes_is_dropped(self):
        """'6 for 10mb ethernet' (2131 table 1)"""
        self.refused(message([TYPE], hlen=16))

    def test_zero_hardware_address_is_dropped(self):
        """Design: chaddr zero."""
        self.refused(message([TYPE], chaddr=bytes(6)))

    def test_multicast_hardware_address_is_dropped(self):
        """Design: chaddr multicast: a reply would go to many."""
        self.refused(message([TYPE], chaddr=b"\x01\x00\x5e\x00\x53\x01"))

    def test_broadcast_hardware_address_is_dropped(self):
        """Design: chaddr multicast: a reply would go to all."""
        self.refused(message([TYPE], chaddr=b"\xff\xff\xff\xff\xff\xff"))


class Length(TimelineCase):
    def test_empty_packet_is_dropped(self):
        """Design: shorter than 240 bytes plus a type."""
        self.refused(b"")

    def test_one_byte_is_dropped(self):
        """Design: shorter than 240 bytes plus a type."""
        self.refused(b"\x01")

    def test_header_cut_short_is_dropped(self):
        """Design: shorter than 240 bytes plus a type."""
        self.refused(message([TYPE])[:235])

    def test_cookie_cut_short_is_dropped(self):
        """Design: shorter than 240 bytes plus a type; rx behind it is not read."""
        self.client.discover()
        self.refused(message([TYPE])[:239])

    def test_no_options_is_dropped(self):
        """Design: shorter than 240 bytes plus a type."""
        self.refused(message([TYPE])[:240])

    def test_type_cut_short_is_dropped(self):
        """Design: shorter than 240 bytes plus a type; rx behind it is not read."""
        self.refused(message([TYPE])[:242])


class MessageType(TimelineCase):
    def test_no_type_is_dropped(self):
        """'the DHCP message type option - must be included in every DHCP message' (2131 3)"""
        self.refused(message([(55, b"\x01\x03"), (12, b"bootp")]))

    def test_offer_is_dropped(self):
        """Table 2 of 2131: 'DHCPOFFER: Server to client'"""
        self.refused(of_type(2))

    def test_ack_is_dropped(self):
        """Table 2 of 2131: 'DHCPACK: Server to client'"""
        self.refused(of_type(5))

    def test_nak_is_dropped(self):
        """Table 2 of 2131: 'DHCPNAK: Server to client'"""
        self.refused(of_type(6))

    def test_type_zero_is_dropped(self):
        """'Legal values for this option are' 1 to 8 (2132 9.6)"""
        self.refused(of_type(0))

    def test_forcerenew_is_dropped(self):
        """'Legal values for this option are' 1 to 8 (2132 9.6); 9 goes to clients (RFC 3203)"""
        self.refused(of_type(9))

    def test_leasequery_is_dropped(self):
        """'Legal values for this option are' 1 to 8 (2132 9.6); 10 is RFC 4388"""
        self.refused(of_type(10))

    def test_type_255_is_dropped(self):
        """'Legal values for this option are' 1 to 8 (2132 9.6)"""
        self.refused(of_type(255))

    def test_every_other_type_is_dropped(self):
        """'Legal values for this option are' 1 to 8 (2132 9.6)"""
        for kind in range(11, 255):
            self.refused(of_type(kind))


class OptionLength(TimelineCase):
    def test_requested_address_of_3_bytes_is_dropped(self):
        """'Code 50, Len 4' (2132 9.1)"""
        self.refused(message([TYPE, (50, b"\xc0\x00\x02")]))

    def test_requested_address_of_5_bytes_is_dropped(self):
        """'Code 50, Len 4' (2132 9.1)"""
        self.refused(message([TYPE, (50, b"\xc0\x00\x02\x14\x00")]))

    def test_empty_options_count_as_absent(self):
        """'Code 50, Len 4' (2132 9.1): what says nothing does no harm"""
        for code in (50, 51, 54, 57):
            self.assertEqual(self.client.send(message([TYPE, (code, b"")])).kind, "OFFER")
        self.assertEqual(self.client.request(options=((50, b""),)).dropped, "no_address")

    def test_lease_time_of_3_bytes_is_dropped(self):
        """'Code 51, Len 4' (2132 9.2)"""
        self.refused(message([TYPE, (51, b"\x00\x02\x58")]))

    def test_lease_time_of_8_bytes_is_dropped(self):
        """'Code 51, Len 4' (2132 9.2)"""
        self.refused(message([TYPE, (51, bytes(8))]))

    def test_type_of_2_bytes_is_dropped(self):
        """'Code 53, Len 1' (2132 9.6)"""
        self.refused(message([(53, b"\x01\x01")]))

    def test_empty_type_is_dropped(self):
        """'Code 53, Len 1' (2132 9.6): one such packet ends gaijin's server"""
        self.refused(message([(53, b"")]))

    def test_server_identifier_of_3_bytes_is_dropped(self):
        """'Code 54, Len 4' (2132 9.7)"""
        packet = of_type(3, requested="192.0.2.20", options=[(54, b"\xc0\x00\x02")])
        self.refused(packet)

    def test_server_identifier_of_5_bytes_is_dropped(self):
        """'Code 54, Len 4' (2132 9.7)"""
        packet = of_type(3, requested="192.0.2.20", options=[(54, b"\xc0\x00\x02\x01\x00")])
        self.refused(packet)

    def test_maximum_size_of_1_byte_is_dropped(self):
        """'Code 57, Len 2' (2132 9.10)"""
        self.refused(message([TYPE, (57, b"\x05")]))

    def test_maximum_size_of_3_bytes_is_dropped(self):
        """'Code 57, Len 2' (2132 9.10)"""
        self.refused(message([TYPE, (57, b"\x00\x05\xdc")]))

    def test_last_option_may_be_cut(self):
        """The part that was read counts, if the rest does not change the answer"""
        for tail in (b"\x0c\x09host", b"\x0c", b"\x37\x05\x01", b"\x3c\xff", b"\x33\x04\0"):
            cut = message([TYPE, tail], end=False, pad_to=None)
            self.assertEqual(self.client.send(cut).kind, "OFFER")

    def test_option_that_matters_may_not_be_cut(self):
        """Design: an option running past the end: address, type, server, client, relay agent"""
        for code in (50, 52, 53, 54, 61, 82):
            for tail in (b"", b"\x09", b"\x04\xc0\0"):
                self.refused(message([TYPE, bytes((code,)) + tail], end=False, pad_to=None))

    def test_option_may_not_be_cut_inside(self):
        """An option that runs past the end of the field `file` lies about its length"""
        self.refused(message([TYPE, (52, b"\x01")], file=b"\x0c\xc8" * 64))

    def test_option_one_byte_too_long_is_dropped(self):
        """Design: an option running past the end; rx behind it is not read."""
        self.refused(message([TYPE, b"\x32\x04\xc0\x00\x02"], end=False, pad_to=None))

    def test_option_of_255_bytes_in_a_short_message_is_dropped(self):
        """Design: an option running past the end."""
        self.refused(message([TYPE, b"\x3d\xff"], end=False))

    def test_option_that_runs_over_the_end_of_file_is_dropped(self):
        """'Any individual option ... MUST be entirely contained in that field' (2131 4.1)"""
        file = bytes(124) + b"\x0c\x09ab"
        self.refused(message([TYPE, (52, b"\x01")], file=file))

    def test_option_that_runs_over_the_end_of_sname_is_dropped(self):
        """'Any individual option ... MUST be entirely contained in that field' (2131 4.1)"""
        sname = bytes(60) + b"\x0c\x09ab"
        self.refused(message([TYPE, (52, b"\x02")], sname=sname))

    def test_bad_length_in_file_is_dropped(self):
        """'Code 50, Len 4' (2132 9.1), also in an overloaded field"""
        file = option(50, b"\xc0\x00") + b"\xff"
        self.refused(message([TYPE, (52, b"\x01")], file=file))


class NothingChanges(TimelineCase):
    def test_dropped_request_takes_no_address(self):
        """Design: packets never raise: they are counted and dropped."""
        self.refused(message([TYPE, (50, b"\xc0\x00\x02\x14"), (57, b"\x05")]))
        self.assertEqual(self.other.discover(requested="192.0.2.20").yiaddr, "192.0.2.20")

    def test_dropped_release_frees_nothing(self):
        """Design: packets never raise: they are counted and dropped."""
        address = self.client.dora().yiaddr
        self.refused(of_type(7, ciaddr=address, options=[(54, b"\xc0\x00\x02")]))
        self.assertNotEqual(self.other.discover(requested=address).yiaddr, address)

    def test_next_packet_is_answered(self):
        """Design: packets never raise; a good one after a bad one is served."""
        self.refused(message([TYPE], op=2))
        self.assertEqual(self.client.discover().kind, "OFFER")

    def test_reason_is_cleared_by_an_answer(self):
        """Design: last_drop: None, or the reason why the last packet got no answer."""
        self.refused(message([TYPE], op=2))
        self.assertIsNone(self.client.discover().dropped)

    def test_different_faults_have_different_reasons(self):
        """Design: counted and named."""
        faults = (
            message([TYPE], op=2),
            message([TYPE], cookie=bytes(4)),
            message([TYPE], hlen=0),
            message([TYPE, (57, b"\x05")]),
            of_type(2),
        )
        reasons = set([self.client.send(fault).dropped for fault in faults])
        self.assertEqual(len(reasons), 5)

    def test_every_fault_is_counted_under_its_reason(self):
        """Design: drops: dict reason -> count."""
        self.refused(message([TYPE], op=2))
        self.refused(message([TYPE], op=2))
        self.assertEqual(self.server.drops[self.server.last_drop], 2)
