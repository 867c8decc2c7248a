"""RFC 2131 section 4.3.2 and table 4: DHCPREQUEST in the four states of a client."""

from microdhcp import CIADDR
from timeline import FIRST, FOREIGN, SERVER, TimelineCase

OTHER_SERVER = "192.0.2.2"
ONE = {"pool": (FIRST, FIRST)}


class Selecting(TimelineCase):
    def test_4_3_2_selecting_our_offer_is_acknowledged(self):
        """'Client inserts the address of the selected server in server identifier'"""
        offer = self.client.discover()
        ack = self.client.select(offer)
        self.assertEqual((ack.kind, ack.yiaddr), ("ACK", offer.yiaddr))

    def test_4_3_2_selecting_other_server_is_silent(self):
        """'Those servers not selected ... use the ... message as notification' (3.1)"""
        offer = self.client.discover()
        self.assertIsNone(self.client.select(offer, server_id=OTHER_SERVER).kind)

    def test_4_3_2_selecting_other_server_frees_the_offer(self):
        """'notification that the client has declined that server's offer' (3.1)"""
        offer = self.client.discover()
        self.client.select("192.0.2.77", server_id=OTHER_SERVER)
        self.assertEqual(self.other.discover(requested=offer.yiaddr).yiaddr, offer.yiaddr)

    def test_4_3_2_selecting_other_server_keeps_a_binding(self):
        """Design: another server's: silence, an OFFERED slot is freed; a lease is not."""
        address = self.client.dora().yiaddr
        self.client.at(10).select("192.0.2.77", server_id=OTHER_SERVER)
        self.assertNotEqual(self.other.discover(requested=address).yiaddr, address)

    def test_4_3_2_selecting_other_server_is_silent_for_strangers(self):
        """Not our exchange: the ESP32's own server NAKs here, which breaks other networks."""
        self.assertIsNone(self.client.select(FOREIGN, server_id=OTHER_SERVER).kind)

    def test_4_3_2_selecting_after_the_hold_is_acknowledged_while_free(self):
        """Design: ACK, also after the hold ended while the address is still free."""
        offer = self.client.discover()
        self.assertEqual(self.client.at(100).select(offer).kind, "ACK")

    def test_4_3_2_selecting_after_the_hold_is_refused_when_taken(self):
        """'unable to satisfy the DHCPREQUEST message ... SHOULD respond with a DHCPNAK' (3.1)"""
        offer = self.client.discover()
        self.other.at(31).dora(requested=offer.yiaddr)
        self.assertEqual(self.client.at(40).select(offer).kind, "NAK")

    def test_4_3_2_selecting_another_address_than_offered_is_refused(self):
        """'requested IP address MUST be filled in with the yiaddr value from the ... DHCPOFFER'"""
        self.client.discover(requested="192.0.2.20")
        self.assertEqual(self.client.select("192.0.2.21").kind, "NAK")

    def test_4_3_2_selecting_an_address_of_another_client_is_refused(self):
        """'e.g., the requested network address has been allocated' (3.1)"""
        taken = self.other.dora().yiaddr
        self.assertEqual(self.client.select(taken).kind, "NAK")

    def test_4_3_2_selecting_an_address_outside_the_pool_is_refused(self):
        """'If the selected server is unable to satisfy the DHCPREQUEST' (3.1)"""
        self.assertEqual(self.client.select("192.0.2.100").kind, "NAK")

    def test_4_3_2_selecting_without_offer_is_acknowledged_when_free(self):
        """Design: unknown client, address in our pool and free: adopt (heals a lost table)."""
        self.assertEqual(self.client.select("192.0.2.20").kind, "ACK")

    def test_4_3_2_refused_client_can_start_again(self):
        """'If the client receives a DHCPNAK message, the client restarts' (3.1)"""
        self.client.select("192.0.2.100")
        self.assertEqual(self.client.at(1).dora().kind, "ACK")

    def test_4_3_2_nothing_to_go_by_is_silent(self):
        """Table 4: each state fills in 50, 54 or ciaddr; a REQUEST with none of them is none."""
        self.assertIsNone(self.client.request().kind)


