"""What a relay costs: four relays before one Kea, ours beside ISC's dhcrelay, in one run.

    python tools/bench_relay.py [--rate 200] [--seconds 10]

New clients come at a steady rate on each of four networks, each with a relay of its own; every one
goes through DISCOVER, OFFER, REQUEST, ACK.  perfdhcp -B does not play them: what it
broadcasts has hops 1 and its own address in giaddr, as from a relay.
"""

import argparse
import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_TOOLS = Path(__file__).resolve().parent
sys.path[:0] = [str(_TOOLS), str(_TOOLS.parent / "firmware")]

import client as clients
import dhcptext
import lab
from lab import others

RELAYS = 4
KEA = "10.0.0.5"
_RELAY = _TOOLS / "relay.py"


class RelayLab(lab.Lab):
    """Four networks with a client node and a relay node each, and Kea behind the relays."""

    def __init__(self):
        super().__init__(0)
        self.relays, self.loads = [], []

    def _build(self):
        super()._build()
        self._switch.ip_batch(
            ["link add uplink type bridge", "link set uplink addrgenmode none up"]
        )
        self.kea = self._member("kea", f"{KEA}/24")
        for number in range(RELAYS):
            self._switch.ip_batch(
                [f"link add net{number} type bridge", f"link set net{number} addrgenmode none up"]
            )
            relay, load = self._node(self._switch), self._node(self._switch)
            self._link(relay, f"r{number}", "up0", "uplink", f"10.0.0.{10 + number}/24")
            self._link(relay, f"d{number}", "eth0", f"net{number}", f"10.{number + 1}.0.1/16")
            self._link(load, f"l{number}", "eth0", f"net{number}", f"10.{number + 1}.0.2/16")
            self.kea.ip(f"route add 10.{number + 1}.0.0/16 via 10.0.0.{10 + number}")
            self.relays.append(relay)
            self.loads.append(load)

    def _member(self, port, address):
        node = self._node(self._switch)
        self._link(node, port, "eth0", "uplink", address)
        return node

    def _link(self, node, port, interface, bridge, address):
        """Put a cable between a node and a bridge."""
        self._switch.ip_batch(
            [
                f"link add {port} type veth peer name {interface} netns {node.pid}",
                f"link set {port} addrgenmode none master {bridge} up",
            ]
        )
        node.ip(f"link set {interface} addrgenmode none up")
        node.ip(f"addr add {address} dev {interface}")


def configuration():
    """Return Kea's configuration: a subnet for each relay, leases in memory only."""
    subnets = [
        {
            "id": n,
            "subnet": f"10.{n}.0.0/16",
            "pools": [{"pool": f"10.{n}.1.0 - 10.{n}.250.255"}],
        }
        for n in range(1, RELAYS + 1)
    ]
    server = {
        "interfaces-config": {"interfaces": ["eth0"], "dhcp-socket-type": "udp"},
        "lease-database": {"type": "memfile", "persist": False},
        "valid-lifetime": 600,
        "subnet4": subnets,
        "loggers": [
            {"name": "kea-dhcp4", "severity": "ERROR", "output_options": [{"output": "stdout"}]},
            {
                "name": "kea-dhcp4.dhcp4",
                "severity": "INFO",
                "output_options": [{"output": "stdout"}],
            },
        ],
    }
    return json.dumps({"Dhcp4": server})


def ours(network, number):
    """Return tools/relay.py on relay node `number`."""
    argv = [sys.executable, str(_RELAY), "--interface", "eth0", "--uplink", "up0", "--json"]
    argv += ["--address", f"10.{number + 1}.0.1/16", "--uplink-address", f"10.0.0.{10 + number}"]
    return others.Other(network.relays[number], [*argv, "--server", KEA], '"ready"')


def isc(network, number):
    """Return dhcrelay on relay node `number`."""
    argv = ["dhcrelay", "-4", "-d", "-id", "eth0", "-iu", "up0", KEA]
    return others.Other(network.relays[number], argv, others.RELAY_READY)


