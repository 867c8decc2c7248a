"""RFC 2131 section 4.3.1: DHCPDISCOVER and the choice of an address."""

from timeline import FOREIGN, SERVER, Client, TimelineCase, serve


class Choice(TimelineCase):
    def test_4_3_1_offer_is_from_the_pool(self):
        """'A new address allocated from the server's pool of available addresses'"""
        host = int(self.client.discover().yiaddr.split(".")[3])
        self.assertTrue(16 <= host <= 31)

    def test_4_3_1_current_binding_is_offered_again(self):
        """'The client's current address as recorded in the client's current binding'"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.at(60).discover().yiaddr, address)

    def test_4_3_1_current_binding_counts_more_than_the_requested_address(self):
        """'The client's current address ..., ELSE ... The address requested'"""
        address = self.client.dora(requested="192.0.2.20").yiaddr
        self.assertEqual(self.client.discover(requested="192.0.2.21").yiaddr, address)

    def test_4_3_1_expired_binding_is_offered_again(self):
        """'The client's previous address as recorded in the client's (now expired ...) binding'"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.at(5000).discover().yiaddr, address)

    def test_4_3_1_released_binding_is_offered_again(self):
        """'The client's previous address as recorded in the client's (... released) binding'"""
        address = self.client.dora().yiaddr
        self.client.release(address)
        self.assertEqual(self.client.at(10).discover().yiaddr, address)

    def test_4_3_1_previous_address_that_is_taken_is_not_offered(self):
        """'if that address is in the server's pool ... and not already allocated'"""
        address = self.client.dora().yiaddr
        self.client.release(address)
        self.other.dora(requested=address)
        self.assertNotEqual(self.client.discover().yiaddr, address)

    def test_4_3_1_requested_address_is_offered_when_free(self):
        """'The address requested in the Requested IP Address option, if ... valid and not ...'"""
        self.assertEqual(self.client.discover(requested="192.0.2.27").yiaddr, "192.0.2.27")

    def test_4_3_1_requested_address_of_a_bound_client_is_not_offered(self):
        """'if that address is valid and not already allocated'"""
        taken = self.other.dora().yiaddr
        self.assertNotEqual(self.client.discover(requested=taken).yiaddr, taken)

    def test_4_3_1_requested_address_that_is_offered_elsewhere_is_not_offered(self):
        """'the server SHOULD NOT reuse the selected network address before the client responds'"""
        held = self.other.discover().yiaddr
        self.assertNotEqual(self.client.discover(requested=held).yiaddr, held)

    def test_4_3_1_requested_address_outside_the_pool_is_not_offered(self):
        """'if that address is valid': .100 is in the subnet, not in the pool"""
        offer = self.client.discover(requested="192.0.2.100")
        self.assertTrue(offer.kind == "OFFER" and offer.yiaddr != "192.0.2.100")

    def test_4_3_1_requested_address_of_another_network_is_not_offered(self):
        """'if that address is valid'"""
        offer = self.client.discover(requested=FOREIGN)
        self.assertTrue(offer.kind == "OFFER" and offer.yiaddr != FOREIGN)

    def test_4_3_1_requested_address_of_the_server_is_not_offered(self):
        """'if that address is valid'"""
        offer = self.client.discover(requested=SERVER)
        self.assertTrue(offer.kind == "OFFER" and offer.yiaddr != SERVER)

    def test_4_3_1_two_clients_get_different_offers(self):
        """'any specific network address will not be in use by more than one DHCP client' (1.6)"""
        self.assertNotEqual(self.client.discover().yiaddr, self.other.discover().yiaddr)

    def test_4_3_1_repeated_discover_gets_the_same_offer(self):
        """Design: the offer is held; a repeated DISCOVER gets the same offer."""
        first = self.client.discover()
        again = self.client.at(4).discover(secs=4)
        self.assertEqual(again.yiaddr, first.yiaddr)

    def test_4_3_1_new_client_gets_a_never_used_address_first(self):
        """Design: 'never used' comes before 'oldest expired or released'."""
        self.start(pool=("192.0.2.16", "192.0.2.17"))
        address = self.client.dora().yiaddr
        self.client.release(address)
        self.assertNotEqual(self.other.at(10).discover().yiaddr, address)

    def test_4_3_1_oldest_released_address_is_reused_first(self):
        """Design: then the oldest expired or released one."""
        self.start(pool=("192.0.2.16", "192.0.2.17"))
        mine, others = self.client.dora().yiaddr, self.other.dora().yiaddr
        self.other.at(10).release(others)
        self.client.at(20).release(mine)
        self.assertEqual(self.client.other(3).at(30).discover().yiaddr, others)

    def test_4_3_1_oldest_expired_address_is_reused_first(self):
        """Design: then the oldest expired or released one."""
        self.start(pool=("192.0.2.16", "192.0.2.17"))
        mine = self.client.dora().yiaddr
        self.other.at(100).dora()
        self.assertEqual(self.client.other(3).at(9000).discover().yiaddr, mine)

    def test_4_3_1_full_pool_is_silent(self):
        """'If no address is available, the server may choose to report the problem': no NAK"""
        self.crowd(16)
        self.assertIsNone(self.client.discover().kind)

    def test_4_3_1_full_pool_is_counted(self):
        """Design: every silence is counted and named."""
        self.crowd(16)
        reply = self.client.discover()
        self.assertTrue(reply.dropped is not None and reply.counted == 1)

    def test_4_3_1_full_pool_still_answers_its_own_clients(self):
        """'The client's current address as recorded in the client's current binding'"""
        given = self.crowd(16)
        self.assertEqual(self.client.other(0x80).at(60).discover().yiaddr, given[0])

    def test_4_3_1_same_client_starts_at_the_same_address_without_a_table(self):
        """Design: start slot by hash of the key, sticky even after a reboot without storage."""
        self.assertEqual(Client(serve()).discover().yiaddr, self.client.discover().yiaddr)

    def test_4_3_1_discover_gives_no_lease(self):
        """'Servers need not reserve the offered network address' (3.1): held, not leased"""
        address = self.client.discover().yiaddr
        self.other.at(40).dora(requested=address)
        self.assertEqual(self.client.at(41).select(address).kind, "NAK")


