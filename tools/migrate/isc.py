"""Writes a Network for ISC dhcpd: its configuration and its lease file."""

from datetime import UTC, datetime
from ipaddress import IPv4Address

from . import names
from .network import BOUND, INFINITE, OVER, QUARANTINED

CONFIG, LEASES = "dhcpd.conf", "dhcpd.leases"
_EMPTY = '""'
_FOREVER = 0xFFFFFFFF
_STATES = {BOUND: "active", QUARANTINED: "abandoned", OVER: "free"}


def files(network, interface, now_s):
    """Return {file name: text} of everything that dhcpd needs; the interface is an argument of it.

    now_s   Unix time
    """
    parts = (_definitions, _classes, _subnet, _hosts)
    lines = [*_head(network, interface), *(line for part in parts for line in part(network)), ""]
    return {
        CONFIG: "\n".join(lines),
        LEASES: _lease_file(network, now_s),
    }


def not_carried(network):
    """Return what dhcpd cannot be told, one text for each thing."""
    settings = network.settings
    lost = [f"offer_hold_s = {settings['offer_hold_s']}: dhcpd holds an offer for 120 s"]
    if settings["rapid_commit"]:
        lost.append("rapid_commit: dhcpd has none for DHCPv4")
    lost += [f"classes: number {n} is not carried over" for n, _ in enumerate(network.classes, 1)]
    for entry in network.reservations:
        for code in entry.without:
            lost.append(
                f"reservation {entry.address}: {names.label(code)} is sent to it after all"
            )
    fixed = {entry.address: entry for entry in network.reservations}
    for lease in network.of_state(BOUND):
        entry = fixed.get(lease.address)
        if entry and entry.mac != lease.mac and entry.client_id != lease.client_id:
            lost.append(
                f"lease of {lease.address} to {lease.mac.hex(':')}: dhcpd keeps a reserved "
                f"address for {entry.who} alone; this client gets another one"
            )
    return lost


def _head(network, interface):
    settings = network.settings
    longest = settings["max_lease_s"]
    yield "# Made by microdhcp's tools/migrate.  Check it with: dhcpd -t -cf dhcpd.conf"
    yield f"# Start it with the interface's name as argument: dhcpd {interface}"
    yield f"# Give the interface the address {network.server}: the clients renew there."
    yield "# Copy dhcpd.leases to /var/lib/dhcp/dhcpd.leases while dhcpd is stopped."
    yield "# What could not be carried over is listed in not-carried.txt."
    yield "authoritative;" if settings["authoritative"] else "not authoritative;"
    yield f"default-lease-time {settings['lease_s']};"
    yield f"min-lease-time {settings['min_lease_s']};"
    yield f"max-lease-time {_FOREVER if longest < 0 else longest};"
    yield f"abandon-lease-time {settings['quarantine_s']};  # after a client declined it"
    yield f"ping-check {'true' if settings['conflict_check'] else 'false'};"
    yield "ddns-update-style none;"


def _definitions(network):
    """Yield a definition for each option that dhcpd does not know by name."""
    codes = {option.code for option in network.options}
    for entry in network.reservations:
        codes |= {option.code for option in entry.options}
    for code in sorted(codes - set(names.NAMES)):
        yield f"option site-{code} code {code} = string;  # {names.label(code)}"


def _subnet(network):
    settings = network.settings
    yield ""
    yield f"subnet {network.subnet.network_address} netmask {network.subnet.netmask} {{"
    yield f"  option subnet-mask {network.subnet.netmask};"
    yield f"  option broadcast-address {network.subnet.broadcast_address};"
    for option in network.options:
        yield f"  {_option(option)}"
    if settings["next_server"]:
        yield f"  next-server {'.'.join(map(str, settings['next_server']))};"
    if settings["boot_file"]:
        yield f"  filename {_quoted(settings['boot_file'])};"
    ranges = list(_ranges(network))
    if ranges:  # else all addresses are reserved
        yield "  pool {"
        for first, last in ranges:
            yield f"    range {first} {last};"
        yield "  }"
    yield "}"


def _quoted(data):
    """Return bytes as a string of dhcpd."""
    marked = [c in b'"\\' or not 32 <= c < 127 for c in data]
    text = "".join(f"\\{c:03o}" if mark else chr(c) for c, mark in zip(data, marked, strict=True))
    return f'"{text}"'


