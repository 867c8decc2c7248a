"""The way back: the configuration and leases of Kea become settings for serve.py and a store."""

import csv
import json
import re
from collections import Counter
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import dhcptext
from client import message
from microdhcp import Config, Server, options, states, store
from microdhcp.settings import DEFAULTS

from . import names
from .kea import COLUMNS
from .network import Option
from .source import SourceError

CONFIG, STORE = "serve.toml", "leases.store"
_FOREVER = 0xFFFFFFFF
_DEFAULT, _DECLINED, _RECLAIMED = 0, 1, 2
_STRANGER = bytes.fromhex("020000")  # who declined is not known
_MOST = 254  # addresses that a microdhcp server has at most
_STRING_OR_REST = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|#[^\n]*|/\*.*?\*/', re.DOTALL)
_SETTINGS = {3: "routers", 6: "dns_servers", 15: "domain"}
_KNOWN_SUBNET = {  # parts of a subnet that are read, or that say nothing about it
    *("id", "subnet", "pools", "option-data", "reservations", "next-server", "boot-file-name"),
    *("interface", "reservations-in-subnet", "reservations-out-of-pool", "reservations-global"),
    *("relay", "valid-lifetime", "min-valid-lifetime", "max-valid-lifetime", "user-context"),
    *("calculate-tee-times", "t1-percent", "t2-percent", "reservation-mode", "authoritative"),
}


class Result:
    """What was read: settings (keywords of Config), a store, and what was left behind."""

    def __init__(self):
        self.settings = {}
        self.store = b""
        self.lost = []
        self.leases = 0


def read(config_path, lease_paths, own, now_s, subnet_id=None):
    """Return the Result of a Kea configuration and its lease files (later ones win).

    own         address of the microdhcp server with its prefix, or None: found in the comments'
                place, the routers option
    now_s       Unix time
    subnet_id   which subnet, if there are several
    SourceError: a file cannot be read, or cannot become a microdhcp network.
    """
    result = Result()
    try:
        server, subnet = _choose(_json(config_path), subnet_id)
        result.settings = _settings(server, subnet, own, result.lost)
        Config(**result.settings)
    except ValueError as error:
        raise SourceError(f"{config_path}: {error}") from None
    except (AttributeError, KeyError, TypeError) as error:
        raise SourceError(f"{config_path}: no configuration of Kea: {error!r}") from None
    rows = {}
    for path in lease_paths:
        rows.update(_rows(path, subnet["id"]))
    result.store = _store(result.settings, rows, now_s, result)
    return result


