"""The server behind a program that gives it no turn, on fake boards: timers, locks, Ctrl-C.

Timers and the scheduler are modelled in fakes/scheduler.py; on stock firmware the same programs
run in test_host_examples.py.
"""

import itertools
import unittest

import pytest

import invariants
from builders import discover, release, request
from emulator import BoardError
from rigs import OWN, RIGS
from scenarios import ALICE, AT_HOME, BOB, CAROL, JOIN, Client, Station

PACKAGE = "/microdhcp/"
BEGIN = """
import gc, network, socket, time
import microdhcp
from microdhcp import Config, Service
ap = network.WLAN(network.WLAN.IF_AP)
sta = network.WLAN(network.WLAN.IF_STA)
"""
WIFI = 'ssid="greenhouse", key="change-me-now"'
SERVE = 'service = microdhcp.serve(ap, "10.10.10.1/24", {more})\n'
MAKE = """
def make(**more):
    return Config(address="10.10.10.1/24", pool=("10.10.10.16", "10.10.10.31"), **more)
"""
#: Programs that give the server no turn.
PROGRAMS = {
    "a loop": "n = 0\nwhile True: n += 1\n",
    "an empty loop": "while True: pass\n",
    "sleep": "while True: time.sleep(10)\n",
    "accept": "s = socket.socket()\ns.bind(('0.0.0.0', 80))\ns.listen(1)\ns.accept()\n",
    "recv": "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.recv(100)\n",
    "select": "import select\nselect.poll().poll()\n",
    "asyncio": "import asyncio\nasync def main():\n while True: await asyncio.sleep(9)\n"
    "asyncio.run(main())\n",
    "the prompt": "",
    "the other core": "import _thread\ndef core1():\n while True: time.sleep_ms(7)\n"
    "_thread.start_new_thread(core1, ())\nwhile True: time.sleep_ms(300)\n",
    "lightsleep": "import machine\nwhile True:\n machine.lightsleep(200)\n time.sleep_ms(5)\n",
}

FLOOD = """
import micropython
def nothing(_): pass
def flood():
    while True:
        try:
            while True: micropython.schedule(nothing, 0)
        except RuntimeError:
            time.sleep_ms(1)
"""


def ticking(board, us=5):
    """Return a trace function that lets each bytecode of the user's program take some time."""

    def trace(frame, event, _):
        if frame.f_code.co_filename != "<stdin>":
            return None
        frame.f_trace_opcodes = True  # an empty loop has no lines
        if event == "opcode" and not board.scheduler.running:
            board.spend(us)
        return trace

    return trace


def busy(board):
    """Return a function of the firmware that takes long, and lets nothing else run meanwhile."""

    def held(ms):
        board.scheduler.hold()
        board.block(lambda: False, board.now_us + ms * 1000)
        board.scheduler.hold(False)

    return held


