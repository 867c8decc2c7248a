"""ports/esp32.py on a fake ESP32: taking the port, keeping it, one datagram at a time, sending."""

import unittest

from builders import discover, ip
from emulator import BoardError, Station
from fakes import Esp32

ALICE, AT_HOME = "00:00:5e:00:53:01", "00:00:5e:00:53:77"
OWN, SUBNET = "10.10.10.1", "10.10.10.0"

SETUP = """
import gc, network
from microdhcp import BROADCAST, CIADDR, CLIENT, RELAY, Config
from microdhcp.ports.esp32 import Port

class Served:                       # what the port needs of a server
    def __init__(self):
        self.rx, self.tx, self.reply_to = bytearray(600), bytearray(548), BROADCAST

ap = network.WLAN(network.WLAN.IF_AP)
sta = network.WLAN(network.WLAN.IF_STA)
config = Config(address="10.10.10.1/24", pool=("10.10.10.16", "10.10.10.31"))
server = Served()
port = Port(ap)
"""
TAKE = "print(port.claim(config, True))\nap.active(True)\nport.up()\n"
JOIN = """
import time
sta.active(True)
sta.connect("home", "secret-enough")
while not sta.isconnected(): time.sleep_ms(20)
"""


def board(version=(1, 29), before=""):
    """Return a fake ESP32 that has run SETUP and `before`."""
    made = Esp32(version)
    made.run(SETUP + before)
    return made


def serving(version=(1, 29), before=""):
    """Return a fake ESP32 whose port is up, and a station of it."""
    made = board(version, before)
    made.run(TAKE)
    return made, Station(made, ALICE)


class Claim(unittest.TestCase):
    """Port 67 in every state that the firmware can be in."""

    def taken(self, made, cost=""):
        self.assertEqual(made.run(TAKE), cost + "\n")
        self.assertEqual(made.run("print(ap.ifconfig()[0])"), OWN + "\n")
        Station(made, ALICE).send_udp(discover())
        self.assertEqual(made.run("print(port.receive(server.rx), port.lost())"), "300 False\n")

    def test_in_all_versions_before_and_after_the_ap(self):
        for minor in range(23, 30):
            for before in ("", "ap.active(True)", "ap.active(True)\n" + JOIN, JOIN):
                with self.subTest(version=minor, before=before):
                    self.taken(board((1, minor), before))

    def test_again_after_a_close(self):
        made, _ = serving()
        made.run("port.close()")
        self.taken(made)

    def test_again_after_a_soft_reset(self):
        made, _ = serving()
        made.soft_reset()
        made.run(SETUP)
        self.taken(made)

    def test_after_a_soft_reset_of_a_board_with_its_own_server(self):
        made = board(before="ap.active(True)")
        made.soft_reset()
        made.run(SETUP)
        self.taken(made)

    def test_a_firmware_that_takes_the_dns_needs_the_ap_off(self):
        """The trick relies on a refusal: without it the server runs again, and has the port."""
        made = board(before="ap.active(True)")
        made.refuses_no_dns = False
        with self.assertRaisesRegex(BoardError, "EADDRINUSE|firmware's own DHCP server"):
            made.run("port.claim(config, False)")
        self.taken(made, "the access point was switched off for it")

    def test_another_socket_of_the_program_is_named(self):
        made = board(before="import socket\ns = socket.socket(2, 2)\ns.bind(('0.0.0.0', 67))")
        with self.assertRaisesRegex(BoardError, "held by another socket of this program"):
            made.run(TAKE)
        self.assertEqual(made.run("print(port.sock)"), "None\n")
        made.run("s.close()")
        self.taken(made)

    def test_no_socket_left(self):
        made = board(before="import socket\nl = [socket.socket(2, 2) for _ in range(10)]")
        with self.assertRaisesRegex(BoardError, "no socket is left: lwIP has 10"):
            made.run(TAKE)


