"""Relay on a fake ESP32, a fake Pico W and an emulated Pico W with stock firmware.

Each story is lived once on each board; what has to be the same everywhere stands in Relaying.
"""

import functools
import unittest

import pytest

from builders import OFFER, discover, ip, release, request
from emulator import Station
from rigs import REASON, RIGS, quickly
from scenarios import Client
from uplink import DhcpHost, options_of, sub_options

OWN = "10.10.10.1"
UPLINK = ip("10.0.0.2")
MACS = "02:00:00:00:00:05", "02:00:00:00:00:06"
ALICE = "00:00:5e:00:53:01"
SILENCE_US = 100_000
HEAP_BYTES = 13824  # 13,536 measured; the goal was 16,384
EXCHANGES = 20
MUTATED = 39  # datagrams on the air; a hundred thousand go through test_relay.py

SETUP = """
import asyncio, gc, network, socket, sys, time
ap = network.WLAN(network.WLAN.IF_AP)
sta = network.WLAN(network.WLAN.IF_STA)
gc.collect()
fresh = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
from microdhcp import Relay
service = Relay(ap, ["10.0.0.5", "10.0.0.6"], address="10.10.10.1/24", remote_id="greenhouse")
service.start(ssid="greenhouse", key="change-me-now")
"""
FALLBACK = """
import asyncio, gc, network, socket, sys, time
ap = network.WLAN(network.WLAN.IF_AP)
sta = network.WLAN(network.WLAN.IF_STA)
from microdhcp import Config, Relay
pool = Config("10.10.10.1/24", ("10.10.10.200", "10.10.10.209"), lease_s=60, conflict_check=False,
    authoritative=False)
service = Relay(ap, ["10.0.0.5", "10.0.0.6"], fallback=pool, fallback_s=5)
service.start(ssid="greenhouse", key="change-me-now")
"""
JOIN = """
sta.active(True)
sta.connect("home", "secret-enough")
for _ in range(500):
    if sta.isconnected(): break
    time.sleep_ms(20)
for _ in range(4):
    service.poll(500)
"""
POLL = "while True:\n    service.poll(100)\n"


class Scene:
    """A board that relays, two servers on its home network, and a client."""

    def __init__(self, board, source=SETUP, overrides=False):
        self.board = board
        self.setup = quickly(board, source + JOIN, 120)
        self.servers = [
            DhcpHost(board, mac, f"10.0.0.{5 + i}", overrides) for i, mac in enumerate(MACS)
        ]
        self.program = board.start(POLL)
        self.alice = Client(board, ALICE)

    def ask(self, builder, **fields):
        """Return the answer to a message of the client, a lab.recorder.Message."""
        return self.alice.ask(builder, **fields)

    def unicast(self):
        """Return how a client that has an address sends to the board."""
        return {"source": (self.alice.address, 68), "to": (OWN, 67)}

    def stop(self, command="print(service.stats())"):
        """End the program; return what a command prints then."""
        self.program.interrupt()
        return self.board.run(command).strip()

    def alive(self, *states):
        """Say which servers answer."""
        for server, state in zip(self.servers, states):
            server.alive = state
            server.asked.clear()


def life(board, overrides=False):
    """A client obtains, renews through the board, reboots, rebinds, releases."""
    scene = Scene(board, overrides=overrides)
    scene.alive(True, False)
    seen = {"offer": scene.ask(discover)}
    seen["first"] = [server.asked[0] for server in scene.servers]
    address = seen["offer"].yiaddr
    seen["ack"] = scene.ask(request, requested=address, server_id=seen["offer"].address(54))
    scene.alice.station.address = address
    seen["taken"] = [list(server.asked) for server in scene.servers]
    seen["renewed"] = scene.ask(request, how=scene.unicast(), ciaddr=address)
    seen["rebooted"] = scene.ask(request, requested=address)
    scene.alive(False, True)
    how = {"source": (address, 68)}
    seen["rebound"] = scene.ask(request, how=how, ciaddr=address)
    seen["refused"] = scene.ask(request, requested="10.10.10.99")
    scene.alice.tell(release, scene.unicast(), ciaddr=address, server_id=OWN)
    board.sleep(SILENCE_US)
    seen["released"] = [list(server.asked) for server in scene.servers]
    seen["said"] = scene.stop()
    return seen


