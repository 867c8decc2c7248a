"""Turns an option's name (or code) and value into the bytes that go on the wire.

Runs while the server is configured and never for a packet; `Config` drops this module from
memory afterwards.  Two habits follow from that: the table is one string, because every name
written as a literal of its own would stay in MicroPython's name pool for ever, and the type
column names the function that encodes it.

Every value may also be text, as a command line gives it: lists separated by commas, pairs
written "10.0.0.0/8>192.168.4.1", bytes as "0x0a0b", yes and no.
"""

# code, name, type, then what the type allows if not all of it: a range of the number, a
# list of numbers, or for addresses how many.  Type "server" marks what no setting may touch.
# fmt: off
TABLE = (
    "\n"
    "1 subnet_mask ip\n"                       # RFC 2132 3.3
    "2 time_offset s32\n"                      # RFC 2132 3.4
    "3 routers ips\n"                          # RFC 2132 3.5
    "4 time_servers ips\n"                     # RFC 2132 3.6
    "5 name_servers ips\n"                     # RFC 2132 3.7
    "6 dns_servers ips\n"                      # RFC 2132 3.8
    "7 log_servers ips\n"                      # RFC 2132 3.9
    "8 cookie_servers ips\n"                   # RFC 2132 3.10
    "9 lpr_servers ips\n"                      # RFC 2132 3.11
    "10 impress_servers ips\n"                 # RFC 2132 3.12
    "11 resource_servers ips\n"                # RFC 2132 3.13
    "12 host_name text\n"                      # RFC 2132 3.14
    "13 boot_file_size u16\n"                  # RFC 2132 3.15
    "14 merit_dump_file text\n"                # RFC 2132 3.16
    "15 domain text\n"                         # RFC 2132 3.17
    "16 swap_server ip\n"                      # RFC 2132 3.18
    "17 root_path text\n"                      # RFC 2132 3.19
    "18 extensions_path text\n"                # RFC 2132 3.20
    "19 ip_forwarding bool\n"                  # RFC 2132 4.1
    "20 non_local_source_routing bool\n"       # RFC 2132 4.2
    "21 policy_filter pairs\n"                 # RFC 2132 4.3
    "22 max_datagram_reassembly u16 576..65535\n"  # RFC 2132 4.4
    "23 default_ttl u8 1..255\n"               # RFC 2132 4.5
    "24 path_mtu_aging_timeout u32\n"          # RFC 2132 4.6
    "25 path_mtu_plateaus u16s 68..65535\n"    # RFC 2132 4.7
    "26 mtu u16 68..65535\n"                   # RFC 2132 5.1
    "27 all_subnets_local bool\n"              # RFC 2132 5.2
    "28 broadcast ip\n"                        # RFC 2132 5.3
    "29 mask_discovery bool\n"                 # RFC 2132 5.4
    "30 mask_supplier bool\n"                  # RFC 2132 5.5
    "31 router_discovery bool\n"               # RFC 2132 5.6
    "32 router_solicitation ip\n"              # RFC 2132 5.7
    "33 static_routes routes\n"                # RFC 2132 5.8
    "34 trailer_encapsulation bool\n"          # RFC 2132 6.1
    "35 arp_cache_timeout u32\n"               # RFC 2132 6.2
    "36 ethernet_encapsulation bool\n"         # RFC 2132 6.3
    "37 tcp_default_ttl u8 1..255\n"           # RFC 2132 7.1
    "38 tcp_keepalive_interval u32\n"          # RFC 2132 7.2
    "39 tcp_keepalive_garbage bool\n"          # RFC 2132 7.3
    "40 nis_domain text\n"                     # RFC 2132 8.1
    "41 nis_servers ips\n"                     # RFC 2132 8.2
    "42 ntp_servers ips\n"                     # RFC 2132 8.3
    "43 vendor_options hex\n"                  # RFC 2132 8.4
    "44 wins_servers ips\n"                    # RFC 2132 8.5
    "45 netbios_dd_servers ips\n"              # RFC 2132 8.6
    "46 netbios_node_type u8 1,2,4,8\n"        # RFC 2132 8.7
    "47 netbios_scope text\n"                  # RFC 2132 8.8
    "48 x_font_servers ips\n"                  # RFC 2132 8.9
    "49 x_display_managers ips\n"              # RFC 2132 8.10
    "50 requested_address server\n"            # RFC 2132 9.1
    "51 lease_time server\n"                   # RFC 2132 9.2
    "52 overload server\n"                     # RFC 2132 9.3
    "53 message_type server\n"                 # RFC 2132 9.6
    "54 server_id server\n"                    # RFC 2132 9.7
    "55 parameter_list server\n"               # RFC 2132 9.8
    "56 message server\n"                      # RFC 2132 9.9
    "57 max_message_size server\n"             # RFC 2132 9.10
    "58 renewal_time server\n"                 # RFC 2132 9.11
    "59 rebinding_time server\n"               # RFC 2132 9.12
    "60 vendor_class text\n"                   # RFC 2132 9.13
    "61 client_id server\n"                    # RFC 2132 9.14
    "64 nisplus_domain text\n"                 # RFC 2132 8.11
    "65 nisplus_servers ips\n"                 # RFC 2132 8.12
    "66 tftp_server text\n"                    # RFC 2132 9.4
    "67 boot_file text\n"                      # RFC 2132 9.5
    "68 home_agents ips 0..63\n"               # RFC 2132 8.13
    "69 smtp_servers ips\n"                    # RFC 2132 8.14
    "70 pop3_servers ips\n"                    # RFC 2132 8.15
    "71 nntp_servers ips\n"                    # RFC 2132 8.16
    "72 www_servers ips\n"                     # RFC 2132 8.17
    "73 finger_servers ips\n"                  # RFC 2132 8.18
    "74 irc_servers ips\n"                     # RFC 2132 8.19
    "75 streettalk_servers ips\n"              # RFC 2132 8.20
    "76 stda_servers ips\n"                    # RFC 2132 8.21
    "80 rapid_commit server\n"                 # RFC 4039 4
    "82 relay_agent_info server\n"             # RFC 3046 2.0
    "85 nds_servers ips\n"                     # RFC 2241 2
    "86 nds_tree text\n"                       # RFC 2241 3
    "87 nds_context text\n"                    # RFC 2241 4
    "100 time_zone_posix text\n"               # RFC 4833 2
    "101 time_zone_name text\n"                # RFC 4833 2
    "108 ipv6_only u32\n"                      # RFC 8925 3.1
    "114 captive_portal text\n"                # RFC 8910 2.1
    "116 auto_configure u8 0..1\n"             # RFC 2563 2
    "117 name_service_search u16s\n"           # RFC 2937
    "119 domain_search names\n"                # RFC 3397 2
    "120 sip_servers sip\n"                    # RFC 3361 3
    "121 classless_routes cidrs\n"             # RFC 3442
    "124 vendor_class_enterprise hex\n"        # RFC 3925 3
    "125 vendor_options_enterprise hex\n"      # RFC 3925 4
    "138 capwap_controllers ips\n"             # RFC 5417 2
    "150 tftp_addresses ips\n"                 # RFC 5859 3
    "209 pxelinux_config_file text\n"          # RFC 5071 4
    "210 pxelinux_path_prefix text\n"          # RFC 5071 5
    "211 pxelinux_reboot_time u32\n"           # RFC 5071 6
    "249 ms_classless_routes cidrs\n"          # MS-DHCPE 2.2.8
    "252 wpad_url text\n"                      # draft-ietf-wrec-wpad-01 4.4.1
)
# fmt: on


