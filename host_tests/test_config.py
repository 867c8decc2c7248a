"""The settings: what Config keeps, and what it refuses with which words."""

import sys
import unittest

from microdhcp import Config

MICROPYTHON = sys.implementation.name == "micropython"
ADDRESS = "192.0.2.1/24"
POOL = ("192.0.2.16", "192.0.2.47")
MAC = "00:00:5e:00:53:01"
MASK_TLV = b"\x01\x04\xff\xff\xff\x00"
ROUTERS_TLV = b"\x03\x04\xc0\x00\x02\x01"
DNS_TLV = b"\x06\x04\xc0\x00\x02\x01"
BROADCAST_TLV = b"\x1c\x04\xc0\x00\x02\xff"
ATTRIBUTES = (
    "address authoritative boot_file common conflict_check devices first24 fixed host24 "
    "hostname_bytes lease_s leases_per_device max_lease_s max_message min_lease_s net24_first "
    "net24_last next_server offer_hold_s outside pool_n quarantine_s rapid_commit relays "
    "reservations sent slots"
)

# Settings (address and pool default to the ones above), message.
# fmt: off
REFUSED = (
    ({"address": "192.0.2.1"},
     "address: '192.0.2.1' is not an address with a prefix, like 192.168.4.1/24"),
    ({"address": "192.0.2.1/x"},
     "address: '192.0.2.1/x' is not an address with a prefix, like 192.168.4.1/24"),
    ({"address": "192.0.2.1/"},
     "address: '192.0.2.1/' is not an address with a prefix, like 192.168.4.1/24"),
    ({"address": "192.0.2.300/24"}, "address: '192.0.2.300' is not an IPv4 address"),
    ({"address": None}, "address: None is not an address with a prefix, like 192.168.4.1/24"),
    ({"address": "192.0.2.1/7"}, "address: prefix /7 is not within /8../30"),
    ({"address": "192.0.2.1/31"}, "address: prefix /31 is not within /8../30"),
    ({"address": "192.0.2.0/24"},
     "address: 192.0.2.0/24 is the network's own or its broadcast address"),
    ({"address": "192.0.2.255/24"},
     "address: 192.0.2.255/24 is the network's own or its broadcast address"),
    ({"address": "0.0.2.1/24"}, "address: 0.0.2.1/24 cannot be the address of a host"),
    ({"address": "127.0.0.1/8"}, "address: 127.0.0.1/8 cannot be the address of a host"),
    ({"address": "224.0.0.1/24"}, "address: 224.0.0.1/24 cannot be the address of a host"),

    ({"pool": None}, "pool: None is not a pair (first address, last address)"),
    ({"pool": ("192.0.2.16",)},
     "pool: ('192.0.2.16',) is not a pair (first address, last address)"),
    ({"pool": "192.0.2.16"}, "pool: '192.0.2.16' is not a pair (first address, last address)"),
    ({"pool": ("192.0.2.300", "192.0.2.47")}, "pool: '192.0.2.300' is not an IPv4 address"),
    ({"pool": (16, 47)}, "pool: 16 is not an IPv4 address"),
    ({"pool": ("192.0.3.16", "192.0.3.47")},
     "pool: 192.0.3.16 is outside the subnet of the server's address"),
    ({"pool": ("193.0.2.16", "193.0.2.47")},
     "pool: 193.0.2.16 is outside the subnet of the server's address"),
    ({"pool": ("192.0.2.16", "192.0.3.16")},
     "pool: 192.0.3.16 is outside the subnet of the server's address"),
    ({"pool": ("192.0.2.0", "192.0.2.47")},
     "pool: 192.0.2.0 is the network's own or its broadcast address"),
    ({"pool": ("192.0.2.16", "192.0.2.255")},
     "pool: 192.0.2.255 is the network's own or its broadcast address"),
    ({"pool": ("192.0.2.1", "192.0.2.47")}, "pool: 192.0.2.1 is the server's own address"),
    ({"address": "192.0.2.20/24"},
     "pool: 192.0.2.16 to 192.0.2.47 contains the server's own address"),
    ({"pool": ("192.0.2.47", "192.0.2.16")},
     "pool: its first address 192.0.2.47 comes after its last, 192.0.2.16"),
    ({"address": "10.0.0.1/8", "pool": ("10.0.0.2", "10.0.1.0")},
     "pool: 255 addresses, at most 254 can be served"),

    ({"lease_s": "x"}, "lease_s: 'x' is not a whole number within 1..134217728"),
    ({"lease_s": True}, "lease_s: True is not a whole number within 1..134217728"),
    ({"lease_s": None}, "lease_s: None is not a whole number within 1..134217728"),
    ({"lease_s": 3600.0}, "lease_s: 3600.0 is not a whole number within 1..134217728"),
    ({"lease_s": 0}, "lease_s: 0 is not a whole number within 1..134217728"),
    ({"min_lease_s": 0}, "min_lease_s: 0 is not a whole number within 1..134217728"),
    ({"max_lease_s": 134217729},
     "max_lease_s: 134217729 is not a whole number within 1..134217728"),
    ({"offer_hold_s": -1}, "offer_hold_s: -1 is not a whole number within 1..134217728"),
    ({"quarantine_s": "600"}, "quarantine_s: '600' is not a whole number within 1..134217728"),
    ({"lease_s": 59}, "lease_s: 59 is under min_lease_s 60"),
    ({"lease_s": 86401}, "lease_s: 86401 is over max_lease_s 86400"),
    ({"min_lease_s": 100, "max_lease_s": 99, "lease_s": 99},
     "lease_s: 99 is under min_lease_s 100"),

    ({"authoritative": 1}, "authoritative: 1 is neither True nor False"),
    ({"rapid_commit": None}, "rapid_commit: None is neither True nor False"),
    ({"conflict_check": 1}, "conflict_check: 1 is neither True nor False"),
    ({"hostname_bytes": -1}, "hostname_bytes: -1 is not a whole number within 0..63"),
    ({"hostname_bytes": 64}, "hostname_bytes: 64 is not a whole number within 0..63"),
    ({"allow": MAC},
     "allow: '00:00:5e:00:53:01' is not a list of MACs or of their first bytes"),
    ({"deny": None}, "deny: None is not a list of MACs or of their first bytes"),
    ({"allow": [""]}, "allow: '' is neither a MAC, 00:00:5e:00:53:01, nor the start of one"),
    ({"deny": ["0:5e"]},
     "deny: '0:5e' is neither a MAC, 00:00:5e:00:53:01, nor the start of one"),
    ({"deny": [94]}, "deny: 94 is neither a MAC, 00:00:5e:00:53:01, nor the start of one"),
    ({"deny": [b"1234567"]},
     "deny: b'1234567' is neither a MAC, 00:00:5e:00:53:01, nor the start of one"),
    ({"next_server": "boot.lan"}, "next_server: 'boot.lan' is not an IPv4 address"),
    ({"boot_file": ""}, "option boot_file (67): must not be empty"),
    ({"boot_file": "f" * 128}, "' does not fit the field of 128"),
    ({"boot_file": b"a\0b"}, "' does not fit the field of 128"),
    ({"boot_file": "a", "options": {67: "b"}},
     "options: boot_file (67) is also given as a setting"),
    ({"relays": "192.0.2.9"}, "relays: '192.0.2.9' is not a list of addresses"),
    ({"relays": 5}, "relays: 5 is not a list of addresses"),
    ({"relays": ["192.0.2.9", "0.0.0.0"]}, "relays: 0.0.0.0 cannot be the address of a host"),
    ({"relays": ["127.0.0.1"]}, "relays: 127.0.0.1 cannot be the address of a host"),
    ({"relays": ["224.0.0.1"]}, "relays: 224.0.0.1 cannot be the address of a host"),
    ({"relays": ["255.255.255.255"]},
     "relays: 255.255.255.255 cannot be the address of a host"),
    ({"relays": ["192.0.2"]}, "relays: '192.0.2' is not an IPv4 address"),
    ({"max_message": 299}, "max_message: 299 is not a whole number within 300..1472"),
    ({"max_message": 1473}, "max_message: 1473 is not a whole number within 300..1472"),

    ({"routers": ["192.0.2.300"]}, "option routers (3): '192.0.2.300' is not an IPv4 address"),
    ({"routers": True}, "option routers (3): True is not a list"),
    ({"dns_servers": ["lan"]}, "option dns_servers (6): 'lan' is not an IPv4 address"),
    ({"domain": ""}, "option domain (15): must not be empty"),
    ({"domain": 1}, "option domain (15): 1 is not text"),

    ({"options": [26]}, "options: [26] is not a dict of name or code to value"),
    ({"options": {"nope": 1}}, "options: no option is called 'nope', see docs/options.md"),
    ({"options": {300: b"a"}}, "options: 300 is neither an option's name nor a code 1..254"),
    ({"options": {"mtu": 1}}, "option mtu (26): 1 is not a whole number within 68..65535"),
    ({"options": {"mtu": 1400, 26: 1400}}, "options: mtu (26) is given twice"),
    ({"options": {200: b"a", "200": b"a"}}, "options: 200 (200) is given twice"),
    ({"options": {"subnet_mask": "255.0.0.0"}}, "options: subnet_mask (1) follows from address"),
    ({"options": {28: "192.0.2.255"}}, "options: broadcast (28) follows from address"),
    ({"routers": [], "options": {3: "192.0.2.1"}},
     "options: routers (3) is also given as a setting"),
    ({"domain": "a", "options": {"domain": "b"}},
     "options: domain (15) is also given as a setting"),
    ({"options": {"lease_time": 60}}, "option lease_time (51): is set by the server itself"),

    ({"reservations": [MAC]},
     "reservations: ['00:00:5e:00:53:01'] is not a dict of MAC or client id to address"),
    ({"reservations": {MAC: "192.0.2.300"}}, "reservations: '192.0.2.300' is not an IPv4 address"),
    ({"reservations": {MAC: "192.0.3.9"}},
     "reservations: 192.0.3.9 is outside the subnet of the server's address"),
    ({"reservations": {MAC: "192.0.2.1"}}, "reservations: 192.0.2.1 is the server's own address"),
    ({"reservations": {MAC: "192.0.2.0"}},
     "reservations: 192.0.2.0 is the network's own or its broadcast address"),
    ({"reservations": {MAC: "192.0.2.255"}},
     "reservations: 192.0.2.255 is the network's own or its broadcast address"),
    ({"reservations": {MAC: {"router": "192.0.2.9"}}},
     "router: no such setting; there are address, dns_servers, domain, options, routers"),
    ({"reservations": {MAC: {"routers": "192.0.2.9"}}},
     "reservations: None is not an IPv4 address"),
    ({"reservations": {MAC: {"address": "192.0.2.9", "options": {"mtu": 1}}}},
     "option mtu (26): 1 is not a whole number within 68..65535"),
    ({"reservations": {MAC: {"address": "192.0.2.9", "routers": [], "options": {3: None}}}},
     "options: routers (3) is also given as a setting"),
    ({"reservations": {MAC: {"address": "192.0.2.9", "options": {1: None}}}},
     "options: subnet_mask (1) follows from address"),
    ({"reservations": {"00:00:00:00:00:00": "192.0.2.9"}},
     "reservations: '00:00:00:00:00:00' is not the MAC of a single device"),
    ({"reservations": {"01:00:5e:00:53:01": "192.0.2.9"}},
     "reservations: '01:00:5e:00:53:01' is not the MAC of a single device"),
    ({"reservations": {"id:01ff00000000ff": "192.0.2.9"}},
     "reservations: 'id:01ff00000000ff' is not the MAC of a single device"),
    ({"reservations": {"id:61": "192.0.2.9"}},
     "reservations: 'id:61' has 1 bytes, a client id has 2..255"),
    ({"reservations": {b"": "192.0.2.9"}},
     "reservations: b'' has 0 bytes, a client id has 2..255"),
    ({"reservations": {b"a" * 256: "192.0.2.9"}}, "has 256 bytes, a client id has 2..255"),
)
NO_KEYS = ("00:00:5e:00:53", "00:00:5e:00:53:1", "00:00:5e:00:53:001", "00:00:5e:00:53:0g",
           "00005e005301", "id:6", "id:xy", "printer", "", 7, None)
