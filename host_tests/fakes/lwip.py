"""lwIP as far as a DHCP server meets it: who hears a datagram, and where one leaves.

Both firmwares use it; what Espressif has added is in fakes.esp32.
"""

from linux.frames import (
    BROADCAST_MAC,
    BadDatagramError,
    checksum,
    ethernet,
    read_udp,
    udp_in_ipv4,
)

ANY = b"\0" * 4
ALL = b"\xff" * 4
_ARP, _IPV4 = b"\x08\x06", b"\x08\x00"
_ICMP = 1


class StackError(Exception):
    """lwIP refuses; the argument is the name of the errno that a program sees."""


class Netif:
    """A network interface.

    name, index  as lwIP numbers them; index is 1 + the number in the name
    link         True while something hears what is sent
    side         the network at its other end (fakes.air)
    """

    def __init__(self, name, mac, side):
        self.name = name
        self.mac = mac
        self.side = side
        self.index = 0
        self.link = False
        self.address = self.mask = self.gateway = ANY

    def same_net(self, a, b):
        """Return whether two addresses are in one subnet here."""
        return all(x & m == y & m for x, y, m in zip(a, b, self.mask))

    def is_broadcast(self, address):
        """Return whether address is everybody's, on any network or on this one."""
        host = bytes(a | m for a, m in zip(address, self.mask))
        here = self.address != ANY and self.same_net(address, self.address)
        return address == ALL or here and host == ALL


class Udp:
    """A UDP control block (PCB).

    received  called as received(data, (address, port), netif) for each datagram
    """

    def __init__(self, received):
        self.received = received
        self.address, self.port = ANY, 0
        self.peer = None  # (address, port) after connect()
        self.netif_index = 0  # SO_BINDTODEVICE
        self.reuse = False
        self.ipv6 = False