def find(key):
    """Return (code, name, type, limits) of the option `key`.

    key   a name of TABLE, or a code 1..254 as int or decimal text
    A code that TABLE lacks has name "" and type "raw".  Anything else: ValueError.
    """
    code = key
    if isinstance(key, str):
        code = decimal(key)
        if code < 0:
            at = TABLE.find(f" {key} ")
            return _row(TABLE.rfind("\n", 0, at) + 1, 1, key)
    if not is_number(code) or not 1 <= code <= 254:
        raise ValueError(f"options: {key!r} is neither an option's name nor a code 1..254")
    at = TABLE.find(f"\n{code} ")
    if at < 0:
        return code, "", "raw", ""
    return _row(at + 1, 0, str(code))


def _row(at, column, wanted):
    """Return the fields of the line at offset `at`, if its `column` holds `wanted`."""
    fields = TABLE[at : TABLE.find("\n", at)].split(" ")
    if len(fields) < 3 or fields[column] != wanted:
        raise ValueError(f"options: no option is called {wanted!r}; see docs/options.md")
    return int(fields[0]), fields[1], fields[2], fields[3] if len(fields) > 3 else ""


def encode(key, value):
    """Return the finished option: code, length, value (RFC 2132 section 2).

    key     a name of TABLE, or a code 1..254 as int or decimal text
    value   what docs/options.md says for its type, or the same as text; for a code that TABLE
            lacks: bytes, "0x…" text for bytes, or any other text for itself
    A value that does not fit, or an option that belongs to the server: ValueError that names
    the option.
    """
    code, name, kind, limits = find(key)
    try:
        encoded = globals()["_" + kind](value, limits)
        if len(encoded) > 255:
            raise ValueError(f"takes {len(encoded)} bytes, an option holds 255")
    except ValueError as error:
        raise ValueError(f"option {name or 'number'} ({code}): {error}") from None
    return bytes([code, len(encoded)]) + encoded