# fmt: on


def config(address=ADDRESS, pool=POOL, **settings):
    """Return a Config for the documentation network."""
    return Config(address, pool, **settings)


def refusal(**settings):
    """Return the message of the ValueError that Config must raise."""
    try:
        config(**settings)
    except ValueError as error:
        return str(error)
    return f"{settings!r} was accepted"


def common(made):
    """Return the options of a Config for all clients, without 58 and 59."""
    return tuple(made.common[0][:-2])


class TestDefaults(unittest.TestCase):
    """What a Config of two settings holds."""

    def test_holds_exactly_what_the_core_reads(self):
        """Every attribute costs heap on a board: a new one changes this list."""
        self.assertEqual(" ".join(sorted(config().__dict__)), ATTRIBUTES)

    def test_defaults(self):
        """The defaults of the documentation of Config."""
        made = config()
        times = (made.lease_s, made.min_lease_s, made.max_lease_s)
        self.assertEqual(times, (3600, 60, 86400))
        self.assertEqual((made.offer_hold_s, made.quarantine_s), (30, 600))
        self.assertIs(made.authoritative, True)
        self.assertIs(made.rapid_commit, False)
        self.assertEqual(made.max_message, 548)
        self.assertEqual(made.reservations, ())
        self.assertEqual(common(made), (MASK_TLV, ROUTERS_TLV, DNS_TLV, BROADCAST_TLV))

    def test_settings_are_kept(self):
        """Each keyword ends in the attribute of its name."""
        made = config(
            lease_s=70,
            min_lease_s=69,
            max_lease_s=71,
            offer_hold_s=1,
            quarantine_s=134217728,
            authoritative=False,
            rapid_commit=True,
            max_message=1472,
        )
        times = (made.lease_s, made.min_lease_s, made.max_lease_s)
        self.assertEqual(times, (70, 69, 71))
        self.assertEqual((made.offer_hold_s, made.quarantine_s), (1, 134217728))
        self.assertIs(made.authoritative, False)
        self.assertIs(made.rapid_commit, True)
        self.assertEqual(made.max_message, 1472)

    def test_max_lease_none_means_no_limit(self):
        """-1 stands for it, so that all times stay ints."""
        made = config(max_lease_s=None, lease_s=134217728)
        self.assertEqual((made.max_lease_s, made.lease_s), (-1, 134217728))


