"""New settings while the server runs: leases stay, reservations are honoured."""

import unittest

import builders
import invariants
from microdhcp import PARK, store
from timeline import FIRST, SERVER, TimelineCase

MAC = "00:00:5e:00:53:01"
OTHER = "00:00:5e:00:53:02"


class ChangeCase(TimelineCase):
    def change(self, **settings):
        """Give the server other settings; the table must be in order."""
        TimelineCase.change(self, **settings)
        invariants.check(self.server.leases)

    def states(self):
        """Return {last byte of the address: (last digit of the MAC, state, seconds)}."""
        found = {}
        for lease in self.server.roster(self.client.clock[0], None):
            host = int(lease.address.split(".")[3])
            found[host] = (lease.mac[-1], lease.state, lease.seconds_left)
        return found


class Leases(ChangeCase):
    def test_lease_goes_on(self):
        """With the time that is left of it"""
        self.client.renew(FIRST)
        self.client.renew(FIRST)
        self.client.at(1000)
        self.change(lease_s=600)
        self.assertEqual(self.states(), {16: ("1", "bound", 2600)})
        self.assertEqual(self.client.renew(FIRST).seconds(51), 600)

    def test_lease_beside_an_offer_outlives_a_power_cut(self):
        """Its client was offered another address, which is reserved for it, and did not take it"""
        had = self.client.dora().yiaddr
        self.change(reservations={MAC: "192.0.2.30"})
        self.assertEqual(self.client.discover().yiaddr, "192.0.2.30")
        data = store.dump(self.server, 0)
        self.start()
        self.assertEqual(store.load(self.server, data, 0), 1)
        self.assertEqual(self.states()[int(had.split(".")[3])], ("1", "bound", 3600))

    def test_every_state(self):
        """Ended leases stay ended, quarantines stay; checks go on"""
        self.client.with_checks()
        self.client.neighbours["192.0.2.22"] = b"\2\0\0\0\0\1"
        for number in (1, 2, 3, 4):
            client = self.client.other(number)
            client.dora(requested="192.0.2.{}".format(16 + number))
        self.client.other(2).release("192.0.2.18")
        self.client.other(3).decline("192.0.2.19")
        self.client.other(4).renew("192.0.2.20", lease_s=60)
        self.client.at(100).other(5).discover(requested="192.0.2.21")
        self.client.other(6).discover(requested="192.0.2.22")
        self.client.other(7).reboot("192.0.2.30")
        packet = builders.discover(mac=8, requested="192.0.2.24")
        self.server.rx[: len(packet)] = packet
        self.assertEqual(self.server.handle(len(packet), 100), PARK)
        before = self.states()
        self.change()
        after = self.states()
        self.assertEqual(after[17], before[17])
        self.assertEqual([after[host][1] for host in (18, 20)], ["released", "expired"])
        self.assertEqual([after[host][1:] for host in (19, 22)], [before[19][1:], before[22][1:]])
        self.assertEqual((after[21], after[30]), (before[21], before[30]))
        self.assertEqual(after[24], before[24])
        self.assertEqual(after[24][1], "checking")

    def test_offer_can_still_be_taken(self):
        """The change comes between OFFER and REQUEST"""
        offer = self.client.discover()
        self.change(lease_s=600)
        self.assertEqual(self.client.select(offer).kind, "ACK")

    def test_declined_beyond_the_quarter(self):
        """What nobody is known to have is not carried"""
        self.start(pool=(FIRST, "192.0.2.18"))
        for client in (self.client, self.other):
            client.decline(client.dora().yiaddr)
        self.change(pool=(FIRST, "192.0.2.18"))
        self.assertEqual([state[1] for state in self.states().values()], ["declined"])

    def test_old_address_comes_back(self):
        """A client that had gone is still known, and the oldest is still reused first"""
        for number, host in ((3, 18), (1, 16), (2, 17)):
            self.client.at(self.client.clock[0] + 1)
            self.client.other(number).reboot("192.0.2.{}".format(host))
            self.client.other(number).release("192.0.2.{}".format(host))
        self.change(pool=(FIRST, "192.0.2.18"))
        offers = [self.client.other(mac).discover().yiaddr[-2:] for mac in (7, 8)]
        self.assertEqual(offers, ["18", "16"])
        self.assertEqual(self.other.discover().yiaddr, "192.0.2.17")

    def test_other_pool(self):
        """The same addresses have other slots; a lease outside it ends, and its client is told"""
        self.server.enable_events()
        self.client.dora(requested="192.0.2.17")
        self.other.dora(requested="192.0.2.30")
        self.change(pool=("192.0.2.20", "192.0.2.40"))
        events = [self.server.next_event()[:3] for _ in range(3)]
        self.assertEqual(events[2], ("expired", "192.0.2.17", MAC))
        self.assertEqual(list(self.states()), [30])
        self.assertEqual(self.client.renew("192.0.2.17").kind, "NAK")
        self.assertEqual(self.other.renew("192.0.2.30").kind, "ACK")
        self.assertEqual(self.server.next_event()[:3], ("renewed", "192.0.2.30", OTHER))

    def test_infinite_lease(self):
        """It has been promised"""
        self.start(max_lease_s=None)
        self.client.dora(lease_s=b"\xff\xff\xff\xff")
        self.change()
        self.assertEqual([state[2] for state in self.states().values()], [None])

    def test_counters_go_on(self):
        """And the table has changed for who stores it"""
        self.crowd(3)
        self.client.other(0x80).release(self.client.other(0x80).dora().yiaddr)
        self.server.leases.changed = 0
        self.change()
        found = self.server.counters()
        self.assertEqual((found["leased"], found["most_leased"]), (2, 3))
        self.assertEqual(found["received"]["discover"], 4)
        self.assertEqual(self.server.leases.changed, 1)

    def test_new_lease_is_still_urgent(self):
        """Who stores the table has not heard of it yet"""
        self.client.dora()
        self.change()
        self.assertEqual(self.server.leases.changed, 2)

    def test_names_stay(self):
        """Cut, if they have become too long"""
        self.client.dora(options=((12, b"Printer"),))
        self.change()
        self.assertEqual(self.server.find(MAC, 0).host_name, "printer")
        self.change(hostname_bytes=3)
        self.assertEqual(self.server.find(MAC, 0).host_name, "pri")
        self.change(hostname_bytes=0)
        self.assertEqual(self.server.find(MAC, 0).host_name, "")

    def test_same_table_when_nothing_changes(self):
        """As a file has it"""
        self.crowd(5)
        before = store.dump(self.server, 0)
        self.change()
        self.assertEqual(store.dump(self.server, 0), before)


