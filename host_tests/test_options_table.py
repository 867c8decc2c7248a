"""The option table and its encoding, against bytes written by hand from the RFCs."""

import unittest

import microdhcp.option_table as option_table
import microdhcp.options as options

# A row of the table that no setting may touch.
SERVER = None

# Code, value, value on the wire (hex, without code and length), from the section that the table
# names.  Every row of the table has at least one line here.
# fmt: off
GOLDEN = (
    (1, "255.255.255.0", "ffffff00"),
    (2, -3600, "fffff1f0"),
    (2, 7200, "00001c20"),
    (2, "-2147483648", "80000000"),
    (2, 2147483647, "7fffffff"),
    (3, ["192.0.2.1"], "c0000201"),
    (3, ("192.0.2.1", "192.0.2.254"), "c0000201 c00002fe"),
    (3, "192.0.2.1, 192.0.2.254", "c0000201 c00002fe"),
    (4, ["192.0.2.4"], "c0000204"),
    (5, ["192.0.2.5"], "c0000205"),
    (6, ["198.51.100.6", "203.0.113.6"], "c6336406 cb007106"),
    (7, ["192.0.2.7"], "c0000207"),
    (8, ["192.0.2.8"], "c0000208"),
    (9, ["192.0.2.9"], "c0000209"),
    (10, ["192.0.2.10"], "c000020a"),
    (11, ["192.0.2.11"], "c000020b"),
    (12, "sensor-1", "73656e736f722d31"),
    (13, 512, "0200"),
    (14, "/core", "2f636f7265"),
    (15, "lan", "6c616e"),
    (15, b"lan\0", "6c616e00"),
    (16, "192.0.2.16", "c0000210"),
    (17, "/srv", "2f737276"),
    (18, "/ext", "2f657874"),
    (19, False, "00"),
    (19, True, "01"),
    (20, "yes", "01"),
    (20, "no", "00"),
    (21, [("10.0.0.0", "255.0.0.0")], "0a000000 ff000000"),
    (21, "10.0.0.0>255.0.0.0", "0a000000 ff000000"),
    (22, 576, "0240"),
    (23, 64, "40"),
    (24, 600, "00000258"),
    (25, [68, 1492], "0044 05d4"),
    (25, "68,1492", "0044 05d4"),
    (26, 1400, "0578"),
    (26, "68", "0044"),
    (27, True, "01"),
    (28, "192.0.2.255", "c00002ff"),
    (29, True, "01"),
    (30, False, "00"),
    (31, True, "01"),
    (32, "224.0.0.2", "e0000002"),
    (33, [("198.51.100.7", "192.0.2.1")], "c6336407 c0000201"),
    (34, False, "00"),
    (35, 60, "0000003c"),
    (36, True, "01"),
    (37, 255, "ff"),
    (38, 0, "00000000"),
    (39, True, "01"),
    (40, "nis.example", "6e69732e6578616d706c65"),
    (41, ["192.0.2.41"], "c0000229"),
    (42, ["192.0.2.42"], "c000022a"),
    (43, b"\x01\x02\x03", "010203"),
    (43, "0x01fE", "01fe"),
    (44, ["192.0.2.44"], "c000022c"),
    (45, ["192.0.2.45"], "c000022d"),
    (46, 8, "08"),
    (46, "1", "01"),
    (47, "scope", "73636f7065"),
    (48, ["192.0.2.48"], "c0000230"),
    (49, ["192.0.2.49"], "c0000231"),
    (50, "192.0.2.50", SERVER),
    (51, 3600, SERVER),
    (52, 1, SERVER),
    (53, 2, SERVER),
    (54, "192.0.2.1", SERVER),
    (55, b"\x01", SERVER),
    (56, "no", SERVER),
    (57, 576, SERVER),
    (58, 1800, SERVER),
    (59, 3150, SERVER),
    (60, "PXEClient", "505845436c69656e74"),
    (61, b"\x01\x02", SERVER),
    (64, "nis.lan", "6e69732e6c616e"),
    (65, ["192.0.2.65"], "c0000241"),
    (66, "tftp.lan", "746674702e6c616e"),
    (67, "boot.img", "626f6f742e696d67"),
    (68, [], ""),
    (68, ["192.0.2.68"], "c0000244"),
    (69, ["192.0.2.69"], "c0000245"),
    (70, ["192.0.2.70"], "c0000246"),
    (71, ["192.0.2.71"], "c0000247"),
    (72, ["192.0.2.72"], "c0000248"),
    (73, ["192.0.2.73"], "c0000249"),
    (74, ["192.0.2.74"], "c000024a"),
    (75, ["192.0.2.75"], "c000024b"),
    (76, ["192.0.2.76"], "c000024c"),
    (80, b"", SERVER),
    (82, b"\x01\x01\x01", SERVER),
    (85, ["192.0.2.85"], "c0000255"),
    (86, "TREE", "54524545"),
    (87, "ou=a", "6f753d61"),
    (100, "EST5EDT", "45535435454454"),
    (101, "Europe/Zurich", "4575726f70652f5a7572696368"),
    (108, 1800, "00000708"),
    (108, "4294967295", "ffffffff"),
    (114, "https://192.0.2.1/", "68747470733a2f2f3139322e302e322e312f"),
    (116, 1, "01"),
    (117, [6, 41], "0006 0029"),
    (119, ["eng.lan", "lan"], "03656e67 036c616e 00 036c616e 00"),
    (119, "a.b., lan.", "0161 0162 00 036c616e 00"),
    (120, ["192.0.2.120", "192.0.2.121"], "01 c0000278 c0000279"),
    (120, "sip.lan", "00 03736970 036c616e 00"),
    (121, [("10.0.0.0/8", "192.0.2.1")], "08 0a c0000201"),
    (121, [("0.0.0.0/0", "192.0.2.1")], "00 c0000201"),
    (121, [("10.17.0.0/16", "192.0.2.1")], "10 0a11 c0000201"),
    (121, [("10.27.129.0/24", "192.0.2.1")], "18 0a1b81 c0000201"),
    (121, [("10.229.0.128/25", "192.0.2.1")], "19 0ae50080 c0000201"),
    (121, [("10.198.122.47/32", "0.0.0.0")], "20 0ac67a2f 00000000"),
    (121, "172.16.0.0/12>192.0.2.1, 10.0.0.0/8>192.0.2.2", "0c ac10 c0000201 08 0a c0000202"),
    (124, "0x000000090161", "000000090161"),
    (125, b"\0\0\0\x09\x03\x01\x01a", "0000000903010161"),
    (138, ["192.0.2.138"], "c000028a"),
    (150, ["192.0.2.150"], "c0000296"),
    (209, "pxe.cfg", "7078652e636667"),
    (210, "/pxe/", "2f7078652f"),
    (211, 30, "0000001e"),
    (249, [("10.0.0.0/8", "192.0.2.1")], "08 0a c0000201"),
    (252, "http://wpad/w", "687474703a2f2f777061642f77"),
)

