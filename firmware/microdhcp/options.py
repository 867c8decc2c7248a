"""Turns an option's name (or code) and value into the bytes that go on the wire.

Runs while the server is configured, never for a packet; `Config` drops this module from memory
afterwards.  Only the names in it stay in MicroPython's name pool, for ever.  So the table is one
string, the type column names the function that encodes it, and names are shared where they can.

Every value may also be text, as a command line gives it: lists separated by commas, pairs
written "10.0.0.0/8>192.168.4.1", bytes as "0x0a0b", yes and no.
"""

from .text import address_bytes, decimal, unhex

# An option is one line: code, name, type, and what the type allows, if not all of it: the range
# or the list of the numbers; for addresses how many; hosts: no default route.  Type "-" marks
# what the server sets itself.
# fmt: off
TABLE = (
    "\n"
    "1 subnet_mask ip\n"                               # RFC 2132 3.3
    "2 time_offset s32\n"                              # RFC 2132 3.4
    "3 routers ips\n"                                  # RFC 2132 3.5
    "4 time_servers ips\n"                             # RFC 2132 3.6
    "5 name_servers ips\n"                             # RFC 2132 3.7
    "6 dns_servers ips\n"                              # RFC 2132 3.8
    "7 log_servers ips\n"                              # RFC 2132 3.9
    "8 cookie_servers ips\n"                           # RFC 2132 3.10
    "9 lpr_servers ips\n"                              # RFC 2132 3.11
    "10 impress_servers ips\n"                         # RFC 2132 3.12
    "11 resource_servers ips\n"                        # RFC 2132 3.13
    "12 host_name text\n"                              # RFC 2132 3.14
    "13 boot_file_size u16\n"                          # RFC 2132 3.15
    "14 merit_dump_file text\n"                        # RFC 2132 3.16
    "15 domain text\n"                                 # RFC 2132 3.17
    "16 swap_server ip\n"                              # RFC 2132 3.18
    "17 root_path text\n"                              # RFC 2132 3.19
    "18 extensions_path text\n"                        # RFC 2132 3.20
    "19 ip_forwarding bool\n"                          # RFC 2132 4.1
    "20 non_local_source_routing bool\n"               # RFC 2132 4.2
    "21 policy_filter pairs\n"                         # RFC 2132 4.3
    "22 max_datagram_reassembly u16 576..65535\n"      # RFC 2132 4.4
    "23 default_ttl u8 1..255\n"                       # RFC 2132 4.5
    "24 path_mtu_aging_timeout u32\n"                  # RFC 2132 4.6
    "25 path_mtu_plateaus u16s 68..65535\n"            # RFC 2132 4.7
    "26 mtu u16 68..65535\n"                           # RFC 2132 5.1
    "27 all_subnets_local bool\n"                      # RFC 2132 5.2
    "28 broadcast ip\n"                                # RFC 2132 5.3
    "29 mask_discovery bool\n"                         # RFC 2132 5.4
    "30 mask_supplier bool\n"                          # RFC 2132 5.5
    "31 router_discovery bool\n"                       # RFC 2132 5.6
    "32 router_solicitation ip\n"                      # RFC 2132 5.7
    "33 static_routes pairs hosts\n"                   # RFC 2132 5.8
    "34 trailer_encapsulation bool\n"                  # RFC 2132 6.1
    "35 arp_cache_timeout u32\n"                       # RFC 2132 6.2
    "36 ethernet_encapsulation bool\n"                 # RFC 2132 6.3
    "37 tcp_default_ttl u8 1..255\n"                   # RFC 2132 7.1
    "38 tcp_keepalive_interval u32\n"                  # RFC 2132 7.2
    "39 tcp_keepalive_garbage bool\n"                  # RFC 2132 7.3
    "40 nis_domain text\n"                             # RFC 2132 8.1
    "41 nis_servers ips\n"                             # RFC 2132 8.2
    "42 ntp_servers ips\n"                             # RFC 2132 8.3
    "43 vendor_options hex\n"                          # RFC 2132 8.4
    "44 wins_servers ips\n"                            # RFC 2132 8.5
    "45 netbios_dd_servers ips\n"                      # RFC 2132 8.6
    "46 netbios_node_type u8 1,2,4,8\n"                # RFC 2132 8.7
    "47 netbios_scope text\n"                          # RFC 2132 8.8
    "48 x_font_servers ips\n"                          # RFC 2132 8.9
    "49 x_display_managers ips\n"                      # RFC 2132 8.10
    "50 requested_address -\n"                         # RFC 2132 9.1
    "51 lease_time -\n"                                # RFC 2132 9.2
    "52 overload -\n"                                  # RFC 2132 9.3
    "53 message_type -\n"                              # RFC 2132 9.6
    "54 server_id -\n"                                 # RFC 2132 9.7
    "55 parameter_list -\n"                            # RFC 2132 9.8
    "56 message -\n"                                   # RFC 2132 9.9
    "57 max_message_size -\n"                          # RFC 2132 9.10
    "58 renewal_time -\n"                              # RFC 2132 9.11
    "59 rebinding_time -\n"                            # RFC 2132 9.12
    "60 vendor_class text\n"                           # RFC 2132 9.13
    "61 client_id -\n"                                 # RFC 2132 9.14
    "64 nisplus_domain text\n"                         # RFC 2132 8.11
    "65 nisplus_servers ips\n"                         # RFC 2132 8.12
    "66 tftp_server text\n"                            # RFC 2132 9.4
    "67 boot_file text\n"                              # RFC 2132 9.5
    "68 home_agents ips 0..63\n"                       # RFC 2132 8.13
    "69 smtp_servers ips\n"                            # RFC 2132 8.14
    "70 pop3_servers ips\n"                            # RFC 2132 8.15
    "71 nntp_servers ips\n"                            # RFC 2132 8.16
    "72 www_servers ips\n"                             # RFC 2132 8.17
    "73 finger_servers ips\n"                          # RFC 2132 8.18
    "74 irc_servers ips\n"                             # RFC 2132 8.19
    "75 streettalk_servers ips\n"                      # RFC 2132 8.20
    "76 stda_servers ips\n"                            # RFC 2132 8.21
    "80 rapid_commit -\n"                              # RFC 4039 4
    "82 relay_agent_info -\n"                          # RFC 3046 2.0
    "85 nds_servers ips\n"                             # RFC 2241 2
    "86 nds_tree text\n"                               # RFC 2241 3
    "87 nds_context text\n"                            # RFC 2241 4
    "100 time_zone_posix text\n"                       # RFC 4833 2
    "101 time_zone_name text\n"                        # RFC 4833 2
    "108 ipv6_only u32\n"                              # RFC 8925 3.1
    "114 captive_portal text\n"                        # RFC 8910 2.1
    "116 auto_configure u8 0..1\n"                     # RFC 2563
    "117 name_service_search u16s\n"                   # RFC 2937
    "119 domain_search names\n"                        # RFC 3397 2
    "120 sip_servers sip\n"                            # RFC 3361 3
    "121 classless_routes routes\n"                    # RFC 3442
    "124 vendor_class_enterprise hex\n"                # RFC 3925 3
    "125 vendor_options_enterprise hex\n"              # RFC 3925 4
    "138 capwap_controllers ips\n"                     # RFC 5417 2
    "150 tftp_addresses ips\n"                         # RFC 5859 3
    "209 pxelinux_config_file text\n"                  # RFC 5071 4
    "210 pxelinux_path_prefix text\n"                  # RFC 5071 5
    "211 pxelinux_reboot_time u32\n"                   # RFC 5071 6
    "249 ms_classless_routes routes\n"                 # MS-DHCPE 2.2.8
    "252 wpad_url text\n"                              # draft-ietf-wrec-wpad-01
)
# fmt: on


