"""Lenient where real clients are wrong: forms of a request that must be understood."""

from builders import ip, message, option
from timeline import SERVER, TimelineCase

TYPE = (53, b"\x01")
ASKED = (50, b"\xc0\x00\x02\x1d")
ADDRESS = "192.0.2.29"


class Tolerance(TimelineCase):
    def asks(self, items, **fields):
        """Send a DISCOVER of these options; return the address offered."""
        reply = self.client.send(message(items, **fields))
        self.assertEqual(reply.kind, "OFFER")
        return reply.yiaddr

    def unasked(self):
        """Return the address that the client gets when it asks for none, then start afresh."""
        address = self.asks([TYPE])
        self.assertNotEqual(address, ADDRESS)
        self.start()
        return address

    def test_message_of_244_bytes(self):
        """Design: 244-byte messages: 240, option 53 and END."""
        packet = message([TYPE], pad_to=None)
        self.assertEqual((len(packet), self.client.send(packet).kind), (244, "OFFER"))

    def test_message_of_243_bytes_without_end(self):
        """Design: no END."""
        packet = message([TYPE], pad_to=None, end=False)
        self.assertEqual((len(packet), self.client.send(packet).kind), (243, "OFFER"))

    def test_message_as_long_as_rx(self):
        """Design: 244 bytes to the size of rx."""
        self.assertEqual(self.asks([TYPE, ASKED], pad_to=len(self.server.rx)), ADDRESS)

    def test_no_end_behind_a_full_option(self):
        """Design: no END: the message ends with the last byte of an option."""
        self.assertEqual(self.asks([TYPE, ASKED], pad_to=None, end=False), ADDRESS)

    def test_no_end_but_padding(self):
        """Design: no END, padded."""
        self.assertEqual(self.asks([TYPE, ASKED], end=False), ADDRESS)

    def test_padding_before_and_between_options(self):
        """'The pad option can be used to cause subsequent fields to align' (2132 3.1)"""
        items = [b"\x00", TYPE, b"\x00\x00\x00", ASKED, b"\x00"]
        self.assertEqual(self.asks(items), ADDRESS)

    def test_padding_of_hundreds_of_bytes(self):
        """'The pad option' (2132 3.1): more than 255 of them"""
        self.assertEqual(self.asks([bytes(270), TYPE, ASKED]), ADDRESS)

    def test_type_last(self):
        """Design: option 53 anywhere."""
        self.assertEqual(self.asks([ASKED, (12, b"host"), (55, b"\x01\x03"), TYPE]), ADDRESS)

    def test_type_last_without_end(self):
        """Design: option 53 anywhere; no END."""
        self.assertEqual(self.asks([ASKED, TYPE], pad_to=None, end=False), ADDRESS)

    def test_options_behind_end_are_ignored(self):
        """'The end option marks the end of valid information' (2132 3.2)"""
        unasked = self.unasked()
        self.assertEqual(self.asks([TYPE, b"\xff", ASKED]), unasked)

    def test_type_behind_end_is_ignored(self):
        """'The end option marks the end of valid information' (2132 3.2)"""
        self.refused(message([ASKED, b"\xff", TYPE]))

    def test_nonsense_behind_end_is_ignored(self):
        """'The end option marks the end of valid information' (2132 3.2)"""
        self.assertEqual(self.asks([TYPE, ASKED, b"\xff\x33\xf0\x36\x02"]), ADDRESS)

    def test_unknown_options_are_passed_over(self):
        """'All other options are variable length with a length octet' (2132 2)"""
        items = [(224, b"a" * 90), (43, b"\x35\x01\x07"), TYPE, (252, b"\x00"), ASKED]
        self.assertEqual(self.asks(items), ADDRESS)

    def test_empty_options_are_passed_over(self):
        """Design: an option of length 0 that is not of fixed size does no harm."""
        self.assertEqual(self.asks([(12, b""), TYPE, (60, b""), ASKED, (80, b"")]), ADDRESS)

    def test_file_holds_options_when_option_52_says_so(self):
        """'The file field MUST be interpreted next' (2131 4.1): value 1"""
        file = option(50, ASKED[1]) + b"\xff"
        self.assertEqual(self.asks([TYPE, (52, b"\x01")], file=file), ADDRESS)

    def test_sname_holds_options_when_option_52_says_so(self):
        """'followed by the sname field' (2131 4.1): value 2"""
        sname = option(50, ASKED[1]) + b"\xff"
        self.assertEqual(self.asks([TYPE, (52, b"\x02")], sname=sname), ADDRESS)

    def test_both_fields_hold_options_when_option_52_says_so(self):
        """'with value 1, 2 or 3' (2131 4.1): 3"""
        packet = message(
            [(52, b"\x03")],
            file=option(53, b"\x01") + b"\xff",
            sname=option(50, ASKED[1]) + b"\xff",
        )
        reply = self.client.send(packet)
        self.assertEqual((reply.kind, reply.yiaddr), ("OFFER", ADDRESS))

    def test_file_is_read_before_sname(self):
        """'file field MUST be interpreted next ..., followed by the sname field' (2131 4.1)"""
        file = option(50, ASKED[1]) + b"\xff"
        sname = option(50, b"\xc0\x00\x02\x1e") + b"\xff"
        self.assertEqual(self.asks([TYPE, (52, b"\x03")], file=file, sname=sname), ADDRESS)

    def test_options_field_is_read_before_file(self):
        """'The options in the options field MUST be interpreted first' (2131 4.1)"""
        file = option(50, b"\xc0\x00\x02\x1e") + b"\xff"
        self.assertEqual(self.asks([TYPE, (52, b"\x01"), ASKED], file=file), ADDRESS)

    def test_option_52_may_stand_behind_other_options(self):
        """'so that any option overload options may be interpreted' (2131 4.1)"""
        file = option(50, ASKED[1]) + b"\xff"
        items = [TYPE, (12, b"host"), (55, b"\x01"), (52, b"\x01")]
        self.assertEqual(self.asks(items, file=file), ADDRESS)

    def test_file_without_end_is_read_to_its_end(self):
        """Design: no END, in the overloaded fields as well."""
        file = bytes(122) + option(50, ASKED[1])
        self.assertEqual(self.asks([TYPE, (52, b"\x01")], file=file), ADDRESS)

    def test_file_that_ends_leaves_sname_to_be_read(self):
        """'MUST be terminated by an end option': it ends that field only (2131 4.1)"""
        sname = option(50, ASKED[1]) + b"\xff"
        self.assertEqual(self.asks([TYPE, (52, b"\x03")], file=b"\xff", sname=sname), ADDRESS)

    def test_file_is_a_file_name_without_option_52(self):
        """'file: Client boot file name or options': a name that looks like option 50"""
        unasked = self.unasked()
        file = option(50, ASKED[1]) + b"\xff"
        self.assertEqual(self.asks([TYPE], file=file), unasked)

    def test_sname_is_a_name_when_only_file_holds_options(self):
        """'with value 1': the file field alone (2132 9.3)"""
        unasked = self.unasked()
        sname = option(50, ASKED[1]) + b"\xff"
        self.assertEqual(self.asks([TYPE, (52, b"\x01")], file=b"\xff", sname=sname), unasked)

    def test_names_in_sname_and_file_do_not_matter(self):
        """'Optional server host name, null terminated string.' (2131 table 1): no options"""
        address = self.client.dora().yiaddr
        ack = self.client.renew(address, sname=b"server", file=b"boot.img")
        self.assertEqual(ack.kind, "ACK")

    def test_overloaded_request_is_understood(self):
        """'The file field MUST be interpreted next': 54 and 50 of a REQUEST in file"""
        address = self.client.discover().yiaddr
        file = option(54, ip(SERVER)) + option(50, ip(address)) + b"\xff"
        ack = self.client.send(message([(53, b"\x03"), (52, b"\x01")], file=file))
        self.assertEqual((ack.kind, ack.yiaddr), ("ACK", address))

    def test_stale_bytes_behind_a_packet_are_not_read(self):
        """Design: a packet is rx[:n]; the firmware's own server reads what lies behind it."""
        long = message([TYPE, ASKED], pad_to=None)
        self.client.send(long)
        short = message([TYPE], pad_to=None, end=False, mac=2)
        self.assertNotEqual(self.client.send(short).yiaddr, ADDRESS)
