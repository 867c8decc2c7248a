"""Writes a Network for dnsmasq: its configuration and its lease file."""

import re

from . import names
from .network import BOUND, INFINITE, OVER, QUARANTINED

CONFIG, LEASES = "dnsmasq.conf", "dnsmasq.leases"
_LONGEST = 1023  # characters of a line that dnsmasq reads in one piece
_CLIENTS = 980  # those of them that the clients of one address may fill
_SHORTEST_S = 120  # dnsmasq grants no shorter lease
_NOBODY = b"\x02\x00\x00"  # with the end of an address: the MAC of nobody, keeps it back
_DEFAULTS = (3, 6)  # options that dnsmasq sends unless told otherwise
_TEXTS = (12, 15, 17, 18, 40, 64, 66, 67, 100, 101)  # options that it takes as text only
_FQDN = 81  # dnsmasq makes its value itself
_ESCAPES = {'"': '"', "\\": "\\", "\t": "t", "\n": "n", "\b": "b", "\r": "r", "\x1b": "e"}
_DOMAINS = re.compile(r"[A-Za-z0-9._,-]+")


def files(network, interface, now_s):
    """Return {file name: text} of everything that dnsmasq needs."""
    return {
        CONFIG: "\n".join([*_config(network, interface), ""]),
        LEASES: "".join(_lease(lease) + "\n" for lease in _kept(network)),
    }


def not_carried(network):
    """Return what dnsmasq cannot be told, one text for each thing."""
    settings = network.settings
    lost = [
        f"{name} = {settings[name]}: dnsmasq has no such setting"
        for name in ("min_lease_s", "offer_hold_s")
    ]
    lost += [f"classes: number {n} is not carried over" for n, _ in enumerate(network.classes, 1)]
    if settings["max_lease_s"] != settings["lease_s"]:
        lost.append("max_lease_s: dnsmasq grants no more than lease_s")
    if 0 < settings["lease_s"] < _SHORTEST_S:
        lost.append(f"lease_s = {settings['lease_s']}: dnsmasq grants {_SHORTEST_S} at least")
    lost += _unwritten(network)
    for lease in network.of_state(QUARANTINED):
        lost.append(
            f"quarantine of {lease.address}: dnsmasq knows none; "
            f"a lease of {_nobody(lease.address).hex(':')}, who is nobody, keeps it back"
        )
    over = network.of_state(OVER)
    if over:
        lost.append(
            f"{len(over)} ended leases: dnsmasq does not remember who had an address: "
            + ", ".join(str(lease.address) for lease in over)
        )
    return lost


def _unwritten(network):
    """Name options whose value dnsmasq's file cannot hold, and clients too many for a line."""
    if network.settings["boot_file"] and not _quoted(network.settings["boot_file"]):
        yield "boot_file: dnsmasq takes only printable ASCII"
    for option in network.options:
        if option.code != 67 and not _option(option):
            yield f"{names.label(option.code)}: dnsmasq cannot write this value"
    for entry in network.reservations:
        for option in entry.options:
            if not _option(option, "tag:fixed000,"):
                label = names.label(option.code)
                yield f"reservation {entry.address}: {label}: dnsmasq cannot write this value"
    for address, who in _clients(network).items():
        for one in who[_fitting(who) :]:
            yield f"reservation {address} for {one}: too many clients for a line of dnsmasq"


def _config(network, interface):
    settings = network.settings
    first, last = network.pool
    longest = "infinite" if settings["lease_s"] == INFINITE else settings["lease_s"]
    yield "# Made by microdhcp's tools/migrate.  Check it with: dnsmasq --test -C dnsmasq.conf"
    yield f"# Give the interface the address {network.server}: the clients renew there."
    yield "# Copy dnsmasq.leases to the place that dhcp-leasefile names, while dnsmasq is stopped."
    yield "# What could not be carried over is listed in not-carried.txt."
    yield "port=0  # no DNS; remove this line if dnsmasq shall be the DNS server, too"
    yield f"interface={interface}"
    yield "bind-interfaces"
    yield "dhcp-leasefile=/var/lib/misc/dnsmasq.leases"
    yield f"dhcp-range={first},{last},{network.subnet.netmask},{longest}"
    if settings["authoritative"]:
        yield "dhcp-authoritative"
    if settings["rapid_commit"]:
        yield "dhcp-rapid-commit"
    if not settings["conflict_check"]:
        yield "no-ping"
    yield from _classes(network)
    yield from _boot(settings)
    yield from _options(network)
    yield from _reservations(network)


