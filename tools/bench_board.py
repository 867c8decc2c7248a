"""OFFER and ACK on an emulated Pico W, frame in to frame out: python tools/bench_board.py

Stock firmware, one run: its built-in C server, then ours, the default and the FAST build.  "new"
is a client that nobody knows, "known" the same one again.  Times are emulated microseconds, and
compare only with each other (tools/emulator/README.md).
"""

import argparse
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "host_tests")]

import bench_behind
import build
import builders
import emulator

CLIENTS = 3
KINDS = ("OFFER new", "ACK new", "OFFER known", "ACK known")
STEPS = ("wait", "receive", "to read", "read", "decide", "write", "to send", "send")
ENDS = ("wait", "send")
LOOPS = {"loop": "service.poll()", "run": "asyncio, run()"}
BUILDS = {"default": False, "FAST": True}
AP_UP = """
import network
ap = network.WLAN(network.WLAN.IF_AP)
ap.config(ssid="emulated", key="change-me-now")
ap.active(True)
"""
#: What a phone asks for; 51, 43, 114 and 108 are not configured here.
PARAMETERS = bytes((1, 3, 6, 15, 26, 28, 51, 58, 59, 43, 114, 108, 42))


@dataclass
class Run:
    """One server's times, {kind: us}, and bytes allocated for each packet, None if unknown."""

    name: str
    times: dict
    allocated: float | None = None


def ask(kind, number, *named):
    """Return a DISCOVER (1) or REQUEST (3) as a phone sends it; `named`: options 50 and 54."""
    mac = builders.mac_bytes(number)
    options = [(53, bytes((kind,))), (61, b"\1" + mac), *named, (57, b"\x05\xdc")]
    options += [(60, b"android-dhcp-14"), (12, b"Pixel-7a"), (55, PARAMETERS)]
    return builders.message(options, mac=number, xid=0x3903F300 + 4 * number + kind)


def exchanges(board):
    """Let each client get a lease twice; yield (kind, us of the request, us of the reply)."""
    for number in range(1, CLIENTS + 1):
        station = emulator.Station(board, builders.mac_bytes(number))
        for state in ("new", "known"):
            board.marks.clear()
            asked_us = board.now_us
            offer = station.ask(ask(1, number))
            yield f"OFFER {state}", asked_us, asked_us + offer.after_us
            board.sleep(2000)
            named = ((50, builders.ip(offer.message.yiaddr)), (54, offer.message.option(54)))
            board.marks.clear()
            asked_us = board.now_us
            ack = station.ask(ask(3, number, *named))
            yield f"ACK {state}", asked_us, asked_us + ack.after_us
            board.sleep(2000)


def times(board):
    """Return {kind: median of the microseconds that a reply took}."""
    found = {kind: [] for kind in KINDS}
    for kind, asked_us, answered_us in exchanges(board):
        found[kind].append(answered_us - asked_us)
    return {kind: statistics.median(values) for kind, values in found.items()}


def builtin(board):
    """Measure the firmware's own server."""
    with board.skipping_delays():
        board.run(AP_UP, 120)
    return Run("built-in C server", times(board))


def load(board, name):
    """Bring the access point and our server up."""
    source = f"import sys\nsys.path.insert(0, '/{name}')\n" + emulator.MARK
    made = build.make("rp2", BUILDS[name])
    with board.skipping_delays():
        board.run(source + made.translated("bench", emulator.program("bench")), 300)


def ours(board, name, loop):
    """Measure one of our builds, served by service.poll() or by service.run()."""
    load(board, name)
    replies = len(KINDS) * CLIENTS
    program = board.start(f"{loop}({replies})\nprint(allocated / {replies})")
    found = times(board)
    return Run(f"{name}, {LOOPS[loop]}", found, float(program.wait()))


def locked(board, name):
    """Return how many replies one of our builds gives with the heap locked all the time."""
    load(board, name)
    replies = len(KINDS) * CLIENTS
    lock = "import micropython\nmicropython.heap_lock()\n"
    program = board.start(f"{lock}loop({replies})\nmicropython.heap_unlock()")
    found = len(list(exchanges(board)))
    program.wait()
    return found


def heap(board, name):
    """Return the bytes that the service keeps on the heap, 16 leases."""
    before = board.run("import gc\ngc.collect()\nprint(gc.mem_alloc())")
    load(board, name)
    return int(board.run("gc.collect()\nprint(gc.mem_alloc())")) - int(before)


def profile(board, name):
    """Return {kind: {step: us}} of one of our builds: where the time goes."""
    load(board, name)
    board.run("mark_steps()")
    board.marks.clear()
    board.run("M()\nM()\nM()\nM()")
    mark_us = (board.marks[3] - board.marks[1]) / 2
    board.start(f"loop({len(KINDS) * CLIENTS})")
    found = {kind: {} for kind in KINDS}
    for kind, asked_us, answered_us in exchanges(board):
        edges = [asked_us, *board.marks[: len(STEPS) - 1], answered_us]
        for at, step in enumerate(STEPS):
            us = edges[at + 1] - edges[at] - mark_us * (0.5 if step in ENDS else 1)
            found[kind].setdefault(step, []).append(us)
    return {
        kind: {step: statistics.median(us) for step, us in steps.items()}
        for kind, steps in found.items()
    }


def show(runs, floor):
    """Print a table of Runs; the first is the one that the others are compared with."""
    print(f"{'':22}" + "".join(f"{kind:>19}" for kind in KINDS) + f"{'bytes/packet':>14}")
    for run in runs:
        cells = ""
        for kind in KINDS:
            ratio = run.times[kind] / floor[kind]
            cells += f"{run.times[kind]:>10.0f} {f'({ratio:.1f}x)':>8}"
        allocated = "" if run.allocated is None else f"{run.allocated:.1f}"
        print(f"{run.name:22}{cells}{allocated:>14}")


def show_profile(name, found):
    """Print where the time of a build goes, about: the marks cost time themselves."""
    print(f"\n{name}, us by step" + "".join(f"{kind:>15}" for kind in KINDS))
    for step in STEPS:
        print(f"  {step:18}" + "".join(f"{found[kind][step]:>15.0f}" for kind in KINDS))


def bench(names, profiled):
    """Measure and print."""
    files = {}
    for name in names:
        for path, data in build.package("rp2", BUILDS[name], "armv6m").items():
            files[f"/{name}/{path}"] = data
    board = emulator.awake(files)

    def measured(function, *arguments):
        return emulator.in_child(function, board, *arguments)

    runs = [measured(builtin)]
    runs += [measured(ours, name, loop) for name in names for loop in LOOPS]
    show(runs, runs[0].times)
    for name in names:
        print(f"{name}: {measured(locked, name)} replies while the heap is locked; ", end="")
        print(f"{measured(heap, name)} bytes of heap with 16 leases")
    bench_behind.show(board, names[0])
    for name in names if profiled else ():
        show_profile(name, measured(profile, name))


def main():
    """Run the benchmark; status 1 without an emulator."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0] + ".")
    parser.add_argument("--build", choices=BUILDS, action="append", help="default: both")
    parser.add_argument("--no-profile", action="store_true")
    arguments = parser.parse_args()
    reason = emulator.unavailable()
    if reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 1
    bench(arguments.build or list(BUILDS), not arguments.no_profile)
    return 0


if __name__ == "__main__":
    sys.exit(main())