def forged_story(board):
    """What strangers send to the relay, and what its stations hear of it."""
    scene = Scene(board)
    scene.alive(False, False)
    server = scene.servers[0]
    station = scene.alice.station
    scene.alice.tell(discover)
    board.sleep(SILENCE_US)
    packet = server.asked[0][1]
    wrong = packet[4:8][::-1]
    yiaddr = ip("10.10.10.101")
    station.frames.clear()
    forged = [
        {"source": "10.0.0.9"},
        {"xid": wrong},
        {"giaddr": "10.10.10.1"},
        {"giaddr": "0.0.0.0"},
        {"chaddr": b"\x00\x00\x5e\x00\x53\x09"},
        {"op": 1},
        {"change": lambda data: data + bytes(700)},
        {"change": lambda data: data[:200]},
        {"change": lambda data: data[:243] + b"\x0c\xff" + data[245:]},
        {"change": lambda data: b""},
    ]
    for more in forged:
        server.reply(packet, OFFER, yiaddr, **more)
        board.sleep(20_000)
    insider = Station(board, "00:00:5e:00:53:66", "10.10.10.66")
    insider.send_udp(packet[:1], source=("10.10.10.66", 67), to=(OWN, 67))
    for number in range(MUTATED):
        spoil = functools.partial(spoiled, number)
        server.reply(
            packet, OFFER, yiaddr, source="10.0.0.9" if number % 2 else None, change=spoil
        )
        if number % 3 == 2:
            board.sleep(20_000)
    board.sleep(SILENCE_US)
    seen = {"heard": [us for us, message in station.messages() if message.yiaddr != "0.0.0.0"]}
    scene.alive(True, True)
    seen["offer"] = scene.ask(discover)
    seen["said"] = scene.stop()
    return seen


def spoiled(number, data):
    """Return a reply with what matters changed: xid, giaddr, chaddr or a length."""
    out = bytearray(data)
    pos = (4, 5, 6, 7, 24, 25, 26, 27, 28, 33, 236, 239, 241)[number % 13]
    out[pos] ^= number % 255 + 1
    return bytes(out)


def fallback_story(board):
    """Both servers fall silent, and come back."""
    scene = Scene(board, FALLBACK)
    scene.alive(True, True)
    seen = {"before": scene.ask(discover)}
    scene.alive(False, False)
    seen["waits"] = scene.alice.unheard(discover)
    board.sleep(6_000_000)
    offer = seen["local"] = scene.ask(discover)
    seen["ack"] = scene.ask(request, requested=offer.yiaddr, server_id=OWN)
    theirs = Client(board, "00:00:5e:00:53:02")
    seen["keeps"] = theirs.unheard(request, ciaddr="10.10.10.102")
    scene.alive(True, True)
    how = {"source": (offer.yiaddr, 68)}
    scene.alice.tell(discover)  # answered by the fallback, and by a server, which ends it
    board.sleep(SILENCE_US)
    seen["handed_back"] = scene.ask(request, how=how, ciaddr=offer.yiaddr)
    seen["after"] = scene.ask(discover)
    seen["said"] = scene.stop()
    return seen


