"""What one client, or a flood of them, can take from the others (design: limits, floods)."""

from timeline import FIRST, TimelineCase

RAPID = {"options": [(80, b"")]}


def identity(index):
    """Return a client identifier of its own for each index."""
    return b"\x00id" + bytes([0x30 + index])


class SlotsPerHardwareAddress(TimelineCase):
    def bind(self, count):
        """Bind `count` identifiers of one hardware address; return their addresses."""
        return [self.client.dora(client_id=identity(i)).yiaddr for i in range(count)]

    def free_beside(self, taken):
        """Return an address of the pool that is not among these."""
        some = ("192.0.2.17", "192.0.2.18", "192.0.2.19", "192.0.2.20")
        return [address for address in some if address not in taken][0]

    def test_three_identifiers_of_one_chaddr_are_served(self):
        """Design: at most 3 live slots per chaddr."""
        self.assertEqual(len(set(self.bind(3))), 3)

    def test_fourth_identifier_of_one_chaddr_is_served(self):
        """No client is locked out: the lease that was confirmed least recently ends"""
        addresses = self.bind(3)
        self.client.renew(addresses[0], client_id=identity(0))
        fourth = self.client.dora(client_id=identity(3)).yiaddr
        self.assertEqual(sorted(self.leased()), sorted([addresses[0], addresses[2], fourth]))

    def test_an_offer_ends_no_lease(self):
        """A lease ends when another one begins, not before"""
        addresses = self.bind(3)
        for i in range(3, 9):
            self.assertEqual(self.client.discover(client_id=identity(i)).kind, "OFFER")
        self.assertEqual(sorted(self.leased()), sorted(addresses))

    def test_fourth_identifier_is_served_by_any_request(self):
        """INIT-REBOOT and SELECTING end a lease of the same device, too"""
        for send in (self.client.reboot, self.client.select):
            self.start()
            addresses = self.bind(3)
            free = self.free_beside(addresses)
            self.client.server = self.server
            reply = getattr(self.client, send.__name__)(free, client_id=identity(3))
            self.assertEqual(reply.kind, "ACK")
            self.assertEqual(sorted(self.leased()), sorted(addresses[1:] + [free]))

    def test_fourth_identifier_when_the_pool_is_full(self):
        """It gets the address of the lease that gives way, when it takes it"""
        self.start(pool=("192.0.2.16", "192.0.2.18"))
        addresses = self.bind(3)
        offer = self.client.discover(client_id=identity(3))
        self.assertEqual(offer.yiaddr, addresses[0])
        self.assertEqual(self.client.renew(addresses[1], client_id=identity(1)).kind, "ACK")
        self.assertEqual(self.client.select(offer, client_id=identity(3)).kind, "ACK")
        self.assertEqual(self.client.renew(addresses[0], client_id=identity(0)).kind, "NAK")

    def test_the_limit_is_a_setting(self):
        """A repeater with many clients behind one chaddr raises it"""
        self.start(leases_per_device=5)
        self.assertEqual(len(self.bind(5)), 5)
        self.client.dora(client_id=identity(5))
        self.assertEqual(len(self.leased()), 5)
        self.start(leases_per_device=1)
        self.bind(2)
        self.assertEqual(len(self.leased()), 1)

    def test_a_victim_is_not_locked_out(self):
        """An attacker has made leases under the chaddr of somebody else"""
        self.bind(3)
        self.assertEqual(self.client.dora().kind, "ACK")

    def test_offers_count_as_live(self):
        """A flood of identifiers of one device holds no more than leases_per_device."""
        offers = [self.client.discover(client_id=identity(i)) for i in range(6)]
        addresses = set([offer.yiaddr for offer in offers if offer.kind])
        self.assertEqual(len(addresses), 3)

    def test_invented_identifiers_do_not_shut_the_device_out(self):
        """Design: an unconfirmed slot costs nobody anything."""
        for i in range(3):
            self.client.discover(client_id=identity(i))
        self.assertEqual(self.client.dora().kind, "ACK")

    def test_a_lease_that_was_lost_is_adopted_in_place_of_an_offer(self):
        """Design: an unconfirmed slot costs nobody anything; adopting heals a lost table."""
        offers = [self.client.discover(client_id=identity(i)).yiaddr for i in range(3)]
        self.assertEqual(self.client.renew(self.free_beside(offers)).kind, "ACK")

    def test_old_identifier_comes_back_in_place_of_an_offer(self):
        """Design: an expired slot keeps its key; at most 3 live slots per chaddr."""
        address = self.client.dora(client_id=identity(0)).yiaddr
        self.client.release(address, client_id=identity(0))
        for i in range(1, 4):
            self.client.discover(client_id=identity(i))
        self.assertEqual(self.client.discover(client_id=identity(0)).yiaddr, address)

    def test_a_reserved_slot_is_not_given_up(self):
        """A reserved address is never given to anybody else."""
        self.start(reservations={"id:00696430": "192.0.2.99"})
        for i in range(4):
            offer = self.client.discover(client_id=identity(i))
            self.assertEqual(offer.yiaddr == "192.0.2.99", i == 0)

    def test_the_three_go_on_being_served(self):
        """A lease that was confirmed is never evicted."""
        addresses = self.bind(3)
        self.client.discover(client_id=identity(3))
        acks = [self.client.renew(addresses[i], client_id=identity(i)).kind for i in range(3)]
        self.assertEqual(acks, ["ACK", "ACK", "ACK"])

    def test_released_slot_is_not_live(self):
        """Design: at most 3 live slots per chaddr."""
        addresses = self.bind(3)
        self.client.release(addresses[1], client_id=identity(1))
        self.assertEqual(self.client.discover(client_id=identity(3)).kind, "OFFER")

    def test_expired_slots_are_not_live(self):
        """Design: at most 3 live slots per chaddr."""
        self.bind(3)
        self.assertEqual(self.client.at(3700).discover(client_id=identity(3)).kind, "OFFER")

    def test_ended_offers_are_not_live(self):
        """Design: an OFFERED slot is held `offer_hold_s`."""
        for i in range(3):
            self.client.discover(client_id=identity(i))
        self.assertEqual(self.client.at(31).discover(client_id=identity(3)).kind, "OFFER")

    def test_other_hardware_is_not_concerned(self):
        """Design: per chaddr."""
        self.bind(3)
        self.assertEqual(self.other.discover(client_id=identity(3)).kind, "OFFER")


