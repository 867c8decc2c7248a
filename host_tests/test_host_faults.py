"""What only a fake can do: errors at will, every version of the firmware, hours in no time."""

import unittest

import scenarios
from builders import discover
from emulator import BoardError
from fakes.rules import NAMED
from rigs import ADMIN, OWN, RIGS, SETUP, START, Served
from scenarios import AT_HOME, Client

ALICE, BOB = scenarios.ALICE, scenarios.BOB
#: What esp_exceptions() raises: an OSError with words (MP network_common.c:47-84).
WORDS = (OSError("Wifi Not Started"), RuntimeError("Wifi Unknown Error 0x3001"))
OCCUPIED = "l = []\ntry:\n while True: l.append(socket.socket(2, 2))\nexcept OSError: pass\n"
UP, DOWN = "ap.active(True)\n", "ap.active(False)\n"
JOINED = scenarios.JOIN + "while not sta.isconnected(): time.sleep_ms(20)\n"
#: The states in which a program can find the board.
STATES = {
    "AP never on": "",
    "AP on": UP,
    "AP was on": UP + DOWN,
    "connected": JOINED,
    "connected, AP on": JOINED + UP,
    "AP on, connected": UP + JOINED,
    "stopped before": START + "service.stop()\n",
    "stopped before, connected": JOINED + START + "service.stop()\n",
    "started before": START,
}


