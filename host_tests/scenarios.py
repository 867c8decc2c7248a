"""What boards have to go through, each scenario once; host_tests/rigs.py has the boards.

A scenario takes a board that serves (rigs.Served), or one whose Wi-Fi is off, and returns what it
has seen; host_tests/test_host_scenarios.py says what that has to be.
"""

from builders import discover, release, request
from emulator import Station
from rigs import OWN, SETUP, START, Served

ALICE, BOB, CAROL = "00:00:5e:00:53:01", "00:00:5e:00:53:02", "00:00:5e:00:53:03"
AT_HOME = "00:00:5e:00:53:77"
SILENCE_US = 60_000  # emulated; a reply takes less than 15 ms on the slowest board
JOIN = """
sta.active(True)
sta.connect("home", "secret-enough")
"""
WAIT = """
for _ in range(500):
    if sta.isconnected(): break
    time.sleep_ms(20)
print(sta.ifconfig()[0])
"""


class Client:
    """A station of the board that speaks DHCP.

    address  what it has been given, or None
    """

    def __init__(self, board, mac):
        self.station = Station(board, mac)
        self.mac = self.station.mac[5]
        self._xid = self.mac << 16

    @property
    def address(self):
        """The address that it has been given; it answers ARP for it."""
        return self.station.address

    def _message(self, builder, fields):
        self._xid += 1
        return builder(mac=self.mac, xid=self._xid, **fields)

    def ask(self, builder, how=None, **fields):
        """Send a message and return the answer, a lab.recorder.Message."""
        return self.station.ask(self._message(builder, fields), 60, **(how or {})).message

    def tell(self, builder, how=None, **fields):
        """Send a message and wait for nothing."""
        self.station.send_udp(self._message(builder, fields), **(how or {}))

    def unheard(self, builder, **fields):
        """Send a message; return whether nothing comes back."""
        return self.station.hears_nothing(self._message(builder, fields), SILENCE_US)

    def lease(self):
        """Go through DISCOVER, OFFER, REQUEST, ACK; return (OFFER, ACK)."""
        offer = self.ask(discover)
        ack = self.ask(request, requested=offer.yiaddr, server_id=OWN)
        self.station.address = ack.yiaddr
        return offer, ack

    def _unicast(self):
        return {"source": (self.address, 68), "to": (OWN, 67)}

    def renew(self):
        """Renew the lease by unicast; return the ACK (RFC 2131 section 4.4.5)."""
        return self.ask(request, self._unicast(), ciaddr=self.address)

    def reboot(self):
        """Come back and ask for the address again; return the answer (INIT-REBOOT)."""
        return self.ask(request, requested=self.address)

    def offers(self):
        """Return the addresses that it has been offered, since it was asked last."""
        replies = [m for _, m in self.station.messages() if m.kind == "OFFER"]
        return [m.yiaddr for m in replies if m.payload[28:34] == self.station.mac]

    def release(self):
        """Give the lease back."""
        self.tell(release, self._unicast(), ciaddr=self.address, server_id=OWN)
        self.station.address = None


def from_server(side):
    """Return the frames on one side that carry something from UDP port 67."""
    udp = [f for _, f in side.frames if f[12:14] == b"\x08\x00" and f[23] == 17]
    return [frame for frame in udp if frame[34:36] == b"\x00\x43"]


def facts(message):
    """Return what counts of a reply, as something that can be sent between processes."""
    return {
        "kind": message.kind,
        "address": message.yiaddr,
        "server": message.address(54),
        "mask": message.address(1),
        "from": (message.ip_src, message.src_port),
        "to": (message.eth_dst, message.ip_dst),
    }


def ap_alone(served):
    """Two clients, a renewal by unicast, a NAK, a release."""
    board = served.board
    alice, bob = Client(board, ALICE), Client(board, BOB)
    offer, ack = alice.lease()
    seen = {"offer": facts(offer), "ack": facts(ack), "renewed": facts(alice.renew())}
    seen["bob"] = facts(bob.lease()[1])
    seen["nak"] = facts(bob.ask(request, requested="192.0.2.9"))
    bob.release()
    seen["settings"] = served.remote("print(ap.config('security'), ap.ifconfig()[0])")
    seen["datagrams"] = len(alice.station.datagrams())  # raises on a bad checksum
    return seen


