"""What the service survives, on a fake Pico W whose calls fail when told to; storage; events."""

import binascii
import unittest

from builders import discover, release, request
from emulator import BoardError, Station
from fakes import PicoW
from rigs import OWN

ALICE = "00:00:5e:00:53:01"
START = 'service.start(ssid="greenhouse", key="change-me-now")'
SETUP = """
import gc, network, time
from microdhcp import Config, Service
ap = network.WLAN(network.WLAN.IF_AP)
def make(**more):
    return Config(address="10.10.10.1/24", pool=("10.10.10.16", "10.10.10.31"),
                  conflict_check=False, **more)
fed = []
service = Service(ap, make(), {more})
service.start(ssid="greenhouse", key="change-me-now")
def serve(ms):
    end = time.ticks_add(time.ticks_ms(), ms)
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        service.poll(10)
"""


class Serving:
    """A fake Pico W that serves while it is asked, and a station of it.

    more    further arguments of Service(), as source
    files   {path: bytes}: what is on the board
    """

    def __init__(self, more="", files=None):
        self.board = PicoW((1, 26))
        self.board.files.content.update(files or {})
        self.begin(more)
        self.alice = Station(self.board, ALICE)

    def begin(self, more=""):
        """Run main.py up to its loop."""
        self.run(SETUP.replace("{more}", more))

    def run(self, source):
        """Execute source on the board; return what it prints."""
        return self.board.run(source).strip()

    def rest(self, ms):
        """Serve for so long; return what is printed meanwhile."""
        return self.board.start(f"serve({ms})").wait(300)

    def ask(self, message):
        """Send a message, serve for a while, and return the answers (lab.recorder.Message)."""
        self.alice.frames.clear()
        self.alice.send_udp(message)
        self.rest(100)
        return [answer for _, answer in self.alice.messages()]

    def lease(self):
        """Let the station get a lease; return its address."""
        (offer,) = self.ask(discover(xid=1))
        (ack,) = self.ask(request(requested=offer.yiaddr, server_id=OWN, xid=1))
        return ack.yiaddr

    def stat(self, name):
        """Return an entry of service.stats(), as printed."""
        return self.run(f"print(service.stats()[{name!r}])")


