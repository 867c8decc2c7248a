"""How to ask whether somebody has an address: by ARP or by ICMP echo, each with one socket.

Both have
    names_owner      whether heard() knows who has the address
    sock             None while closed, else non-blocking, readable when heard() has news
    open(), close()
    probe(address)   ask once; raises OSError when the network is away
    heard()          yield (MAC or None, address) for what has come in
"""

import errno
import os

from . import arp, frames, icmp, sockets

BURST = 256  # packets that heard() reads at a time


class ArpProbes:
    """Asks by RFC 5227's probe: every host must answer, whatever its firewall thinks of ping."""

    names_owner = True

    def __init__(self, name):
        self.name = name
        self.sock = None

    def open(self):
        """Open the socket.  Raises OSError."""
        self.sock = sockets.open_arp_socket(self.name)

    def close(self):
        """Close the socket."""
        if self.sock:
            self.sock.close()
            self.sock = None

    def probe(self, address):
        """Send one probe for 4 bytes of address."""
        packet = arp.probe(self._own_mac(), address)
        self.sock.sendto(packet, (self.name, arp.ETH_P_ARP, 0, 0, frames.BROADCAST_MAC))

    def heard(self):
        """Yield who has, or is about to take, which address: every packet says that of someone."""
        own = self._own_mac()
        for packet in _read(self.sock):
            try:
                found = arp.read(packet)
            except arp.BadArpError:
                continue
            if found.sender_mac != own:
                yield found.sender_mac, arp.claimed(found)

    def _own_mac(self):
        return self.sock.getsockname()[4]


class IcmpProbes:
    """Asks by ping; the kernel does the ARP, so that nobody sees who answers."""

    names_owner = False

    def __init__(self, name):
        self.name = name
        self.sock = None
        self._identifier = int.from_bytes(os.urandom(2), "big")
        self._sequence = 0
        self._asked = {}  # sequence number: address

    def open(self):
        """Open the socket.  Raises OSError."""
        self.sock = sockets.open_icmp_socket(self.name)
        self._asked.clear()

    def close(self):
        """Close the socket."""
        if self.sock:
            self.sock.close()
            self.sock = None

    def probe(self, address):
        """Send one echo request to 4 bytes of address."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._asked.pop(self._sequence, None)
        while len(self._asked) >= BURST * 4:
            del self._asked[next(iter(self._asked))]
        self._asked[self._sequence] = address
        try:
            packet = icmp.echo(self._identifier, self._sequence)
            self.sock.sendto(packet, (".".join(map(str, address)), 0))
        except OSError as error:
            if error.errno != errno.EHOSTUNREACH:  # the kernel knows: nobody answers its ARP
                raise

    def heard(self):
        """Yield (None, address) for each echo reply that was asked for."""
        for packet in _read(self.sock):
            try:
                address, identifier, sequence = icmp.read_reply(packet)
            except icmp.BadEchoError:
                continue
            if identifier == self._identifier and self._asked.get(sequence) == address:
                yield None, address


def _read(sock):
    """Yield what waits in a socket, up to a burst."""
    for _ in range(BURST):
        try:
            yield sock.recv(2048)
        except OSError as error:  # nothing waits, or the interface is down
            if error.errno != errno.EHOSTUNREACH:
                return