# Code or name, value, end of the message.
REFUSED = (
    ("routers", [], "option routers (3): 0 is not a whole number within 1..63"),
    ("routers", "", "option routers (3): 0 is not a whole number within 1..63"),
    ("routers", ["192.0.2.1"] * 64, "option routers (3): 64 is not a whole number within 1..63"),
    ("routers", 5, "option routers (3): 5 is not a list"),
    ("routers", [5], "option routers (3): 5 is not an IPv4 address"),
    ("home_agents", ["192.0.2.1"] * 64, "(68): 64 is not a whole number within 0..63"),
    ("broadcast", "192.0.2", "option broadcast (28): '192.0.2' is not an IPv4 address"),
    ("broadcast", "192.0.2.256", "'192.0.2.256' is not an IPv4 address"),
    ("broadcast", "192.0.2.01", "'192.0.2.01' is not an IPv4 address"),
    ("broadcast", "192.0.2.", "'192.0.2.' is not an IPv4 address"),
    ("broadcast", "192.0.2.-1", "'192.0.2.-1' is not an IPv4 address"),
    ("broadcast", "192.0.2. 1", "'192.0.2. 1' is not an IPv4 address"),
    ("broadcast", "192.0.2.1.1", "'192.0.2.1.1' is not an IPv4 address"),
    ("mtu", 67, "option mtu (26): 67 is not a whole number within 68..65535"),
    ("mtu", 65536, "option mtu (26): 65536 is not a whole number within 68..65535"),
    ("mtu", True, "option mtu (26): True is not a whole number within 68..65535"),
    ("mtu", None, "option mtu (26): None is not a whole number within 68..65535"),
    ("mtu", "1_400", "option mtu (26): '1_400' is not a whole number"),
    ("mtu", "", "option mtu (26): '' is not a whole number"),
    ("mtu", "-", "option mtu (26): '-' is not a whole number"),
    ("mtu", "12345678901", "option mtu (26): '12345678901' is not a whole number"),
    ("time_offset", 2147483648, "2147483648 is not a whole number within -2147483648..2147483647"),
    ("time_offset", -2147483649, "is not a whole number within -2147483648..2147483647"),
    ("ipv6_only", 4294967296, "4294967296 is not a whole number within 0..4294967295"),
    ("ipv6_only", -1, "-1 is not a whole number within 0..4294967295"),
    ("boot_file_size", 65536, "65536 is not a whole number within 0..65535"),
    ("default_ttl", 0, "option default_ttl (23): 0 is not a whole number within 1..255"),
    ("netbios_node_type", 3, "(46): 3 is not a whole number within 1,2,4,8"),
    ("path_mtu_plateaus", [67], "(25): 67 is not a whole number within 68..65535"),
    ("path_mtu_plateaus", [], "option path_mtu_plateaus (25): must not be empty"),
    ("path_mtu_plateaus", [1500] * 128, "(25): takes 256 bytes, an option holds 255"),
    ("ip_forwarding", 1, "(19): 1 is not True or False (as text: yes or no)"),
    ("ip_forwarding", "maybe", "(19): 'maybe' is not True or False (as text: yes or no)"),
    ("domain", "", "option domain (15): must not be empty"),
    ("domain", b"", "option domain (15): must not be empty"),
    ("domain", 7, "option domain (15): 7 is not text"),
    ("domain", "a" * 256, "option domain (15): takes 256 bytes, an option holds 255"),
    ("domain", "a\nb", "(15): 'a\\nb' is not printable ASCII text"),
    ("vendor_options", "abc", "(43): 'abc' is not bytes (as text: 0x0a0b)"),
    ("vendor_options", "0x", "option vendor_options (43): must not be empty"),
    ("vendor_options", "0x1", "(43): 1 hex digits are no whole number of bytes"),
    ("vendor_options", "0x1g", "(43): 'g' is not a hex digit"),
    ("vendor_options", 1, "(43): 1 is not bytes (as text: 0x0a0b)"),
    ("static_routes", [("0.0.0.0", "192.0.2.1")], "the default route belongs into routers"),
    ("static_routes", [], "option static_routes (33): must not be empty"),
    ("static_routes", ["198.51.100.7"], "(33): ['198.51.100.7'] is not a pair"),
    ("static_routes", [5], "option static_routes (33): 5 is not a pair"),
    ("policy_filter", "10.0.0.0>255.0.0.0>1", "is not a pair"),
    ("classless_routes", [], "option classless_routes (121): must not be empty"),
    ("classless_routes", "10.0.0.1/8>192.0.2.1", "'10.0.0.1/8' has bits set behind its prefix"),
    ("classless_routes", "10.0.0.64/25>192.0.2.1", "/25' has bits set behind its prefix"),
    ("classless_routes", "10.0.0.0/33>192.0.2.1", "not an address with a prefix, like 10.0.0.0/8"),
    ("classless_routes", "10.0.0.0>192.0.2.1", "is not an address with a prefix, like 10.0.0.0/8"),
    ("classless_routes", [(8, "192.0.2.1")], "8 is not an address with a prefix, like 10.0.0.0/8"),
    ("classless_routes", "10.0.0.0/8>lan", "(121): 'lan' is not an IPv4 address"),
    ("domain_search", [], "option domain_search (119): must not be empty"),
    ("domain_search", ["a..b"], "option domain_search (119): 'a..b' is not a domain name"),
    ("domain_search", ["."], "option domain_search (119): '.' is not a domain name"),
    ("domain_search", [""], "option domain_search (119): '' is not a domain name"),
    ("domain_search", ["my lan"], "option domain_search (119): 'my lan' is not a domain name"),
    ("domain_search", ["192.0.2.1"], "(119): '192.0.2.1' is not a domain name"),
    ("domain_search", ["a" * 64], "is not a domain name"),
    ("domain_search", [5], "option domain_search (119): 5 is not text"),
    ("domain_search", ["a" * 60 + ".example"] * 4, "takes 280 bytes, an option holds 255"),
    ("sip_servers", [], "option sip_servers (120): must not be empty"),
    ("sip_servers", ["sip.lan", "192.0.2.1"], "(120): '192.0.2.1' is not a domain name"),
    ("sip_servers", ["192.0.2.1", "sip.lan"], "(120): '192.0.2.1' is not a domain name"),
    (200, b"", "option number (200): must not be empty"),
    (200, 5, "option number (200): 5 is not bytes (as text: 0x0a0b)"),
    (200, b"a" * 256, "option number (200): takes 256 bytes, an option holds 255"),
    ("no_such", 1, "options: no option is called 'no_such', see docs/options.md"),
    ("", 1, "options: no option is called '', see docs/options.md"),
    ("u16", 1, "options: no option is called 'u16', see docs/options.md"),
    ("mtu u16", 1, "options: no option is called 'mtu u16', see docs/options.md"),
    ("-1", 1, "options: no option is called '-1', see docs/options.md"),
    (0, b"", "options: 0 is neither an option's name nor a code 1..254"),
    (255, b"", "options: 255 is neither an option's name nor a code 1..254"),
    ("255", b"", "options: '255' is neither an option's name nor a code 1..254"),
    (-1, b"", "options: -1 is neither an option's name nor a code 1..254"),
    (True, b"", "options: True is neither an option's name nor a code 1..254"),
    (None, b"", "options: None is neither an option's name nor a code 1..254"),
)
# fmt: on