def find(key):
    """Return (code, name, type, limits) of the option `key`.

    key   a name of TABLE, or a code 1..254 as int or decimal text
    A code that TABLE lacks has name "" and type "raw".  Anything else: ValueError.
    """
    if isinstance(key, str) and decimal(key) < 0:
        row = _row(TABLE.rfind("\n", 0, TABLE.find(f" {key} ")))
        if row[1] != key:
            raise ValueError(f"options: no option is called {key!r}, see docs/options.md")
        return row
    code = decimal(key) if isinstance(key, str) else key
    if not is_number(code) or not 1 <= code <= 254:
        raise ValueError(f"options: {key!r} is neither an option's name nor a code 1..254")
    at = TABLE.find(f"\n{code} ")
    return (code, "", "raw", "") if at < 0 else _row(at)


def _row(at):
    """Return the fields of the line of TABLE behind the line end at offset `at`."""
    fields = TABLE[at + 1 : TABLE.find("\n", at + 1)].split(" ")
    return int(fields[0]), fields[1], fields[2], fields[3] if len(fields) > 3 else ""


def encode(key, value):
    """Return the finished option: code, length, value (RFC 2132 section 2).

    key     a name of TABLE, or a code 1..254 as int or decimal text
    value   what docs/options.md says for its type, or the same as text
    A value that does not fit, or an option that the server sets: ValueError naming the option.
    """
    code, name, kind, limits = find(key)
    try:
        encoded = _value(value, kind, limits)
        if len(encoded) > 255:
            raise ValueError(f"takes {len(encoded)} bytes, an option holds 255")
        if not encoded and limits[:3] != "0..":  # so only a number of addresses that may be 0
            raise ValueError("must not be empty")
    except ValueError as error:
        raise ValueError(f"option {name or 'number'} ({code}): {error}") from None
    return bytes([code, len(encoded)]) + encoded