class Behind:
    """What holds on both fakes."""

    rig = None
    versions = ()

    def board(self, version=None):
        board = self.rig.make(version)
        self.addCleanup(board.interrupt)
        return board

    def serving(self, more=WIFI, version=None, before="", checks=False):
        """Return a board that serves behind whatever comes."""
        board = self.board(version)
        more += "" if checks else ", conflict_check=False"
        board.run(BEGIN + MAKE + before + SERVE.replace("{more}", more))
        return board

    def stat(self, board, name):
        return board.run(f"print(service.stats()[{name!r}])").strip()

    def test_behind_every_program(self):
        for version, (name, program) in itertools.product(self.versions, PROGRAMS.items()):
            with self.subTest(name, version=version):
                board = self.serving(version=version)
                running = board.start(program, trace=ticking(board))
                board.sleep(50_000)
                alice = Client(board, ALICE)
                offer, ack = alice.lease()
                self.assertEqual((offer.kind, ack.kind), ("OFFER", "ACK"))
                self.assertEqual(alice.renew().kind, "ACK")
                self.assertEqual(running.error, "")
                self.assertEqual(running.done, name == "the prompt")

    def test_an_offer_comes_within_a_period(self):
        board = self.serving()
        board.start(PROGRAMS["sleep"])
        alice = Client(board, ALICE)
        latest_ms = []
        for _ in range(40):
            board.sleep(13_000)
            began_us = board.now_us
            self.assertEqual(alice.ask(discover).kind, "OFFER")
            latest_ms.append((board.now_us - began_us) / 1000)
        self.assertLess(max(latest_ms), 20 + 6)

    def test_turns_are_rare_while_nothing_comes_and_close_while_a_check_runs(self):
        board = self.serving(checks=True)

        def period():
            (timer,) = board.timers
            return timer.period_us // 1000

        board.start(PROGRAMS["sleep"])
        self.assertEqual(period(), 20)
        board.sleep(11_000_000)
        self.assertEqual(period(), 40)
        Station(board, BOB)
        alice = Client(board, ALICE)
        alice.tell(discover)
        board.sleep(100_000)
        self.assertEqual(period(), 10)
        board.sleep(600_000)
        self.assertEqual((period(), len(alice.offers())), (20, 1))

    def test_a_taken_address_is_found(self):
        board = self.serving(checks=True)
        board.start(PROGRAMS["accept"])
        squatter = Station(board, CAROL, "10.10.10.20")
        offer = Client(board, ALICE).ask(discover, requested=squatter.address)
        self.assertNotEqual(offer.yiaddr, squatter.address)

    def test_stop_and_start_again(self):
        board = self.serving()
        board.run("service.stop()")
        self.assertEqual((board.timers, board.sockets), ([], []))
        alice = Client(board, ALICE)
        self.assertTrue(alice.unheard(discover))
        board.run(f"service.start({WIFI}, background=True)\nassert service.background")
        board.ap.join(ALICE)
        self.assertEqual(alice.lease()[1].kind, "ACK")
        board.run(f"service.start({WIFI}, background=True)")
        self.assertEqual(len(board.timers), 1)
        board.run(f"service.start({WIFI})\nassert not service.background")
        self.assertEqual(board.timers, [])

    def test_stop_in_a_callback(self):
        board = self.serving()
        board.run("service.on_event(lambda *event: service.stop())")
        board.start(PROGRAMS["sleep"])
        Client(board, ALICE).lease()
        board.sleep(1_000_000)
        self.assertEqual((board.timers, board.sockets), ([], []))
        self.assertEqual(self.stat(board, "troubles"), "0")

    def test_start_in_a_callback(self):
        """Another name, say."""
        board = self.serving()
        board.run(
            "def again(*event):\n"
            " service.on_event(None)\n"
            f" service.start({WIFI.replace('greenhouse', 'orchard')}, background=True)\n"
            "service.on_event(again)"
        )
        Client(board, ALICE).lease()
        board.sleep(1_000_000)
        self.assertEqual(Client(board, BOB).lease()[1].kind, "ACK")
        self.assertEqual(board.run("print(ap.config('ssid'))"), "orchard\n")

    def test_a_soft_reset_ends_it(self):
        board = self.serving()
        Client(board, ALICE).lease()
        board.soft_reset()
        self.assertEqual((board.timers, board.sockets), ([], []))
        board.run(BEGIN + SERVE.replace("{more}", WIFI))
        board.ap.join(BOB)
        self.assertEqual(Client(board, BOB).lease()[1].kind, "ACK")

    def test_another_service_takes_its_place(self):
        board = self.serving()
        board.run("old = service\n" + SERVE.replace("{more}", WIFI))
        self.assertEqual(len(board.timers), 1)
        self.assertEqual(Client(board, ALICE).lease()[1].kind, "ACK")

    # The access point of the program

    UP = 'ap.config(ssid="mine", key="change-me-now")\nap.active(True)\n'

    def test_an_access_point_that_is_up_already(self):
        for version in self.versions:
            board = self.board(version)
            board.run(BEGIN + self.UP + "service = microdhcp.serve(ap)")
            self.assertTrue(board.ap.up)
            alice = Client(board, ALICE)
            self.assertEqual(alice.ask(discover).address(54), "192.168.4.1")
            self.assertEqual(board.run("print(ap.config('ssid'))"), "mine\n")

    def test_one_that_comes_up_later(self):
        for version in self.versions:
            board = self.board(version)
            board.run(BEGIN + SERVE.replace("{more}", ""))
            board.run(self.UP)
            board.sleep(600_000)
            self.assertEqual(Client(board, ALICE).lease()[1].kind, "ACK")
            self.assertEqual(board.run("print(ap.ifconfig()[0])"), OWN + "\n")

    def test_its_address_is_set_again_whenever_it_is_lost(self):
        board = self.board()
        board.run(BEGIN + self.UP + SERVE.replace("{more}", ""))
        for what in ("ap.active(False)\nap.active(True)", "ap.config(ssid='other')"):
            board.run(what)
            board.sleep(1_100_000)
            board.ap.join(ALICE)
            self.assertEqual(Client(board, ALICE).lease()[1].kind, "ACK")
            self.assertEqual(board.run("print(ap.ifconfig()[0])"), OWN + "\n")

    def test_defaults_fit_the_access_point(self):
        for address, mask, pool in (
            ("10.9.8.1", "255.255.255.0", ("10.9.8.16", "10.9.8.47")),
            ("10.9.8.20", "255.255.255.0", ("10.9.8.64", "10.9.8.95")),
            ("10.9.8.1", "255.255.255.240", ("10.9.8.2", "10.9.8.14")),
            ("10.9.8.14", "255.255.255.240", ("10.9.8.1", "10.9.8.13")),
            ("10.9.8.1", "255.255.0.0", ("10.9.0.16", "10.9.0.47")),
            ("10.9.8.1", "255.255.255.252", ("10.9.8.2", "10.9.8.2")),
        ):
            board = self.board()
            board.run(
                BEGIN + self.UP + f"ap.ifconfig(({address!r}, {mask!r}, {address!r}, '8.8.8.8'))"
            )
            board.run("service = microdhcp.serve(ap)\nconfig = service.config")
            said = board.run("print(config.pool_n, config.first24, *config.address)").split()
            first, last = (int.from_bytes(invariant(text)[1:], "big") for text in pool)
            self.assertEqual(said[:2], [str(last - first + 1), str(first)])
            self.assertEqual(".".join(said[2:]), address)

    def test_never_on_the_network_that_the_board_joins(self):
        board = self.serving()
        board.run(JOIN)
        board.sleep(1_000_000)
        host = Station(board, AT_HOME, side=board.home)
        self.assertTrue(host.hears_nothing(discover(mac=0x77)))
        self.assertEqual(Client(board, ALICE).lease()[1].kind, "ACK")

    def test_arguments_that_are_wrong_are_named(self):
        for wrong in ("period_ms=4", "period_ms=501", "period_ms='20'", "timer='x'", "timer=99"):
            board = self.board()
            name = wrong.partition("=")[0]
            with self.subTest(wrong), self.assertRaisesRegex(BoardError, f"ValueError: {name}"):
                board.run(BEGIN + SERVE.replace("{more}", f"{WIFI}, {wrong}"))
            self.assertEqual((board.timers, board.sockets), ([], []))
        for wrong in ("key='12345678'", "hidden=True", "channel=3"):
            with self.subTest(wrong), self.assertRaisesRegex(BoardError, "ValueError: ssid"):
                self.board().run(BEGIN + SERVE.replace("{more}", wrong))

    # Events

    def test_events_in_the_programs_own_time(self):
        board = self.serving()
        board.run("assert list(service.events()) == []")
        board.start(PROGRAMS["sleep"])
        alice = Client(board, ALICE)
        address = alice.lease()[1].yiaddr
        alice.release()
        board.sleep(100_000)
        said = board.run("print([event[:2] for event in service.events()])")
        self.assertEqual(said, str([("bound", address), ("released", address)]) + "\n")
        self.assertEqual(board.run("print(list(service.events()))"), "[]\n")

    def test_events_in_the_turn(self):
        board = self.serving()
        board.run("seen = []\nservice.on_event(lambda *event: seen.append(event[0]))")
        board.start(PROGRAMS["sleep"])
        Client(board, ALICE).lease()
        board.sleep(100_000)
        self.assertEqual(board.run("print(seen)"), "['bound']\n")

    def test_a_callback_may_ask_the_service_everything(self):
        board = self.serving()
        board.run(
            "def on(kind, address, mac, name):\n"
            " leases = list(service.leases())\n"
            " seen.append((kind, len(leases), service.find(mac).address == address,"
            " service.stats()['leased'], service.now_s() >= 0))\n"
            "seen = []\nservice.on_event(on)"
        )
        Client(board, ALICE).lease()
        board.sleep(100_000)
        self.assertEqual(board.run("print(seen)"), "[('bound', 1, True, 1, True)]\n")

    # What goes wrong

    def test_a_full_queue_of_the_scheduler_loses_a_turn_and_no_more(self):
        board = self.serving()
        board.run(FLOOD)
        board.start("flood()")
        board.sleep(200_000)
        self.assertGreater(board.scheduler.dropped, 0)
        self.assertEqual(Client(board, ALICE).lease()[1].kind, "ACK")

    def test_errors_of_the_firmware_are_counted(self):
        for call in ("recv", "config", "active", "status", self.send):
            for error in ("ENOMEM", MemoryError(), RuntimeError("Wifi Unknown Error")):
                with self.subTest(call, error=error):
                    board = self.serving()
                    board.start(PROGRAMS["sleep"])
                    board.fail(call, error, 3)
                    alice = Client(board, ALICE)
                    for _ in range(3):
                        alice.tell(discover)
                        board.sleep(700_000)
                    self.assertEqual(alice.lease()[1].kind, "ACK")

    def test_a_timer_that_cannot_be_set_is_tried_again(self):
        board = self.serving(checks=True)
        board.run("import machine")
        Station(board, BOB)
        (timer,) = board.timers
        timer.refuses = 2
        alice = Client(board, ALICE)
        alice.tell(discover)
        board.sleep(2_000_000)
        self.assertEqual((len(alice.offers()), self.stat(board, "troubles")), (1, "2"))

    def test_a_timer_that_stays_without_memory_is_set_by_the_next_call(self):
        board = self.serving()
        board.start(PROGRAMS["sleep"])
        board.sleep(11_000_000)  # turns are rare by now: the next message sets it anew
        (timer,) = board.timers
        timer.refuses = 7
        alice = Client(board, ALICE)
        self.assertEqual(alice.ask(discover).kind, "OFFER")
        board.sleep(100_000)
        self.assertEqual(board.timers, [])
        self.assertEqual(self.stat(board, "troubles"), "5")
        board.run("service.now_s()\nlist(service.leases())")
        self.assertEqual((board.timers, self.stat(board, "troubles")), ([timer], "7"))
        self.assertEqual(alice.lease()[1].kind, "ACK")

    def test_messages_wait_while_the_firmware_lets_nothing_run(self):
        """It writes to flash, say, or collects a heap that is full: the socket keeps some."""
        for version in self.versions:
            board = self.serving(version=version)
            board._names["busy"] = busy(board)
            clients = [Client(board, f"00:00:5e:00:53:{n:02x}") for n in range(0x20, 0x28)]
            program = board.start("time.sleep_ms(50)\nbusy(300)\ntime.sleep_ms(100)")
            board.sleep(100_000)
            for client in clients:
                client.tell(discover)
            board.sleep(150_000)
            self.assertEqual(sum([len(client.offers()) for client in clients]), 0)
            program.wait()
            kept = sum([len(client.offers()) for client in clients])
            self.assertEqual(kept, board.rules.queue_depth, version)
            self.assertEqual(self.stat(board, "troubles"), "0")

    def test_a_heap_that_stays_full_for_a_while(self):
        """No turn finds memory, whatever it tries; with memory it goes on."""
        board = self.serving(checks=True)
        board.start(PROGRAMS["sleep"])
        alice, bob = Client(board, ALICE), Client(board, BOB)
        alice.lease()
        for call in ("recv", "config", "active", "status", self.send):
            board.fail(call, MemoryError(), 40)
        for _ in range(4):
            bob.tell(discover)
            board.sleep(500_000)
        self.assertGreater(int(self.stat(board, "troubles")), 4)
        board._failures.clear()
        board.sleep(1_000_000)
        self.assertEqual((alice.renew().kind, bob.lease()[1].kind), ("ACK", "ACK"))

    # A turn in the middle of a call

    SLOW = (
        "class Slow:\n"
        " def open(self): time.sleep_ms({ms})\n"
        " def close(self): time.sleep_ms({ms})\n"
        " def sockets(self): return []\n"
        " def poll(self): pass\n"
    )

    def test_a_turn_that_a_call_holds_up_comes_right_after_it(self):
        """Without waiting for the timer, which may be half a second away."""
        board = self.serving(f"{WIFI}, period_ms=500", before=self.SLOW.format(ms=700))
        alice = Client(board, ALICE)
        program = board.start("service.add(Slow())\nprint(sum(service.server.messages))")
        board.sleep(100_000)
        alice.tell(discover)
        self.assertEqual(program.wait(), "2\n")  # the DISCOVER and the OFFER
        self.assertEqual(len(alice.offers()), 1)
        self.assertEqual(self.stat(board, "troubles"), "0")

    def test_a_call_that_does_not_end_does_not_end_the_service(self):
        board = self.serving(before=self.SLOW.format(ms=30_000))
        board.start("service.add(Slow())")
        board.sleep(9_000_000)
        alice = Client(board, ALICE)
        self.assertTrue(alice.unheard(discover))
        board.sleep(2_000_000)
        self.assertEqual(alice.lease()[1].kind, "ACK")
        board.sleep(30_000_000)
        self.assertEqual(alice.renew().kind, "ACK")
        self.assertEqual(self.stat(board, "troubles"), "0")

    def test_a_turn_that_was_due_before_the_end_does_nothing(self):
        board = self.serving(before=self.SLOW.format(ms=100))
        board.run("service.add(Slow())")
        board.sleep(100_000)
        board.run("import machine\nmachine.lightsleep(50)\nservice.stop()")
        self.assertEqual((board.timers, board.sockets), ([], []))
        self.assertEqual(self.stat(board, "troubles"), "0")
        self.assertTrue(Client(board, ALICE).unheard(discover))

    def test_the_watchdog_is_fed_and_the_file_written(self):
        board = self.serving(
            f"{WIFI}, store='leases', on_feed=feed",
            before="fed = []\ndef feed(): fed.append(time.ticks_ms())\n",
        )
        Client(board, ALICE).lease()
        board.start(PROGRAMS["sleep"])
        board.sleep(8_000_000)
        gaps = "print(max([time.ticks_diff(b, a) for a, b in zip(fed, fed[1:])]))"
        self.assertLess(int(board.run(gaps)), 1000)
        self.assertIn("/leases", board.files.content)

    def gaps_ms(self, quiet_s):
        """Return the longest time between two turns of a part, while nothing comes for the server.

        quiet_s  how long nothing has come before
        """
        board = self.serving()
        board.run(
            "class Part:\n"
            " def open(self): self.turns = []\n"
            " def close(self): pass\n"
            " def sockets(self): return [self]\n"
            " def poll(self): self.turns.append(time.ticks_ms())\n"
            "part = Part()\nservice.add(part)"
        )
        board.start(PROGRAMS["sleep"])
        board.sleep(quiet_s * 1_000_000)
        board.run("part.turns.clear()")
        board.sleep(3_000_000)
        return eval(board.run("print([b - a for a, b in zip(part.turns, part.turns[1:])])"))

    def test_parts_have_their_turns(self):
        gaps = self.gaps_ms(0)
        self.assertGreater(len(gaps), 100)
        self.assertLess(max(gaps), 20 + 6)

    def test_a_part_that_waits_on_sockets_is_not_kept_waiting(self):
        """Its turn comes as often as the server looks at its own socket."""
        gaps = self.gaps_ms(quiet_s=15)
        self.assertGreater(len(gaps), 50)
        self.assertLess(max(gaps), 40 + 6)

    def test_run_beside_it_waits_for_the_end(self):
        board = self.serving()
        program = board.start("import asyncio\nasyncio.run(service.run())")
        self.assertEqual(Client(board, ALICE).lease()[1].kind, "ACK")
        self.assertFalse(program.done, program.error)
        board.run("service.stop()")

    def test_poll_beside_it(self):
        board = self.serving()
        board.start("while True:\n service.poll(100)\n time.sleep_ms(1)")
        self.assertEqual(Client(board, ALICE).lease()[1].kind, "ACK")

    def test_asyncio_is_not_loaded(self):
        board = self.serving()
        used = "import sys\nprint([n for n in sys.modules if n.startswith('microdhcp')])"
        loaded = board.run(used)
        self.assertIn("microdhcp.background", loaded)
        for name in ("starting", "serving", "checks", "esp32_start", "rp2_start", "mend"):
            self.assertNotIn(f"microdhcp.{name}'", loaded)