class TestNetwork(unittest.TestCase):
    """Addresses as the core keeps them: the first byte, and the other three as an int."""

    def test_slash_24(self):
        """192.0.2.0/24."""
        made = config()
        self.assertEqual(made.address, b"\xc0\x00\x02\x01")
        self.assertEqual(made.host24, 0x000201)
        self.assertEqual((made.net24_first, made.net24_last), (0x000200, 0x0002FF))
        self.assertEqual((made.first24, made.pool_n), (0x000210, 32))

    def test_slash_8_is_the_largest_subnet(self):
        """10.0.0.0/8: the last three bytes run through their whole range."""
        made = config("10.255.255.254/8", ("10.0.0.1", "10.0.0.254"))
        self.assertEqual((made.net24_first, made.net24_last), (0, 0xFFFFFF))
        self.assertEqual((made.first24, made.pool_n), (1, 254))
        self.assertEqual(common(made)[0], b"\x01\x04\xff\x00\x00\x00")
        self.assertEqual(common(made)[3], b"\x1c\x04\x0a\xff\xff\xff")

    def test_slash_30_is_the_smallest_subnet(self):
        """198.51.100.4/30: one address for the server and one to give out."""
        made = config("198.51.100.5/30", ("198.51.100.6", "198.51.100.6"))
        self.assertEqual((made.net24_first, made.net24_last), (0x336404, 0x336407))
        self.assertEqual((made.first24, made.pool_n), (0x336406, 1))
        self.assertEqual(common(made)[0], b"\x01\x04\xff\xff\xff\xfc")
        self.assertEqual(common(made)[3], b"\x1c\x04\xc6\x33\x64\x07")

    def test_the_pool_may_touch_the_own_address(self):
        """The own address just before the pool, or just behind it."""
        self.assertEqual(config(pool=("192.0.2.2", "192.0.2.3")).pool_n, 2)
        self.assertEqual(config("192.0.2.4/24", ["192.0.2.2", "192.0.2.3"]).pool_n, 2)


