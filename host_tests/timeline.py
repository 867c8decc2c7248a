"""A client, a clock and a decoder: a test reads as a story of packets.

    client = Client(serve())
    offer = client.at(0).discover()
    ack = client.at(1).select(offer)

The decoder is written from RFC 2131 and 2132 alone and refuses a reply that breaks their format.
Runs on CPython and MicroPython.
"""

import unittest

import builders
from microdhcp import PARK, Config, Server

SERVER = "192.0.2.1"
FIRST, LAST = "192.0.2.16", "192.0.2.31"
FOREIGN = "198.51.100.16"
NOBODY = "0.0.0.0"
KINDS = {2: "OFFER", 5: "ACK", 6: "NAK"}

# What is left in rx behind a packet looks like options: reading there gives a wrong answer.
_STALE = b"\x35\x01\x07\x36\x04\xc6\x33\x64\x01\x32\x04\xc6\x33\x64\x02"


def serve(**settings):
    """Return a Server for 192.0.2.1/24 with 16 addresses, changed by `settings` of Config."""
    values = {"address": SERVER + "/24", "pool": (FIRST, LAST), "lease_s": 3600}
    values.update(settings)
    return Server(Config(**values))


def _walk(raw, at, end, area, found):
    """Append (code, value, area) of every option in raw[at:end] to `found`.

    ValueError when an option runs over `end`, END is missing, or something follows END.
    """
    while at < end:
        code = raw[at]
        if code == 255:
            if any(raw[at + 1 : end]):
                raise ValueError("not zero behind END in " + area)
            return
        if code == 0:
            at += 1
            continue
        value_at = at + 2
        if value_at > end or value_at + raw[at + 1] > end:
            raise ValueError("option {} runs over the end of {}".format(code, area))
        at = value_at + raw[at + 1]
        found.append((code, raw[value_at:at], area))
    raise ValueError("no END in " + area)


class Reply:
    """What the server answered.

    kind     "OFFER", "ACK", "NAK", or None for silence; then `dropped` is the reason or None
    to       server.reply_to
    raw      the bytes; `counted` is how many drop counters went up
    options  (code, value) in the order sent, those of file and sname last
    """

    def __init__(self, raw, to, dropped, counted):
        self.raw = raw
        self.to = to
        self.dropped = dropped
        self.counted = counted
        self.found = []
        self.kind = None
        if raw:
            self._decode()

    def _decode(self):
        raw = self.raw
        if len(raw) < 241 or raw[236:240] != builders.COOKIE:
            raise ValueError("not a DHCP message")
        _walk(raw, 240, len(raw), "options", self.found)
        overload = self.option(52)
        overload = overload[0] if overload else 0
        if overload & 1:
            _walk(raw, 108, 236, "file", self.found)
        if overload & 2:
            _walk(raw, 44, 108, "sname", self.found)
        self.kind = KINDS[self.option(53)[0]]

    @property
    def options(self):
        """Return the (code, value) pairs in the order sent."""
        return [(code, value) for code, value, _area in self.found]

    @property
    def codes(self):
        """Return the option codes in the order sent."""
        return [code for code, _value, _area in self.found]

    def option(self, code):
        """Return the value of an option, its pieces joined (RFC 3396), or None."""
        values = [value for found, value, _area in self.found if found == code]
        return b"".join(values) if values else None

    def where(self, code):
        """Return the areas that hold an option: "options", "file", "sname"."""
        return [area for found, _value, area in self.found if found == code]

    def seconds(self, code):
        """Return the value of a 4-byte time option as int, or None."""
        value = self.option(code)
        return None if value is None else int.from_bytes(value, "big")

    @property
    def ciaddr(self):
        """Return the field as dotted text."""
        return builders.dotted(self.raw[12:16])

    @property
    def yiaddr(self):
        """Return the field as dotted text."""
        return builders.dotted(self.raw[16:20])

    @property
    def siaddr(self):
        """Return the field as dotted text."""
        return builders.dotted(self.raw[20:24])

    @property
    def giaddr(self):
        """Return the field as dotted text."""
        return builders.dotted(self.raw[24:28])

    @property
    def flags(self):
        """Return the field as int."""
        return self.raw[10] << 8 | self.raw[11]


