"""The power fails at every byte of every write of some days: no lease is lost, none given twice.

Both programs that store leases: linux/storage.py of the desktop, storage.py of a board, on
littlefs and on FAT.  The clients are those of tools/simulate.
"""

import os
import sys
import unittest
from pathlib import Path
from unittest import mock

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

from linux.storefile import MAGIC, StoreFile
from microdhcp import Server, store
from simulate import Settings
from simulate.cuts import watched
from simulate.disk import NAME, BoardDisk, BoardStorage, Disk, desktop, of_board
from timeline import Client, serve

SETTINGS = Settings(3, days=0.8, devices=30, pool=12, squatters=1, restart_days=0.3, lease_s=1800)


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
        with mock.patch.object(StoreFile, name, function):
            try:
                return watched(SETTINGS)[0].run().failures
            except OSError as error:  # what is left is not even taken for a store
                return [str(error)]

    def test_a_file_that_is_not_synced(self):
        def fill(file, fd, data):
            file._os.write(fd, data)

        self.assertNotEqual(self.failures("_fill", fill), [])

    def test_a_file_that_is_written_in_place(self):
        def replace(file, data):
            fd = file._os.open(file.path, os.O_WRONLY | os.O_TRUNC)
            file._fill(fd, data)
            file._os.close(fd)

        self.assertNotEqual(self.failures("replace", replace), [])

    def test_leases_that_are_stored_too_late(self):
        with mock.patch("microdhcp.storage._NEW_S", 12):
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
    """Whatever the disk has made of the file, its bytes are kept and the server starts."""

    def test_every_byte_damaged_and_every_length(self):
        server, data = served(8)
        for at in range(len(MAGIC), len(data)):
            for bad in (data[:at], data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]):
                told = []
                disk = Disk()
                disk.start_from({NAME: bad})
                storage = desktop(server, disk, told.append)
                storage.load(0)
                self.assertEqual((storage.counts["damaged"], len(told)), (1, 1))
                storage.save(0)
                left = disk.survivors()[-1]
                self.assertEqual(left[NAME + ".damaged"], bad)
                self.assertEqual(sorted(left), [NAME, NAME + ".damaged"])

    def test_what_does_not_begin_like_a_store_is_somebody_elses(self):
        server, data = served(1)
        for bad in (b"m", b"mDH", b"\0" * 600, b"x" + data):
            disk = Disk()
            disk.start_from({NAME: bad})
            with self.assertRaisesRegex(OSError, "is not a store of leases"):
                desktop(server, disk, self.fail).load(0)
            self.assertEqual(disk.survivors(), [{NAME: bad}])

    def test_an_empty_file_is_a_store_without_leases(self):
        server, _ = served(1)
        disk = Disk()
        disk.start_from({NAME: b""})
        storage = desktop(server, disk, self.fail)
        storage.load(0)
        self.assertEqual(storage.counts["damaged"], 0)


if __name__ == "__main__":
    unittest.main()
