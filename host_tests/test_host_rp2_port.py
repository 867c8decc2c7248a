"""ports/rp2.py on a fake Pico W: frames, datagrams taken apart, taking the port, faults."""

import unittest

from builders import discover
from emulator import BoardError, Station
from fakes import PicoW
from linux.frames import read_udp

ALICE = "00:00:5e:00:53:01"
OWN = ("10.10.10.1", 67)
SETUP = """
import gc, network
from microdhcp import BROADCAST, CIADDR, CLIENT, RELAY, Config
from microdhcp.ports.rp2 import Port, first_end

class Served:                       # what the port needs of a server
    def __init__(self, tx):
        self.rx, self.tx, self.reply_to = bytearray(600), tx, BROADCAST

ap = network.WLAN(network.WLAN.IF_AP)
config = Config(address="10.10.10.1/24", pool=("10.10.10.16", "10.10.10.31"))
port = Port(ap)
server = Served(port.tx(548))
server.tx[28:34] = b"\\x00\\x00\\x5e\\x00\\x53\\x01"
server.tx[16:20] = bytes((10, 10, 10, 20))
server.rx[12:16] = bytes((10, 10, 10, 21))
server.rx[24:28] = bytes((10, 10, 10, 9))
"""
TAKE = "print(port.claim(config, True))\nap.active(True)\nport.up()\n"


def board(version=(1, 26), before=""):
    """Return a fake Pico W that has run SETUP and `before`."""
    made = PicoW(version)
    made.run(SETUP + before)
    return made


def dotted(place):
    """Return (address as text, port)."""
    return ".".join(str(byte) for byte in place[0]), place[1]


class Frames(unittest.TestCase):
    """What send() puts on the air, read by tools/linux/frames.py with all its checks."""

    @classmethod
    def setUpClass(cls):
        cls.board = board(before=TAKE)
        cls.board.ap.join(ALICE)  # others get a broadcast, see Repeater

    def sent(self, to, n=300):
        """Return (destination MAC, source, destination, payload) of the frame sent."""
        self.board.ap.frames.clear()
        said = self.board.run(f"server.reply_to = {to}\nprint(port.send(server, {n}))")
        self.assertEqual(said, "True\n")
        (_, frame), *more = self.board.ap.frames
        self.assertEqual((more, bytes(frame[12:14])), ([], b"\x08\x00"))
        source, target, payload = read_udp(memoryview(frame)[14:])
        return bytes(frame[:6]).hex(":"), dotted(source), dotted(target), bytes(payload)

    def test_where_each_reply_goes(self):
        for to, mac, address in (
            ("BROADCAST", "ff:ff:ff:ff:ff:ff", "255.255.255.255"),
            ("CLIENT", ALICE, "10.10.10.20"),
            ("CIADDR", ALICE, "10.10.10.21"),
        ):
            with self.subTest(to):
                self.assertEqual(self.sent(to)[:3], (mac, OWN, (address, 68)))

    def test_every_length_is_sent_whole_and_nothing_behind_it(self):
        for n in range(300, 549):
            self.board.run("for i in range(240, 548): server.tx[i] = 7")
            payload = self.sent("CLIENT", n)[3]
            self.assertEqual((len(payload), payload[240:]), (n, b"\7" * (n - 240)))
        self.board.run("port._frame[-64:] = bytes([9]) * 64")
        self.sent("CLIENT", 310)
        frame = bytes(self.board.ap.frames[0][1])
        self.assertEqual(frame[14 + 28 + 310 :], bytes(364 - 310))

    def test_the_checksum_holds_for_all_addresses(self):
        """The sum of all words, with each carry added to it, is ones only (RFC 1071)."""
        wrong = self.board.run(
            "frame, wrong = port._frame, 0\n"
            "frame[32:34] = b'\\xff\\xff'  # so that there are two carries\n"
            "for host in range(65536):\n"
            "    frame[34:36] = bytes((host >> 8, host & 255))\n"
            "    port._close_headers(frame, 300)\n"
            "    total = sum(frame[16:36:2]) * 256 + sum(frame[17:36:2])\n"
            "    while total > 65535:\n"
            "        total = (total & 65535) + (total >> 16)\n"
            "    wrong += total != 65535\n"
            "print(wrong)"
        )
        self.assertEqual(wrong, "0\n")
        self.assertEqual(self.sent("CLIENT")[2], ("10.10.10.20", 68))

    def test_a_frame_that_does_not_leave_is_said(self):
        self.board.fail("send_ethernet", "ENOMEM")
        said = self.board.run("server.reply_to = CLIENT\nprint(port.send(server, 300))")
        self.assertEqual(said, "False\n")

    def test_a_relay_agent_is_reached_by_lwip(self):
        relay = Station(self.board, "00:00:5e:00:53:09", "10.10.10.9")
        self.board.run("server.reply_to = RELAY\nprint(port.send(server, 300))")
        source, target, payload = relay.datagrams()[-1]
        self.assertEqual((dotted(target), len(payload)), (("10.10.10.9", 67), 300))

    def test_without_send_ethernet_it_is_the_broadcast_of_the_subnet(self):
        self.board.run("port._raw = False")
        alice = Station(self.board, ALICE, "10.10.10.21")
        for to, address in (("CLIENT", "10.10.10.255"), ("CIADDR", "10.10.10.21")):
            self.board.run(f"server.reply_to = {to}\nprint(port.send(server, 300))")
            self.assertEqual(dotted(alice.datagrams()[-1][1]), (address, 68))
        self.board.run("port._raw = True")


