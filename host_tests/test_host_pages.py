"""page and portal over TCP beside a service, on a fake ESP32 and a fake Pico W."""

import json
import unittest
from urllib.parse import urlencode

from builders import discover, mac_bytes
from emulator import Station
from fakes.tcp import Caller
from rigs import OWN, RIGS, START
from telephone import Telephone, answered, http, token

PARTS = """
import network
from microdhcp import Config, Service
from microdhcp.dns import Names
from microdhcp.page import Page
from microdhcp.portal import Portal
service = Service(
    network.WLAN(network.WLAN.IF_AP),
    Config(address="10.10.10.1/24", pool=("10.10.10.16", "10.10.10.31"), conflict_check=False),
)
got = []
def submitted(fields):
    if len(fields["password"]) < 8:
        raise ValueError("8 characters at least")
    got.append(fields)
    print("got", fields["ssid"], fields["password"])
    return "Thank you."
Names(service, captive=True)
Page(service, title="Green <house>", path="/devices")
Portal(service, submitted, networks=["home"])
"""
POLLED = PARTS + START + "print('#serving')\nwhile True:\n    service.poll(100)\n"
START_BEHIND = 'service.start(ssid="greenhouse", key="change-me-now", background=True)\n'
BEHIND = PARTS + START_BEHIND + "print('#serving')\nimport time\nwhile True:\n    time.sleep(9)\n"
RUN = PARTS + START + "print('#serving')\nimport asyncio\nasyncio.run(service.run())\n"


def serving(board, source):
    """Start a program; return it when it serves."""
    program = board.start(source)
    board.wait(lambda: program.done or "#serving" in program.output, 60, "not serving")
    if program.done:
        program.wait()
    return program


