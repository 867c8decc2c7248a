"""Writes a Network for Kea 2.2 and newer: configuration, lease file, and SQL for PostgreSQL."""

import csv
import io
import json
import re
from datetime import UTC, datetime

from . import kea_options, names
from .network import BOUND, INFINITE, OVER, QUARANTINED

CONFIG, LEASES, SQL = "kea-dhcp4.conf", "kea-leases4.csv", "kea-leases4.sql"
SUBNET_ID = 1
_FOREVER = 0xFFFFFFFF  # a lease time without end
_VENDOR = 43
_LONGEST_ID = 128
_DEFAULT, _DECLINED, _RECLAIMED = 0, 1, 2  # states of a lease
_STATES = {BOUND: _DEFAULT, QUARANTINED: _DECLINED, OVER: _RECLAIMED}
COLUMNS = (
    *("address", "hwaddr", "client_id", "valid_lifetime", "expire", "subnet_id", "fqdn_fwd"),
    *("fqdn_rev", "hostname", "state", "user_context"),
)
_DATABASES = {
    "memfile": {"type": "memfile", "persist": True, "name": "/var/lib/kea/kea-leases4.csv"},
    "postgresql": {
        "type": "postgresql",
        "host": "127.0.0.1",
        "name": "kea",
        "user": "kea",
        "password": "change-me",
    },
}
_HEAD = """\
Made by microdhcp's tools/migrate.  Check it with: kea-dhcp4 -t kea-dhcp4.conf
Give the interface the address {server}: the clients renew there.
memfile: copy kea-leases4.csv to the place that lease-database names, while Kea is stopped.
PostgreSQL: kea-admin db-init pgsql …, then psql … -f kea-leases4.sql.
What could not be carried over is listed in not-carried.txt."""


def files(network, interface, now_s, database="memfile"):
    """Return {file name: text} of everything that Kea needs.

    interface   name of the interface that Kea shall serve
    now_s       Unix time
    database    "memfile" or "postgresql": which one the configuration names
    """
    return {
        CONFIG: _config(network, interface, database),
        LEASES: _lease_file(network, now_s),
        SQL: _sql(network, now_s),
    }


_PAIRS = 4  # of option 93, which are looked at


def not_carried(network):
    """Return what Kea 2.2 cannot be told, one text for each thing."""
    settings = network.settings
    lost = []
    if settings["rapid_commit"]:
        lost.append("rapid_commit: Kea 2.2 has no rapid commit for DHCPv4")
    if settings["conflict_check"]:
        lost.append("conflict_check: Kea 2.2 does not check an address before it offers it")
    lost.append(f"offer_hold_s = {settings['offer_hold_s']}: Kea 2.2 holds no offers")
    for entry in network.reservations:
        if len(entry.client_id or b"") > _LONGEST_ID:
            lost.append(
                f"reservation {entry.address}: Kea 2.2 does not answer clients with an identifier "
                f"of more than {_LONGEST_ID} bytes"
            )
    return lost + _unsent(network) + list(_refused(network))


def _refused(network):
    """Name the options whose value Kea does not take."""
    places = [("", network.options)]
    places += [(f"reservation {one.address}: ", one.options) for one in network.reservations]
    places += [(f"classes: number {n}: ", one.options) for n, one in enumerate(network.classes, 1)]
    for place, options in places:
        for option in options:
            if not kea_options.takes(option):
                yield f"{place}{names.label(option.code)}: Kea does not take this value"


def _unsent(network):
    """Name the common options that a reservation does without: Kea 2.2 lacks never-send."""
    return [
        f"reservation {entry.address}: {names.label(code)} is sent to it after all"
        for entry in network.reservations
        for code in entry.without
    ] + [
        f"classes: number {n}: {names.label(code)} is sent to it after all"
        for n, one in enumerate(network.classes, 1)
        for code in one.without
    ]


def _config(network, interface, database):
    settings = network.settings
    longest = settings["max_lease_s"]
    server = {
        "interfaces-config": {"interfaces": [interface]},
        "// leases": "Where the leases are kept.",
        "lease-database": _DATABASES[database],
        "// times": "A client may ask for a lease time between these; T1 and T2 as before.",
        "valid-lifetime": settings["lease_s"],
        "min-valid-lifetime": settings["min_lease_s"],
        "max-valid-lifetime": _FOREVER if longest < 0 else longest,
        "calculate-tee-times": True,
        "t1-percent": 0.5,
        "t2-percent": 0.875,
        "// authoritative": "Refuse (NAK) requests that cannot be right.",
        "authoritative": settings["authoritative"],
        "// quarantine": "So long a declined address is not given out, in seconds.",
        "decline-probation-period": settings["quarantine_s"],
        "// reservations": "First by client identifier, then by MAC.",
        "host-reservation-identifiers": ["client-id", "hw-address"],
    }
    addresses = [entry.address for entry in network.reservations]
    if len(set(addresses)) < len(addresses):
        server["// shared"] = "Some clients share an address."
        server["ip-reservations-unique"] = False
    classes = _classes(network)
    if classes:
        server["// classes"] = "Kea drops what is in DROP (allow, deny). Others have own options."
        server["client-classes"] = classes
    everything = [network, *network.reservations, *network.classes]
    if any(option.code == _VENDOR for one in everything for option in one.options):
        server["// vendor"] = "Option 43 is sent just as it is; Kea would look for options in it."
        server["option-def"] = [{"name": "vendor-options", "code": _VENDOR, "type": "binary"}]
    server["// options"] = "Sent to clients that ask for them; those of a class go before these."
    broadcast = {"name": "broadcast-address", "data": str(network.subnet.broadcast_address)}
    server["option-data"] = [broadcast, *_options(network.options)]
    server["subnet4"] = [_subnet(network, interface)]
    server["loggers"] = [
        {
            "name": "kea-dhcp4",
            "severity": "INFO",
            "output_options": [{"output": "stdout"}],
        }
    ]
    head = "".join(f"// {line}\n" for line in _HEAD.format(server=network.server).splitlines())
    return head + _with_comments({"Dhcp4": server})