class Faults:
    """On both fakes: errors that come and go, callbacks that raise."""

    rig = None
    send = "sendto"  # what a reply leaves by

    def serving(self, source=SETUP + START):
        """Return (Served, its first client)."""
        board = self.rig.make()
        self.addCleanup(board.interrupt)
        return Served(board, source), Client(board, ALICE)

    def stats(self, served, name):
        return int(served.remote(f"print(service.stats()[{name!r}])"))

    def test_a_reply_that_cannot_leave_is_sent_again(self):
        for error in [*NAMED, OSError("Wifi Would Block")]:
            with self.subTest(error):
                served, alice = self.serving()
                served.board.fail(self.send, error, 3)
                self.assertEqual(alice.ask(discover).kind, "OFFER")
                self.assertEqual(self.stats(served, "unsent"), 0)

    def test_but_not_for_ever(self):
        served, alice = self.serving()
        served.board.fail(self.send, "ENOMEM", 4)
        self.assertTrue(alice.unheard(discover))
        self.assertEqual(self.stats(served, "unsent"), 1)
        self.assertEqual(alice.lease()[1].kind, "ACK")

    def test_others_wait_no_longer_than_for_the_retries(self):
        served, alice = self.serving()
        served.board.fail(self.send, "EHOSTUNREACH", 4)
        alice.tell(discover)
        begin_us = served.board.now_us
        self.assertEqual(Client(served.board, BOB).ask(discover).kind, "OFFER")
        self.assertLess(served.board.now_us - begin_us, 60_000)

    def test_an_error_of_the_socket_is_survived(self):
        for error in [*NAMED, MemoryError()]:
            with self.subTest(error):
                served, alice = self.serving()
                served.board.fail("recv", error, 2)
                for _ in range(2):
                    alice.tell(discover)
                    served.board.sleep(100_000)
                self.assertEqual(alice.lease()[1].kind, "ACK")

    def test_an_error_while_sending_of_no_memory_is_survived(self):
        served, alice = self.serving()
        served.board.fail(self.send, MemoryError(), 2)
        alice.tell(discover)
        served.board.sleep(100_000)
        self.assertEqual(alice.lease()[1].kind, "ACK")

    def test_an_error_of_the_interface_is_survived(self):
        for call in ("active", "config", "ifconfig", "ipconfig", "status", "setsockopt", "bind"):
            for error in ("EIO", *WORDS, MemoryError()):
                with self.subTest(call, error=error):
                    served, alice = self.serving()
                    served.board.fail(call, error, 3)
                    served.rest(2000)
                    served.remote("ap.active(False)\nap.active(True)")
                    served.rest(2000)
                    served.board.ap.join(ALICE)
                    self.assertEqual(alice.lease()[1].kind, "ACK")

    def test_a_steady_stream_leaves_nobody_waiting(self):
        """More messages than one go takes, the last of them behind another in the same read."""
        for pace_us in range(300, 800, 20):
            served, alice = self.serving()
            clients = [Client(served.board, f"00:00:5e:00:53:{0x40 + i:02x}") for i in range(9)]
            for i, client in enumerate(clients):
                at_us = 1000 + (i + 1) // 2 * pace_us
                served.board.after(at_us, lambda client=client: client.tell(discover))
            served.board.sleep(100_000)
            offers = [client.offers() for client in clients]
            alice.ask(discover)
            served.rest(100)
            self.assertEqual([client.offers() for client in clients], offers, pace_us)

    def test_a_callback_that_raises_is_told_once(self):
        events = "def told(*event):\n print(*event[:2])\n raise ValueError('mine')\n"
        served, alice = self.serving(SETUP + START + events + "service.on_event(told)\n")
        alice.lease()
        alice.renew()
        self.assertEqual(alice.lease()[1].kind, "ACK")
        served.rest(10)
        said = served.program.output
        self.assertEqual((said.count("bound"), said.count("ValueError: mine")), (1, 1))
        self.assertIn(f"renewed {alice.address}", said)

    def test_a_feeder_that_raises_is_told_once(self):
        feeder = "def bad():\n raise ValueError('hungry')\n"
        source = feeder + SETUP.replace("Service(ap, config)", "Service(ap, config, on_feed=bad)")
        served, alice = self.serving(source + START)
        served.rest(3000)
        self.assertEqual(alice.lease()[1].kind, "ACK")
        self.assertEqual(served.program.output.count("ValueError: hungry"), 1)

    # Checks of addresses

    def checking(self, more=""):
        """Return (Served with checks on, a squatter at 10.10.10.20, a client that wants it)."""
        source = SETUP.replace("conflict_check=False", "conflict_check=True")
        served, alice = self.serving(source + START + more)
        squatter = scenarios.Station(served.board, scenarios.CAROL, "10.10.10.20")
        return served, squatter, alice

    def counted(self, served, name):
        return int(served.remote(f"print(service.stats()['checks'][{name!r}])"))

    def test_a_probe_that_cannot_leave_is_sent_again(self):
        for error in ("ENOMEM", "EHOSTUNREACH", "EAGAIN"):
            for times in (1, 3, 9):
                with self.subTest(error, times=times):
                    served, squatter, alice = self.checking()
                    served.board.fail(self.send, error, times)
                    offer = alice.ask(discover, requested=squatter.address)
                    self.assertNotEqual(offer.yiaddr, squatter.address)
                    self.assertEqual(self.counted(served, "conflicts"), 1)

    def test_one_that_never_leaves_is_told_as_skipped(self):
        """It does not count as a check without an answer."""
        served, squatter, alice = self.checking()
        served.board.fail(self.send, "ENOMEM", 400)
        alice.tell(discover, requested=squatter.address)
        served.board.sleep(1_000_000)
        self.assertEqual(self.counted(served, "checks"), 0)
        self.assertEqual(self.counted(served, "skipped"), 1)

    def test_checks_end_while_settings_change(self):
        served, squatter, alice = self.checking()
        served.board.ap.join(ADMIN)
        self.often(served, "service.configure(make())", 50_000)
        for client in (alice, Client(served.board, BOB)):
            offer = client.ask(discover, requested=squatter.address)
            self.assertNotEqual(offer.yiaddr, squatter.address)
            self.assertEqual(client.lease()[1].kind, "ACK")

    def often(self, served, source, every_us):
        """Execute source on the board again and again."""
        config = SETUP[SETUP.index("config = ") : SETUP.index("service =")]
        config = config.replace("conflict_check=False", "conflict_check=True")
        config = config.replace("config =", "return").replace("\n", "\n ")
        make = f"def make():\n {config}"
        task = (
            f"{make}\nasync def often():\n while True:\n"
            f"  {source}\n  await asyncio.sleep_ms({every_us // 1000})\n"
            "asyncio.create_task(often())"
        )
        served.remote(task)

    def test_checks_begin_anew_when_the_access_point_is_back(self):
        """What was asked before has reached nobody."""
        served, _squatter, _alice = self.checking()
        served.remote("asked = []\nservice.checker.again = asked.append")
        served.remote("ap.active(False)\nap.active(True)")
        served.rest(1000)
        self.assertEqual(served.remote("print(len(asked))"), "1")

    def test_checks_end_while_the_access_point_comes_and_goes(self):
        served, squatter, alice = self.checking()
        self.often(served, "ap.active(False)\n  ap.active(True)", 1_000_000)
        stations = [alice.station, squatter]

        def join():
            for station in stations:
                served.board.ap.join(station.mac)
            served.board.after(10_000, join)

        join()
        for offset_ms in range(0, 1000, 170):
            served.board.sleep(offset_ms * 1000)
            alice.station.frames.clear()
            offer = None
            for _ in range(4):
                alice.tell(discover, requested=squatter.address)
                served.board.sleep(1_500_000)
                offer = offer or alice.offers()
            self.assertTrue(offer)
            self.assertNotIn(squatter.address, offer)

    def test_no_socket_left_is_said_and_can_be_mended(self):
        board = self.rig.make()
        with self.assertRaisesRegex(BoardError, "socket is left.*close one"):
            board.run(SETUP + OCCUPIED + START)
        self.assertFalse(board.ap.up)
        board.run("for s in l: s.close()")
        Served(board, START)
        self.assertEqual(Client(board, ALICE).lease()[1].kind, "ACK")

    def test_a_port_that_another_socket_holds_is_said(self):
        board = self.rig.make()
        held = "s = socket.socket(2, 2)\ns.bind(('0.0.0.0', 67))\n"
        with self.assertRaisesRegex(BoardError, "held by another socket of this program"):
            board.run(SETUP + held + START)

    def test_settings_are_refused_before_anything_is_touched(self):
        for wrong in (
            "ssid=''",
            "ssid='x', key='short'",
            "ssid='x'",
            "ssid='x', key='long enough', open=True",
            "ssid='x', key='long enough', channel=15",
            "ssid='x', key='long enough', country='Germany'",
        ):
            board = self.rig.make()
            with self.subTest(wrong), self.assertRaisesRegex(BoardError, "ValueError"):
                board.run(SETUP + f"service.start({wrong})")
            self.assertEqual((board.sockets, board.ap.up), ([], False))