def _json(path):
    """Return a Kea configuration: JSON with comments."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        return json.loads(_STRING_OR_REST.sub(lambda match: match[1] or "", text))
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: {error}") from None


def _choose(tree, subnet_id):
    """Return (Dhcp4, the subnet) of a configuration."""
    server = tree.get("Dhcp4", {})
    subnets = list(server.get("subnet4", []))
    for shared in server.get("shared-networks", []):
        subnets += shared.get("subnet4", [])
    for number, subnet in enumerate(subnets, 1):
        subnet.setdefault("id", number)
    chosen = [one for one in subnets if subnet_id in (None, one["id"])]
    if len(chosen) != 1:
        ids = ", ".join(f"{one['id']} ({one['subnet']})" for one in subnets) or "none"
        raise SourceError(f"which subnet? There are {ids}; give one by --subnet")
    return server, chosen[0]


def _settings(server, subnet, own, lost):
    """Return keywords of Config for one subnet of a Kea server."""
    both = {**server, **subnet}
    found = {"address": None, "pool": _pool(subnet, lost)}
    lease_s = both.get("valid-lifetime", 7200)
    found["lease_s"] = min(lease_s, 1 << 27)
    found["min_lease_s"] = both.get("min-valid-lifetime", lease_s)
    longest = both.get("max-valid-lifetime", lease_s)
    found["max_lease_s"] = None if longest == _FOREVER else longest
    found["quarantine_s"] = server.get("decline-probation-period", 86400)
    found["authoritative"] = both.get("authoritative", False)
    given = [*server.get("option-data", []), *subnet.get("option-data", [])]
    found |= _options(given, lost, "")
    for code, name in _SETTINGS.items():
        found.setdefault(name, None if code == 15 else [])
    found["address"] = own or _own_address(found, subnet)
    for name, key in (("next-server", "next_server"), ("boot-file-name", "boot_file")):
        value = both.get(name) or "0.0.0.0"
        if not (value.isascii() and value.isprintable()):
            lost.append(f"{name} {value!r}: is not printable ASCII")
        elif value != "0.0.0.0":
            found[key] = value
            found["options"].pop("67", None)
    found["reservations"] = _reservations(subnet, lost)
    found["deny"], found["allow"] = _classes(server, lost)
    lost += [f"{key}: not read" for key in sorted(set(subnet) - _KNOWN_SUBNET) if subnet[key]]
    return {k: value for k, value in found.items() if value is not None or k == "max_lease_s"}


def _own_address(found, subnet):
    """Return the first router in the subnet with its prefix: most often it serves as well."""
    network = IPv4Network(subnet["subnet"])
    for text in found["routers"] or ():
        if IPv4Address(text) in network:
            return f"{text}/{network.prefixlen}"
    raise SourceError("the server's own address is not known; give it by --address IP/LEN")


def _pool(subnet, lost):
    """Return (first, last) of the pools; a gap between two of them is said."""
    ranges = []
    for pool in subnet.get("pools", []):
        text = pool["pool"].replace(" ", "")
        first, found, last = text.partition("-")
        if not found:
            block = IPv4Network(text)
            first, last = block[0], block[-1]
        ranges.append((IPv4Address(first), IPv4Address(last)))
        lost += [f"pool {text}: its {key} is not read" for key in sorted(set(pool) - {"pool"})]
    ranges.sort()
    if not ranges:
        raise SourceError(f"subnet {subnet['subnet']} has no pool")
    for (_, last), (first, _) in zip(ranges, ranges[1:], strict=False):
        if first > last + 1:
            lost.append(f"pools: {last + 1} to {first - 1} was in none of them, and now is")
    network = IPv4Network(subnet["subnet"])
    low, high = max(ranges[0][0], network[1]), min(ranges[-1][1], network[-2])
    if int(high) - int(low) >= _MOST:
        high = low + _MOST - 1
        lost.append(f"pool: {high + 1} to {ranges[-1][1]}: a microdhcp server has {_MOST} at most")
    return str(low), str(high)


# Options


def _options(given, lost, whose):
    """Return the settings routers, dns_servers, domain and options of a list of option-data."""
    found = {"options": {}}
    for entry in given:
        if entry.get("name") == "broadcast-address":  # follows from the subnet
            continue
        code = entry.get("code") or names.code_of(entry.get("name"))
        if not code or entry.get("space", "dhcp4") != "dhcp4":
            lost.append(f"{whose}option {entry.get('name')}: not known here")
            continue
        try:
            value = _value(code, entry)
        except ValueError as error:
            lost.append(f"{whose}{error}")
            continue
        if code in _SETTINGS:
            found[_SETTINGS[code]] = value.split(",") if code != 15 else value
        elif code not in (1, 28, 58, 59):
            found["options"][str(code)] = value
    return found


def _value(code, entry):
    """Return the value of one option-data as text for Config; ValueError if it has none."""
    data = entry.get("data", "")
    if not entry.get("csv-format", names.is_named(code)):
        data = bytes.fromhex(data.replace(":", "").replace(" ", "").removeprefix("0x"))
    elif names.kind(code) == "text":
        data = data.replace("\\,", ",").encode("latin-1")
    else:
        words = [word.strip() for word in data.split(",")]
        flags = {"true": "yes", "false": "no", "1": "yes", "0": "no"}
        if names.kind(code) == "bool":
            words = [flags.get(word, word) for word in words]
        elif names.kind(code) == "pairs":
            words = [f"{a}>{b}" for a, b in zip(words[::2], words[1::2], strict=True)]
        data = options.encode(code, ",".join(words))[2:]
    value = names.setting(Option(code, data))
    if value is None:
        raise ValueError(f"option {names.label(code)}: {data.hex()} is no value of it here")
    return value


def _reservations(subnet, lost):
    """Return the setting reservations."""
    table = {}
    for entry in subnet.get("reservations", []):
        address = entry.get("ip-address")
        key = entry.get("hw-address")
        if not key and "client-id" in entry:
            key = "id:" + _hex_digits(entry["client-id"])
        if not (address and key):
            lost.append(f"reservation {address or entry}: not by MAC or client id and address")
            continue
        own = _options(entry.get("option-data", []), lost, f"reservation {address}: ")
        unread = set(entry) - {"ip-address", "hw-address", "client-id", "option-data"}
        lost += [f"reservation {address}: {k} is not read" for k in sorted(unread) if entry[k]]
        table[key] = {"address": address, **own} if own != {"options": {}} else address
    return table


def _hex_digits(text):
    """Return a client id of Kea, hex digits or text in single quotes, as hex digits."""
    if text[:1] == "'":
        return text.strip("'").encode().hex()
    return text.replace(":", "").removeprefix("0x")


_PREFIX = re.compile(r"substring\(pkt4\.mac, ?0, ?\d+\) == 0x([0-9a-f]+)")


def _classes(server, lost):
    """Return (deny, allow) of the class DROP as kea.py writes it; other classes are named."""
    deny, allow = [], None
    for entry in server.get("client-classes", []):
        parts = re.findall(r"(not \()?(.*?)(?=not \(|$)", entry.get("test", ""))
        rest = _PREFIX.sub("", entry.get("test", ""))
        if entry["name"] != "DROP" or re.sub(r"not|or|1 == 0|[() ]", "", rest):
            lost.append(f"client class {entry['name']}: not read")
            continue
        for negated, test in parts:
            macs = [bytes.fromhex(text).hex(":") for text in _PREFIX.findall(test)]
            if negated:
                allow = macs
            else:
                deny += macs
    return deny, allow


# Leases


def _rows(path, subnet_id):
    """Return {address: row} of a memfile; of several rows for an address the last one counts."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if not set(COLUMNS[:5]) <= set(reader.fieldnames or ()):
                raise SourceError(f"{path}: no lease file of Kea: it lacks the columns")
            return {
                IPv4Address(row["address"]): row
                for row in reader
                if int(row["subnet_id"]) == subnet_id
            }
    except (OSError, ValueError, TypeError) as error:
        raise SourceError(f"{path}: {error}") from None