class ClientKey(TimelineCase):
    def test_4_2_client_identifier_is_the_key(self):
        """'the server MUST use that identifier to identify the client' (4.2)"""
        address = self.client.dora(client_id=b"\x00laptop").yiaddr
        self.assertEqual(self.other.discover(client_id=b"\x00laptop").yiaddr, address)

    def test_4_2_other_identifier_on_the_same_hardware_is_another_client(self):
        """'the server MUST use that identifier to identify the client' (4.2)"""
        address = self.client.dora(client_id=b"\x00one").yiaddr
        self.assertNotEqual(self.client.discover(client_id=b"\x00two").yiaddr, address)

    def test_4_2_hardware_address_is_the_key_without_identifier(self):
        """'the server MUST use the contents of the chaddr field to identify the client' (4.2)"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.at(9).discover(xid=7).yiaddr, address)

    def test_4_2_identifier_of_type_1_with_the_mac_equals_the_mac(self):
        """Design: `01` + MAC in option 61 equals the MAC, as boot loader and system differ."""
        address = self.client.dora().yiaddr
        offer = self.client.discover(client_id=b"\x01\x00\x00\x5e\x00\x53\x01")
        self.assertEqual(offer.yiaddr, address)

    def test_4_2_hardware_type_is_part_of_the_key(self):
        """Design: the key is option 61, else htype + chaddr."""
        address = self.client.dora().yiaddr
        self.assertNotEqual(self.client.discover(htype=6).yiaddr, address)

    def test_4_2_long_identifiers_that_differ_in_the_last_byte_are_two(self):
        """'The client identifier ... MUST be unique': it is opaque, every byte counts (4.2)"""
        long = b"\xff" + b"x" * 40
        address = self.client.dora(client_id=long + b"1").yiaddr
        self.assertNotEqual(self.other.discover(client_id=long + b"2").yiaddr, address)

    def test_4_2_identifiers_of_different_length_are_two(self):
        """'an opaque key, not to be interpreted by the server' (2132 9.14)"""
        address = self.client.dora(client_id=b"\x00ab").yiaddr
        self.assertNotEqual(self.other.discover(client_id=b"\x00ab\x00").yiaddr, address)


class Reservation(TimelineCase):
    settings = {"reservations": {"00:00:5e:00:53:01": "192.0.2.100"}}

    def test_4_3_1_reserved_address_is_offered(self):
        """'manual allocation, a client's IP address is assigned by the ... administrator' (1)"""
        self.assertEqual(self.client.discover().yiaddr, "192.0.2.100")

    def test_4_3_1_reserved_address_counts_more_than_the_requested_one(self):
        """Design: reservation first."""
        self.assertEqual(self.client.discover(requested="192.0.2.20").yiaddr, "192.0.2.100")

    def test_4_3_1_reserved_address_is_not_given_to_others(self):
        """'manual allocation': the address belongs to that client"""
        self.assertNotEqual(self.other.discover(requested="192.0.2.100").yiaddr, "192.0.2.100")

    def test_4_3_1_reserved_address_inside_the_pool_is_not_given_to_others(self):
        """'manual allocation': the address belongs to that client"""
        self.start(
            pool=("192.0.2.16", "192.0.2.17"),
            reservations={"00:00:5e:00:53:01": "192.0.2.16"},
        )
        self.other.dora()
        self.assertIsNone(self.client.other(3).discover(requested="192.0.2.16").kind)

    def test_4_3_1_reservation_by_mac_holds_with_an_identifier(self):
        """Design: reservations by MAC hold whatever the client's id is."""
        self.assertEqual(self.client.discover(client_id=b"\x00phone").yiaddr, "192.0.2.100")

    def test_4_3_1_reservation_by_mac_holds_whatever_the_identifier(self):
        """A boot loader, then the system: the second identifier takes the address over"""
        self.client.dora(client_id=b"\x00boot")
        offer = self.client.discover(client_id=b"\x00system")
        self.assertEqual(offer.yiaddr, "192.0.2.100")
        self.assertEqual(self.client.renew("192.0.2.100", client_id=b"\x00boot").kind, "ACK")
        self.assertEqual(self.client.select(offer, client_id=b"\x00system").kind, "ACK")
        for name in (b"\x00initramfs", b"\x00networkd"):
            self.assertEqual(self.client.reboot("192.0.2.100", client_id=name).kind, "ACK")
            self.assertEqual(self.client.renew("192.0.2.100", client_id=name).kind, "ACK")

    def test_4_3_1_reserved_address_is_leased_when_the_pool_is_full(self):
        """Design: reservations outside the pool get slots of their own."""
        self.crowd(16)
        self.assertEqual(self.client.dora().yiaddr, "192.0.2.100")
