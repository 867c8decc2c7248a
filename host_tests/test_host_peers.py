"""The same questions to this server, Kea and dnsmasq: internals/peers.md has every difference.

Each server runs in a lab of its own, with one pool, one reservation and no check of addresses.
A question is a short story of messages; its answer is a few words, equal where servers agree.
"""

import contextlib
import json
import re
import socket
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "firmware")]

import client
import dhcptext
from lab import Lab, others
from lab.network import unavailable
from test_host_checks import Proxy

PAGE = ROOT / "docs" / "internals" / "peers.md"
POOL = "10.77.0.10-10.77.0.250"
SERVER, ELSEWHERE = bytes((10, 77, 0, 1)), bytes((10, 77, 0, 77))
RESERVED_MAC, RESERVED = "00:00:5e:00:53:fe", "10.77.0.9"
SILENCE_S = 1.5
FREE = 200  # last byte of the first address that questions name themselves

KEA = {
    "Dhcp4": {
        "interfaces-config": {"interfaces": ["eth0"], "dhcp-socket-type": "raw"},
        "lease-database": {"type": "memfile", "persist": False},
        "multi-threading": {"enable-multi-threading": False},
        "valid-lifetime": 3600,
        "min-valid-lifetime": 60,
        "max-valid-lifetime": 86400,
        "authoritative": True,
        "subnet4": [
            {
                "id": 1,
                "subnet": "10.77.0.0/24",
                "pools": [{"pool": POOL}],
                "option-data": [
                    {"name": "routers", "data": "10.77.0.1"},
                    {"name": "domain-name-servers", "data": "10.77.0.1"},
                ],
                "reservations": [{"hw-address": RESERVED_MAC, "ip-address": RESERVED}],
            }
        ],
    }
}
DNSMASQ = f"""
port=0
interface=eth0
bind-interfaces
no-hosts
no-resolv
no-ping
dhcp-authoritative
dhcp-leasefile=/run/lab/dnsmasq.leases
dhcp-range=10.77.0.10,10.77.0.250,3600
dhcp-option=3,10.77.0.1
dhcp-option=6,10.77.0.1
dhcp-host={RESERVED_MAC},{RESERVED}
"""


class Asker:
    """A client's end of the cable, with words for what a server may be asked."""

    def __init__(self, wire):
        self.wire = wire
        self._numbers = iter(range(1, 1 << 16))
        self._free = iter(range(FREE, 250))

    def mac(self):
        """Return a MAC that no other question has."""
        return bytes.fromhex("02005e00") + next(self._numbers).to_bytes(2, "big")

    def free(self):
        """Return an address that nobody else asks for."""
        return bytes((10, 77, 0, next(self._free)))

    def ask(self, kind, mac, extra=None, source=client.NOWHERE, change=None, **header):
        """Send one message; return the reply as bytes, None for silence.

        source   the client's address, for the IP header
        change   function(bytearray) that spoils the message
        """
        xid = next(self._numbers)
        packet = bytearray(client.message(kind, mac, xid, extra or {}, **header))
        if change:
            change(packet)
        while self.wire.receive(0):
            pass
        to = SERVER if source != client.NOWHERE else client.EVERYBODY
        self.wire.send(bytes(packet), mac, source, to)
        while reply := self.wire.receive(SILENCE_S):
            if reply[4:8] == packet[4:8] and reply[28:34] == mac:
                return reply
        return None

    def lease(self, mac, extra=None):
        """Obtain an address by DISCOVER and REQUEST; return it, None: there was a refusal."""
        extra = extra or {}
        offer = self.ask("DISCOVER", mac, extra)
        if offer is None:
            return None
        wanted = {50: offer[16:20], 54: SERVER, **extra}
        ack = self.ask("REQUEST", mac, wanted)
        return ack[16:20] if ack and kind(ack) == "ACK" else None

    def renew(self, mac, address, extra=None):
        """Renew by unicast; return the reply."""
        return self.ask("REQUEST", mac, extra, source=address, ciaddr=address)

    def tell(self, name, mac, extra, ciaddr=client.NOWHERE):
        """Send a message that has no answer; the next question waits until it was read."""
        packet = client.message(name, mac, next(self._numbers), extra, ciaddr=ciaddr)
        self.wire.send(packet, mac, ciaddr, SERVER if any(ciaddr) else client.EVERYBODY)