class Repeater(unittest.TestCase):
    """A client behind a repeater that rewrites MACs: its own MAC is no station's."""

    def setUp(self):
        self.board = board(before=TAKE)
        self.repeater = Station(self.board, "00:00:5e:00:53:77", "10.10.10.21")

    def sent(self, to):
        """Return (destination MAC, address) of the UDP datagram that is sent."""
        self.board.ap.frames.clear()
        self.board.run(f"server.reply_to = {to}\nassert port.send(server, 300)")
        udp = [f for _, f in self.board.ap.frames if f[12:14] == b"\x08\x00" and f[23] == 17]
        (frame,) = udp
        return bytes(frame[:6]).hex(":"), dotted(read_udp(memoryview(frame)[14:])[1])[0]

    def test_without_an_address_it_gets_a_broadcast(self):
        self.assertEqual(self.sent("CLIENT"), ("ff:ff:ff:ff:ff:ff", "255.255.255.255"))

    def test_with_one_lwip_finds_the_way(self):
        self.assertEqual(self.sent("CIADDR"), ("00:00:5e:00:53:77", "10.10.10.21"))

    def test_who_comes_directly_gets_frames_of_its_own_at_once(self):
        self.sent("CLIENT")
        self.board.ap.join(ALICE)
        self.assertEqual(self.sent("CLIENT"), (ALICE, "10.10.10.20"))

    def test_who_moves_behind_the_repeater_is_reached_seconds_later(self):
        self.board.ap.join(ALICE)
        self.assertEqual(self.sent("CLIENT")[0], ALICE)
        self.board.ap.leave(ALICE)
        self.board.sleep(6_000_000)
        self.sent("CLIENT")
        self.board.run("import time\nport.associated.refresh(time.ticks_ms())")
        self.assertEqual(self.sent("CLIENT")[0], "ff:ff:ff:ff:ff:ff")

    def test_nobody_in_the_list_is_not_known_to_be_nobody(self):
        """Firmware v1.23 to v1.24.0 gives an empty list by mistake."""
        self.board.ap.leave("00:00:5e:00:53:77")
        self.assertEqual(self.sent("CLIENT")[0], ALICE)


