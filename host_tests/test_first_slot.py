"""The first address of the pool: what holds for the others holds for slot 0 as well."""

import builders
from microdhcp import Config, Server
from timeline import FIRST, SERVER, TimelineCase, serve

SECOND = "192.0.2.17"
A, B = b"\xff\0a", b"\xff\0b"


class FirstSlot(TimelineCase):
    def state(self, address=FIRST):
        """Return the state of an address in words."""
        leases = self.server.roster(self.client.clock[0], None)
        return [lease.state for lease in leases if lease.address == address][0]

    def test_offer_that_was_left_for_another_server(self):
        """No other one for a while; the address is free at once"""
        self.client.at(1000).discover(requested=FIRST)
        self.client.request(requested="192.0.2.200", server_id="192.0.2.2")
        self.assertEqual(self.client.at(1029).discover().dropped, "other_server")
        self.assertEqual(self.other.discover(requested=FIRST).yiaddr, FIRST)
        self.assertEqual(self.client.at(1030).discover().kind, "OFFER")

    def test_old_address(self):
        """A client that comes back has it again"""
        self.client.reboot(FIRST)
        self.client.release(FIRST)
        self.assertEqual(self.client.discover().yiaddr, FIRST)

    def test_offer_of_a_device_gives_way_to_its_next_one(self):
        self.start(leases_per_device=1)
        self.client.discover(client_id=A, requested=FIRST)
        self.assertEqual(self.client.discover(client_id=B, requested=SECOND).yiaddr, FIRST)

    def test_offer_of_a_device_gives_way_to_its_old_address(self):
        self.start(leases_per_device=1)
        self.client.reboot(FIRST, client_id=A)
        self.client.release(FIRST, client_id=A)
        self.client.discover(client_id=B, requested=SECOND)
        self.assertEqual(self.client.discover(client_id=A).yiaddr, FIRST)

    def test_lease_of_a_device_gives_way_to_its_next_one(self):
        self.start(leases_per_device=1, pool=(FIRST, FIRST))
        self.server.enable_events()
        self.client.reboot(FIRST, client_id=A)
        self.client.renew(FIRST, client_id=A)
        self.assertEqual(self.client.dora(client_id=B).yiaddr, FIRST)
        kinds = []
        while True:
            event = self.server.next_event()
            if not event:
                break
            kinds.append(event[0])
        self.assertFalse("pool_full" in kinds)

    def test_lease_of_a_device_ends_with_its_next_one(self):
        self.start(leases_per_device=1)
        self.client.reboot(FIRST, client_id=A)
        self.client.dora(client_id=B, requested=SECOND)
        self.assertEqual(self.leased(), {SECOND: "01"})

    def test_renewal_ends_no_other_lease_of_the_device(self):
        """Though it may have fewer now"""
        self.client.reboot(FIRST, client_id=A)
        self.client.dora(client_id=B, requested=SECOND)
        self.change(leases_per_device=1)
        self.assertEqual(self.client.renew(FIRST, client_id=A).kind, "ACK")
        self.assertEqual(self.leased(), {FIRST: "01", SECOND: "01"})

    def test_who_has_it_gets_no_second_one(self):
        for authoritative in (True, False):
            self.start(authoritative=authoritative)
            self.client.dora(requested=FIRST)
            self.assertEqual(self.client.renew(SECOND).kind, "NAK")
            self.assertEqual(self.client.reboot(SECOND).kind, "NAK")

    def test_two_devices_with_one_identifier(self):
        for first, second in ((FIRST, SECOND), (SECOND, FIRST)):
            self.start(pool=(FIRST, SECOND))
            self.client.with_checks()
            self.other = self.client.other(2)
            self.client.dora(client_id=A, requested=first)
            self.client.neighbours[first] = builders.mac_bytes(1)
            self.assertEqual(self.other.dora(client_id=A).yiaddr, second)
            self.assertEqual(self.other.at(100).renew(second, client_id=A).kind, "ACK")

    def test_state_after_a_renewal_or_reboot(self):
        """Of its own address: it is known; of somebody else's old one: it is not"""
        self.client.dora(requested=FIRST)
        self.client.release(FIRST)
        self.client.renew(FIRST)
        self.assertEqual(self.state(), "bound")
        self.client.release(FIRST)
        self.other.renew(FIRST)
        self.assertEqual(self.state(), "adopted")

    def test_lease_that_another_identifier_of_the_device_selects(self):
        """A confirmed one stays whose it is"""
        self.client.dora(client_id=A, requested=FIRST)
        self.assertEqual(self.client.select(FIRST, client_id=B).kind, "NAK")
        self.start()
        self.client.reboot(FIRST, client_id=A)
        self.assertEqual(self.client.select(FIRST, client_id=B).kind, "ACK")

    def test_release_in_the_name_of_another_mac(self):
        """Whatever that MAC begins with"""
        victim = self.client.other(b"\2\0\0\0\0\1")
        victim.reboot(FIRST)
        ident = b"\1\2\0\0\0\0\1"
        self.assertEqual(self.client.release(FIRST, client_id=ident).dropped, "not_yours")


class Fields(TimelineCase):
    def test_server_id_that_ours_overlaps(self):
        """'5.192.0.2', and then option 1"""
        more = ((54, b"\5\xc0\0\2"), (1, b""))
        reply = self.client.request(requested=FIRST, options=more)
        self.assertEqual(reply.dropped, "other_server")

    def test_ciaddr_that_ends_with_zeros(self):
        self.assertEqual(self.client.request(ciaddr="192.0.0.0").kind, "NAK")

    def test_wishes_of_all_sizes(self):
        """Option 51 to the last bit, up to 2**27 s; only all ones are infinite"""
        self.start(max_lease_s=None)
        for wish, granted in (
            (0x01020304, 0x01020304),
            (0x00080001, 0x00080001),
            (0x00FFFFFF, 0x00FFFFFF),
            (0x08000001, 0x08000000),
            (0x7FFFFFFF, 0x08000000),
            (0xFFFFFFFF, 0xFFFFFFFF),
        ):
            packet = builders.message(
                [
                    builders.option(53, b"\1"),
                    builders.option(61, b"\xff\xff\xff\xff\xff"),
                    builders.option(51, wish.to_bytes(4, "big")),
                ]
            )
            self.assertEqual(self.client.send(packet).seconds(51), granted)

    def test_before_the_first_packet(self):
        self.assertIsNone(serve().last_drop)

    def test_buffer_for_replies(self):
        buffer = bytearray(600)
        config = Config(address=SERVER + "/24", pool=(FIRST, SECOND))
        self.assertTrue(Server(config, tx=buffer).tx is buffer)
