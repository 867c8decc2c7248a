"""The fake boards: the Pico W does what stock firmware does in the emulator, the ESP32 what is
known from its source.

The fakes' own behaviour is tested here; what microdhcp makes of it, in test_host_scenarios.py.
"""

import unittest

import pytest

import rigs
from builders import discover, request
from emulator import BoardError, BoardTimeout, Station
from fakes import Esp32, PicoW
from fakes.probes import PROBES, TOOLS

WAYS = {"all": "255.255.255.255", "subnet": "192.168.4.255", "unicast": "192.168.4.9"}
ALICE, AT_HOME = "00:00:5e:00:53:01", "00:00:5e:00:53:77"


def answers(board):
    """Return {probe: what it printed}."""
    board.run(TOOLS)
    return {what: rigs.quickly(board, source).strip() for what, source in PROBES}


def datagrams(board):
    """Return what a socket makes of datagrams, and where packets leave, seen from outside."""
    board.run(TOOLS + "s = udp('0.0.0.0', 67)\nb = bytearray(1200)")
    rigs.quickly(board, "ap.active(True)")
    alice = Station(board, ALICE)
    seen = {}

    def send(*payloads):
        for payload in payloads:
            alice.send_udp(payload)
        board.sleep(20_000)

    send(*[bytes([n]) * 300 for n in range(3)])
    seen["joined by readinto"] = board.run("tell(s.readinto(b), b[0], b[300], b[600])")
    send(bytes(300), bytes(10))
    seen["one by one"] = board.run("tell(len(s.recv(600)), len(s.recv(600)), t(s.recv, 600))")
    send(b"\1" * 700)
    seen["cut"] = board.run("tell(len(s.recv(600)), t(s.recv, 600))")
    send(*[bytes([n]) * 20 for n in range(8)])
    count = "n = 0\nwhile s.readinto(bytearray(20)): n += 1\ntell(n)"
    seen["of eight"] = board.run(count)
    send(b"")
    seen["empty"] = board.run("tell(t(s.recv, 600))")
    send(b"after")
    seen["after the empty one"] = board.run("tell(t(s.recv, 600))")
    seen["stations"] = board.run("tell(ap.status('stations'), ap.isconnected())")
    alice.address = "192.168.4.9"
    for name, to in (
        ("broadcast", "255.255.255.255"),
        ("subnet", "192.168.4.255"),
        ("unicast", alice.address),
    ):
        alice.frames.clear()
        board.run(f"t(s.sendto, b'{name}', ('{to}', 68))")
        board.sleep(20_000)
        seen[name] = [(bytes(source[0]), payload) for source, _, payload in alice.datagrams()]
    return seen


@pytest.mark.board
class SameInTheEmulator(unittest.TestCase):
    """Stock firmware v1.26.1 and the fake answer the same questions with the same words."""

    @classmethod
    def setUpClass(cls):
        if not rigs.STOCK:
            raise unittest.SkipTest(rigs.REASON or "Measured with v1.26.1 only.")
        cls.real = rigs.RIGS["emulated"].live(answers), rigs.RIGS["emulated"].live(datagrams)
        live = rigs.RIGS["pico_w"].live
        cls.fake = live(answers), live(datagrams)

    def test_interfaces_and_sockets(self):
        for what, _ in PROBES:
            with self.subTest(what):
                self.assertEqual(self.fake[0][what], self.real[0][what])

    def test_datagrams(self):
        for what, real in self.real[1].items():
            with self.subTest(what):
                self.assertEqual(self.fake[1][what], real)


def esp32(version=(1, 29)):
    """Return a fake ESP32 with the probes' tools."""
    board = Esp32(version)
    board.run(TOOLS)
    return board


def said(board, source):
    """Return what a program prints, without the end of its line."""
    return board.run(source).strip()


AP_UP = "ap.config(ssid='x')\nap.active(True)\n"
#: MP network_common.c:138-146 and IDF esp_netif_lwip.c:2111.
TRICK = "tell(t(ap.ifconfig, ('{0}', '255.255.255.0', '{0}', '0.0.0.0')))"


