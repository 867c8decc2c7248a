"""A world around one server: devices, their identifiers, squatters, checks, restarts, a clock.

A story is a list of steps, (name, number, ...); World(...).play(story) tells it, and the judge
(model_judge.py) looks at every answer.  Runs on CPython and MicroPython.

Devices have MACs 00:00:5E:00:53:01 to :05.  A client is a device with one of its identifiers.
"""

import builders
from microdhcp import PARK, Config, Server, store
from model_judge import KNOWN, FaultError, Judge
from mutations import Chance
from timeline import Reply

OWN = "192.0.2.1"
DEVICES = 5
IDENTS = (0, 0, 0, 0, 2, 2, 1, 3, 4, 5, 6)  # see ident_of; the last one is for forged messages
STRANGER = b"\x02\x00\x00\x00\x00\x99"
LAST_S = (1 << 30) - 1
INFINITE = 0xFFFFFFFF
WISHES = (None, None, 60, 100000, INFINITE)
ROUNDS = 40  # no message needs more checks
HOWS = 4  # how a check ends: TRUE, nobody answers, a stranger answers, LATE
TRUE, SILENT, PROXY, LATE = 0, 1, 2, 3

#: (last address of the pool, reservations): what configure() changes
VARIANTS = (
    (19, {}),
    (17, {}),
    (19, {"00:00:5e:00:53:01": "192.0.2.17"}),
    (19, {"00:00:5e:00:53:01": "192.0.2.18", "id:ff01aa": "192.0.2.30"}),
    (19, {"00:00:5e:00:53:02": "192.0.2.16", "id:ff02aa": "192.0.2.19"}),
    (17, {"00:00:5e:00:53:03": "192.0.2.18"}),
    (21, {"00:00:5e:00:53:02": "192.0.2.20", "00:00:5e:00:53:04": "192.0.2.16"}),
)

#: What a server may be started with: (checks: 0 none, 1 nameless, 2 who answers; settings; clock)
KINDS = (
    (2, {}, 0),
    (0, {}, 0),
    (1, {}, 0),
    (2, {"rapid_commit": True}, 0),
    (0, {"authoritative": False}, 0),
    (1, {"max_lease_s": None}, 0),
    (0, {}, LAST_S - 9000),
)

#: Seconds that pass, or T1, T2, and around the end of the lease that ends next
WAITS = (1, 29, 30, 31, 59, 60, 61, 570, 600, 602, 1800, 3600, "t1", "t2", "last", "end", "over")


def ident_of(device, number):
    """Return option 61 of a device's identifier, None for none."""
    if number == 0:
        return None
    if number == 1:
        return b"\x01" + builders.mac_bytes(device)
    if number == 6:
        return b"\x01" + builders.mac_bytes(device % DEVICES + 1)
    if number == 5:
        return b"\xff\x00clone"  # the same on every device
    return bytes([0xFF, device, (0xAA, 0xBB, 0xCC)[number - 2]])


class Client:
    """A device with one identifier, and what it remembers."""

    def __init__(self, device, number):
        self.device = device
        self.mac = builders.mac_bytes(device)
        self.ident = ident_of(device, number)
        self.key = ("mac", self.mac)
        if self.ident:
            is_mac = self.ident[0] == 1
            self.key = ("mac", self.ident[1:]) if is_mac else ("id", self.ident)
        self.address = self.offer = None


class Message:
    """What the judge knows of a packet; named is the address that it is about, None for none."""

    def __init__(self, kind, client, named, raw):
        self.kind = kind
        self.client = client
        self.key = client.key
        self.mac = client.mac
        self.named = named
        self.raw = raw