class Quarantine(TimelineCase):
    def test_a_reserved_address_does_not_use_up_the_quarantine(self):
        """Design: DECLINE of a reservation: a pool address next, whatever else was declined."""
        table = {"00:00:5e:00:53:01": "192.0.2.100"}
        self.start(pool=("192.0.2.16", "192.0.2.19"), reservations=table)
        self.other.decline(self.other.dora().yiaddr)
        self.client.decline(self.client.dora().yiaddr)
        self.assertNotEqual(self.client.discover().yiaddr, "192.0.2.100")

    def test_who_declined_does_not_get_it_again_for_the_asking(self):
        """Design: the next OFFER is another one, also when no more can be in quarantine."""
        self.start(pool=("192.0.2.16", "192.0.2.19"))
        self.other.decline(self.other.dora().yiaddr)
        address = self.client.dora().yiaddr
        self.client.decline(address)
        self.assertNotEqual(self.client.discover(requested=address).yiaddr, address)

    def declined(self, pool_last, count):
        """Let `count` clients bind and decline; return the declined addresses."""
        self.start(pool=(FIRST, pool_last))
        clients = [self.client.other(0x40 + i) for i in range(count)]
        addresses = [client.dora().yiaddr for client in clients]
        for i in range(count):
            clients[i].decline(addresses[i])
        return addresses

    def free(self, address):
        """Return whether another client may have `address`."""
        return self.client.other(0x70).discover(requested=address).yiaddr == address

    def test_a_quarter_of_the_pool_can_be_in_quarantine(self):
        """Design: at most a quarter of the pool may be in quarantine: 2 of 8."""
        addresses = self.declined("192.0.2.23", 2)
        self.assertEqual([self.free(address) for address in addresses], [False, False])

    def test_more_than_a_quarter_cannot(self):
        """Design: beyond it the binding ends without one: the third of 8 is free."""
        addresses = self.declined("192.0.2.23", 3)
        self.assertTrue(self.free(addresses[2]))

    def test_the_first_ones_stay_in_quarantine(self):
        """Design: beyond it the binding ends without one; the others stay where they are."""
        addresses = self.declined("192.0.2.23", 3)
        self.assertFalse(self.free(addresses[0]))

    def test_a_small_pool_can_have_one(self):
        """Design: a quarter, at least one: 1 of 3."""
        addresses = self.declined("192.0.2.18", 1)
        self.assertFalse(self.free(addresses[0]))

    def test_a_small_pool_can_have_no_second(self):
        """Design: a quarter, at least one: 1 of 3."""
        addresses = self.declined("192.0.2.18", 2)
        self.assertTrue(self.free(addresses[1]))

    def test_the_quarter_is_rounded_down(self):
        """Design: max(1, pool // 4): 1 of 7."""
        addresses = self.declined("192.0.2.22", 2)
        self.assertTrue(self.free(addresses[1]))

    def test_ended_quarantine_makes_room_for_the_next(self):
        """Design: quarantine ends after `quarantine_s`, and counts no more."""
        self.declined("192.0.2.18", 1)
        late = self.client.at(700)
        address = late.dora().yiaddr
        late.decline(address)
        self.assertFalse(self.free(address))

    def test_one_client_cannot_empty_the_pool(self):
        """Technitium #472: a client that declines everything it gets."""
        self.start(pool=(FIRST, "192.0.2.23"))
        for second in range(20):
            offer = self.client.at(second).discover()
            if offer.kind:
                self.client.decline(offer.yiaddr)
        self.assertEqual(self.other.dora().kind, "ACK")