def uplink_before(board):
    """The board is a station of the home network before it starts to serve."""
    with board.skipping_delays():
        address = board.run(SETUP + JOIN + WAIT, 240).strip()
        Served(board, START)
    board.home.frames.clear()
    seen = {"at home": address, "offer": facts(Client(board, ALICE).lease()[0])}
    seen["sent home"] = len(from_server(board.home))
    return seen


def uplink_after(served):
    """The board joins the home network while it serves; DISCOVERs arrive there."""
    board = served.board
    alice = Client(board, ALICE)
    seen = {"before": facts(alice.lease()[1])}
    served.remote(JOIN)
    for _ in range(20):
        served.rest(100)
        seen["at home"] = served.remote("print(sta.ifconfig()[0])")
        if seen["at home"] != "0.0.0.0":
            break
    board.home.frames.clear()
    seen["renewed"] = facts(alice.renew())
    seen["bob"] = facts(Client(board, BOB).lease()[0])
    host = Station(board, AT_HOME, "10.0.0.9", side=board.home)
    stranger = discover(mac=0x77, xid=7)
    seen["home unheard"] = host.hears_nothing(stranger, SILENCE_US)
    for mac in list(board.ap.stations):
        board.ap.leave(mac)
    served.rest(1100)  # what was known of stations is old
    seen["home unheard, nobody associated"] = host.hears_nothing(stranger, SILENCE_US)
    carol = Client(board, CAROL)
    board.sleep(10_000)
    seen["carol, 10 ms after"] = facts(carol.lease()[0])
    seen["home unheard at last"] = host.hears_nothing(stranger, SILENCE_US)
    seen["sent home"] = len(from_server(board.home))
    return seen


def cycles(served):
    """The access point goes off and on, and gets another name, while it serves."""
    board = served.board
    alice = Client(board, ALICE)
    seen = {"first": facts(alice.lease()[1])}
    for what, source in (
        ("off and on", "ap.active(False)\nap.active(True)"),
        ("another name", "ap.config(ssid='orchard')"),
        (
            "another address",
            "ap.ifconfig(('10.9.9.1', '255.255.255.0', '10.9.9.1', '8.8.8.8'))",
        ),
    ):
        served.remote(source)
        served.rest(1100)
        board.ap.join(ALICE)
        seen[what] = facts(alice.renew()), served.remote("print(ap.ifconfig()[0])")
        seen[what + ", bob"] = facts(Client(board, BOB).ask(discover))
    return seen


def soft_reset(served):
    """Python restarts while the access point stays up.  Only the clients know their leases."""
    board = served.board
    alice = Client(board, ALICE)
    before = alice.lease()[1].yiaddr
    with board.skipping_delays():
        board.soft_reset()
    again = Served(board)
    for mac in (ALICE, BOB):
        board.ap.join(mac)
    seen = {"kept": alice.reboot().yiaddr == before}
    seen["bob"] = facts(Client(board, BOB).lease()[1])
    again.remote("service.stop()")
    return seen


def stop_and_start(served):
    """The service is stopped and started again in the same program."""
    board = served.board
    alice = Client(board, ALICE)
    before = alice.lease()[1].yiaddr
    served.remote("service.stop()")
    board.wait(lambda: served.program.done, 60, "run() has not ended")
    seen = {"error": served.program.error, "silent": alice.unheard(discover)}
    Served(board, START)
    board.ap.join(ALICE)
    seen["kept"] = alice.ask(discover).yiaddr == before
    return seen