class Keeping(unittest.TestCase):
    """What the firmware forgets is set again."""

    def hears(self, made, alice):
        alice.send_udp(discover())
        return made.run("print(port.receive(server.rx))") == "300\n"

    def test_off_and_on_again(self):
        made, alice = serving()
        self.assertEqual(made.run("ap.active(False)\nprint(port.lost())"), "False\n")
        self.assertEqual(made.run("ap.active(True)\nprint(port.lost())"), "True\n")
        made.ap.join(ALICE)
        self.assertFalse(self.hears(made, alice))
        self.assertEqual(made.run("port.up()\nprint(port.lost())"), "False\n")
        self.assertTrue(self.hears(made, alice))

    def test_off_and_on_between_two_looks(self):
        made, alice = serving()
        self.assertEqual(
            made.run("ap.active(False)\nap.active(True)\nprint(port.lost())"), "True\n"
        )
        made.run("port.up()")
        made.ap.join(ALICE)
        self.assertTrue(self.hears(made, alice))
        self.assertEqual(made.dhcps, "STOPPED")

    def test_an_address_that_the_user_sets_starts_the_builtin_and_is_set_back(self):
        for version in ((1, 23), (1, 29)):
            made, alice = serving(version)
            made.run("ap.ifconfig(('192.168.4.1', '255.255.255.0', '192.168.4.1', '8.8.8.8'))")
            self.assertEqual(made.dhcps, "STARTED")
            self.assertEqual(
                made.run("print(port.lost())\nport.up()\nprint(port.lost())"), "True\nFalse\n"
            )
            self.assertEqual(
                (made.dhcps, made.run("print(ap.ifconfig()[0])")), ("STOPPED", OWN + "\n")
            )
            self.assertTrue(self.hears(made, alice))

    def test_an_interface_that_is_gone_is_an_oserror_and_tried_again(self):
        made, alice = serving()
        made.fail("setsockopt", "ENODEV")
        made.run("ap.active(False)\nap.active(True)")
        with self.assertRaisesRegex(BoardError, "ENODEV"):
            made.run("port.up()")
        self.assertEqual(
            made.run("print(port.lost())\nport.up()\nprint(port.lost())"), "True\nFalse\n"
        )

    def test_power_saving_is_off_while_serving(self):
        made, _ = serving()
        self.assertEqual(
            made.run("print(ap.config('pm'))\nport.close()\nprint(ap.config('pm'))"), "0\n1\n"
        )


class Receiving(unittest.TestCase):
    def setUp(self):
        self.board, self.alice = serving()

    def receive(self):
        return self.board.run("n = port.receive(server.rx)\nprint(n)").strip()

    def test_one_at_a_time(self):
        for mac in (1, 2, 3):
            self.alice.send_udp(discover(mac=mac, pad_to=300 + mac))
        seen = [(self.receive(), self.board.run("print(server.rx[33])")) for _ in range(4)]
        self.assertEqual(seen, [("301", "1\n"), ("302", "2\n"), ("303", "3\n"), ("0", "3\n")])

    def test_an_empty_datagram_costs_a_socket_but_not_the_port(self):
        for _ in range(20):  # more than there are sockets
            self.alice.send_udp(b"")
            self.assertEqual(self.receive(), "0")
            self.alice.send_udp(discover())
            self.assertEqual(self.receive(), "300")
        self.assertEqual(self.board.run("print(port.dropped)"), "20\n")

    def test_what_is_heard_at_home_is_not_received(self):
        self.board.run(JOIN)
        Station(self.board, AT_HOME, side=self.board.home).send_udp(discover())
        self.assertEqual(self.receive(), "0")
        self.assertEqual(self.board.run("print(port.foreign())"), "False\n")

    def test_a_datagram_longer_than_rx_is_cut(self):
        self.alice.send_udp(discover(pad_to=900))
        self.assertEqual(self.receive(), "600")

    def test_without_memory_it_is_thrown_away_and_counted(self):
        self.alice.send_udp(discover())
        self.board.fail("recv", MemoryError())
        self.assertEqual((self.receive(), self.receive()), ("0", "0"))
        self.alice.send_udp(discover())
        self.assertEqual((self.receive(), self.board.run("print(port.dropped)")), ("300", "1\n"))

    def test_an_error_replaces_the_socket(self):
        self.alice.send_udp(discover())
        self.board.fail("recv", "ENOTCONN")
        self.assertEqual(self.receive(), "0")
        self.alice.send_udp(discover())
        self.assertEqual(self.receive(), "300")

    def test_a_socket_that_cannot_be_replaced_is_replaced_by_up(self):
        self.alice.send_udp(b"")
        self.board.fail("bind", "EADDRINUSE")
        with self.assertRaises(BoardError):
            self.board.run("port.receive(server.rx)")
        self.assertEqual(
            self.board.run("print(port.lost())\nport.up()\nprint(port.lost())"), "True\nFalse\n"
        )
        self.alice.send_udp(discover())
        self.assertEqual(self.receive(), "300")

    def test_wait_ends_with_a_datagram_or_the_time(self):
        self.assertEqual(self.board.run("print(port.wait(50))"), "False\n")
        self.board.after(20_000, lambda: self.alice.send_udp(discover()))
        begin = self.board.now_us
        self.assertEqual(self.board.run("print(port.wait(500))"), "True\n")
        self.assertAlmostEqual(self.board.now_us - begin, 20_000, delta=500)


