"""Hands a network over to another DHCP server; no device loses its address.

    python tools/migrate leases.store --config serve.toml --to kea OUT
    python tools/migrate --from /dev/ttyACM0 --config main.py --to dnsmasq OUT
    python tools/migrate --from kea kea-dhcp4.conf kea-leases4.csv OUT

The first form reads the store of tools/serve.py or of a board, the second one a board that runs.
OUT gets a complete configuration and the leases in the new server's own format.  What cannot be
carried over is printed and written to OUT/not-carried.txt.  The third form goes back from Kea: it
writes settings for tools/serve.py and a store.  Exit status: 0 written, 1 something cannot be
read or written, 2 wrong arguments.
"""

import argparse
import re
import sys
import time
from pathlib import Path

_TOOLS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TOOLS), str(_TOOLS.parent / "firmware")]

import requires
from migrate import back, dnsmasq, isc, kea, network, source

TARGETS = {"kea": kea, "dnsmasq": dnsmasq, "isc": isc}
NOT_CARRIED = "not-carried.txt"


def _interface(text):
    """Return the name of an interface; it goes into configurations as it is."""
    if not re.fullmatch(r"[A-Za-z0-9_.:@-]{1,15}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of an interface")
    return text


def parser():
    """Return the parser of the command line."""
    p = argparse.ArgumentParser(
        prog="migrate",
        description=__doc__.splitlines()[0],
        usage="migrate [STORE | --from PORT] --config FILE --to kea|dnsmasq|isc OUT\n"
        "       migrate --from kea KEA_CONFIG [KEA_LEASES …] OUT",
    )
    p.add_argument(
        "--from", dest="origin", metavar="PORT|kea", help="a board's serial port, or kea"
    )
    p.add_argument("--config", metavar="FILE", help="settings: the TOML of serve.py, or a main.py")
    p.add_argument("--to", choices=sorted(TARGETS), help="the new server")
    p.add_argument(
        "--interface",
        default="eth0",
        type=_interface,
        help="interface of the new server, default eth0",
    )
    p.add_argument(
        "--database",
        choices=("memfile", "postgresql"),
        default="memfile",
        help="where Kea keeps its leases, default memfile",
    )
    p.add_argument(
        "--address", metavar="IP/LEN", help="--from kea: address of the microdhcp server"
    )
    p.add_argument("--subnet", type=int, metavar="ID", help="--from kea: which subnet")
    p.add_argument("paths", nargs="*", metavar="…", help="[STORE] OUT, or KEA_CONFIG … OUT")
    return p


def main(argv=None):
    """Run the command line; return the exit status."""
    p = parser()
    args = p.parse_intermixed_args(argv)
    if not args.paths:
        p.error("OUT is missing: the folder to write to")
    *paths, out = map(Path, args.paths)
    try:
        if args.origin == "kea":
            if not paths:
                p.error("--from kea: the configuration of Kea is missing")
            files, lost, told = _from_kea(args, paths)
        else:
            if not (args.config and args.to):
                p.error("--config and --to are needed")
            if len(paths) != (0 if args.origin else 1):
                p.error("give one STORE and OUT, or --from PORT and OUT")
            files, lost, told = _hand_over(args, paths)
        _write(out, files, lost)
    except (OSError, source.SourceError) as error:
        print(f"migrate: {requires.words(error)}", file=sys.stderr)
        return 1
    print(told)
    for line in lost:
        print(f"not carried over: {line}")
    print(f"written to {out}: {', '.join([*files, NOT_CARRIED])}")
    return 0


def _hand_over(args, paths):
    """Return ({file name: text}, what is lost, a line about it) for another server."""
    config = source.read_config(args.config)
    now_s = int(time.time())
    lost = []
    if args.origin:
        from migrate import board

        leases = board.read(args.origin, config, lost)
    else:
        leases = source.read_store(paths[0].read_bytes(), config, now_s, lost)
    found = network.of_config(config, leases)
    target = TARGETS[args.to]
    more = (args.database,) if args.to == "kea" else ()
    files = target.files(found, args.interface, now_s, *more)
    counts = [
        f"{len(found.of_state(state))} {state}"
        for state in (network.BOUND, network.QUARANTINED, network.OVER)
    ]
    lost += _lost(found, config) + target.not_carried(found)
    return files, lost, "leases: " + ", ".join(counts)


def _lost(found, config):
    """Return what no server can be told, because nobody knows it any more."""
    lost = [
        f"client identifier of {lease.address}: only a digest was stored; "
        f"the new server knows this client by its MAC {lease.mac.hex(':')}"
        for lease in found.of_state(network.BOUND)
        if lease.client_id is None
    ]
    lost.append(f"leases_per_device = {config.leases_per_device}: there is no such limit there")
    lost.append(f"hostname_bytes = {config.hostname_bytes}: host names are not limited there")
    if config.relays:
        lost.append("relays: the new server answers all relay agents")
    lost.append(f"max_message = {config.max_message}: the new server decides")
    return lost


def _from_kea(args, paths):
    """Return ({file name: content}, what is lost, a line about it) for a microdhcp server."""
    config, *leases = paths
    result = back.read(config, leases, args.address, int(time.time()), args.subnet)
    files = {back.CONFIG: back.toml(result.settings), back.STORE: result.store}
    told = f"leases: {result.leases} bound; python tools/serve.py --config {back.CONFIG} "
    return files, result.lost, told + f"--store {back.STORE} --interface …"


def _write(out, files, lost):
    """Write files, text or bytes, into a directory that is made if need be."""
    out.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, NOT_CARRIED: "".join(f"{line}\n" for line in lost)}.items():
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        (out / name).write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