class InitReboot(TimelineCase):
    def test_4_3_2_init_reboot_known_client_is_acknowledged(self):
        """'filled in with client's notion of its previously assigned address'"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.at(50).reboot(address).kind, "ACK")

    def test_4_3_2_init_reboot_wrong_network_is_refused(self):
        """'SHOULD send a DHCPNAK message ... if the requested IP address ... wrong network'"""
        self.assertEqual(self.client.reboot(FOREIGN).kind, "NAK")

    def test_4_3_2_init_reboot_wrong_network_is_refused_for_known_clients(self):
        """'detects that the client is on the wrong net ... SHOULD send a DHCPNAK message'"""
        self.client.dora()
        self.assertEqual(self.client.reboot(FOREIGN).kind, "NAK")

    def test_4_3_2_init_reboot_wrong_address_of_known_client_is_refused(self):
        """'if the client's notion of its IP address is correct ... If not, ... DHCPNAK'"""
        self.client.dora(requested="192.0.2.20")
        self.assertEqual(self.client.reboot("192.0.2.21").kind, "NAK")

    def test_4_3_2_init_reboot_unknown_client_is_adopted(self):
        """Design: authoritative: unknown client, address in our pool and free: ACK."""
        ack = self.client.reboot("192.0.2.20")
        self.assertEqual((ack.kind, ack.yiaddr), ("ACK", "192.0.2.20"))

    def test_4_3_2_init_reboot_adopted_address_is_not_given_away(self):
        """Design: adopted is leased."""
        self.client.reboot("192.0.2.20")
        self.assertNotEqual(self.other.discover(requested="192.0.2.20").yiaddr, "192.0.2.20")

    def test_4_3_2_init_reboot_taken_address_is_refused(self):
        """Design: address taken: NAK."""
        taken = self.other.dora().yiaddr
        self.assertEqual(self.client.reboot(taken).kind, "NAK")

    def test_4_3_2_init_reboot_refused_client_leaves_the_owner_alone(self):
        """'the requested network address has been allocated': it stays so"""
        taken = self.other.dora().yiaddr
        self.client.reboot(taken)
        self.assertEqual(self.other.at(9).renew(taken).kind, "ACK")

    def test_4_3_2_init_reboot_address_outside_the_pool_is_refused(self):
        """Design: not ours: NAK."""
        self.assertEqual(self.client.reboot("192.0.2.100").kind, "NAK")

    def test_4_3_2_init_reboot_expired_binding_is_acknowledged(self):
        """'The client's previous address ... not already allocated' (4.3.1)"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.at(9999).reboot(address).kind, "ACK")

    def test_4_3_2_init_reboot_expired_and_given_away_is_refused(self):
        """'if the client's notion of its IP address is correct ... If not, ... DHCPNAK'"""
        address = self.client.dora().yiaddr
        self.other.at(5000).dora(requested=address)
        self.assertEqual(self.client.at(5001).reboot(address).kind, "NAK")

    def test_4_3_2_init_reboot_released_binding_is_acknowledged(self):
        """'SHOULD retain a record of the client's initialization parameters' (4.3.4)"""
        address = self.client.dora().yiaddr
        self.client.release(address)
        self.assertEqual(self.client.at(9).reboot(address).kind, "ACK")

    def test_4_3_2_init_reboot_declined_address_is_refused(self):
        """'The server MUST mark the network address as not available' (4.3.3)"""
        address = self.client.dora().yiaddr
        self.client.decline(address)
        self.assertEqual(self.client.at(9).reboot(address).kind, "NAK")

    def test_4_3_2_init_reboot_of_a_reserved_client_is_acknowledged(self):
        """'manual allocation' (1): the address is the client's without an earlier exchange"""
        self.start(reservations={"00:00:5e:00:53:01": "192.0.2.100"})
        self.assertEqual(self.client.reboot("192.0.2.100").kind, "ACK")

    def test_4_3_2_init_reboot_to_a_reserved_address_is_refused_for_others(self):
        """'manual allocation' (1): the address is another client's"""
        self.start(reservations={"00:00:5e:00:53:01": "192.0.2.20"})
        self.assertEqual(self.other.reboot("192.0.2.20").kind, "NAK")