class Faults(unittest.TestCase):
    """The loop goes on, and lost messages are counted."""

    def setUp(self):
        self.serving = Serving("on_feed=lambda: fed.append(time.ticks_ms())")
        self.board = self.serving.board

    def test_a_reply_is_sent_again_and_then_given_up(self):
        self.board.fail("send_ethernet", "ENOMEM", 3)
        self.assertEqual(len(self.serving.ask(discover(xid=1))), 1)
        self.assertEqual(self.serving.stat("unsent"), "0")
        self.board.fail("send_ethernet", "EHOSTUNREACH", 4)
        self.assertEqual(self.serving.ask(discover(xid=2)), [])
        self.assertEqual(self.serving.stat("unsent"), "1")
        self.assertEqual(len(self.serving.ask(discover(xid=3))), 1)

    def test_all_that_waits_is_answered_in_one_go(self):
        for number in range(1, 5):  # as many as this firmware keeps
            self.serving.alice.send_udp(discover(mac=number, xid=number))
        self.serving.run("service.poll()")
        self.assertEqual([m.kind for _, m in self.serving.alice.messages()], ["OFFER"] * 4)

    def test_who_is_no_station_is_not_served_where_it_may_be_somebody_elses_client(self):
        join = "network.WLAN(network.WLAN.IF_STA).active(True)"
        for guard, before, served in (
            ("always", "", False),
            ("auto", join, False),
            ("auto", "", True),
            ("never", join, True),
        ):
            with self.subTest(guard, before=before):
                self.serving = Serving(f"guard={guard!r}")
                self.serving.run(before)
                self.assertEqual(len(self.serving.ask(discover(mac=9, xid=1))), served)
                self.assertEqual(self.serving.stat("foreign"), str(int(not served)))
                self.assertEqual(len(self.serving.ask(discover(mac=1, xid=2))), 1)

    def test_a_station_that_moves_behind_a_repeater_is_heard_and_answered(self):
        """A frame to a MAC that has left the access point is lost: within seconds it is known."""
        self.serving.lease()
        self.serving.ask(discover(xid=2))  # the list of stations is in use
        self.serving.alice.leave()
        repeater = Station(self.board, "00:00:5e:00:53:77")
        self.serving.rest(7000)
        repeater.send_udp(discover(xid=3, broadcast=False))
        self.serving.rest(100)
        self.assertEqual([m.kind for _, m in repeater.messages()], ["OFFER"])

    def test_a_change_that_was_cut_short_is_mended(self):
        """Ctrl-C in the middle of a packet, and of a call of the program."""
        cut = (
            "table = service.server.leases\n"
            "def cut(*_): raise KeyboardInterrupt\n"
            "table.move = cut\n"
            "try: {}\n"
            "except KeyboardInterrupt: print('cut')\n"
            "del table.move"
        )
        whole = "print(bytes(table.keys) == b'\\xff' * len(table.keys), sum(table.state))"
        self.serving.alice.send_udp(discover(xid=1))
        self.assertEqual(self.serving.run(cut.format("service.poll()")), "cut")
        self.assertNotEqual(self.serving.run(whole), "True 0")
        self.assertEqual(self.serving.run("service.poll()\n" + whole), "True 0")
        address = self.serving.lease()
        self.assertEqual(self.serving.run(cut.format(f"service.release({address!r})")), "cut")
        self.serving.rest(100)
        self.assertEqual(self.serving.run("print(len(list(service.leases())), table.used)"), "1 1")

    def test_new_settings_are_taken_as_a_whole_or_not_at_all(self):
        address = self.serving.lease()
        said = self.serving.run(
            "class Events:\n"
            " def __setattr__(self, *_):\n"
            "  service.server.events = None\n"
            "  raise MemoryError\n"
            "before = service.config, service.server.config, service.server.leases\n"
            "service.server.events = Events()\n"
            "try: service.configure(make(lease_s=700))\n"
            "except MemoryError: print('cut')\n"
            "print(before == (service.config, service.server.config, service.server.leases))"
        )
        self.assertEqual(said.split(), ["cut", "True"])
        (ack,) = self.serving.ask(request(ciaddr=address, xid=4))
        self.assertEqual(int.from_bytes(ack.option(51), "big"), 3600)

    def test_a_long_wait_holds_up_neither_a_reply_nor_the_watchdog(self):
        self.board.fail("send_ethernet", "ENOMEM")
        program = self.board.start("for _ in range(9): service.poll(10_000)")
        asked_us = self.board.now_us
        self.serving.alice.ask(discover(xid=1))
        self.assertLess(self.board.now_us - asked_us, 100_000)
        program.wait()
        gaps = "print(max([time.ticks_diff(b, a) for a, b in zip(fed, fed[1:])]))"
        self.assertLess(int(self.serving.run(gaps)), 1000)

    def test_errors_of_every_call_are_survived(self):
        for call in ("recv", "ipconfig", "config", "active"):
            for error in ("ENOMEM", "EIO", MemoryError(), RuntimeError("Wifi Unknown Error")):
                with self.subTest(call=call, error=error):
                    self.board.fail(call, error)
                    self.serving.rest(1200)
                    self.assertEqual(len(self.serving.ask(discover(xid=5))), 1)

    def test_under_asyncio_too(self):
        self.board.start("import asyncio\nasyncio.run(service.run())")
        alice = self.serving.alice
        for error in ("ENOMEM", MemoryError(), RuntimeError("Wifi Unknown Error")):
            with self.subTest(error=error):
                self.board.fail("recv", error)
                self.board.fail("send_ethernet", "EIO")
                self.assertEqual(alice.ask(discover(xid=1)).message.kind, "OFFER")
        self.board.interrupt()
        self.assertEqual(self.serving.stat("troubles"), "3")

    def test_stop_ends_run_from_a_callback_and_from_another_task(self):
        self.board.run("import asyncio")
        for source in (
            "service.on_event(lambda *event: service.stop())\nasyncio.run(service.run())",
            "async def main():\n"
            " task = asyncio.create_task(service.run())\n"
            " await asyncio.sleep_ms(50)\n service.stop()\n await task\n"
            "asyncio.run(main())",
        ):
            self.board.run(f"{START}\nservice.on_event(None)")
            program = self.board.start(source)
            alice = Station(self.board, ALICE)  # the access point was off for a moment
            alice.send_udp(request(requested="10.10.10.20", xid=3))
            self.assertEqual(program.wait(), "")
            self.assertEqual(self.serving.run("print(service.port.sock)"), "None")

    def test_run_goes_on_after_another_start(self):
        """From a web page, say, that sets another name and key."""
        self.board.run("import asyncio")
        again = START.strip().splitlines()[-1]
        for source in (
            f"async def main():\n"
            f" task = asyncio.create_task(service.run())\n"
            f" await asyncio.sleep_ms(50)\n {again}\n await task\n"
            f"asyncio.run(main())",
            f"async def main():\n"
            f" task = asyncio.create_task(service.run())\n"
            f" await asyncio.sleep_ms(50)\n service.stop()\n {again}\n await task\n"
            f"asyncio.run(main())",
            f"def again(*event):\n"
            f" service.on_event(None)\n service.stop()\n {again}\n"
            f"service.on_event(again)\nasyncio.run(service.run())",
        ):
            self.board.run(START)
            self.board.start(source)
            self.serving.alice.send_udp(request(requested="10.10.10.20", xid=3))
            self.board.sleep(3_000_000)
            alice = Station(self.board, ALICE)
            self.assertEqual(alice.ask(discover(xid=4)).message.kind, "OFFER")
            self.board.interrupt()

    def test_a_mistake_in_the_server_is_told_and_ends_nothing(self):
        self.board.run("server = service.server\nserver.handle, handle = None, server.handle")
        program = self.board.start("import asyncio\nasyncio.run(service.run())")
        self.serving.alice.send_udp(discover(xid=5))
        self.board.sleep(1_000_000)
        self.assertFalse(program.done)
        self.assertIn("TypeError", program.output)
        self.board.interrupt()
        self.board.run("server.handle = handle")

    def test_the_watchdog_is_fed_every_second_and_while_it_starts(self):
        self.assertGreaterEqual(int(self.serving.run("print(len(fed))")), 4)
        self.serving.rest(5000)
        gaps = "print(max([time.ticks_diff(b, a) for a, b in zip(fed, fed[1:])]))"
        self.assertLess(int(self.serving.run(gaps)), 1000)

    def test_a_callback_that_raises_is_told_once_and_called_again(self):
        on_event = "called = []\ndef on(*event):\n called.append(event)\n raise KeyError(7)\n"
        self.serving.run(on_event + "service.on_event(on)")
        alice = self.serving.alice
        program = self.board.start("serve(3000)")
        address = alice.ask(discover(xid=1)).message.yiaddr
        alice.ask(request(requested=address, server_id=OWN, xid=2))
        alice.send_udp(release(ciaddr=address, server_id=OWN))
        said = program.wait()
        self.assertEqual(said.count("KeyError: 7"), 1)
        events = [(kind, address, ALICE, "") for kind in ("bound", "released")]
        self.assertEqual(self.serving.run("print(called)"), str(events))

    def test_who_wants_no_more_events_is_told_none(self):
        self.serving.run(
            "called = []\ndef on(*event):\n called.append(event[0])\n service.on_event(None)\n"
            "service.on_event(on)"
        )
        address = self.serving.lease()
        for message in (release(ciaddr=address, server_id=OWN), discover(xid=3)):
            self.assertLessEqual(len(self.serving.ask(message)), 1)
        self.serving.run("service.on_event(on)")
        self.assertEqual(self.serving.rest(1000), "")
        self.assertEqual(self.serving.run("print(called)"), "['bound']")
        self.assertEqual(self.serving.stat("troubles"), "0")

    def test_settings_that_are_wrong_touch_nothing(self):
        board = PicoW((1, 26))
        before = SETUP[: SETUP.index("service.start")].replace("{more}", "")
        board.run(before)
        for wrong, word in (
            ('ssid="x"', "key"),
            ('ssid="x", key="1234567"', "key"),
            ('ssid="x", key="1" * 64', "key"),
            ('ssid="x", key="12345678", open=True', "key"),
            ('ssid="", open=True', "ssid"),
            ('ssid="\u00e4" * 17, open=True', "ssid"),
            ('ssid="x", open=True, country="DEU"', "country"),
            ('ssid="x", open=True, channel=15', "channel"),
            ('ssid="x", open=True, hidden=True', "hidden"),
        ):
            with self.subTest(wrong), self.assertRaisesRegex(BoardError, f"ValueError: {word}"):
                board.run(f"service.start({wrong})")
        self.assertEqual(board.run("print(ap.active(), service.port.sock)"), "False None\n")

    def test_arguments_that_are_wrong_are_named(self):
        for wrong in (
            *("guard='sometimes'", "store=5", "store=''", "check_ms='400'", "check_ms=49"),
            *("check_ms=2001", "parked=0", "parked=9", "parked=None", "on_feed=5"),
        ):
            name = wrong.partition("=")[0]
            with self.subTest(wrong), self.assertRaisesRegex(BoardError, f"ValueError: {name}: "):
                self.serving.run(f"Service(ap, make(), {wrong})")

    def test_whether_addresses_are_checked_cannot_change(self):
        other = 'Config(address="10.10.10.1/24", pool=("10.10.10.16", "10.10.10.31"))'
        with self.assertRaisesRegex(BoardError, "conflict_check: cannot change"):
            self.serving.run(f"service.configure({other})")

    def test_an_open_access_point_when_it_is_asked_for(self):
        self.serving.run('service.start(ssid="open", open=True)')
        self.assertEqual(self.serving.run("print(ap.config('security'))"), "0")

    def test_another_service_takes_the_place_of_the_first(self):
        self.serving.run("old = service\nservice = Service(ap, make())\n" + START)
        self.serving.run("gc.collect()\nassert not old.port.sock and service.port.sock")
        self.assertEqual(len(Serving.ask(self.serving, discover(xid=1))), 0)  # it has to join
        self.serving.alice = Station(self.board, ALICE)
        self.assertEqual(len(self.serving.ask(discover(xid=1))), 1)

    def test_a_start_after_ctrl_c_under_asyncio(self):
        self.board.start("import asyncio\nasyncio.run(service.run())")
        self.board.sleep(100_000)
        self.board.interrupt()
        said = self.serving.run("service = Service(ap, make())\n" + START)
        self.assertTrue(said.endswith("port 67 taken"), said)

    def test_a_wrong_setting_does_not_stop_it(self):
        with self.assertRaisesRegex(BoardError, "ValueError: key"):
            self.serving.run('service.start(ssid="x", key="short")')
        self.assertEqual(len(self.serving.ask(discover(xid=1))), 1)

    def test_run_twice_is_an_error(self):
        self.board.run("import asyncio")
        twice = (
            "async def main():\n"
            " first = asyncio.create_task(service.run())\n"
            " await asyncio.sleep_ms({ms})\n"
            " try:\n  await service.run()\n"
            " except RuntimeError as error:\n  print(error)\n"
            " {then}\n"
            " await first\n"
        )
        for ms in (10, 700):
            source = twice.format(ms=ms, then="service.stop()") + f"{START}\nasyncio.run(main())"
            self.assertIn("run() is already running", self.serving.run(source))
        program = self.board.start(
            twice.format(ms=1, then="print('on')") + f"{START}\nasyncio.run(main())"
        )
        self.board.wait(lambda: "on" in program.output)
        self.assertEqual(Station(self.board, ALICE).ask(discover(xid=4)).message.kind, "OFFER")
        self.board.interrupt()

    def test_run_after_ctrl_c_takes_the_place_of_the_one_that_was_left(self):
        self.board.run("import asyncio")
        for _ in range(2):
            program = self.board.start("asyncio.run(service.run())")
            self.board.sleep(2_000_000)
            self.assertFalse(program.done, program.error)
            asked = self.serving.alice.ask(discover(xid=4)).message
            self.assertEqual(asked.kind, "OFFER")
            self.board.interrupt()
            self.board.sleep(2_000_000)  # somebody types
        self.assertEqual(self.serving.run("service.stop()\nprint(service.port.sock)"), "None")

    def test_run_again_after_ctrl_c_while_nothing_came(self):
        self.board.run(
            "import asyncio\n"
            "async def main():\n"
            " asyncio.create_task(asyncio.sleep(1))\n"
            " await asyncio.sleep_ms(1)\n"
            " await service.run()\n"
        )
        for source in ("service.run()", "service.run()", "main()", "main()"):
            program = self.board.start(f"asyncio.run({source})")
            self.board.sleep(2_100_000)
            self.assertFalse(program.done, program.error)
            self.board.interrupt()
            self.board.sleep(2_000_000)
        program = self.board.start("asyncio.run(service.run())")
        self.assertEqual(self.serving.alice.ask(discover(xid=4)).message.kind, "OFFER")
        self.assertFalse(program.done, program.error)

    def test_a_task_that_is_cancelled_ends_and_can_be_run_again(self):
        """By the program, not by stop(): the port stays open"""
        self.board.run("import asyncio")
        program = self.board.start(
            "async def main():\n"
            " task = asyncio.create_task(service.run())\n"
            " await asyncio.sleep_ms(50)\n"
            " task.cancel()\n"
            " try:\n  await task\n"
            " except asyncio.CancelledError:\n  print('cancelled')\n"
            " await service.run()\n"
            "asyncio.run(main())"
        )
        self.board.sleep(1_000_000)
        self.assertEqual(program.output, "cancelled\n")
        self.assertEqual(self.serving.alice.ask(discover(xid=4)).message.kind, "OFFER")
        self.assertFalse(program.done, program.error)

    def test_tasks_of_a_service_end_when_another_one_takes_its_place(self):
        self.board.run(
            "import asyncio\nold = service\n"
            "old_turns = []\n"
            + PART.replace(
                "def poll(self):", "def poll(self):\n        old_turns.append(0)"
            ).replace("service.add", "old.add")
        )
        self.board.start(
            "async def main():\n"
            " global service\n"
            " asyncio.create_task(old.run())\n"
            " await asyncio.sleep_ms(505)\n"
            " time.sleep_ms(600)\n"  # their turns are overdue when they are to end
            " service = Service(ap, make())\n"
            f" {START}\n"
            " fed.clear()\n old_turns.clear()\n"
            " await service.run()\n"
            "asyncio.run(main())"
        )
        self.board.sleep(5_000_000)
        alice = Station(self.board, ALICE)
        self.assertEqual(alice.ask(discover(xid=4)).message.kind, "OFFER")
        self.assertEqual(self.serving.run("print(fed, old_turns)"), "[] []")

    def test_an_address_is_checked_under_asyncio(self):
        """It naps while the check runs, and the answer comes in time."""
        self.serving.run(
            "import asyncio\n"
            "config = Config(address='10.10.10.1/24', pool=('10.10.10.16', '10.10.10.31'))\n"
            f"service = Service(ap, config)\n{START}"
        )
        Station(self.board, "00:00:5e:00:53:02")
        alice = Station(self.board, ALICE)
        program = self.board.start("asyncio.run(service.run())")
        asked_us = self.board.now_us
        self.assertEqual(alice.ask(discover(xid=4)).message.kind, "OFFER")
        self.assertIn(self.board.now_us - asked_us, range(390_000, 450_000))
        self.assertFalse(program.done, program.error)

    def test_after_days_without_a_turn_it_goes_on(self):
        for days in (6, 7, 9, 11, 12):
            for fails in (0, 1):
                with self.subTest(days=days, fails=fails):
                    self.board.fail("send_ethernet", "ENOMEM", fails)
                    self.serving.alice.send_udp(discover(xid=3))
                    self.board.sleep(2000)
                    self.serving.run("service.poll()\nfed.clear()")
                    before_s = int(self.serving.stat("seconds"))
                    self.board.ticks_offset_ms += days * 86_400_000
                    self.serving.rest(2000)
                    self.assertGreaterEqual(int(self.serving.run("print(len(fed))")), 3)
                    gone_s = int(self.serving.stat("seconds")) - before_s
                    self.assertIn(gone_s, range(days * 86_400, days * 86_400 + 5))
                    self.assertEqual(len(self.serving.ask(discover(xid=4))), 1)

    def test_after_a_week_without_a_turn_it_does_its_chores(self):
        self.serving.run("service.stop()")
        self.board.ticks_offset_ms += 7 * 86_400_000
        self.serving.run(f"{START}\nfed.clear()")
        self.serving.rest(2000)
        self.assertGreaterEqual(int(self.serving.run("print(len(fed))")), 3)
        self.assertGreaterEqual(int(self.serving.stat("seconds")), 7 * 86_400)

    def test_new_settings_end_a_reply_that_waits(self):
        """It belongs to an old table; its client asks again."""
        self.board.fail("send_ethernet", "ENOMEM", 1)
        self.serving.alice.send_udp(discover(xid=6))
        self.board.sleep(2000)
        self.serving.run("service.poll()\nservice.configure(make(lease_s=700))")
        self.serving.alice.frames.clear()
        self.serving.rest(200)
        self.assertEqual(self.serving.alice.messages(), [])
        self.assertEqual(len(self.serving.ask(discover(xid=6))), 1)

    def test_new_settings_while_it_runs(self):
        address = self.serving.lease()
        self.serving.run("service.configure(make(lease_s=7200))")
        (ack,) = self.serving.ask(request(ciaddr=address, xid=9))
        self.assertEqual(int.from_bytes(ack.option(51), "big"), 7200)
        self.assertEqual(self.serving.run("print(service.config.lease_s)"), "7200")


