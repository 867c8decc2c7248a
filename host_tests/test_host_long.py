"""The long random runs, for `make test-all`: more seeds and days than `make test` has time for.

`make fuzz` and `make simulate` run longer still, from a seed of your own.
"""

import sys
import unittest
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "firmware")]

import fuzz
import simulate
import test_decline_flood

DAYS = 30
PACKETS = 400_000


@pytest.mark.long
class LongTest(unittest.TestCase):
    def check(self, seed, **settings):
        """Play a month; the judge finds nothing."""
        result = simulate.play(simulate.Settings(seed, DAYS, **settings))
        self.assertEqual(result.failures, [])
        self.assertGreater(result.counters["obtained"], 1000)

    def test_a_month_without_a_restart(self):
        for seed in (11, 12):
            self.check(seed, restart_days=0)

    def test_a_month_with_power_cuts(self):
        for seed in (21, 22):
            self.check(seed, restart_days=1)

    def test_a_month_with_power_cuts_and_no_store(self):
        for seed in (31, 32):
            self.check(seed, restart_days=1, store=False)

    def test_mutated_packets(self):
        done, _drops, failed = fuzz.fuzz(900_000, PACKETS, 1)
        self.assertFalse(failed)
        self.assertGreaterEqual(done, PACKETS)


@pytest.mark.long
class LongFlood(test_decline_flood.Flood):
    flood_n = 10_000


if __name__ == "__main__":
    unittest.main()