class World:
    """One server with all around it; `kind` is an entry of KINDS, `variant` one of VARIANTS.

    known   rules of which no breach is wanted: a step that breaks one is left out of the story
    told    the steps so far
    """

    def __init__(self, kind=0, variant=0, known=KNOWN):
        self.known = known
        self.told = []
        self.began = kind, variant
        self.kind = KINDS[kind]
        self.judge = Judge()
        self.clients = {}
        self.latest = {}  # device -> its latest address
        self.pending = []  # [message, slot, address, since_s, released] of checks that go on
        self.squatters = {}
        self.stored = None
        self.now_s = 0
        self.base_s = self.kind[2]  # the server's clock at the world's time 0
        self.start(variant)

    # The server

    def config(self, variant):
        """Return the Config of a variant, and let the judge know of it."""
        last, reservations = VARIANTS[variant % len(VARIANTS)]
        values = {"address": OWN + "/24", "pool": ("192.0.2.16", "192.0.2.{}".format(last))}
        values.update(self.kind[1])
        reserved = {}
        for text, address in reservations.items():
            raw = text[3:] if text[:3] == "id:" else text.replace(":", "")
            raw = bytes([int(raw[at : at + 2], 16) for at in range(0, len(raw), 2)])
            reserved[address] = [("id" if text[:3] == "id:" else "mac", raw)]
        pool = ["192.0.2.{}".format(byte) for byte in range(16, last + 1)]
        self.judge.settings(pool, reserved)
        return Config(reservations=reservations, **values)

    def start(self, variant):
        """Begin with a new server."""
        self.server = Server(self.config(variant))
        self.judge.checking = self.kind[0] > 0
        self.judge.authoritative = self.kind[1].get("authoritative", True)
        if self.kind[0]:
            self.server.enable_checks(self.kind[0] == 2)

    def clock(self):
        """Return the server's time."""
        return self.base_s + self.now_s

    def handle(self, n):
        """Let the server handle the n bytes in rx: a test may lock the heap around it."""
        return self.server.handle(n, self.clock())

    def give(self, raw):
        """Hand a packet over and return the result of handle()."""
        self.server.rx[: len(raw)] = raw
        return self.handle(len(raw))

    # Messages

    def client(self, device, number):
        """Return a client."""
        at = device % DEVICES + 1, IDENTS[number % len(IDENTS)]
        if at not in self.clients:
            self.clients[at] = Client(*at)
        return self.clients[at]

    def send(self, kind, client, named, how, **fields):
        """Send a message and see it through its checks; return the Reply, None if it waits."""
        build = builders.of_type
        codes = {"discover": 1, "decline": 4, "release": 7}
        raw = build(codes.get(kind, 3), client_id=client.ident, mac=client.device, **fields)
        message = Message(kind, client, named, raw)
        self.judge.hears(message)
        return self.finish(message, how)

    def finish(self, message, how):
        """Let the server answer, and do the checks of addresses that it asks for."""
        n = self.give(message.raw)
        for _ in range(ROUNDS):
            if n != PARK:
                return self.answered(message, n)
            slot = self.server.check_slot
            address = bytearray(4)
            self.server.address_of(slot, address, 0)
            address = builders.dotted(address)
            self.judge.parked(message, address)
            self.pending = [check for check in self.pending if check[1] != slot]
            check = [message, slot, address, self.now_s, False]
            if how % HOWS == LATE:
                self.pending.append(check)
                return None
            self.end_check(check, how)
            n = self.give(message.raw)
        self.judge.fault("endless", "more than {} checks for one message".format(ROUNDS))

    def end_check(self, check, how):
        """Tell the server how a check ended."""
        message, slot, address, since_s, released = check
        owner = self.owner(address, message, how % HOWS)
        in_use = owner is not None
        if self.kind[0] == 1:
            owner = None
        self.judge.checked(message, address, in_use, owner, since_s, released)
        self.server.checked(slot, in_use, self.clock(), owner)

    def owner(self, address, message, how):
        """Return the MAC that answers for an address, the asker's own aside, or None."""
        if how == SILENT:
            return None
        if how == PROXY:
            return STRANGER
        owner = self.squatters.get(address)
        hold = self.judge.live(address)
        if owner is None and hold and hold.mac != message.mac:
            owner = hold.mac
        return owner

    def answered(self, message, n):
        """Judge an answer, and let the client take note of it."""
        reply = Reply(bytes(self.server.tx[:n]), 0, self.server.last_drop, 0)
        self.judge.answered(message, reply)
        client = message.client
        if reply.kind == "OFFER":
            client.offer = reply.yiaddr
        elif reply.kind == "ACK":
            client.address = self.latest[client.device] = reply.yiaddr
            client.offer = None
        elif reply.kind == "NAK":
            client.address = client.offer = None
        return reply

    # Steps

    def play(self, story):
        """Tell a story; FaultError where the server breaks a rule that is not in `known`."""
        for step in story:
            self.step(*step)
        return self

    def step(self, name, *numbers):
        """Tell one step."""
        self.told.append((name,) + numbers)
        try:
            getattr(self, "do_" + name)(*numbers)
        except FaultError as fault:
            if fault.rule not in self.known:
                raise
            told = self.told[:-1]
            self.__init__(*self.began, known=self.known)
            self.play(told)

    def do_discover(self, device, number, how=TRUE, wish=0, wanted=0):
        """A client looks for an address; wanted: 1 if it asks for its old one."""
        client = self.client(device, number)
        fields = {"lease_s": WISHES[wish % len(WISHES)]}
        if wanted:
            fields["requested"] = client.address or self.latest.get(client.device)
        if self.kind[1].get("rapid_commit") and wish % 2:
            fields["options"] = [(80, b"")]
        self.send("discover", client, None, how, **fields)

    def do_select(self, device, number, how=TRUE):
        """A client takes what it was offered."""
        client = self.client(device, number)
        if client.offer:
            at = client.offer
            self.send("select", client, at, how, requested=at, server_id=OWN)

    def do_lease(self, device, number, how=TRUE, wish=0):
        """A client goes all the way from DISCOVER to ACK."""
        self.do_discover(device, number, how, wish)
        self.do_select(device, number, how)

    def do_gather(self, device, how=TRUE):
        """A device gets a lease with one identifier after the other."""
        for number in range(5):
            self.do_lease(device, IDENTS.index(number), SILENT if how % HOWS == LATE else how)

    def do_renew(self, device, number, wish=0):
        """A client renews its lease, or rebinds: the server sees no difference."""
        client = self.client(device, number)
        if client.address:
            lease_s = WISHES[wish % len(WISHES)]
            self.send(
                "renew", client, client.address, TRUE, ciaddr=client.address, lease_s=lease_s
            )

    def do_reboot(self, device, number, how=TRUE):
        """A client asks for the address that it, or its device, had last (INIT-REBOOT)."""
        client = self.client(device, number)
        address = client.address or self.latest.get(client.device)
        if address:
            self.send("reboot", client, address, how, requested=address)

    def do_release(self, device, number):
        """A client gives its address back."""
        client = self.client(device, number)
        if client.address:
            self.note_release(client.address)
            self.send("release", client, client.address, TRUE, ciaddr=client.address)
            client.address = None

    def do_forge(self, device):
        """A device releases the address of the next one, with that one's MAC in option 61."""
        liar = self.client(device, len(IDENTS) - 1)
        for number in (0, IDENTS.index(1)):
            victim = self.client(device + 1, number)
            if victim.address:
                self.note_release(victim.address)
                self.send("release", liar, victim.address, TRUE, ciaddr=victim.address)
                return

    def note_release(self, address):
        """A RELEASE comes while an address is being checked."""
        for check in self.pending:
            if check[2] == address:
                check[4] = True

    def do_decline(self, device, number, squatter=0):
        """A client finds its address in use: by somebody who stays there, or it is mistaken."""
        client = self.client(device, number)
        if client.address:
            if squatter:
                self.squatters[client.address] = STRANGER
            self.send("decline", client, client.address, TRUE, requested=client.address)
            client.address = None

    def do_other(self, device, number):
        """A client takes another server's offer."""
        client = self.client(device, number)
        fields = {"requested": "192.0.2.77", "server_id": "192.0.2.2"}
        self.send("other", client, None, TRUE, **fields)
        client.offer = None

    def do_check(self, which, how=TRUE, lost=0):
        """A late check ends; lost: 1 if its message was overwritten meanwhile."""
        if self.pending:
            check = self.pending.pop(which % len(self.pending))
            self.judge.hears(check[0])
            self.end_check(check, TRUE if how % HOWS == LATE else how)
            if not lost:
                self.finish(check[0], TRUE)

    def do_squat(self, byte, stay=1):
        """Somebody takes an address without asking, or leaves it."""
        address = "192.0.2.{}".format(16 + byte % 4)
        if stay and not self.judge.live(address):
            self.squatters[address] = STRANGER
        else:
            self.squatters.pop(address, None)

    def do_configure(self, variant):
        """The program changes the settings; messages that wait are forgotten."""
        self.server.configure(self.config(variant), self.clock())
        self.pending = []

    def do_rearrange(self, device, variant):
        """The settings change while a device has a lease, and the device starts again."""
        self.do_lease(device, 0, SILENT)
        self.do_configure(variant)
        self.do_discover(device, 0, SILENT)

    def do_free(self, device, number):
        """The program ends a client's lease."""
        address = self.client(device, number).address
        if address and self.judge.ours(address):
            self.judge.ended(address)
            self.note_release(address)
            self.server.release(address, self.clock())

    def do_save(self):
        """The leases are written to the store."""
        self.stored = store.dump(self.server, self.clock()), self.judge.snapshot()

    def do_restart(self, with_store, variant=0):
        """The board loses its power, and its clock starts again."""
        self.pending = []
        self.base_s = -self.now_s
        self.start(variant)
        kept = self.stored if with_store else None
        if kept:
            store.load(self.server, kept[0], self.clock())
        self.judge.restarted(kept and kept[1])

    def do_wait(self, which):
        """Time passes."""
        seconds = WAITS[which % len(WAITS)]
        if isinstance(seconds, str):
            seconds = self.seconds_to(seconds)
        self.now_s = min(self.now_s + max(0, seconds), LAST_S - self.base_s)
        self.judge.now_s = self.now_s

    def seconds_to(self, edge):
        """Return the seconds to an edge of the lease that ends next."""
        holds = [hold for hold in self.judge.holds.values() if self.now_s < hold.until_s]
        if not holds:
            return 0
        hold = min(holds, key=lambda hold: hold.until_s)
        lease_s = hold.until_s - hold.acked_s
        before = {"t1": lease_s // 2, "t2": lease_s // 8, "last": 1, "end": 0, "over": -1}
        return min(hold.until_s - before[edge] - self.now_s, 1 << 27)

    def do_everybody(self):
        """Every client that has a lease renews it."""
        for client in list(self.clients.values()):
            hold = self.judge.live(client.address)
            if hold and (hold.key, hold.mac) == (client.key, client.mac):
                at = client.address
                self.send("renew", client, at, TRUE, ciaddr=at)

    def do_crowd(self, how=SILENT):
        """Every device without a lease wants one, until the pool is full."""
        for device in range(DEVICES):
            if not self.judge.live(self.client(device, 0).address):
                self.do_lease(device, 0, SILENT if how % HOWS == LATE else how)


_HONEST = len(IDENTS) - 1

#: How often which step comes in a story of chance, and how many numbers below which limits.
STEPS = (
    ("lease", (DEVICES, _HONEST, HOWS, len(WISHES))),
    ("lease", (DEVICES, _HONEST, HOWS, len(WISHES))),
    ("gather", (DEVICES, HOWS)),
    ("crowd", (HOWS,)),
    ("discover", (DEVICES, len(IDENTS), HOWS, len(WISHES), 2)),
    ("select", (DEVICES, _HONEST, HOWS)),
    ("renew", (DEVICES, _HONEST, len(WISHES))),
    ("reboot", (DEVICES, _HONEST, HOWS)),
    ("release", (DEVICES, _HONEST)),
    ("decline", (DEVICES, _HONEST, 2)),
    ("other", (DEVICES, _HONEST)),
    ("forge", (DEVICES,)),
    ("check", (4, HOWS, 2)),
    ("check", (4, HOWS, 2)),
    ("squat", (4, 2)),
    ("configure", (len(VARIANTS),)),
    ("rearrange", (DEVICES, len(VARIANTS))),
    ("free", (DEVICES, _HONEST)),
    ("save", ()),
    ("restart", (2, len(VARIANTS))),
    ("wait", (len(WAITS),)),
    ("wait", (len(WAITS),)),
    ("everybody", ()),
)


def story(seed, steps):
    """Yield the steps of the story that follows from a seed."""
    chance = Chance(seed)
    for _ in range(steps):
        name, limits = chance.of(STEPS)
        yield (name,) + tuple([chance.below(limit) for limit in limits])