PART = """
class Part:
    def __init__(self):
        self.sock, self.heard, self.fails = None, [], 0
    def open(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.bind(("0.0.0.0", 5000))
    def sockets(self):
        return [self.sock] if self.sock else []
    def poll(self):
        if self.fails:
            self.fails -= 1
            raise ValueError("part")
        try:
            self.heard.append(self.sock.recv(99))
        except OSError:
            pass
    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None
import asyncio, socket
part = Part()
service.add(part)
"""


class Parts(unittest.TestCase):
    """Service.add(): what takes turns with the server."""

    def setUp(self):
        self.serving = Serving()
        self.board = self.serving.board

    def heard(self):
        return self.serving.run("print(part.heard)")

    def say(self, data=b"hello"):
        self.serving.alice.send_udp(data, to=("10.10.10.1", 5000))

    def test_by_poll(self):
        self.serving.run(PART)
        self.say()
        self.serving.rest(30)
        self.assertEqual(self.heard(), "[b'hello']")
        self.assertEqual(len(self.serving.ask(discover(xid=1))), 1)

    def test_by_run_added_before_and_while_it_runs(self):
        task = "async def main():\n asyncio.create_task(service.run())\n"
        task += (
            " await asyncio.sleep_ms(20)\n{}\n await asyncio.sleep_ms(9000)\nasyncio.run(main())"
        )
        late = " " + PART.strip().replace("\n", "\n ").replace("part = ", "global part\n part = ")
        late = late.replace("import asyncio, socket", "import socket")
        for before, source in ((PART, task.format("")), ("import asyncio", task.format(late))):
            self.serving = Serving()
            self.board = self.serving.board
            self.serving.run(before)
            program = self.board.start(source)
            self.board.sleep(100_000)
            self.say()
            self.board.sleep(5000)  # it is woken, it does not wait for its next turn
            self.say()
            self.board.sleep(5000)
            self.assertEqual(self.serving.alice.ask(discover(xid=1)).message.kind, "OFFER")
            self.assertFalse(program.done, program.error)
            self.board.interrupt()
            self.assertEqual(self.heard(), "[b'hello', b'hello']")

    def test_a_second_one_added_while_it_runs(self):
        self.serving.run(PART + "other = Part()\nother.open = lambda: None")
        self.board.start(
            "async def main():\n"
            " asyncio.create_task(service.run())\n"
            " await asyncio.sleep_ms(20)\n"
            " service.add(other)\n"
            " other.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            " other.sock.setblocking(False)\n"
            " other.sock.bind(('10.10.10.1', 5001))\n"
            " await asyncio.sleep_ms(9000)\n"
            "asyncio.run(main())"
        )
        self.board.sleep(200_000)
        self.serving.alice.send_udp(b"you", to=("10.10.10.1", 5001))
        self.say()
        self.board.sleep(200_000)
        self.assertEqual(self.serving.run("print(part.heard, other.heard)"), "[b'hello'] [b'you']")

    def test_one_that_gives_its_socket_up_when_it_has_heard_something(self):
        self.serving.run(
            PART + "poll = part.poll\n"
            "def once():\n poll()\n if part.heard: part.close()\n"
            "part.poll = once"
        )
        program = self.board.start("asyncio.run(service.run())")
        self.board.sleep(100_000)
        self.say()
        self.board.sleep(200_000)
        self.assertEqual(self.serving.alice.ask(discover(xid=1)).message.kind, "OFFER")
        self.assertFalse(program.done, program.error)
        self.board.interrupt()
        self.assertEqual(self.heard(), "[b'hello']")

    def test_what_one_raises_under_asyncio_is_counted_and_it_goes_on(self):
        self.serving.run(PART)
        program = self.board.start("asyncio.run(service.run())")
        self.board.sleep(101_000)
        self.serving.board._names["part"].fails = 2  # when it is woken, and in its next turn
        self.say()
        self.board.sleep(200_000)
        self.assertFalse(program.done, program.error)
        self.assertIn("ValueError: part", program.output)
        self.board.interrupt()
        self.assertEqual((self.heard(), self.serving.stat("troubles")), ("[b'hello']", "2"))

    def test_one_that_changes_its_socket_while_it_runs(self):
        """The new one is waited for like the old one"""
        self.serving.run(PART)
        program = self.board.start(
            "async def main():\n"
            " asyncio.create_task(service.run())\n"
            " while True:\n"
            "  await asyncio.sleep_ms(20)\n"
            "  if len(part.heard) == 1:\n   part.close()\n   part.open()\n   part.heard += [0]\n"
            "asyncio.run(main())"
        )
        for _ in range(2):
            self.board.sleep(100_000)
            self.say()
        self.board.sleep(5000)
        self.say()
        self.board.sleep(5000)
        self.assertFalse(program.done, program.error)
        self.assertEqual(program.output, "")
        self.assertEqual(self.heard(), "[b'hello', 0, b'hello', b'hello']")

    def test_it_opens_and_closes_with_the_service(self):
        self.serving.run(PART + "service.stop()\nassert part.sock is None\n" + START)
        self.serving.run("assert part.sock")

    def test_events_go_to_the_parts_and_to_the_program(self):
        self.serving.run(
            PART.replace(
                "class Part:", "class Part:\n    def event(self, *event): told.append(event)"
            )
            + "told, seen = [], []"
        )
        address = self.serving.lease()
        self.serving.run("service.on_event(lambda *event: seen.append(event[0]))")
        self.serving.ask(request(ciaddr=address, xid=9))
        said = self.serving.run("print([event[0] for event in told], seen)")
        self.assertEqual(said, "['bound', 'renewed'] ['renewed']")

    def test_what_it_raises_is_counted(self):
        self.serving.run(PART + "part.fails = 3")
        said = self.serving.rest(500)
        self.assertEqual(said.count("ValueError: part"), 1)
        self.assertEqual(self.serving.stat("troubles"), "3")


