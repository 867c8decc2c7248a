"""Writes a Network for dnsmasq: its configuration and its lease file."""

from . import names
from .network import BOUND, INFINITE, OVER, QUARANTINED

CONFIG, LEASES = "dnsmasq.conf", "dnsmasq.leases"
_NOBODY = b"\x02\x00\x00"  # with the end of an address: the MAC of nobody, keeps it back
_DEFAULTS = (3, 6)  # options that dnsmasq sends unless told otherwise


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
    if settings["boot_file"] or settings["next_server"]:
        name = (settings["boot_file"] or b"").decode("latin-1")
        server = ".".join(map(str, settings["next_server"] or ()))
        yield f"dhcp-boot={name},,{server}".rstrip(",")


def _options(network):
    """Yield the common options; one that dnsmasq would add of its own gets an empty value."""
    codes = {option.code for option in network.options}
    for option in network.options:
        if option.code != 67:  # dhcp-boot says it
            yield f"# {names.label(option.code)}"
            yield f"dhcp-option={_option(option)}"
    for code in _DEFAULTS:
        if code not in codes:
            yield f"# no {names.label(code)}"
            yield f"dhcp-option={code}"


def _option(option):
    words = names.plain(option)
    kind = names.kind(option.code)
    if words is not None and kind in ("ip", "ips", "text"):
        return f"{option.code},{','.join(words)}"
    if kind in ("names", "sip"):  # dnsmasq encodes names itself
        return f"{option.code},{names.setting(option)}"
    if len(option.data) == 1:  # 01 would be a number, and 01: is none
        return f"{option.code},{option.data[0]}"
    return f"{option.code},{option.data.hex(':')}"


def _reservations(network):
    """Yield a line for each reserved address with all its clients, and their options."""
    clients = {}
    for entry in network.reservations:
        who = entry.mac.hex(":") if entry.mac else f"id:{entry.client_id.hex(':')}"
        clients.setdefault(entry.address, []).append(who)
    for number, (address, who) in enumerate(clients.items()):
        entry = network.reservation_at(address)
        tag = f",set:fixed{number}" if entry.options or entry.without else ""
        yield f"dhcp-host={','.join(who)},{address}{tag}"
        for option in entry.options:
            yield f"dhcp-option=tag:fixed{number},{_option(option)}"
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