def is_number(value):
    """Return whether `value` is an int; bool, an int to CPython, is none here."""
    return isinstance(value, int) and not isinstance(value, bool)


def decimal(text):
    """Return the number that `text` writes in 1 to 10 decimal digits, or -1."""
    if not 0 < len(text) <= 10:
        return -1
    for digit in text:
        if not "0" <= digit <= "9":  # isdigit() would let other scripts' digits through
            return -1
    return int(text)


def address(text):
    """Return the 4 bytes of dotted-quad `text`, e.g. "192.168.4.1"; ValueError if it is none."""
    parts = text.split(".") if isinstance(text, str) else ()
    octets = [decimal(part) if part == "0" or part[:1] != "0" else -1 for part in parts]
    if len(octets) != 4 or min(octets) < 0 or max(octets) > 255:
        raise ValueError(f"{text!r} is not an IPv4 address")
    return bytes(octets)


def cidr(text):
    """Return (4 bytes, prefix length 0..32) of `text`, e.g. "10.0.0.0/8", or ValueError."""
    parts = text.split("/") if isinstance(text, str) else ()
    prefix = decimal(parts[1]) if len(parts) == 2 else -1
    if not 0 <= prefix <= 32:
        raise ValueError(f"{text!r} is not an address with a prefix, like 10.0.0.0/8")
    return address(parts[0]), prefix


def unhex(digits):
    """Return the bytes that an even number of hex `digits` writes, or ValueError."""
    for digit in digits:
        if digit not in "0123456789abcdefABCDEF":
            raise ValueError(f"{digit!r} is not a hex digit")
    if len(digits) % 2:
        raise ValueError(f"{len(digits)} hex digits are no whole number of bytes")
    return bytes([int(digits[at : at + 2], 16) for at in range(0, len(digits), 2)])