def kind(reply):
    """Return OFFER, ACK, NAK or silence."""
    return dhcptext.parse(reply).kind if reply else "silence"


def options(reply):
    """Return {code: bytes} of a reply."""
    return dhcptext.parse(reply).options


def same(first, second):
    """Return whether two addresses are one, in words."""
    return "the same address" if first == second else "another address"


# The questions: the first line of each docstring is a row of the page.


def repeated_discover(net):
    """DISCOVER twice, with another xid"""
    mac = net.mac()
    first, second = net.ask("DISCOVER", mac), net.ask("DISCOVER", mac)
    return same(first[16:20], second[16:20])


def other_server(net):
    """REQUEST that names another server"""
    mac = net.mac()
    offer = net.ask("DISCOVER", mac)
    return kind(net.ask("REQUEST", mac, {50: offer[16:20], 54: ELSEWHERE}))


def server_zero(net):
    """REQUEST whose option 54 is 0.0.0.0"""
    mac = net.mac()
    offer = net.ask("DISCOVER", mac)
    return kind(net.ask("REQUEST", mac, {50: offer[16:20], 54: bytes(4)}))


def not_the_offered(net):
    """REQUEST for another free address than the offered one"""
    mac = net.mac()
    net.ask("DISCOVER", mac)
    return kind(net.ask("REQUEST", mac, {50: net.free(), 54: SERVER}))


def reboot_unknown(net):
    """INIT-REBOOT of an unknown client, address free"""
    return kind(net.ask("REQUEST", net.mac(), {50: net.free()}))


def reboot_known(net):
    """INIT-REBOOT of a known client, its address"""
    mac = net.mac()
    return kind(net.ask("REQUEST", mac, {50: net.lease(mac)}))


def reboot_other_address(net):
    """INIT-REBOOT of a known client, not its address"""
    mac = net.mac()
    net.lease(mac)
    return kind(net.ask("REQUEST", mac, {50: net.free()}))


def reboot_taken(net):
    """INIT-REBOOT, the address is leased to somebody else"""
    return kind(net.ask("REQUEST", net.mac(), {50: net.lease(net.mac())}))


def reboot_elsewhere(net):
    """INIT-REBOOT, address of another network"""
    return kind(net.ask("REQUEST", net.mac(), {50: bytes((192, 0, 2, 9))}))


def renew_known(net):
    """RENEWING, its own lease"""
    mac = net.mac()
    return kind(net.renew(mac, net.lease(mac)))


def renew_unknown(net):
    """RENEWING of an unknown client, address free"""
    return kind(net.renew(net.mac(), net.free()))


def renew_taken(net):
    """RENEWING of an address that is leased to somebody else"""
    return kind(net.renew(net.mac(), net.lease(net.mac())))


def decline_next(net):
    """DECLINE, then DISCOVER of the same client"""
    mac = net.mac()
    address = net.lease(mac)
    net.tell("DECLINE", mac, {50: address, 54: SERVER})
    return same(address, net.ask("DISCOVER", mac)[16:20])


def decline_others(net):
    """A declined address, asked for by another client"""
    mac = net.mac()
    address = net.lease(mac)
    net.tell("DECLINE", mac, {50: address, 54: SERVER})
    offer = net.ask("DISCOVER", net.mac(), {50: address})
    return same(address, offer[16:20])


def decline_stranger(net):
    """DECLINE by a stranger, then the holder renews"""
    mac = net.mac()
    address = net.lease(mac)
    net.tell("DECLINE", net.mac(), {50: address, 54: SERVER})
    return kind(net.renew(mac, address))


def release_back(net):
    """RELEASE, then DISCOVER of the same client"""
    mac = net.mac()
    address = net.lease(mac)
    net.tell("RELEASE", mac, {54: SERVER}, address)
    return same(address, net.ask("DISCOVER", mac)[16:20])


def release_stranger(net):
    """RELEASE by a stranger, then another client asks for the address"""
    address = net.lease(net.mac())
    net.tell("RELEASE", net.mac(), {54: SERVER}, address)
    return same(address, net.ask("DISCOVER", net.mac(), {50: address})[16:20])


