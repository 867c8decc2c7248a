"""A DHCP server on the network that a board has joined: for relays, and for forged replies."""

from builders import ACK, NAK, OFFER, ip, of_type
from emulator import Station
from linux.frames import BadDatagramError, read_udp

LEASE_S = 600


class DhcpHost(Station):
    """A host that leases 10.10.10.1xx to whom a relay brings: xx is the last byte of the MAC.

    overrides   it honours RFC 5107: it calls itself what sub-option 11 says
    alive       False: it says nothing
    asked       (message type, packet) of all that came
    """

    def __init__(self, board, mac, address, overrides=False):
        super().__init__(board, mac, address, board.home)
        self.overrides = overrides
        self.alive = True
        self.asked = []
        self.relay_mac = None

    def _hear(self, frame):
        super()._hear(frame)
        if frame[:6] != self.mac or frame[12:14] != b"\x08\x00":
            return
        try:
            _, to, packet = read_udp(memoryview(frame)[14:])
        except BadDatagramError:
            return
        if to == (ip(self.address), 67):
            self.relay_mac = frame[6:12]
            self._take(bytes(packet))

    def _take(self, packet):
        found = options_of(packet)
        kind = found[53][0]
        self.asked.append((kind, packet))
        if not self.alive or kind not in (1, 3):
            return
        named = found.get(54)
        if named and named != self.identity(found):
            return
        wanted = found.get(50) or packet[12:16]
        own = ip(f"10.10.10.{100 + packet[33]}")
        answer = OFFER if kind == 1 else ACK if wanted == own else NAK
        self.reply(packet, answer, own)

    def identity(self, found):
        """Return the name that it gives itself for a request with these options."""
        if self.overrides:
            return sub_options(found[82])[11]
        return ip(self.address)

    def reply(self, packet, kind, yiaddr, source=None, change=None, **fields):
        """Send a reply to a relayed message.

        source   address that the datagram says it comes from
        change   function(bytes) -> bytes: spoils it
        fields   of the message, in place of the right ones
        """
        found = options_of(packet)
        options = [(51, LEASE_S.to_bytes(4, "big")), (82, found[82])]
        settings = {
            "op": 2,
            "xid": packet[4:8],
            "chaddr": packet[28:34],
            "flags": packet[10:12],
            "ciaddr": packet[12:16],
            "yiaddr": yiaddr if kind != NAK else "0.0.0.0",
            "giaddr": packet[24:28],
        }
        settings.update(fields)
        data = of_type(kind, options, server_id=self.identity(found), **settings)
        data = change(data) if change else data
        place = source or self.address
        giaddr = ".".join(map(str, packet[24:28]))
        self.send_udp(data, source=(place, 67), to=(giaddr, 67), mac=self.relay_mac)


def options_of(packet):
    """Return {code: value} of a message's options."""
    return _cut(packet[240:])


def sub_options(value):
    """Return {code: value} of option 82."""
    return _cut(value)


def _cut(data):
    found = {}
    pos = 0
    while pos < len(data) and data[pos] != 255:
        if data[pos]:
            end = pos + 2 + data[pos + 1]
            found[data[pos]] = bytes(data[pos + 2 : end])
            pos = end
        else:
            pos += 1
    return found
