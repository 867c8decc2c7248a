"""The lab: switches, servers and clients, joined by cables."""

import functools
import os
import shutil
import sys

from .clients import INTERFACE
from .nodes import LabError, Node
from .recorder import Recorder
from .server import ServerProcess

_TOOLS = {"ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux", "mount": "mount"}


class Network:
    """One switch with a server on it, and a recorder at the server's port.

    name     name of the bridge
    address  the server's address with prefix
    pool     first and last address, joined by "-"
    mac      the server's MAC address
    """

    def __init__(self, name, address, pool, mac):
        self.name = name
        self.address = address
        self.pool = pool
        self.mac = mac
        self.node = None
        self.recorder = None

    @property
    def server(self):
        """The server's address without prefix."""
        return self.address.split("/")[0]


def home():
    """Return the network on which the clients are at home."""
    return Network("home", "10.77.0.1/24", "10.77.0.10-10.77.0.250", "00:00:5e:00:53:f1")


def foreign():
    """Return another network, from which a client comes with an address that is wrong at home."""
    return Network(
        "foreign", "192.168.99.1/24", "192.168.99.50-192.168.99.90", "00:00:5e:00:53:f2"
    )


def client_mac(number):
    """Return the MAC address of client `number`, from 1: for documentation, RFC 7042."""
    return f"00:00:5e:00:53:{number:02x}"


class Lab:
    """A lab, from `with Lab(clients=2) as lab:` to the end of the block.

    clients       how many client nodes, 1 to 99
    with_foreign  also build the foreign network with a server node of its own
    lab.clients is the list of client nodes, lab.home and lab.foreign are Networks.
    Raises LabError when the machine does not allow it; ask unavailable() first.
    """

    def __init__(self, clients=1, with_foreign=False):
        self._client_count = clients
        self.home = home()
        self.foreign = foreign() if with_foreign else None
        self.clients = []
        self._nodes = []

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def networks(self):
        """Return the networks of this lab."""
        return [network for network in (self.home, self.foreign) if network]

    def _build(self):
        self._switch = self._node(None)
        for network in self.networks():
            network.node = self._node(self._switch)
            self._build_network(network)
        for number in range(1, self._client_count + 1):
            node = self._node(self._switch, read_only=True)
            node.name = f"client{number}"
            node.mac = client_mac(number)
            self.clients.append(node)
            self._cable(node, node.name, node.mac, self.home)

    def _node(self, first, **kwargs):
        node = Node(first, **kwargs)
        self._nodes.append(node)
        return node

    def _build_network(self, network):
        self._switch.ip_batch(
            [
                f"link add {network.name} type bridge",
                f"link set {network.name} addrgenmode none up",
            ]
        )
        self._cable(network.node, f"server-{network.name}", network.mac, network)
        network.node.ip(f"addr add {network.address} brd + dev {INTERFACE}")
        network.recorder = Recorder(network.node.packet_socket(INTERFACE))

    def _cable(self, node, port, mac, network):
        """Put a cable between a node's eth0 and a port of the switch."""
        peer = f"peer name {INTERFACE} address {mac} netns {node.pid}"
        self._switch.ip_batch(
            [
                f"link add {port} type veth {peer}",
                f"link set {port} addrgenmode none master {network.name} up",
            ]
        )
        node.ip(f"link set {INTERFACE} addrgenmode none up")

    def plug(self, node, network):
        """Pull a client's cable and put it into another network's switch."""
        self._switch.ip_batch(
            [f"link set {node.name} down", f"link set {node.name} master {network.name} up"]
        )

    def unplug_server(self, network=None):
        """Pull the server's cable out of the switch: its interface loses the carrier."""
        self._switch.ip(f"link set server-{(network or self.home).name} down")

    def plug_server(self, network=None):
        """Put the server's cable back into the switch."""
        self._switch.ip(f"link set server-{(network or self.home).name} up")

    def serve(self, *args, network=None):
        """Return tools/serve.py on a network's server node, to be used in a `with` statement.

        args     more arguments for serve.py, e.g. "--lease-time", "60"
        network  lab.home unless given
        """
        network = network or self.home
        argv = f"--interface {INTERFACE} --address {network.address} --pool {network.pool}".split()
        return ServerProcess(network.node, [*argv, "--json", *args])

    def close(self):
        """End everything in the lab; with the switch the kernel ends all other processes."""
        for network in self.networks():
            if network.recorder:
                network.recorder.close()
                network.recorder = None
        for node in self._nodes:
            node.close()
        self._nodes = []


@functools.cache
def unavailable():
    """Return why no lab can be built on this machine, as one sentence, or None."""
    if sys.platform != "linux":
        return "The lab needs Linux network namespaces."
    for tool, package in _TOOLS.items():
        if not shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return f"The lab needs {tool} (Debian package {package})."
    try:
        with Lab(clients=1):
            return None
    except (LabError, OSError) as error:
        who = "root" if os.geteuid() == 0 else "an ordinary user"
        return f"The lab cannot make namespaces as {who}: {str(error).splitlines()[0]}."
