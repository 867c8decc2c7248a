"""Names of leased devices: what dns.Names answers, byte by byte (RFC 1035, 2308, 6891)."""

import unittest

from beside import FakeService
from builders import request
from microdhcp.dns import Names
from timeline import Client, serve

A, NS, SOA, PTR, TXT, AAAA, HTTPS, ANY = 1, 2, 6, 12, 16, 28, 65, 255
ZONE = b"\x03lan\0"


def wire(name):
    """Return a name in wire form; without the dot at its end, too."""
    out = b""
    for label in name.split("."):
        if label:
            out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def query(name, kind=A, ident=0x1234, flags=0x0100, klass=1, opt=b"", counts=None):
    """Return a query; `opt` goes behind the question as one additional record."""
    numbers = [ident, flags] + list(counts or (1, 0, 0, 1 if opt else 0))
    head = b"".join([number.to_bytes(2, "big") for number in numbers])
    return head + wire(name) + kind.to_bytes(2, "big") + klass.to_bytes(2, "big") + opt


def opt(version=0, do=False, size=1232, data=b""):
    """Return an OPT record (RFC 6891 section 6.1.2)."""
    head = b"\0\0\x29" + size.to_bytes(2, "big") + bytes([0, version, 0x80 if do else 0, 0])
    return head + len(data).to_bytes(2, "big") + data


class Answer:
    """A reply, taken apart without the server's code; ValueError if it is malformed."""

    def __init__(self, raw, asked):
        self.raw = raw
        if raw[:2] != asked[:2] or not raw[2] & 0x80:
            raise ValueError("not a reply to this query")
        self.rcode = raw[3] & 15
        self.authoritative = bool(raw[2] & 4)
        counts = [raw[pos] << 8 | raw[pos + 1] for pos in (4, 6, 8, 10)]
        pos = 12
        self.question = b""
        if counts[0]:
            end = raw.index(b"\0", 12) + 5
            self.question = raw[12:end]
            pos = end
        self.sections = []
        for count in counts[1:]:
            records = []
            for _ in range(count):
                name, pos = self._name(pos)
                kind = raw[pos] << 8 | raw[pos + 1]
                ttl = int.from_bytes(raw[pos + 4 : pos + 8], "big")
                n = raw[pos + 8] << 8 | raw[pos + 9]
                records.append((name, kind, ttl, raw[pos + 10 : pos + 10 + n]))
                pos += 10 + n
            self.sections.append(records)
        if pos != len(raw):
            raise ValueError("bytes behind the last record")

    def _name(self, pos):
        """Return (name in wire form, position behind it); follows one pointer."""
        if self.raw[pos] >= 0xC0:
            start = (self.raw[pos] & 63) << 8 | self.raw[pos + 1]
            return self._name(start)[0], pos + 2
        end = self.raw.index(b"\0", pos) + 1
        return self.raw[pos:end], end

    @property
    def address(self):
        """The address in the only A record, text; "" without one."""
        records = [data for _, kind, _, data in self.sections[0] if kind == A]
        return ".".join([str(byte) for byte in records[0]]) if records else ""


class NamesCase(unittest.TestCase):
    """A server with two leased devices: sensor-1 and Sensor-2."""

    options = {}

    def setUp(self):
        self.server = serve(domain="lan")
        self.service = FakeService(self.server)
        self.names = Names(self.service, board="greenhouse", **self.options)
        self.addresses = {}
        for number, name in ((1, b"sensor-1"), (2, b"Sensor-2")):
            client = Client(self.server, mac=number)
            self.addresses[number] = client.dora(options=[(12, name)]).yiaddr

    def ask(self, name, kind=A, **more):
        """Return the Answer to a query."""
        asked = query(name, kind, **more)
        return Answer(self.names.answer(asked), asked)