class Client:
    """One client of `server`; every message carries its `always` keywords unless a call says else.

    server   a Server
    mac      last byte of 00:00:5E:00:53:xx, or 6 bytes
    clock    a list of one int, seconds; shared by the clients of one timeline
    neighbours, probes   {address: MAC, 6 bytes} of who has an address already, and the addresses
             that were checked, shared too; None where the server checks nothing
    """

    def __init__(self, server, mac=1, clock=None, **always):
        self.server = server
        self.mac = mac
        self.clock = [0] if clock is None else clock
        self.always = always
        self.neighbours = self.probes = None

    def with_checks(self, names_owner=True):
        """Let the server check addresses from now on; return the client."""
        self.server.enable_checks(names_owner)
        self.neighbours, self.probes = {}, []
        return self

    def other(self, mac, **always):
        """Return another client of the same server and clock."""
        other = Client(self.server, mac, self.clock, **always)
        other.neighbours, other.probes = self.neighbours, self.probes
        return other

    def at(self, now_s):
        """Set the clock, which never goes back; return the client."""
        if now_s < self.clock[0]:
            raise ValueError("the clock never goes back")
        self.clock[0] = now_s
        return self

    def send(self, packet):
        """Hand `packet` to the server and return the Reply."""
        server = self.server
        stale = len(server.rx) // len(_STALE) + 1
        server.rx[:] = (_STALE * stale)[: len(server.rx)]
        server.tx[:] = b"\xa5" * len(server.tx)
        server.rx[: len(packet)] = packet
        before = sum(server.drops.values())
        n = server.handle(len(packet), self.clock[0])
        while n == PARK:
            self.probe(bytes(packet[28:34]))
            server.rx[: len(packet)] = packet
            n = server.handle(len(packet), self.clock[0])
        counted = sum(server.drops.values()) - before
        return Reply(bytes(server.tx[:n]), server.reply_to, server.last_drop, counted)

    def probe(self, chaddr):
        """Do the check that the server asked for: who but the client has the address?"""
        if self.neighbours is None:
            raise ValueError("parked, though checks were not enabled")
        address = bytearray(4)
        self.server.address_of(self.server.check_slot, address, 0)
        address = builders.dotted(address)
        self.probes.append(address)
        owner = self.neighbours.get(address, chaddr)
        self.server.checked(self.server.check_slot, owner != chaddr, self.clock[0], owner)

    def _build(self, builder, fields):
        values = {"mac": self.mac}
        values.update(self.always)
        values.update(fields)
        return self.send(builder(**values))

    def discover(self, **fields):
        """Send a DISCOVER (keywords: builders)."""
        return self._build(builders.discover, fields)

    def request(self, **fields):
        """Send a REQUEST of any kind."""
        return self._build(builders.request, fields)

    def select(self, offer, **fields):
        """Send the REQUEST of SELECTING; `offer` is a Reply or an address."""
        fields.setdefault("requested", offer if isinstance(offer, str) else offer.yiaddr)
        fields.setdefault("server_id", SERVER)
        return self.request(**fields)

    def reboot(self, address, **fields):
        """Send the REQUEST of INIT-REBOOT for `address`."""
        return self.request(requested=address, **fields)

    def renew(self, address, **fields):
        """Send the REQUEST of RENEWING or REBINDING from `address`."""
        return self.request(ciaddr=address, **fields)

    def decline(self, address, **fields):
        """Send a DECLINE of `address`; server_id=None leaves option 54 out."""
        fields.setdefault("server_id", SERVER)
        return self._build(builders.decline, dict(fields, requested=address))

    def release(self, address, **fields):
        """Send a RELEASE of `address`; server_id=None leaves option 54 out."""
        fields.setdefault("server_id", SERVER)
        return self._build(builders.release, dict(fields, ciaddr=address))

    def inform(self, address, **fields):
        """Send an INFORM from `address`."""
        return self._build(builders.inform, dict(fields, ciaddr=address))

    def dora(self, **fields):
        """Go through DISCOVER, OFFER, REQUEST, ACK and return the ACK."""
        offer = self.discover(**fields)
        if offer.kind != "OFFER":
            raise ValueError("no OFFER: {}".format(offer.dropped))
        fields["requested"] = offer.yiaddr
        ack = self.select(offer, **fields)
        if ack.kind != "ACK":
            raise ValueError("no ACK: {}".format(ack.dropped))
        return ack


class TimelineCase(unittest.TestCase):
    """A server with the `settings` of the class, its `client`, and an `other` one."""

    settings = {}

    def setUp(self):
        """Start afresh."""
        self.start(**self.settings)

    def start(self, **settings):
        """Replace server and clients by new ones."""
        self.server = serve(**settings)
        self.client = Client(self.server, 1)
        self.other = self.client.other(2)

    def change(self, **settings):
        """Give the server other settings while it runs, everything else by default."""
        values = {"address": SERVER + "/24", "pool": (FIRST, LAST)}
        values.update(settings)
        self.server.configure(Config(**values), self.client.clock[0])

    def leased(self):
        """Return {address: last two digits of the MAC} of what is leased."""
        leases = self.server.roster(None, ("adopted", "bound"))
        return dict([(lease.address, lease.mac[-2:]) for lease in leases])

    def crowd(self, count, mac=0x80):
        """Bind `count` clients; return their addresses."""
        return [self.client.other(mac + i).dora().yiaddr for i in range(count)]

    def refused(self, packet):
        """Assert that `packet` is dropped, counted once, and named."""
        reply = self.client.send(packet)
        self.assertIsNone(reply.kind)
        self.assertTrue(isinstance(reply.dropped, str) and reply.dropped != "")
        self.assertEqual(reply.counted, 1)
