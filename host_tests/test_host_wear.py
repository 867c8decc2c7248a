"""How much the leases' file wears the flash of a Pico W: the figures of docs/store.md."""

import sys
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

from littlefs import LittleFS, UserContext

from simulate import Settings
from simulate.disk import BoardDisk
from simulate.story import Story
from test_host_power_cut import BoardStorage

BLOCK, BLOCKS = 4096, 212  # the file system of a Pico W (MP ports/rp2)
INSTALLED = 60_000  # bytes of other files


class Flash(UserContext):
    """Flash that counts how often each block is erased."""

    def __init__(self):
        super().__init__(BLOCK * BLOCKS)
        self.erased = [0] * BLOCKS

    def erase(self, config, block):
        """As littlefs wants it."""
        self.erased[block] += 1
        return super().erase(config, block)


def worn(size, stores=1000):
    """Return (erases for each store, most of one block) of a file of `size` bytes."""
    flash = Flash()
    disk = LittleFS(
        context=flash,
        block_size=BLOCK,
        block_count=BLOCKS,
        prog_size=256,
        read_size=32,
        lookahead_size=32,
        cache_size=256,
        block_cycles=100,  # MP extmod/vfs_lfs.c
        disk_version=0x00020000,
    )
    with disk.open("other", "wb") as file:
        file.write(bytes(INSTALLED))
    flash.erased = [0] * BLOCKS
    for number in range(stores):
        with disk.open("leases.bin.new", "wb") as file:
            file.write(number.to_bytes(4, "big") + bytes(size - 4))
        disk.rename("leases.bin.new", "leases.bin")
    return sum(flash.erased) / stores, max(flash.erased)


def stores_in_a_week(devices, pool):
    """Return how often a board writes its file in a week of tools/simulate."""
    disk = BoardDisk()
    storages = []

    def keep(server):
        storages.append(BoardStorage(server, disk))
        return storages[-1]

    week = Settings(7, days=7, devices=devices, pool=pool, squatters=0, restart_days=0)
    failures = Story(week, keep, disk).run().failures
    if failures:
        raise AssertionError(failures[0])
    return sum([storage.stored for storage in storages])


class Wear(unittest.TestCase):
    def test_erases_of_a_store(self):
        for size, at_most in ((138, 1.0), (544, 1.4), (6106, 2.4)):
            each, most = worn(size)
            self.assertLess(each, at_most)
            self.assertLess(most, 2 * max(100, 1000 * each / (BLOCKS - 25)))  # spread out

    def test_a_usual_week(self):
        self.assertIn(stores_in_a_week(devices=20, pool=32), range(150, 250))


if __name__ == "__main__":
    unittest.main()
