"""Option names of Kea and ISC dhcpd, and values as text.

Kea took the names of ISC dhcpd over, so one table serves both.  An option that is not in it is
written by its code and as bytes, which every server takes.
"""

import re
from ipaddress import IPv4Address

from microdhcp import options

#: Code: name in Kea and ISC dhcpd, for the types that all three servers write the same way.
NAMES = {
    2: "time-offset",
    3: "routers",
    4: "time-servers",
    5: "name-servers",
    6: "domain-name-servers",
    7: "log-servers",
    8: "cookie-servers",
    9: "lpr-servers",
    10: "impress-servers",
    11: "resource-location-servers",
    12: "host-name",
    13: "boot-size",
    14: "merit-dump",
    15: "domain-name",
    16: "swap-server",
    17: "root-path",
    18: "extensions-path",
    19: "ip-forwarding",
    20: "non-local-source-routing",
    22: "max-dgram-reassembly",
    23: "default-ip-ttl",
    24: "path-mtu-aging-timeout",
    26: "interface-mtu",
    27: "all-subnets-local",
    29: "perform-mask-discovery",
    30: "mask-supplier",
    31: "router-discovery",
    32: "router-solicitation-address",
    34: "trailer-encapsulation",
    35: "arp-cache-timeout",
    36: "ieee802-3-encapsulation",
    37: "default-tcp-ttl",
    38: "tcp-keepalive-interval",
    39: "tcp-keepalive-garbage",
    40: "nis-domain",
    41: "nis-servers",
    42: "ntp-servers",
    44: "netbios-name-servers",
    45: "netbios-dd-server",
    46: "netbios-node-type",
    47: "netbios-scope",
    48: "font-servers",
    49: "x-display-manager",
    64: "nisplus-domain-name",
    65: "nisplus-servers",
    66: "tftp-server-name",
    67: "boot-file-name",
    69: "smtp-server",
    70: "pop-server",
    71: "nntp-server",
    72: "www-server",
    73: "finger-server",
    74: "irc-server",
    75: "streettalk-server",
    76: "streettalk-directory-assistance-server",
}
_ISC_NAMES = {  # where dhcpd has another name than Kea
    5: "ien116-name-servers",
    64: "nisplus-domain",
    67: "bootfile-name",
}
_CODES = {name: code for code, name in NAMES.items()} | {  # Kea's names for other types
    "policy-filter": 21,
    "path-mtu-plateau-table": 25,
    "static-routes": 33,
    "vendor-encapsulated-options": 43,
    "vendor-class-identifier": 60,
    "mobile-ip-home-agent": 68,
    "nds-servers": 85,
    "nds-tree-name": 86,
    "nds-context": 87,
    "pcode": 100,
    "tcode": 101,
    "v6-only-preferred": 108,
    "v4-captive-portal": 114,
    "auto-config": 116,
    "name-service-search": 117,
    "domain-search": 119,
    "capwap-ac-v4": 138,
}
_NUMBERS = ("u8", "u16", "u32", "s32")
_PLAIN = re.compile(r"[A-Za-z0-9./:_@-]+( [A-Za-z0-9./:_@-]+)*")


def isc_name(code):
    """Return the name that dhcpd gives to an option of NAMES."""
    return _ISC_NAMES.get(code, NAMES[code])


def code_of(name):
    """Return the code of a Kea option name, or None."""
    return _CODES.get(name)


def is_named(code):
    """Return whether Kea has a name and a type for an option, so that its value may be text."""
    return code in _CODES.values()


def label(code):
    """Return our name for an option, or its number, for comments."""
    return options.find(code)[1] or f"option {code}"


def kind(code):
    """Return the type of an option in microdhcp's table: "ips", "u16", …; "raw" if unknown."""
    return options.find(code)[2]


def addresses(data):
    """Return the IPv4 addresses in bytes as a list of dotted texts."""
    return [str(IPv4Address(data[pos : pos + 4])) for pos in range(0, len(data), 4)]


def plain(option):
    """Return the value of an Option as a list of words, None if only bytes express it.

    Addresses become dotted text, numbers decimal, flags "true" or "false", text itself.
    """
    type_ = kind(option.code)
    data = option.data
    if option.code not in NAMES:
        return None
    if type_ in ("ip", "ips") and data and len(data) % 4 == 0:
        return addresses(data)
    if type_ in _NUMBERS:
        return [str(int.from_bytes(data, "big", signed=type_[0] == "s"))]
    if type_ == "bool":
        return ["true" if data[0] else "false"]
    text = data.decode("latin-1")
    return [text] if type_ == "text" and _PLAIN.fullmatch(text) else None


def setting(option):
    """Return an Option as a value for Config(options=…): readable if that gives the same bytes."""
    words = plain(option)
    if words is not None:
        value = ",".join(words).replace("true", "yes").replace("false", "no")
        if kind(option.code) == "text":
            value = words[0]
        if options.encode(option.code, value)[2:] == option.data:
            return value
    for value in ("0x" + option.data.hex(), *_structured(option)):
        try:
            if options.encode(option.code, value)[2:] == option.data:
                return value
        except ValueError:
            continue
    return None


def _structured(option):
    """Yield texts that may stand for the value of a list, a table of routes or domain names."""
    data = option.data[1:] if kind(option.code) == "sip" else option.data  # RFC 3361: 0 or 1
    four = addresses(data[: len(data) - len(data) % 4])
    yield ",".join(four)
    yield ",".join(f"{one}>{other}" for one, other in zip(four[::2], four[1::2], strict=False))
    yield ",".join(str(data[at] << 8 | data[at + 1]) for at in range(0, len(data) - 1, 2))
    yield str(int.from_bytes(data[:4], "big"))
    yield data.decode("latin-1")
    yield from (_routes(data), _domains(data))


def _routes(data):
    """Return classless routes (RFC 3442) as text."""
    routes = []
    while data:
        used = (data[0] + 7) // 8
        network = IPv4Address(data[1 : 1 + used].ljust(4, b"\0")[:4])
        routes.append(f"{network}/{data[0]}>{IPv4Address(data[1 + used : 5 + used].ljust(4))}")
        data = data[5 + used :]
    return ",".join(routes)


def _domains(data):
    """Return domain names (RFC 1035 section 3.1) as text."""
    names, labels = [], []
    while data:
        part, data = data[1 : 1 + data[0]], data[1 + data[0] :]
        if part:
            labels.append(part.decode("latin-1"))
        else:
            names.append(".".join(labels))
            labels = []
    return ",".join(names)
