"""A lab with a relay: clients on one network, a pair of Kea servers on another one.

    with KeaLab(clients=3) as lab, lab.pair(config) as pair, lab.relay() as relay:
        Udhcpc(lab.clients[0]).obtain()
        pair[0].kill()

The relay's node is the lab's home node; its second cable, `up0`, leads to the servers.
"""

import contextlib
import json
import re
import sys
import time
from pathlib import Path

from . import others
from .clients import INTERFACE
from .network import Lab
from .nodes import LabError

RELAY = Path(__file__).resolve().parents[1] / "relay.py"
UPLINK, UPLINK_INTERFACE = "10.0.0.2", "up0"  # also where an emulated board is at home
SERVERS = "10.0.0.5", "10.0.0.6"
NAMES = "server1", "server2"
_HOOKS = "libdhcp_lease_cmds.so", "libdhcp_ha.so"
_PAIRED_S = 120
_HA = {
    "mode": "hot-standby",
    "heartbeat-delay": 500,
    "max-response-delay": 2000,
    "max-ack-delay": 1000,
    "max-unacked-clients": 0,
    "multi-threading": {
        "enable-multi-threading": True,
        "http-dedicated-listener": True,
        "http-listener-threads": 1,
        "http-client-threads": 1,
    },
}


def unavailable():
    """Return why no pair of Kea servers can run here, as one sentence, or None."""
    if not (others.HOOKS / _HOOKS[1]).is_file():
        return f"Needs {others.HOOKS / _HOOKS[1]} (Debian package kea-dhcp4-server)."
    return others.unavailable("kea-dhcp4")


class KeaLab(Lab):
    """A Lab whose home node has a second cable, to nodes for servers in `servers`."""

    def __init__(self, clients=1, servers=2):
        super().__init__(clients)
        self._server_count = servers
        self.servers = []

    def _build(self):
        super()._build()
        self._switch.ip_batch(
            ["link add uplink type bridge", "link set uplink addrgenmode none up"]
        )
        self._join(self.home.node, "relay-up", UPLINK_INTERFACE, f"{UPLINK}/24")
        for number in range(self._server_count):
            node = self._node(self._switch)
            self._join(node, f"kea{number}", INTERFACE, f"{SERVERS[number]}/24")
            self.servers.append(node)

    def _join(self, node, port, interface, address):
        """Put a cable between a node and the servers' switch."""
        peer = f"peer name {interface} netns {node.pid}"
        self._switch.ip_batch(
            [
                f"link add {port} type veth {peer}",
                f"link set {port} addrgenmode none master uplink up",
            ]
        )
        node.ip(f"link set {interface} addrgenmode none up")
        node.ip(f"addr add {address} dev {interface}")

    def server(self, number, config):
        """Return a Kea server, alone or of a pair, as others.Other; config: a dict."""
        return others.kea(self.servers[number], json.dumps(config))

    @contextlib.contextmanager
    def pair(self, text):
        """Run a hot-standby pair on a configuration for Kea (text); yield the two others.Other.

        When it yields, both servers know of each other.
        """
        with contextlib.ExitStack() as stack:
            pair = []
            for number in range(2):
                pair.append(stack.enter_context(self.server(number, paired(text, number))))
            deadline = time.monotonic() + _PAIRED_S
            while not all("to HOT-STANDBY state" in one.log() for one in pair):
                if time.monotonic() > deadline:
                    raise LabError(f"the servers did not pair:\n{pair[0].log()[-2000:]}")
                time.sleep(0.1)
            yield pair

    def relay(self, *arguments):
        """Return tools/relay.py on the home node, as others.Other."""
        argv = [sys.executable, str(RELAY), "--interface", INTERFACE, "--json"]
        argv += ["--address", self.home.address, "--uplink", UPLINK_INTERFACE]
        argv += ["--uplink-address", UPLINK]
        for server in SERVERS[: self._server_count]:
            argv += ["--server", server]
        return others.Other(self.home.node, [*argv, *arguments], '"ready"')


def plain(text):
    """Return a configuration made by migrate as a dict, with the leases below /run/lab."""
    tree = json.loads(re.sub(r"(?m)^ *//.*$", "", text))
    server = tree["Dhcp4"]
    server["lease-database"]["name"] = f"{others.HOME}/kea-leases4.csv"
    server["interfaces-config"] = {"interfaces": [INTERFACE], "dhcp-socket-type": "udp"}
    for subnet in server["subnet4"]:
        subnet.pop("interface", None)  # the clients are behind the relay
    return tree


def paired(text, number):
    """Return the configuration of one server of a hot-standby pair, as a dict.

    text     configuration of a server alone, as migrate makes it
    number   0: the active one, 1: its standby
    """
    tree = plain(text)
    peers = [
        {"name": name, "url": f"http://{address}:8000/", "role": role, "auto-failover": True}
        for name, address, role in zip(NAMES, SERVERS, ("primary", "standby"), strict=True)
    ]
    ha = {**_HA, "this-server-name": NAMES[number], "peers": peers}
    tree["Dhcp4"]["multi-threading"] = {"enable-multi-threading": True, "thread-pool-size": 1}
    tree["Dhcp4"]["hooks-libraries"] = [
        {"library": str(others.HOOKS / _HOOKS[0])},
        {"library": str(others.HOOKS / _HOOKS[1]), "parameters": {"high-availability": [ha]}},
    ]
    return tree