class NewMacEachDay(TimelineCase):
    """Telephones that invent a MAC for each network or day (design: oldest expired first)."""

    settings = {"pool": (FIRST, "192.0.2.23"), "max_lease_s": 86400}

    def test_they_do_not_eat_the_pool(self):
        """A year of one new MAC a day, four devices that stay: nobody is turned away"""
        residents = [self.client.other(number) for number in (1, 2, 3, 4)]
        addresses = [client.dora(lease_s=86400).yiaddr for client in residents]
        for day in range(1, 366):
            self.client.at(day * 43000)
            guest = self.client.other(bytes((2, 0, 0, 0, day >> 8, day & 255)))
            self.assertEqual(guest.dora(lease_s=86400).kind, "ACK")
            for client, address in zip(residents, addresses):
                self.assertEqual(client.renew(address, lease_s=86400).kind, "ACK")
        self.assertEqual(self.server.drops["pool_full"], 0)

    def test_oldest_one_gives_way(self):
        """A guest who comes back the next day has the old address, after a week perhaps not"""
        guests = [self.client.other(b"\2\0\0\0\0" + bytes((day,))) for day in range(9)]
        addresses = []
        for day, guest in enumerate(guests):
            addresses.append(guest.at(day * 10000).dora(lease_s=3600).yiaddr)
        self.assertEqual(addresses[8], addresses[0])
        self.assertEqual(len(set(addresses)), 8)
        self.assertEqual(guests[7].at(90000).discover().yiaddr, addresses[7])


