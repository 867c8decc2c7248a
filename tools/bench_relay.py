"""What a relay costs: four relays before one Kea, ours beside ISC's dhcrelay, in one run.

    python tools/bench_relay.py [--rate 200] [--seconds 10]

perfdhcp plays new clients at a steady rate on each of four networks, each with a relay of its own;
every one goes through DISCOVER, OFFER, REQUEST, ACK.  By itself perfdhcp writes its own address
into giaddr, as if it were a relay; messages from a template it leaves as they are.  It hears only
what is sent to its address, so its node redirects the relay's broadcasts there.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

_TOOLS = Path(__file__).resolve().parent
sys.path[:0] = [str(_TOOLS), str(_TOOLS.parent / "firmware")]

import client as clients
import lab
from lab import others

RELAYS = 4
KEA = "10.0.0.5"
_RELAY = _TOOLS / "relay.py"
_REQUESTED, _SERVER_ID = b"\x32\x04\0\0\0\0", b"\x36\x04\0\0\0\0"  # to be filled in
_WAIT_US = 2_000_000  # for the last answers
_LIMIT_S = 600


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
    """perfdhcp as the clients of one network; use it in a `with` statement.

    sent, received, ms   {"DISCOVER": …, "REQUEST": …}, after wait(): how many messages, how many
                         answers, and the mean delay of these
    """

    def __init__(self, network, number, rate, seconds):
        self._node = network.loads[number]
        self._own = f"10.{number + 1}.0.2"
        self._mac = b"\x02\0" + bytes([number, 0, 0, 0])
        self._rate = rate
        self._count = rate * seconds
        self._process = self._folder = None
        self.sent, self.received, self.ms = {}, {}, {}

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        rule = f"-i eth0 -p udp --dport 68 -j DNAT --to-destination {self._own}"
        self._node.run(["iptables", "-t", "nat", "-F"])
        self._node.run(["iptables", "-t", "nat", "-A", "PREROUTING", *rule.split()])
        argv = ["perfdhcp", "-4", "-l", "eth0", "-B", "-L", "68", "-N", "67", "-W", str(_WAIT_US)]
        argv += ["-r", str(self._rate), "-n", str(self._count), "-R", str(self._count)]
        for kind, extra in (("DISCOVER", {}), ("REQUEST", {50: bytes(4), 54: bytes(4)})):
            template = Path(self._folder.name, kind)
            message = bytearray(clients.message(kind, self._mac, 0, extra))
            message[10] = 0x80  # nobody here answers ARP for the addresses of the clients
            template.write_text(message.hex())
            argv += ["-T", str(template), "-X", "4", "-O", "33"]  # xid, end of chaddr
        argv += ["-I", str(message.index(_REQUESTED)), "-S", str(message.index(_SERVER_ID))]
        self._process = self._node.start(
            [*argv, "255.255.255.255"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "KEA_LOCKFILE_DIR": "none"},
            text=True,
        )
        return self

    def __exit__(self, *_exception):
        self._process.kill()
        self._folder.cleanup()

    def wait(self):
        """Wait for its end, and read its report."""
        report, _ = self._process.popen.communicate(timeout=_LIMIT_S)
        for part in report.split("***Statistics for: ")[1:]:
            kind = part.partition("-")[0]
            self.sent[kind] = int(re.search(r"sent packets: (\d+)", part)[1])
            self.received[kind] = int(re.search(r"received packets: (\d+)", part)[1])
            found = re.search(r"avg delay: ([\d.]+) ms", part)
            self.ms[kind] = float(found[1]) if found else 0
        if self.sent.get("DISCOVER", 0) < self._count:
            raise lab.LabError(f"perfdhcp did not send {self._count} messages:\n{report}")


def measure(network, kind, rate, seconds):
    """Return {message type: (sent, lost, mean delay in ms)} of four loads through four relays."""
    with ExitStack() as stack:
        for number in range(RELAYS):
            stack.enter_context(kind(network, number))
        each = [Load(network, number, rate // RELAYS, seconds) for number in range(RELAYS)]
        for load in each:
            stack.enter_context(load)
        for load in each:
            load.wait()
    return {name: joined(each, name) for name in ("DISCOVER", "REQUEST")}


def joined(loads, kind):
    """Return (sent, lost, mean delay in ms) of one message type, of all loads."""
    sent = sum(load.sent[kind] for load in loads)
    received = sum(load.received[kind] for load in loads)
    total_ms = sum(load.received[kind] * load.ms[kind] for load in loads)
    return sent, sent - received, total_ms / max(received, 1)


def main(argv=None):
    """Run the command line; return the exit status: 1 if a relay of ours lost something."""
    p = argparse.ArgumentParser(prog="bench_relay", description=__doc__.splitlines()[0])
    p.add_argument("--rate", type=int, default=200, help="exchanges (DORA) a second")
    p.add_argument("--seconds", type=int, default=10)
    args = p.parse_args(argv)
    reason = lab.unavailable() or others.unavailable(
        "kea-dhcp4", "dhcrelay", "perfdhcp", "iptables"
    )
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
