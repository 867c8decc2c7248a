"""The server behind a program, on an emulated Pico W: what its turns cost, how late an OFFER is.

Part of tools/bench_board.py, or alone: python tools/bench_behind.py.  The cost of a turn is the
time that the program's loop loses, with the timer's interrupt and the scheduler.
"""

import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "host_tests")]

import build
import builders
import emulator

EXAMPLES = ROOT / "examples" / "behind"
NEEDS_LIBRARY = ("microdot_app",)
PROMPT = "the prompt"
PERIOD_MS = 20
LOOPS = 160_000  # some 0.5 s: as often as the chores are due
REQUESTS = 4
SAMPLES = 12
APART_US = 13_000  # no multiple of the period
SERVE = """
import sys
sys.path.insert(0, "/{folder}")
import gc, network, time
gc.collect()
before = gc.mem_alloc()
import microdhcp
service = microdhcp.serve(network.WLAN(network.WLAN.IF_AP), pool=("192.168.4.16", "192.168.4.31"),
                          ssid="emulated", key="change-me-now", conflict_check={checks})
gc.collect()
print("#heap", gc.mem_alloc() - before)
def loop(n):
    begin = time.ticks_us()
    for _ in range(n): pass
    return time.ticks_diff(time.ticks_us(), begin)
"""


def serve(board, folder, checks):
    """Start the service behind the prompt; return the bytes of heap that it takes."""
    with board.skipping_delays():
        said = board.run(SERVE.format(folder=folder, checks=checks), 300)
    return int(said.rpartition("#heap")[2])


def turn_costs(board, folder):
    """Return {what: microseconds} of a turn without and with a message."""
    serve(board, folder, False)
    board.run("loop(10)")
    empty_us = int(board.run(f"print(loop({LOOPS}))"))
    station = emulator.Station(board, builders.mac_bytes(1))
    station.ask(builders.discover(xid=1))
    for number in range(REQUESTS):
        at_us = (number + 1) * 1.3 * PERIOD_MS * 1000
        board.after(at_us, lambda xid=number + 2: station.send_udp(builders.discover(xid=xid)))
    served_us = int(board.run(f"print(loop({LOOPS}))"))
    board.run("service.stop()")
    base_us = int(board.run(f"print(loop({LOOPS}))"))
    empty = (empty_us - base_us) / (empty_us / 1000 / PERIOD_MS)
    more = served_us - base_us - empty * served_us / 1000 / PERIOD_MS
    return {"empty": empty, "served": more / REQUESTS + empty}


def latencies(board, folder, name):
    """Return how many ms an OFFER takes, SAMPLES times.

    name  of a program of examples/behind, or PROMPT: nothing runs
    """
    if name == PROMPT:
        serve(board, folder, True)
    else:
        source = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        with board.skipping_delays():
            program = board.start(f"import sys\nsys.path.insert(0, '/{folder}')\n" + source, 300)
            board.wait(lambda: program.done or "port 67 taken" in program.output, 300)
    board.sleep(600_000)
    station = emulator.Station(board, builders.mac_bytes(1))
    station.ask(builders.discover(xid=1))  # its address is checked first
    found = []
    for number in range(SAMPLES):
        board.sleep(APART_US)
        found.append(station.ask(builders.discover(xid=number + 2)).after_us / 1000)
    return found


def show(board, folder):
    """Measure and print."""

    def measured(function, *arguments):
        return emulator.in_child(function, board, folder, *arguments)

    for checks in (False, True):
        print(f"behind a program: {measured(serve, checks)} bytes of heap, checks {checks}")
    costs = measured(turn_costs)
    for what, us in costs.items():
        share = us / PERIOD_MS / 10
        print(f"behind a program: a turn, {what}: {us:.0f} us, {share:.2f} % at {PERIOD_MS} ms")
    print(f"{'OFFER behind':24}{'median ms':>10}{'worst ms':>10}")
    programs = {path.stem for path in EXAMPLES.glob("*.py")}.difference(NEEDS_LIBRARY)
    for name in (PROMPT, *sorted(programs)):
        found = measured(latencies, name)
        print(f"{name:24}{statistics.median(found):>10.1f}{max(found):>10.1f}", flush=True)


def main():
    """Measure behind programs alone, the default build; status 1 without an emulator."""
    reason = emulator.unavailable()
    if reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 1
    package = build.package("rp2", False, "armv6m")
    files = {f"/default/{path}": data for path, data in package.items()}
    show(emulator.awake(files), "default")
    return 0


if __name__ == "__main__":
    sys.exit(main())
