"""The lease table: which slot a client gets, and what is whose."""

import invariants
from timeline import FIRST, Client, TimelineCase, serve

MAC = "00:00:5e:00:53:01"
PAIR = (FIRST, "192.0.2.17")


class Choice(TimelineCase):
    def test_the_same_address_after_a_restart_without_storage(self):
        """These numbers stay: an update of the firmware shall move nobody"""
        self.start(pool=("192.0.2.2", "192.0.2.250"))
        for mac, ident, last in (
            (1, None, 85),
            (0xFE, None, 92),
            (b"\x28\xcd\xc1\x0a\x0b\x0c", None, 142),
            (b"\xdc\xa6\x32\x9e\x71\x05", None, 215),
            (1, b"\xff\x01\x02", 49),
            (2, b"\0abc", 10),
            (3, b"\xffprinter", 3),
            (4, bytes(range(40)), 134),
        ):
            offer = self.client.other(mac).discover(client_id=ident)
            self.assertEqual(offer.yiaddr, "192.0.2.{}".format(last))

    def test_order_in_which_a_pool_fills(self):
        """From the slot that the key points at, upwards"""
        found = [int(address.split(".")[3]) for address in self.crowd(16)]
        wanted = [25, 24, 27, 26, 29, 28, 31, 30, 17, 16, 19, 18, 21, 20, 23, 22]
        self.assertEqual(found, wanted)

    def test_never_used_before_released(self):
        """Wherever the key points at, and though it was released when the clock began"""
        for number in range(16):
            self.start()
            addresses = self.crowd(16)
            first, second = addresses[number], addresses[(number + 5) % 16]
            self.start()
            for mac, address in enumerate(addresses):
                if address != first:
                    self.client.other(0x80 + mac).reboot(address)
            mac = 0x80 + addresses.index(second)
            self.client.other(mac).release(second)
            self.assertEqual(self.client.discover().yiaddr, first)

    def test_lease_that_ended_longest_ago(self):
        """Not the one that was made first"""
        self.start(pool=PAIR)
        self.client.reboot(FIRST, lease_s=7200)
        self.other.reboot(PAIR[1], lease_s=60)
        third = self.client.other(3).at(8000)
        self.assertEqual(third.discover().yiaddr, PAIR[1])

    def test_of_two_that_ended_together_the_first_to_be_made(self):
        for first, second in (PAIR, (PAIR[1], PAIR[0])):
            self.start(pool=PAIR)
            self.client.reboot(first)
            self.other.reboot(second)
            third = self.client.other(3).at(8000)
            self.assertEqual(third.discover().yiaddr, first)

    def test_an_offer_gives_way_before_an_unconfirmed_lease(self):
        """Though the lease ends sooner"""
        for offered, leased in (PAIR, (PAIR[1], PAIR[0])):
            self.start(pool=PAIR)
            self.client.reboot(leased, lease_s=100)
            self.other.at(90).discover(requested=offered)
            self.assertEqual(self.client.other(3).discover().yiaddr, offered)

    def test_address_in_quarantine_is_the_last_resort(self):
        """After a moment, and a fresh check"""
        self.start(pool=PAIR)
        self.client.with_checks()
        for address in PAIR:
            self.client.neighbours[address] = b"\2\0\0\0\0\1"
        self.assertEqual(self.client.discover().kind, None)
        self.client.neighbours.clear()
        self.assertEqual(self.client.at(29).discover().kind, None)
        self.assertEqual(self.client.at(30).discover().kind, "OFFER")


class Keys(TimelineCase):
    def test_macs_that_look_like_each_other(self):
        """A row of the table is read at its beginning only, and to its end"""
        shifted, other = b"\0\2\1\0\3\4", b"\2\1\0\3\4\0"
        self.client.other(shifted).reboot(FIRST)
        self.client.reboot("192.0.2.17")
        self.assertEqual(self.client.other(other).renew(FIRST).kind, "NAK")
        self.assertEqual(self.client.other(other).reboot(FIRST).kind, "NAK")
        self.assertEqual(self.client.other(other).release(FIRST).dropped, "not_yours")

    def test_key_that_the_bytes_of_two_others_repeat(self):
        """It is found where it stands: here its lease, beside an offer of another address"""
        mac = b"\0\0\x5e\2\3\4"
        self.client.other(mac).reboot("192.0.2.17")
        self.client.other(b"\2\2\2\0\0\x5e").reboot("192.0.2.18")
        self.client.other(b"\2\3\4\2\2\2").reboot("192.0.2.19")
        key = "00:00:5e:02:03:04"
        self.change(pool=(FIRST, "192.0.2.31"), reservations={key: FIRST})
        self.assertEqual(self.client.other(mac).discover().yiaddr, FIRST)
        lease = self.server.find(key, 0)
        self.assertEqual((lease.address, lease.state), ("192.0.2.17", "adopted"))
        self.assertEqual(self.client.other(mac).select(FIRST).kind, "ACK")
        self.assertIsNone(self.leased().get("192.0.2.17"))

    def test_identifiers_of_any_digest_leave_their_old_address(self):
        """A client has one address, whatever its key begins with"""
        ident = b"\xffid02480"  # whose digest begins like the mark of nobody's slot
        self.client.dora(client_id=ident)
        self.change(pool=PAIR, reservations={"id:ff69643032343830": "192.0.2.30"})
        self.client.dora(client_id=ident)
        self.assertEqual(self.leased(), {"192.0.2.30": "01"})
        invariants.check(self.server.leases)

    def test_reboot_into_the_reserved_address_ends_the_old_lease(self):
        self.start(pool=PAIR)
        self.client.reboot(FIRST)
        self.change(pool=PAIR, reservations={MAC: "192.0.2.30"})
        self.assertEqual(self.client.reboot("192.0.2.30").kind, "ACK")
        self.assertEqual(self.leased(), {"192.0.2.30": "01"})

    def test_offer_beside_a_lease_ends_without_a_trace(self):
        """By its time, and by the program"""
        for address in PAIR:
            for by_program in (False, True):
                self.start(pool=PAIR)
                self.client.reboot(address)
                self.change(pool=PAIR, reservations={MAC: "192.0.2.30"})
                self.assertEqual(self.client.discover().yiaddr, "192.0.2.30")
                if by_program:
                    self.assertTrue(self.server.release("192.0.2.30", 0))
                self.server.leases.end_due(31)
                invariants.check(self.server.leases)
                self.assertEqual(self.leased(), {address: "01"})

    def test_same_client_with_a_new_network_card_renews(self):
        """It is no new lease: it need not be stored at once"""
        ident = b"\0abc"
        self.client.dora(client_id=ident)
        self.server.leases.changed = 0
        self.other.dora(client_id=ident)
        self.assertEqual(self.server.leases.changed, 0)

    def test_addresses_of_any_network(self):
        """All four bytes, where the host asks which address to check"""
        server = serve(address="10.77.3.1/24", pool=("10.77.3.10", "10.77.3.12"))
        client = Client(server).with_checks()
        offer = client.discover()
        self.assertEqual(client.probes, [offer.yiaddr])
