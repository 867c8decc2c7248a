"""RFC 2131 section 2 and table 1: the fields of a message."""

from builders import COOKIE, of_type
from microdhcp import BROADCAST, CLIENT
from timeline import SERVER, TimelineCase


class MessageFields(TimelineCase):
    def test_2_op_of_a_reply_is_bootreply(self):
        """'Message op code / message type. 1 = BOOTREQUEST, 2 = BOOTREPLY' (table 1)"""
        self.assertEqual(self.client.discover().raw[0], 2)

    def test_2_hardware_type_and_length_are_the_clients(self):
        """'htype: Hardware address type', 'hlen: Hardware address length' (table 1)"""
        self.assertEqual(self.client.discover().raw[1:3], b"\x01\x06")

    def test_2_hops_of_a_reply_are_zero(self):
        """'hops: Client sets to zero, optionally used by relay agents' (table 1); table 3: 0"""
        reply = self.client.discover(hops=3, giaddr="192.0.2.9")
        self.assertEqual(reply.raw[3], 0)

    def test_2_transaction_id_comes_back(self):
        """'xid: Transaction ID, a random number chosen by the client' (table 1)"""
        reply = self.client.discover(xid=b"\xf0\x0d\x80\x01")
        self.assertEqual(reply.raw[4:8], b"\xf0\x0d\x80\x01")

    def test_2_transaction_id_of_the_request_comes_back_in_the_ack(self):
        """'xid from client DHCPREQUEST message' (table 3)"""
        offer = self.client.discover(xid=b"\x01\x02\x03\x04")
        ack = self.client.select(offer, xid=b"\xff\xfe\xfd\xfc")
        self.assertEqual(ack.raw[4:8], b"\xff\xfe\xfd\xfc")

    def test_2_seconds_of_a_reply_are_zero(self):
        """'secs: 0' in every reply (table 3)"""
        self.assertEqual(self.client.discover(secs=0x1234).raw[8:10], b"\x00\x00")

    def test_2_broadcast_flag_is_the_leftmost_bit(self):
        """'The leftmost bit is defined as the BROADCAST (B) flag.' (section 2)"""
        self.assertEqual(self.client.discover(flags=b"\x80\x00").to, BROADCAST)

    def test_2_bit_128_is_not_the_broadcast_flag(self):
        """'The remaining bits ... are reserved for future use' (section 2): 0x0080 is one"""
        self.assertEqual(self.client.discover(flags=b"\x00\x80").to, CLIENT)

    def test_2_reserved_flags_alone_do_not_broadcast(self):
        """'They MUST be set to zero by clients and ignored by servers' (section 2)"""
        self.assertEqual(self.client.discover(flags=b"\x7f\xff").to, CLIENT)

    def test_2_broadcast_flag_comes_back(self):
        """'flags: flags from client DHCPDISCOVER message' (table 3)"""
        self.assertEqual(self.client.discover(broadcast=True).flags & 0x8000, 0x8000)

    def test_2_cleared_broadcast_flag_stays_cleared(self):
        """'flags: flags from client DHCPDISCOVER message' (table 3)"""
        self.assertEqual(self.client.discover().flags & 0x8000, 0)

    def test_2_client_hardware_address_comes_back(self):
        """'chaddr: chaddr from client DHCPDISCOVER message' (table 3)"""
        self.assertEqual(self.client.discover().raw[28:34], b"\x00\x00\x5e\x00\x53\x01")

    def test_2_hardware_address_of_16_bytes_comes_back_whole(self):
        """'chaddr: 16: Client hardware address' (table 1)"""
        long = bytes(range(2, 18))
        reply = self.client.discover(htype=20, chaddr=long)
        self.assertEqual(reply.raw[28:44], long)

    def test_2_options_begin_with_the_magic_cookie(self):
        """'The first four octets of the options field ... 99, 130, 83 and 99' (section 3)"""
        self.assertEqual(self.client.discover().raw[236:240], COOKIE)

    def test_2_without_overload_sname_and_file_are_empty(self):
        """'sname: Server host name or options' (table 3); we have neither, nor a file"""
        self.assertEqual(self.client.discover().raw[44:236], bytes(192))

    def test_2_message_of_576_bytes_is_understood(self):
        """'a message of up to 576 octets, the minimum IP datagram size' (section 2)"""
        reply = self.client.send(of_type(1, pad_to=576))
        self.assertEqual(reply.kind, "OFFER")

    def test_2_every_reply_carries_a_message_type(self):
        """'DHCP message type ... must be included in every DHCP message' (section 3)"""
        offer = self.client.discover()
        ack = self.client.select(offer)
        nak = self.other.reboot(SERVER)
        self.assertEqual([r.option(53) for r in (offer, ack, nak)], [b"\x02", b"\x05", b"\x06"])
