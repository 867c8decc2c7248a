"""The log of tools/serve.py: nothing that happens to it stops the server or is hidden."""

import contextlib
import json
import os
import pty
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

import client
import dhcptext
import leases
from linux import events
from linux.output import WAITING_BYTES, Output
from test_host_serve import MAC, ON_CABLE, SERVE, Cable, in_lab

LIMIT_S = 600
MACS = [MAC[:5] + bytes((number,)) for number in range(1, 200)]


class OutputTest(unittest.TestCase):
    """Output and a pipe, whose reader is slow, stopped or gone."""

    def setUp(self):
        self.read_end, self.write_end = os.pipe()
        self.output = Output(self.write_end, as_json=True)

    def tearDown(self):
        for fd in (self.read_end, self.write_end):
            with contextlib.suppress(OSError):
                os.close(fd)

    def read_all(self, text=b""):
        """Read as a slow reader does, until all is written; return the events, `text` first."""
        while not self.output.flush():
            text += os.read(self.read_end, 65536)
        os.close(self.write_end)
        while more := os.read(self.read_end, 65536):
            text += more
        return [json.loads(line) for line in text.splitlines()]

    def test_what_nobody_reads_waits(self):
        sent = [{"event": "offer", "at_s": number} for number in range(5000)]
        for event in sent:
            self.output.tell(event)
        self.assertEqual(self.read_all(), sent)

    def test_too_much_is_dropped_and_counted(self):
        for number in range(20000):
            self.output.tell({"event": "offer", "at_s": number})
        while not self.output.flush():
            os.read(self.read_end, 65536)
        self.output.tell({"event": "ack"})
        *_, lost, last = self.read_all()
        self.assertEqual(last, {"event": "ack"})
        self.assertEqual(lost["event"], "lost")
        self.assertGreater(lost["lines"], 5000)

    def test_every_line_is_read_or_counted_where_it_is_missing(self):
        chance = random.Random(4)
        text = b""
        for number in range(30000):
            self.output.tell({"event": "offer", "at_s": number, "pad": "x" * 400})
            if chance.random() < 0.0015:
                text += os.read(self.read_end, 1 << 19)
        expected = gaps = 0
        for event in self.read_all(text):
            if event["event"] == "lost":
                expected += event["lines"]
                gaps += 1
            else:
                self.assertEqual(event["at_s"], expected)
                expected += 1
        self.assertEqual(expected, 30000)
        self.assertGreater(gaps, 1)

    def test_bytes_that_wait_are_bounded(self):
        for _ in range(5000):
            self.output.tell({"event": "offer", "pad": "x" * 5000})
        waiting = sum(len(data) for data, _ in self.output._waiting)
        self.assertLessEqual(waiting, WAITING_BYTES)
        self.assertGreater(waiting, WAITING_BYTES // 2)

    def test_the_reader_goes_away(self):
        self.output.tell({"event": "ack"})
        os.close(self.read_end)
        for _ in range(10):
            self.output.tell({"event": "offer"})
        self.assertTrue(self.output.flush(0.5))
        self.assertIsNotNone(self.output.wait_s())

    def test_another_reader_comes(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        path = os.path.join(folder, "fifo")
        os.mkfifo(path)
        first = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        fd = os.open(path, os.O_WRONLY)
        self.addCleanup(os.close, fd)
        output = Output(fd, as_json=True)
        for number in range(4000):
            output.tell({"event": "offer", "at_s": number, "pad": "x" * 400})
        os.close(first)
        self.assertTrue(output.flush())
        second = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, second)
        output.wait_s()
        output.tell({"event": "ack"})
        text = b""
        while not text.endswith(b'"ack"}\n'):
            output.flush()
            text += os.read(second, 65536)
        *whole, lost, ack = map(json.loads, text.splitlines())
        self.assertEqual((lost["event"], ack), ("lost", {"event": "ack"}))
        self.assertEqual(len(whole) + lost["lines"], 4000)

    def test_a_terminal_that_is_stopped_does_not_stop_the_server(self):
        master, slave = pty.openpty()
        output = Output(slave)
        started = time.monotonic()
        for _ in range(20000):
            output.tell({"event": "error", "message": "x" * 100})
        self.assertLess(time.monotonic() - started, LIMIT_S)
        self.assertFalse(output.flush())
        os.close(master)
        output.tell({"event": "error", "message": "nobody is there"})
        self.assertTrue(output.flush())
        os.close(slave)


class EscapeTest(unittest.TestCase):
    """What others chose is shown, but does nothing to a terminal and begins no line."""

    NASTY = "\x1b[2J\nBOUND    00:00:5e:00:53:99 10.77.0.66\r\u202e\x9b\x00"

    def assert_plain(self, text, lines=1):
        self.assertEqual(len(text.split("\n")), lines, text)
        self.assertTrue(text.replace("\n", "").isprintable(), ascii(text))

    def test_events(self):
        for event in (
            {"event": "bound", "mac": "x", "address": "y", "host_name": self.NASTY},
            {"event": "error", "message": self.NASTY},
            {"event": "store", "message": self.NASTY},
            {"event": "drop", "in": self.NASTY, "reason": self.NASTY},
            {"event": "settings", "restart": [self.NASTY]},
        ):
            self.assert_plain(events.text(event))
        row = {"address": "a", "mac": "m", "state": "bound", "left_s": 1, "reserved": False}
        table = {"event": "leases", "slots": 1, "leases": [row | {"host_name": self.NASTY}]}
        self.assert_plain(events.text(table), 2)

    def test_every_option_of_a_message(self):
        chance = random.Random(5)
        nasty = self.NASTY.encode("utf-8")[:20]
        labels = bytes((len(nasty),)) + nasty + b"\0"
        values = [nasty, labels, b"\4\0\0" + labels, b"\0" + labels, b"\1" + nasty, nasty * 12]
        values += [chance.randbytes(n) for n in range(40)]
        for code in range(1, 255):
            for value in values:
                self.assert_plain(dhcptext.option_text(code, value))

    def test_header_fields(self):
        packet = bytearray(client.message("DISCOVER", MAC, 1))
        packet[44:108] = self.NASTY.encode("utf-8").ljust(64, b"\x1b")
        packet[108:236] = self.NASTY.encode("utf-8").ljust(128, b"\n")
        for line in dhcptext.lines(packet):
            self.assert_plain(line)

    def test_text_is_not_much_longer_than_the_message(self):
        """Pointers in domain names once made 160 KB out of 1.4 KB."""
        label = b"\x3f" + b"\x1b" * 63
        name = label * 3 + b"\0"
        bombs = {
            119: name + b"\xc0\x00" * 600,
            81: b"\4\0\0" + name + b"\xc0\x00" * 600,
            120: b"\0" + name + b"\xc0\x00" * 600,
            55: bytes(range(255)) * 5,
            82: b"\1\1\x1b" * 400,
            12: b"\x1b" * 1400,
        }
        for code, value in bombs.items():
            packet = client.message("DISCOVER", MAC, 1)[:-1]
            packet = packet[: packet.index(b"\xff", 240)]
            for at in range(0, len(value), 255):
                part = value[at : at + 255]
                packet += bytes((code, len(part))) + part
            text = "\n".join(dhcptext.lines(packet + b"\xff"))
            self.assertLess(len(text), 1000, code)

    def test_a_pointer_bomb_takes_no_time(self):
        started = time.process_time()
        ring = b"\xc0\x02" + b"".join(
            (0xC000 + 2 * at + 4).to_bytes(2, "big") for at in range(600)
        )
        for _ in range(20):
            dhcptext.option_text(119, ring)
        self.assertLess(time.process_time() - started, 5)


@in_lab
class BrokenLogTest(unittest.TestCase):
    """serve.py goes on serving and storing when its log is broken, and ends with status 0."""

    @classmethod
    def setUpClass(cls):
        cls.cable = cls.enterClassContext(Cable())

    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.store = Path(folder) / "leases"
        self.words = ["--conflict-check", "off", "--json", "--store", str(self.store)]

    def start(self, script='exec "$@"', **kwargs):
        """Start serve.py by a shell script that gets its command line as arguments."""
        argv = ["sh", "-c", script, "sh", *SERVE, *ON_CABLE, *self.words]
        kwargs = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **kwargs}
        return self.cable.server.start(argv, **kwargs)

    def obtain(self, number=0):
        with self.cable.wire() as wire:
            return client.Client(wire, MACS[number]).obtain()

    def obtain_when_ready(self):
        """Obtain from a server that cannot say when it is ready."""
        end = time.monotonic() + LIMIT_S
        while True:
            try:
                return self.obtain()
            except client.ClientError:
                if time.monotonic() > end:
                    raise

    def assert_ends_well(self, process, number=signal.SIGTERM, count=1):
        """It ends with status 0, has complained of nothing, and all leases are stored."""
        process.signal(number)
        err = process.popen.communicate(timeout=LIMIT_S)[1]
        self.assertEqual((process.popen.returncode, err or b""), (0, b""))
        rows = leases.rows(self.store.read_bytes())
        self.assertEqual([row["state"] for row in rows], ["bound"] * count)

    def test_reader_of_the_log_goes_away(self):
        process = self.start()
        process.popen.stdout.readline()
        process.popen.stdout.close()
        self.obtain(0)
        self.obtain(1)
        self.assertIsNone(process.popen.poll())
        process.popen.stdout = None
        self.assert_ends_well(process, count=2)

    def test_every_signal_that_ends_it_stores_the_leases(self):
        for name in ("TERM", "INT", "HUP", "QUIT", "ALRM", "USR2", "XCPU", "PROF", "VTALRM"):
            self.store.unlink(missing_ok=True)
            with self.subTest(name):
                process = self.start()
                process.popen.stdout.readline()
                self.obtain()
                self.assert_ends_well(process, getattr(signal, f"SIG{name}"))

    def test_a_log_that_takes_nothing(self):
        process = self.start('exec "$@" >/dev/full')
        self.obtain_when_ready()
        self.assert_ends_well(process)

    def test_closed_files(self):
        for closed in (">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full"):
            self.store.unlink(missing_ok=True)
            with self.subTest(closed):
                process = self.start(f'exec "$@" {closed}')
                self.obtain_when_ready()
                self.assert_ends_well(process)

    def test_sigpipe_is_no_end(self):
        process = self.start()
        process.popen.stdout.readline()
        process.signal(signal.SIGPIPE)
        self.obtain()
        self.assert_ends_well(process)

    def test_a_full_disk_is_told_when_there_is_room_again(self):
        script = (
            "mount -t tmpfs -o size=64k none /mnt && exec 3>/mnt/log && "
            "{ head -c 65536 /dev/zero >/mnt/rest || :; } 2>/dev/null && "
            'echo full && exec "$@" >&3'
        )
        argv = ["unshare", "-m", "sh", "-c", script, "sh", *SERVE, *ON_CABLE, *self.words]
        process = self.cable.server.start(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(process.popen.stdout.readline(), b"full\n")
        self.obtain_when_ready()
        mount = Path(f"/proc/{process.pid}/root/mnt")
        self.assertEqual((mount / "log").read_text(), "")
        (mount / "rest").unlink()
        self.obtain(1)
        log = mount / "log"
        end = time.monotonic() + LIMIT_S
        while log.read_text().count("\n") < 3:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        told = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual(told[0]["event"], "lost")
        self.assertGreaterEqual(told[0]["lines"], 1)
        self.assertIn("ack", [event["event"] for event in told])
        self.assert_ends_well(process, count=2)

    def test_a_stopped_reader_costs_bounded_memory(self):
        self.words = ["--conflict-check", "off", "--verbose"]
        process = self.start()
        process.popen.stdout.readline()
        packets = [
            client.message("DISCOVER", mac, 1, {12: b"\x1b" * 200, 119: b"\x01x\0" * 60})
            for mac in MACS
        ]
        status = Path(f"/proc/{process.pid}/status")

        def resident_kb():
            return int(status.read_text().partition("VmRSS:")[2].split()[0])

        with self.cable.wire() as wire:
            before = resident_kb()
            for _ in range(10):
                for packet, mac in zip(packets, MACS):
                    wire.send(packet, mac)
                while wire.receive(0.2):
                    pass
        self.assertLess(resident_kb() - before, 8000)
        process.signal(signal.SIGTERM)
        out = process.popen.communicate(timeout=LIMIT_S)[0].decode()
        self.assertEqual(process.popen.returncode, 0)
        self.assertTrue(out.replace("\n", "").isprintable())


class VersionTest(unittest.TestCase):
    """A missing requirement gives one line, before anything else is tried."""

    def run_with(self, setup, program="serve"):
        code = f"import sys, socket; {setup}; import requires; requires.check({program!r}, True)"
        return subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            cwd=TOOLS,
        )

    def assert_refused(self, setup, line):
        done = self.run_with(setup)
        self.assertEqual((done.returncode, done.stderr, done.stdout), (1, line, ""))

    def test_old_python(self):
        self.assert_refused(
            "sys.version_info = (3, 10, 13)",
            "serve: needs Python 3.11 or newer; this is 3.10\n",
        )

    def test_no_packet_sockets(self):
        self.assert_refused(
            "del socket.AF_PACKET; sys.platform = 'darwin'",
            "serve: needs Linux and its packet sockets; this is darwin\n",
        )

    def test_here(self):
        self.assertEqual(self.run_with("pass").returncode, 0)

    def test_an_old_python_can_read_the_check(self):
        """serve.py, client.py and requires.py hold nothing that Python 3.6 does not know."""
        import ast

        for name in ("requires.py", "serve.py"):
            ast.parse((TOOLS / name).read_text(), feature_version=(3, 6))


if __name__ == "__main__":
    unittest.main()
