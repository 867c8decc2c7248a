"""Hostile packets in long stories: seeded, the same on CPython and MicroPython.

A Story is one server with its clients and clock. Each step makes a packet - of a client that
plays by the rules, of the captures, or of pure chance - damages it more often than not, hands it
to the server, and lets the judge (oracle) and the walker of the table (invariants) look at it.
"""

import builders
import invariants
import oracle
from microdhcp import PARK, Config, Server
from microdhcp.states import CHECKED as CHECKED_STATE
from microdhcp.states import CHECKING, CONFLICT

CODES = (0, 1, 3, 6, 12, 50, 51, 52, 53, 54, 55, 57, 58, 60, 61, 66, 80, 81, 82, 108, 121, 255)
FIELDS = (
    (0, 1),
    (1, 1),
    (2, 1),
    (3, 1),
    (10, 2),
    (12, 4),
    (16, 4),
    (24, 4),
    (28, 6),
    (44, 64),
    (108, 128),
)
OWN = b"\xc0\x00\x02\x01"
ADDRESSES = (
    OWN,
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\xc0\x00\x02\x00",
    b"\xc0\x00\x02\xff",
    b"\xc6\x33\x64\x10",
)
CLIENTS = 24
LAST_S = (1 << 30) - 1
SETTINGS = (
    {},
    {"rapid_commit": True, "max_lease_s": None, "max_message": 1472},
    {"authoritative": False, "quarantine_s": 60},
    {
        "reservations": {
            "00:00:5e:00:53:01": "192.0.2.18",
            "00:00:5e:00:53:02": "192.0.2.99",
            "00:00:5e:00:53:03": "192.0.2.98",
        },
        "offer_hold_s": 5,
    },
    {
        "options": {
            "domain_search": "a.example,b.example",
            "tftp_server": "x" * 200,
            224: b"y" * 120,
        },
        "max_message": 300,
        "lease_s": 120,
        "rapid_commit": True,
    },
    {"deny": ["00:00:5e:00:53:04"]},
    {"quarantine_s": 60, "offer_hold_s": 20},  # with checks of addresses, see CHECKED
)
CHECKED = len(SETTINGS) - 1


class Chance:
    """Numbers that follow from a seed (a linear congruential generator, the upper bits of it)."""

    def __init__(self, seed):
        self._state = (seed * 2654435761 + 12345) & 0x7FFFFFFF
        self.below(2)

    def below(self, limit):
        """Return a number 0..limit - 1; limit up to 2**15."""
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % limit

    def of(self, items):
        """Return one of the items."""
        return items[self.below(len(items))]

    def raw(self, n):
        """Return n bytes."""
        return bytes([self.below(256) for _ in range(n)])


def flip(chance, packet):
    """Change one bit, or one byte in the part that matters."""
    at = chance.below(len(packet))
    packet[at] ^= 1 << chance.below(8)


def overwrite(chance, packet):
    """Put chance into a run of bytes."""
    at = chance.below(len(packet))
    n = min(1 + chance.below(8), len(packet) - at)
    packet[at : at + n] = chance.raw(n)


def truncate(chance, packet):
    """Cut the end off."""
    del_at = 200 + chance.below(max(1, len(packet) - 200)) if chance.below(4) else 0
    packet[:] = packet[: del_at or chance.below(len(packet)) + 1]


def insert(chance, packet):
    """Put bytes in between."""
    at = chance.below(len(packet))
    packet[:] = packet[:at] + chance.raw(1 + chance.below(40)) + packet[at:]


def field(chance, packet):
    """Set a field of the header to something that means something."""
    at, size = chance.of(FIELDS)
    if size == 4:
        value = chance.of(ADDRESSES) if chance.below(3) else OWN[:3] + chance.raw(1)
    elif size > 6:
        value = some_options(chance, size)[:size]
    else:
        value = chance.of((bytes(size), b"\xff" * size, chance.raw(size), b"\1\1\1\1\1\1"[:size]))
    packet[at : at + len(value)] = value


def pieces_of(packet):
    """Return the options of a packet as whole pieces of bytes, as far as they can be read."""
    found = []
    at = 240
    while at + 1 < len(packet) and packet[at] != 255:
        n = 2 + packet[at + 1] if packet[at] else 1
        found.append(bytes(packet[at : at + n]))
        at += n
    return found


