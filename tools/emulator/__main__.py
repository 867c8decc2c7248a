"""Stock firmware on an emulated Pico W serves real DHCP clients: `python tools/emulator`.

`python tools/emulator main.py` does the same with a program of yours.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0:1] = [str(ROOT / "tools"), str(ROOT / "firmware"), str(ROOT / "host_tests")]

import emulator
import lab
from emulator import firmware

SETTINGS = 'ADDRESS = "10.10.10.1/24"\nPOOL = ("10.10.10.16", "10.10.10.47")\nLEASE_S = 3600\n'
START_TIMEOUT_S = 180
LAST_WORDS_US = 1_000_000
STARTED = "port 67 taken"  # in the line that Service.start() prints
_STARTED_S = time.monotonic()


def say(text):
    """Print one line at once, with the seconds since the start."""
    print(f"{time.monotonic() - _STARTED_S:6.1f} s  {text}", flush=True)


def server_program(path):
    """Return (name, source) of the program for the board: a file of the user, or our own."""
    if path:
        return path.name, path.read_text(encoding="utf-8")
    return "programs/serve.py", SETTINGS + emulator.program("serve")


def boot(arguments):
    """Return a Board with microdhcp and the program, as demo.py, in its file system."""
    files = emulator.package(compiled=not arguments.source)
    size = sum(len(data) for data in files.values())
    name, source = server_program(arguments.program)
    program = {"/demo.py": source.encode()}
    board = emulator.Board(firmware.path(arguments.firmware), {**files, **program})
    version = board.run("import sys; print(sys.version.split('; ')[1], end='')")
    say(f"{version} is up; microdhcp, {len(files)} files, {size} bytes; {name}")
    return board


def start_server(board):
    """Run the program on the board until it serves; return it."""
    say("the Wi-Fi chip takes about 15 s …")
    with board.skipping_delays():
        program = board.start("import demo")
        board.wait(
            lambda: program.done or STARTED in program.output,
            START_TIMEOUT_S,
            "the program has not started a service",
        )
    if program.done:
        program.wait()
    say(f"board: {program.output.strip()}")
    return program


def serve_clients(board, clients):
    """Let each real client obtain, renew and release a lease; return how many did."""
    satisfied = 0
    with lab.Lab(clients=len(clients)) as network, emulator.Air(board, network) as air:
        for node, adapter in zip(network.clients, clients, strict=True):
            client = adapter(node)
            try:
                lease = air.call(client.obtain)
                say(f"{adapter.name} {adapter.version()}: {lease.address} for {lease.lease_s} s")
                air.call(client.renew)
                say(f"{adapter.name} has renewed")
                air.call(client.release)
                say(f"{adapter.name} has released")
                satisfied += 1
            except (lab.LabError, TimeoutError) as error:
                say(str(error))
            for message in network.home.recorder.messages(chaddr=node.mac):
                print(f"            {message}")
    return satisfied


def ask_ourselves(board):
    """Get one lease by DISCOVER and REQUEST from here, where no namespaces are possible."""
    import builders

    station = emulator.Station(board, "00:00:5e:00:53:01")
    offer = station.ask(builders.discover()).message
    server = offer.address(54)
    asked = station.ask(builders.request(requested=offer.yiaddr, server_id=server))
    say(f"{asked.message.kind} {asked.message.yiaddr}, {asked.after_us:.0f} us (emulated)")
    return int(asked.message.kind == "ACK")


def run_demo(arguments):
    """Boot, serve the clients that are installed, and return the exit status."""
    board = boot(arguments)
    program = start_server(board)
    reason = lab.unavailable()
    clients = [adapter for adapter in lab.CLIENTS if not adapter.unavailable()]
    if reason or not clients:
        say(f"{reason or 'No DHCP client is installed.'}  Asking without one.")
        wanted, satisfied = 1, ask_ourselves(board)
    else:
        wanted, satisfied = len(clients), serve_clients(board, clients)
    board.sleep(LAST_WORDS_US)
    print_output(program.output)
    if program.error:
        print(program.error, file=sys.stderr)
    say(f"{satisfied} of {wanted} clients served")
    return 0 if satisfied == wanted and not program.error else 1


def print_output(text):
    """Print the lines of the program after the first, which start_server() has shown."""
    for line in text.strip().splitlines()[1:]:
        print(f"            board: {line}")


def run_repl(arguments):
    """Open the board's REPL; return 0 when the user has left it."""
    from emulator.repl import interact

    board = boot(arguments)
    say("`import demo` starts the server.  Ctrl-] leaves.")
    interact(board)
    print()
    return 0


def run_port(arguments):
    """Offer the board's USB port as a pseudo terminal until Ctrl-C; return 0."""
    board = boot(arguments)
    with emulator.SerialPort(board) as port:
        say(f"mpremote connect {port.path}    (Ctrl-C here ends the board)")
        try:
            while True:
                port.turn()
        except KeyboardInterrupt:
            print()
            return 0


def run_fetch(arguments):
    """Download the firmware into the cache; return 0."""
    print(firmware.fetch(arguments.firmware))
    return 0


def parser():
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="emulator", description=__doc__.splitlines()[0])
    top.set_defaults(run=run_demo)
    top.add_argument(
        "program", nargs="?", type=Path, help="your main.py, which must start a service"
    )
    what = top.add_mutually_exclusive_group()
    for flag, run, words in (
        ("--repl", run_repl, "open the board's REPL instead"),
        ("--port", run_port, "offer its USB port to mpremote and others instead"),
        ("--fetch", run_fetch, "download the stock firmware into the cache"),
    ):
        what.add_argument(flag, dest="run", action="store_const", const=run, help=words)
    top.add_argument(
        "--firmware",
        choices=sorted(firmware.STOCK),
        help=f"stock firmware, default: {firmware.VARIABLE} or {firmware.DEFAULT}",
    )
    top.add_argument("--source", action="store_true", help="copy .py files, not .mpy")
    return top


def main():
    """Run the command line; return the exit status."""
    arguments = parser().parse_args()
    reason = None if arguments.run is run_fetch else emulator.unavailable(arguments.firmware)
    if reason:
        print(f"emulator: {reason}", file=sys.stderr)
        return 1
    try:
        return arguments.run(arguments)
    except KeyboardInterrupt:
        print("emulator: interrupted", file=sys.stderr)
    except Exception as error:
        if not isinstance(error, known_errors()):
            raise
        print(f"emulator: {error}", file=sys.stderr)
    return 1


def known_errors():
    """Return the exceptions whose text is all that a user needs."""
    from mpvm import SetupError

    found = (OSError, ValueError, lab.LabError, SetupError)
    return found if emulator.unavailable() else (*found, emulator.BoardError)


if __name__ == "__main__":
    sys.exit(main())