class Reservations(ChangeCase):
    def test_address_that_is_now_somebody_elses(self):
        """Its holder keeps it until the next REQUEST; the reserved client waits elsewhere"""
        address = self.client.dora().yiaddr
        self.server.enable_events()
        self.change(reservations={OTHER: address})
        self.assertIsNone(self.server.next_event())
        meanwhile = self.other.dora().yiaddr
        self.assertNotEqual(meanwhile, address)
        self.assertEqual(self.client.renew(address).kind, "NAK")
        self.assertEqual(self.other.renew(meanwhile).kind, "NAK")
        self.assertEqual(self.other.dora().yiaddr, address)
        self.assertNotEqual(self.client.dora().yiaddr, address)

    def test_address_that_is_now_its_own(self):
        """By MAC or identifier"""
        address = self.client.dora(client_id=b"\0abc").yiaddr
        for key in (MAC, "id:00616263"):
            self.change(reservations={key: address})
            self.assertEqual(self.server.find(MAC, 0)[3:], ("bound", 3600, True))

    def test_other_address_for_the_client(self):
        """Its next REQUEST makes it start again"""
        address = self.client.dora().yiaddr
        self.change(reservations={MAC: "192.0.2.99"})
        self.assertEqual(self.client.renew(address).kind, "NAK")
        self.client.release(address)
        self.assertEqual(self.client.dora().yiaddr, "192.0.2.99")

    def test_end_of_a_reservation(self):
        """Its address is like any other, when its lease is over"""
        self.start(reservations={MAC: FIRST})
        self.client.release(self.client.dora().yiaddr)
        self.change(pool=(FIRST, FIRST))
        self.assertEqual(self.other.discover().yiaddr, FIRST)


class Settings(ChangeCase):
    def test_options_and_access(self):
        """Everything that is not a lease follows at once"""
        self.change(options={"mtu": 1400}, deny=[OTHER])
        self.assertEqual(self.client.discover(prl=(26,)).option(26), b"\x05\x78")
        self.assertEqual(self.other.discover().dropped, "denied")
        self.change()
        self.assertEqual(self.client.discover(prl=(26,)).option(26), None)
        self.assertEqual(self.other.discover().kind, "OFFER")

    def test_buffers_stay(self):
        """A port has views of them"""
        rx, tx = self.server.rx, self.server.tx
        self.change(lease_s=600)
        self.assertTrue(self.server.rx is rx and self.server.tx is tx)

    def test_refused(self):
        """What clients and ports rely on; nothing has happened then"""
        address = self.client.dora().yiaddr
        for name, settings in (
            ("address", {"address": "192.0.2.2/24"}),
            ("address", {"address": SERVER + "/25"}),
            ("address", {"address": SERVER + "/16"}),
            ("max_message", {"max_message": 600}),
        ):
            with self.assertRaises(ValueError) as caught:
                self.change(**settings)
            text = name + ": cannot change while the server runs"
            self.assertEqual(str(caught.exception), text)
        self.assertEqual(self.client.renew(address).seconds(51), 3600)

    def test_check_goes_on(self):
        """Its result counts, though the settings are others"""
        self.server.enable_checks()
        packet = builders.discover()
        self.server.rx[: len(packet)] = packet
        self.assertEqual(self.server.handle(len(packet), 0), PARK)
        self.change()
        self.server.checked(self.server.check_slot, True, 0)
        self.assertEqual(list(self.states().values()), [("1", "conflict", 600)])


if __name__ == "__main__":
    unittest.main()