def _value(value, kind, limits):
    """Return `value` encoded as type `kind`: a number of so many bits, or by its function."""
    if kind == "-":
        raise ValueError("is set by the server itself")
    if kind[1:].isdigit():
        return _number(value, kind, limits)
    kinds = "u16s bool ip ips pairs routes text hex raw names sip".split(" ")
    encoders = (_u16s, _bool, _ip, _ips, _pairs, _routes, _text, _hex, _raw, _names, _sip)
    return encoders[kinds.index(kind)](value, limits)


def is_number(value):
    """Return whether `value` is an int; bool, an int to CPython, is none here."""
    return isinstance(value, int) and not isinstance(value, bool)


def within(value, limits):
    """Return `value` if it is an int in `limits`, "low..high" or a list "1,2,4"."""
    if is_number(value):
        if ".." in limits:
            low, high = limits.split("..")
            if int(low) <= value <= int(high):
                return value
        elif str(value) in limits.split(","):
            return value
    raise ValueError(f"{value!r} is not a whole number within {limits}")


def cidr(text, example="10.0.0.0/8"):
    """Return (4 bytes, prefix length 0..32) of `text`, e.g. "10.0.0.0/8", or ValueError."""
    parts = text.split("/") if isinstance(text, str) else []
    prefix = decimal(parts[1]) if len(parts) == 2 else -1
    if not 0 <= prefix <= 32:
        raise ValueError(f"{text!r} is not an address with a prefix, like {example}")
    return address_bytes(parts[0]), prefix