def items(value):
    """Return the list in `value`: a list or tuple, or text separated by commas."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",")] if value.strip() else []
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{value!r} is not a list")
    return value


def _server(value, limits):
    """Refuse: the server works this one out for each reply."""
    raise ValueError("is set by the server itself")


def _ip(value, limits):
    """One IPv4 address."""
    return address(value)


def _ips(value, limits):
    """IPv4 addresses, the preferred one first."""
    addresses = [address(item) for item in items(value)]
    _within(len(addresses), limits or "1..63", "number of addresses")
    return b"".join(addresses)


def _pairs(value, limits):
    """Pairs of an address and a mask: [("10.0.0.0", "255.0.0.0")] or "10.0.0.0>255.0.0.0"."""
    return b"".join([address(one) + address(other) for one, other in _split(value)])


def _routes(value, limits):
    """Routes to single hosts: [("10.0.0.9", "192.168.4.1")]; never the default route."""
    encoded = _pairs(value, limits)
    for at in range(0, len(encoded), 8):
        if encoded[at : at + 4] == b"\0\0\0\0":
            raise ValueError("0.0.0.0 is no destination here, use routers")
    return encoded


def _cidrs(value, limits):
    """Routes to networks: [("10.0.0.0/8", "192.168.4.1")] or "10.0.0.0/8>192.168.4.1"."""
    encoded = b""
    for destination, router in _split(value):
        network, prefix = cidr(destination)
        if int.from_bytes(network, "big") << prefix & 0xFFFFFFFF:
            raise ValueError(f"{destination!r} has bits set behind its prefix")
        encoded += bytes([prefix]) + network[: (prefix + 7) // 8] + address(router)
    return encoded


def _split(value):
    """Return `value` as a list of pairs, at least one; each a pair or text with one ">"."""
    pairs = [pair.split(">") if isinstance(pair, str) else pair for pair in items(value)]
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ValueError(f"{pair!r} is not a pair")
    if not pairs:
        raise ValueError("needs at least one pair")
    return pairs


def _within(number, limits, what="number"):
    """Return `number` if it lies in `limits`, "low..high" or a list "1,2,4"."""
    if ".." in limits:
        low, high = limits.split("..")
        fits = int(low) <= number <= int(high)
    else:
        fits = str(number) in limits.split(",")
    if not fits:
        raise ValueError(f"{what} {number} is not within {limits}")
    return number


def _number(value, limits, size):
    """Return `value`, an int or decimal text, as `size` bytes, most significant first."""
    number = value
    if isinstance(value, str):
        minus = value.startswith("-")
        number = decimal(value[1:] if minus else value)
        if number < 0:
            raise ValueError(f"{value!r} is not a number")
        number = -number if minus else number
    if not is_number(number):
        raise ValueError(f"{value!r} is not a number")
    _within(number, limits)
    return (number & 0xFFFFFFFF).to_bytes(4, "big")[4 - size :]


def _u8(value, limits):
    """A number 0..255."""
    return _number(value, limits or "0..255", 1)


def _u16(value, limits):
    """A number 0..65535."""
    return _number(value, limits or "0..65535", 2)


def _u32(value, limits):
    """A number 0..4294967295."""
    return _number(value, limits or "0..4294967295", 4)


def _s32(value, limits):
    """A number -2147483648..2147483647."""
    return _number(value, limits or "-2147483648..2147483647", 4)


def _u16s(value, limits):
    """Numbers 0..65535, in the order the option asks for."""
    return _filled(b"".join([_u16(item, limits) for item in items(value)]))


def _bool(value, limits):
    """True or False, or the text "yes" or "no"."""
    if value is not True and value is not False and value not in ("yes", "no"):
        raise ValueError(f"{value!r} is not True or False (as text: yes or no)")
    return b"\1" if value is True or value == "yes" else b"\0"


def _filled(encoded):
    """Return `encoded` unless it is empty."""
    if not encoded:
        raise ValueError("must not be empty")
    return encoded


def _text(value, limits):
    """Printable ASCII text, 1..255 characters; bytes are taken as they are."""
    if isinstance(value, (bytes, bytearray)):
        return _filled(bytes(value))
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    for char in value:
        if not " " <= char <= "~":
            raise ValueError(f"{value!r} is not printable ASCII text")
    return _filled(value.encode())


def _hex(value, limits):
    """Bytes, or text of the form 0x0a0b."""
    if isinstance(value, str) and value[:2] == "0x":
        return _filled(unhex(value[2:]))
    if not isinstance(value, (bytes, bytearray)):
        raise ValueError(f"{value!r} is not bytes (as text: 0x0a0b)")
    return _filled(bytes(value))


def _raw(value, limits):
    """Bytes, text of the form 0x0a0b, or any other text: itself."""
    if isinstance(value, str) and value[:2] != "0x":
        return _text(value, limits)
    return _hex(value, limits)


def _names(value, limits):
    """Domain names, each as labels with their lengths, not compressed (RFC 1035 3.1)."""
    return _filled(b"".join([_labels(name) for name in items(value)]))


def _labels(name):
    """Return domain `name` as RFC 1035 section 3.1 writes it; a dot at its end is no matter."""
    encoded = b""
    plain = name[:-1] if isinstance(name, str) and name.endswith(".") else name
    for label in _text(plain, "").split(b"."):
        if not 0 < len(label) <= 63 or b" " in label:
            raise ValueError(f"{name!r} is not a domain name")
        encoded += bytes([len(label)]) + label
    return encoded + b"\0"


def _sip(value, limits):
    """IPv4 addresses or domain names, not both; the first byte tells which (RFC 3361 3)."""
    servers = items(value)
    try:
        return b"\1" + _ips(servers, "")
    except ValueError:
        return b"\0" + _names(servers, "")
