"""Who gets which address: what docs/policies.md promises, story by story."""

import builders
from microdhcp import BROADCAST, CIADDR, CLIENT, PARK, Config, Server
from timeline import FIRST, LAST, SERVER, Client, TimelineCase

MAC = "00:00:5e:00:53:01"
OTHER = "00:00:5e:00:53:02"
FIXED = "192.0.2.20"
STRANGER = b"\x02\0\0\0\0\x99"


class PolicyCase(TimelineCase):
    def checked(self, **settings):
        """Begin with checks that see who answers."""
        self.start(**settings)
        self.client.with_checks()
        self.other = self.client.other(2)


class ReservedLater(PolicyCase):
    """A reservation that is made while leases run."""

    def test_device_moves_by_any_request(self):
        """RENEWING, REBINDING, INIT-REBOOT, and SELECTING with ciaddr: all bring it there"""
        for kind in range(3):
            for key in (MAC, "id:00616263"):
                self.start()
                ident = None if key == MAC else b"\0abc"
                old = self.client.dora(client_id=ident).yiaddr
                self.change(reservations={key: FIXED})
                sent = {"requested": old} if kind == 1 else {"ciaddr": old}
                if kind == 2:
                    sent = {"ciaddr": old, "requested": old, "server_id": SERVER}
                self.assertEqual(self.client.request(client_id=ident, **sent).kind, "NAK")
                self.assertEqual(self.client.dora(client_id=ident).yiaddr, FIXED)
                self.assertEqual(self.leased(), {FIXED: "01"})

    def test_reservation_that_moves_inside_the_pool(self):
        """The old address is like any other again"""
        self.start(reservations={MAC: FIXED})
        self.client.dora()
        self.change(reservations={MAC: "192.0.2.30"})
        self.assertEqual(self.client.renew(FIXED).kind, "NAK")
        self.assertEqual(self.client.dora().yiaddr, "192.0.2.30")
        self.assertEqual(self.other.discover(requested=FIXED).yiaddr, FIXED)

    def test_holder_keeps_the_address_until_its_next_request(self):
        """And the reserved client gets an address of the pool meanwhile"""
        for kind in ("renew", "reboot"):
            self.start()
            holder, device = self.client.other(8), self.client
            self.assertEqual(holder.reboot(FIXED).kind, "ACK")
            self.change(reservations={MAC: FIXED})
            meanwhile = device.dora().yiaddr
            self.assertNotEqual(meanwhile, FIXED)
            self.assertEqual(device.renew(meanwhile).kind, "ACK")
            self.assertEqual(self.leased(), {FIXED: "08", meanwhile: "01"})
            self.assertEqual(getattr(holder, kind)(FIXED).kind, "NAK")
            self.assertEqual(device.renew(meanwhile).kind, "NAK")
            self.assertEqual(device.dora().yiaddr, FIXED)
            self.assertNotEqual(holder.dora().yiaddr, FIXED)

    def test_holder_that_goes_on_asking_by_discover(self):
        """It is offered another address, and keeps its own until it takes that"""
        holder = self.client.other(8)
        holder.reboot(FIXED)
        self.change(reservations={MAC: FIXED})
        offers = [holder.discover().yiaddr for _ in range(3)]
        self.assertTrue(offers[0] == offers[1] == offers[2] != FIXED)
        self.assertEqual(self.leased(), {FIXED: "08"})
        self.assertEqual(holder.select(offers[0]).kind, "ACK")
        self.assertEqual(self.leased(), {offers[0]: "08"})
        self.assertEqual(self.client.dora().yiaddr, FIXED)

    def test_holder_that_is_gone(self):
        """Its lease ends when its time is over, never before"""
        self.client.other(8).reboot(FIXED, lease_s=600)
        self.change(reservations={MAC: FIXED})
        self.assertNotEqual(self.client.at(600).discover().yiaddr, FIXED)
        self.assertEqual(self.client.at(601).discover().yiaddr, FIXED)

    def test_lease_moves_when_the_client_takes_the_other_address(self):
        """Neither a DISCOVER, which anybody can forge, nor the check ends it"""
        self.checked()
        old = self.client.dora().yiaddr
        self.change(reservations={MAC: FIXED})
        self.assertEqual(self.client.discover().yiaddr, FIXED)
        self.assertEqual(self.leased(), {old: "01"})
        self.assertNotEqual(self.other.discover(requested=old).yiaddr, old)
        self.assertEqual(self.client.select(FIXED).kind, "ACK")
        self.assertEqual(self.leased(), {FIXED: "01"})

    def test_offer_that_nobody_takes_ends_without_a_trace(self):
        """The lease goes on, and the reserved address waits"""
        old = self.client.dora().yiaddr
        self.change(reservations={MAC: FIXED})
        self.client.discover()
        self.server.leases.end_due(31)
        self.assertEqual(self.leased(), {old: "01"})
        self.change()
        self.assertEqual(self.client.at(40).renew(old).kind, "ACK")

    def test_reserved_address_that_is_taken(self):
        """The client keeps the lease that it has"""
        self.checked()
        old = self.client.dora().yiaddr
        self.change(reservations={MAC: FIXED})
        self.client.neighbours[FIXED] = STRANGER
        self.assertEqual(self.client.discover().yiaddr, old)
        self.assertEqual(self.client.renew(old).kind, "ACK")


