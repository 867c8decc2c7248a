"""The server, its port, the interface and the log: one loop that sleeps while nothing happens."""

import errno
import selectors
import signal
import socket
import time

from . import events, link
from .port import Port, PortTakenError

LOOK_AGAIN_S = 1.0  # while the interface is away; netlink tells sooner, when it can
WRITE_AGAIN_S = 0.05  # while lines wait for their reader
LAST_WORDS_MS = 500  # for the rest of the log at the end
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
    """The server, its port and its log, driven by one loop that sleeps while nothing happens."""

    def __init__(self, name, interface, server, output):
        self.name = name
        self.interface = interface
        self.server = server
        self.port = Port(name, interface)
        self.output = output
        self._started = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._selector = selectors.DefaultSelector()
        self._state = "up"
        self._running = True
        self._send_error = None

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
        """End, or print the lease table."""
        for number in self._signals.recv(64):
            if number == signal.SIGUSR1:
                self.output.tell(events.leases(self.server, self.now_s()))
            elif number in ENDS:
                self._running = False

    def run(self):
        """Serve until a signal ends it."""
        self._check_link()
        while self._running:
            timeout = None if self._state == "up" else LOOK_AGAIN_S
            if not self.output.flush():
                timeout = WRITE_AGAIN_S
            ready = self._selector.select(timeout)
            for key, _ in ready:
                key.data()
            if not ready and self._state != "up":
                self._check_link()
        self.output.flush(LAST_WORDS_MS)

    # The interface

    def _open(self, index):
        """Take the port and have its datagrams wake the loop."""
        self.port.open(index)
        self._selector.register(self.port.packets, selectors.EVENT_READ, self._on_packets)

    def _close(self):
        """Give the port up."""
        if self.port.index:
            self._selector.unregister(self.port.packets)
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
        if str(self.interface.ip) not in link.addresses(seen.index):
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

    def _handle(self, n):
        """Answer one request and tell about it."""
        now_s = self.now_s()
        reply_n = self.server.handle(n, now_s)
        to = self._send(reply_n) if reply_n > 0 else None
        self.output.tell(events.handled(self.server, n, reply_n, to, now_s))
        if self.output.verbose:
            self.output.packet(bytes(self.server.rx[:n]))
            if reply_n > 0:
                self.output.packet(bytes(self.server.tx[:reply_n]))

    def _send(self, n):
        """Send the reply; return where it went, as text, or that it could not be sent."""
        try:
            to = self.port.send(self.server, n)
        except OSError as error:
            # the client asks again: nothing to repeat here, and one message for all of them
            if error.errno in AWAY:
                self._check_link()
            elif error.errno != self._send_error:
                message = f"{self.name}: cannot send: {error.strerror}"
                self.output.tell({"event": "error", "message": message})
            self._send_error = error.errno
            return f"nobody: {error.strerror}"
        self._send_error = None
        return to
