"""Mutated packets against the core, on all processors.

    python tools/fuzz.py --packets 1000000 --seed 7
    python tools/fuzz.py --story NUMBER                 one story again

After each packet an independent judge looks at the answer and a walker at the lease table; what
they check stands in host_tests/oracle.py and host_tests/invariants.py. Stories of 1000 packets
follow from the seed; the first that fails is shown with its last packet.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("firmware", "host_tests", "tools")]

import dhcptext
import mutations
import recordings

STEPS = 1000
SHOW_EVERY_S = 10


def play(job):
    """Play one story; return (seed, packets, drops by reason, failure text or None)."""
    seed, steps = job
    story = mutations.Story(seed, CORPUS)
    for step in range(steps):
        try:
            story.step()
        except Exception as error:
            return seed, step + 1, story.server.drops, failure(story, seed, step, error)
    return seed, steps, story.server.drops, None


def failure(story, seed, step, error):
    """Return what to show of a story that failed."""
    lines = [f"story {seed}, packet {step}, at {story.now_s} s: {type(error).__name__}: {error}"]
    lines += dhcptext.lines(story.packet, "  ") + [f"  {story.packet.hex()}"]
    return "\n".join([*lines, f"again: python tools/fuzz.py --story {seed}"])


def corpus():
    """Return the packets of real clients, from the captures."""
    return [raw for _, capture in recordings.load_all() for raw in capture.requests()]


CORPUS = corpus()


def jobs(first, packets):
    """Yield (story, packets) until there are as many packets as wanted."""
    for number in range(0, packets, STEPS):
        yield first + number // STEPS, min(STEPS, packets - number)


def fuzz(first, packets, workers):
    """Play all stories; return (packets, drops, first failure or None)."""
    started = shown = time.monotonic()
    done, drops = 0, Counter()
    with multiprocessing.Pool(workers) as pool:
        for _, count, dropped, failed in pool.imap_unordered(play, jobs(first, packets)):
            done += count
            drops.update(dropped)
            if failed:
                return done, drops, failed
            now = time.monotonic()
            if now - shown > SHOW_EVERY_S:
                shown = now
                print(f"{done} packets, {done / (now - started):.0f} per second", flush=True)
    return done, drops, None


def positive(text):
    """Return a positive number of the command line."""
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def main():
    """Run what the command line asks for; status 1 when an invariant broke."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packets", type=positive, default=1_000_000)
    parser.add_argument("--seed", type=positive, help="default: a new one, printed")
    parser.add_argument("--story", type=positive, help="one story alone")
    parser.add_argument("--jobs", type=positive, default=os.cpu_count())
    arguments = parser.parse_args()
    if arguments.story:
        failed = play((arguments.story, STEPS))[3]
        print(failed or f"story {arguments.story}: {STEPS} packets, nothing broke")
        return 1 if failed else 0
    seed = arguments.seed or int.from_bytes(os.urandom(2), "big") + 1
    print(f"seed {seed}, {arguments.packets} packets, {len(CORPUS)} of them to start from")
    started = time.monotonic()
    first = seed * 100_000
    done, drops, failed = fuzz(first, arguments.packets, arguments.jobs)
    seconds = time.monotonic() - started
    print(f"{done} packets in {seconds:.0f} s, {done / seconds:.0f} per second")
    print("dropped: " + ", ".join(f"{reason} {n}" for reason, n in drops.most_common() if n))
    print(
        failed or "nothing raised, nonsense stayed unanswered, the table was in order throughout"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