def _items(value):
    """Return the list in `value`: a list or tuple, or text separated by commas."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",")] if value.strip() else []
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{value!r} is not a list")
    return value


def _split(value):
    """Return the list of pairs in `value`; a pair may be text with one ">"."""
    pairs = [pair.split(">") if isinstance(pair, str) else pair for pair in _items(value)]
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ValueError(f"{pair!r} is not a pair")
    return pairs


def _number(value, kind, limits):
    """u8 u16 u32 s32: a whole number of so many bits, s with a sign."""
    bits = int(kind[1:])
    low = -1 << (bits - 1) if kind[0] == "s" else 0
    number = value
    if isinstance(value, str):
        number = decimal(value[1:] if value[:1] == "-" else value)
        if number < 0:
            raise ValueError(f"{value!r} is not a whole number")
        number = -number if value[0] == "-" else number
    within(number, limits or f"{low}..{low + (1 << bits) - 1}")
    return (number & 0xFFFFFFFF).to_bytes(4, "big")[4 - bits // 8 :]


def _u16s(value, limits):
    """Whole numbers of 16 bits: [68, 1500] or "68,1500"."""
    return b"".join([_number(item, "u16", limits) for item in _items(value)])


def _bool(value, limits):
    """True or False; as text yes or no."""
    if value is not True and value is not False and value not in ("yes", "no"):
        raise ValueError(f"{value!r} is not True or False (as text: yes or no)")
    return b"\1" if value is True or value == "yes" else b"\0"


def _ip(value, limits):
    """An IPv4 address: "192.168.4.1"."""
    return address_bytes(value)


def _ips(value, limits):
    """IPv4 addresses, the preferred one first: ["192.168.4.1", "192.168.4.2"]."""
    encoded = b"".join([address_bytes(item) for item in _items(value)])
    within(len(encoded) // 4, limits or "1..63")
    return encoded


def _pairs(value, limits):
    """Pairs of addresses: [("10.0.0.9", "192.168.4.1")] or "10.0.0.9>192.168.4.1"."""
    encoded = b""
    for one, other in _split(value):
        encoded += address_bytes(one) + address_bytes(other)
        if limits and one == "0.0.0.0":
            raise ValueError("0.0.0.0 is no host, the default route belongs into routers")
    return encoded


def _routes(value, limits):
    """Networks and their routers: [("10.0.0.0/8", "192.168.4.1")] or "10.0.0.0/8>192.168.4.1"."""
    encoded = b""
    for one, other in _split(value):
        network, prefix = cidr(one)
        if int.from_bytes(network, "big") << prefix & 0xFFFFFFFF:
            raise ValueError(f"{one!r} has bits set behind its prefix")
        encoded += bytes([prefix]) + network[: (prefix + 7) // 8] + address_bytes(other)
    return encoded


def _text(value, limits):
    """Printable ASCII text; bytes are taken as they are."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    for byte in value.encode():
        if not 0x20 <= byte <= 0x7E:
            raise ValueError(f"{value!r} is not printable ASCII text")
    return value.encode()


def _hex(value, limits):
    """Bytes; as text 0x0a0b."""
    if isinstance(value, str) and value[:2] == "0x":
        return unhex(value[2:])
    if not isinstance(value, (bytes, bytearray)):
        raise ValueError(f"{value!r} is not bytes (as text: 0x0a0b)")
    return bytes(value)


def _raw(value, limits):
    """Bytes, as text 0x0a0b; any other text stands for itself."""
    if isinstance(value, str) and value[:2] != "0x":
        return _text(value, limits)
    return _hex(value, limits)


def _names(value, limits):
    """Domain names: ["lan", "example.com"]; encoded as labels, RFC 1035 section 3.1."""
    encoded = b""
    for name in _items(value):
        labels = _text(name, limits).split(b".")
        if len(labels) > 1 and not labels[-1]:  # "example.com." is the same name
            labels.pop()
        for label in labels:
            if not 0 < len(label) <= 63 or b" " in label:
                raise ValueError(f"{name!r} is not a domain name")
            encoded += bytes([len(label)]) + label
        if decimal(label.decode()) >= 0:
            raise ValueError(f"{name!r} is not a domain name")
        encoded += b"\0"
    return encoded


def _sip(value, limits):
    """IPv4 addresses or domain names, not both; the first byte tells which."""
    try:
        return b"\1" + _ips(value, limits)
    except ValueError:
        names = _names(value, limits)
    return b"\0" + names if names else names
