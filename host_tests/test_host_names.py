"""dns.Names beside a service: on a fake ESP32, a fake Pico W, and an emulated Pico W."""

import unittest
from unittest import mock

import pytest

from beside import FakeService
from builders import discover, mac_bytes, request
from emulator import Station
from microdhcp.dns import Names
from rigs import OWN, REASON, RIGS, START, Served
from test_dns import AAAA, Answer, query
from timeline import serve

PROGRAM = """
import network
from microdhcp import Config, Service
from microdhcp.dns import Names
service = Service(
    network.WLAN(network.WLAN.IF_AP),
    Config(address="10.10.10.1/24", pool=("10.10.10.16", "10.10.10.31"), conflict_check=False),
)
Names(service, domain="lan", captive=CAPTIVE)
import asyncio, sys, socket
"""
MAC = "00:00:5e:00:53:01"
POLLING = PROGRAM + START + "print('#serving')\nwhile True:\n    service.poll(100)\n"


def lease(board):
    """Let sensor-1 get an address; return its Station and the ACK."""
    station = Station(board, MAC)
    named = {"mac": mac_bytes(1), "options": [(12, b"sensor-1")]}
    offer = station.ask(discover(**named)).message
    asked = {"requested": offer.yiaddr, "server_id": OWN}
    ack = station.ask(request(**asked, **named)).message
    station.address = ack.yiaddr
    return station, ack


def ask(station, name, kind=1):
    """Return the Answer of the board to a DNS query of a station."""
    board = station.board
    asked = query(name, kind)
    station.frames.clear()
    mac = board.ap.mac if hasattr(board.ap, "mac") else None
    station.send_udp(asked, (station.address, 5353), (OWN, 53), mac)
    found = lambda: [data for _, to, data in station.datagrams() if to[1] == 5353]  # noqa: E731
    board.wait(found, 10, f"no answer for {name}")
    return Answer(found()[0], asked)


def resolve(served):
    """A device gets an address, and is found by name until it goes."""
    board = served.board if isinstance(served, Served) else served
    seen = {}
    station, ack = lease(board)
    seen["address"] = ack.yiaddr
    for name in ("sensor-1.lan", "SENSOR-1", "greenhouse.lan", "nobody.lan", "example.com"):
        answer = ask(station, name)
        seen[name] = answer.address or answer.rcode
    seen["AAAA"] = ask(station, "sensor-1.lan", AAAA).rcode
    station.send_udp(release_of(ack), (ack.yiaddr, 68), (OWN, 67))
    board.sleep(50_000)
    seen["released"] = ask(station, "sensor-1.lan").rcode
    return seen


def release_of(ack):
    """Return the RELEASE of the device."""
    from builders import release

    return release(mac=1, ciaddr=ack.yiaddr, server_id=OWN)


def polled(board):
    """The same from a loop of the program's own."""
    with board.skipping_delays():
        program = board.start(POLLING.replace("CAPTIVE", "False"), 120)
        board.wait(lambda: program.done or "#serving" in program.output, 120, "not serving")
    return resolve(board)


def served(board):
    """Beside asyncio tasks."""
    return resolve(Served(board, PROGRAM.replace("CAPTIVE", "False") + START))


class OnABoard:
    """What holds on every board."""

    rig = None

    def check(self, seen):
        """Assert what a client sees."""
        self.assertEqual(
            {name: seen[name] for name in list(seen)[1:]},
            {
                "sensor-1.lan": seen["address"],
                "SENSOR-1": seen["address"],
                "greenhouse.lan": OWN,
                "nobody.lan": 3,
                "example.com": 5,
                "AAAA": 0,
                "released": 3,
            },
        )

    def test_polled(self):
        """service.poll() gives the names their turn"""
        self.check(self.rig.live(polled))

    def test_beside_tasks(self):
        """service.run() too"""
        self.check(self.rig.live(served))


class Sockets(unittest.TestCase):
    """Faults of the network, and queries that get no answer."""

    def setUp(self):
        self.names = Names(FakeService(serve()), board="greenhouse")
        self.names._sock = mock.Mock()
        self.names._ipoll = mock.Mock(side_effect=([1], [1], []))

    def test_silence_is_counted(self):
        """A reply, and a sender outside the subnet"""
        self.names._sock.recvfrom.side_effect = (
            (query("lan", flags=0x8180), ("192.0.2.9", 53)),
            (query("greenhouse"), ("198.51.100.1", 53)),
        )
        self.names.poll()
        self.assertEqual(self.names.dropped, 2)
        self.names._sock.sendto.assert_not_called()

    def test_network_down(self):
        """It is no reason to raise"""
        self.names._sock.recvfrom.return_value = query("greenhouse"), ("192.0.2.9", 5353)
        self.names._sock.sendto.side_effect = OSError(113)
        self.names.poll()
        self.assertEqual(self.names.sockets(), [self.names._sock])
        self.names.close()
        self.assertEqual(self.names.sockets(), [])
        self.names.poll()
        self.names.close()

    def test_port_taken(self):
        """OSError, and the socket is closed"""
        with mock.patch("socket.socket") as made:
            made.return_value.bind.side_effect = OSError(98)
            with self.assertRaises(OSError):
                self.names.open()
        made.return_value.close.assert_called_once()

    def test_more_than_one_turn_serves(self):
        """Four queries, then DHCP has its turn"""
        self.names._ipoll = lambda _: [1]
        self.names._sock.recvfrom.return_value = query("greenhouse"), ("192.0.2.9", 5353)
        self.names.poll()
        self.assertEqual(self.names._sock.sendto.call_count, 4)


class Esp32(OnABoard, unittest.TestCase):
    rig = RIGS["esp32"]


class PicoW(OnABoard, unittest.TestCase):
    rig = RIGS["pico_w"]


@pytest.mark.board
@unittest.skipIf(REASON, REASON)
class Emulated(OnABoard, unittest.TestCase):
    rig = RIGS["emulated"]