class TestOptions(unittest.TestCase):
    """The finished options: which, and in which order."""

    def test_order_is_mask_routers_dns_domain_broadcast(self):
        """'the subnet mask option MUST be first' (RFC 2132 section 3.3)."""
        made = config(routers=["192.0.2.9"], dns_servers="192.0.2.8, 192.0.2.7", domain="lan")
        routers = b"\x03\x04\xc0\x00\x02\x09"
        dns = b"\x06\x08\xc0\x00\x02\x08\xc0\x00\x02\x07"
        expected = (MASK_TLV, routers, dns, b"\x0f\x03lan", BROADCAST_TLV)
        self.assertEqual(common(made), expected)

    def test_empty_or_none_leaves_the_option_out(self):
        """No gateway, no DNS: phones keep their mobile data."""
        for nothing in ([], (), None):
            made = config(routers=nothing, dns_servers=nothing, domain=None)
            self.assertEqual(common(made), (MASK_TLV, BROADCAST_TLV))

    def test_user_options_follow_by_ascending_code_and_108_is_last(self):
        """108 is sent to those only who ask for it (RFC 8925 section 3.3)."""
        made = config(
            options={"captive_portal": "x", 108: 300, "mtu": 1400, "200": b"a", 42: "192.0.2.1"}
        )
        expected = (
            b"\x1a\x02\x05\x78",
            b"\x2a\x04\xc0\x00\x02\x01",
            b"\x72\x01x",
            b"\xc8\x01a",
            b"\x6c\x04\x00\x00\x01\x2c",
        )
        self.assertEqual(common(made)[4:], expected)

    def test_an_option_replaces_the_default_of_a_setting(self):
        """options={"routers": …} without the setting routers: sent once."""
        made = config(options={"routers": ["192.0.2.9"]})
        expected = (MASK_TLV, DNS_TLV, BROADCAST_TLV, b"\x03\x04\xc0\x00\x02\x09")
        self.assertEqual(common(made), expected)