class OneAddressSeveralClients(PolicyCase):
    settings = {"reservations": {(MAC, OTHER): FIXED}}

    def test_first_come_first_served(self):
        """Two interfaces of a laptop: the second one gets an address of the pool"""
        self.assertEqual(self.client.dora().yiaddr, FIXED)
        other = self.other.dora().yiaddr
        self.assertNotEqual(other, FIXED)
        self.assertEqual(self.other.renew(other).kind, "ACK")
        self.client.release(FIXED)
        self.assertEqual(self.other.renew(other).kind, "NAK")
        self.assertEqual(self.other.dora().yiaddr, FIXED)

    def test_nobody_else_gets_it(self):
        """As with any reservation"""
        self.assertNotEqual(self.client.other(3).discover(requested=FIXED).yiaddr, FIXED)


class Unconfirmed(PolicyCase):
    """A lease that was given to who named the address is confirmed by a renewal."""

    def test_not_doubted_within_a_minute(self):
        """The pool is full, and a check finds nobody"""
        self.checked(pool=(FIRST, FIRST))
        self.client.reboot(FIRST)
        self.assertIsNone(self.other.discover().kind)
        self.assertIsNone(self.other.at(59).discover().kind)
        self.assertEqual(self.other.at(60).discover().yiaddr, FIRST)

    def test_an_answer_confirms_it(self):
        """Its client is there: nobody else gets the address"""
        self.checked(pool=(FIRST, FIRST))
        self.client.reboot(FIRST)
        self.client.neighbours[FIRST] = builders.mac_bytes(1)
        self.assertIsNone(self.other.at(60).discover().kind)
        self.assertEqual(self.leased(), {FIRST: "01"})

    def test_rapid_commit(self):
        """RFC 4039: the ACK is the whole exchange"""
        self.checked(pool=(FIRST, FIRST), rapid_commit=True)
        self.client.discover(options=((80, b""),))
        self.assertIsNone(self.other.at(1000).discover().kind)