class Lwip:
    """The stack of one board.

    udp_limit     how many PCBs there are in all
    route_source  Espressif's hook: a broadcast from an interface's address leaves there
    raw_eats      an open raw socket keeps packets from the stack itself
    arp_queue     packets that wait for one ARP answer
    """

    def __init__(self, udp_limit, route_source, raw_eats, arp_queue):
        self.udp_limit = udp_limit
        self.route_source = route_source
        self.raw_eats = raw_eats
        self.arp_queue = arp_queue
        self.netifs = []
        self.default = None
        self.udp = []  # the newest first, as in LW udp.c
        self.allocated = 0
        self.raws = []
        self._arp = {}
        self._waiting = {}
        self._numbers = 0

    # Interfaces

    def add(self, netif):
        """Bring an interface in; it gets a new number each time (LW netif.c:356,417-419)."""
        netif.name = netif.name[:2] + str(self._numbers)
        self._numbers += 1
        netif.index = self._numbers
        self.netifs.insert(0, netif)
        netif.side.netif = netif

    def remove(self, netif):
        """Take an interface out; if it was the default there is none then (LW netif.c:810)."""
        if netif in self.netifs:
            self.netifs.remove(netif)
        netif.link = False
        if self.default is netif:
            self.default = None

    # PCBs

    def new(self, received):
        """Return a new PCB that hears nothing yet; StackError("ENOMEM") when there are no more."""
        if self.allocated >= self.udp_limit:
            raise StackError("ENOMEM")
        self.allocated += 1
        return Udp(received)

    def free(self, pcb):
        """Give a PCB back."""
        self.allocated -= 1
        if pcb in self.udp:
            self.udp.remove(pcb)

    def bind(self, pcb, address, port):
        """Give a PCB its port, 0 for any; StackError("EADDRINUSE") when another one has it.

        LW udp.c:988-1010: the same port, and the same address or either ANY, unless both have
        SO_REUSEADDR; IPv6 and IPv4 do not see each other (measured: bind('') beside a server).
        """
        for other in self.udp:
            if other is pcb or other.port != port or other.ipv6 != pcb.ipv6:
                continue
            clash = other.address == address or ANY in (other.address, address)
            if port and clash and not (pcb.reuse and other.reuse):
                raise StackError("EADDRINUSE")
        if not port:
            taken = {other.port for other in self.udp}
            port = next(free for free in range(49153, 65536) if free not in taken)
        pcb.address, pcb.port = address, port
        if pcb not in self.udp:
            self.udp.insert(0, pcb)

    # Sending

    def send(self, pcb, data, address, port):
        """Send a datagram; StackError names the errno when it has nowhere to go."""
        if pcb.ipv6:
            raise StackError("EINVAL")  # measured: a socket bound to '' cannot send to IPv4
        if not pcb.port:
            self.bind(pcb, pcb.address, 0)
        netif = self._route(pcb, address)
        if netif is None or pcb.address not in (ANY, netif.address):
            # no route, or its address is not the interface's (LW udp_sendto_if 673-687)
            raise StackError("EHOSTUNREACH")
        packet = udp_in_ipv4((netif.address, pcb.port), (address, port), data)
        self.output(netif, address, packet)

    def _route(self, pcb, address):
        if pcb.netif_index:  # LW udp_sendto: a stale index finds nothing
            return next((n for n in self.netifs if n.index == pcb.netif_index and n.link), None)
        if self.route_source and address == ALL and pcb.address != ANY:
            # IDF lwip_default_hooks.c:119-140, ip4_route_src_hook
            for netif in self.netifs:
                if netif.link and netif.address == pcb.address:
                    return netif
        return self.route(address)

    def route(self, address):
        """Return the interface to an address, or None (LW ip4_route, ip4.c:152-225)."""
        for netif in self.netifs:
            if netif.link and netif.address != ANY and netif.same_net(address, netif.address):
                return netif
        default = self.default
        return default if default and default.link and default.address != ANY else None

    def output(self, netif, address, packet):
        """Send an IPv4 packet; one for a neighbour whose MAC is not known waits for ARP.

        MP measured: sendto returns success meanwhile, and the packet vanishes without an answer.
        """
        if netif.is_broadcast(address):
            netif.side.sent(ethernet(BROADCAST_MAC, netif.mac, packet))
            return
        if not netif.same_net(address, netif.address):
            address = netif.gateway
        mac = self._arp.get((netif, address))
        if mac:
            netif.side.sent(ethernet(mac, netif.mac, packet))
            return
        waiting = self._waiting.setdefault((netif, address), [])
        waiting[:] = (waiting + [packet])[-self.arp_queue :]
        self._send_arp(netif, b"\0\1", BROADCAST_MAC, bytes(6) + address)

    def know(self, netif, address, mac):
        """Enter a neighbour in the ARP table, and send what waited for it."""
        self._arp[(netif, address)] = mac
        for packet in self._waiting.pop((netif, address), ()):
            netif.side.sent(ethernet(mac, netif.mac, packet))

    def _send_arp(self, netif, operation, to, target):
        body = b"\0\1\x08\0\6\4" + operation + netif.mac + netif.address + target
        netif.side.sent(to + netif.mac + _ARP + body)

    # Receiving

    def input(self, netif, frame):
        """Take a frame that an interface has heard."""
        kind = frame[12:14]
        if kind == _ARP and len(frame) >= 42 and frame[38:42] == netif.address:
            self.know(netif, frame[28:32], frame[22:28])
            if frame[20:22] == b"\0\1":
                self._send_arp(netif, b"\0\2", frame[22:28], frame[22:32])
        elif kind == _IPV4 and self._is_ours(netif, frame[30:34]):
            if frame[23] == _ICMP:
                self._icmp(netif, frame[14:])
            else:
                self._udp(netif, memoryview(frame)[14:])

    def _is_ours(self, netif, address):
        return netif.is_broadcast(address) or address in [n.address for n in self.netifs]

    def _udp(self, netif, packet):
        try:
            source, to, data = read_udp(packet)
        except BadDatagramError:
            return
        pcb = self._hearer(netif, source, to)
        if pcb:
            pcb.received(bytes(data), source, netif)

    def _hearer(self, netif, source, to):
        """Return the PCB that gets a datagram, or None (LW udp.c:138-169, 222-303).

        A broadcast to 255.255.255.255 matches whatever interface it came in on, unless the PCB
        is bound to one; a connected PCB whose peer sent it goes first.
        """
        chosen = None
        for pcb in self.udp:
            if pcb.port != to[1] or not self._matches(pcb, netif, to[0]):
                continue
            if pcb.peer is None:
                better = to[0] == ALL and pcb.address == netif.address
                if chosen is None or better and chosen.address != netif.address:
                    chosen = pcb
            elif pcb.peer[1] == source[1] and pcb.peer[0] in (ANY, source[0]):
                return pcb
        return chosen

    @staticmethod
    def _matches(pcb, netif, address):
        if pcb.ipv6 or pcb.netif_index not in (0, netif.index):
            return False
        if pcb.address == ANY or address in (ALL, pcb.address):
            return True
        return netif.is_broadcast(address) and netif.same_net(pcb.address, address)

    def _icmp(self, netif, packet):
        for received in list(self.raws):
            received(packet, (packet[12:16], 0), netif)
        if self.raws and self.raw_eats:
            return  # measured: no ping is answered while a raw socket is open (LW raw.c:178-189)
        end = int.from_bytes(packet[2:4], "big")
        if packet[20] != 8 or packet[16:20] != netif.address:
            return
        reply = bytearray(b"\0\0\0\0" + packet[24:end])
        reply[2:4] = checksum(reply).to_bytes(2, "big")
        self.output(netif, packet[12:16], ipv4(netif.address, packet[12:16], _ICMP, reply))

    def send_raw(self, protocol, data, address):
        """Send the payload of an IPv4 packet; StackError when there is no route."""
        netif = self.route(address)
        if netif is None:
            raise StackError("EHOSTUNREACH")
        self.output(netif, address, ipv4(netif.address, address, protocol, data))


def ipv4(source, destination, protocol, payload):
    """Return an IPv4 packet around a payload."""
    head = bytearray(b"\x45\0" + (20 + len(payload)).to_bytes(2, "big") + b"\0\0\0\0\x40")
    head += bytes([protocol, 0, 0]) + source + destination
    head[10:12] = checksum(head).to_bytes(2, "big")
    return bytes(head) + bytes(payload)
