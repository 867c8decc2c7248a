"""The fast path does what Server.handle() does, on every packet there is.

Here it runs as plain Python, with stand-ins for viper's pointers that are stricter than these: an
access out of bounds, which viper would not notice, fails.  As machine code it runs on an emulated
Pico W, in test_host_emulator_fast.py.  After each packet the replies, their headers and
destination, the counters and the whole lease table are compared.
"""

import array
import importlib.util
import random
import struct
import sys
import types
import unittest
from collections import Counter
from pathlib import Path
from unittest import mock

import builders
import emulator
import every_packet
import microdhcp
import recordings
from fakes import PicoW
from microdhcp import CIADDR, CLIENT, PARK, Config, Server

ROOT = Path(__file__).resolve().parents[1]
SOURCE = Path(microdhcp.__file__).parent
RX_N = 1500
HEADERS_N = 44  # bytes before the message in a port's frame
STEP_N = 64
MUTANTS = 3000
LIVES = range(8)
STEPS = 120
ETHERNET_TYPE = b"\x08\0"
PORTS = b"\0\x43\0\x44"


class Pointer:
    """What ptr8(buffer) is, but checked: the items of a buffer, whatever they are there."""

    size = 1

    def __init__(self, buffer):
        if isinstance(buffer, list):  # the context: a list of buffers
            self._view = None
            self._items = buffer
            return
        view = memoryview(buffer)
        self._view = view if view.format == "B" else view.cast("B")
        self.readonly = view.readonly

    def __getitem__(self, at):
        if self._view is None:
            return self._items[at]
        return int.from_bytes(self._bytes(at), "little", signed=self.size == 4)

    def __setitem__(self, at, value):
        assert not self.readonly
        limit = 1 << 8 * self.size
        assert -limit // 2 * (self.size == 4) <= value < limit, (at, value)
        self._bytes(at)[:] = (value % limit).to_bytes(self.size, "little")

    def _bytes(self, at):
        begin = at * self.size
        assert 0 <= begin <= len(self._view) - self.size, (at, len(self._view))
        return self._view[begin : begin + self.size]


class Pointer16(Pointer):
    """ptr16"""

    size = 2


class Pointer32(Pointer):
    """ptr32"""

    size = 4


def addresses(code, items):
    """Return an array, or, where it would be one of addresses, a list of buffers."""
    return list(items) if code == "I" else array.array(code, items)


def load():
    """Return the module fast, as plain Python; fast_start finds it as boards do."""
    viper = types.ModuleType("micropython")
    viper.viper = lambda function: function
    uctypes = types.ModuleType("uctypes")
    uctypes.addressof = lambda buffer: buffer
    found = {}
    with mock.patch.dict(sys.modules, micropython=viper, uctypes=uctypes):
        for name in ("microdhcp.fast", "microdhcp.fast_start"):
            path = SOURCE / f"{name.rpartition('.')[2]}.py"
            spec = importlib.util.spec_from_file_location(name, path)
            module = found[name] = sys.modules[name] = importlib.util.module_from_spec(spec)
            module.__dict__.update(ptr8=Pointer, ptr16=Pointer16, ptr32=Pointer32)
            spec.loader.exec_module(module)
            module.array = addresses
    sys.modules.update(found)
    return found["microdhcp.fast"]


fast = load()


class Port:
    """What the fast path needs of the Pico W's port."""

    def __init__(self, config):
        self._frame = bytearray(HEADERS_N + config.max_message + STEP_N)
        head = b"\x45\0\0\0\0\0\x40\0\x40\x11\0\0" + config.address
        self._frame[14:36] = ETHERNET_TYPE + head + bytes(4)
        self._frame[36:40] = PORTS
        self._queue = bytearray(1408)
        self._raw = True
        self._sum = sum(struct.unpack("!8H", head))
        self.tx = memoryview(self._frame)[HEADERS_N : HEADERS_N + config.max_message]