def bursts(served):
    """Clients send at the same time.  Those without an answer ask again."""
    seen = {}
    for size in (4, 8):
        clients = [Client(served.board, f"00:00:5e:00:53:{size}{n}") for n in range(size)]
        for client in clients:
            client.station.frames.clear()
            client.tell(discover)
        served.board.sleep(20_000 * size)
        offered = [c.offers() for c in clients]
        seen[size] = sum(map(len, offered))
        seen[size, "each its own"] = all(len(own) <= 1 for own in offered)
        unheard = [client for client, own in zip(clients, offered) if not own]
        leased = [client.lease()[1].kind for client in unheard]
        seen[size, "in the end"] = set(leased) <= {"ACK"}
        for client in clients:
            client.station.leave()
    return seen


SLOW = """
async def slow():
    await asyncio.sleep_ms(1)
    time.sleep_ms(200)
asyncio.create_task(slow())
"""


def slow_task(served):
    """A task of the user holds the board up for 200 ms."""
    alice = Client(served.board, ALICE)
    served.remote(SLOW)
    served.board.sleep(5_000)
    begin_us = served.board.now_us
    kind = alice.ask(discover).kind
    return {"kind": kind, "after_ms": (served.board.now_us - begin_us) / 1000}


def leaving(served):
    """A station goes without a word, and comes back."""
    board = served.board
    alice, bob = Client(board, ALICE), Client(board, BOB)
    before = alice.lease()[1].yiaddr
    board.ap.leave(ALICE)
    seen = {"not given away": bob.lease()[1].yiaddr != before}
    board.ap.join(ALICE)
    seen["kept"] = alice.reboot().yiaddr == before
    return seen


def odd_datagrams(served):
    """Datagrams that are not messages, between real messages."""
    board = served.board
    alice = Client(board, ALICE)
    seen = {}
    for name, data in (
        ("empty", b""),
        ("one byte", b"x"),
        ("long", bytes(1400)),
        ("long message", discover(mac=9, pad_to=1400)),
    ):
        alice.station.send_udp(data)
        board.sleep(SILENCE_US)
        seen[name] = alice.ask(discover).kind
        if name == "empty":
            seen["renewed after it"] = alice.lease()[1].kind, alice.renew().kind
    return seen


MEASURE = "gc.collect()\ngc.collect()\nprint(gc.mem_alloc())"


def many_leases(served, leases=40):
    """Leases come and go; what the board has allocated stays."""
    client = Client(served.board, ALICE)
    measured = []
    for n in range(leases):
        if n in (8, leases - 1):  # what is used for the first time has been by then
            measured.append(int(served.remote(MEASURE)))
        client.station.mac = b"\x00\x00\x5e\x00\x54" + bytes([n])
        served.board.ap.join(client.station.mac)
        client.mac = client.station.mac
        client.lease()
        client.release()
        served.board.sleep(20_000)  # before v1.26 the socket keeps one message: let it be read
        served.board.ap.leave(client.station.mac)
    return measured


HANDLE = """
server = service.server
packet = {!r}
before = after = 0
for now_s in (1, 2):
    server.rx[:len(packet)] = packet
    gc.collect()
    before = gc.mem_alloc()
    server.handle(len(packet), now_s)
    after = gc.mem_alloc()
print(after - before)
"""


def allocated(served):
    """Return the bytes that Server.handle() allocates for a DISCOVER, the second time."""
    served.program.interrupt()
    return int(served.board.run(HANDLE.format(discover(mac=1, xid=9))))


FRAGMENT = """
keep = [None] * 4000
n = 0
gc.collect()
try:
    for n in range(4000): keep[n] = bytearray(100)
except MemoryError:
    pass
for n in range(1, n, 2): keep[n] = None
gc.collect()
try:
    bytearray(600)
    print("whole")
except MemoryError:
    print("torn", gc.mem_free())
"""


def torn_heap(served):
    """There is memory, but nowhere 600 bytes of it in one piece."""
    seen = {"heap": served.remote(FRAGMENT)}
    for name, mac in (("alice", ALICE), ("bob", BOB)):
        client = Client(served.board, mac)
        seen[name] = client.lease()[1].kind, client.renew().kind
    return seen