def invariant(text):
    """Return the bytes of an address."""
    return bytes(map(int, text.split(".")))


class OnPicoW(Behind, unittest.TestCase):
    rig = RIGS["pico_w"]
    versions = ((1, 23), (1, 26), (1, 29))
    send = "send_ethernet"

    def test_a_reset_of_the_chip_can_be_forbidden(self):
        board = self.board()
        board.run(BEGIN + self.UP)
        with self.assertRaisesRegex(BoardError, "may_restart"):
            board.run("microdhcp.serve(ap, may_restart=False)")
        self.assertTrue(board.ap.up)


class OnEsp32(Behind, unittest.TestCase):
    rig = RIGS["esp32"]
    versions = ((1, 23), (1, 26), (1, 29))
    send = "sendto"

    def numbers(self, board):
        """Return the numbers of the timers that run."""
        return sorted(board.modules.loaded["machine"].Timer.numbers())

    def test_a_timer_that_nobody_uses_is_chosen(self):
        used = "import machine\nt = machine.Timer({}, period=1000, callback=lambda t: None)\n"
        for version, number, chosen in (
            ((1, 29), 0, [-1, 0]),
            ((1, 28), 0, [0, 2]),
            ((1, 28), 2, [0, 2]),
            ((1, 24), 0, [0, 2]),
        ):
            board = self.serving(version=version, before=used.format(number))
            self.assertEqual(self.numbers(board), chosen, version)

    def test_one_can_be_given(self):
        board = self.serving(f"{WIFI}, timer=1", version=(1, 28))
        self.assertEqual(self.numbers(board), [1])

    def test_a_chip_with_two(self):
        board = self.board((1, 28))
        board.hardware_timers = 2
        board.run(BEGIN + SERVE.replace("{more}", WIFI))
        self.assertEqual(self.numbers(board), [0])

    def test_none_left_is_said(self):
        used = (
            "import machine\nl = [machine.Timer(n, period=9, callback=None) for n in range(4)]\n"
        )
        with self.assertRaisesRegex(BoardError, "all timers are in use"):
            self.serving(version=(1, 28), before=used)


