"""240 clients at once, each address checked before it is offered: python tools/bench_checks.py

How long until all are bound, and how many first messages were lost, for this server and for
ISC dhcpd, dnsmasq and udhcpd where they are installed (nothing is installed here), one after
another in the same run, each with the check that it makes by default.  In network namespaces;
nothing on the machine changes.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "firmware")]

import client
from lab import Lab
from lab.clients import INTERFACE
from lab.network import unavailable
from lab.nodes import LabError

CLIENTS = 240
GOAL_S = 0.6
WAIT_S = 45
READY_S = 5
_PORT_67 = ":0043 "
_SBIN = "/usr/sbin:/sbin"

_DHCPD = """
subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.10 10.77.0.250; }
authoritative;
ping-check true;
"""
_UDHCPD = f"""
interface {INTERFACE}
start 10.77.0.10
end 10.77.0.250
max_leases 241
lease_file /run/udhcpd.leases
pidfile /run/udhcpd.pid
option subnet 255.255.255.0
"""


class Peer(NamedTuple):
    """Another server.

    programs  what to look for: the first that is there is run
    files     {path in its own /run: contents}
    """

    name: str
    check: str
    programs: tuple
    arguments: str
    files: dict


PEERS = (
    Peer(
        "ISC dhcpd",
        "ping, 1 s",
        (("dhcpd",),),
        f"-4 -f -q --no-pid -cf /run/dhcpd.conf -lf /run/dhcpd.leases {INTERFACE}",
        {"/run/dhcpd.conf": _DHCPD, "/run/dhcpd.leases": ""},
    ),
    Peer(
        "dnsmasq",
        "ping, 3 s",
        (("dnsmasq",),),
        f"-k -C /dev/null -p 0 -i {INTERFACE} --bind-interfaces --user=root --no-hosts "
        "--dhcp-range=10.77.0.10,10.77.0.250 --dhcp-authoritative "
        "--dhcp-leasefile=/run/dnsmasq.leases --pid-file=/run/dnsmasq.pid",
        {},
    ),
    Peer(
        "udhcpd",
        "ARP, 2 s",
        (("udhcpd",), ("busybox", "udhcpd")),
        "-f /run/udhcpd.conf",
        {"/run/udhcpd.conf": _UDHCPD, "/run/udhcpd.leases": ""},
    ),
)


def find(peer):
    """Return the start of the command line that runs a Peer, None where it is not installed."""
    for program, *words in peer.programs:
        path = shutil.which(program, path=os.environ.get("PATH", "") + ":" + _SBIN)
        if path and all(word in _applets(path) for word in words):
            return [path, *words]
    return None


def _applets(path):
    """Return the names of what is in a busybox."""
    done = subprocess.run([path, "--list"], capture_output=True, text=True, check=False, timeout=5)
    return done.stdout.split()


@contextlib.contextmanager
def running(peer, command, node):
    """Run a Peer in a node as long as the `with` lasts.  LabError: it does not start."""
    for path, contents in peer.files.items():
        node.path(path).write_text(contents, encoding="ascii")
    process = node.start(
        [*command, *peer.arguments.split()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(peer.name, process, node)
        yield
    finally:
        process.end()


def _wait_until_ready(name, process, node):
    """Wait until somebody in the node has UDP port 67."""
    sockets = Path(f"/proc/{node.pid}/net/udp")
    end = time.monotonic() + READY_S
    while _PORT_67 not in sockets.read_text(encoding="ascii"):
        if process.popen.poll() is not None or time.monotonic() > end:
            raise LabError(f"{name} does not start")
        time.sleep(0.02)


def crowd(wire, count, wait_s):
    """Let the clients ask at once; return (how many are bound, seconds)."""
    macs = [bytes.fromhex("00005e0053") + bytes((number,)) for number in range(count)]
    started = time.monotonic()
    bound = client.obtain_all(wire, macs, wait_s)
    took_s = time.monotonic() - started
    while wire.receive(0):
        pass
    return len(set(bound.values())), took_s


def row(name, check, result, note=""):
    """Print one line of the table."""
    bound, took_s = result
    print(f"{name:10} {check:12} {bound:3} of {CLIENTS} {took_s:7.2f} s  {note}".rstrip())


def bench(wait_s):
    """Print the table; return whether this server is within its goal."""
    print(f"{CLIENTS} clients at once until all are bound, at most {wait_s} s for a server")
    with Lab(clients=1) as lab, lab.clients[0].packet_socket(INTERFACE) as sock:
        wire = client.Wire(sock)
        with lab.serve() as server:
            ours = crowd(wire, CLIENTS, wait_s)
            server.leases()
            lost = server.events("leases")[-1]["checks"]["overwritten"]
        good = ours[0] == CLIENTS and ours[1] <= GOAL_S and not lost
        note = (
            f"{'within' if ours[1] <= GOAL_S else 'OVER'} {GOAL_S} s, first messages lost: {lost}"
        )
        row("microdhcp", "ARP, 0.3 s", ours, note)
        for peer in PEERS:
            command = find(peer)
            if command is None:
                print(f"{peer.name:10} is not installed")
                continue
            with running(peer, command, lab.home.node):
                row(peer.name, peer.check, crowd(wire, CLIENTS, wait_s))
    return good


def main():
    """Run the benchmark; status 1 when this server is over its goal."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0] + ".")
    parser.add_argument(
        "--wait", type=int, default=WAIT_S, metavar="S", help=f"for each server, default {WAIT_S}"
    )
    wait_s = parser.parse_args().wait
    if wait_s < 1:
        parser.error("--wait must be at least 1")
    reason = unavailable()
    if reason:
        print(f"{CLIENTS} clients at once: skipped. {reason}")
        return 0
    try:
        return 0 if bench(wait_s) else 1
    except LabError as error:
        print(f"bench_checks: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