class Esp32sOwnServer(unittest.TestCase):
    """dhcps of esp_netif: when it runs, and who has port 67."""

    def test_it_has_the_port_while_the_ap_is_up(self):
        board = esp32()
        seen = said(board, AP_UP + "tell(bound('0.0.0.0', 67), bound('192.168.4.1', 67))")
        self.assertEqual((seen, board.dhcps), ("112 | 112", "STARTED"))
        self.assertEqual(said(board, "ap.active(False)\ntell(bound('0.0.0.0', 67))"), "free")

    def test_it_serves_and_renews(self):
        board = esp32()
        board.run(AP_UP)
        alice = Station(board, ALICE)
        offer = alice.ask(discover()).message
        alice.address = offer.yiaddr
        self.assertEqual((offer.kind, offer.ip_dst), ("OFFER", offer.yiaddr))
        renewal = alice.ask(request(ciaddr=offer.yiaddr), source=(offer.yiaddr, 68))
        self.assertEqual(renewal.message.kind, "ACK")

    def test_a_dns_of_nothing_stops_it_before_it_starts_again(self):
        board = esp32()
        board.run(AP_UP)
        self.assertEqual(said(board, TRICK.format("10.10.10.1")), "RuntimeError")
        self.assertEqual(board.dhcps, "STOPPED")
        self.assertEqual(
            said(board, "tell(ap.ifconfig()[0], bound('10.10.10.1', 67))"), "10.10.10.1 | free"
        )

    def test_stopped_outlives_the_ap(self):
        board = esp32()
        board.run(TRICK.format("10.10.10.1"))
        board.run(AP_UP + "ap.active(False)\nap.active(True)")
        self.assertEqual(board.dhcps, "STOPPED")
        self.assertEqual(said(board, "tell(ap.ifconfig()[0])"), "10.10.10.1")

    def test_an_address_that_is_taken_well_starts_it_again(self):
        for setting in ("ap.ifconfig(('10.0.0.1',) * 4)", "ap.ipconfig(addr4='10.0.0.1/24')"):
            board = esp32()
            board.run(AP_UP + TRICK.format("10.10.10.1") + "\n" + setting)
            self.assertEqual(
                (board.dhcps, said(board, "tell(bound('10.0.0.1', 67))")), ("STARTED", "112")
            )

    def test_who_binds_first_keeps_the_port_and_gets_the_packets(self):
        board = esp32()
        board.run("s = udp('192.168.4.1', 67)\n" + AP_UP)
        self.assertEqual(board.dhcps, "STARTED")
        self.assertTrue(Station(board, ALICE).hears_nothing(discover()))
        self.assertEqual(said(board, "tell(len(s.recv(600)))"), "300")

    def test_up_to_idf_5_3_it_answers_what_it_hears_at_home(self):
        for version, answered in (((1, 25), True), ((1, 26), False)):
            board = esp32(version)
            board.run(AP_UP + JOIN)
            host = Station(board, AT_HOME, side=board.home)
            self.assertEqual(host.hears_nothing(discover()), not answered, version)


JOIN = """
sta.active(True)
sta.connect("home", "secret-enough")
while not sta.isconnected(): time.sleep_ms(20)
"""
TO_DEVICE = """
def join():
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, ap.config("ifname"))
"""
SEND = "s = udp('{}', 1067)\ntell(t(s.sendto, b'x', ('{}', 68)))\ns.close()"


def way(board, source, to):
    """Return where a datagram leaves: "ap", "home", or what sendto() says."""
    board.ap.frames.clear()
    board.home.frames.clear()
    result = said(board, SEND.format(source, to))
    sides = [name for name in ("ap", "home") if getattr(board, name).frames]
    return "+".join(sides) if result == "1" else result


class Esp32sRoutes(unittest.TestCase):
    """lwIP with Espressif's hook for the source address."""

    def ways(self, board):
        pairs = (
            ("0.0.0.0", "255.255.255.255"),
            ("192.168.4.1", "255.255.255.255"),
            ("0.0.0.0", "192.168.4.255"),
        )
        return tuple(way(board, *pair) for pair in pairs)

    def test_with_the_ap_alone_all_leaves_there(self):
        board = esp32()
        board.run(AP_UP)
        self.assertEqual(self.ways(board), ("ap", "ap", "ap"))

    def test_a_stopped_server_leaves_no_default_interface(self):
        board = esp32()
        board.run(TRICK.format("192.168.4.1") + "\n" + AP_UP)
        self.assertEqual(self.ways(board), ("OSError 118", "ap", "ap"))

    def test_with_a_station_connected_the_address_keeps_it_at_the_ap(self):
        board = esp32()
        board.run(AP_UP + JOIN)
        self.assertEqual(self.ways(board), ("home", "ap", "ap"))

    def test_a_socket_bound_to_a_device_is_deaf_after_the_next_start(self):
        board = esp32()
        board.run(
            "s = udp('192.168.4.1', 67)\n"
            + AP_UP
            + TRICK.format("192.168.4.1")
            + "\n"
            + TO_DEVICE
            + "join()\nap.active(False)\nap.active(True)"
        )
        alice = Station(board, ALICE)
        alice.send_udp(discover())
        self.assertEqual(
            said(board, "tell(t(s.recv, 600), t(s.sendto, b'x', (ALL, 68)))"),
            "OSError 11 | OSError 118",
        )
        board.run("join()")
        alice.send_udp(discover())
        self.assertEqual(
            said(board, "tell(len(s.recv(600)), t(s.sendto, b'x', (ALL, 68)))"), "300 | 1"
        )

    def test_only_a_device_keeps_out_what_is_heard_at_home(self):
        board = esp32()
        board.run("s = udp('192.168.4.1', 67)\n" + AP_UP + JOIN)
        host = Station(board, AT_HOME, side=board.home)
        host.send_udp(discover())
        self.assertEqual(said(board, "tell(len(s.recv(600)))"), "300")
        board.run(TO_DEVICE + "join()")
        host.send_udp(discover())
        self.assertEqual(said(board, "tell(t(s.recv, 600))"), "OSError 11")


