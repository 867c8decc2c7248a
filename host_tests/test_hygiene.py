"""Replies hold the right bytes and no others: sizes, overload, no left-overs."""

from builders import decline, discover, inform, message, release, request
from timeline import FOREIGN, SERVER, Client, TimelineCase, serve

MARK = b"LEAK"
PAYLOAD_576 = 576 - 28


def big(*sizes):
    """Return options 224, 225, … of these sizes, for `Config(options=…)`."""
    return dict([(224 + i, bytes([0x61 + i]) * sizes[i]) for i in range(len(sizes))])


class NothingLeaks(TimelineCase):
    def marked(self, kind, *options, **fields):
        """Return a message with the mark everywhere the answer has no business with it."""
        items = [(53, bytes([kind]))] + list(options)
        items += [(code, MARK * 2) for code in (12, 43, 60, 77, 81, 124, 224)]
        items += [b"\xff" + MARK * 4]
        return message(
            items, secs=b"LE", siaddr=MARK, yiaddr=MARK, sname=MARK * 16, file=MARK * 32, **fields
        )

    def test_offer_has_nothing_of_the_request(self):
        """Design: nothing of the request leaks into the reply."""
        offer = self.client.send(self.marked(1))
        self.assertEqual((offer.kind, offer.raw.find(b"LE")), ("OFFER", -1))

    def test_ack_has_nothing_of_the_request(self):
        """Design: nothing of the request leaks into the reply."""
        ack = self.client.send(
            self.marked(3, (50, b"\xc0\x00\x02\x14"), (54, b"\xc0\x00\x02\x01"))
        )
        self.assertEqual((ack.kind, ack.raw.find(b"LE")), ("ACK", -1))

    def test_nak_has_nothing_of_the_request(self):
        """Design: nothing of the request leaks into the reply."""
        nak = self.client.send(self.marked(3, (50, b"\xc6\x33\x64\x14")))
        self.assertEqual((nak.kind, nak.raw.find(b"LE")), ("NAK", -1))

    def test_ack_to_inform_has_nothing_of_the_request(self):
        """Design: nothing of the request leaks into the reply."""
        ack = self.client.send(self.marked(8, ciaddr="192.0.2.200"))
        self.assertEqual((ack.kind, ack.raw.find(b"LE")), ("ACK", -1))

    def test_next_reply_has_nothing_of_an_earlier_request(self):
        """Design: nothing is kept between packets but leases and counters."""
        self.client.send(self.marked(1))
        self.assertEqual(self.other.discover().raw.find(b"LE"), -1)

    def test_next_reply_has_nothing_of_an_earlier_reply(self):
        """'the file field ... unused': a long reply leaves nothing in the next, short one"""
        self.start(options=big(100, 100, 100, 40))
        self.client.discover(prl=(224, 225, 226, 227), client_id=b"\x00" + MARK * 4)
        offer = self.other.discover(prl=(1,))
        clean = (offer.raw.find(b"LEAK"), offer.raw.find(b"aa"), offer.raw[44:236])
        self.assertEqual(clean, (-1, -1, bytes(192)))


class Poison(TimelineCase):
    def story(self, poison):
        """Return the replies of a server whose tx is filled with `poison` before each packet."""
        server = serve(options=big(100, 100, 100, 40), rapid_commit=True)
        replies = []
        for packet in (
            discover(requested="192.0.2.20"),
            request(requested="192.0.2.20", server_id=SERVER),
            request(ciaddr="192.0.2.20", client_id=b"\x01\x00\x00\x5e\x00\x53\x01"),
            request(requested=FOREIGN, giaddr="192.0.2.9", options=[(82, b"\x01\x01x")]),
            inform(ciaddr="192.0.2.200", prl=None),
            discover(mac=2, prl=(224, 225, 226, 227), broadcast=True),
            discover(mac=3, options=[(80, b"")]),
            decline(requested="192.0.2.20", server_id=SERVER),
            release(mac=3, ciaddr="192.0.2.21"),
            discover(mac=4, htype=7, chaddr=b"\x22", max_size=1500),
        ):
            server.tx[:] = poison * len(server.tx)
            server.rx[: len(packet)] = packet
            n = server.handle(len(packet), 5)
            replies.append(bytes(server.tx[:n]))
        return replies

    def test_what_is_left_in_tx_does_not_matter(self):
        """Same packets with tx filled with 0xA5 and 0x5A give equal bytes."""
        self.assertEqual(self.story(b"\xa5"), self.story(b"\x5a"))

    def test_story_has_replies_of_every_kind(self):
        """The comparison above means something: seven replies, of all kinds, and silences."""
        kinds = [reply[242] if reply else 0 for reply in self.story(b"\xa5")]
        self.assertEqual(kinds, [2, 5, 5, 6, 5, 2, 5, 0, 0, 2])