class OnEsp32(Faults, unittest.TestCase):
    rig = RIGS["esp32"]

    def security(self, board):
        return board.run("print(ap.config('security'))").strip()

    def test_a_key_alone_would_leave_the_access_point_open(self):
        board = self.rig.make()
        board.run(SETUP + "ap.config(ssid='x', key='change-me-now')\nap.active(True)")
        self.assertEqual(self.security(board), "0")
        board.run(START)
        self.assertEqual(self.security(board), "3")

    def test_an_access_point_that_stays_open_is_refused(self):
        board = self.rig.make()
        board.takes_security = False
        with self.assertRaisesRegex(BoardError, "has not taken the access point's security"):
            board.run(SETUP + START)
        self.assertEqual((board.ap.up, board.sockets), (False, []))

    def test_open_only_when_asked_for(self):
        board = self.rig.make()
        board.run(SETUP + "service.start(ssid='x', open=True)")
        self.assertEqual(self.security(board), "0")

    def test_a_new_name_whatever_the_driver_makes_of_it(self):
        for restarts in (False, True):
            served, alice = self.serving()
            served.board.config_restarts = restarts
            served.remote("ap.config(ssid='orchard')")
            served.rest(1100)
            served.board.ap.join(ALICE)
            self.assertEqual(alice.lease()[1].kind, "ACK", restarts)

    def test_hidden(self):
        board = self.rig.make()
        board.run(SETUP + "service.start(ssid='x', key='change-me-now', hidden=True)")
        self.assertEqual(board.run("print(ap.config('hidden'))"), "True\n")

    def test_home_network_from_the_first_start_to_the_next(self):
        """The socket is bound to an interface that is gone with each start of the AP."""
        served, alice = self.serving(SETUP + JOINED + START)
        host = scenarios.Station(served.board, AT_HOME, side=served.board.home)
        for _ in range(3):
            self.assertTrue(host.hears_nothing(discover(mac=0x77)))
            served.board.ap.join(ALICE)
            self.assertEqual(alice.ask(discover).kind, "OFFER")
            served.remote("ap.active(False)\nap.active(True)")
            served.rest(1100)


