"""The server, its port, the interface and the log: one loop that sleeps while nothing happens."""

import errno
import selectors
import signal
import socket
import time

from microdhcp import PARK

from . import events, link
from .checker import Checker
from .port import Port, PortTakenError
from .storage import Storage

LOOK_AGAIN_S = 1.0  # while the interface is away; netlink tells sooner, when it can
WRITE_AGAIN_S = 0.05  # while lines wait for their reader
LAST_WORDS_MS = 500  # for the rest of the log at the end
EVENTS = 1024  # of a burst, more than it can cause
NEVER = (1 << 30) - 1  # the end of the server's clock
BURST = 256  # datagrams handled before signals and links get their turn
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# what sending says while the interface is down, unplugged or gone
AWAY = (errno.ENETDOWN, errno.ENETUNREACH, errno.ENOBUFS, errno.ENODEV, errno.ENXIO)
NO_PERMISSION = (
    "no permission to open port 67 and a raw socket on {}: run as root, or give Python "
    "CAP_NET_RAW and CAP_NET_BIND_SERVICE"
)


class Refused(Exception):
    """The server cannot start; the text is for the user, `status` for the shell."""

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


class Desktop:
    """The server, its port and its log, driven by one loop that sleeps while nothing happens.

    probes   how to ask whether an address is in use, see probes.py; None: not at all
    check_s  how long that may take
    store    name of the file that keeps the leases; None: they are forgotten
    reread   function() -> Config, called at SIGHUP, ValueError says what is wrong with the
             settings; None: SIGHUP ends the server
    """

    def __init__(
        self, name, interface, server, output, probes=None, check_s=0.3, store=None, reread=None
    ):
        self.name = name
        self.interface = interface
        self.server = server
        self.port = Port(name, interface, probes)
        self.output = output
        self._started = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._selector = selectors.DefaultSelector()
        self._state = "up"
        self._running = True
        self._send_error = None
        self.checker = None
        if probes:
            control = interface.network.network_address.packed
            self.checker = Checker(server, probes, check_s, control, self)
        self.storage = Storage(store, server, self._say) if store else None
        self._reread = reread
        server.enable_events(EVENTS)

    def now_s(self):
        """Return whole seconds since start; sleep of the machine counts, leases end in it too."""
        return int(time.clock_gettime(time.CLOCK_BOOTTIME) - self._started)

    def start(self):
        """Take the port and begin to listen to links and signals.  Refused: cannot."""
        seen = link.look(self.name)
        if not seen.index:
            raise Refused(f"there is no interface {self.name}", 2)
        if not seen.ethernet:
            raise Refused(f"{self.name} is not an Ethernet interface", 2)
        own = str(self.interface.ip)
        if own not in link.addresses(seen.index):
            fix = f"ip address add {self.interface} dev {self.name}"
            raise Refused(f"{self.name} does not have the address {own}; try: {fix}", 2)
        self._load()
        try:
            self._open(seen.index)
        except PortTakenError as error:
            raise Refused(str(error), 1) from None
        except PermissionError:
            raise Refused(NO_PERMISSION.format(self.name), 1) from None
        except OSError as error:
            raise Refused(f"{self.name}: {error.strerror}", 1) from None
        self._watch_links()
        self._watch_signals()

    def _load(self):
        """Read the leases of an earlier life."""
        if not self.storage:
            return
        try:
            self.storage.check()
            self.storage.load(self.now_s())
        except OSError as error:
            raise Refused(f"store: {self.storage.path}: {error.strerror}", 2) from None

    def _watch_links(self):
        """Wake up when an interface or an address comes or goes."""
        watch = link.watch()

        def on_links():
            link.drain(watch)
            self._check_link()

        self._selector.register(watch, selectors.EVENT_READ, on_links)

    def _watch_signals(self):
        """Turn signals into bytes on a socket, so that they arrive between two packets."""
        self._signals, waker = socket.socketpair()
        self._signals.setblocking(False)
        waker.setblocking(False)
        self._waker = waker
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        for number in (*ENDS, signal.SIGUSR1):
            signal.signal(number, lambda *_: None)
        self._selector.register(self._signals, selectors.EVENT_READ, self._on_signals)

    def _on_signals(self):
        """End, read the settings again, or print the lease table."""
        for number in self._signals.recv(64):
            if number == signal.SIGUSR1:
                self._tell_leases()
            elif number == signal.SIGHUP and self._reread:
                self._configure()
            elif number in ENDS:
                self._running = False

    def _tell_leases(self):
        table = events.leases(self.server, self.now_s())
        if self.checker:
            table["checks"] = self.checker.counters()
        if self.storage:
            table["store"] = self.storage.counts
        self.output.tell(table)

    def _configure(self):
        """Go on with the settings as they are now; with the old ones when those are wrong."""
        try:
            self.server.configure(self._reread(), self.now_s())
        except (OSError, ValueError) as error:
            self._error(f"the old settings stay: {error}")
            return
        if self.checker:
            self.checker.clear()
        self.output.tell({"event": "settings", "at_s": self.now_s()})

    def _say(self, message):
        """Tell something about the store."""
        self.output.tell({"event": "store", "at_s": self.now_s(), "message": message})

    def _error(self, message):
        self.output.tell({"event": "error", "at_s": self.now_s(), "message": message})

    def run(self):
        """Serve until a signal ends it."""
        self._check_link()
        while self._running:
            ready = self._selector.select(self._wait_s())
            for key, _ in ready:
                key.data()
            self._end_checks()
            self._do_chores()
            if not ready and self._state != "up":
                self._check_link()
        if self.storage:
            self.storage.save(self.now_s())
        self.output.flush(LAST_WORDS_MS)

    def _do_chores(self):
        """End what is over, tell what has happened, store what has changed."""
        now_s = self.now_s()
        leases = self.server.leases
        if now_s >= leases.due_s:
            leases.end_due(now_s)
        while event := self.server.next_event():
            if event[0] != "conflict":  # conflict() tells it, with who has the address
                self.output.tell(events.lease(event, now_s))
        if self.storage:
            self.storage.run(now_s)

    def _wait_s(self):
        """Return how long the loop may sleep: None until something comes in."""
        waits = [
            None if self._state == "up" else LOOK_AGAIN_S,
            None if self.output.flush() else WRITE_AGAIN_S,
            self.checker.wait_s() if self.checker else None,
            self.storage.wait_s(self.now_s()) if self.storage else None,
            self._due_s(),
        ]
        return min((wait for wait in waits if wait is not None), default=None)

    def _due_s(self):
        """Return in how many seconds an offer, a lease or a quarantine ends, None: never."""
        due_s = self.server.leases.due_s
        return None if due_s == NEVER else max(0, due_s - self.now_s())

    # The interface

    def _open(self, index):
        """Take the port and have its datagrams wake the loop."""
        self.port.open(index)
        self._selector.register(self.port.packets, selectors.EVENT_READ, self._on_packets)
        if self.checker:
            self._selector.register(self.port.probes.sock, selectors.EVENT_READ, self._on_probes)

    def _close(self):
        """Give the port up."""
        if self.port.index:
            self._selector.unregister(self.port.packets)
            if self.checker:
                self._selector.unregister(self.port.probes.sock)
                self.checker.clear()
            self.port.close()

    def _check_link(self):
        """Follow the interface: an index that has changed means another one of the same name."""
        seen = link.look(self.name)
        if seen.index != self.port.index:
            self._close()
        state, message = self._judge(seen)
        if seen.index and not self.port.index:
            try:
                self._open(seen.index)
            except OSError as error:
                state, message = "blocked", str(error)
        if state != self._state:
            self._state = state
            self.output.tell(
                {
                    "event": "interface",
                    "interface": self.name,
                    "state": state,
                    "message": message,
                    "at_s": self.now_s(),
                }
            )

    def _judge(self, seen):
        """Return (state, message for people) of the interface."""
        if not seen.index:
            return "missing", f"{self.name} is gone; waiting for it"
        if not seen.up:
            return "down", f"{self.name} is down; waiting"
        if not seen.carrier:
            return "no-carrier", f"{self.name} is unplugged; waiting"
        addresses = link.addresses(seen.index)
        if self.checker:
            self.checker.set_own(map(socket.inet_aton, addresses))
        if str(self.interface.ip) not in addresses:
            return "no-address", (
                f"{self.name} has lost its address, clients cannot renew; "
                f"try: ip address add {self.interface} dev {self.name}"
            )
        return "up", f"{self.name} is up again"

    # Packets

    def _on_packets(self):
        """Handle what waits in the socket, up to a burst."""
        if not self.port.index:  # closed a moment ago, by news of the link in the same turn
            return
        for _ in range(BURST):
            try:
                n = self.port.receive(self.server.rx)
            except BlockingIOError:
                return
            except OSError:  # the interface went down or away; the kernel tells it once
                self._check_link()
                return
            if n:
                self._handle(n)
            elif self.port.why:
                self.output.tell(
                    {"event": "drop", "at_s": self.now_s(), "in": None, "reason": self.port.why}
                )

    def _handle(self, n, rounds=0):
        """Answer one request and tell about it, or park it until an address has been checked."""
        now_s = self.now_s()
        reply_n = self.server.handle(n, now_s)
        if reply_n == PARK:
            self.checker.park(n, self.port.peer_mac, rounds + 1)
            return
        to = self._send(reply_n) if reply_n > 0 else None
        event = events.handled(self.server, n, reply_n, to, now_s)
        if self.checker and not rounds and event["event"] == "offer":
            self.checker.skipped += 1
        self.output.tell(event)
        if self.output.verbose:
            self.output.packet(bytes(self.server.rx[:n]))
            if reply_n > 0:
                self.output.packet(bytes(self.server.tx[:reply_n]))

    def _send(self, n):
        """Send the reply; return where it went, as text, or that it could not be sent."""
        try:
            to = self.port.send(self.server, n)
        except OSError as error:
            if self.cannot_send(error):
                self._check_link()
            return f"nobody: {error.strerror}"
        self._send_error = None
        return to

    def cannot_send(self, error):
        """Tell why a packet could not leave; return whether that is the network's absence.

        The client asks again: nothing to repeat here, and one message for all of them.
        """
        away = error.errno in AWAY
        if not away and error.errno != self._send_error:
            self._error(f"{self.name}: cannot send: {error.strerror}")
        self._send_error = error.errno
        return away

    # Checks of addresses

    def _on_probes(self):
        """Hear who has an address."""
        if self.port.index:
            self.checker.listen()

    def _end_checks(self):
        """Handle again what has waited for a check that has ended."""
        if not self.checker:
            return
        for message in self.checker.run(self.now_s()):
            n = len(message.packet)
            self.server.rx[:n] = message.packet
            self.port.peer_mac = message.peer_mac
            self._handle(n, message.rounds)

    def conflict(self, address, mac):
        """Tell that an address is in use."""
        self.output.tell(events.conflict(address, mac, self.now_s()))

    def proxy(self, mac):
        """Tell that a station answers for addresses that it cannot have."""
        self.output.tell(events.proxy(mac, self.now_s()))

    def dropped(self, packet, reason):
        """Tell that a message waits no longer."""
        self.output.tell(events.dropped(packet, reason, self.now_s()))
