"""One server's place on one interface: takes port 67, receives requests, sends replies.

The counterpart of `firmware/microdhcp/ports/` for Linux.
"""

import ipaddress

from microdhcp import BROADCAST, CIADDR, CLIENT, RELAY

from . import frames, sockets

_LIMITED_BROADCAST = b"\xff" * 4
_RELAYS = 64  # are remembered
_CIADDR_AT, _YIADDR_AT, _GIADDR_AT, _CHADDR_AT = 12, 16, 24, 28


class PortTakenError(OSError):
    """Another program owns UDP port 67 on the interface; the text says which."""


class Port:
    """The sockets of one interface.

    name       interface, as the user calls it
    interface  ipaddress.IPv4Interface of the server
    probes     ArpProbes or IcmpProbes, opened and closed with the port; None: no checks
    After receive(): `why` is the reason why a datagram was thrown away, or None.
    """

    def __init__(self, name, interface, probes=None):
        self.name = name
        self.index = 0  # 0: closed
        self.packets = None
        self.probes = probes
        self.why = None
        self._peer_mac = frames.BROADCAST_MAC  # the station that sent the latest request
        self._relays = {}  # giaddr: the station that sent the latest request from there
        self._holder = None
        self._ident = 0
        self._server = interface.ip.packed, sockets.SERVER_PORT
        self._mine = {
            interface.ip.packed,
            interface.network.broadcast_address.packed,
            _LIMITED_BROADCAST,
        }
        self._buffer = bytearray(65536)
        self._view = memoryview(self._buffer)

    def open(self, index):
        """Take port 67 and start to listen; `index` is the interface's at this moment.

        Raises PortTakenError, PermissionError, or another OSError when the interface went away.
        """
        try:
            self._holder = sockets.hold_port(self.name)
            self.packets = sockets.open_packet_socket(self.name)
            if self.probes:
                self.probes.attach()
        except OSError as error:
            self.close()
            if sockets.is_taken(error):
                raise PortTakenError(self._taken_text()) from None
            raise
        self.index = index

    def _taken_text(self):
        """Return the message for a port that somebody else owns."""
        owner = sockets.port_owner()
        named = f" ({owner})" if owner else ""
        return f"port 67 on {self.name} is in use by another DHCP server{named}; stop it first"

    def close(self):
        """Give the port back; open() may follow."""
        for sock in (self._holder, self.packets):
            if sock is not None:
                sock.close()
        if self.probes:
            self.probes.detach()
        self._holder = self.packets = None
        self.index = 0

    def receive(self, rx):
        """Copy the next request into `rx` and return its length, 0 when it is not for the server.

        Then `self.why` says why, or is None if the packet is not for this server.
        Raises BlockingIOError when nothing waits, OSError when the interface is down.
        """
        self.why = None
        n, ancillary, _, (_, _, _, _, mac) = self.packets.recvmsg_into(
            [self._buffer], sockets.AUXDATA_SPACE
        )
        try:
            _, (address, _), payload = frames.read_udp(
                self._view[:n], sockets.checksum_done(ancillary)
            )
        except frames.BadDatagramError as error:
            self.why = str(error)
            return 0
        if address not in self._mine:  # routed through this machine, to another server
            return 0
        if len(payload) > len(rx):
            self.why = "too long"
            return 0
        self._peer_mac = mac
        rx[: len(payload)] = payload
        giaddr = _four(rx, _GIADDR_AT)
        if any(giaddr):
            while len(self._relays) >= _RELAYS:
                del self._relays[next(iter(self._relays))]
            self._relays[giaddr] = mac
        return len(payload)

    def send(self, server, n):
        """Send server.tx[:n] where server.reply_to says; RFC 2131 section 4.1.

        A unicast that answers a client with an address, or a relay agent, goes to the station the
        request came from: it is the next hop, and needs no ARP and no route.
        Returns the destination as text.  Raises OSError when the interface is down.
        """
        tx, to = server.tx, server.reply_to
        port = sockets.CLIENT_PORT
        mac = self._peer_mac
        if to == BROADCAST:
            address, mac = _LIMITED_BROADCAST, frames.BROADCAST_MAC
        elif to == CLIENT:
            address, mac = _four(tx, _YIADDR_AT), bytes(tx[_CHADDR_AT : _CHADDR_AT + 6])
        elif to == CIADDR:
            address = _four(server.rx, _CIADDR_AT)
        else:
            assert to == RELAY
            address, port = _four(tx, _GIADDR_AT), sockets.SERVER_PORT
            mac = self._relays.get(address, mac)  # the request may have waited meanwhile
        self._ident = (self._ident + 1) & 0xFFFF
        packet = frames.udp_in_ipv4(self._server, (address, port), memoryview(tx)[:n], self._ident)
        self.packets.sendto(packet, (self.name, frames.ETH_P_IP, 0, 0, mac))
        return f"{ipaddress.IPv4Address(address)}:{port}"


def _four(buffer, at):
    """Return the 4 bytes of an address in a message."""
    return bytes(buffer[at : at + 4])
