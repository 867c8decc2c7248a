"""The two networks of a board, as tools/emulator has them: whole frames, none is ever lost."""

from linux.frames import BROADCAST_MAC, mac_bytes

# The same as in rp2040py.
ROUTER, ROUTER_MAC = "10.0.0.1", b"\x02\x00\x00\x00\x00\x01"
BOARD_AT_HOME = "10.0.0.2"


class Side:
    """One interface of the board.

    frames     list of (emulated us, frame): all that the firmware has sent here
    listeners  list of functions, each called as listener(frame) for every such frame
    """

    def __init__(self, board):
        self._board = board
        self.frames = []
        self.listeners = []
        self.netif = None  # the board's end: it hears what is sent here while it has a link

    def sent(self, frame):
        """Take a frame from the firmware."""
        self.frames.append((self._board.now_us, bytes(frame)))
        for listener in list(self.listeners):
            listener(bytes(frame))
        self._board.look()

    def send(self, frame):
        """Let the board hear a frame here; return whether it could."""
        frame = bytes(frame)
        netif = self.netif
        if netif is None or not netif.link or frame[:6] not in (netif.mac, BROADCAST_MAC):
            return False
        self._board.stack.input(netif, frame)
        return True


class AccessPoint(Side):
    """The board's access point, seen from its stations.

    up        True while it is on the air
    stations  MACs (6 bytes) of the associated stations, the oldest first
    """

    def __init__(self, board):
        super().__init__(board)
        self.up = False
        self.stations = []

    def switch(self, up):
        """Take the access point on or off the air.  All stations lose their association."""
        self.up = up
        self.stations.clear()

    def join(self, mac):
        """Associate a station, as if it had given the key.  It stays until the AP goes down."""
        raw = mac_bytes(mac)
        if raw not in self.stations:
            self.stations.append(raw)

    def leave(self, mac):
        """Take a station off the air."""
        raw = mac_bytes(mac)
        if raw in self.stations:
            self.stations.remove(raw)

    def send(self, frame):
        """Let the board hear a frame of an associated station; False when it is lost."""
        if not self.up or bytes(frame[6:12]) not in self.stations:
            return False
        return super().send(frame)


class HomeNetwork(Side):
    """The network that the board joins as a station; its router answers ARP.

    key    its password; None: whatever the board says will do
    found  what scan() finds: (ssid, bssid, channel, RSSI, security, hidden) (MP network.WLAN)
    """

    def __init__(self, board):
        super().__init__(board)
        self.key = None
        self.found = [
            (b"neighbour", ROUTER_MAC, 6, -80, 4, False),
            (b"home", ROUTER_MAC, 1, -40, 4, False),
            (b"home", ROUTER_MAC, 11, -60, 4, False),
            (b"", ROUTER_MAC, 3, -90, 4, True),
        ]

    def sent(self, frame):
        """Take a frame from the firmware."""
        super().sent(frame)
        asks = frame[12:14] == b"\x08\x06" and frame[20:22] == b"\x00\x01"
        if asks and frame[38:42] == bytes(map(int, ROUTER.split("."))):
            reply = b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02" + ROUTER_MAC + frame[38:42]
            self.send(frame[6:12] + ROUTER_MAC + reply + frame[22:32])