class Conflict(PolicyCase):
    """An address that somebody has without having asked."""

    def test_only_its_owner_may_have_it(self):
        """A stranger's renewal does not end the quarantine, and the owner's does"""
        self.checked()
        self.client.neighbours["192.0.2.17"] = STRANGER
        self.client.discover(requested="192.0.2.17")
        self.assertEqual(self.client.reboot("192.0.2.17").kind, "NAK")
        self.assertEqual(self.other.renew("192.0.2.17").kind, "NAK")
        self.assertEqual(self.client.other(STRANGER).renew("192.0.2.17").kind, "ACK")

    def test_it_is_remembered_by_other_settings(self):
        """As over a restart (test_store.py)"""
        self.checked()
        self.client.neighbours["192.0.2.17"] = STRANGER
        self.client.discover(requested="192.0.2.17")
        self.change()
        self.assertEqual(self.client.reboot("192.0.2.17").kind, "NAK")
        self.assertEqual(self.client.other(STRANGER).reboot("192.0.2.17").kind, "ACK")

    def test_release_during_the_check(self):
        """The result counts: the squatter's answer is not ignored"""
        self.server.enable_checks(True)
        packet = builders.discover(requested=FIXED)
        self.server.rx[: len(packet)] = packet
        self.assertEqual(self.server.handle(len(packet), 0), PARK)
        slot = self.server.check_slot
        self.assertEqual(self.client.release(FIXED).dropped, "not_yours")
        self.server.checked(slot, True, 0, STRANGER)
        self.client.neighbours, self.client.probes = {}, []
        self.assertNotEqual(self.client.discover(requested=FIXED).yiaddr, FIXED)

    def test_decline_of_a_lease_that_is_over(self):
        """Only who holds the offer or the lease can decline"""
        address = self.client.dora(lease_s=60).yiaddr
        for late in (self.client.at(61), self.client.at(5000)):
            self.assertEqual(late.decline(address).dropped, "not_yours")
        self.assertEqual(self.client.discover().yiaddr, address)

    def test_release_and_decline_by_another_mac(self):
        """Option 61 with the victim's MAC is not enough"""
        address = self.client.dora().yiaddr
        victim = b"\1" + builders.mac_bytes(1)
        self.assertEqual(self.other.release(address, client_id=victim).dropped, "not_yours")
        self.assertEqual(self.other.decline(address, client_id=victim).dropped, "not_yours")
        self.assertEqual(self.leased(), {address: "01"})
        self.client.release(address, client_id=victim)
        self.assertEqual(self.leased(), {})


class Clones(PolicyCase):
    """Two devices with one identifier: one client, until both are seen (RFC 2131 section 4.2)."""

    ident = b"\0image"

    def bound(self):
        """Bind the first device, which answers; return its address."""
        self.checked()
        address = self.client.dora(client_id=self.ident).yiaddr
        self.client.neighbours[address] = builders.mac_bytes(1)
        return address

    def test_second_device_gets_an_address_of_its_own(self):
        """By DISCOVER, and later by RENEWING and INIT-REBOOT"""
        address = self.bound()
        ack = self.other.dora(client_id=self.ident)
        self.assertNotEqual(ack.yiaddr, address)
        self.assertEqual(self.leased(), {address: "01", ack.yiaddr: "02"})
        for now_s in (0, 100):  # the check is forgotten then
            self.client.at(now_s)
            for client, own in ((self.client, address), (self.other, ack.yiaddr)):
                self.assertEqual(client.renew(own, client_id=self.ident).kind, "ACK")
                self.assertEqual(client.reboot(own, client_id=self.ident).kind, "ACK")
                self.assertEqual(client.discover(client_id=self.ident).yiaddr, own)

    def test_each_of_them_is_a_client_of_its_own(self):
        """Whichever address it has, and whatever MACs other devices have"""
        self.checked(pool=(FIRST, "192.0.2.19"))
        macs = (1, 2, 3, b"\0\0\x5e\1\x53\2")
        idents = (self.ident, self.ident, self.ident, None)
        addresses = []
        for mac, ident in zip(macs, idents):
            addresses.append(self.client.other(mac).dora(client_id=ident).yiaddr)
            self.client.neighbours[addresses[-1]] = builders.mac_bytes(mac)
        self.assertEqual(len(set(addresses)), 4)
        self.client.at(100)
        for mac, ident, address in zip(macs, idents, addresses):
            self.assertEqual(self.client.other(mac).renew(address, client_id=ident).kind, "ACK")

    def test_each_gives_back_and_declines_its_own(self):
        """RELEASE, DECLINE"""
        for end in ("release", "decline"):
            address = self.bound()
            own = self.other.dora(client_id=self.ident).yiaddr
            getattr(self.other.at(100), end)(own, client_id=self.ident)
            self.assertEqual(self.leased(), {address: "01"})
            getattr(self.client, end)(address, client_id=self.ident)
            self.assertEqual(self.leased(), {})

    def test_the_first_has_gone(self):
        """What was found out is forgotten after a moment, and asked again"""
        address = self.bound()
        own = self.other.dora(client_id=self.ident).yiaddr
        self.other.release(own, client_id=self.ident)
        del self.client.neighbours[address]
        self.assertEqual(self.other.at(100).discover(client_id=self.ident).yiaddr, address)
        self.assertEqual(self.client.probes[-1], address)
        probes = len(self.client.probes)
        self.assertEqual(self.other.at(130).select(address, client_id=self.ident).kind, "ACK")
        self.assertEqual(len(self.client.probes), probes)

    def test_image_that_remembers_the_address(self):
        """INIT-REBOOT of the copy: the first device answers the check"""
        address = self.bound()
        self.assertEqual(self.other.reboot(address, client_id=self.ident).kind, "NAK")
        self.assertNotEqual(self.other.dora(client_id=self.ident).yiaddr, address)
        self.assertEqual(self.client.renew(address, client_id=self.ident).kind, "ACK")

    def test_both_ask_before_one_has_taken(self):
        """The second REQUEST is checked, too"""
        self.checked()
        offer = self.client.discover(client_id=self.ident)
        self.other.discover(client_id=self.ident)
        self.assertEqual(self.client.select(offer, client_id=self.ident).kind, "ACK")
        self.client.neighbours[offer.yiaddr] = builders.mac_bytes(1)
        self.assertEqual(self.other.select(offer, client_id=self.ident).kind, "NAK")
        self.assertNotEqual(self.other.dora(client_id=self.ident).yiaddr, offer.yiaddr)

    def test_new_network_card(self):
        """Nobody answers: the client has its address again, under the new MAC"""
        address = self.bound()
        del self.client.neighbours[address]
        self.assertEqual(self.other.discover(client_id=self.ident).yiaddr, address)
        self.assertEqual(self.leased(), {address: "01"})
        self.assertEqual(self.other.select(address, client_id=self.ident).kind, "ACK")
        self.assertEqual(self.leased(), {address: "02"})

    def test_without_checks_they_are_one_client(self):
        """As the RFC says"""
        address = self.client.dora(client_id=self.ident).yiaddr
        self.assertEqual(self.other.dora(client_id=self.ident).yiaddr, address)


