"""RFC 3396: options that are longer than 255 bytes, or come in pieces anyway."""

from builders import message, option, pieces
from timeline import TimelineCase

ID = bytes([1 + i % 250 for i in range(260)])
TYPE = (53, b"\x01")


class Split(TimelineCase):
    def test_4_pieces_of_an_identifier_are_one(self):
        """'the option is the concatenation of the contents of all' with the same code"""
        whole = self.client.send(message([TYPE, (61, b"\x00abcdef")]))
        split = self.other.send(message([TYPE, pieces(61, b"\x00abcdef", 3, 4)], mac=2))
        self.assertEqual(split.yiaddr, whole.yiaddr)

    def test_4_pieces_count_in_the_order_they_stand(self):
        """'concatenated ... in the order in which they appear'"""
        whole = self.client.send(message([TYPE, (61, b"\x00abcdef")]))
        other = self.client.send(message([TYPE, (61, b"def"), (61, b"\x00abc")]))
        self.assertNotEqual(other.yiaddr, whole.yiaddr)

    def test_4_pieces_need_not_be_neighbours(self):
        """'MAY be separated by other options'"""
        packet = message([(61, b"\x00ab"), TYPE, (12, b"host"), (61, b"cdef")], mac=2)
        whole = self.client.send(message([TYPE, (61, b"\x00abcdef")]))
        self.assertEqual(self.other.send(packet).yiaddr, whole.yiaddr)

    def test_4_where_an_option_is_cut_does_not_matter(self):
        """'any size': decoding depends on the contents alone"""
        first = self.client.send(message([TYPE, pieces(61, ID, 255, 5)]))
        second = self.other.send(message([TYPE, pieces(61, ID, 200, 60)], mac=2))
        self.assertEqual(first.yiaddr, second.yiaddr)

    def test_6_more_than_255_bytes_in_pieces_are_refused(self):
        """Deviation 3396-6-1: 260 bytes of option 61 are dropped, counted and named"""
        self.refused(message([TYPE, (55, b"\x01"), pieces(61, ID, 255, 5)]))

    def test_5_pieces_in_file_follow_those_in_options(self):
        """'the options field, then the file field, then the sname field' make one buffer"""
        packet = message(
            [TYPE, (52, b"\x01"), (61, b"\x00abc")], file=option(61, b"def") + b"\xff", mac=2
        )
        whole = self.client.send(message([TYPE, (61, b"\x00abcdef")]))
        self.assertEqual(self.other.send(packet).yiaddr, whole.yiaddr)

    def test_5_pieces_in_sname_come_last(self):
        """'the options field, then the file field, then the sname field' make one buffer"""
        packet = message(
            [TYPE, (52, b"\x03"), (61, b"\x00a")],
            file=option(61, b"bcd") + b"\xff",
            sname=option(61, b"ef") + b"\xff",
            mac=2,
        )
        whole = self.client.send(message([TYPE, (61, b"\x00abcdef")]))
        self.assertEqual(self.other.send(packet).yiaddr, whole.yiaddr)

    def test_7_short_pieces_of_a_fixed_option_are_joined(self):
        """'concatenated': 2 + 2 bytes of option 50 are an address"""
        offer = self.client.send(message([TYPE, (50, b"\xc0\x00"), (50, b"\x02\x1d")]))
        self.assertEqual(offer.yiaddr, "192.0.2.29")

    def test_7_short_pieces_of_the_lease_time_are_joined(self):
        """'concatenated': 1 + 3 bytes of option 51 are a time"""
        offer = self.client.send(message([TYPE, (51, b"\x00"), (51, b"\x00\x02\x58")]))
        self.assertEqual(offer.seconds(51), 600)

    def test_7_repeated_address_counts_once(self):
        """Design: a full-length fixed-size option that is repeated: the first counts."""
        offer = self.client.send(
            message([TYPE, (50, b"\xc0\x00\x02\x1d"), (50, b"\xc0\x00\x02\x1e")])
        )
        self.assertEqual(offer.yiaddr, "192.0.2.29")

    def test_7_repeated_server_identifier_counts_once(self):
        """Design: a full-length fixed-size option that is repeated: the first counts."""
        offer = self.client.discover()
        ack = self.client.select(offer, options=[(54, b"\xc0\x00\x02\x02")])
        self.assertEqual(ack.kind, "ACK")

    def test_7_repeated_message_type_counts_once(self):
        """Design: a full-length fixed-size option that is repeated: the first counts."""
        offer = self.client.send(message([TYPE, (53, b"\x03"), (53, b"\x07")]))
        self.assertEqual(offer.kind, "OFFER")