def rows():
    """Return the lines of the table as lists of fields."""
    return [line.split(" ") for line in option_table.TABLE.strip().split("\n")]


def unhex(text):
    """Return the bytes written in hex, blanks left out."""
    digits = text.replace(" ", "")
    return bytes([int(digits[at : at + 2], 16) for at in range(0, len(digits), 2)])


class TestTable(unittest.TestCase):
    """The table itself."""

    def test_codes_ascend_and_names_are_unique(self):
        """A code and a name lead to one row, and rows stand where a reader looks for them."""
        codes = [int(row[0]) for row in rows()]
        names = [row[1] for row in rows()]
        self.assertEqual(codes, sorted(set(codes)))
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue(0 not in codes and 255 not in codes)  # PAD and END have no length

    def test_at_least_45_options_can_be_set(self):
        """What the server sets itself does not count."""
        self.assertGreaterEqual(len([row for row in rows() if row[2] != "-"]), 45)

    def test_every_row_has_golden_bytes(self):
        """A new row needs bytes written by hand."""
        golden = {line[0] for line in GOLDEN}
        for row in rows():
            self.assertIn(int(row[0]), golden)

    def test_find_by_name_code_and_text(self):
        """A name, a code and the code as text are the same option."""
        for row in rows():
            for key in (row[1], int(row[0]), row[0]):
                self.assertEqual(options.find(key)[:3], (int(row[0]), row[1], row[2]))
        self.assertEqual(options.find("mtu"), (26, "mtu", "u16", "68..65535"))
        for row in options.SETTINGS:  # as the table has them
            self.assertEqual(option_table.find_any(row[1]), row)
        self.assertEqual(options.find(200), (200, "", "raw", ""))