def release_other_server(net):
    """RELEASE that names another server, then another client asks for the address"""
    mac = net.mac()
    address = net.lease(mac)
    net.tell("RELEASE", mac, {54: ELSEWHERE}, address)
    return same(address, net.ask("DISCOVER", net.mac(), {50: address})[16:20])


def inform(net):
    """INFORM: kind, yiaddr, option 51"""
    address = bytes((10, 77, 0, 5))
    reply = net.ask("INFORM", net.mac(), {55: b"\1\3\6"}, source=address, ciaddr=address)
    if reply is None:
        return "silence"
    lease = "with a lease time" if 51 in options(reply) else "without a lease time"
    return f"{kind(reply)}, yiaddr {socket.inet_ntoa(reply[16:20])}, {lease}"


def client_id_echoed(net):
    """Option 61 in the reply (RFC 6842)"""
    reply = net.ask("DISCOVER", net.mac(), {61: b"\0desk"})
    return "yes" if options(reply).get(61) == b"\0desk" else "no"


def two_ids(net):
    """Second identifier of one MAC"""
    mac = net.mac()
    return same(net.lease(mac, {61: b"\0one"}), net.lease(mac, {61: b"\0two"}))


def four_ids(net):
    """Fourth identifier of one MAC"""
    mac = net.mac()
    found = [net.lease(mac, {61: b"\0" + bytes((65 + number,))}) for number in range(4)]
    return "served" if found[3] else "not served"


def reserved_with_id(net):
    """A reservation by MAC, the client sends an identifier"""
    mac = bytes.fromhex(RESERVED_MAC.replace(":", ""))
    offer = net.ask("DISCOVER", mac, {61: b"\0any"})
    return "the reserved address" if offer[16:20] == socket.inet_aton(RESERVED) else "another"


def relay_option(net):
    """Option 82 in the reply to a relay"""
    mac, giaddr = net.mac(), bytes((10, 77, 0, 3))
    packet = client.message("DISCOVER", mac, 7, {82: b"\1\4port"}, giaddr=giaddr)
    with _relay_port(net.wire):
        net.wire.send(packet, mac, giaddr, SERVER)
        reply = net.wire.receive(SILENCE_S)
    return "echoed" if reply and options(reply).get(82) == b"\1\4port" else "not echoed"


@contextlib.contextmanager
def _relay_port(wire):
    """Let a Wire hear what is sent to a relay: port 67, for as long as the `with` lasts."""
    before = client.CLIENT_PORT
    client.CLIENT_PORT = client.SERVER_PORT
    try:
        yield wire
    finally:
        client.CLIENT_PORT = before


def ciaddr_in_discover(net):
    """DISCOVER with ciaddr set (NetworkManager after its lease ended): IP destination"""
    mac, old = net.mac(), net.free()
    reply = net.ask("DISCOVER", mac, ciaddr=old)
    if reply is None:
        return "silence"
    return "ciaddr" if net.wire.heard_address == old else "yiaddr"


def empty_options(net):
    """DISCOVER with empty options 50, 51 and 57"""
    return kind(net.ask("DISCOVER", net.mac(), {50: b"", 51: b"", 57: b""}))


def reply_op(net):
    """DISCOVER whose op is 2, a reply's"""

    def spoil(packet):
        packet[0] = 2

    return kind(net.ask("DISCOVER", net.mac(), change=spoil))


def no_end(net):
    """DISCOVER without END"""

    def spoil(packet):
        del packet[packet.index(b"\xff", 243) :]

    return kind(net.ask("DISCOVER", net.mac(), change=spoil))


def overloaded(net):
    """Message type in the field file (option 52)"""

    def spoil(packet):
        packet[108:112] = b"\x35\1\1\xff"
        packet[240:243] = b"\x34\1\1"

    return kind(net.ask("DISCOVER", net.mac(), change=spoil))


def reply_length(net):
    """Shortest reply"""
    reply = net.ask("DISCOVER", net.mac())
    return "300 bytes or more" if len(reply) >= 300 else "under 300 bytes"


