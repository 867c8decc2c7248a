"""Host names: what clients call themselves, made clean, unique and short enough."""

import unittest

from microdhcp import store
from microdhcp.text import name_of, restore_name
from timeline import FIRST, TimelineCase

MAC = "00:00:5e:00:53:01"
LONGEST = "abcdefghijklmnopqrst"


class NameCase(TimelineCase):
    def name(self, mac=1):
        """Return the host name of the device."""
        return self.server.find(b"\0\0\x5e\0\x53" + bytes((mac,)), self.client.clock[0]).host_name

    def called(self, *options, mac=1):
        """Return the name of a new client that sends these options."""
        self.client.other(mac).dora(options=options)
        return self.name(mac)


class Sent(NameCase):
    def test_option_12(self):
        """'This option specifies the name of the client' (RFC 2132 section 3.14)"""
        self.assertEqual(self.called((12, b"printer")), "printer")

    def test_3_14_name_with_or_without_its_domain(self):
        """'The name may or may not be qualified' (RFC 2132 section 3.14)"""
        self.assertEqual(self.called((12, b"printer.example.net")), "printer")
        self.assertEqual(self.called((12, b"plotter"), mac=2), "plotter")

    def test_2_nul_at_the_end_is_deleted(self):
        """A receiver must delete a trailing NUL of a text option (RFC 2132 section 2)"""
        self.assertEqual(self.called((12, b"printer\0")), "printer")

    def test_4_option_81_is_not_sent(self):
        """Only to who sent it, and only by a server that supports it (RFC 4702 section 4)"""
        for options in ((), ((81, b"\1\0\0printer"),)):
            self.assertEqual(self.client.dora(prl=(1, 81), options=options).option(81), None)

    def test_option_81_as_text(self):
        """'the deprecated ASCII encoding' (RFC 4702 section 2.3.1)"""
        self.assertEqual(self.called((81, b"\0\0\0printer.example")), "printer")

    def test_option_81_as_text_that_begins_like_the_length_of_a_label(self):
        """ "1" is 49: it is shorter than the text, but no length without the flag"""
        self.start(hostname_bytes=63)
        name = "1" + 54 * "a"
        self.assertEqual(self.called((81, b"\0\0\0" + name.encode())), name)

    def test_option_81_in_wire_form(self):
        """'E bit ... 1: canonical wire format, without compression' (RFC 4702 section 2.1)"""
        self.assertEqual(self.called((81, b"\5\0\0\7printer\7example\0")), "printer")

    def test_option_81_at_its_edges(self):
        """(flags and codes, name as sent, host name)"""
        label = b"b" * 62
        for head, raw, name in (
            (b"\4\0\0", b"\1a\5local\0", "a"),
            (b"\4\0\0", b"\4abc", "abc"),  # a length that is none
            (b"\0\0\0", b"\x20" + b"b" * 32 + b"\0", "b" * 32),  # 32 is no character either
            (b"\0\0\0", b"\x30" + b"b" * 60, "0" + "b" * 60),
            (b"\4\0\0", b"\x30" + b"b" * 48 + b"\0", "b" * 48),
            (b"\0\4\0", b"\x30" + b"b" * 60, "0" + "b" * 60),
            (b"\4\0\0", b"\x3f" + label + b"c\0", label.decode() + "c"),
            (b"\4\0\0", b"\x40" + label + b"cd\0", label.decode()),
        ):
            self.start(hostname_bytes=63)
            self.assertEqual(self.called((81, head + raw), (224, b"zz")), name)

    def test_empty_name_is_none(self):
        """The one before stays"""
        self.called((12, b"printer"))
        self.client.dora(options=((81, b"\4\0\0"),))
        self.assertEqual(self.name(), "printer")

    def test_longest_name_beside_another(self):
        """It fills its row, and no more"""
        self.client.reboot("192.0.2.17", options=((12, b"printer"),))
        self.other.reboot(FIRST, options=((12, LONGEST.encode()),))
        self.assertEqual((self.name(1), self.name(2)), ("printer", LONGEST))

    def test_option_12_counts_more(self):
        """Both may be there; the name in 81 is for DNS"""
        self.assertEqual(self.called((81, b"\0\0\0other"), (12, b"printer")), "printer")

    def test_no_name(self):
        """Nothing, empty, cut short, nothing but what no name can have"""
        forms = (
            (),
            ((12, b""),),
            ((81, b""),),
            ((81, b"\4"),),
            ((81, b"\0\0\0"),),
            ((81, b"\4\0\0"),),
            ((81, b"\4\0\0\0"),),
            ((12, b"..."),),
            ((12, b"\0name"),),
            ((12, b"\xff\xfe-_"),),
        )
        for options in forms:
            self.start()
            self.assertEqual(self.called(*options), "")

    def test_label_that_runs_past_the_option(self):
        """It ends where the option does"""
        self.assertEqual(self.called((81, b"\4\0\0\xffpr")), "pr")

    def test_second_copy_is_passed_over(self):
        """It is not worth losing the message; pieces of such a name are not joined"""
        reply = self.client.dora(options=((12, b"a" * 150), (12, b"b" * 150)))
        self.assertEqual((reply.kind, self.name()), ("ACK", "a" * 20))

    def test_adopted_lease_has_a_name_too(self):
        """Whatever message it began with"""
        self.client.renew(FIRST, options=((12, b"printer"),))
        self.assertEqual(self.name(), "printer")

    def test_rapid_commit(self):
        """RFC 4039: the DISCOVER is all there is"""
        self.start(rapid_commit=True)
        self.client.discover(options=((80, b""), (12, b"printer")))
        self.assertEqual(self.name(), "printer")

    def test_offer_has_none(self):
        """Only who takes it has a name"""
        self.client.discover(options=((12, b"printer"),))
        self.assertEqual(self.name(), "")