class TestEncode(unittest.TestCase):
    """Values and the bytes that the RFCs say."""

    def test_golden_bytes(self):
        """Each value becomes code, length and the bytes of its RFC section."""
        for code, value, wire in GOLDEN:
            if wire is SERVER:
                continue
            with self.subTest(code=code, value=value):
                body = unhex(wire)
                self.assertEqual(options.encode(code, value), bytes([code, len(body)]) + body)

    def test_options_of_the_server_are_refused_by_name(self):
        """The server works these out for each reply; no setting may contradict it."""
        for code, value, wire in GOLDEN:
            if wire is SERVER:
                with self.subTest(code=code):
                    name = options.find(code)[1]
                    expected = f"option {name} ({code}): is set by the server itself"
                    self.assertEqual(self.refusal(code, value), expected)

    def test_codes_without_a_row_take_bytes_or_text(self):
        """RFC 2132 section 2: any code, one byte of length, the value as given."""
        self.assertEqual(options.encode(200, b"\x01\x02"), b"\xc8\x02\x01\x02")
        self.assertEqual(options.encode(200, bytearray(b"\x01")), b"\xc8\x01\x01")
        self.assertEqual(options.encode("200", "0x0102"), b"\xc8\x02\x01\x02")
        self.assertEqual(options.encode(254, "text"), b"\xfe\x04text")

    def test_255_bytes_are_the_longest_value(self):
        """One length byte holds no more (RFC 2132 section 2)."""
        self.assertEqual(options.encode(200, b"a" * 255), b"\xc8\xff" + b"a" * 255)
        self.assertEqual(len(options.encode("routers", ["192.0.2.1"] * 63)), 2 + 252)

    def test_a_label_has_at_most_63_bytes(self):
        """'labels must be 63 characters or less' (RFC 1035 section 2.3.1)."""
        encoded = options.encode("domain_search", ["a" * 63])
        self.assertEqual(encoded, b"\x77\x41\x3f" + b"a" * 63 + b"\0")

    def test_refused_values_are_named(self):
        """A value that does not fit: ValueError with the option, its code and the fault."""
        for key, value, message in REFUSED:
            with self.subTest(key=key, value=value):
                refusal = self.refusal(key, value)
                self.assertTrue(refusal.endswith(message), refusal)
                self.assertTrue(refusal.startswith("option"), refusal)

    def test_text_of_other_scripts_is_refused(self):
        """Options are ASCII (RFC 2132 section 2); digits of other scripts are no digits."""
        for key, value in (("domain", "b\u00fccher"), ("mtu", "\u0661\u0664\u0660\u0660")):
            self.assertTrue(self.refusal(key, value).startswith("option " + key))

    def refusal(self, key, value):
        """Return the message of the ValueError that encode() must raise."""
        try:
            options.encode(key, value)
        except ValueError as error:
            return str(error)
        return f"{key!r}: {value!r} was accepted"