class TestAccess(unittest.TestCase):
    """Who is served, and what a client boots from."""

    def test_by_default_everybody(self):
        """None and nothing."""
        made = config()
        self.assertEqual(made.devices, None)
        self.assertEqual((made.next_server, made.boot_file), (None, None))

    def test_every_way_to_write_a_prefix(self):
        """One to six bytes, text or bytes."""
        made = config(allow=[MAC, "00-00-5E", b"\x02"], deny=("00",))
        self.assertEqual(
            made.devices.allow, (b"\x00\x00\x5e\x00\x53\x01", b"\x00\x00\x5e", b"\x02")
        )
        self.assertEqual(made.devices.deny, (b"\x00",))

    def test_nobody_can_be_allowed(self):
        """A list that is still empty."""
        self.assertEqual(config(allow=[]).devices.allow, ())

    def test_boot_file_is_an_option_too(self):
        """For clients that ask for 67, RFC 2132 section 9.5."""
        made = config(next_server="192.0.2.9", boot_file="image.bin")
        self.assertEqual(made.next_server, b"\xc0\x00\x02\x09")
        self.assertEqual(made.boot_file, b"image.bin")
        self.assertEqual(common(made)[-1], b"\x43\x09image.bin")


class TestOwnOptions(unittest.TestCase):
    """Options of a reservation: the common ones, and what it has in their place."""

    def own(self, entry, **settings):
        """Return the options of a client whose reservation is `entry`, {code: bytes}."""
        entry["address"] = "192.0.2.20"
        made = config(reservations={MAC: entry}, **settings)
        options, numbers, _ = made.devices.own[4]
        self.assertEqual([options[numbers[code]][0] for code in numbers], list(numbers))
        self.assertTrue(len(made.sent) >= len(options))
        return {tlv[0]: bytes(tlv) for tlv in options}

    def test_address_alone_needs_no_list(self):
        """A dict with nothing else is like the address as text."""
        made = config(reservations={MAC: {"address": "192.0.2.20"}})
        self.assertEqual(made.reservations[0][0], 0x000214)
        self.assertEqual(made.devices.own, {})

    def test_setting_of_its_own(self):
        """The others stay."""
        own = self.own({"routers": ["192.0.2.9"]}, options={"mtu": 1400})
        self.assertEqual(own[3], b"\x03\x04\xc0\x00\x02\x09")
        self.assertEqual(sorted(own), [1, 3, 6, 26, 28, 58, 59])

    def test_nothing_takes_an_option_away(self):
        """A gateway for the others, none for this one."""
        for nothing in (None, [], ()):
            own = self.own({"routers": nothing, "options": {26: nothing}}, options={"mtu": 1400})
            self.assertEqual(sorted(own), [1, 6, 28, 58, 59])

    def test_option_in_place_of_a_common_one(self):
        """By name or number, whichever the common one was given by."""
        own = self.own({"options": {"mtu": 900, 6: "192.0.2.8"}}, options={26: 1400})
        self.assertEqual(own[26], b"\x1a\x02\x03\x84")
        self.assertEqual(own[6], b"\x06\x04\xc0\x00\x02\x08")

    def test_setting_in_place_of_a_common_option(self):
        """routers for this device, where options named the others'."""
        own = self.own({"routers": "192.0.2.9"}, options={"routers": "192.0.2.8"})
        self.assertEqual(own[3], b"\x03\x04\xc0\x00\x02\x09")

    def test_more_options_than_the_others_have(self):
        """And the others are as before."""
        own = self.own({"domain": "lan", "options": {42: "192.0.2.1", 108: 300}})
        self.assertEqual(sorted(own), [1, 3, 6, 15, 28, 42, 58, 59, 108])
        self.assertEqual(len(config().common[0]), 6)