def table(server):
    """Return all that a server knows, to be compared."""
    leases = server.leases
    known = [bytes(leases.name_rows), bytes(leases.name_marks)]
    return {
        "state": bytes(leases.state),
        "until_s": list(leases.until_s),
        "granted_s": list(leases.granted_s),
        "turn": list(leases.turn),
        "keys": bytes(leases.keys),
        "mac": bytes(leases.mac),
        "numbers": (leases.due_s, leases.used, leases.most, leases.changed),
        "names": known,
        "messages": list(server.messages),
        "drops": dict(server.drops),
        "last": (server.last_drop, server.now_s),
    }


class Pair:
    """A server, and another one with the fast path, which get the same packets."""

    def __init__(self, settings, checks=None):
        config = Config(**settings)
        self.slow = Server(config, RX_N)
        self.port = Port(config)
        self.quick = Server(Config(**settings), RX_N, self.port.tx)
        for server in (self.slow, self.quick):
            server.enable_events(64)
            if checks is not None:
                server.enable_checks(checks)
        self.fast = fast.Fast(self.quick, self.port)
        self.served = Counter()

    def give(self, packet, now_s):
        """Give both a packet; raise AssertionError where they differ; return handle()'s result."""
        for server in (self.slow, self.quick):
            server.rx[: len(packet)] = packet
        wanted = self.slow.handle(len(packet), now_s)
        before = table(self.quick)
        with mock.patch.object(self.quick, "handle", return_value=None):
            n = self.fast.handle(len(packet), now_s)
        if n is None:
            assert before == table(self.quick), "changed, though not served"
            n = self.quick.handle(len(packet), now_s)
            self.served["slow"] += 1
        else:
            self.served[self.quick.tx[242]] += 1
            self.check_frame(packet, n)
        self.same(wanted, n)
        return n

    def same(self, wanted, n):
        """Raise AssertionError where the servers differ."""
        assert wanted == n, (wanted, n)
        if n > 0:
            assert bytes(self.slow.tx[:n]) == bytes(self.quick.tx[:n])
            assert self.slow.reply_to == self.quick.reply_to
        one, other = table(self.slow), table(self.quick)
        for name in one:
            assert one[name] == other[name], (name, one[name], other[name])
        events = [list(iter(server.next_event, None)) for server in (self.slow, self.quick)]
        assert events[0] == events[1], events

    def check_frame(self, packet, n):
        """Raise AssertionError for wrong headers of a reply that was served fast."""
        number = self.fast.numbers
        for stations in ((), (packet[28:34],), (b"other!", packet[28:34]), (b"other!",)):
            self.fast.station_macs[:] = b"".join(stations).ljust(
                len(self.fast.station_macs), b"\0"
            )
            number[fast.STATIONS_N] = len(stations)
            known = not stations or packet[28:34] in stations
            place = fast.seal(self.fast.context, n)
            if not known and self.quick.reply_to == CIADDR:
                assert not place
            else:
                assert place == 1 + (n - 300 + STEP_N - 1) // STEP_N
                self.check_headers(packet, n, known)

    def check_headers(self, packet, n, known):
        """Compare the headers in the frame with what they should be."""
        to = self.quick.reply_to
        mac, address = b"\xff" * 6, b"\xff" * 4
        if known and to in (CLIENT, CIADDR):
            mac = packet[28:34]
            address = bytes(self.quick.tx[16:20]) if to == CLIENT else packet[12:16]
        frame = self.port._frame
        assert frame[2:8] == mac and frame[32:36] == address
        words = struct.unpack("!10H", frame[16:36])
        total = sum(words)
        assert (total & 0xFFFF) + (total >> 16) in (0xFFFF, 0x1FFFE)
        assert words[1] == n + 28 and frame[40:42] == (n + 8).to_bytes(2, "big")
        assert not any(frame[HEADERS_N + n : HEADERS_N + 300 + (n - 300 + 63) // 64 * 64])

    def finish_check(self, now_s):
        """Let a check that both wait for end well."""
        assert self.slow.check_slot == self.quick.check_slot
        for server in (self.slow, self.quick):
            server.checked(server.check_slot, False, now_s)

    def talk(self, said):
        """Give both all packets; a check ends well, and the packet comes again."""
        for now_s, packet in said:
            if len(packet) <= RX_N and self.give(packet, now_s) == PARK:
                self.finish_check(now_s)
                self.give(packet, now_s)


def phone(number, kind, **fields):
    """Return what a telephone sends."""
    wanted = bytes((1, 3, 6, 15, 26, 28, 51, 58, 59, 43, 114, 108, 42))
    options = [(53, bytes((kind,))), (61, b"\1" + builders.mac_bytes(number))]
    options += [(code, builders.ip(fields[name])) for code, name in NAMED if name in fields]
    options += [(57, b"\x05\xdc"), (12, b"phone-%d" % number), (55, wanted)]
    if "seconds" in fields:
        options.insert(1, (51, fields["seconds"].to_bytes(4, "big")))
    if fields.get("plain_id"):
        del options[1]
    return builders.message(
        options,
        mac=number,
        xid=number,
        flags=fields.get("flags", 0),
        ciaddr=fields.get("ciaddr", "0.0.0.0"),
    )


NAMED = ((50, "requested"), (54, "server_id"))
OWN = "192.168.4.1"


def telephones(seed, steps):
    """Return (settings, [(now_s, packet)]): telephones that come, renew, go and come again."""
    rng = random.Random(seed)
    settings = {
        "address": OWN + "/24",
        "pool": ("192.168.4.16", "192.168.4.31"),
        "domain": "lan",
        "options": {"mtu": 1500, "ntp_servers": [OWN]},
        "lease_s": rng.choice((20, 60, 3600)),
        "min_lease_s": 5,
        "offer_hold_s": rng.choice((3, 30)),
        "authoritative": rng.random() < 0.7,
        "rapid_commit": rng.random() < 0.3,
        "hostname_bytes": rng.choice((0, 7, 20)),
        "reservations": rng.choice(({}, {"00:00:5e:00:53:03": "192.168.4.20"})),
    }
    server = Server(Config(**settings))
    had, said, now_s = {}, [], 1
    for _ in range(steps):
        now_s += rng.choice((0, 0, 0, 1, 1, 2, 2, 7, 30, 400))
        number = rng.randrange(1, 12)
        packet = one_message(rng, number, had.get(number))
        said.append((now_s, packet))
        server.rx[: len(packet)] = packet
        if server.handle(len(packet), now_s) and server.tx[242] in (2, 5):
            had[number] = ".".join(map(str, server.tx[16:20]))
    return settings, said


def one_message(rng, number, own):
    """Return what a telephone says next; own: the address that it was offered last, or None."""
    address = f"192.168.4.{16 + rng.randrange(16)}"
    if own and rng.random() < 0.9:
        address = own
    kind = rng.choice((1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 4, 7))
    fields = {"flags": rng.choice((0, 0, 0x8000)), "plain_id": rng.random() < 0.2}
    if kind == 1 and rng.random() < 0.3:
        fields["seconds"] = rng.choice((0, 1, 30, 7200, 0xFFFFFFFF))
    if kind != 1:
        fields |= rng.choice(
            (
                {"requested": address, "server_id": OWN},
                {"requested": address},
                {"ciaddr": address},
                {"ciaddr": address, "server_id": rng.choice((OWN, "0.0.0.0", "192.168.4.9"))},
            )
        )
    return phone(number, kind, **fields)


class Conversations(unittest.TestCase):
    """All that the tests have ever said, and what real clients have."""

    def test_every_conversation(self):
        served = Counter()
        for name, settings, said in every_packet.conversations():
            for checks in (None, True, False):
                with self.subTest(name=name, checks=checks):
                    pair = Pair(settings, checks)
                    pair.talk(said)
                    served += pair.served
        self.assertGreater(served[2], 40)
        self.assertGreater(served[5], 40)

    def test_lives_of_telephones(self):
        served = Counter()
        for seed in LIVES:
            settings, said = telephones(seed, STEPS)
            for checks in (None, True, False):
                with self.subTest(seed=seed, checks=checks, settings=settings):
                    pair = Pair(settings, checks)
                    pair.talk(said)
                    served += pair.served
        self.assertGreater(served[2], 200)
        self.assertGreater(served[5], 200)

    def test_mutants(self):
        """Packets with bytes changed, cut and lengthened."""
        corpus = [raw for _, capture in recordings.load_all() for _, _, raw in capture.messages]
        corpus += [packet for _, _, said in every_packet.conversations() for _, packet in said]
        corpus = [packet for packet in corpus if len(packet) > 240]
        rng = random.Random(2131)
        pair = Pair(every_packet.settings())
        now_s = 0
        for _ in range(MUTANTS):
            packet = bytearray(rng.choice(corpus)[:RX_N])
            for _ in range(rng.choice((1, 1, 2, 4))):
                at = rng.choice((rng.randrange(len(packet)), 240 + rng.randrange(40)))
                value = rng.choice((0, 1, 4, 7, 51, 52, 53, 54, 55, 61, 80, 81, 82, 255))
                packet[min(at, len(packet) - 1)] = value
            if rng.random() < 0.1:
                del packet[240 + rng.randrange(60) :]
            now_s += rng.choice((0, 0, 1, 10))
            pair.give(bytes(packet), now_s)
        self.assertGreater(pair.served[2] + pair.served[5], 100)


SERVE = """
import asyncio, network
from microdhcp import Config, Service
config = Config("192.168.4.1/24", ("192.168.4.16", "192.168.4.31"), conflict_check={checks})
service = Service(network.WLAN(network.WLAN.IF_AP), config)
service.start(ssid="fast", key="change-me-now")
answers = [0]
answer = service.fast.answer_now
def counted(*arguments):
    answers[0] += 1
    answer(*arguments)
service.fast.answer_now = counted
"""
LOOPS = {
    "poll": "while True:\n    service.poll(100)\n",
    "run": "asyncio.run(service.run())\n",
}
TELL = """
leases = service.server.leases
print(sum(leases.leased(slot) for slot in range(leases.slots)), answers[0])
print(service.port.queued, service._unsent, service.counts)
"""


class OnABoard(unittest.TestCase):
    """In the service's loops, on the fake of a Pico W."""

    def story(self, loop, checks=False):
        """Let three stations get and renew leases; return (replies, what the program says)."""
        board = PicoW((1, 26))
        board.modules.loaded["microdhcp.fast"] = fast
        board.run(SERVE.format(checks=checks))
        program = board.start(LOOPS[loop])
        replies = []

        def ask(kind, **fields):
            board.sleep(30_000)  # the loop waits again
            replies.append(station.ask(phone(number, kind, **fields)).message)

        for number in (1, 2, 3):
            station = emulator.Station(board, builders.mac_bytes(number))
            ask(1)
            station.address = replies[-1].yiaddr
            chosen = {"requested": station.address, "server_id": OWN}
            ask(3, **chosen)
            ask(3, ciaddr=station.address)
            ask(3, requested=station.address)
            ask(3, **chosen)
        program.interrupt()
        return replies, board.run(TELL).splitlines()

    def test_both_loops_answer_by_it(self):
        for loop in LOOPS:
            with self.subTest(loop=loop):
                replies, said = self.story(loop)
                self.assertEqual([one.kind for one in replies], ["OFFER", *["ACK"] * 4] * 3)
                self.assertEqual(len({one.yiaddr for one in replies}), 3)
                leased, answers = map(int, said[0].split())
                self.assertEqual(leased, 3)
                self.assertGreaterEqual(answers, 13)
                self.assertEqual(said[1], "0 0 {'unsent': 0, 'foreign': 0, 'troubles': 0}")

    def meanwhile(self, action):
        """Return a board whose loop waits for a message when the program does something."""
        board = PicoW((1, 26))
        board.modules.loaded["microdhcp.fast"] = fast
        board.run(SERVE.format(checks=False) + "sta = network.WLAN(network.WLAN.IF_STA)\n")
        board.start(
            "async def main():\n"
            " asyncio.create_task(service.run())\n"
            " await asyncio.sleep_ms(500)\n"
            f" {action}\n"
            " await asyncio.sleep_ms(60_000)\n"
            "asyncio.run(main())"
        )
        self.addCleanup(board.interrupt)
        station = emulator.Station(board, builders.mac_bytes(1))
        for _ in range(2):  # from the second one on it knows its stations
            board.sleep(30_000)
            self.assertEqual(station.ask(phone(1, 1)).message.kind, "OFFER")
        board.sleep(1_000_000)
        station.frames.clear()
        return board, station

    def told(self, board):
        """Return what the program says of its service, in words."""
        board.interrupt()
        return board.run(TELL).split()

    def test_new_settings_while_it_waits_hold_for_the_next_message(self):
        board, station = self.meanwhile(
            "service.configure(Config('192.168.4.1/24', ('192.168.4.40', '192.168.4.50'),"
            " conflict_check=False))"
        )
        for _ in range(2):
            offer = station.ask(phone(1, 1)).message
            self.assertIn(int(offer.yiaddr.rsplit(".", 1)[1]), range(40, 51))
            board.sleep(30_000)
        self.assertEqual(self.told(board)[1], "2")  # one before, and the second one with them

    def test_another_network_while_it_waits_is_not_served(self):
        board, station = self.meanwhile("sta.active(True)\n sta.connect('home', 'secret-enough')")
        host = emulator.Station(board, builders.mac_bytes(0x77), side=board.home)
        self.assertTrue(host.hears_nothing(phone(0x77, 1), 60_000))
        self.assertEqual(station.ask(phone(1, 1)).message.kind, "OFFER")

    def test_an_empty_datagram_and_an_error_of_the_firmware_are_survived(self):
        board, station = self.meanwhile("pass")
        station.send_udp(b"")
        board.sleep(30_000)
        self.assertEqual(station.ask(phone(1, 1)).message.kind, "OFFER")
        board.sleep(30_000)
        board.fail("recv", "ENOMEM")
        self.assertEqual(station.ask(phone(1, 1)).message.kind, "OFFER")
        self.assertEqual(self.told(board)[-1], "1}")  # troubles

    def test_checks_come_first(self):
        replies, said = self.story("poll", checks=True)
        self.assertEqual([one.kind for one in replies], ["OFFER", *["ACK"] * 4] * 3)
        self.assertEqual(said[0].split()[0], "3")


class Rules(unittest.TestCase):
    """Messages that are passed on; a stand-in notices errors that viper would not."""

    def pair(self, **changes):
        return Pair(every_packet.settings(**changes))

    def offered(self, pair, packet):
        """Give a DISCOVER; return whether it was served fast."""
        before = pair.served["slow"]
        pair.give(packet, 1)
        return pair.served["slow"] == before

    def test_a_plain_client_is_served(self):
        self.assertTrue(self.offered(self.pair(), phone(1, 1)))

    def test_settings_that_are_not_plain_hand_everything_over(self):
        for changes in (
            {"deny": ["02"]},
            {"next_server": "192.0.2.9"},
            {"boot_file": "pxelinux.0"},
            {"max_message": 1472},
        ):
            self.assertFalse(self.offered(self.pair(**changes), phone(1, 1)), changes)

    def test_a_reserved_client_is_handed_over_and_others_are_not(self):
        table = {"00:00:5e:00:53:01": "192.0.2.20"}
        self.assertFalse(self.offered(self.pair(reservations=table), phone(1, 1)))
        self.assertTrue(self.offered(self.pair(reservations=table), phone(2, 1)))

    def test_new_settings_are_taken_up(self):
        pair = self.pair()
        pair.give(phone(1, 1), 1)
        for server in (pair.slow, pair.quick):
            server.configure(Config(**every_packet.settings(lease_s=7200)), 2)
        self.assertTrue(self.offered(pair, phone(1, 1)))

    def test_what_is_due_ends_first(self):
        pair = self.pair()
        pair.give(phone(1, 1), 1)
        pair.give(phone(2, 1), 100)
        self.assertEqual(pair.served["slow"], 1)

    def test_a_stand_in_notices_what_viper_would_not(self):
        for action in (
            lambda: Pointer(b"abc")[3],
            lambda: Pointer(b"abc")[-1],
            lambda: Pointer(bytearray(1)).__setitem__(0, 256),
            lambda: Pointer(b"abc").__setitem__(0, 1),
            lambda: Pointer16(array.array("H", [0]))[1],
            lambda: Pointer32(bytearray(4)).__setitem__(0, 1 << 32),
        ):
            with self.assertRaises(AssertionError):
                action()


if __name__ == "__main__":
    unittest.main()