class Esp32sSockets(unittest.TestCase):
    def setUp(self):
        self.board = esp32()
        self.board.run("s = udp('192.168.4.1', 67)\n" + AP_UP)
        self.alice = Station(self.board, ALICE)

    def test_an_empty_datagram_ends_a_socket_for_good(self):
        self.alice.send_udp(b"")
        self.assertEqual(said(self.board, "tell(s.recv(9))"), "b''")
        self.alice.send_udp(b"lost")
        self.assertEqual(said(self.board, "tell(s.recv(9), s.readinto(bytearray(9)))"), "b'' | 0")

    def test_six_datagrams_wait(self):
        for _ in range(9):
            self.alice.send_udp(b"x")
        self.assertEqual(said(self.board, "tell(s.readinto(bytearray(20)))"), "6")

    def test_bind_to_no_name_is_ipv4(self):
        self.assertEqual(said(self.board, "tell(bound('', 67))"), "112")

    def test_ten_sockets(self):
        self.assertEqual(said(self.board, "tell(room())"), "(9, 23)")

    def test_errno_has_newlibs_numbers(self):
        seen = said(
            self.board, "import errno\ntell(errno.EADDRINUSE, errno.EHOSTUNREACH, errno.ETIMEDOUT)"
        )
        self.assertEqual(seen, "112 | 118 | 116")

    def test_stations_come_in_pairs_from_v1_29(self):
        self.assertEqual(
            said(self.board, "tell(ap.status('stations'))"), "[(b'\\x00\\x00^\\x00S\\x01', None)]"
        )
        older = esp32((1, 28))
        older.run(AP_UP)
        older.ap.join(ALICE)
        self.assertEqual(
            said(older, "tell(ap.status('stations'))"), "[(b'\\x00\\x00^\\x00S\\x01',)]"
        )

    def test_a_key_alone_leaves_the_ap_open(self):
        seen = said(self.board, "ap.config(key='change-me-now')\ntell(ap.config('security'))")
        self.assertEqual(seen, "0")

    def test_keys_it_does_not_know(self):
        seen = said(
            self.board, "tell(t(lambda: ap.config(colour=1)), t(lambda: ap.config('key')))"
        )
        self.assertEqual(seen, "ValueError | ValueError")
        self.assertEqual(
            said(self.board, "tell(t(lambda: ap.ipconfig(dhcp4=False)))"), "ValueError"
        )

    def test_ipconfig_came_with_v1_24(self):
        self.assertEqual(
            said(esp32((1, 23)), "tell(t(lambda: ap.ipconfig('addr4')))"), "AttributeError"
        )