class Elsewhere(PolicyCase):
    """A client that takes the offer of another server."""

    def test_no_offer_for_a_while(self):
        """It would come too late, and confuse"""
        self.client.discover()
        self.client.request(requested="192.0.2.200", server_id="192.0.2.2")
        self.assertEqual(self.client.at(29).discover().dropped, "other_server")
        self.assertEqual(self.client.at(30).discover().kind, "OFFER")

    def test_no_offer_when_its_check_ends(self):
        """The DISCOVER waited when the client decided"""
        self.server.enable_checks(True)
        packet = builders.discover(requested=FIXED)
        self.server.rx[: len(packet)] = packet
        self.assertEqual(self.server.handle(len(packet), 0), PARK)
        slot = self.server.check_slot
        self.client.request(requested="192.0.2.200", server_id="192.0.2.2")
        self.server.checked(slot, False, 0)
        self.server.rx[: len(packet)] = packet
        self.assertEqual(self.server.handle(len(packet), 0), 0)
        self.assertEqual(self.server.last_drop, "other_server")

    def test_it_may_come_back_to_our_offer(self):
        """While nobody else has the address"""
        offer = self.client.discover()
        self.client.request(requested="192.0.2.200", server_id="192.0.2.2")
        ack = self.client.select(offer)
        self.assertEqual((ack.kind, ack.seconds(51)), ("ACK", 3600))

    def test_server_identifier_of_zeros_counts_as_absent(self):
        """Clients that copy siaddr of the OFFER into option 54"""
        address = self.client.discover().yiaddr
        ack = self.client.request(requested=address, server_id="0.0.0.0")
        self.assertEqual((ack.kind, ack.yiaddr), ("ACK", address))
        self.client.release(address, server_id="0.0.0.0")
        self.assertEqual(self.leased(), {})


