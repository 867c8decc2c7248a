"""Shows a real client that gets, renews and releases an address, and finds one that is taken.

The server's core runs inside MicroPython; busybox udhcpc runs in a network namespace of its own.
Without namespaces the project's own client asks over the loopback, and only the first story is
told.
Ends with status 0 when every story was seen.
"""

import argparse
import sys
import threading
import time
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent))
sys.path.insert(2, str(Path(__file__).resolve().parent.parent.parent / "firmware"))

import client
import devices
import lab
import ladder
import loopback
import mpvm
import picture
import stories
from bridge import Bridge

NEXT = """
What next?
  make demo PLAY=1          a server with some devices, and its status page to look at
  docs/getting-started.md   the same server on a Pico W or an ESP32: first lease in five minutes
  docs/linux.md             serve a network of this computer
  docs/core.md              use the server in a Python program"""
INSIDE = """
from microdhcp import Config, Server

NAMES = ("FREE", "OFFERED", "ADOPTED", "BOUND", "DECLINED", "RELEASED", "EXPIRED",
         "CHECKING", "CHECKED", "CONFLICT")
server = None


def start(checks):
    global server
    pool = ("10.77.0.10", "10.77.0.250")
    server = Server(Config(address="10.77.0.1/24", pool=pool, lease_s=3600))
    if checks:
        server.enable_checks(True)


def address_of(slot):
    address = bytearray(4)
    server.address_of(slot, address, 0)
    return list(address)


def to_check():
    return None if server.check_slot < 0 else address_of(server.check_slot)


def checked(in_use, now_s):
    server.checked(server.check_slot, in_use, now_s)
    server.check_slot = -1


def known():
    rows = []
    for slot in range(server.leases.slots):
        name = NAMES[server.leases.state[slot]]
        if name != "FREE":
            mac = bytes(server.leases.mac)[6 * slot : 6 * slot + 6]
            rows.append([address_of(slot), list(mac), name])
    return rows
"""


class StoryError(Exception):
    """A story did not come to its end; the text says why."""


class Stage:
    """Where stories are shown, one after the other."""

    def __init__(self, vm):
        self.vm = vm
        self._lock = threading.Lock()
        self._kinds = []
        self._brief = False

    def show(self, packet):
        """Draw a message."""
        with self._lock:
            kind, lines = ladder.message(packet, self._brief)
            self._kinds.append(kind)
            print("\n".join(lines), flush=True)

    def note(self, text):
        """Draw what is not a DHCP message."""
        with self._lock:
            print("\n".join(ladder.note(text)), flush=True)

    def tell(self, story, taken, play):
        """Let play() happen with a new server; StoryError when the story has no end."""
        self._kinds, self._brief = [], story.brief
        self.vm.call("start", story.checks)
        print(story.title.format(taken=taken) + "\n")
        print("\n".join(ladder.head()), flush=True)
        started = time.monotonic()
        play()
        print("\n".join(ladder.foot()))
        if not story.told(self._kinds):
            raise StoryError(f"seen only {', '.join(self._kinds) or 'nothing'}")
        seconds = time.monotonic() - started
        print(f"{len(self._kinds)} messages in {seconds:.1f} s; allocated by the server: 0 bytes")
        print(lease_table(self.vm))


def lease_table(vm):
    """Return the lease table in one line."""
    rows = [
        f"{'.'.join(map(str, address))} {bytes(mac).hex(':')} {state}"
        for address, mac, state in vm.call("known")
    ]
    return f"lease table: {', '.join(rows) or 'empty'}"


def in_namespaces(stage):
    """Tell all stories in a lab of namespaces, with udhcpc and a host that has its address."""
    with lab.Lab(clients=2) as net:
        node, squatter = net.clients
        udhcpc = lab.Udhcpc(node, checks=True)

        def play(story):
            udhcpc.lease = None
            with Bridge(net.home, stage) as bridge:
                story.play(udhcpc, bridge)
                udhcpc.stop()

        stage.tell(stories.ORDINARY, None, lambda: play(stories.ORDINARY))
        taken = taken_by(squatter, stage.vm)
        for story in stories.SQUATTED:
            print()
            stage.tell(story, taken, lambda story=story: play(story))


def taken_by(squatter, vm):
    """Let a host have the address that the client has just given back; return it."""
    ((address, _mac, _state),) = vm.call("known")
    text = ".".join(map(str, address))
    squatter.ip(f"address add {text}/24 dev {lab.clients.INTERFACE}")
    return text


def on_loopback(stage):
    """Tell the first story over 127.0.0.1, with the project's own client."""

    def play():
        loopback.exchange(
            lambda packet, now_s: stage.vm.handle(packet, now_s)[:2],
            lambda _sender, packet, _reply_to: stage.show(packet),
        )

    stage.tell(stories.ORDINARY, None, play)


def choose():
    """Return (function that tells the stories, sentence about the client)."""
    reason = lab.unavailable() or lab.Udhcpc.unavailable()
    if reason:
        missing = "the stories of a taken address need namespaces"
        return on_loopback, f"the project's own client over the loopback ({reason}; {missing})"
    version = lab.Udhcpc.version()
    return in_namespaces, f"busybox udhcpc {version} in a network namespace of its own"


def play():
    """Show what this machine can; StoryError when a story has no end."""
    play_it, who = choose()
    with mpvm.Session(setup_code=INSIDE, mpy=True) as vm:
        print(f"client: {who}")
        print(f"server: the core in MicroPython {vm.version}, its heap locked for every packet\n")
        play_it(Stage(vm))


def parse(argv=None):
    """Return the arguments."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__.splitlines()[0])
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--play", action="store_true", help="a server with a page, until Ctrl-C")
    other.add_argument("--picture", action="store_true", help="write docs/images/ladder.svg")
    return parser.parse_args(argv)


def main():
    """Play the stories, or what the arguments say; return the exit status."""
    arguments = parse()
    if arguments.play:
        return devices.play()
    if arguments.picture:
        return picture.write()
    try:
        play()
    except (StoryError, lab.LabError, mpvm.VMError, mpvm.SetupError, client.ClientError) as error:
        print(f"demo: {error}", file=sys.stderr)
    except OSError as error:
        print(f"demo: {error.strerror}", file=sys.stderr)
    else:
        print(NEXT)
        return 0
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