class Rp2Versions(unittest.TestCase):
    """What the emulator cannot show: it runs one version."""

    def pico(self, version):
        board = PicoW(version)
        board.run(TOOLS + "ap.active(True)")
        return board

    def test_from_v1_28_on_active_false_frees_the_port(self):
        for version, seen in (((1, 23), "98"), ((1, 27), "98"), ((1, 28), "free")):
            board = self.pico(version)
            self.assertEqual(said(board, "ap.active(False)\ntell(bound('0.0.0.0', 67))"), seen)

    def test_the_builtin_is_back_with_the_ap_unless_the_port_is_held(self):
        board = self.pico((1, 28))
        board.run("ap.active(False)\ns = udp('0.0.0.0', 67)\nap.active(True)")
        self.assertTrue(Station(board, ALICE).hears_nothing(discover()))
        board.run("s.close()\nap.active(False)\nap.active(True)")
        self.assertEqual(Station(board, ALICE).ask(discover()).message.kind, "OFFER")

    def test_before_v1_25_config_does_not_cycle_the_ap(self):
        for version, address in (((1, 24), "10.10.10.1"), ((1, 25), "192.168.4.1")):
            board = self.pico(version)
            seen = said(
                board,
                "ap.ipconfig(addr4='10.10.10.1/24')\nap.config(ssid='y')\ntell(ap.ipconfig('addr4')[0])",
            )
            self.assertEqual(seen, address)

    def test_before_v1_26_one_datagram_waits(self):
        for version, waiting in (((1, 25), "1"), ((1, 26), "4")):
            board = PicoW(version)
            board.run(TOOLS + "s = udp('0.0.0.0', 67)\nap.active(True)")
            alice = Station(board, ALICE)
            for _ in range(5):
                alice.send_udp(b"x")
            self.assertEqual(said(board, "tell(s.readinto(bytearray(20)))"), waiting)

    def test_an_empty_address_is_ipv4_before_v1_24(self):
        for version, seen in (((1, 23), "98"), ((1, 24), "free")):
            self.assertEqual(said(self.pico(version), "tell(bound('', 67))"), seen)

    def test_a_link_that_comes_late_has_no_route_before(self):
        board = PicoW()
        board.link_after_us = 30_000
        board.run(TOOLS + "s = udp('0.0.0.0', 67)\nap.active(True)")
        send = "tell(t(s.sendto, b'x', (ALL, 68)))"
        self.assertEqual(said(board, send), "OSError 113")
        board.sleep(40_000)
        self.assertEqual(said(board, send), "1")


TASKS = """
import asyncio
async def count(name):
    for n in range(2):
        print(name, n)
        await asyncio.sleep_ms(10)
async def main():
    await asyncio.gather(count("a"), count("b"))
    try:
        await asyncio.wait_for_ms(asyncio.sleep(10), 50)
    except asyncio.TimeoutError:
        print("late")
    task = asyncio.create_task(asyncio.sleep(10))
    await asyncio.sleep_ms(1)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")
    b = bytearray(5)
    print(await asyncio.StreamReader(s).readinto(b), b)
asyncio.run(main())
"""
UNSEEN = """
import asyncio
async def bad(): raise ValueError("no")
async def main():
    asyncio.create_task(bad())
    await asyncio.sleep(1)
asyncio.run(main())
"""
FILES = """
import os
with open("a.tmp", "wb") as f: _ = f.write(b"12")
os.rename("a.tmp", "a")
tell(os.listdir(), open("/a", "rb").read(), t(open, "b"))
"""


class Programs(unittest.TestCase):
    """The fake board as a place where programs run."""

    def test_names_live_until_a_soft_reset_and_wifi_after_it(self):
        board = esp32()
        board.run(AP_UP + "kept = 7")
        self.assertEqual(said(board, "tell(kept)"), "7")
        board.soft_reset()
        self.assertTrue(board.ap.up)
        with self.assertRaisesRegex(BoardError, "NameError"):
            board.run("kept")

    def test_a_soft_reset_closes_sockets(self):
        board = esp32()
        board.run("s = udp('0.0.0.0', 67)")
        board.soft_reset()
        self.assertEqual(said(board, TOOLS + "tell(bound('0.0.0.0', 67))"), "free")

    def test_a_program_goes_on_while_the_test_lets_time_pass(self):
        board = esp32()
        program = board.start("while True:\n time.sleep_ms(100)\n print('tick')")
        board.sleep(350_000)
        self.assertEqual((program.output, program.done), ("tick\n" * 3, False))
        self.assertIn("KeyboardInterrupt", (program.interrupt(), program.error)[1])

    def test_a_program_that_does_not_end_is_given_up(self):
        with self.assertRaisesRegex(BoardTimeout, "has not ended within 2 s"):
            esp32().run("while True: time.ticks_ms()", 2)

    def test_ticks_wrap(self):
        board = esp32()
        board.ticks_offset_ms = (1 << 30) - 50
        board.run("a = time.ticks_ms()\ntime.sleep_ms(100)\nb = time.ticks_ms()")
        self.assertEqual(said(board, "tell(time.ticks_diff(b, a), b < a)"), "100 | True")

    def test_tasks_share_the_board(self):
        board = esp32()
        board.run("s = udp('192.168.4.1', 9)\n" + AP_UP)
        alice = Station(board, ALICE)
        board.after(200_000, lambda: alice.send_udp(b"hello", to=("192.168.4.1", 9)))
        words = "a 0, b 0, a 1, b 1, late, cancelled, 5 bytearray(b'hello')"
        self.assertEqual(said(board, TASKS), words.replace(", ", "\n"))

    def test_what_nobody_waits_for_is_reported(self):
        self.assertRegex(esp32().run(UNSEEN), "(?s)wasn't retrieved.*ValueError: no")

    def test_files_live_on_the_board(self):
        self.assertEqual(said(esp32(), FILES), "['a'] | b'12' | OSError 2")