class Size(TimelineCase):
    settings = {"options": big(200, 200, 200, 200)}
    everything = (1, 3, 6, 224, 225, 226, 227)

    def test_every_kind_of_reply_is_at_least_300_bytes(self):
        """Design: at least 300 bytes, the minimum of BOOTP (RFC 951)."""
        replies = (
            self.client.discover(prl=(1,)),
            self.client.dora(prl=(1,)),
            self.client.inform("192.0.2.200", prl=(1,)),
            self.other.reboot(FOREIGN, prl=None),
        )
        self.assertEqual([len(reply.raw) >= 300 for reply in replies], [True] * 4)

    def test_short_request_gets_300_bytes_too(self):
        """Design: at least 300 bytes, whatever the client sent."""
        offer = self.client.send(message([(53, b"\x01")], pad_to=None))
        self.assertTrue(len(offer.raw) >= 300)

    def test_reply_fits_576_without_option_57(self):
        """'a message of up to 576 octets' (2131 2): what every client must accept"""
        offer = self.client.discover(prl=self.everything)
        self.assertTrue(len(offer.raw) <= PAYLOAD_576)

    def test_reply_fits_576_without_option_57_though_more_is_allowed(self):
        """'a message of up to 576 octets' (2131 2): max_message alone lifts nothing"""
        self.start(options=big(200, 200, 200, 200), max_message=1400)
        offer = self.client.discover(prl=self.everything)
        self.assertTrue(len(offer.raw) <= PAYLOAD_576)

    def test_option_57_allows_more(self):
        """'negotiate the use of larger DHCP messages through the maximum DHCP message size'"""
        self.start(options=big(200, 200, 200, 200), max_message=1400)
        offer = self.client.discover(prl=self.everything, max_size=1500)
        found = [offer.option(code) is not None for code in self.everything]
        self.assertEqual((found, offer.where(227)), ([True] * 7, ["options"]))

    def test_reply_fits_option_57(self):
        """'maximum DHCP message size': of the IP datagram, so 28 less for the message"""
        self.start(options=big(200, 200, 200, 200), max_message=1400)
        offer = self.client.discover(prl=self.everything, max_size=800)
        self.assertTrue(PAYLOAD_576 < len(offer.raw) <= 800 - 28)

    def test_reply_fits_max_message(self):
        """Design: never over `max_message`."""
        self.start(options=big(200, 200, 200, 200), max_message=700)
        offer = self.client.discover(prl=self.everything, max_size=1500)
        self.assertTrue(PAYLOAD_576 < len(offer.raw) <= 700)

    def test_max_message_of_548_is_the_default(self):
        """Design: max_message 548."""
        offer = self.client.discover(prl=self.everything, max_size=65535)
        self.assertTrue(len(offer.raw) <= PAYLOAD_576)

    def test_option_57_below_576_counts_as_576(self):
        """'The minimum legal value is 576 octets.' (2132 9.10)"""
        small = self.client.discover(prl=(1, 3, 224), max_size=300)
        self.assertTrue(small.option(224) is not None and len(small.raw) <= PAYLOAD_576)

    def test_option_57_of_zero_counts_as_576(self):
        """'The minimum legal value is 576 octets.' (2132 9.10)"""
        offer = self.client.discover(prl=(1, 3, 224), max_size=0)
        self.assertEqual((offer.kind, offer.option(224) is not None), ("OFFER", True))

    def test_what_does_not_fit_is_left_out(self):
        """'supply as many of the requested parameters as possible' (2131 4.3.1)"""
        offer = self.client.discover(prl=self.everything)
        self.assertEqual((offer.kind, offer.option(226)), ("OFFER", None))

    def test_long_options_do_not_push_mask_and_router_out(self):
        """'supply as many of the requested parameters as possible' (2131 4.3.1)"""
        offer = self.client.discover(prl=(224, 225, 226, 227, 1, 3, 6))
        self.assertEqual([len(offer.option(code)) for code in (1, 3, 6, 51, 54)], [4] * 5)


