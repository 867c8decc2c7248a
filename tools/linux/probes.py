"""How to ask whether somebody has an address: by ARP or by ICMP echo, each with one socket.

Each stands in the place of a board's Echo (microdhcp.ports.echo) for checking.Checker, and has
more for the one who owns the socket:
    names_owner         whether heard() knows who has the address
    sock                None while detached, else non-blocking, readable when heard() has news
    attach(), detach()  open and close the socket; attach() raises OSError
    own                 container of addresses (4 bytes) that this machine has itself
    sent                counter of probes
    trouble             the OSError of the latest probe, None when it has left
"""

import errno
import os

from . import arp, frames, icmp, sockets

BURST = 256  # packets that are read at a time
_ADDRESS, _MAC = slice(0, 4), slice(4, 10)  # of a question


class _Question:
    """A check that runs."""

    def __init__(self, check, client):
        self.check = check
        self.client = client
        self.client_answered = False
        self.stations = []  # which MACs answered


class _Probes:
    """What both have in common."""

    names_owner = False

    def __init__(self, name):
        self.name = name
        self.sock = None
        self.own = frozenset()
        self.sent = 0
        self.trouble = None
        self.station = -1
        self._asked = {}  # address: _Question
        self._addresses = {}  # check: address
        self._answers = []  # (check, place of the MAC in that list)

    def detach(self):
        """Close the socket."""
        if self.sock:
            self.sock.close()
            self.sock = None
        self.close()

    # As of a board's Echo

    def open(self):
        """Return True: the socket is there as long as the port is."""
        return True

    def close(self):
        """Forget all checks."""
        self._asked.clear()
        self._addresses.clear()
        self._answers.clear()

    def ask(self, check, question, stations):
        """Send the probe of a check; return how many could not leave.

        question  address and MAC of the client: its own answer does not count
        stations  list that gets the MAC of the host that answers
        """
        address = bytes(question[_ADDRESS])
        before = self._addresses.get(check)
        if before != address:
            self._asked.pop(before, None)
            self._addresses[check] = address
            self._asked[address] = _Question(check, bytes(question[_MAC]))
        self._asked[address].stations = stations
        if address in self.own:  # nobody else would answer for those
            self._answers.append((check, -1))
            return 0
        try:
            self._send(address)
        except OSError as error:
            self.trouble = error
            return 1
        self.sent += 1
        self.trouble = None
        return 0

    def heard(self):
        """Return the next check with an answer, or -1; `station` gets the MAC that answered."""
        if not self._answers and self.sock:
            for mac, address in self._read():
                self._note(mac, address)
        if not self._answers:
            return -1
        check, self.station = self._answers.pop(0)
        return check

    def _note(self, mac, address):
        """Note that a MAC, or an unknown host (None), has an address."""
        question = self._asked.get(address)
        if question is None:
            return
        if mac == question.client:
            question.client_answered = True
            return
        if mac is None:
            self._answers.append((question.check, -1))
            return
        if mac not in question.stations:
            question.stations.append(mac)
        self._answers.append((question.check, question.stations.index(mac)))

    def ask_for(self, address, client):
        """Go on with the check of an address for another client than before.

        An answer of the first client is a conflict for the second one.
        """
        question = self._asked.get(address)
        if question and question.client != client:
            before, question.client = question.client, client
            if question.client_answered:
                self._note(before, address)

    def _packets(self):
        """Yield what waits in the socket, up to a burst."""
        for _ in range(BURST):
            try:
                yield self.sock.recv(2048)
            except OSError as error:  # nothing waits, or the interface is down
                if error.errno != errno.EHOSTUNREACH:
                    return


class ArpProbes(_Probes):
    """Asks by RFC 5227's probe: every host must answer, whatever its firewall thinks of ping."""

    names_owner = True

    def attach(self):
        """Open the socket.  Raises OSError."""
        self.sock = sockets.open_arp_socket(self.name)

    def _send(self, address):
        packet = arp.probe(self._own_mac(), address)
        self.sock.sendto(packet, (self.name, arp.ETH_P_ARP, 0, 0, frames.BROADCAST_MAC))

    def _read(self):
        """Yield (MAC, address) of the host that a packet shows to have or take an address."""
        own = self._own_mac()
        for packet in self._packets():
            try:
                found = arp.read(packet)
            except arp.BadArpError:
                continue
            if found.sender_mac != own:
                yield found.sender_mac, arp.claimed(found)

    def _own_mac(self):
        return self.sock.getsockname()[4]


class IcmpProbes(_Probes):
    """Asks by ping; the kernel does the ARP, so that nobody sees who answers."""

    def __init__(self, name):
        super().__init__(name)
        self._identifier = int.from_bytes(os.urandom(2), "big")
        self._sequence = 0

    def attach(self):
        """Open the socket.  Raises OSError."""
        self.sock = sockets.open_icmp_socket(self.name)

    def _send(self, address):
        self._sequence = (self._sequence + 1) & 0xFFFF
        try:
            packet = icmp.echo(self._identifier, self._sequence)
            self.sock.sendto(packet, (".".join(map(str, address)), 0))
        except OSError as error:
            if error.errno != errno.EHOSTUNREACH:  # the kernel knows: nobody answers its ARP
                raise

    def _read(self):
        """Yield (None, address) for each echo reply to this program."""
        for packet in self._packets():
            try:
                address, identifier, _ = icmp.read_reply(packet)
            except icmp.BadEchoError:
                continue
            if identifier == self._identifier:
                yield None, address