class OnABoard:
    """What holds on each fake board, with each way to let a service run."""

    rig = None
    source = None

    def live(self, story):
        """Return what story(board, program) returns."""
        return self.rig.live(lambda board: story(board, serving(board, self.source)))

    def test_form_is_found_and_filled(self):
        """From a telephone's probe to the fields in the program"""

        def story(board, program):
            phone = Telephone(board)
            self.assertEqual(phone.resolve("captive.apple.com").address, OWN)
            status, head, _ = phone.open("/hotspot-detect.html", "captive.apple.com")
            self.assertEqual(status, 302)
            self.assertIn(f"Location: http://{OWN}/\r\n", head + "\r\n")
            form = phone.open("/")[2]
            fields = {"ssid": "home", "password": "short", "token": token(form)}
            refused = phone.open("/", body=urlencode(fields).encode())[2]
            self.assertIn("8 characters at least", refused)
            fields["password"] = "long enough & <b>"
            done = phone.open("/", body=urlencode(fields).encode())
            self.assertIn("Thank you.", done[2])
            return program.output

        self.assertIn("got home long enough & <b>\n", self.live(story))

    def test_page_knows_who_is_there(self):
        """A second device joins, its event is shown, and it goes"""

        def story(board, _):
            phone = Telephone(board)
            sensor = Telephone(board, 2, b"sensor-1")
            data = json.loads(phone.open("/devices/devices.json")[2])
            self.assertEqual(
                [(one["name"], one["address"], one["state"]) for one in data["devices"]],
                [("telephone", phone.address, "bound"), ("sensor-1", sensor.address, "bound")],
            )
            newest = data["events"][0]
            self.assertEqual((newest["kind"], newest["name"]), ("bound", "sensor-1"))
            sensor.leave()
            data = json.loads(phone.open("/devices/devices.json")[2])
            bound = [one["name"] for one in data["devices"] if one["state"] == "bound"]
            self.assertEqual(bound, ["telephone"])
            self.assertIn("<h1>Green &lt;house&gt;</h1>", phone.open("/devices")[2])

        self.live(story)

    def test_dhcp_goes_on_beside_slow_clients(self):
        """Twenty connections, none of which ever asks anything: answers stay as fast"""

        def story(board, _):
            phone = Telephone(board)
            calm_us = phone.station.ask(discover(mac=2)).after_us
            callers = [phone.call() for _ in range(20)]
            for caller in callers:
                caller.send(b"GET / HTTP/1.1\r\nX: ")
            board.sleep(500_000)
            times = []
            for number in range(3, 8):
                for caller in callers:
                    caller.send(b"slow")
                times.append(phone.station.ask(discover(mac=number)).after_us)
            self.assertLess(max(times), 50_000 + 10 * calm_us)
            self.assertLessEqual(board.tcp.active, board.rules.tcp_limit)
            board.wait(lambda: board.tcp.active == 0, 120, "the slow ones are not ended")
            self.assertEqual(phone.open("/devices")[0], 200)

        self.live(story)

    def test_names_page_and_portal_delay_no_offer(self):
        """The typical OFFER takes at most 1.5 times as long as without the three"""

        def story(board, _):
            stations = [Station(board, mac_bytes(number)) for number in range(1, 8)]
            return sorted(
                station.ask(discover(mac=number)).after_us
                for number, station in enumerate(stations, 1)
            )[3]

        bare = self.source.replace(PARTS[PARTS.index("got = []") :], "")
        without = self.rig.live(lambda board: story(board, serving(board, bare)))
        self.assertLessEqual(self.live(story), 1.5 * without)

    def test_one_greedy_client_does_not_starve_another(self):
        """Whoever holds all connections makes room"""

        def story(board, _):
            greedy = Telephone(board)
            other = Telephone(board, 2)
            for _ in range(6):
                greedy.call()
            board.sleep(100_000)
            self.assertEqual(other.open("/devices")[0], 200)

        self.live(story)

    def test_strange_requests(self):
        """Each gets its status; none ends the server"""

        def story(board, program):
            phone = Telephone(board)
            ask = phone.open
            self.assertEqual(ask("/" + "x" * 1100)[0], 431)
            self.assertEqual(ask("/", method="DELETE")[0], 405)
            self.assertEqual(ask("/nothing")[0], 404)
            self.assertEqual(ask("/devices", "rebind.example")[0], 302)
            self.assertEqual(ask("/", body=b"ssid=x&password=12345678&token=0")[0], 403)
            self.assertEqual(ask("/", body=b"%zz")[0], 400)
            self.assertEqual(ask("/", body=b"x" * 1025)[0], 413)
            self.assertFalse(program.done)

        self.live(story)

    def test_pipelined_requests_get_one_answer(self):
        """`Connection: close`: the second one is not answered"""

        def story(board, _):
            caller = Telephone(board).call()
            caller.send(http("/devices/devices.json", OWN) * 3)
            board.wait(lambda: caller.ended, 60, "no end")
            self.assertEqual(answered(caller)[0], 200)
            self.assertEqual(bytes(caller.received).count(b"HTTP/1.1 200"), 1)

        self.live(story)

    def test_clients_that_vanish(self):
        """Before the request, in it, and in the reply: no connection is left"""

        def story(board, program):
            phone = Telephone(board)
            for said in (b"", b"GET /dev", http("/devices", OWN)):
                for end in ("close", "reset"):
                    caller = phone.call()
                    caller.reads = False
                    caller.send(said)
                    board.sleep(60_000)
                    getattr(caller, end)()
            board.wait(lambda: board.tcp.active == 0, 120, "connections are left")
            self.assertEqual(phone.open("/devices")[0], 200)
            self.assertFalse(program.done)

        self.live(story)

    def test_who_does_not_read_is_ended(self):
        """A peer that reads nothing cannot hold a connection for ever"""

        def story(board, _):
            phone = Telephone(board)
            caller = phone.call()
            caller.reads = False
            caller.send(http("/devices", OWN))
            board.wait(lambda: caller.ended, 60, "it still waits")

        self.live(story)

    def test_name_with_markup_stays_text(self):
        """A host name cannot become HTML: it is JSON, and the server has cleaned it before"""

        def story(board, _):
            phone = Telephone(board, name=b"<script>alert(1)</script>")
            raw = phone.open("/devices/devices.json")[2]
            self.assertNotIn("<", raw)
            self.assertNotIn("<script>alert", phone.open("/devices")[2])

        self.live(story)

    def test_stop_gives_the_ports_back(self):
        """Nobody listens any more"""

        def story(board, program):
            phone = Telephone(board)
            phone.call()
            board.sleep(100_000)
            program.interrupt()
            board.run("service.stop()")
            self.assertEqual((board.tcp.active, board.tcp.listeners, board.sockets), (0, {}, []))
            caller = Caller(board, (phone.address, 60000), (OWN, 80))
            self.assertEqual(caller.state, "refused")

        self.live(story)