class Known(NamesCase):
    def test_leased_device_by_full_and_by_bare_name(self):
        """A of <host name>.<domain>, and of the host name alone"""
        for name in ("sensor-1.lan", "sensor-1", "SENSOR-1.LAN.", "sEnSoR-1"):
            answer = self.ask(name)
            self.assertEqual((answer.rcode, answer.address), (0, self.addresses[1]), name)
            self.assertTrue(answer.authoritative)

    def test_question_comes_back_as_it_was_written(self):
        """Resolvers compare it letter by letter (draft-vixie-dnsext-dns0x20)"""
        asked = query("SeNsOr-1.LaN")
        self.assertEqual(Answer(self.names.answer(asked), asked).question, asked[12:])

    def test_name_is_compared_without_case_of_the_client_too(self):
        """RFC 4343"""
        self.assertEqual(self.ask("sensor-2.lan").address, self.addresses[2])

    def test_board(self):
        """The board has a name as well"""
        for name in ("greenhouse.lan", "greenhouse"):
            self.assertEqual(self.ask(name).address, "192.0.2.1")

    def test_lives_no_longer_than_the_lease(self):
        """One second: a name vanishes with its lease"""
        record = self.ask("sensor-1.lan").sections[0][0]
        self.assertEqual(record[2], 1)

    def test_any_gets_the_address(self):
        """RFC 8482 section 4.1: a subset will do"""
        self.assertEqual(self.ask("sensor-1.lan", ANY).address, self.addresses[1])

    def test_other_types_get_no_data_with_soa(self):
        """RFC 2308 section 2.2"""
        for kind in (AAAA, HTTPS, TXT):
            answer = self.ask("sensor-1.lan", kind)
            self.assertEqual((answer.rcode, answer.sections[0]), (0, []))
            self.assertEqual([record[1] for record in answer.sections[1]], [SOA])

    def test_released_device_is_gone(self):
        """The table is asked at each query"""
        Client(self.server, mac=1).release(self.addresses[1])
        self.assertEqual(self.ask("sensor-1.lan").rcode, 3)

    def test_offered_address_has_no_name(self):
        """Only devices with a lease are found"""
        Client(self.server, mac=9).discover(options=[(12, b"later")])
        self.assertEqual(self.ask("later.lan").rcode, 3)

    def test_expired_device_is_gone(self):
        """The service ends leases twice a second"""
        self.server.leases.end_due(4000)
        self.assertEqual(self.ask("sensor-1.lan").rcode, 3)


class Reverse(NamesCase):
    def name(self, address):
        """Return the PTR of an address as a name in wire form, or the rcode."""
        back = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
        answer = self.ask(back, PTR)
        return answer.sections[0][0][3] if answer.sections[0] else answer.rcode

    def test_leased_device_and_board(self):
        """RFC 1035 section 3.5"""
        self.assertEqual(self.name(self.addresses[1]), wire("sensor-1.lan"))
        self.assertEqual(self.name("192.0.2.1"), wire("greenhouse.lan"))

    def test_nobody(self):
        """NXDOMAIN in our subnet, REFUSED outside it"""
        self.assertEqual(self.name("192.0.2.200"), 3)
        self.assertEqual(self.name("192.0.2.31"), 3)
        self.assertEqual(self.name("198.51.100.1"), 5)

    def test_half_an_address(self):
        """There is nothing below it that we know"""
        for name in ("2.0.192.in-addr.arpa", "in-addr.arpa", "x.2.0.192.in-addr.arpa"):
            self.assertEqual(self.ask(name, PTR).rcode, 5)

    def test_other_type(self):
        """NODATA"""
        back = ".".join(reversed(self.addresses[1].split("."))) + ".in-addr.arpa"
        answer = self.ask(back, TXT)
        self.assertEqual((answer.rcode, answer.sections[0], len(answer.sections[1])), (0, [], 1))


class Unknown(NamesCase):
    def test_rest_of_the_domain_does_not_exist(self):
        """NXDOMAIN with the SOA of the domain (RFC 2308 section 2.1)"""
        for name in ("nobody.lan", "a.b.c.lan", "x.sensor-1.lan"):
            answer = self.ask(name)
            self.assertEqual((answer.rcode, answer.sections[0]), (3, []))
            owner, kind, ttl, data = answer.sections[1][0]
            self.assertEqual((owner, kind, ttl), (ZONE, SOA, 1))
            self.assertEqual(data[-4:], b"\0\0\0\1")  # what does not exist may in a second

    def test_domain_itself(self):
        """It exists and has a SOA"""
        self.assertEqual(self.ask("lan", SOA).sections[0][0][1], SOA)
        answer = self.ask("lan", A)
        self.assertEqual((answer.rcode, answer.sections[0], len(answer.sections[1])), (0, [], 1))

    def test_foreign_names_are_refused(self):
        """At once: a telephone then gives up, or asks another server"""
        for name in ("example.com", "wlan", "xlan", "sensor-1.lan.example", "nobody"):
            answer = self.ask(name)
            self.assertEqual((answer.rcode, answer.authoritative), (5, False), name)

    def test_root(self):
        """No label at all"""
        self.assertEqual(self.ask("", NS).rcode, 5)

    def test_other_class(self):
        """CHAOS: version.bind"""
        self.assertEqual(self.ask("sensor-1.lan", TXT, klass=3).rcode, 5)