def asked_time(net):
    """Lease time asked for, 120 s"""
    reply = net.ask("DISCOVER", net.mac(), {51: (120).to_bytes(4, "big")})
    return dhcptext.duration(int.from_bytes(options(reply)[51], "big"))


def option_order(net):
    """Order of option 55 (6, 1, 3) in the reply"""
    reply = net.ask("DISCOVER", net.mac(), {55: b"\6\1\3"})
    return "kept" if [c for c in options(reply) if c in (1, 3, 6)] == [6, 1, 3] else "not kept"


def rapid_commit(net):
    """Option 80, rapid commit is off"""
    return kind(net.ask("DISCOVER", net.mac(), {80: b""}))


QUESTIONS = (
    repeated_discover,
    other_server,
    server_zero,
    not_the_offered,
    reboot_unknown,
    reboot_known,
    reboot_other_address,
    reboot_taken,
    reboot_elsewhere,
    renew_known,
    renew_unknown,
    renew_taken,
    decline_next,
    decline_others,
    decline_stranger,
    release_back,
    release_stranger,
    release_other_server,
    inform,
    client_id_echoed,
    two_ids,
    four_ids,
    reserved_with_id,
    relay_option,
    ciaddr_in_discover,
    empty_options,
    reply_op,
    no_end,
    overloaded,
    reply_length,
    asked_time,
    option_order,
    rapid_commit,
)


def answers(wire):
    """Return {question: answer} of the server behind the wire."""
    net = Asker(wire)
    return {question.__doc__: question(net) for question in QUESTIONS}


def ours(lab):
    """Run this server, for a `with` statement."""
    reserve = ("--reserve", f"{RESERVED_MAC}={RESERVED}")
    return lab.serve("--conflict-check", "off", *reserve)


SERVERS = {
    "microdhcp": (ours, ()),
    "Kea": (lambda lab: others.kea(lab.home.node, json.dumps(KEA)), ("kea-dhcp4",)),
    "dnsmasq": (lambda lab: others.dnsmasq(lab.home.node, DNSMASQ), ("dnsmasq",)),
}


def run(name):
    """Return {question: answer} of a server by name."""
    start, _ = SERVERS[name]
    with Lab(clients=1) as lab, start(lab), lab.clients[0].packet_socket("eth0") as sock:
        with Proxy(lab.clients[0], besides=(SERVER,)):  # clients answer ARP for what they have
            return answers(client.Wire(sock))


def page():
    """Return {question: {server: answer}} as the page says it, and the questions with a reason."""
    table, reasons = {}, set()
    names = None
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| question"):
            names = cells[1:-1]
        elif line.startswith("|") and names and not set(line) <= set("|-: "):
            table[cells[0]] = dict(zip(names, cells[1:-1]))
            if re.search(r"\w", cells[-1]):
                reasons.add(cells[0])
    return table, reasons


_REASON = unavailable()


class PageTest(unittest.TestCase):
    def test_every_difference_has_a_reason(self):
        table, reasons = page()
        self.assertEqual(list(table), [question.__doc__ for question in QUESTIONS])
        differs = {row for row, found in table.items() if len(set(found.values())) > 1}
        self.assertEqual(differs - reasons, set())


@unittest.skipIf(_REASON, _REASON or "")
class PeersTest(unittest.TestCase):
    def check(self, name):
        programs = SERVERS[name][1]
        missing = others.unavailable(*programs) if programs else None
        if missing:
            self.skipTest(missing)
        table, _ = page()
        expected = {question: found[name] for question, found in table.items()}
        self.assertEqual(run(name), expected)

    def test_microdhcp(self):
        self.check("microdhcp")

    def test_kea(self):
        self.check("Kea")

    def test_dnsmasq(self):
        self.check("dnsmasq")


def main():
    """Print the table with what the servers say now."""
    found = {name: run(name) for name in SERVERS}
    print("| question | " + " | ".join(found) + " | why |")
    for question in QUESTIONS:
        row = question.__doc__
        print(f"| {row} | " + " | ".join(found[name][row] for name in found) + " | |")


if __name__ == "__main__":
    main() if sys.argv[1:] == ["table"] else unittest.main()