class Relaying:
    """What holds on every board."""

    rig = ""
    lives = {}

    @classmethod
    def told(cls, story, **more):
        """Return what a story has seen on this board; each is lived once."""
        key = cls.rig, story.__name__, tuple(more)
        if key not in Relaying.lives:
            live = functools.partial(story, **more) if more else story
            Relaying.lives[key] = RIGS[cls.rig].live(live)
        return Relaying.lives[key]

    def test_both_servers_are_asked(self):
        for kind, packet in self.told(life)["first"]:
            self.assertEqual((kind, packet[24:28], packet[3]), (1, UPLINK, 1))
            found = sub_options(options_of(packet)[82])
            self.assertEqual((found[5], found[11]), (ip(OWN), ip(OWN)))
            self.assertEqual((len(found[1]), found[2]), (6, b"greenhouse"))

    def test_the_client_knows_the_relay_alone(self):
        seen = self.told(life)
        for name in ("offer", "ack", "renewed", "rebooted", "rebound"):
            self.assertEqual(seen[name].address(54), OWN, name)
            self.assertEqual(seen[name].yiaddr, "10.10.10.101", name)
            self.assertIsNone(seen[name].option(82))

    def test_the_server_gets_its_own_name_back(self):
        taken = self.told(life)["taken"]
        kind, packet = taken[0][-1]
        self.assertEqual((kind, options_of(packet)[54]), (3, ip("10.0.0.5")))
        self.assertEqual([kind for kind, _ in taken[1]], [1])

    def test_a_server_with_the_override_does_as_well(self):
        seen = self.told(life, overrides=True)
        self.assertEqual(seen["ack"].kind, "ACK")
        self.assertEqual(seen["renewed"].kind, "ACK")
        kind, packet = seen["taken"][0][-1]
        self.assertEqual((kind, options_of(packet)[54]), (3, ip(OWN)))

    def test_when_one_server_falls_silent_the_other_renews(self):
        self.assertEqual(self.told(life)["rebound"].kind, "ACK")
        self.assertEqual(self.told(life)["refused"].kind, "NAK")

    def test_a_release_reaches_the_server_that_gave_the_lease_last(self):
        released = self.told(life)["released"]
        self.assertEqual(released[1][-1][0], 7)
        self.assertEqual(options_of(released[1][-1][1])[54], ip("10.0.0.6"))
        self.assertNotIn(7, [kind for kind, _ in released[0]])

    def test_no_errors(self):
        for story in (life, forged_story, fallback_story):
            self.assertIn("'troubles': 0", self.told(story)["said"])
            self.assertIn("'foreign': 0", self.told(story)["said"])

    def test_no_forged_reply_reaches_a_client(self):
        seen = self.told(forged_story)
        self.assertEqual(seen["heard"], [])
        self.assertEqual(seen["offer"].yiaddr, "10.10.10.101")
        self.assertIn("'returned': 1", seen["said"])

    def test_the_fallback_serves_while_no_server_answers(self):
        seen = self.told(fallback_story)
        self.assertEqual(seen["before"].yiaddr, "10.10.10.101")
        self.assertTrue(seen["waits"])
        self.assertIn(seen["local"].yiaddr, [f"10.10.10.{n}" for n in range(200, 210)])
        self.assertEqual(seen["ack"].kind, "ACK")
        self.assertEqual(seen["ack"].option(51), (60).to_bytes(4, "big"))

    def test_the_fallback_takes_no_address_away(self):
        self.assertTrue(self.told(fallback_story)["keeps"])

    def test_the_servers_take_over_again(self):
        seen = self.told(fallback_story)
        self.assertEqual(seen["handed_back"].kind, "NAK")
        self.assertEqual(seen["after"].yiaddr, "10.10.10.101")
        self.assertIn("'fallbacks': 1", seen["said"])
        self.assertIn("'local': False", seen["said"])


class OnEsp32(Relaying, unittest.TestCase):
    """The fake ESP32."""

    rig = "esp32"


class OnPicoW(Relaying, unittest.TestCase):
    """The fake Pico W."""

    rig = "pico_w"


@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class OnEmulatedPicoW(Relaying, unittest.TestCase):
    """Stock firmware on an emulated Pico W."""

    rig = "emulated"

    def test_heap(self):
        """What a relay adds to a fresh board: all its modules, port, socket and buffers."""
        heap, after = map(int, self.told(heap_story).split())
        print(f"relay: {heap} bytes of heap, {after} later")
        self.assertLessEqual(heap, HEAP_BYTES)
        self.assertLess(after - heap, 1000)


def heap_story(board):
    """Return the bytes that a relay takes, at first and after some exchanges, as text."""
    scene = Scene(board)
    measure = "gc.collect(); print(gc.mem_alloc() - fresh)"
    first = scene.stop(measure)
    scene.program = board.start(POLL)
    for _ in range(EXCHANGES):
        scene.ask(discover)
    return f"{first} {scene.stop(measure)}"