def _classes(network):
    """Yield allow and deny as classes that are not served, told by how the MAC begins."""
    if network.deny:
        yield from _ignored("denied", _any_of(network.deny))
    if network.allow is not None:
        test = f"not ({_any_of(network.allow)})" if network.allow else "exists dhcp-message-type"
        yield from _ignored("not-allowed", test)


def _ignored(name, test):
    yield ""
    yield f'class "{name}" {{'
    yield f"  match if {test};"
    yield "  ignore booting;"
    yield "}"


def _any_of(prefixes):
    return " or ".join(
        f"(substring(hardware, 1, {len(prefix)}) = {_data(prefix)})" for prefix in prefixes
    )


def _ranges(network):
    """Yield (first, last) of the pool's parts between the reserved addresses."""
    fixed = {entry.address for entry in network.reservations}
    first = None
    for number in range(int(network.pool[0]), int(network.pool[1]) + 2):
        address = IPv4Address(number)
        free = address <= network.pool[1] and address not in fixed
        if free and first is None:
            first = address
        elif not free and first is not None:
            yield first, address - 1
            first = None


def _option(option):
    """Return the statement for one option; what has no plain text goes as bytes."""
    words = names.plain(option)
    if option.code not in names.NAMES:
        return f"option site-{option.code} {option.data.hex(':') or _EMPTY};"
    name = names.isc_name(option.code)
    if words is None:
        return f"option {name} = {_data(option.data)};"
    if names.kind(option.code) == "text":
        return f'option {name} "{words[0]}";'
    return f"option {name} {', '.join(words)};"


def _data(data):
    """Return bytes as an expression of dhcpd, which needs two of them at least."""
    return data.hex(":") if len(data) > 1 else f"encode-int({data[0]}, 8)"


def _hosts(network):
    for number, entry in enumerate(network.reservations, 1):
        yield ""
        yield f"host fixed-{number} {{"
        if entry.mac:
            yield f"  hardware ethernet {entry.mac.hex(':')};"
        else:
            yield f"  option dhcp-client-identifier {entry.client_id.hex(':')};"
        yield f"  fixed-address {entry.address};"
        for option in entry.options:
            yield f"  {_option(option)}"
        yield "}"


# Leases


def _lease_file(network, now_s):
    """Return dhcpd.leases; a fixed address has no lease there."""
    fixed = {entry.address for entry in network.reservations}
    parts = ["# Leases handed over by microdhcp's tools/migrate.\n", _ORDER]
    for lease in network.leases:
        if network.in_pool(lease.address) and lease.address not in fixed:
            parts.append("\n".join(_lease(lease, now_s)))
    return "".join(parts)


_ORDER = "authoring-byte-order little-endian;\n"


def _lease(lease, now_s):
    ends = "never" if lease.ends_s == INFINITE else _time(lease.ends_s)
    starts = now_s if lease.ends_s == INFINITE else min(now_s, lease.ends_s - lease.granted_s)
    if lease.state == OVER:
        starts = lease.ends_s
    yield f"lease {lease.address} {{"
    yield f"  starts {_time(starts)};"
    yield f"  ends {ends};"
    yield f"  cltt {_time(starts)};"
    yield f"  binding state {_STATES[lease.state]};"
    if lease.state == BOUND:
        yield "  next binding state free;"
    if lease.state != QUARANTINED:
        yield f"  hardware ethernet {lease.mac.hex(':')};"
        if lease.client_id and lease.client_id != b"\x01" + lease.mac:
            # Without a uid dhcpd goes by the MAC.  With one it refuses a client that sends none,
            # and whether this client sends 01 and its MAC, or nothing, is not known.
            yield f"  uid {lease.client_id.hex(':')};"
        if lease.host_name:
            yield f'  client-hostname "{lease.host_name}";'
    yield "}\n"


def _time(seconds):
    """Return a Unix time as dhcpd writes it: day of the week from Sunday, date, time, in UTC."""
    when = datetime.fromtimestamp(seconds, UTC)
    return f"{when.isoweekday() % 7} {when:%Y/%m/%d %H:%M:%S}"