def some_options(chance, room):
    """Return a few options of chance, END behind them."""
    out = b""
    while len(out) < room and chance.below(6):
        n = chance.of((0, 1, 1, 2, 4, 4, 4, 7, chance.below(20)))
        value = chance.of(ADDRESSES) if n == 4 else chance.raw(n)
        out += builders.option(chance.of(CODES), value)
    return out + b"\xff"


def options(chance, packet):
    """Drop, double, split, swap, lengthen, shorten or add an option."""
    found = pieces_of(packet)
    if len(found) < 2:
        return
    at = chance.below(len(found))
    piece = found[at]
    act = chance.below(8)
    if act == 0:
        found.pop(at)
    elif act == 1:
        found.append(piece)
    elif act == 2 and len(piece) > 3:
        cut = 3 + chance.below(len(piece) - 3)
        found[at : at + 1] = [builders.option(piece[0], piece[2:cut])] + [
            builders.option(piece[0], piece[cut:])
        ]
    elif act == 3:
        other = chance.below(len(found))
        found[at], found[other] = found[other], piece
    elif act == 4 and len(piece) > 1:
        found[at] = piece[:1] + bytes([chance.below(256)]) + piece[2:]
    elif act == 5 and len(piece) > 2:
        found[at] = builders.option(piece[0], piece[2:-1])
    elif act == 6 and len(piece) > 1:
        found[at] = builders.option(piece[0], piece[2:] + chance.raw(1))
    else:
        found.insert(at, some_options(chance, 30)[:-1])
    packet[240:] = b"".join(found) + b"\xff"


def overload(chance, packet):
    """Move some of the options to file or sname."""
    found = pieces_of(packet)
    if len(packet) < 240 or len(found) < 3:
        return
    at, size, value = chance.of(((108, 128, 1), (44, 64, 2)))
    moved = b"".join(found[1::2])[: size - 1] + b"\xff"
    packet[at : at + size] = moved + bytes(size - len(moved))
    packet[240:] = b"".join(found[0::2]) + bytes([52, 1, value, 255])


def relay(chance, packet):
    """Make it come through a relay agent."""
    packet[24:28] = OWN[:3] + bytes([2 + chance.below(4)])
    if len(packet) > 244:
        agent = builders.option(82, builders.option(1, chance.raw(chance.below(80))))
        packet[240:] = b"".join(pieces_of(packet)) + agent + b"\xff"


ACTS = (
    flip,
    flip,
    overwrite,
    truncate,
    insert,
    field,
    field,
    options,
    options,
    options,
    overload,
    relay,
)