class Clean(NameCase):
    def test_made_clean(self):
        """Letters, digits and hyphens (RFC 1123 section 2.1), the first label, in lower case"""
        forms = (
            (b"Annas-iPhone", "annas-iphone"),
            (b"host.example.net", "host"),
            (b"my_tv 2", "my-tv-2"),
            (b"-a--b-", "a-b"),
            (b"B\xc3\xbcro", "b-ro"),
            (b"name\0rest", "name"),
            (b"<script>1</script>", "script-1-script"),
            (b"\x1b[31mred\n", "31mred"),
            (b"0123456789", "0123456789"),
        )
        for sent, shown in forms:
            self.start()
            self.assertEqual(self.called((12, sent)), shown)

    def test_bounded(self):
        """hostname_bytes, 20 by default"""
        self.assertEqual(self.called((12, LONGEST.encode() + b"uvw")), LONGEST)
        self.start(hostname_bytes=3)
        self.assertEqual(self.called((12, b"printer")), "pri")
        self.start(hostname_bytes=63)
        self.assertEqual(self.called((12, b"n" * 64)), "n" * 63)

    def test_cut_at_a_hyphen(self):
        """A name does not end with one"""
        self.start(hostname_bytes=4)
        self.assertEqual(self.called((12, b"abc-def")), "abc")

    def test_switched_off(self):
        """hostname_bytes=0: no name, and no room for one"""
        self.start(hostname_bytes=0)
        self.assertEqual(self.called((12, b"printer")), "")
        self.assertEqual(len(self.server.leases.name_rows), 0)


class Unique(NameCase):
    def test_who_comes_later_gets_another(self):
        """The end of its address tells it from the first"""
        self.assertEqual(self.called((12, b"iPhone")), "iphone")
        address = self.other.dora(options=((12, b"IPHONE"),)).yiaddr
        self.assertEqual(self.name(2), "iphone-" + address.split(".")[3])

    def test_long_name_makes_room(self):
        """It stays within hostname_bytes"""
        self.called((12, LONGEST.encode()))
        second = self.called((12, LONGEST.encode()), mac=2)
        self.assertTrue(len(second) == 20 and second[:17] == LONGEST[:17] and second[17] == "-")

    def test_no_hyphen_before_the_hyphen(self):
        """Where the cut falls behind one"""
        self.start(hostname_bytes=6)
        self.called((12, b"ab-cde"))
        self.assertEqual(self.called((12, b"ab-cde"), mac=2)[:3], "ab-")
        self.assertTrue("--" not in self.name(2))

    def test_other_name_that_is_taken_as_well(self):
        """No name rather than one that two have"""
        self.client.reboot("192.0.2.20", options=((12, b"tv-21"),))
        self.assertEqual(self.name(1), "tv-21")
        self.client.other(3).reboot("192.0.2.22", options=((12, b"tv"),))
        self.assertEqual(self.name(3), "tv")
        self.client.other(2).reboot("192.0.2.21", options=((12, b"tv"),))
        self.assertEqual(self.name(2), "")

    def test_no_room_for_another_name(self):
        """hostname_bytes too small for the end of an address"""
        self.start(hostname_bytes=3)
        self.called((12, b"tv"))
        self.assertEqual(self.called((12, b"tv"), mac=2), "")

    def test_part_of_a_name_is_another_name(self):
        """Whole names are compared"""
        self.start(hostname_bytes=4)
        self.assertEqual(self.called((12, b"abab")), "abab")
        self.assertEqual(self.called((12, b"aba"), mac=2), "aba")
        self.assertEqual(self.called((12, b"ab"), mac=3), "ab")
        self.assertEqual(self.called((12, b"b"), mac=4), "b")

    def test_who_has_gone_gives_it_up(self):
        """A phone with a new MAC each day keeps its name"""
        address = self.client.dora(options=((12, b"phone"),)).yiaddr
        self.assertEqual(self.name(1), "phone")
        self.client.release(address)
        self.assertEqual(self.called((12, b"phone"), mac=2), "phone")
        self.assertEqual(self.name(1), "")

    def test_and_gets_another_when_it_is_back(self):
        """Its old one is taken"""
        self.test_who_has_gone_gives_it_up()
        self.assertEqual(self.called((12, b"phone"))[:6], "phone-")


