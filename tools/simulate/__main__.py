"""Months of a server's life in minutes: `python tools/simulate --days 60 --seed 7`.

A seed tells the whole story again.  Ends with status 1 when something happened that must not.
"""

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0:1] = [str(ROOT / "tools"), str(ROOT / "firmware")]

import simulate

SHOWN = 20  # failures


def parser():
    """Return the parser of the command line."""
    p = argparse.ArgumentParser(prog="simulate", description=__doc__.splitlines()[0])
    p.add_argument("--seed", type=int, help="default: a new one, printed")
    defaults = simulate.Settings(0)
    for name in (
        "days",
        "devices",
        "pool",
        "squatters",
        "restart_days",
        "lease_s",
        "reserve_days",
        "identifiers",
    ):
        value = getattr(defaults, name)
        kind = float if name.endswith("days") else int
        option = "--" + name.replace("_", "-")
        p.add_argument(option, type=kind, default=value, help=f"default {value}")
    p.add_argument(
        "--cuts",
        action="store_true",
        help="try a power cut at every byte that is written; slow",
    )
    p.add_argument("--store", action=argparse.BooleanOptionalAction, default=defaults.store)
    return p


def watch(settings):
    """Play a story with a power cut at every byte; return its Result."""
    story, cuts = simulate.watched(settings)
    result = story.run()
    result.counters["moments of a power cut"] = cuts.moments
    result.counters["bindings looked for"] = cuts.bindings
    return result


def main():
    """Play one story; return the exit status."""
    arguments = vars(parser().parse_args())
    cuts = arguments.pop("cuts")
    if arguments["seed"] is None:
        arguments["seed"] = int.from_bytes(os.urandom(2), "big")
    settings = simulate.Settings(**arguments)
    print(", ".join(f"{name} {value}" for name, value in settings._asdict().items()), flush=True)
    started = time.monotonic()
    result = watch(settings) if cuts else simulate.play(settings)
    for name, count in sorted(result.counters.items()):
        print(f"{count:9}  {name}")
    for failure in result.failures[:SHOWN]:
        print(failure)
    print(f"{len(result.failures)} failures, {time.monotonic() - started:.0f} s")
    return 1 if result.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
