"""The DHCP server inside the firmware, as far as ours has to take its place.

It hands out one address after the other and never forgets; what counts is who answers.
"""

from fakes.lwip import ALL, ANY, StackError
from linux.frames import udp_in_ipv4

_COOKIE = b"\x63\x82\x53\x63"
_DISCOVER, _OFFER, _REQUEST, _ACK = 1, 2, 3, 5


class BuiltIn:
    """The server of one board.

    stack         its Lwip
    renews        it answers a REQUEST without option 50 (esp32; the Pico's ignores it: 244-247)
    unicasts      it answers by unicast, with an ARP entry made for it (IDF since 5.2)
    pool          first address's last byte
    """

    def __init__(self, stack, renews, unicasts, pool):
        self._stack = stack
        self._renews = renews
        self._unicasts = unicasts
        self._pool = pool
        self._pcb = None
        self._netif = None
        self._leases = {}

    @property
    def running(self):
        """True while it has a PCB, heard or not."""
        return self._pcb is not None

    def start(self, netif, address, bound_to_netif=False):
        """Bind port 67 of an address; a bind that fails is ignored, and the PCB stays allocated.

        IDF dhcpserver.c:1386-1387; MP shared/netutils/dhcpserver.c:304
        """
        try:
            self._pcb = self._stack.new(self._received)
        except StackError:
            return
        self._netif = netif
        if bound_to_netif:
            self._pcb.netif_index = netif.index
        try:
            self._stack.bind(self._pcb, address, 67)
        except StackError:
            pass

    def stop(self):
        """Free the PCB."""
        if self._pcb:
            self._stack.free(self._pcb)
            self._pcb = None

    def _received(self, data, source, netif):
        if len(data) < 243 or data[236:240] != _COOKIE or data[240] != 53:
            return
        kind, chaddr, ciaddr = data[242], data[28:34], data[12:16]
        address = self._address(chaddr)
        if kind == _DISCOVER:
            self._answer(netif, data, _OFFER, address, ALL)
        elif kind == _REQUEST and b"\x32\x04" + address in data[240:]:
            self._answer(netif, data, _ACK, address, ALL)
        elif kind == _REQUEST and self._renews and ciaddr == address:
            self._answer(netif, data, _ACK, address, ciaddr)

    def _address(self, chaddr):
        last = self._leases.setdefault(chaddr, self._pool + len(self._leases))
        return self._netif.address[:3] + bytes([last])

    def _answer(self, netif, request, kind, address, to):
        """Send a reply out of the interface that the request came in by (288-289)."""
        own = self._netif.address
        head = b"\2" + request[1:12] + request[12:16] + address + ANY + ANY + request[28:44]
        options = b"\x35\1" + bytes([kind]) + b"\x36\4" + own + b"\x33\4\0\1\x51\x80"
        options += b"\1\4" + self._netif.mask + b"\3\4" + own + b"\6\4" + own + b"\xff"
        reply = head + bytes(192) + _COOKIE + options.ljust(60, b"\0")
        here = netif is self._netif
        if to == ALL and here and self._unicasts and not request[10] & 0x80:
            self._stack.know(netif, address, request[28:34])
            to = address
        packet = udp_in_ipv4((netif.address, 67), (to, 68), reply)
        self._stack.output(netif, to, packet)
