"""The options that have a name: one line each.

Loaded where a setting asks for one that is no setting of its own, and dropped with the rules for
settings (settings.py).  One string: of many texts MicroPython would keep each as a name, for ever.
"""

from .parse import decimal, is_number

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


def find_any(key):
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
