"""The power fails at every byte of every write of some days: no lease is lost, none given twice.

Both programs that store leases: linux/storage.py of the desktop, storage.py of a board, on
littlefs and on FAT.  The clients are those of tools/simulate.
"""

import sys
import unittest
from pathlib import Path
from unittest import mock

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

from linux.storage import Storage
from microdhcp import Server, store
from microdhcp import storage as board
from simulate import Settings, watched
from simulate.cuts import NAME, desktop
from simulate.disk import BoardDisk, Disk
from timeline import Client, serve

SETTINGS = Settings(3, days=0.8, devices=30, pool=12, squatters=1, restart_days=0.3, lease_s=1800)


def on_board(disk):
    """Let the board's storage see this disk; for a `with` statement."""
    return mock.patch.multiple(board, os=disk, open=disk.open_file, create=True)


class BoardStorage:
    """storage.py of a board, ticked twice a second, as the host of tools/simulate wants it."""

    def __init__(self, server, disk):
        self._server = server
        self._disk = disk
        self._storage = board.Storage(NAME, server)

    @property
    def stored(self):
        """How often it has written the file."""
        return self._storage.counts["stored"]

    def load(self, now_s):
        """Read the file."""
        with on_board(self._disk):
            self._storage.load(now_s)

    def wait_s(self, _now_s):
        """Return when to tick again, None: not before a change."""
        return 0.5 if self._server.leases.changed else None

    def run(self, now_s):
        """Tick."""
        with on_board(self._disk):
            self._storage.tick(now_s)

    def save(self, now_s):
        """Write the file."""
        with on_board(self._disk):
            self._storage.save(now_s)


def of_board(server, disk, _told):
    """Return the board's storage."""
    return BoardStorage(server, disk)


class PowerCutTest(unittest.TestCase):
    def check(self, make, disk):
        """Nothing is lost at any moment."""
        story, cuts = watched(SETTINGS, make, disk)
        self.assertEqual(story.run().failures[:5], [])
        self.assertGreater(cuts.moments, 3000)
        self.assertGreater(cuts.bindings, cuts.moments)

    def test_desktop(self):
        self.check(desktop, Disk())

    def test_board_with_littlefs(self):
        self.check(of_board, BoardDisk())

    def test_board_with_fat(self):
        self.check(of_board, BoardDisk(fat=True))


class FaultTest(unittest.TestCase):
    """Faults planted into the desktop's storage are seen."""

    def failures(self, name, function):
        with mock.patch.object(Storage, name, function):
            return watched(SETTINGS)[0].run().failures

    def test_a_file_that_is_not_synced(self):
        def write_new(storage, new, data):
            fd = storage._os.open(new, 577)
            storage._os.write(fd, data)
            storage._os.close(fd)

        self.assertNotEqual(self.failures("_write_new", write_new), [])

    def test_a_file_that_is_written_in_place(self):
        def write(storage, data):
            storage._write_new(storage.path, data)

        self.assertNotEqual(self.failures("_write", write), [])

    def test_leases_that_are_stored_too_late(self):
        with mock.patch("linux.storage.NEW_S", 12):
            failures = watched(SETTINGS)[0].run().failures
        self.assertIn("is lost", "".join(failures))


class LonelyFileTest(unittest.TestCase):
    def test_fat_with_nothing_but_the_new_file(self):
        """The power failed between remove() and rename(); it fails again at the next store."""
        server, data = served(3)
        disk = BoardDisk(fat=True)
        disk.start_from({NAME + ".new": data})
        storage = BoardStorage(server, disk)
        storage.load(0)
        left = []
        disk.step = lambda: left.extend(disk.survivors())
        server.leases.changed = 1
        storage.save(0)
        self.assertGreater(len(left), len(data))
        for files in left:
            again = Server(server.config)
            fresh = BoardDisk(fat=True)
            fresh.start_from(files)
            BoardStorage(again, fresh).load(0)
            self.assertEqual([row.state for row in again.roster(0)], ["bound"] * 3)


def served(count):
    """Return a server that has just started and what another, with so many leases, stored."""
    first = serve()
    for number in range(count):
        Client(first, number + 1).dora()
    return serve(), store.dump(first, 0)


class DamageTest(unittest.TestCase):
    """Whatever is in the file, the server starts."""

    def test_every_byte_damaged_and_every_length(self):
        server, data = served(8)
        for at in range(len(data)):
            for bad in (data[:at], data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]):
                told = []
                disk = Disk()
                disk.start_from({NAME: bad})
                storage = desktop(server, disk, told.append)
                storage.load(0)
                self.assertEqual((storage.counts["damaged"], len(told)), (1, 1))
                self.assertEqual(disk.survivors()[-1], {NAME + ".damaged": bad})


if __name__ == "__main__":
    unittest.main()