class Captive(NamesCase):
    options = {"captive": True}

    def test_every_name_is_the_board(self):
        """So that the page opens"""
        for name in ("connectivitycheck.gstatic.com", "captive.apple.com", "x.lan", "lan"):
            self.assertEqual(self.ask(name).address, "192.0.2.1", name)

    def test_known_devices_keep_their_address(self):
        """They are here"""
        self.assertEqual(self.ask("sensor-1.lan").address, self.addresses[1])

    def test_other_types_have_no_data(self):
        """A telephone asks AAAA and HTTPS at the same time, and must not wait for them"""
        for kind in (AAAA, HTTPS):
            answer = self.ask("captive.apple.com", kind)
            self.assertEqual((answer.rcode, answer.sections[0]), (0, []))

    def test_firefox_keeps_this_server(self):
        """Its canary does not exist"""
        self.assertEqual(self.ask("use-application-dns.net").rcode, 3)
        self.assertEqual(self.ask("USE-application-dns.net", AAAA).rcode, 3)


class Hosts(NamesCase):
    options = {"hosts": {"Printer": "192.0.2.9"}, "domain": "Home.Arpa"}

    def test_host_without_a_lease(self):
        """Named by the program"""
        self.assertEqual(self.ask("printer.home.arpa").address, "192.0.2.9")

    def test_domain_of_two_labels(self):
        """RFC 8375: home.arpa"""
        self.assertEqual(self.ask("sensor-1.home.arpa").address, self.addresses[1])
        self.assertEqual(self.ask("x.home.arpa").sections[1][0][0], b"\x04home\x04arpa\0")
        self.assertEqual(self.ask("sensor-1.arpa").rcode, 5)


class Edns(NamesCase):
    def test_opt_is_answered_by_opt(self):
        """RFC 6891 section 6.1.1; the bit DO comes back: RFC 3225 section 3"""
        for do in (False, True):
            answer = self.ask("sensor-1.lan", opt=opt(do=do))
            self.assertEqual(answer.address, self.addresses[1])
            owner, kind, ttl, _ = answer.sections[2][0]
            self.assertEqual((owner, kind, ttl), (b"\0", 41, 0x8000 if do else 0))

    def test_without_opt_there_is_none(self):
        """RFC 6891 section 7"""
        self.assertEqual(self.ask("sensor-1.lan").sections[2], [])

    def test_options_are_passed_over(self):
        """A cookie, as dig sends it"""
        cookie = b"\0\x0a\0\x08" + bytes(8)
        self.assertEqual(self.ask("greenhouse", opt=opt(data=cookie)).address, "192.0.2.1")

    def test_newer_version(self):
        """BADVERS, 16: its upper part is in OPT"""
        answer = self.ask("greenhouse", opt=opt(version=1))
        self.assertEqual((answer.rcode, answer.sections[0]), (0, []))
        self.assertEqual(answer.sections[2][0][2], 0x01000000)

    def test_cut_record(self):
        """FORMERR"""
        whole = opt(data=b"\0\x0a\0\x08" + bytes(8))
        for n in (3, 10, 11, len(whole) - 1):
            asked = query("greenhouse", opt=whole[:n])
            self.assertEqual(self.names.answer(asked)[3], 1)

    def test_other_additional_record(self):
        """A signature (TSIG) that we cannot check: the answer is not signed"""
        self.assertEqual(
            self.ask("greenhouse", opt=b"\0\0\xfa\0\xff" + bytes(6)).address, "192.0.2.1"
        )