# Turns in the middle of everything

CALLS = {
    "leases": "found = list(service.leases())\nassert len({l.mac for l in found}) == len(found)",
    "all leases": "found = list(service.leases(None))",
    "find": "assert service.find('00:00:5e:00:53:01').mac == '00:00:5e:00:53:01'",
    "release": "service.release('10.10.10.20')",
    "configure": "service.configure(make(conflict_check=False))",
    "on_event": "service.on_event(lambda *event: None)",
    "events": "service.on_event(None)\nfor _ in zip(range(4), service.events()): pass",
    "stats": "assert service.stats()['leased'] <= 16",
    "stop": f"service.stop()\nservice.start({WIFI}, background=True)\nap_joins()",
    "poll": "service.poll()",
    "now_s": "service.now_s()",
    "save": "service.release('10.10.10.20')\nservice.stop()\n"
    f"service.start({WIFI}, background=True)\nap_joins()",
}


class Interleaved:
    """A board whose every bytecode in the package is a place for something to happen.

    happen   function(k) called before the k-th bytecode that is not a turn's
    """

    def __init__(self, rig, inside=False):
        self.board = rig.make()
        self.inside = inside
        self.at = -1
        self.seen = 0
        self.happen = None
        names = {"ap_joins": self.join}
        self.board.run(BEGIN + MAKE)
        self.board._names.update(names)
        self.board.run(
            "service = Service(ap, make(conflict_check=False, hostname_bytes=8), store='leases')\n"
            f"service.start({WIFI}, background=True)\n"
        )
        self.clients = [Client(self.board, f"00:00:5e:00:53:{n:02x}") for n in range(1, 5)]
        self.join()
        self.clients[0].lease()
        self.turns = 0
        self.messages = itertools.cycle(self.talk())

    @property
    def service(self):
        """The Service on the board."""
        return self.board._names["service"]

    def join(self):
        """Let the stations come back: the access point was off."""
        for client in self.clients:
            self.board.ap.join(client.station.mac)

    def talk(self):
        """Return what the stations say, (Client, message)."""
        found = []
        for client in self.clients:
            mac = {"mac": client.mac, "xid": client.mac}
            last = 16 + client.mac * 3
            wanted = f"10.10.10.{last}"
            found += [
                (client, discover(requested=wanted, **mac)),
                (client, request(requested=wanted, **mac)),
                (client, request(ciaddr=wanted, **mac)),
                (client, release(ciaddr=wanted, server_id=OWN, **mac)),
                (client, request(requested="10.10.10.20", **mac)),
            ]
        return found

    def turn(self):
        """Let a station say something and a turn come, now."""
        background = self.service.background
        if not background:
            return
        client, message = next(self.messages)
        client.station.send_udp(message)
        self.board.scheduler.schedule(background._callback, None)
        before = sum(self.service.server.messages)
        self.board.scheduler.run_pending()
        self.turns += 1
        if sum(self.service.server.messages) > before:
            invariants.check(self.service.server.leases)

    def trace(self, frame, event, _):
        """For sys.settrace()."""
        if PACKAGE not in frame.f_code.co_filename.replace("\\", "/"):
            return self.trace if frame.f_code.co_filename == "<stdin>" else None
        frame.f_trace_opcodes = True
        if event == "opcode" and self.board.scheduler.running == self.inside:
            self.seen += 1
            if self.at < 0 or self.seen == self.at:
                self.happen()
        return self.trace

    def run(self, source, happen, at=-1):
        """Run source; happen() before each bytecode, or before the at-th one."""
        self.happen, self.at, self.seen = happen, at, 0
        program = self.board.start(source, trace=self.trace)
        self.board.wait(lambda: program.done, 300)
        self.happen = lambda: None
        return program

    def settle(self):
        """Return whether it serves: a newcomer gets a lease, and the table is in order."""
        self.join()
        self.board.start("while True: time.sleep(1)")
        client = Client(self.board, CAROL)
        kind = client.lease()[1].kind
        client.release()
        self.board.sleep(60_000)
        invariants.check(self.service.server.leases)
        return kind == "ACK"


