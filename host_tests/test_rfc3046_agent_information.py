"""RFC 3046: the Relay Agent Information option comes back as it was sent."""

from builders import pieces
from microdhcp import RELAY
from timeline import FOREIGN, TimelineCase

AGENT = "192.0.2.9"
INFO = b"\x01\x04\x00\x00\x00\x07\x02\x06\x00\x00\x5e\x00\x53\xf0"


class AgentInformation(TimelineCase):
    settings = {"options": {224: b"A" * 100, 225: b"B" * 100, 226: b"C" * 100}}
    relayed = {"giaddr": AGENT, "options": [(82, INFO)]}

    def test_2_2_offer_echoes_it(self):
        """'SHALL echo the entire contents of the Relay Agent Information option in all replies'"""
        offer = self.client.discover(**self.relayed)
        self.assertEqual((offer.option(82), offer.to), (INFO, RELAY))

    def test_2_2_ack_echoes_it(self):
        """'SHALL echo the entire contents of the Relay Agent Information option in all replies'"""
        self.assertEqual(self.client.dora(**self.relayed).option(82), INFO)

    def test_2_2_nak_echoes_it(self):
        """'SHALL echo the entire contents of the Relay Agent Information option in all replies'"""
        nak = self.client.reboot(FOREIGN, **self.relayed)
        self.assertEqual((nak.kind, nak.option(82)), ("NAK", INFO))

    def test_2_2_ack_to_inform_echoes_it(self):
        """'SHALL echo the entire contents of the Relay Agent Information option in all replies'"""
        self.assertEqual(self.client.inform("192.0.2.200", **self.relayed).option(82), INFO)

    def test_2_2_offer_has_it_last(self):
        """'SHOULD copy the Relay Agent Information option as the last DHCP option'"""
        self.assertEqual(self.client.discover(**self.relayed).codes[-1], 82)

    def test_2_2_ack_has_it_last(self):
        """'SHOULD copy the Relay Agent Information option as the last DHCP option'"""
        ack = self.client.dora(client_id=b"\x00relayed", **self.relayed)
        self.assertEqual(ack.codes[-1], 82)

    def test_2_2_nak_has_it_last(self):
        """'SHOULD copy the Relay Agent Information option as the last DHCP option'"""
        nak = self.client.reboot(FOREIGN, client_id=b"\x00relayed", **self.relayed)
        self.assertEqual(nak.codes[-1], 82)

    def test_2_2_it_is_not_invented(self):
        """'do not assume it is always present': a client without relay gets none"""
        self.assertIsNone(self.client.discover().option(82))

    def test_2_2_it_is_not_sent_because_it_was_asked_for(self):
        """It belongs to the relay agent; option 55 of a client cannot ask for it."""
        self.assertIsNone(self.client.discover(prl=(82, 1)).option(82))

    def test_2_2_renewal_without_giaddr_echoes_it(self):
        """'unicast ... the relay agent may add the option': echoed also when giaddr is 0"""
        address = self.client.dora(**self.relayed).yiaddr
        self.assertEqual(self.client.renew(address, options=[(82, INFO)]).option(82), INFO)

    def test_2_2_it_stays_out_of_file_and_sname(self):
        """'SHALL NOT place the echoed ... option in the overloaded sname or file fields'"""
        offer = self.client.discover(prl=(224, 225, 226), **self.relayed)
        self.assertEqual((offer.where(226), offer.where(82)), (["file"], ["options"]))

    def test_2_2_it_is_the_last_of_its_area_also_with_overload(self):
        """'SHOULD copy the Relay Agent Information option as the last DHCP option'"""
        offer = self.client.discover(prl=(224, 225, 226), **self.relayed)
        inside = [code for code, _value, area in offer.found if area == "options"]
        self.assertEqual(inside[-1], 82)

    def test_2_2_long_one_is_echoed_whole(self):
        """'SHALL echo the entire contents': 250 bytes"""
        info = b"\x01\xf8" + b"c" * 248
        offer = self.client.discover(prl=(1,), giaddr=AGENT, options=[(82, info)])
        self.assertEqual((offer.option(82), offer.where(82)), (info, ["options"]))

    def test_2_2_two_pieces_are_echoed_whole(self):
        """'SHALL echo the entire contents', also when they came in pieces (RFC 3396)"""
        info = b"\x01\x20" + b"c" * 32 + b"\x02\x0c" + b"d" * 12
        sent = [pieces(82, info, 40)]
        offer = self.client.discover(prl=(1,), giaddr=AGENT, options=sent)
        self.assertEqual(offer.option(82), info)

    def test_2_2_what_does_not_fit_is_left_out(self):
        """'unable to copy a full ... field ..., it SHALL send the response without'"""
        nak = self.client.reboot(
            FOREIGN, prl=None, giaddr=AGENT, client_id=b"i" * 150, options=[(82, b"r" * 160)]
        )
        self.assertEqual((nak.kind, nak.option(82), nak.option(61)), ("NAK", None, b"i" * 150))

    def test_2_2_what_does_not_fit_is_counted(self):
        """'and SHOULD increment an error counter for the situation'"""
        nak = self.client.reboot(
            FOREIGN, prl=None, giaddr=AGENT, client_id=b"i" * 150, options=[(82, b"r" * 160)]
        )
        self.assertEqual((nak.kind, nak.counted), ("NAK", 1))

    def test_2_2_contents_are_opaque(self):
        """'The DHCP server ... treat as opaque': sub-options that make no sense come back too"""
        strange = b"\x01\xff\x00\xff\x52\x35"
        offer = self.client.discover(giaddr=AGENT, options=[(82, strange)])
        self.assertEqual(offer.option(82), strange)
