"""--store of tools/serve.py: leases outlive the server, and nothing of others is touched."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

import client
import leases
from linux.storefile import MAGIC, StoreFile
from microdhcp import Config, Server, store
from patience import until
from test_host_serve import MAC, ON_CABLE, SERVE, Cable, in_lab

LIMIT_S = 600


def empty():
    """Return a store without leases, as bytes."""
    config = Config(address="10.77.0.1/24", pool=("10.77.0.10", "10.77.0.20"))
    return store.dump(Server(config), 0)


class StoreFileTest(unittest.TestCase):
    """What may be the store, and what happens to what may not."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "leases"
        self.data = empty()

    def claim(self):
        """Return a StoreFile that has been claimed."""
        file = StoreFile(str(self.path))
        file.claim()
        self.addCleanup(lambda: os.close(file._fd))
        return file

    def names(self):
        """Return what is in the folder."""
        return sorted(path.name for path in self.folder.iterdir())

    def assert_refused(self, why):
        """The file is refused, and the folder is as it was."""
        before = [(path.name, path.lstat()) for path in sorted(self.folder.iterdir())]
        with self.assertRaisesRegex(OSError, why):
            StoreFile(str(self.path)).claim()
        after = [(path.name, path.lstat()) for path in sorted(self.folder.iterdir())]
        for (name, old), (other, new) in zip(before, after, strict=True):
            self.assertEqual(
                (name, old.st_ino, old.st_mode, old.st_size, old.st_mtime_ns),
                (other, new.st_ino, new.st_mode, new.st_size, new.st_mtime_ns),
            )

    def test_magic_is_that_of_the_store(self):
        self.assertEqual(self.data[: len(MAGIC)], MAGIC)

    def test_other_things_are_refused_and_left_alone(self):
        def device():
            os.mknod(self.path, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero

        def connected():
            with socket.socket(socket.AF_UNIX) as sock:
                sock.bind(str(self.path))

        makers = {
            "text": (lambda: self.path.write_text("my holidays"), "not a store"),
            "short": (lambda: self.path.write_bytes(MAGIC[:3]), "not a store"),
            "FIFO": (lambda: os.mkfifo(self.path), "not a regular file"),
            "directory": (self.path.mkdir, "not a regular file"),
            "socket": (connected, "not a regular file"),
            "link": (lambda: self.path.symlink_to("/etc/passwd"), "not a regular file"),
        }
        if os.geteuid() == 0:
            makers["device"] = device, "not a regular file"
        for what, (make, why) in makers.items():
            with self.subTest(what):
                make()
                self.assert_refused(why)
                if what == "directory":
                    self.path.rmdir()
                else:
                    self.path.unlink()

    def test_one_server_at_a_time(self):
        first = self.claim()
        for _ in range(3):
            self.assert_refused("another server")
            first.replace(self.data)
        self.assertEqual(self.path.read_bytes(), self.data)

    def test_files_that_happen_to_have_our_names_stay(self):
        others = {"leases.new": b"mine", "leases.damaged": b"mine too", "leases.tmp": b"and"}
        for name, data in others.items():
            (self.folder / name).write_bytes(data)
        self.path.write_bytes(self.data[:-1])
        file = self.claim()
        self.assertEqual(file.set_aside(), f"{self.path}.damaged.2")
        file.replace(self.data)
        self.assertEqual((self.folder / "leases.damaged.2").read_bytes(), self.data[:-1])
        for name, data in others.items():
            self.assertEqual((self.folder / name).read_bytes(), data)
        self.assertEqual(len(self.names()), 5)

    def test_another_file_in_its_place_is_not_replaced(self):
        file = self.claim()
        other = self.folder / "other"
        other.write_bytes(b"mine")
        other.replace(self.path)
        with self.assertRaisesRegex(OSError, "another file"):
            file.replace(self.data)
        self.assertEqual((self.names(), self.path.read_bytes()), (["leases"], b"mine"))

    def test_a_file_that_was_deleted_is_made_again(self):
        file = self.claim()
        self.path.unlink()
        file.replace(self.data)
        self.assertEqual((self.names(), self.path.read_bytes()), (["leases"], self.data))


@in_lab
class StoreTest(unittest.TestCase):
    """Leases outlive the server, whatever ends it."""

    def setUp(self):
        self.cable = self.enterContext(Cable())
        self.path = Path(self.enterContext(tempfile.TemporaryDirectory())) / "leases"
        self.words = ("--store", str(self.path), "--conflict-check", "off")

    def stored(self):
        """Return {MAC: address} of the leases in the file."""
        found = leases.rows(self.path.read_bytes()) or ()
        return {row["mac"]: row["address"] for row in found if row["state"] == "bound"}

    def obtain(self, mac=MAC):
        with self.cable.wire() as wire:
            return socket.inet_ntoa(client.Client(wire, mac).obtain().address)

    def wait_until_stored(self, mac):
        self.assertTrue(until(lambda: self.path.exists() and mac.hex(":") in self.stored()))

    def test_a_new_lease_is_stored_and_outlives_a_kill(self):
        process = self.cable.server.start(
            [*SERVE, *ON_CABLE, *self.words], stdout=subprocess.PIPE, text=True
        )
        process.popen.stdout.readline()
        address = self.obtain()
        self.wait_until_stored(MAC)
        process.kill()
        process.popen.stdout.close()
        self.assertEqual(self.stored(), {MAC.hex(":"): address})
        with self.cable.serve(*self.words) as server:
            row = server.leases()[0]
            self.assertEqual((row["address"], row["state"]), (address, "bound"))
            self.assertNotEqual(self.obtain(MAC[:5] + b"\x02"), address)
            self.assertEqual(self.obtain(), address)

    def test_sigterm_stores_what_is_new(self):
        with self.cable.serve(*self.words):
            address = self.obtain()
        self.assertEqual(self.stored(), {MAC.hex(":"): address})

    def test_a_damaged_file_is_kept_under_another_name(self):
        damaged = empty()[:-1] + b"?"
        self.path.write_bytes(damaged)
        with self.cable.serve(*self.words) as server:
            told = server.wait("store", LIMIT_S)
            self.assertIn("is damaged; it is kept as", told["message"])
            self.obtain()
        self.assertEqual(len(self.stored()), 1)
        self.assertEqual(Path(f"{self.path}.damaged").read_bytes(), damaged)

    def refused(self, path):
        """Return the one line with which a server that is to keep its leases there ends."""
        status, lines = self.cable.serve_fails(*ON_CABLE, "--store", str(path))
        self.assertEqual((status, len(lines)), (2, 1), lines)
        return lines[0]

    def test_where_nothing_can_be_stored_it_does_not_start(self):
        path = str(self.path / "deeper")
        self.assertIn(f"serve: store: {path}: No such file or directory", self.refused(path))

    def test_what_is_not_a_store_is_refused_by_name(self):
        self.path.write_bytes(b"my holidays")
        line = self.refused(self.path)
        self.assertIn(f"serve: store: {self.path}: is not a store of leases", line)
        self.assertEqual(self.path.read_bytes(), b"my holidays")
        self.assertIn("/dev/null: is not a regular file", self.refused("/dev/null"))

    def test_a_second_server_with_the_same_file_is_refused(self):
        with Cable() as other, other.serve(*self.words):
            self.assertIn("another server keeps its leases there", self.refused(self.path))

    def test_a_link_is_followed(self):
        link = self.path.with_name("link")
        link.symlink_to(self.path)
        self.words = ("--store", str(link), *self.words[2:])
        with self.cable.serve(*self.words):
            address = self.obtain()
        self.assertTrue(link.is_symlink())
        self.assertEqual(self.stored(), {MAC.hex(":"): address})

    def test_a_full_disk_is_told_once_and_the_server_goes_on(self):
        script = (
            "mount -t tmpfs -o size=4k none /mnt && head -c 4096 /dev/zero > /mnt/rest ; "
            'exec "$@" --json --store /mnt/leases'
        )
        argv = ["unshare", "-m", "sh", "-c", script, "sh", *SERVE, *ON_CABLE]
        process = self.cable.server.start(argv, stdout=subprocess.PIPE, text=True)
        lines = iter(process.popen.stdout.readline, "")
        told = [json.loads(line) for line in itertools.islice(lines, 1)]
        self.obtain()
        told += list(itertools.islice(map(json.loads, lines), 4))
        process.signal(signal.SIGTERM)
        told += [json.loads(line) for line in lines]
        process.popen.wait(LIMIT_S)
        process.popen.stdout.close()
        messages = [event["message"] for event in told if event["event"] == "store"]
        self.assertEqual(len(messages), 1, told)
        self.assertIn("No space left on device", messages[0])


if __name__ == "__main__":
    unittest.main()