class ShortLists(unittest.TestCase):
    """status("stations") of v1.23 to v1.24.0 is cut at a number that nobody has set."""

    def test_the_list_is_whole_whatever_was_called_before(self):
        for minor in (23, 24, 26):
            for before in ("port.send(server, 300)", "ap.config(pm=ap.PM_NONE)", "ap.status()"):
                made = board((1, minor), TAKE)
                for last in range(1, 6):
                    made.ap.join(f"00:00:5e:00:53:0{last}")
                said = made.run(f"{before}\nprint(len(port.stations()), len(port.stations()))")
                self.assertEqual(said, "5 5\n", (minor, before))

    def test_a_chip_that_is_off_has_none(self):
        made = board(before=TAKE)
        made.fail("status", "EIO")
        self.assertEqual(made.run("print(port.stations())"), "[]\n")


class Apart(unittest.TestCase):
    """Datagrams that readinto() has joined."""

    def received(self, *datagrams, version=(1, 26)):
        """Return the datagrams that receive() hands over, and how many it has thrown away."""
        made = board(version, TAKE)
        alice = Station(made, ALICE)
        for data in datagrams:
            alice.send_udp(data)
        made.sleep(2000)
        said = made.run(
            "for _ in range(9):\n"
            " n = port.receive(server.rx)\n"
            " if n: print(bytes(server.rx[:n]).hex())\n"
            "print(port.dropped)"
        ).split()
        return [bytes.fromhex(line) for line in said[:-1]], int(said[-1])

    def test_four_messages_are_four(self):
        sent = [discover(xid=xid) for xid in range(4)]
        self.assertEqual(self.received(*sent), (sent, 0))

    def test_messages_of_all_lengths(self):
        for n in (244, 299, 300, 341, 400):
            sent = [discover(xid=1) + bytes(n - 244 if n > 300 else 0), discover(xid=2)]
            self.assertEqual(self.received(*sent), (sent, 0))

    def test_one_message_is_not_cut(self):
        for n in (300, 475, 476, 477, 548, 600):
            message = discover().ljust(n, b"\0")
            self.assertEqual(self.received(message), ([message], 0))

    def test_a_message_behind_what_is_none(self):
        for junk in (b"x", b"x" * 100, b"x" * 300, b"\1\1\6" + bytes(250)):
            message = discover(xid=3)
            self.assertEqual(self.received(junk, message), ([junk, message], 0))

    def test_an_empty_one_hides_nothing(self):
        first, second = discover(xid=1), discover(xid=2)
        self.assertEqual(self.received(first, b"", second), ([first, second], 0))
        self.assertEqual(self.received(b"", second), ([second], 1))

    def test_what_is_too_long_is_thrown_away_alone(self):
        message = discover(xid=3)
        self.assertEqual(self.received(b"y" * 601, message), ([message], 1))
        self.assertEqual(self.received(b"y" * 1472), ([], 1))

    def test_what_is_last_in_a_full_queue_may_be_cut_and_is_thrown_away(self):
        """Of four long messages the third one is cut; the fourth still waits at the socket"""
        for n in (548, 551):
            sent = [discover(xid=xid).ljust(n, b"\0") for xid in range(4)]
            self.assertEqual(self.received(*sent), (sent[:2] + sent[3:], 1))

    def test_a_piece_without_its_cookie_takes_the_message_before_it_along(self):
        sent = [discover(xid=xid).ljust(600, b"\0") for xid in range(4)]
        self.assertEqual(self.received(*sent), (sent[:1] + sent[3:], 1))

    def test_four_messages_of_the_usual_length_are_four(self):
        for n in (342, 351):
            sent = [discover(xid=xid).ljust(n, b"\0") for xid in range(4)]
            self.assertEqual(self.received(*sent), (sent, 0))

    def test_a_long_one_that_is_no_message_hides_none(self):
        """Where it begins cannot be seen: the message before it is 600 bytes long then."""
        first, second = discover(xid=1), discover(xid=2)
        received, dropped = self.received(first, b"z" * 700, second)
        self.assertEqual([len(message) for message in received], [600, len(second)])
        self.assertEqual((received[0][: len(first)], received[1], dropped), (first, second, 1))

    def test_before_v1_26_one_waits(self):
        sent = [discover(xid=xid) for xid in range(3)]
        self.assertEqual(self.received(*sent, version=(1, 25)), (sent[:1], 0))

    def test_only_what_begins_like_a_message_is_one(self):
        """With the cookie where it should be: op, htype and hlen of Ethernet before it."""
        said = board().run(
            "from microdhcp.ports.rp2 import first_end\n"
            "for head in (b'\\1\\1\\6', b'\\2\\1\\6', b'\\1\\2\\6', b'\\1\\1\\7'):\n"
            "    data = bytearray(700)\n"
            "    data[236:240] = data[536:540] = b'\\x63\\x82\\x53\\x63'\n"
            "    data[300:303] = head\n"
            "    print(first_end(data, 700))"
        )
        self.assertEqual(said.split(), ["300", "700", "700", "700"])