def _classes(network):
    """Yield allow and deny: dnsmasq ignores who has, or lacks, a tag."""
    if network.deny:
        yield from (f"dhcp-mac=set:denied,{_pattern(prefix)}" for prefix in network.deny)
        yield "dhcp-ignore=tag:denied"
    if network.allow is not None:
        yield from (f"dhcp-mac=set:allowed,{_pattern(prefix)}" for prefix in network.allow)
        yield "dhcp-ignore=tag:!allowed"


def _pattern(prefix):
    """Return the start of a MAC with * for each byte that may be anything."""
    return ":".join([f"{byte:02x}" for byte in prefix] + ["*"] * (6 - len(prefix)))


def _boot(settings):
    name = _quoted(settings["boot_file"]) if settings["boot_file"] else ""
    server = ".".join(map(str, settings["next_server"] or ()))
    if name or server:
        yield f"dhcp-boot={name or ''},,{server}".rstrip(",")


def _options(network):
    """Yield the common options; one that dnsmasq would add of its own gets an empty value."""
    codes = {option.code for option in network.options}
    for option in network.options:
        line = _option(option)
        if line and option.code != 67:  # dhcp-boot says it
            yield f"# {names.label(option.code)}"
            yield line
    for code in _DEFAULTS:
        if code not in codes:
            yield f"# no {names.label(code)}"
            yield f"dhcp-option={code}"


def _option(option, tag=""):
    """Return the line for an option, for clients with a tag; None: there is none."""
    value = _value(option)
    line = f"dhcp-option={tag}{option.code},{value}".rstrip(",")
    return None if value is None or len(line) > _LONGEST else line


def _value(option):
    """Return the value of an option as dnsmasq writes it; None: it cannot be written."""
    kind = names.kind(option.code)
    data = option.data
    if option.code == _FQDN:
        return None
    if kind == "text":
        text = _quoted(data)
        if text or option.code in _TEXTS:
            return text
    elif kind in ("ip", "ips", "pairs"):
        return ",".join(names.addresses(data))
    elif kind in ("names", "sip"):  # dnsmasq encodes names itself
        text = names.setting(option)
        return text if text and _DOMAINS.fullmatch(text) else None
    if len(data) == 1:  # 01 would be a number of unknown size, and 01: is none
        return f"{data[0]}b"
    return data.hex(":")


def _quoted(data):
    """Return bytes as text in quotes, None if they are not ASCII or have control characters."""
    text = "".join(f"\\{_ESCAPES[c]}" if c in _ESCAPES else c for c in data.decode("latin-1"))
    return f'"{text}"' if text.isascii() and text.isprintable() else None


def _clients(network):
    """Return {address: texts of its clients} of the reserved addresses."""
    clients = {}
    for entry in network.reservations:
        who = entry.mac.hex(":") if entry.mac else f"id:{entry.client_id.hex(':')}"
        clients.setdefault(entry.address, []).append(who)
    return clients


def _fitting(clients):
    """Return how many of these clients of one address fit into one line of dnsmasq."""
    n = len(clients)
    while len(",".join(clients[:n])) > _CLIENTS:
        n -= 1
    return n


def _reservations(network):
    """Yield a line for each reserved address with all its clients, and their options."""
    for number, (address, who) in enumerate(_clients(network).items()):
        entry = network.reservation_at(address)
        tag = f",set:fixed{number}" if entry.options or entry.without else ""
        yield f"dhcp-host={','.join(who[: _fitting(who)])},{address}{tag}"
        for option in entry.options:
            line = _option(option, f"tag:fixed{number},")
            if line:
                yield line
        for code in entry.without:
            yield f"dhcp-option=tag:fixed{number},{code}"


# Leases


def _kept(network):
    return [lease for lease in network.leases if lease.state in (BOUND, QUARANTINED)]


def _nobody(address):
    """Return a locally administered MAC for an address that is kept back."""
    return _NOBODY + address.packed[1:]


def _lease(lease):
    """Return one line: end, MAC, address, host name, client identifier."""
    ends = 0 if lease.ends_s == INFINITE else lease.ends_s
    if lease.state == QUARANTINED:
        return f"{ends} {_nobody(lease.address).hex(':')} {lease.address} * *"
    client_id = lease.client_id.hex(":") if lease.client_id else "*"
    return f"{ends} {lease.mac.hex(':')} {lease.address} {lease.host_name or '*'} {client_id}"
