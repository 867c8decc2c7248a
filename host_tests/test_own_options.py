"""Options of a reservation, and what a client boots from."""

from timeline import FIRST, TimelineCase

MAC = "00:00:5e:00:53:01"
OTHER = "192.0.2.9"
RAW = b"\xc0\x00\x02\x09"
OWN = b"\xc0\x00\x02\x01"
PRL = (1, 3, 6, 15, 26, 28, 58, 59)


class OwnOptions(TimelineCase):
    entry = {"address": "192.0.2.99", "routers": [OTHER], "dns_servers": None, "domain": "lan"}
    settings = {"reservations": {MAC: entry}, "options": {"mtu": 1400}}

    def test_its_own_and_the_common_ones(self):
        """A gateway for one device, none or another for the others"""
        offer = self.client.discover(prl=PRL)
        self.assertEqual(offer.codes, [53, 54, 51, 1, 3, 15, 26, 28, 58, 59])
        self.assertEqual((offer.option(3), offer.option(15)), (RAW, b"lan"))

    def test_others_are_not_concerned(self):
        """Before and after"""
        for _ in range(2):
            offer = self.other.discover(prl=PRL)
            self.assertEqual(offer.codes, [53, 54, 51, 1, 3, 6, 26, 28, 58, 59])
            self.assertEqual(offer.option(3), OWN)
            self.client.discover(prl=PRL)

    def test_ack_says_what_the_offer_said(self):
        """'any configuration parameters in the DHCPACK ... SHOULD NOT conflict' (RFC 2131 3.1)"""
        offer = self.client.discover(prl=PRL)
        ack = self.client.select(offer, prl=PRL)
        self.assertEqual(ack.options[1:], offer.options[1:])

    def test_without_option_55_all_of_them(self):
        """RFC 2131 section 4.3.1: what is configured for that client"""
        offer = self.client.discover(prl=None)
        self.assertEqual(offer.option(3), RAW)
        self.assertEqual(offer.option(6), None)

    def test_by_mac_whatever_the_identifier(self):
        """Design: reservations by MAC hold whatever the client's id is"""
        self.assertEqual(self.client.discover(client_id=b"\0abc").option(3), RAW)

    def test_not_by_the_end_of_one_mac_and_the_beginning_of_the_next(self):
        """All that is reserved stands in one row of bytes"""
        macs = "02:00:5e:00:53:01", "02:00:5f:00:53:02"
        entries = {mac: dict(self.entry, address="192.0.2.9" + mac[-1]) for mac in macs}
        self.start(reservations=entries)
        parts = [bytes.fromhex(mac.replace(":", "")) for mac in macs]
        self.assertEqual(self.client.other(parts[0]).discover().yiaddr, "192.0.2.91")
        for first, second in (parts, parts[::-1]):
            offer = self.client.other(first[3:] + second[:3]).discover(prl=PRL)
            self.assertFalse(offer.yiaddr.startswith("192.0.2.9"))
            self.assertEqual(offer.option(3), OWN)

    def test_by_identifier(self):
        """Reserved for a client id"""
        self.start(reservations={"id:00616263": self.entry})
        self.assertEqual(self.client.discover(client_id=b"\0abc").option(3), RAW)
        self.assertEqual(self.other.discover().option(3), OWN)

    def test_inform(self):
        """RFC 2131 section 4.3.5: it has the address already"""
        ack = self.client.inform("192.0.2.77", prl=PRL)
        self.assertEqual(ack.option(3), RAW)

    def test_at_a_pool_address_too(self):
        """For that device, also while its address is in quarantine"""
        self.client.decline(self.client.dora().yiaddr)
        offer = self.client.discover(prl=PRL)
        self.assertNotEqual(offer.yiaddr, "192.0.2.99")
        self.assertEqual(offer.option(3), RAW)

    def test_short_lease_has_no_times(self):
        """T1 and T2 have no place below 3 s, in the longer list as in the shorter"""
        self.start(lease_s=2, min_lease_s=1, **self.settings)
        for client in (self.client, self.other):
            self.assertEqual(client.discover(prl=PRL).option(58), None)


class Boot(TimelineCase):
    settings = {"next_server": OTHER, "boot_file": "image.bin"}

    def file(self, reply):
        """Return the field `file`, which ends with the first zero."""
        return reply.raw[108:236].split(b"\0")[0]

    def test_fields_of_offer_and_ack(self):
        """'siaddr IP address of next bootstrap server', 'file' (RFC 2131 table 3)"""
        for reply in (self.client.discover(), self.client.dora(), self.client.inform(FIRST)):
            self.assertEqual((reply.siaddr, self.file(reply)), (OTHER, b"image.bin"))

    def test_nak_has_none(self):
        """'siaddr 0', 'file (unused)' in a DHCPNAK (RFC 2131 table 3)"""
        self.client.dora()
        nak = self.client.reboot("198.51.100.9")
        self.assertEqual((nak.kind, nak.siaddr, self.file(nak)), ("NAK", "0.0.0.0", b""))

    def test_option_67_when_asked_for(self):
        """RFC 2132 section 9.5"""
        self.assertEqual(self.client.discover(prl=(67,)).option(67), b"image.bin")
        self.assertEqual(self.client.discover(prl=(1,)).option(67), None)

    def test_options_do_not_use_the_field(self):
        """Options that do not fit go to sname alone (option 52)"""
        self.start(max_message=300, options={"tftp_server": "t" * 50}, **self.settings)
        offer = self.client.discover(prl=(1, 66))
        self.assertEqual((offer.option(52), offer.where(66)), (b"\x02", ["sname"]))
        self.assertEqual(self.file(offer), b"image.bin")

    def test_longest_name_fills_the_field(self):
        """127 bytes and a zero"""
        self.start(boot_file="f" * 127)
        self.assertEqual(self.file(self.client.discover()), b"f" * 127)

    def test_nothing_of_it_by_default(self):
        """A field that is not used is 0"""
        self.start()
        offer = self.client.discover()
        self.assertEqual((offer.siaddr, self.file(offer)), ("0.0.0.0", b""))