class Stored(unittest.TestCase):
    """storage.py: when the file is written, and errors of the disk."""

    def setUp(self):
        self.serving = Serving('store="leases"')
        self.board = self.serving.board
        self.files = self.board.files.content

    def storage(self, name):
        return int(self.serving.run(f"print(service.stats()['storage'][{name!r}])"))

    def test_a_new_lease_is_there_within_five_seconds_and_after_a_restart(self):
        address = self.serving.lease()
        self.assertNotIn("/leases", self.files)
        self.serving.rest(5000)
        self.assertEqual(sorted(self.files), ["/leases"])
        self.board.soft_reset()
        self.serving.begin('store="leases"')
        self.assertEqual(self.storage("restored"), 1)
        said = self.serving.run("print([(l.address, l.state) for l in service.leases()])")
        self.assertEqual(said, str([(address, "bound")]))

    def test_a_new_file_that_is_alone_is_read_and_takes_its_name(self):
        """On FAT the power may fail when the old file is gone and the new one has its old name."""
        self.serving.lease()
        self.serving.rest(5000)
        self.files["/leases.new"] = self.files.pop("/leases")
        self.board.soft_reset()
        self.serving.begin('store="leases"')
        self.assertEqual(self.storage("restored"), 1)
        self.assertEqual(sorted(self.files), ["/leases"])

    def test_what_follows_is_gathered_for_a_minute(self):
        address = self.serving.lease()
        self.serving.rest(5000)
        self.serving.alice.send_udp(release(ciaddr=address, server_id=OWN))
        self.serving.rest(50_000)
        self.assertEqual(self.storage("stored"), 1)
        self.serving.rest(11_000)
        self.assertEqual(self.storage("stored"), 2)

    def test_without_a_change_nothing_is_written(self):
        self.serving.rest(70_000)
        self.assertEqual((self.storage("stored"), dict(self.files)), (0, {}))

    def test_leases_of_before_begin_when_it_starts(self):
        """Not when the Service was made: an hour may lie between, and another start."""
        address = self.serving.lease()
        self.serving.run("service.stop()")
        self.board.soft_reset()
        self.serving.run(SETUP[: SETUP.index("service.start")].replace("{more}", 'store="leases"'))
        self.board.ticks_offset_ms += 3_500_000
        self.serving.run(f"{START}\nservice.stop()\n{START}")
        lease = self.serving.run(f"print(*service.find({ALICE!r})[::4])").split()
        self.assertEqual(lease[0], address)
        self.assertGreater(int(lease[1]), 3590)

    def test_a_stop_writes_what_is_new(self):
        self.serving.lease()
        self.serving.run("service.stop()")
        self.assertEqual(sorted(self.files), ["/leases"])

    def test_a_disk_that_is_full_keeps_the_old_file_and_is_tried_again(self):
        address = self.serving.lease()
        self.serving.rest(5000)
        kept = self.files["/leases"]
        self.board.fail("open", OSError(28))  # ENOSPC, a name that boards do not have
        self.serving.alice.send_udp(release(ciaddr=address, server_id=OWN))
        self.serving.rest(61_000)
        self.assertEqual((self.storage("store_failed"), self.files["/leases"]), (1, kept))
        self.serving.rest(61_000)
        self.assertEqual(self.storage("stored"), 2)
        self.assertEqual(sorted(self.files), ["/leases"])

    def test_a_disk_that_cannot_replace_a_file(self):
        self.files["/leases"] = b"old"
        self.board.fail("rename", "EEXIST")
        self.serving.lease()
        self.serving.rest(5000)
        self.assertEqual((self.storage("stored"), sorted(self.files)), (1, ["/leases"]))
        self.assertNotEqual(self.files["/leases"], b"old")

    def test_whatever_a_driver_raises_is_counted_and_ends_nothing(self):
        """A card's driver is Python: it raises anything."""
        errors = {"open": (ValueError("bad"), KeyError(1)), "rename": (TypeError(), Exception())}
        for call, raised in errors.items():
            for error in raised:
                with self.subTest(call, error=error):
                    self.serving = Serving('store="leases", on_feed=lambda: fed.append(1)')
                    self.serving.board.fail(call, error, 2)
                    self.serving.lease()
                    self.serving.rest(5000)
                    self.assertEqual(
                        (self.storage("stored"), self.storage("store_failed")), (0, 1)
                    )
                    self.serving.run("fed.clear()")
                    self.serving.rest(61_000)
                    self.assertGreater(int(self.serving.run("print(len(fed))")), 60)
                    self.serving.rest(61_000)
                    self.assertEqual(self.storage("stored"), 1)

    def test_a_file_that_cannot_be_read_is_told(self):
        for error in (ValueError("bad"), "EIO", MemoryError(), OSError("no card")):
            board = PicoW((1, 26))
            board.files.content["/leases"] = b"mDHC"
            board.run(SETUP[: SETUP.index("service.start")].replace("{more}", 'store="leases"'))
            board.fail("open", error, 2)
            board.run(START)
            self.assertEqual(board.run("print(service.stats()['storage']['restored'])"), "-1\n")

    def a_whole_one(self):
        """Return (address, file) of a board that has stored a lease."""
        serving = Serving('store="leases"')
        address = serving.lease()
        serving.run("service.stop()")
        return address, serving.board.files.content["/leases"]

    def test_the_whole_one_of_both_files_is_used(self):
        address, whole = self.a_whole_one()
        empty = whole[:5] + b"\0"
        empty += binascii.crc32(empty).to_bytes(4, "big")
        for old, new, restored in (
            (whole[:-1], whole, 1),
            (None, whole, 1),
            (b"", whole, 1),
            (whole, whole[:20], 1),
            (whole, b"", 1),
            (whole, None, 1),
            (empty, whole, 1),  # written, not renamed any more: it is the later one
            (whole[:9], whole[:9], -1),
            (whole[:9], None, -1),
            (None, whole[:9], 0),  # the first one of all, when the power failed
        ):
            files = {"/leases": old, "/leases.new": new}
            files = {name: data for name, data in files.items() if data is not None}
            with self.subTest(old=old and len(old), new=new and len(new)):
                self.serving = Serving('store="leases"', files)
                self.assertEqual(self.storage("restored"), restored)
                leased = self.serving.run("print([lease.address for lease in service.leases()])")
                self.assertEqual(leased, str([address] if restored > 0 else []))
                if new == whole:
                    self.assertEqual(dict(self.serving.board.files.content), {"/leases": whole})

    def test_writes_have_a_budget(self):
        """Ten in a row, then one a minute, whatever clients do: a flash wears."""
        self.serving = Serving('store="leases"', {})
        self.serving.run("writes = []\nsave = service.storage.save\n")
        alice = self.serving.alice
        alice.address = None
        program = self.serving.board.start("serve(750_000)")
        for _ in range(250):
            alice.send_udp(request(requested="10.10.10.20", xid=5))
            self.serving.board.sleep(1_500_000)
            alice.send_udp(release(ciaddr="10.10.10.20", server_id=OWN))
            self.serving.board.sleep(1_500_000)
        program.wait(300)
        self.assertIn(self.storage("stored"), range(20, 24))  # 10 and one for each of 12 minutes

    def test_a_damaged_file_is_counted_and_replaced(self):
        self.serving = Serving('store="leases"', {"/leases": b"mDHC nonsense"})
        self.assertEqual(self.storage("restored"), -1)
        self.serving.lease()
        self.serving.rest(5000)
        self.assertEqual(self.storage("stored"), 1)


if __name__ == "__main__":
    unittest.main()