class Seconds(PolicyCase):
    def test_lease_never_ends_early(self):
        """The clock of the server counts whole seconds"""
        address = self.client.dora(lease_s=600).yiaddr
        self.server.leases.end_due(600)
        self.assertEqual(self.leased(), {address: "01"})
        self.server.leases.end_due(601)
        self.assertEqual(self.leased(), {})

    def test_table_wants_to_be_looked_at_when_it_ends(self):
        """due_s is the first second in which something is over"""
        self.client.dora(lease_s=600)
        self.assertEqual(self.server.leases.due_s, 31)  # since the offer, which is a lease now
        self.server.leases.end_due(31)
        self.assertEqual(self.server.leases.due_s, 601)


class Echo(PolicyCase):
    def test_client_machine_identifier(self):
        """RFC 4578 section 2.3: sent back as it came, in OFFER and ACK"""
        value = b"\0" + bytes(range(16))
        offer = self.client.discover(options=((97, value),))
        ack = self.client.select(offer, options=((97, value),))
        self.assertEqual((offer.option(97), ack.option(97)), (value, value))
        self.assertIsNone(self.client.renew(offer.yiaddr).option(97))
        nak = self.client.reboot("198.51.100.7", options=((97, value),))
        self.assertEqual((nak.kind, nak.option(97)), ("NAK", None))

    def test_too_long_for_the_reply(self):
        """Left out and counted, like the identifier"""
        self.start(max_message=300)
        offer = self.client.discover(options=((97, bytes(60)),))
        self.assertEqual((offer.kind, offer.option(97)), ("OFFER", None))
        self.assertEqual(self.server.drops["machine_id_left_out"], 1)


class Classes(PolicyCase):
    """Options for kinds of clients."""

    settings = {
        "classes": [
            {"user_class": "iPXE", "options": {"boot_file": "script.ipxe"}},
            {"architecture": 7, "options": {"boot_file": "uefi.efi"}},
            {"vendor_class": "PXEClient", "options": {"boot_file": "bios.0"}},
            {"vendor_class": "android", "domain": "phones", "routers": None},
        ],
        "domain": "lan",
    }

    def file(self, *options):
        """Return the boot file that a client with these options is told, twice the same."""
        offer = self.client.discover(prl=(3, 15, 67), options=options)
        name = offer.raw[108:236].split(b"\0")[0]
        self.assertEqual(offer.option(67) or b"", name)
        return name

    def test_boot_file_by_architecture_and_class(self):
        """The first that fits: an iPXE chain ends, UEFI goes before the BIOS"""
        pxe = (60, b"PXEClient:Arch:00007:UNDI:003016")
        self.assertEqual(self.file(pxe, (93, b"\0\7")), b"uefi.efi")
        self.assertEqual(self.file(pxe, (93, b"\0\0\0\7")), b"uefi.efi")
        self.assertEqual(self.file(pxe, (93, b"\0\0")), b"bios.0")
        self.assertEqual(self.file(pxe, (93, b"\7\0\7\0")), b"bios.0")
        self.assertEqual(self.file(pxe, (93, b"\0\7"), (77, b"iPXE")), b"script.ipxe")
        self.assertEqual(self.file(pxe, (77, b"\x04iPXE")), b"script.ipxe")
        self.assertEqual(self.file((60, b"MSFT 5.0")), b"")
        self.assertEqual(self.file(b"\0\0\0", pxe), b"bios.0")  # pads: RFC 2132 section 3.1
        self.assertEqual(self.file(), b"")

    def test_other_settings(self):
        """In place of the common ones; who is in no class gets these"""
        offer = self.client.discover(prl=(3, 15), options=((60, b"android-dhcp-14"),))
        self.assertEqual((offer.option(15), offer.option(3)), (b"phones", None))
        offer = self.client.discover(prl=(3, 15))
        self.assertEqual((offer.option(15), offer.option(3)), (b"lan", builders.ip(SERVER)))

    def test_reservation_goes_before(self):
        """It names the very device"""
        entry = {"address": FIXED, "domain": "desk"}
        self.start(reservations={MAC: entry}, **self.settings)
        offer = self.client.discover(prl=(15,), options=((60, b"android-dhcp-14"),))
        self.assertEqual(offer.option(15), b"desk")

    def test_wrong_settings(self):
        """Each is refused by name"""
        for classes in (
            5,
            [5],
            [{}],
            [{"options": {"domain": "x"}}],
            [{"vendor_class": 5}],
            [{"vendor_class": ""}],
            [{"architecture": "x86"}],
            [{"architecture": 70000}],
            [{"vendor_class": "a", "lease_s": 5}],
            [{"vendor_class": "a", "options": {"domain": ""}}],
        ):
            with self.assertRaises(ValueError) as caught:
                self.start(classes=classes)
            self.assertEqual(str(caught.exception)[:9], "classes: ")