class Malformed(NamesCase):
    def test_silence(self):
        """No answer to an answer, nor to a message without a header"""
        for raw in (b"", b"\0" * 11, query("lan", flags=0x8180)):
            self.assertEqual(self.names.answer(raw), b"")

    def test_formerr(self):
        """The header alone comes back, so that nobody waits"""
        good = query("sensor-1.lan")
        for what, raw in (
            ("two questions", good[:5] + b"\2" + good[6:]),
            ("no question", good[:5] + b"\0" + good[6:]),
            ("an answer in it", good[:7] + b"\1" + good[8:]),
            ("cut", good[:-1]),
            ("a pointer", good[:12] + b"\xc0\x0c\0\1\0\1"),
            ("a pointer behind a label", good[:12] + b"\1x\xc0\x0c\0\1\0\1"),
            ("a label of 64", good[:12] + b"\x40" + b"x" * 64 + b"\0\0\1\0\1"),
            ("no end", good[:12] + b"\x3f" + b"x" * 63),
            ("256 bytes", good[:12] + (b"\x3f" + b"x" * 63) * 4 + b"\0\0\1\0\1"),
        ):
            reply = self.names.answer(raw)
            self.assertEqual((len(reply), reply[3]), (12, 1), what)

    def test_longest_name(self):
        """255 bytes are allowed: RFC 1035 section 2.3.4"""
        name = b"\x3f" + b"x" * 63
        raw = query("")[:12] + name * 3 + b"\x3d" + b"x" * 61 + b"\0\0\1\0\1"
        self.assertEqual(self.names.answer(raw)[3], 5)

    def test_other_operations(self):
        """NOTIMP: UPDATE, NOTIFY, STATUS"""
        for opcode in (1, 2, 4, 5):
            reply = self.names.answer(query("lan", flags=opcode << 11))
            self.assertEqual((len(reply), reply[3], reply[2] >> 3 & 15), (12, 4, opcode))

    def test_a_packet_of_another_kind(self):
        """A DHCP message on the wrong port"""
        reply = self.names.answer(request(mac=1))
        self.assertLess(len(reply), 13)


class Domain(unittest.TestCase):
    """The server tells its clients the domain: options 15 and 119."""

    def sent(self, domain="lan", **settings):
        """Return (option 15, option 119) of an OFFER."""
        server = serve(**settings)
        Names(FakeService(server), domain=domain, board="greenhouse")
        offer = Client(server).discover(prl=(1, 3, 6, 15, 119, 58, 59))
        self.assertEqual((offer.option(58), offer.option(59)), (b"\0\0\x07\x08", b"\0\0\x0c\x4e"))
        return offer.option(15), offer.option(119)

    def test_added(self):
        """Where the Config has none; also to the options of a reservation"""
        both = b"lan", b"\x03lan\0"
        self.assertEqual(self.sent(), both)
        own = {"address": "192.0.2.20", "routers": []}
        self.assertEqual(self.sent(reservations={"00:00:5e:00:53:01": own}), both)
        self.assertEqual(self.sent("home.arpa")[1], b"\x04home\x04arpa\0")

    def test_the_settings_come_first(self):
        """What the Config has stays"""
        self.assertEqual(
            self.sent(domain="lan", options={"domain_search": ["a.example"]})[1][:2], b"\1a"
        )
        server = serve(domain="other")
        Names(FakeService(server), domain="lan", board="greenhouse")
        self.assertEqual(Client(server).discover(prl=(15,)).option(15), b"other")

    def test_after_configure(self):
        """A new Config is told at the next turn"""
        server = serve()
        service = FakeService(server)
        names = Names(service, board="greenhouse")
        server.configure(serve(lease_s=7200).config, 0)
        service.config = server.config
        names.poll()
        self.assertEqual(Client(server).discover(prl=(15,)).option(15), b"lan")

    def test_the_fast_path_makes_its_copy_of_the_options_anew(self):
        """It has one of its own, in a FAST build"""

        class Fast:
            made = 0

            def make(self):
                self.made += 1

        service = FakeService(serve())
        service.fast = Fast()
        Names(service, board="greenhouse")
        self.assertEqual(service.fast.made, 1)


class Settings(unittest.TestCase):
    def test_refused_by_name(self):
        """A wrong argument raises ValueError that names it"""
        for name, value in (
            ("domain", ""),
            ("domain", "a..b"),
            ("domain", "ü"),
            ("domain", "x" * 101),
            ("board", "two.labels"),
            ("board", "under_score"),
            ("hosts", {"a b": "192.0.2.9"}),
        ):
            with self.assertRaises(ValueError) as caught:
                Names(FakeService(serve()), **{name: value})
            self.assertEqual(str(caught.exception)[: len(name)], name)

    def test_board_is_called_like_its_network(self):
        """The ssid, made a label"""
        names = Names(FakeService(serve(), ssid="My Green House"))
        asked = query("my-green-house.lan")
        self.assertEqual(Answer(names.answer(asked), asked).address, "192.0.2.1")


if __name__ == "__main__":
    unittest.main()