class Changes(NameCase):
    def test_other_client_of_the_address(self):
        """It has no name, or its own"""
        self.start(pool=(FIRST, FIRST))
        self.called((12, b"printer"))
        self.client.at(4000)
        self.assertEqual(self.called(mac=2), "")

    def test_renamed(self):
        """At the next message that names it"""
        address = self.client.dora(options=((12, b"printer"),)).yiaddr
        self.assertEqual(self.name(), "printer")
        self.client.renew(address, options=((12, b"plotter-2"),))
        self.assertEqual(self.name(), "plotter-2")

    def test_message_without_a_name(self):
        """Says nothing about it"""
        address = self.client.dora(options=((12, b"printer"),)).yiaddr
        self.client.renew(address)
        self.assertEqual(self.name(), "printer")

    def test_same_name_again_is_not_made_clean_again(self):
        """A name that was shown stays"""
        address = self.client.dora(options=((12, b"Printer"),)).yiaddr
        self.name()
        marks = bytes(self.server.leases.name_marks)
        self.client.renew(address, options=((12, b"Printer"),))
        self.assertEqual(bytes(self.server.leases.name_marks), marks)

    def test_every_other_name_is_noticed(self):
        """Also one of the same length that differs in a single character"""
        address = self.client.dora(options=((12, b"sensor-1a-x"),)).yiaddr
        self.assertEqual(self.name(), "sensor-1a-x")
        for name in ("sensor-1b-x", "sensor-2b-x", "sensor-2b-y", "sensor-2b"):
            self.client.renew(address, options=((12, name.encode()),))
            self.assertEqual(self.name(), name)

    def test_option_81_in_the_form_that_its_flag_denies(self):
        """The first label's length tells: it fits the name, and is no character of one"""
        for flags, raw, name in (
            (4, b"rp4d-01234", "rp4d-01234"),
            (4, b"printer.lan", "printer"),
            (4, b"2-cool", "2-cool"),
            (0, b"\x07printer\x03lan\0", "printer"),
            (0, b"\x07printer", "printer"),
            (4, b"\x07printer\x03lan\0", "printer"),
            (0, b"printer.lan", "printer"),
        ):
            self.setUp()
            self.client.dora(options=((81, bytes((flags, 0, 0)) + raw),))
            self.assertEqual(self.name(), name)

    def test_events_tell_it(self):
        """The name of the client, while it is the latest at the address"""
        self.start(pool=(FIRST, FIRST))
        self.server.enable_events()
        self.called((12, b"printer"))
        self.client.at(4000).other(2).dora()
        found = [self.server.next_event() for _ in range(4)]
        self.assertEqual(
            [event and event[0] for event in found], ["bound", "expired", "bound", None]
        )
        self.assertEqual([event[3] for event in found[:3]], ["", "", ""])

    def test_event_with_a_name(self):
        """And pool_full, which has none"""
        self.start(pool=(FIRST, FIRST))
        self.server.enable_events()
        self.client.dora(options=((12, b"printer"),))
        self.other.discover()
        self.assertEqual(self.server.next_event(), ("bound", FIRST, MAC, "printer"))
        self.assertEqual(self.server.next_event(), ("pool_full", "", MAC[:-1] + "2", ""))


class Stored(NameCase):
    def restart(self, data):
        """Start another server with what was stored."""
        self.start()
        return store.load(self.server, data, 0)

    def test_names_come_back(self):
        """Of leases, running or ended"""
        self.called((12, b"Printer"))
        self.called((12, b"TV"), mac=2)
        self.client.release(self.server.find(MAC, 0).address)
        self.restart(store.dump(self.server, 0))
        self.assertEqual((self.name(1), self.name(2)), ("printer", "tv"))
        self.assertEqual(self.called((12, b"Printer")), "printer")

    def test_names_are_made_clean_again(self):
        """Nothing in a file is believed"""
        self.called((12, b"printer"))
        self.called((12, b"tv"), mac=2)
        data = store.dump(self.server, 0)[:-4]
        data = data.replace(b"printer", b"<a>.bcd").replace(b"tv", b"\xff\0")
        self.restart(data + store.crc32(data).to_bytes(4, "big"))
        self.assertEqual((self.name(1), self.name(2)), ("a", ""))

    def test_two_of_one_name(self):
        """Unique, whatever the file says"""
        self.called((12, b"one"))
        self.called((12, b"two"), mac=2)
        data = store.dump(self.server, 0)[:-4].replace(b"two", b"one")
        self.restart(data + store.crc32(data).to_bytes(4, "big"))
        self.assertTrue(self.name(1) != self.name(2))

    def test_longer_than_now_allowed(self):
        """Cut; or none are kept any more"""
        self.called((12, LONGEST.encode()))
        data = store.dump(self.server, 0)
        for size in (5, 0):
            self.start(hostname_bytes=size)
            self.assertEqual(store.load(self.server, data, 0), 1)
            self.assertEqual(self.name(), LONGEST[:size])

    def test_nothing_to_restore(self):
        """No name is no name"""
        restore_name(self.server.leases, 0, b"")
        self.assertEqual(name_of(self.server.leases, 0), "")


if __name__ == "__main__":
    unittest.main()