class Esp32Polled(OnABoard, unittest.TestCase):
    rig, source = RIGS["esp32"], POLLED


class Esp32Run(OnABoard, unittest.TestCase):
    rig, source = RIGS["esp32"], RUN


class PicoWPolled(OnABoard, unittest.TestCase):
    rig, source = RIGS["pico_w"], POLLED


class PicoWRun(OnABoard, unittest.TestCase):
    rig, source = RIGS["pico_w"], RUN


class Esp32Behind(OnABoard, unittest.TestCase):
    rig, source = RIGS["esp32"], BEHIND


class PicoWBehind(OnABoard, unittest.TestCase):
    rig, source = RIGS["pico_w"], BEHIND


class Limits(unittest.TestCase):
    """fakes.tcp keeps lwIP's limits."""

    def board(self, rig, source):
        """Return a board that has run a program with a listening socket."""
        board = RIGS[rig].make()
        board.run("import network, socket\nap = network.WLAN(network.WLAN.IF_AP)\nap.active(True)")
        board.run(
            "s = socket.socket()\ns.setblocking(False)\ns.bind(('0.0.0.0', 80))\ns.listen(3)\n"
            + source
        )
        return board

    def call(self, board, number):
        """Return a Caller."""
        return Caller(board, ("192.168.4.16", 50000 + number), ("192.168.4.1", 80))

    def test_backlog_and_connections(self):
        """Three may wait; a fourth is heard once somebody is accepted; five in all on rp2"""
        board = self.board("pico_w", "held = []")
        callers = [self.call(board, n) for n in range(7)]
        self.assertEqual([c.state for c in callers], ["open"] * 3 + ["knocking"] * 4)
        board.run("for _ in range(3): held.append(s.accept()[0])")
        board.sleep(3_000_000)
        self.assertEqual([c.state for c in callers].count("open"), 5)
        board.run("held.pop(0).close()")
        board.sleep(60_000_000)
        self.assertEqual([c.state for c in callers].count("open"), 5)

    def test_what_a_program_sees(self):
        """EAGAIN, bytes, the end, ECONNRESET; refused where nobody listens"""
        board = self.board(
            "pico_w", "def t(f, *a):\n try: return f(*a)\n except OSError as e: return e.errno"
        )
        self.assertEqual(board.run("print(t(s.accept))"), "11\n")
        caller = self.call(board, 1)
        board.run("c, where = s.accept()")
        self.assertEqual(board.run("print(where, t(c.recv, 9))"), "('192.168.4.16', 50001) 11\n")
        caller.send(b"hello")
        caller.close()
        said = board.run("print(c.recv(3), c.recv(9), c.recv(9), c.send(b'bye'))")
        self.assertEqual(said, "b'hel' b'lo' b'' 3\n")
        self.assertEqual(bytes(caller.received), b"bye")
        caller.reset()
        self.assertEqual(board.run("print(t(c.recv, 9), t(c.send, b'x'))"), "104 104\n")
        board.run("c.close(); s.close()")
        self.assertEqual((board.tcp.active, self.call(board, 2).state), (0, "refused"))

    def test_send_buffer(self):
        """A peer that does not read stops the sender at TCP_SND_BUF"""
        board = self.board("pico_w", "")
        caller = self.call(board, 1)
        caller.reads = False
        board.run("c, _ = s.accept()")
        self.assertEqual(board.run("print(c.send(bytes(9000)))"), "6400\n")
        with self.assertRaisesRegex(Exception, "EAGAIN"):
            board.run("c.send(b'x')")
        caller.read()
        self.assertEqual(board.run("print(c.send(b'x'))"), "1\n")

    def test_unread_bytes_make_it_a_reset(self):
        """LW tcp.c: a connection with data that nobody has read is not ended politely"""
        board = self.board("esp32", "")
        caller = self.call(board, 1)
        board.run("c, _ = s.accept()")
        caller.send(b"unread")
        board.run("c.close()")
        self.assertEqual(caller.state, "reset")


if __name__ == "__main__":
    unittest.main()