class GivenOutToNobody(PolicyCase):
    """Addresses of hosts that the settings name."""

    def refused(self, text, **settings):
        """Assert that the settings are refused with the text."""
        with self.assertRaises(ValueError) as caught:
            self.start(**settings)
        self.assertEqual(str(caught.exception), text)

    def test_inside_the_pool(self):
        """Router, DNS server, any server of an option, for all or for some"""
        text = ": 192.0.2.20 is in the pool, where any client could get it"
        self.refused("routers" + text, routers=[FIXED])
        self.refused("dns_servers" + text, dns_servers=[SERVER, FIXED])
        self.refused("ntp_servers" + text, options={"ntp_servers": [FIXED]})
        self.refused("swap_server" + text, options={"swap_server": FIXED})
        self.refused("next_server" + text, next_server=FIXED)
        entry = {"address": "192.0.2.99", "dns_servers": [FIXED]}
        self.refused("dns_servers" + text, reservations={MAC: entry})
        some = [{"vendor_class": "a", "routers": [FIXED]}]
        self.refused("classes: routers" + text, classes=some)

    def test_reserved_for_its_host(self):
        """Then nobody else gets it"""
        self.start(dns_servers=[FIXED], reservations={MAC: FIXED})
        self.assertEqual(self.client.dora().yiaddr, FIXED)

    def test_router_elsewhere(self):
        """No client could reach it"""
        text = "routers: 192.168.4.1 is outside the subnet of the server's address"
        self.refused(text, routers=["192.168.4.1"])

    def test_number_of_leases_per_device(self):
        """1..addresses of the pool"""
        for number in (0, 17, "3", None, True):
            text = "leases_per_device: {!r} is not a whole number within 1..16"
            self.refused(text.format(number), leases_per_device=number)
        self.start(leases_per_device=16)
        self.start(pool=(FIRST, FIRST))  # the default fits any pool


class Destinations(PolicyCase):
    def test_offer_of_a_client_that_fills_ciaddr_in(self):
        """NetworkManager after the end of its lease: from 0.0.0.0, with ciaddr"""
        address = self.client.dora(lease_s=60).yiaddr
        for broadcast, to in ((False, CLIENT), (True, BROADCAST)):
            offer = self.client.at(100).discover(ciaddr=address, broadcast=broadcast)
            self.assertEqual((offer.kind, offer.yiaddr, offer.to), ("OFFER", address, to))

    def test_ack_of_a_client_that_starts_again_as_its_lease_ends(self):
        """Its clock is a second ahead: the offer keeps the lease, but it has no address"""
        for asked_s in (31, 59, 60):
            self.start()
            address = self.client.at(0).dora(lease_s=60).yiaddr
            for later_s in (0, 12, 24, 36):  # each offer holds the address for 30 s
                at = self.client.at(asked_s + later_s)
                self.assertEqual(at.discover(ciaddr=address).yiaddr, address)
            ack = self.client.request(ciaddr=address)
            self.assertEqual((ack.kind, ack.yiaddr, ack.to), ("ACK", address, CLIENT))
            renewed = self.client.at(200).renew(address)
            self.assertEqual((renewed.kind, renewed.to), ("ACK", CIADDR))

    def test_ack_of_a_renewal_after_a_stray_discover(self):
        """An offer that ends before the lease changes nothing"""
        address = self.client.dora().yiaddr
        self.client.at(1800).discover()
        self.assertEqual(self.client.renew(address).to, CIADDR)