class Claim(unittest.TestCase):
    """Port 67 in every state that the firmware can be in."""

    COST = {
        True: "the access point was restarted for it",
        False: "the Wi-Fi chip was reset for it, a station's connection dropped",
    }

    def taken(self, made, cost=""):
        self.assertEqual(made.run(TAKE), cost + "\n")
        self.assertEqual(made.run("print(ap.ipconfig('addr4')[0])"), OWN[0] + "\n")
        Station(made, ALICE).send_udp(discover())
        made.sleep(2000)
        self.assertEqual(made.run("print(port.receive(server.rx), port.lost())"), "300 False\n")

    def test_in_all_versions_before_and_after_the_ap(self):
        for minor in range(23, 30):
            with self.subTest(version=minor):
                self.taken(board((1, minor)))
                self.taken(board((1, minor), "ap.active(True)"), self.COST[minor >= 28])

    def test_again_after_a_close_and_a_soft_reset(self):
        made = board(before=TAKE)
        made.run("port.close()")
        self.taken(made)
        made.soft_reset()
        made.run(SETUP)
        self.taken(made)

    def test_a_reset_of_the_chip_can_be_forbidden(self):
        made = board(before="ap.active(True)")
        with self.assertRaisesRegex(BoardError, "may_restart"):
            made.run("port.claim(config, False)")
        self.assertTrue(made.ap.up)

    def test_a_socket_of_the_program_costs_no_reset(self):
        """The access point was never up, so it is not the firmware's server that has the port."""
        taken = "import socket\ns = socket.socket(2, 2)\ns.bind(('0.0.0.0', 67))"
        for may_restart in (True, False):
            with self.assertRaisesRegex(BoardError, "held by another socket"):
                board(before=taken).run(f"port.claim(config, {may_restart})")

    def test_no_socket_left(self):
        made = board(before="import socket\nmore = [socket.socket(2, 2) for _ in range(4)]")
        with self.assertRaisesRegex(BoardError, "no UDP socket is left"):
            made.run("port.claim(config, True)")

    def test_the_power_saving_of_before_comes_back(self):
        made = board(before="ap.active(True)\nap.active(False)\nap.config(pm=ap.PM_POWERSAVE)\n")
        made.run(TAKE + "assert ap.config('pm') == ap.PM_NONE\nport.close()")
        self.assertEqual(made.run("print(ap.config('pm') == ap.PM_POWERSAVE)"), "True\n")

    def test_the_address_is_set_again_after_off_and_on(self):
        made = board(before=TAKE)
        for what in ("ap.active(False)\nap.active(True)", "ap.config(ssid='other')"):
            self.assertEqual(made.run(what + "\nprint(port.lost())"), "True\n")
            self.assertEqual(made.run("port.up()\nprint(port.lost())"), "False\n")
        self.assertEqual(made.run("ap.active(False)\nprint(port.lost())"), "False\n")


CLOCK = """
from microdhcp.clock import Clock
import time
clock = Clock()
begin = time.ticks_ms()
"""


