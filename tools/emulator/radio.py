"""The air: the board's own access point, and the home network that the board may join.

A frame that is sent arrives at once and whole, in either direction.
"""

from rp2040py.external.cyw43 import nat
from rp2040py.external.cyw43.net import parse_ethernet

from emulator.chip import AP, STA
from linux.frames import mac_bytes

#: Address of the home network's router, and the one address that it gives to the board.
ROUTER = ".".join(str(byte) for byte in nat.GATEWAY_IP)
ROUTER_MAC = nat.GATEWAY_MAC
BOARD_AT_HOME = ".".join(str(byte) for byte in nat.GUEST_IP)


class Side:
    """One interface of the board.

    frames     list of (emulated us, frame): all that the firmware has sent here
    listeners  list of functions, each called as listener(frame) for every such frame
    """

    def __init__(self, board, number):
        self._board = board
        self._bus = board.bus
        self._number = number
        self.frames = []
        self.listeners = []

    def sent(self, frame):
        """Take a frame from the firmware: note it, and pass it to the listeners."""
        self.frames.append((self._board.now_us, frame))
        for listener in list(self.listeners):
            listener(frame)

    def send(self, frame):
        """Let the board hear a frame here; return True.  `frame` is bytes without checksum."""
        self._bus.receive(self._number, frame)
        return True


class AccessPoint(Side):
    """The board's access point (`network.WLAN.IF_AP`), seen from its stations."""

    def __init__(self, board):
        super().__init__(board, AP)
        self._bus.on_ap = self._switched

    @property
    def up(self):
        """True while the firmware has it on the air."""
        return self._bus.ap_up

    @property
    def stations(self):
        """MACs (6 bytes) of the associated stations, the oldest first."""
        return tuple(self._bus.stations)

    def join(self, mac):
        """Associate a station, as if it had given the key.  It stays until the AP goes down."""
        raw = mac_bytes(mac)
        if raw not in self._bus.stations:
            self._bus.stations.append(raw)

    def leave(self, mac):
        """Take a station off the air; the firmware is not told, as with one that walks away."""
        raw = mac_bytes(mac)
        if raw in self._bus.stations:
            self._bus.stations.remove(raw)

    def send(self, frame):
        """Let the board hear a frame from a station; return False when it is lost.

        It is lost while the access point is down or its source is not an associated station.
        """
        if not self.up or bytes(frame[6:12]) not in self._bus.stations:
            return False
        return super().send(frame)

    def _switched(self, up):
        if not up:
            self._bus.stations.clear()


class HomeNetwork(Side):
    """The network that the board joins as a station, with a router that serves DHCP and ARP.

    Its one lease is BOARD_AT_HOME; it knows no other hosts and leads nowhere.
    """

    def __init__(self, board):
        super().__init__(board, STA)
        self._arp = nat.ArpResponder()
        self._dhcp = nat.DhcpServer()

    def sent(self, frame):
        """Take a frame from the firmware; the router answers ARP and DHCP."""
        super().sent(frame)
        parsed = parse_ethernet(frame)
        if parsed is not None:
            answer = self._arp.maybe_handle(parsed) or self._dhcp.maybe_handle(parsed)
            if answer:
                self.send(answer)
