"""A server to look at: some devices come, renew and go, and the status page shows them.

Everything is in this process and on 127.0.0.1: no rights, no network, any system.
"""

import itertools
import time

import client
from linux.beside import Beside
from loopback import Loopback
from microdhcp import Config, Server

HOST, PORT = "127.0.0.1", 8067
STEP_S = 1.5  # between the steps of two devices
LEASE_S = 60
DEVICES = (
    ("sensor-north", "00:00:5e:00:53:01"),
    ("sensor-south", "00:00:5e:00:53:02"),
    ("printer", "00:00:5e:00:53:03"),
    ("anna-phone", "00:00:5e:00:53:04"),
)
VISITOR = 3  # goes again after some time
STAYS = 8  # rounds


class Network:
    """A server, its devices and the page; what linux.beside.Beside wants of a desktop.

    server, now_s, counters   as Beside reads them
    """

    def __init__(self, port=PORT):
        reserved = {DEVICES[2][1]: "192.168.4.100"}
        pool = ("192.168.4.16", "192.168.4.47")
        self.server = Server(
            Config("192.168.4.1/24", pool, lease_s=LEASE_S, reservations=reserved)
        )
        self.server.enable_events()
        self._started = time.monotonic()
        self.beside = Beside(self)
        self.beside.add_page(HOST, port)
        self._wire = Loopback(self._handle, lambda *_: None)
        self._devices = [self._device(name, mac) for name, mac in DEVICES]

    def _device(self, name, mac):
        data = bytes.fromhex(mac.replace(":", ""))
        return client.Client(self._wire, data, host_name=name.encode())

    def open(self):
        """Take the page's port; OSError if another program has it."""
        self.beside.open()

    def close(self):
        """Give all ports back."""
        for part in self.beside.parts:
            part.close()
        self._wire.close()

    @property
    def url(self):
        """Return where the page is."""
        (sock,) = self.beside.sockets()
        return f"http://{HOST}:{sock.getsockname()[1]}/"

    def now_s(self):
        """Return the seconds since the start."""
        return int(time.monotonic() - self._started)

    def counters(self):
        """Return what is counted beside the server's own counters: nothing."""
        return {}

    def _handle(self, packet, _now_s):
        n = len(packet)
        self.server.rx[:n] = packet
        n = self.server.handle(n, self.now_s())
        return bytes(self.server.tx[:n]), self.server.reply_to

    def step(self, number, round_n):
        """Let one device do what is its turn; return the events as lines of text."""
        device = self._devices[number]
        if number == VISITOR and round_n % STAYS == STAYS - 1:
            if device.lease:
                device.release()
                self._wire.serve()
        elif device.lease is None:
            device.obtain()
        elif round_n % 4 == 0:
            device.renew()
        return [" ".join(event) for event in self._events()]

    def _events(self):
        found = list(iter(self.server.next_event, None))
        for event in found:
            self.beside.event(*event)
        return found

    def wait(self, seconds):
        """Serve the page for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.beside.poll()
            time.sleep(0.02)


def opened():
    """Return a Network whose page is open, at PORT or, if that is taken, at any free port."""
    for port in (PORT, 0):
        network = Network(port)
        try:
            network.open()
            return network
        except OSError:
            network.close()
            if not port:
                raise


def say_at_once(text):
    """Print a line, also into a pipe."""
    print(text, flush=True)


def play(say=say_at_once, rounds=None):
    """Run until Ctrl-C, or for so many rounds without waiting; return 0."""
    network = opened()
    try:
        say(f"Open {network.url} in a browser on this computer. Ctrl-C ends.")
        say("Four devices get addresses from microdhcp. One of them comes and goes.\n")
        for round_n in itertools.count() if rounds is None else range(rounds):
            for number in range(len(DEVICES)):
                for line in network.step(number, round_n):
                    say(line)
                network.wait(STEP_S if rounds is None else 0)
    except KeyboardInterrupt:
        say("")
    finally:
        network.close()
    return 0