class Overload(TimelineCase):
    settings = {"options": big(120, 120, 110, 50)}
    everything = (224, 225, 226, 227)

    def test_4_1_option_52_is_absent_when_everything_fits(self):
        """'If the options ... extend into the sname and file fields': only then"""
        offer = self.client.discover(prl=(1, 3, 6, 224))
        self.assertTrue(offer.option(52) is None and offer.option(224) is not None)

    def test_4_1_options_spill_into_file(self):
        """Design: options that do not fit spill into file, then sname."""
        offer = self.client.discover(prl=(224, 225, 226))
        self.assertEqual((offer.where(226), offer.option(52)), (["file"], b"\x01"))

    def test_4_1_sname_stays_empty_while_file_is_enough(self):
        """Design: options that do not fit spill into file, then sname."""
        offer = self.client.discover(prl=(224, 225, 226))
        self.assertEqual(offer.raw[44:108], bytes(64))

    def test_4_1_options_spill_into_sname_after_file(self):
        """'the option overload option MUST appear in the options field, with value 1, 2 or 3'"""
        offer = self.client.discover(prl=self.everything)
        found = (offer.where(226), offer.where(227), offer.option(52))
        self.assertEqual(found, (["file"], ["sname"], b"\x03"))

    def test_4_1_option_52_is_in_the_options_field(self):
        """'the option overload option MUST appear in the options field'"""
        self.assertEqual(self.client.discover(prl=self.everything).where(52), ["options"])

    def test_4_1_every_option_is_whole_in_its_field(self):
        """'Any individual option ... MUST be entirely contained in that field'"""
        offer = self.client.discover(prl=self.everything)
        found = [(len(offer.option(code)), len(offer.where(code))) for code in self.everything]
        self.assertEqual(found, [(120, 1), (120, 1), (110, 1), (50, 1)])

    def test_4_1_file_and_sname_end_and_are_padded(self):
        """'MUST begin with the first octet ..., MUST be terminated by an end option' and padded"""
        offer = self.client.discover(prl=self.everything)
        self.assertEqual((offer.raw[108], offer.raw[44]), (226, 227))

    def test_4_1_mandatory_options_stay_in_the_options_field(self):
        """Design: in order of importance; 53 MUST be readable first."""
        offer = self.client.discover(prl=self.everything)
        self.assertEqual([offer.where(code) for code in (53, 54, 51)], [["options"]] * 3)

    def test_4_1_ack_overloads_like_its_offer(self):
        """'SHOULD NOT conflict with those in the earlier DHCPOFFER message'"""
        offer = self.client.discover(prl=self.everything)
        ack = self.client.select(offer, prl=self.everything)
        self.assertEqual(ack.found[1:], offer.found[1:])

    def test_4_1_identifier_is_echoed_beside_overload(self):
        """'MUST return the client identifier option, unaltered' (RFC 6842)"""
        offer = self.client.discover(prl=self.everything, client_id=b"\x00" + b"i" * 60)
        self.assertEqual(offer.option(61), b"\x00" + b"i" * 60)

    def test_4_1_larger_message_needs_no_overload(self):
        """'If the options ... extend into the sname and file fields': only then"""
        self.start(options=big(120, 120, 110, 50), max_message=1400)
        offer = self.client.discover(prl=self.everything, max_size=1400)
        self.assertTrue(offer.option(52) is None and offer.where(227) == ["options"])


class LittleRoom(TimelineCase):
    settings = {"max_message": 300}

    def test_identifier_is_echoed_before_parameters(self):
        """'MUST copy ... unaltered' (RFC 6842 section 3): parameters go to file in its place"""
        ident = bytes(range(1, 32))
        offer = self.client.discover(client_id=ident, prl=(1, 3, 6, 28))
        self.assertEqual((offer.option(61), offer.where(28)), (ident, ["file"]))

    def test_nak_has_no_overload_for_its_text(self):
        """Table 3: option 52 MUST NOT be in a NAK"""
        nak = self.client.reboot("198.51.100.9", client_id=bytes(range(1, 37)))
        self.assertEqual((nak.kind, nak.option(52), nak.option(56)), ("NAK", None, None))


class Equal(TimelineCase):
    def test_equal_servers_give_equal_bytes(self):
        """Design: nothing random, nothing of the machine in a reply."""
        again = Client(serve())
        self.assertEqual(self.client.dora().raw, again.dora().raw)