class OddRenewals(PolicyCase):
    """The W5500 driver of CircuitPython: 50 and ciaddr always, 54 while it renews."""

    WISH = {"lease_s": 7_776_000}  # 90 days

    def extend(self, address, at_s, **more):
        """Return the reply to a renewal."""
        named = dict(self.WISH, ciaddr=address, requested=address)
        named.update(more)
        return self.client.at(at_s).request(client_id=b"\1" + builders.mac_bytes(1), **named)

    def test_its_whole_life(self):
        """It keeps its address, also over a restart of the server; a reservation moves it"""
        address = self.client.dora(client_id=b"\1" + builders.mac_bytes(1), **self.WISH).yiaddr
        for at_s, more in ((43200, {"server_id": SERVER}), (118800, {})):
            ack = self.extend(address, at_s, **more)
            self.assertEqual(
                (ack.kind, ack.yiaddr, ack.option(51)), ("ACK", address, b"\0\1\x51\x80")
            )
        for more in ({"server_id": SERVER}, {}):
            self.start()  # the server has lost its leases
            self.assertEqual(self.extend(address, 200_000, **more).kind, "ACK")
            self.assertEqual(self.leased(), {address: "01"})
        self.change(reservations={MAC: FIXED})
        for more in ({"server_id": SERVER}, {}):
            self.assertEqual(self.extend(address, 200_000, **more).kind, "NAK")
        self.assertEqual(self.client.dora(**self.WISH).yiaddr, FIXED)


def server_of(**settings):
    """Return a Server whose now_s is not used."""
    return Server(Config(address=SERVER + "/24", pool=(FIRST, LAST), **settings))


class FourBoots(PolicyCase):
    def test_every_boot_another_identifier(self):
        """Real devices: the fourth was silent for the rest of the lease"""
        for limit in (1, 3):
            client = Client(server_of(leases_per_device=limit))
            for boot in range(8):
                self.assertEqual(client.dora(client_id=b"\0boot" + bytes((boot,))).kind, "ACK")
            leases = list(client.server.roster(0))
            self.assertEqual(len(leases), limit)


class Corners(PolicyCase):
    """What the stories above do not come by."""

    def test_reserved_client_that_has_the_address_already(self):
        """A check found it at its own address: it gets that by rebooting"""
        self.checked(reservations={MAC: FIXED, OTHER: "192.0.2.21"})
        packet = builders.discover(mac=1)
        self.server.rx[: len(packet)] = packet
        self.assertEqual(self.server.handle(len(packet), 0), PARK)
        self.server.checked(self.server.check_slot, True, 0, builders.mac_bytes(1))
        self.assertEqual(self.other.reboot(FIXED).kind, "NAK")
        self.assertEqual(self.client.reboot(FIXED).kind, "ACK")

    def test_keys_that_stand_in_other_keys(self):
        """Two reservations whose bytes, one behind the other, hold the key of a third device"""
        table = {"02:00:00:00:00:00": FIXED, "00:00:01:00:00:00": "192.0.2.21"}
        self.start(reservations=table)
        third = self.client.other(b"\0\0\0\0\0\1")
        self.assertTrue(third.dora().yiaddr not in table.values())

    def test_old_address_that_is_reserved_for_another_now(self):
        """A lease that is over is forgotten"""
        self.client.reboot(FIXED)
        self.client.release(FIXED)
        self.change(reservations={OTHER: FIXED})
        self.assertEqual(list(self.server.roster(None, None)), [])

    def test_class_of_a_message_with_padding(self):
        """PAD may stand between options"""
        self.start(classes=[{"vendor_class": "MSFT", "domain": "office"}])
        offer = self.client.discover(prl=(15,), options=(b"\0\0", (60, b"MSFT 5.0"), b"\0"))
        self.assertEqual(offer.option(15), b"office")

    def test_identifier_in_three_pieces_that_is_too_long(self):
        """The third one does not fit any more"""
        packet = builders.message([builders.pieces(61, bytes(270), 90, 90, 90), (53, b"\1")])
        self.refused(packet)

    def test_name_that_begins_with_a_character_like_a_length(self):
        """Text of option 81 whose first character, as a length, would fit"""
        name = b"0" + b"a" * 60
        self.start(hostname_bytes=63)
        self.client.dora(options=((81, b"\0\0\0" + name),))
        self.assertEqual(self.server.find(MAC).host_name, name.decode())

    def test_what_there_is_not(self):
        """A server has no other names than those it says"""
        with self.assertRaises(AttributeError):
            _ = self.server.nothing_of_that_name