class Sending(unittest.TestCase):
    def setUp(self):
        self.board, self.alice = serving()

    def sent(self, to, n=300, before=""):
        """Return (port.send()'s result, [(source, destination, length)]) seen by the station."""
        self.alice.frames.clear()
        source = f"server.reply_to = {to}\n{before}\nprint(port.send(server, {n}))"
        said = self.board.run(source).strip()
        self.board.sleep(20_000)
        return said, [(a, b, len(data)) for a, b, data in self.alice.datagrams()]

    def test_broadcasts_leave_by_the_ap_with_its_address(self):
        frame = ((ip(OWN), 67), (b"\xff" * 4, 68), 300)
        for before in ("", JOIN):
            for to in ("BROADCAST", "CLIENT"):
                self.assertEqual(self.sent(to, before=before), ("True", [frame]))
        self.assertEqual(self.board.home.frames, [])

    def test_a_client_with_an_address_gets_unicast(self):
        self.alice.address = "10.10.10.20"
        self.board.run("server.rx[12:16] = b'\\x0a\\x0a\\x0a\\x14'")
        said, frames = self.sent("CIADDR", 320)
        self.assertEqual((said, frames), ("True", [((ip(OWN), 67), (ip("10.10.10.20"), 68), 320)]))

    def test_a_relay_gets_it_at_its_port_67(self):
        self.alice.address = "10.10.10.9"
        self.board.run("server.rx[24:28] = b'\\x0a\\x0a\\x0a\\x09'")
        _, frames = self.sent("RELAY")
        self.assertEqual(frames, [((ip(OWN), 67), (ip("10.10.10.9"), 67), 300)])

    def test_lengths_come_and_go(self):
        lengths = [self.sent("BROADCAST", n)[1][0][2] for n in (300, 548, 300, 301)]
        self.assertEqual(lengths, [300, 548, 300, 301])

    def test_errors_that_pass_are_no_exceptions(self):
        for name in ("EHOSTUNREACH", "ENOMEM", "ENOBUFS", "EAGAIN", "ETIMEDOUT"):
            self.board.fail("sendto", name)
            self.assertEqual(self.sent("BROADCAST")[0], "False")
            self.assertEqual(self.sent("BROADCAST")[0], "True")

    def test_an_ap_that_is_down_is_no_exception(self):
        self.board.run("ap.active(False)")
        self.assertEqual(self.sent("BROADCAST"), ("False", []))

    def test_stations_with_and_without_addresses(self):
        for version in ((1, 28), (1, 29)):
            made, _ = serving(version)
            seen = made.run("print(port.stations())\nap.active(False)\nprint(port.stations())")
            self.assertEqual(seen, "[b'\\x00\\x00^\\x00S\\x01']\n[]\n")


if __name__ == "__main__":
    unittest.main()