class Load:
    """Clients that come at a steady rate on one network.

    sent, delays   {"DISCOVER": …, "REQUEST": …}: how many, and seconds until each answer
    """

    def __init__(self, network, number, rate):
        self._wire = clients.Wire(network.loads[number].packet_socket("eth0"))
        self._first = number << 16
        self._period_s = 1 / rate
        self.sent = {"DISCOVER": 0, "REQUEST": 0}
        self.delays = {"DISCOVER": [], "REQUEST": []}
        self._waiting = {}

    def run(self, seconds):
        """Send for so long, and hear what comes within two seconds more."""
        begun = time.monotonic()
        for number in range(int(seconds / self._period_s)):
            self._hear_until(begun + number * self._period_s)
            mac = b"\x02\0" + (self._first + number).to_bytes(4, "big")
            self._send("DISCOVER", mac, self._first + number, {})
        self._hear_until(time.monotonic() + 2)

    def _send(self, kind, mac, xid, extra):
        self.sent[kind] += 1
        self._waiting[xid] = kind, time.monotonic()
        self._wire.send(clients.message(kind, mac, xid, extra), mac)

    def _hear_until(self, end):
        while (left_s := end - time.monotonic()) > 0:
            reply = self._wire.receive(left_s)
            if reply:
                self._take(reply)

    def _take(self, reply):
        """Note an answer; after an OFFER go on."""
        xid = int.from_bytes(reply[4:8], "big")
        kind, sent_at = self._waiting.pop(xid, (None, 0))
        if not kind:
            return
        self.delays[kind].append(time.monotonic() - sent_at)
        if kind == "DISCOVER":
            server = dhcptext.parse(reply).options[54]
            self._send("REQUEST", reply[28:34], xid, {50: reply[16:20], 54: server})


def measure(network, kind, rate, seconds):
    """Return the joined result of four loads through four relays of one kind."""
    relays = [kind(network, number) for number in range(RELAYS)]
    try:
        for relay in relays:
            relay.__enter__()
        loads = [Load(network, number, rate / RELAYS) for number in range(RELAYS)]
        with ThreadPoolExecutor() as pool:
            for job in [pool.submit(load.run, seconds) for load in loads]:
                job.result()
    finally:
        for relay in relays:
            if relay.process:
                relay.end()
    return {kind: joined(loads, kind) for kind in ("DISCOVER", "REQUEST")}


def joined(loads, kind):
    """Return (sent, lost, median delay in ms) of one message type, of all loads."""
    sent = sum(load.sent[kind] for load in loads)
    delays = [delay for load in loads for delay in load.delays[kind]]
    return sent, sent - len(delays), 1000 * statistics.median(delays or [0])


def main(argv=None):
    """Run the command line; return the exit status: 1 if a relay of ours lost something."""
    p = argparse.ArgumentParser(prog="bench_relay", description=__doc__.splitlines()[0])
    p.add_argument("--rate", type=int, default=200, help="exchanges (DORA) a second")
    p.add_argument("--seconds", type=int, default=10)
    args = p.parse_args(argv)
    reason = lab.unavailable() or others.unavailable("kea-dhcp4", "dhcrelay")
    if reason:
        print(f"bench_relay: {reason}", file=sys.stderr)
        return 1
    lost = 0
    with RelayLab() as network, others.kea(network.kea, configuration()):
        for name, relay in (("relay.py", ours), ("dhcrelay", isc), ("relay.py", ours)):
            found = measure(network, relay, args.rate, args.seconds)
            time.sleep(1)
            words = [
                f"{kind}: {sent} sent, {missing} lost, {ms:.2f} ms"
                for kind, (sent, missing, ms) in found.items()
            ]
            print(f"{name:9} {args.rate} DORA/s  " + "   ".join(words), flush=True)
            lost += sum(one[1] for one in found.values()) if relay is ours else 0
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
