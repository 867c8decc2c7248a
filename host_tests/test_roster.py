"""The lease table as a program sees it: leases, ending one, counters."""

from builders import discover
from microdhcp import PARK
from microdhcp.parse import address_bytes, mac_bytes
from microdhcp.text import address_text, mac_text
from timeline import FIRST, TimelineCase

MAC = "00:00:5e:00:53:01"
RAW = b"\x00\x00\x5e\x00\x53\x01"


class Roster(TimelineCase):
    def all(self, now_s):
        """Return all records at once."""
        return list(self.server.roster(now_s, None))

    def test_nobody(self):
        """Addresses that nobody ever got are not listed, reserved or not"""
        self.start(reservations={MAC: "192.0.2.99"})
        self.assertEqual(self.all(0), [])

    def test_lease(self):
        """Address, MAC, host name, state, seconds left, reserved"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.all(600), [(address, MAC, "", "bound", 3000, False)])

    def test_fields_have_names(self):
        """A namedtuple"""
        self.client.dora()
        lease = self.all(1)[0]
        self.assertEqual(
            (lease.mac, lease.host_name, lease.state, lease.seconds_left, lease.reserved),
            (MAC, "", "bound", 3599, False),
        )

    def test_in_order_of_addresses_and_not_all_at_once(self):
        """No list is built"""
        self.client.renew("192.0.2.18")
        self.other.renew("192.0.2.17")
        found = self.server.roster(0)
        self.assertEqual(next(found).address, "192.0.2.17")
        self.assertEqual(next(found).address, "192.0.2.18")

    def test_reserved_address_outside_the_pool(self):
        """RFC 2131 section 1: manual allocation"""
        self.start(reservations={MAC: "192.0.2.99"})
        self.client.dora()
        self.assertEqual(self.all(0), [("192.0.2.99", MAC, "", "bound", 3600, True)])

    def test_infinite_lease_has_no_end(self):
        """RFC 2131 section 3.3"""
        self.start(max_lease_s=None)
        self.client.dora(lease_s=b"\xff\xff\xff\xff")
        self.assertEqual(self.all(100)[0].seconds_left, None)

    def test_states(self):
        """Each state that people may see, with the seconds left"""
        self.client.discover()
        self.client.other(3).renew("192.0.2.18")
        self.client.other(4).release(self.client.other(4).dora().yiaddr)
        self.client.other(5).decline(self.client.other(5).dora().yiaddr)
        live = {
            lease.mac[-1]: (lease.state, lease.seconds_left) for lease in self.server.roster(10)
        }
        self.assertEqual(live, {"1": ("offered", 20), "3": ("adopted", 3590)})
        bound = [lease.state for lease in self.server.roster(10, ("declined", "released"))]
        self.assertEqual(sorted(bound), ["declined", "released"])
        found = {lease.mac[-1]: (lease.state, lease.seconds_left) for lease in self.all(10)}
        wanted = {"1": ("offered", 20), "3": ("adopted", 3590), "4": ("released", 0)}
        wanted["5"] = ("declined", 590)
        self.assertEqual(found, wanted)

    def test_states_of_a_check(self):
        """While the server runs, and which leases it finds"""
        self.server.enable_checks()
        packet = discover(requested=FIRST)
        self.server.rx[: len(packet)] = packet
        self.assertEqual(self.server.handle(len(packet), 0), PARK)
        self.assertEqual(self.all(0)[0][3:5], ("checking", 30))
        self.server.checked(self.server.check_slot, True, 1)
        self.assertEqual(self.all(1)[0][3:5], ("conflict", 600))

    def test_expired_is_noticed_at_once(self):
        """Though no packet has come"""
        self.client.dora()
        self.assertEqual(self.all(3600)[0][3:5], ("bound", 0))
        self.assertEqual(self.all(3601)[0][3:5], ("expired", 0))

    def test_reserved_address_after_its_lease(self):
        """It waits for its client, without end, but the lease is over"""
        self.start(reservations={MAC: "192.0.2.99"})
        self.client.release(self.client.dora().yiaddr)
        self.assertEqual(self.all(10)[0][3:], ("released", 0, True))


class Names(TimelineCase):
    def test_what_a_server_has_not(self):
        """AttributeError as of every object, though most names are looked for elsewhere"""
        self.assertFalse(hasattr(self.server, "rooster"))
        with self.assertRaises(AttributeError):
            self.server.rooster(0)


class Find(TimelineCase):
    def test_by_text_or_bytes(self):
        """As people write a MAC, or as a port reads it"""
        address = self.client.dora().yiaddr
        for mac in (MAC, MAC.replace(":", "-"), MAC.upper(), RAW, bytearray(RAW)):
            self.assertEqual(self.server.find(mac, 0).address, address)

    def test_unknown(self):
        """None, not an error"""
        self.assertEqual(self.server.find(MAC, 0), None)

    def test_nonsense(self):
        """A mistake in the program"""
        for mac in ("", "00:00:5e:00:53", "00:00:5e:00:53:xx", "00:00:5e:00:53:100", b"", 5, None):
            with self.assertRaises(ValueError):
                self.server.find(mac, 0)

    def test_never_used_slots_have_no_mac(self):
        """Zeros find nobody"""
        self.assertEqual(self.server.find(bytes(6), 0), None)

    def test_the_lease_rather_than_what_is_over(self):
        """One device, three identifiers"""
        for name in (b"\0a", b"\0b", b"\0c"):
            self.client.dora(client_id=name)
        leases = list(self.server.roster(0))
        for kept in range(3):
            self.start()
            addresses = [self.client.dora(client_id=bytes((0, i))).yiaddr for i in range(3)]
            for i in range(3):
                if i != kept:
                    self.client.release(addresses[i], client_id=bytes((0, i)))
            self.assertEqual(self.server.find(MAC, 0).address, addresses[kept])
        self.assertEqual(len(leases), 3)


class Release(TimelineCase):
    def test_lease_ends(self):
        """And somebody else can have it"""
        address = self.client.dora().yiaddr
        self.assertTrue(self.server.release(address, 5))
        self.assertEqual(self.server.find(MAC, 5).state, "released")
        self.assertEqual(self.other.at(6).reboot(address).kind, "ACK")

    def test_event_follows(self):
        """Like a RELEASE of the client"""
        address = self.client.dora().yiaddr
        self.server.enable_events()
        self.server.release(address, 5)
        self.assertEqual(self.server.next_event(), ("released", address, MAC, ""))

    def test_offer_ends(self):
        """Without an event, as it had no beginning for anybody"""
        address = self.client.discover().yiaddr
        self.server.enable_events()
        self.assertTrue(self.server.release(address, 5))
        self.assertEqual(self.server.next_event(), None)

    def test_nothing_to_end(self):
        """Never leased, over already, not ours"""
        address = self.client.dora().yiaddr
        self.client.release(address)
        for ended in (address, "192.0.2.30", "192.0.2.200", "198.51.100.1"):
            self.assertFalse(self.server.release(ended, 5))

    def test_without_a_time_it_is_that_of_the_last_packet(self):
        """Desktop programs need not carry a clock around"""
        address = self.client.at(100).dora().yiaddr
        left = 3600
        self.assertEqual(self.server.find(MAC).seconds_left, left)
        self.assertEqual(next(self.server.roster()).seconds_left, left)
        self.assertTrue(self.server.release(address))
        self.assertEqual(self.server.find(MAC).state, "released")

    def test_nonsense(self):
        """A mistake in the program"""
        for address in ("", "192.0.2", "192.0.2.256", "192.0.2.x", "192.0.2.-1", "192.0.2.1.1"):
            with self.assertRaises(ValueError):
                self.server.release(address, 5)


class Counters(TimelineCase):
    settings = {"pool": (FIRST, "192.0.2.19")}

    def test_messages_by_type(self):
        """What came in and what went out"""
        address = self.client.dora().yiaddr
        self.client.renew(address)
        self.other.renew(address)
        self.client.inform("192.0.2.77")
        self.client.release(address)
        self.client.decline(address)
        found = self.server.counters()
        wanted = {"discover": 1, "request": 3, "decline": 1, "release": 1, "inform": 1}
        self.assertEqual(found["received"], wanted)
        self.assertEqual(found["sent"], {"offer": 1, "ack": 3, "nak": 1})

    def test_parked_message_counts_once(self):
        """It comes twice, but it was sent once"""
        self.client.with_checks().discover()
        self.assertEqual(self.server.counters()["received"]["discover"], 1)

    def test_message_without_answer_counts(self):
        """Among what was received and among the drops"""
        self.crowd(4)
        self.client.discover()
        found = self.server.counters()
        self.assertEqual(found["received"]["discover"], 5)
        self.assertEqual(found["drops"]["pool_full"], 1)

    def test_use_of_the_pool(self):
        """Now, and at the same time at most: offers are no leases"""
        addresses = self.crowd(3)
        self.client.discover()
        self.client.other(0x80).release(addresses[0], mac=0x80)
        self.other.dora()
        self.server.leases.end_due(4000)
        self.client.at(4000).dora()
        found = self.server.counters()
        used = [found[name] for name in ("addresses", "leased", "most_leased")]
        self.assertEqual(used, [4, 1, 3])


class Text(TimelineCase):
    def test_there_and_back(self):
        """A lease that is listed can be found"""
        self.assertEqual(address_text(b"\0" + bytes((192, 0, 2, 9)), 1), "192.0.2.9")
        self.assertEqual(address_bytes("192.0.2.9"), bytes((192, 0, 2, 9)))
        self.assertEqual(mac_bytes(mac_text(b"\0" + RAW, 1)), RAW)