def memory(board):
    """What a Service costs once it serves: gc.mem_alloc() before, imported, made, started."""
    steps = (
        "import asyncio, gc, network, select, socket, time, errno",
        "from microdhcp import Config, Service",
        "config = Config(address='10.10.10.1/24', pool=('10.10.10.16', '10.10.10.31'))",
        "service = Service(network.WLAN(network.WLAN.IF_AP), config)",
        START,
        "service.poll()",
    )
    used = []
    with board.skipping_delays():
        for step in steps:
            board.run(step, 120)
            used.append(int(board.run(MEASURE.replace("gc.c", "import gc; gc.c", 1))))
    return used


def stored(board):
    """The leases outlive a restart of the program in a file."""
    source = SETUP.replace("Service(ap, config)", "Service(ap, config, store='leases.bin')")
    with board.skipping_delays():
        served = Served(board, source + START)
    alice = Client(board, ALICE)
    address = alice.lease()[1].yiaddr
    served.remote("service.stop()")
    with board.skipping_delays():
        board.soft_reset()
        again = Served(board, source + START)
    known = again.remote("print([lease.address for lease in service.leases()])")
    return {"known": known == str([address]), "bob's is another": _other(board, address)}


def _other(board, address):
    return Client(board, BOB).lease()[1].yiaddr != address


def power_cut(board):
    """The power fails while a lease is being written; the one before it is in the file."""
    source = (
        SETUP.replace("Service(ap, config)", "Service(ap, config, store='leases.bin')") + START
    )
    served = Served(board, source)
    alice, bob = Client(board, ALICE), Client(board, BOB)
    alice.lease()
    served.rest(6000)
    bob.lease()
    before = board.disk
    with board.skipping_delays():
        board.wait(lambda: board.disk != before, 30, "nothing is stored")
    board.power_cut()
    again = Served(board, source)
    known = again.remote("print([lease.address for lease in service.leases()])")
    for mac in (ALICE, BOB):
        board.ap.join(mac)
    return {
        "known": alice.address in known,
        "alice": alice.reboot().yiaddr == alice.address,
        "bob": bob.reboot().yiaddr == bob.address,
        "carol": Client(board, CAROL).lease()[1].yiaddr not in (alice.address, bob.address),
    }


def checked(board):
    """A squatter has an address of the pool.  A client that asks for it gets another one."""
    source = SETUP.replace("conflict_check=False", "conflict_check=True")
    with board.skipping_delays():
        Served(board, source + START)
    squatter = Station(board, CAROL, "10.10.10.20")
    alice = Client(board, ALICE)
    begin_us = board.now_us
    offer = alice.ask(discover, requested=squatter.address)
    seen = {"offer": facts(offer), "after_ms": (board.now_us - begin_us) / 1000}
    seen["pinged"] = any(f[12:14] == b"\x08\x00" and f[23] == 1 for _, f in squatter.frames)
    return seen


def feeding(board):
    """A watchdog is fed from on_feed, during start() too; return the longest time without."""
    source = SETUP.replace("Service(ap, config)", "Service(ap, config, on_feed=fed)")
    with board.skipping_delays():
        served = Served(board, FED + source + "t.append(time.ticks_ms())\n" + START)
    starting = int(served.remote("print(longest())"))
    served.rest(2500)
    return {"while it starts": starting, "while it serves": int(served.remote("print(longest())"))}


FED = """
import time
t = []
def fed():
    t.append(time.ticks_ms())
def longest():
    gaps = [time.ticks_diff(b, a) for a, b in zip(t, t[1:])]
    del t[:-1]
    return max(gaps)
"""


def by_poll(board):
    """A program without asyncio calls poll()."""
    program = "while True:\n service.poll()\n time.sleep_ms(1)\n"
    with board.skipping_delays():
        running = board.start(SETUP + START + "print('#serving')\n" + program, 120)
        board.wait(lambda: running.done or "#serving\n" in running.output, 120)
    alice = Client(board, ALICE)
    seen = {"ack": facts(alice.lease()[1]), "renewed": facts(alice.renew())}
    return {**seen, "error": running.error}
