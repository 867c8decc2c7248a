"""The main job, to watch: a real client gets, renews and releases an address.

The server's core runs inside MicroPython; busybox udhcpc runs in a network namespace of its own.
Where there are no namespaces, the project's own client asks over the loopback instead.
Ends with status 0 when the whole story was seen.
"""

import sys
import threading
import time
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent))
sys.path.insert(2, str(Path(__file__).resolve().parent.parent.parent / "firmware"))

import client
import lab
import ladder
import loopback
import mpvm
from bridge import Bridge

STORY = ("DISCOVER", "OFFER", "REQUEST", "ACK", "REQUEST", "ACK", "RELEASE")
RELEASE_SEEN_S = 5
INSIDE = """
from microdhcp import Config, Server

server = Server(Config(address="10.77.0.1/24", pool=("10.77.0.10", "10.77.0.250"), lease_s=3600))
NAMES = ("FREE", "OFFERED", "ADOPTED", "BOUND", "DECLINED", "RELEASED", "EXPIRED")


def known():
    rows = []
    for slot in range(server.leases.slots):
        name = NAMES[server.leases.state[slot]]
        if name != "FREE":
            address, mac = bytearray(4), bytearray(6)
            server.address_of(slot, address, 0)
            mac[:] = server.leases.mac[6 * slot : 6 * slot + 6]
            rows.append([list(address), list(mac), name])
    return rows
"""


class StoryError(Exception):
    """The story did not come to its end; the text says why."""


def with_udhcpc(vm, show):
    """Let udhcpc obtain, renew and release an address in a lab of namespaces."""
    with lab.Lab(clients=1) as net, Bridge(net.home, vm, show) as bridge:
        udhcpc = lab.Udhcpc(net.clients[0])
        udhcpc.obtain()
        udhcpc.renew()
        udhcpc.release()
        bridge.wait_for("RELEASE", RELEASE_SEEN_S)


def with_own_client(vm, show):
    """Let the project's own client do the same over 127.0.0.1."""
    loopback.exchange(
        lambda packet, now_s: vm.handle(packet, now_s)[:2],
        lambda _sender, packet, _reply_to: show(packet),
    )


def choose():
    """Return (function that plays the story, sentence about the client)."""
    reason = lab.unavailable() or lab.Udhcpc.unavailable()
    if reason:
        return with_own_client, f"the project's own client over the loopback ({reason})"
    version = lab.Udhcpc.version()
    return with_udhcpc, f"busybox udhcpc {version} in a network namespace of its own"


def told(kinds):
    """Return whether the message types tell the story; repeated ones do not matter."""
    rest = iter(kinds)
    return all(wanted in rest for wanted in STORY)


def lease_table(vm):
    """Return the lease table in one line."""
    rows = [
        f"{'.'.join(map(str, address))} {bytes(mac).hex(':')} {state}"
        for address, mac, state in vm.call("known")
    ]
    return f"lease table: {', '.join(rows) or 'empty'}"


def play():
    """Show the story; StoryError when it has no end."""
    play_it, who = choose()
    kinds = []
    lock = threading.Lock()
    started = time.monotonic()

    def show(packet):
        with lock:
            kind, lines = ladder.message(packet)
            kinds.append(kind)
            print("\n".join(lines), flush=True)

    with mpvm.Session(setup_code=INSIDE, mpy=True) as vm:
        print(f"client: {who}")
        print(f"server: the core in MicroPython {vm.version}, its heap locked for every packet\n")
        print("\n".join(ladder.head()), flush=True)
        play_it(vm, show)
        print("\n".join(ladder.foot()))
        if not told(kinds):
            raise StoryError(f"seen only {', '.join(kinds) or 'nothing'}")
        seconds = time.monotonic() - started
        print(f"{len(kinds)} messages in {seconds:.1f} s; allocated by the server: 0 bytes")
        print(lease_table(vm))


def main():
    """Play the story; return the exit status."""
    try:
        play()
    except (StoryError, lab.LabError, mpvm.VMError, mpvm.SetupError, client.ClientError) as error:
        print(f"demo: {error}", file=sys.stderr)
    except OSError as error:
        print(f"demo: {error.strerror}", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