class Renewing(TimelineCase):
    def test_4_3_2_renewing_is_acknowledged(self):
        """'ciaddr MUST be filled in with client's IP address': no 50, no 54 (table 4)"""
        address = self.client.dora().yiaddr
        ack = self.client.at(1800).renew(address)
        self.assertEqual((ack.kind, ack.yiaddr), ("ACK", address))

    def test_4_3_2_renewing_is_answered_by_unicast(self):
        """'will trust the value in ciaddr, and use it when replying to the client'"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.renew(address).to, CIADDR)

    def test_4_3_2_renewing_extends_the_lease(self):
        """'trying to extend its lease': from the time of the renewal"""
        self.start(**ONE)
        self.client.dora()
        self.client.at(3000).renew(FIRST)
        self.assertIsNone(self.other.at(6500).discover().kind)

    def test_4_3_2_renewed_lease_ends(self):
        """'(now expired or released) binding' (4.3.1): the new time counts from the renewal"""
        self.start(**ONE)
        self.client.dora()
        self.client.at(3000).renew(FIRST)
        self.assertEqual(self.other.at(6601).discover().kind, "OFFER")

    def test_4_3_2_renewing_twice_is_acknowledged_twice(self):
        """A lost ACK: the client repeats its REQUEST (4.4.5)."""
        address = self.client.dora().yiaddr
        first = self.client.at(1800).renew(address)
        again = self.client.at(1860).renew(address)
        self.assertEqual((first.kind, again.kind), ("ACK", "ACK"))

    def test_4_3_2_renewing_wrong_address_of_known_client_is_refused(self):
        """'The DHCP server SHOULD check ciaddr for correctness before replying'"""
        self.client.dora(requested="192.0.2.20")
        self.assertEqual(self.client.renew("192.0.2.21").kind, "NAK")

    def test_4_3_2_renewing_from_another_network_is_refused(self):
        """'The DHCP server SHOULD check ciaddr for correctness before replying'"""
        self.assertEqual(self.client.renew(FOREIGN).kind, "NAK")

    def test_4_3_2_renewing_with_our_own_address_is_refused(self):
        """'The DHCP server SHOULD check ciaddr for correctness before replying'"""
        self.assertEqual(self.client.renew(SERVER).kind, "NAK")

    def test_4_3_2_renewing_a_taken_address_is_refused(self):
        """'The DHCP server SHOULD check ciaddr for correctness before replying'"""
        taken = self.other.dora().yiaddr
        self.assertEqual(self.client.renew(taken).kind, "NAK")

    def test_4_3_2_renewing_unknown_client_is_adopted(self):
        """Design: a lost table heals: unknown client, address in our pool and free: ACK."""
        ack = self.client.renew("192.0.2.20")
        self.assertEqual((ack.kind, ack.yiaddr), ("ACK", "192.0.2.20"))

    def test_4_3_2_rebinding_an_expired_binding_is_acknowledged(self):
        """'The client's previous address ... not already allocated' (4.3.1)"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.at(5000).renew(address).kind, "ACK")

    def test_4_3_2_rebinding_after_the_address_was_given_away_is_refused(self):
        """'The DHCP server SHOULD check ciaddr for correctness before replying'"""
        address = self.client.dora().yiaddr
        self.other.at(5000).dora(requested=address)
        self.assertEqual(self.client.at(5001).renew(address).kind, "NAK")

    def test_4_3_2_rebinding_with_broadcast_flag_is_acknowledged(self):
        """'This message MUST be broadcast' by the client; the answer is the same"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.at(3200).renew(address, broadcast=True).kind, "ACK")

    def test_4_3_2_renewing_through_a_relay_is_acknowledged(self):
        """'If the giaddr field ... is non-zero': 4.1; a rebinding client behind a relay"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.renew(address, giaddr="192.0.2.9").kind, "ACK")


class NotAuthoritative(TimelineCase):
    settings = {"authoritative": False}

    def test_4_3_2_without_record_init_reboot_is_silent(self):
        """'If the DHCP server has no record of this client, then it MUST remain silent'"""
        self.assertIsNone(self.client.reboot("192.0.2.20").kind)

    def test_4_3_2_without_record_wrong_network_is_silent(self):
        """Design: authoritative=False: a client without record gets silence in every case."""
        self.assertIsNone(self.client.reboot(FOREIGN).kind)

    def test_4_3_2_without_record_renewing_is_silent(self):
        """'it MUST remain silent'; design: in every case"""
        self.assertIsNone(self.client.renew("192.0.2.20").kind)

    def test_4_3_2_known_client_naming_a_free_address_gets_nak(self):
        """'If the client's notion of its IP address is not correct, then the server SHOULD' NAK"""
        address = self.client.dora().yiaddr
        self.client.release(address)
        free = "192.0.2.20" if address != "192.0.2.20" else "192.0.2.21"
        self.assertEqual(self.client.reboot(free).kind, "NAK")

    def test_4_3_2_without_record_selecting_us_is_acknowledged(self):
        """'the client's selection of this server': our name in it shows that we made the offer"""
        self.assertEqual(self.client.select("192.0.2.20").kind, "ACK")

    def test_4_3_2_silence_is_counted(self):
        """'and MAY output a warning to the network administrator': counted and named"""
        reply = self.client.reboot("192.0.2.20")
        self.assertTrue(reply.dropped is not None and reply.counted == 1)

    def test_4_3_2_known_client_is_acknowledged(self):
        """'if the client's notion of its IP address is correct'"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.reboot(address).kind, "ACK")

    def test_4_3_2_known_client_with_a_wrong_address_is_refused(self):
        """'if the client's notion of its IP address is correct ... If not, ... DHCPNAK'"""
        self.client.dora(requested="192.0.2.20")
        self.assertEqual(self.client.reboot("192.0.2.21").kind, "NAK")

    def test_4_3_2_known_client_on_the_wrong_network_is_refused(self):
        """'detects that the client is on the wrong net ... SHOULD send a DHCPNAK'"""
        self.client.dora()
        self.assertEqual(self.client.renew(FOREIGN).kind, "NAK")

    def test_4_3_1_discover_is_answered(self):
        """Authority concerns REQUESTs only."""
        self.assertEqual(self.client.discover().kind, "OFFER")