class Seconds(unittest.TestCase):
    """clock.py: seconds out of milliseconds that wrap."""

    def test_they_outlive_the_wrap(self):
        made = PicoW((1, 26))
        made.ticks_offset_ms = (1 << 30) - 1500
        made.run(CLOCK)
        seen = []
        for _ in range(4):
            made.clock.advance(made.now_us + 990_000)
            seen.append(int(made.run("print(clock.now_s())")))
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(seen[-1], 3)

    def test_they_do_not_drift(self):
        made = PicoW((1, 26))
        begin = made.now_us
        made.run(CLOCK)
        for _ in range(300):
            made.clock.advance(made.now_us + 37_000)
            now_s = int(made.run("print(clock.now_s())"))
        self.assertAlmostEqual(now_s, (made.now_us - begin) / 1_000_000, delta=1)

    def test_a_loop_that_stalls_for_days(self):
        for days in (6, 7, 12):
            made = PicoW((1, 26))
            made.run(CLOCK)
            made.ticks_offset_ms += days * 86_400_000
            self.assertEqual(made.run("print(clock.now_s() // 86400)"), f"{days}\n")


GUARD = """
import time
from microdhcp.stations import Stations
class Port:
    asked = 0
    macs = []
    def stations(self):
        self.asked += 1
        return self.macs
port = Port()
guard = Stations(port)
def admits(last, fresh=True):
    rx = bytearray(600)
    rx[28:34] = bytes((0, 0, 0x5e, 0, 0x53, last))
    return guard.has(rx, 28, time.ticks_ms(), fresh)
port.macs = [bytes((0, 0, 0x5e, 0, 0x53, 1))]
"""


class Guarded(unittest.TestCase):
    """stations.py: who is associated, and how often the list is read."""

    def setUp(self):
        self.board = PicoW((1, 26))
        self.board.run(GUARD)

    def asked(self, source):
        """Return what source prints, and how often the list has been read so far."""
        said = self.board.run(source).strip()
        return said, int(self.board.run("print(port.asked)"))

    def rest(self, ms):
        self.board.clock.advance(self.board.now_us + ms * 1000)

    def test_a_station_is_found_with_one_reading_in_a_second(self):
        self.assertEqual(self.asked("print([admits(1) for _ in range(9)].count(True))"), ("9", 1))

    def test_strangers_cost_four_readings_and_then_four_in_a_second(self):
        self.assertEqual(self.asked("print([admits(9) for _ in range(50)].count(True))"), ("0", 4))
        for _ in range(20):
            self.rest(50)
            said, count = self.asked("print(admits(9))")
        self.assertEqual((said, count), ("False", 8))

    def test_a_new_station_is_found_at_once(self):
        self.asked("print(admits(1))")
        new = "port.macs = port.macs + [bytes((0, 0, 0x5e, 0, 0x53, 2))]\n"
        self.assertEqual(self.asked(new + "print(admits(2))"), ("True", 2))

    def test_who_has_left_is_a_stranger_a_second_later(self):
        self.asked("print(admits(1))")
        self.board.run("port.macs = []")
        self.rest(1000)
        self.assertEqual(self.asked("print(admits(1))"), ("False", 2))

    def test_days_of_silence_do_not_lock_it(self):
        for days in (3, 6, 7, 9, 12, 13):
            self.asked("print([admits(9) for _ in range(9)])")
            self.board.ticks_offset_ms += days * 86_400_000
            self.assertEqual(self.asked("print(admits(1))")[0], "True", days)

    def test_for_a_reply_an_older_list_will_do(self):
        self.asked("print(admits(1))")
        self.rest(3_600_000)
        self.assertEqual(self.asked("print(admits(1, False))"), ("True", 1))

    def test_a_list_that_is_in_use_is_read_every_five_seconds(self):
        self.asked("print(admits(1, False))")
        refresh = "guard.refresh(time.ticks_ms())\nprint(admits(1, False))"
        self.rest(4900)
        self.assertEqual(self.asked(refresh), ("True", 1))
        self.rest(100)
        self.board.run("port.macs = []")
        self.assertEqual(self.asked(refresh)[0], "False")

    def test_one_that_is_not_used_is_not_read(self):
        self.rest(60_000)
        self.assertEqual(self.asked("guard.refresh(time.ticks_ms())")[1], 0)


if __name__ == "__main__":
    unittest.main()