def _with_comments(tree):
    """Return JSON; an entry whose key begins with // becomes a comment before the next one."""
    text = json.dumps(tree, indent=2)
    return re.sub(r'^( *)"// [^"]*": "(.*)",$', r"\1// \2", text, flags=re.MULTILINE) + "\n"


def _classes(network):
    """Return the class DROP, which says whom Kea does not serve, and the kinds of clients."""
    tests = []
    if network.deny:
        tests.append(_any_of(network.deny))
    if network.allow is not None:
        tests.append(f"not ({_any_of(network.allow)})" if network.allow else "not (1 == 0)")
    found = []
    if tests:
        found.append({"name": "DROP", "test": " or ".join(f"({test})" for test in tests)})
    for number, one in enumerate(network.classes, 1):
        tests = [_condition(code, value) for code, value in one.conditions]
        tests += [f"not member('kind-{before}')" for before in range(1, number)]
        options = _options(one.options)
        kind = {"name": f"kind-{number}", "test": " and ".join(f"({test})" for test in tests)}
        found.append({**kind, "option-data": options})
    return found


def _condition(code, value):
    """Return the test whether an option begins so; 93 has pairs, 77 may have a length in front."""
    places = {77: (0, 1), 93: range(0, 2 * _PAIRS, 2)}.get(code, (0,))
    parts = [
        f"substring(option[{code}].hex, {place}, {len(value)}) == 0x{value.hex()}"
        for place in places
    ]
    return " or ".join(f"({part})" for part in parts)


def _any_of(prefixes):
    """Return the test whether a MAC begins with one of the prefixes."""
    parts = [f"substring(pkt4.mac, 0, {len(one)}) == 0x{one.hex()}" for one in prefixes]
    return " or ".join(f"({part})" for part in parts)


def _subnet(network, interface):
    settings = network.settings
    first, last = network.pool
    subnet = {
        "id": SUBNET_ID,
        "subnet": str(network.subnet),
        "interface": interface,
        "pools": [{"pool": f"{first} - {last}"}],
        "reservations-in-subnet": True,
        "reservations-out-of-pool": False,
    }
    if settings["next_server"]:
        subnet["next-server"] = ".".join(map(str, settings["next_server"]))
    if settings["boot_file"]:
        subnet["boot-file-name"] = settings["boot_file"].decode("latin-1")
    subnet["// fixed"] = "Addresses that are kept for one client each."
    subnet["reservations"] = [_reservation(network, entry) for entry in network.reservations]
    return subnet


def _options(options):
    """Return options as Kea writes them, less those that it does not take."""
    return [_option(option) for option in options if kea_options.takes(option)]


def _option(option):
    """Return one option as Kea writes it; what has no plain text goes as bytes."""
    words = names.plain(option)
    if words is None:
        return {"code": option.code, "csv-format": False, "data": option.data.hex().upper()}
    return {"name": names.NAMES[option.code], "code": option.code, "data": ", ".join(words)}


def _reservation(network, entry):
    if entry.mac:
        found = {"hw-address": entry.mac.hex(":")}
    else:
        found = {"client-id": entry.client_id.hex()}
    found["ip-address"] = str(entry.address)
    if entry.options:
        found["option-data"] = _options(entry.options)
    return found


# Leases


def _rows(network, now_s):
    """Yield a tuple in the order of COLUMNS for each lease; times are numbers."""
    for lease in network.leases:
        state = _STATES[lease.state]
        valid_s = _FOREVER if lease.granted_s == INFINITE else lease.granted_s
        expire = now_s + _FOREVER if lease.ends_s == INFINITE else lease.ends_s
        declined = state == _DECLINED
        mac = b"" if declined else lease.mac
        client_id = b"" if declined else lease.client_id or b""
        name = "" if declined else lease.host_name
        yield (lease.address, mac, client_id, valid_s, expire, name, state)


def _lease_file(network, now_s):
    """Return the leases as Kea's memfile database keeps them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_NONE, escapechar="\\")
    writer.writerow(COLUMNS)
    for address, mac, client_id, valid_s, expire, name, state in _rows(network, now_s):
        row = (address, mac.hex(":"), client_id.hex(":"), valid_s, expire, SUBNET_ID, 0, 0)
        writer.writerow((*row, name, state, ""))
    return out.getvalue()


def _sql(network, now_s):
    """Return the leases as one transaction for the schema that kea-admin makes.

    An address that is in the database already gets the lease from here.
    """
    lines = [
        f"-- {len(network.leases)} leases for Kea's PostgreSQL database, by microdhcp.",
        "-- First: kea-admin db-init pgsql …",
        "START TRANSACTION;",
    ]
    columns = ", ".join(COLUMNS[:-1])
    for address, mac, client_id, valid_s, expire, name, state in _rows(network, now_s):
        if valid_s == _FOREVER:
            expire = now_s  # Kea stores the last contact of a lease without end
        when = datetime.fromtimestamp(expire, UTC).isoformat(" ")
        values = (
            f"{int(address)}, '\\x{mac.hex()}', '\\x{client_id.hex()}', {valid_s}, '{when}', "
            f"{SUBNET_ID}, false, false, '{name}', {state}"
        )
        lines.append(f"DELETE FROM lease4 WHERE address = {int(address)};")
        lines.append(f"INSERT INTO lease4 ({columns}) VALUES ({values});")
    return "\n".join([*lines, "COMMIT;", ""])