class Story:
    """One server, its clients, and a clock that runs to the end.

    seed      what happens follows from it
    corpus    packets of real clients, bytes
    rx_size   of the server; packets are cut to it
    """

    def __init__(self, seed, corpus=(), rx_size=1500):
        self.chance = Chance(seed)
        self.corpus = corpus
        self.settings = {"address": "192.0.2.1/24", "pool": ("192.0.2.16", "192.0.2.27")}
        self.settings.update(SETTINGS[seed % len(SETTINGS)])
        self.server = Server(Config(**self.settings), rx_size)
        self.judge = oracle.Judge(self.server, self.settings)
        self.now_s = LAST_S - 50000 if seed % 7 == 6 else 0
        self.packet = b""
        self.known = {}  # mac -> the address last heard of
        self.parked = []  # [(packet, slot)], messages that wait for a check
        if seed % 2:
            self.server.enable_events(4)
        if seed % len(SETTINGS) == CHECKED:
            self.server.enable_checks(bool(self.chance.below(2)))
            self.judge.parking = True
        self.replies = 0

    def step(self):
        """Send one packet, and check its effects."""
        self.tick()
        if not self.chance.below(400):
            self.change()
        if self.parked and self.chance.below(3):
            self.end_check()
        else:
            self.packet = bytes(self.make()[: len(self.server.rx)])
        self.give()

    def change(self):
        """Give the server other settings of the same kind: its leases go on."""
        leases = self.server.leases
        for slot in range(leases.slots):
            if leases.state[slot] in (CHECKING, CHECKED_STATE):
                self.judge.hold_ends(slot)
        self.parked = []
        self.server.configure(Config(**self.settings), self.now_s)
        invariants.check(self.server.leases)

    def end_check(self):
        """End a check, and take its message up again."""
        self.packet, slot = self.parked.pop(self.chance.below(len(self.parked)))
        leases = self.server.leases
        self.server.checked(slot, not self.chance.below(3), self.now_s)
        invariants.check(leases)
        if leases.state[slot] == CONFLICT:
            self.judge.hold_ends(slot)

    def give(self):
        """Hand self.packet to the server and check the outcome."""
        server = self.server
        n = len(self.packet)
        server.rx[:n] = self.packet
        n = self.handle(n)
        if n == PARK:
            self.parked = self.parked[-3:] + [(self.packet, server.check_slot)]
            if server.leases.state[server.check_slot] == CHECKING:
                self.judge.hold_ends(server.check_slot)  # an offer to somebody else
            n = 0
        self.judge.look(self.packet, n, self.now_s)
        invariants.check(server.leases)
        if n:
            self.replies += 1
            if any(server.tx[16:20]):
                self.known[bytes(server.tx[28:34])] = bytes(server.tx[16:20])

    def handle(self, n):
        """Let the server handle the n bytes in rx."""
        return self.server.handle(n, self.now_s)

    def tick(self):
        """Let time pass: mostly none, at times a lease or far more."""
        chance = self.chance
        dice = chance.below(1000)
        if dice < 300:
            self.now_s += 1 + chance.below(5)
        elif dice < 330:
            self.now_s += chance.below(90)
        elif dice < 334:
            self.now_s += chance.below(8000)
        elif dice < 335:
            self.now_s += chance.below(1 << 15) << chance.below(5)
        self.now_s = min(self.now_s, LAST_S)

    def make(self):
        """Return a packet, as bytearray."""
        chance = self.chance
        dice = chance.below(100)
        if dice < 3:
            return bytearray(chance.raw(chance.below(400) + 1))
        if dice < 10:
            return bytearray(builders.message([some_options(chance, 60)], mac=self.mac()))
        packet = self.of_corpus() if dice < 30 and self.corpus else self.of_client()
        if chance.below(100) < 55:
            for _ in range(1 + chance.below(3)):
                if len(packet) > 1:
                    chance.of(ACTS)(chance, packet)
        return packet

    def mac(self):
        """Return the hardware address of one of the clients; now and then of a new one."""
        if self.chance.below(40) == 0:
            return b"\x02" + self.chance.raw(5)
        return builders.mac_bytes(1 + self.chance.below(CLIENTS))

    def of_corpus(self):
        """Return a real client's packet, made to matter here."""
        chance = self.chance
        packet = bytearray(chance.of(self.corpus))
        if chance.below(2):
            packet[28:34] = self.mac()
        if chance.below(2) and any(packet[12:16]):
            packet[12:16] = self.address(bytes(packet[28:34]))
        return packet

    def address(self, mac):
        """Return the client's address, at times another one."""
        if mac in self.known and self.chance.below(4):
            return self.known[mac]
        return OWN[:3] + bytes([14 + self.chance.below(16)])

    def of_client(self):
        """Return what a client might send now."""
        chance = self.chance
        mac = self.mac()
        fields = {"mac": mac, "xid": chance.raw(4), "broadcast": not chance.below(3)}
        if chance.below(3) == 0:
            some = b"\0" + mac[5:] + chance.raw(1)[:1]
            fields["client_id"] = chance.of((b"\1" + mac, b"\xff" + mac + mac, some, some[:2]))
        if chance.below(4) == 0:
            fields["lease_s"] = chance.of((chance.raw(4), 60, 3600, b"\xff\xff\xff\xff"))
        if chance.below(4) == 0:
            fields["max_size"] = chance.of((576, 1500, 300, 65535))
        if chance.below(5) == 0:
            fields["prl"] = chance.of((None, chance.raw(12), b"\3\1\6", b""))
        address = self.address(mac)
        if chance.below(20) < 7:
            if chance.below(3) == 0:
                fields["requested"] = address
            extra = ((80, b""),) if chance.below(3) == 0 else ()
            return bytearray(builders.discover(options=extra, **fields))
        return bytearray(self.follow_up(address, fields))

    def follow_up(self, address, fields):
        """Return a message of a client that has an address in mind."""
        chance = self.chance
        server_id = OWN if chance.below(8) else b"\xc0\x00\x02\x02"
        act = chance.below(12)
        if act < 5:
            return builders.request(requested=address, server_id=server_id, **fields)
        if act < 7:
            return builders.request(requested=address, **fields)
        if act < 9:
            return builders.request(ciaddr=address, **fields)
        fields.pop("prl", None)
        if chance.below(3):
            fields["server_id"] = server_id
        if act == 9:
            return builders.decline(requested=address, **fields)
        if act == 10:
            return builders.release(ciaddr=address, **fields)
        return builders.inform(ciaddr=address, **fields)