class TestReservations(unittest.TestCase):
    """Fixed addresses by MAC or client id."""

    def test_every_way_to_write_a_key(self):
        """MAC as text or bytes, client id in hex or bytes; kept by ascending address."""
        made = config(
            reservations={
                "00-00-5E-00-53-0A": "192.0.2.100",
                b"\x00\x00\x5e\x00\x53\x02": "192.0.2.20",
                "id:00616263": "192.0.2.101",
                b"\xff\x01": "192.0.2.102",
                "id:00005e005303": "192.0.2.103",
            }
        )
        expected = (
            (0x000214, b"\x00\x00\x5e\x00\x53\x02", True),
            (0x000264, b"\x00\x00\x5e\x00\x53\x0a", True),
            (0x000265, b"\x00abc", False),
            (0x000266, b"\xff\x01", False),
            (0x000267, b"\x00\x00\x5e\x00\x53\x03", False),
        )
        self.assertEqual(made.reservations, expected)

    def test_type_1_and_mac_as_client_id_is_that_mac(self):
        """RFC 2132 section 9.14: type 1 is an Ethernet address."""
        for key in ("id:0100005e005301", b"\x01\x00\x00\x5e\x00\x53\x01"):
            made = config(reservations={key: "192.0.2.100"})
            self.assertEqual(made.reservations[0], (0x000264, b"\x00\x00\x5e\x00\x53\x01", True))

    def test_a_client_has_one_address_however_it_is_written(self):
        """Two spellings of one MAC are refused."""
        for other in ("00-00-5E-00-53-01", "id:0100005e005301", b"\x00\x00\x5e\x00\x53\x01"):
            text = refusal(reservations={MAC: "192.0.2.9", other: "192.0.2.10"})
            self.assertTrue(text.endswith("is a client that has an address already"), text)

    def test_an_address_may_have_several_clients(self):
        """The two interfaces of a laptop: keys with one address, or a tuple of keys."""
        first = b"\0\0\x5e\0\x53\1"
        wanted = tuple([(0x000209, first[:5] + bytes((i,)), True) for i in (1, 2)])
        two = config(reservations={MAC: "192.0.2.9", "00:00:5e:00:53:02": "192.0.2.9"})
        self.assertEqual((two.reservations, two.slots), (wanted, two.pool_n + 1))
        pair = config(reservations={(MAC, "00:00:5e:00:53:02"): "192.0.2.9"})
        self.assertEqual((pair.reservations, pair.slots), (wanted, two.slots))

    def test_an_address_has_one_list_of_options(self):
        """Two clients of one address may not have different ones."""
        lan = {"address": "192.0.2.9", "domain": "lan"}
        table = {MAC: lan, "00:00:5e:00:53:02": {"address": "192.0.2.9", "domain": "home"}}
        text = refusal(reservations=table)
        self.assertEqual(text, "reservations: 192.0.2.9 has two lists of options")

    def test_keys_that_name_no_client(self):
        """Anything but a MAC or an id is refused with an example of both."""
        for key in NO_KEYS:
            wrong = "is neither a MAC, 00:00:5e:00:53:01, nor a client id, id:6162"
            text = refusal(reservations={key: "192.0.2.9"})
            self.assertEqual(text, f"reservations: {key!r} {wrong}")

    def test_254_addresses_with_the_pool(self):
        """Reservations inside the pool take no slot of their own, those outside do."""
        pool = ("10.0.1.0", "10.0.1.252")
        inside = {MAC: "10.0.1.0", "00:00:5e:00:53:02": "10.0.1.252"}
        outside = dict(inside)
        outside["00:00:5e:00:53:03"] = "10.0.0.255"
        made = config("10.0.0.1/8", pool, reservations=outside)
        self.assertEqual((made.pool_n, len(made.reservations)), (253, 3))
        outside["00:00:5e:00:53:04"] = "10.0.1.253"
        text = refusal(address="10.0.0.1/8", pool=pool, reservations=outside)
        self.assertEqual(
            text, "reservations: 255 addresses with the pool, at most 254 can be served"
        )


