"""A lab of network namespaces in which real DHCP clients talk to tools/serve.py.

    with Lab(clients=2) as lab, lab.serve("--lease-time", "60") as server:
        lease = Udhcpc(lab.clients[0]).obtain()

It needs Linux and either root or user namespaces; unavailable() says what is missing.  The
machine's own interfaces, routes and /etc/resolv.conf are never touched.
"""

from .clients import CLIENTS, Client, Dhclient, Dhcpcd, Lease, Udhcpc
from .network import Lab, Network, unavailable
from .nodes import LabError, Node
from .recorder import Message, Recorder
from .server import ServerProcess

__all__ = (
    "CLIENTS",
    "Client",
    "Dhclient",
    "Dhcpcd",
    "Lab",
    "LabError",
    "Lease",
    "Message",
    "Network",
    "Node",
    "Recorder",
    "ServerProcess",
    "Udhcpc",
    "unavailable",
)