class LastResort(TimelineCase):
    settings = {"pool": (FIRST, "192.0.2.17")}

    def test_oldest_offer_is_taken_when_nothing_is_left(self):
        """Design: when no better one is left, the oldest unconfirmed slot is taken."""
        oldest = self.client.discover().yiaddr
        self.other.at(1).discover()
        self.assertEqual(self.client.other(3).at(2).discover().yiaddr, oldest)

    def test_client_whose_offer_was_taken_gets_a_nak(self):
        """'unable to satisfy the DHCPREQUEST message ... SHOULD respond with a DHCPNAK' (3.1)"""
        oldest = self.client.discover().yiaddr
        self.other.at(1).discover()
        self.client.other(3).at(2).discover()
        self.assertEqual(self.client.select(oldest).kind, "NAK")

    def test_free_address_is_better_than_an_offer(self):
        """Design: ... only when no better one is left."""
        held = self.client.discover().yiaddr
        self.assertNotEqual(self.other.discover().yiaddr, held)

    def test_released_address_is_better_than_an_offer(self):
        """Design: ... only when no better one is left."""
        released = self.client.dora().yiaddr
        held = self.other.discover().yiaddr
        self.client.release(released)
        self.assertTrue(self.client.other(3).discover().yiaddr == released != held)

    def test_confirmed_lease_is_never_taken(self):
        """Design: a lease that was confirmed is never evicted."""
        self.crowd(2)
        replies = [self.client.other(0x10 + i).discover().kind for i in range(8)]
        self.assertEqual(replies, [None] * 8)

    def test_offer_is_taken_rather_than_a_confirmed_lease(self):
        """Design: the oldest of the unconfirmed ones, though the lease is older."""
        self.client.dora()
        held = self.other.at(1).discover().yiaddr
        self.assertEqual(self.client.other(3).at(2).discover().yiaddr, held)

    def test_adopted_lease_is_taken_when_nothing_is_left(self):
        """Design: unconfirmed: adopted and not yet renewed."""
        self.start(pool=(FIRST, FIRST))
        self.client.reboot(FIRST)
        self.assertIsNone(self.other.at(59).discover().kind)
        self.assertEqual(self.other.at(60).discover().yiaddr, FIRST)

    def test_adopted_lease_that_was_renewed_is_kept(self):
        """Design: unconfirmed: adopted and not yet renewed."""
        self.start(pool=(FIRST, FIRST))
        self.client.reboot(FIRST)
        self.client.at(1800).renew(FIRST)
        self.assertIsNone(self.other.at(1801).discover().kind)

    def test_offer_is_taken_before_an_older_adopted_lease(self):
        """Design: the oldest OFFERED one before the oldest adopted one."""
        self.client.reboot(FIRST)
        held = self.other.at(5).discover().yiaddr
        self.assertEqual(self.client.other(3).at(6).discover().yiaddr, held)

    def test_rapid_commit_makes_a_lease_like_any_other(self):
        """RFC 4039: the client has the address with the ACK; nobody else gets it"""
        self.start(pool=(FIRST, FIRST), rapid_commit=True)
        self.client.discover(**RAPID)
        self.assertIsNone(self.other.at(1000).discover().kind)

    def test_rapid_commit_that_was_renewed_is_kept(self):
        """Design: unconfirmed: rapid-committed and not yet renewed."""
        self.start(pool=(FIRST, FIRST), rapid_commit=True)
        self.client.discover(**RAPID)
        self.client.at(1800).renew(FIRST)
        self.assertIsNone(self.other.at(1801).discover().kind)

    def test_flood_of_discovers_does_not_lock_an_honest_client_out(self):
        """ESP-IDF: 16 false DISCOVERs lock a pool of 8 for two hours; here they cost nothing."""
        for i in range(40):
            self.client.other(0x40 + i).at(i).discover()
        self.assertEqual(self.client.at(40).dora().kind, "ACK")

    def test_flood_of_discovers_does_not_evict_a_bound_client(self):
        """ESP-IDF: 20 false DISCOVERs evict a bound client."""
        address = self.client.dora().yiaddr
        for i in range(40):
            self.client.other(0x40 + i).at(i).discover()
        self.assertEqual(self.client.at(41).renew(address).kind, "ACK")