def _store(settings, rows, now_s, result):
    """Return the store of the leases in rows, made by a server that lives through them.

    result.lost names what the settings have no place for: outside the pool, or reserved for
    another client.
    """
    _make_room(settings, rows)
    tolerant = {"authoritative": True, "conflict_check": False, "allow": None, "deny": ()}
    server = Server(Config(**{**settings, **tolerant}))
    for address in sorted(rows):
        row = rows[address]
        try:
            state = int(row.get("state") or 0)
            over = state != _DECLINED and (state == _RECLAIMED or _ends_s(row) <= now_s)
            if state == _DECLINED:
                done = _Client(server, _STRANGER + address.packed[1:]).decline(address)
            else:
                client = _Client(server, _bytes(row["hwaddr"]), _bytes(row["client_id"]))
                done = client.restore(address, row, now_s, over)
                result.leases += bool(done and not over)
                result.lost += _cut(address, row, now_s, server.config.max_lease_s)
        except (TypeError, ValueError) as error:  # a cell is missing, or no number
            result.lost.append(f"lease of {address}: {error}")
            continue
        if not done:
            result.lost.append(f"lease of {address}: its address or client has no place here")
    return store.dump(server, 0)


def _ends_s(row):
    """Return the Unix time when a lease ends; PostgreSQL has another one for those without end."""
    return _FOREVER * 2 if int(row["valid_lifetime"]) == _FOREVER else int(row["expire"])


def _cut(address, row, now_s, longest_s):
    """Return a list that says so if a lease ends before its client expects it."""
    if 0 <= longest_s < _ends_s(row) - now_s:
        return [f"lease of {address}: it ends after max_lease_s = {longest_s}, before it should"]
    return []


def _make_room(settings, rows):
    """Set leases_per_device, if a device has more leases than the default allows."""
    devices = Counter(row["hwaddr"] for row in rows.values() if row.get("state") in ("0", ""))
    most = max(devices.values(), default=0)
    if most > DEFAULTS["leases_per_device"]:
        settings["leases_per_device"] = most


def _bytes(text):
    """Return the bytes of hex digits with or without colons."""
    return bytes.fromhex((text or "").replace(":", ""))


class _Client:
    """A client of the server that lives through the leases."""

    def __init__(self, server, mac, client_id=b""):
        self._server = server
        self._mac = mac
        self._identity = {61: client_id} if client_id else {}

    def restore(self, address, row, now_s, over):
        """Take and confirm an address, and give it back if it is over; return success."""
        if len(self._mac) != 6:
            return False
        seconds = int(row["valid_lifetime"])
        if seconds != _FOREVER:
            seconds = min(max(0, seconds, int(row["expire"]) - now_s), _FOREVER - 1)
        name = (row.get("hostname") or "").split(".")[0].encode("ascii", "replace")[:255]
        wish = {51: seconds.to_bytes(4, "big"), **({12: name} if name else {})}
        if not self._ask("REQUEST", {50: address.packed, **wish}):
            return False
        self._ask("REQUEST", wish, address.packed)  # the renewal confirms it
        if over:
            self._ask("RELEASE", {}, address.packed)
        return True

    def decline(self, address):
        """Take an address and decline it; return whether it is kept back now."""
        self._ask("REQUEST", {50: address.packed})
        self._ask("DECLINE", {50: address.packed})
        table = self._server.leases
        slot = table.slot_of(address.packed, 0)
        return slot >= 0 and table.state[slot] == states.DECLINED

    def _ask(self, kind, extra, ciaddr=bytes(4)):
        """Send a message; return True if an ACK comes."""
        server = self._server
        packet = message(kind, self._mac, 1, {**extra, **self._identity}, ciaddr=ciaddr)
        server.rx[: len(packet)] = packet
        n = server.handle(len(packet), 0)
        return n > 0 and dhcptext.parse(bytes(server.tx[:n])).kind == "ACK"


# The settings file


def toml(settings):
    """Return settings as the text of a file for serve.py --config."""
    tables = [name for name in ("options", "reservations") if settings.get(name)]
    lines = ["# Made by microdhcp's tools/migrate from a configuration of Kea."]
    for name, value in settings.items():
        if name not in ("options", "reservations"):
            lines.append(f"{name} = {_toml_value(value)}")
    for name in tables:
        lines += ["", f"[{name}]"]
        lines += [f"{json.dumps(k)} = {_toml_value(v)}" for k, v in settings[name].items()]
    return "\n".join([*lines, ""])


def _toml_value(value):
    if value is None:
        return '"none"'
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(k)} = {_toml_value(v)}" for k, v in value.items())
        return f"{{ {inner} }}"
    return json.dumps(list(value) if isinstance(value, tuple) else value)