class TestRefusals(unittest.TestCase):
    """What cannot work is refused at once, and the message says which setting."""

    def test_every_refusal_names_its_setting(self):
        """The first words are the setting, the rest what is wrong with it."""
        for settings, message in REFUSED:
            with self.subTest(settings=settings):
                text = refusal(**settings)
                self.assertEqual(text[-len(message) :], message)

    def test_unknown_keywords_are_refused(self):
        """A typing error must not pass as a default."""
        for name in ("lease", "pools", "allowed", "dns"):
            text = refusal(**{name: 1})
            self.assertTrue(text.startswith(f"{name}: no such setting; there are address, pool, "))
            self.assertTrue(text.endswith("reservations, routers"))


class TestMemory(unittest.TestCase):
    """On boards the rules leave the heap when they have run."""

    def loaded(self):
        """Return which of the two modules are still known to the interpreter."""
        names = ("microdhcp.settings", "microdhcp.options")
        return [name for name in names if name in sys.modules]

    def test_rules_and_table_are_dropped_on_micropython_only(self):
        """Reloading them would cost time on a desktop, keeping them heap on a board."""
        config()
        self.assertEqual(len(self.loaded()), 0 if MICROPYTHON else 2)

    def test_they_are_dropped_after_a_refusal_too(self):
        """A program that asks again after a wrong setting starts with a clean heap."""
        self.assertTrue(refusal(lease_s=0).startswith("lease_s"))
        self.assertEqual(len(self.loaded()), 0 if MICROPYTHON else 2)

    def test_the_package_lets_go_of_them(self):
        """Importing a submodule sets an attribute of the package, which would keep it alive."""
        config()
        package = sys.modules["microdhcp"]
        for name in ("settings", "options"):
            self.assertEqual(hasattr(package, name), not MICROPYTHON)