class TurnsBetweenBytecodes(unittest.TestCase):
    """A turn before every bytecode of every public call."""

    def check(self, rig, calls=CALLS):
        turns = 0
        for name in calls:
            with self.subTest(name):
                interleaved = Interleaved(rig)
                program = interleaved.run(CALLS[name], interleaved.turn)
                self.assertEqual(program.error, "")
                self.assertTrue(interleaved.settle())
                turns += interleaved.turns
        return turns

    def test_on_both(self):
        self.assertGreater(self.check(RIGS["pico_w"]) + self.check(RIGS["esp32"]), 10_000)

    def test_while_a_module_is_imported(self):
        interleaved = Interleaved(RIGS["pico_w"])
        program = interleaved.run("import microdhcp.dns, microdhcp.page", interleaved.turn)
        self.assertEqual(program.error, "")
        self.assertTrue(interleaved.settle())


class CtrlC(unittest.TestCase):
    """KeyboardInterrupt and MemoryError at a bytecode, of a public call and of a turn."""

    def struck(self, name, error, inside, step, source=None):
        """Raise an error at every step-th bytecode of a call, or of the turn."""
        interleaved = Interleaved(RIGS["pico_w"], inside)
        talk = itertools.cycle(interleaved.talk())

        def strike():
            raise error()

        struck = 0
        at = 1
        while True:
            if inside:
                client, message = next(talk)
                client.station.send_udp(message)
            program = interleaved.run(source or CALLS[name], strike, at)
            if interleaved.seen < at:
                break
            struck += 1
            if not inside:
                self.assertTrue(program.error == "" or error.__name__ in program.error)
            if not interleaved.service.port.sock:  # it was about to stop or to start
                interleaved.board.run(f"service.start({WIFI}, background=True)")
            self.assertTrue(interleaved.settle(), (name, at))
            at += step
        return struck

    def test_in_a_call(self):
        for name in ("leases", "find", "release", "configure", "stats", "events", "stop"):
            step = 997 if name == "stop" else 61
            with self.subTest(name):
                self.assertGreater(self.struck(name, KeyboardInterrupt, False, step), 0)

    def test_in_a_turn(self):
        for error in (KeyboardInterrupt, MemoryError):
            struck = self.struck("a turn", error, True, 47, "time.sleep_ms(100)")
            self.assertGreater(struck, 10)

    @pytest.mark.long
    def test_at_every_bytecode(self):
        for error in (KeyboardInterrupt, MemoryError):
            self.struck("a turn", error, True, 1, "time.sleep_ms(100)")
            for name in ("leases", "find", "release", "configure"):
                self.struck(name, error, False, 1)


if __name__ == "__main__":
    unittest.main()