class OnPicoW(Faults, unittest.TestCase):
    rig = RIGS["pico_w"]
    send = "send_ethernet"

    def test_a_link_that_is_late_delays_the_first_reply_only(self):
        board = self.rig.make()
        board.link_after_us = 200_000
        served = Served(board)
        served.rest(300)
        self.assertEqual(Client(board, ALICE).lease()[1].kind, "ACK")

    def test_a_squatter_behind_a_short_list_is_found(self):
        """Firmware v1.23 lists no stations at all."""
        for minor in (23, 24):
            board = self.rig.make((1, minor))
            self.addCleanup(board.interrupt)
            source = SETUP.replace("conflict_check=False", "conflict_check=True")
            Served(board, source + "ap.status = lambda *what: []\n" + START)
            squatter = scenarios.Station(board, scenarios.CAROL, "10.10.10.20")
            alice = Client(board, ALICE)
            offer = alice.ask(discover, requested=squatter.address)
            self.assertNotEqual(offer.yiaddr, squatter.address)

    def test_beside_another_network_the_oldest_firmware_serves_too(self):
        for minor in (23, 24, 25):
            board = self.rig.make((1, minor))
            self.addCleanup(board.interrupt)
            served = Served(board, SETUP + JOINED + START)
            for mac in (ALICE, BOB, scenarios.CAROL):
                self.assertEqual(Client(board, mac).lease()[1].kind, "ACK")
            host = scenarios.Station(board, AT_HOME, side=board.home)
            self.assertTrue(host.hears_nothing(discover(mac=0x77)))
            served.rest(100)

    def test_no_reset_of_the_chip_when_it_is_forbidden(self):
        board = self.rig.make((1, 26))
        start = START.replace(")", ", may_restart=False)")
        with self.assertRaisesRegex(BoardError, "held by the firmware's own DHCP server"):
            board.run(SETUP + UP + start)
        self.assertEqual(board.run("print(ap.active())"), "True\n")


class EveryVersion(unittest.TestCase):
    """From v1.23 to v1.29, in every state that a board can be in when start() is called."""

    def started(self, rig, version, before):
        board = rig.make(version)
        self.addCleanup(board.interrupt)
        board.run(SETUP + before, 30)
        served = Served(board, START)
        alice = Client(board, ALICE)
        offer, ack = alice.lease()
        self.assertEqual((ack.kind, ack.address(54)), ("ACK", OWN))
        self.assertEqual(alice.renew().kind, "ACK")
        self.assertEqual(scenarios.from_server(board.home), [])
        return served

    def test_start_in_every_state(self):
        for name in ("esp32", "pico_w"):
            for minor in range(23, 30):
                for state, before in STATES.items():
                    with self.subTest(name, version=minor, state=state):
                        self.started(RIGS[name], (1, minor), before)

    def test_after_a_soft_reset_in_every_state(self):
        for name in ("esp32", "pico_w"):
            for minor in range(23, 30):
                for state, before in STATES.items():
                    with self.subTest(name, version=minor, state=state):
                        served = self.started(RIGS[name], (1, minor), before)
                        served.board.soft_reset()
                        again = Served(served.board)
                        again.board.ap.join(ALICE)
                        self.assertEqual(Client(again.board, ALICE).lease()[1].kind, "ACK")


class Time(unittest.TestCase):
    """The service's seconds, across the wrap of ticks_ms()."""

    settings = SETUP.replace(
        "conflict_check=False", "conflict_check=False, lease_s=60, quarantine_s=60"
    ).replace("10.10.10.31", "10.10.10.16")

    def test_leases_end_on_time_across_the_wrap(self):
        for name in ("esp32", "pico_w"):
            board = RIGS[name].make()
            self.addCleanup(board.interrupt)
            board.ticks_offset_ms = (1 << 30) - 20_000
            Served(board, self.settings + START)
            alice, bob = Client(board, ALICE), Client(board, BOB)
            self.assertEqual(alice.lease()[1].kind, "ACK")
            board.sleep(50_000_000)
            self.assertTrue(bob.unheard(discover), name)
            board.sleep(12_000_000)
            self.assertEqual(bob.ask(discover).kind, "OFFER", name)

    def test_a_loop_that_stood_still_for_an_hour_counts_it(self):
        board = RIGS["esp32"].make()
        self.addCleanup(board.interrupt)
        still = "async def still(): time.sleep(3600)\n"
        served = Served(board, self.settings + still + START)
        alice, bob = Client(board, ALICE), Client(board, BOB)
        alice.lease()
        served.remote("asyncio.create_task(still())")
        board.sleep(3_601_000_000)
        self.assertEqual(bob.ask(discover).kind, "OFFER")
        self.assertGreaterEqual(int(served.remote("print(service.stats()['seconds'])")), 3600)


if __name__ == "__main__":
    unittest.main()
