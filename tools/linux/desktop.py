"""The server, its port, the interface and the log: one loop that sleeps while nothing happens."""

import errno
import ipaddress
import os
import selectors
import signal
import socket
import time
from pathlib import Path

import requires
from microdhcp import PARK

from . import events, link
from .checker import Checker
from .port import Port, PortTakenError
from .storage import Storage
from .storefile import StoreFile

LOOK_AGAIN_S = 1.0  # while the interface is away; netlink tells sooner, when it can
LAST_WORDS_S = 0.5  # for the rest of the log at the end
EVENTS = 1024  # of a burst, more than it can cause
NEVER = (1 << 30) - 1  # the end of the server's clock
BURST = 256  # datagrams handled before signals and links get their turn
# all that would end the process at once, before it could store the leases
ENDS = tuple(
    getattr(signal, name)
    for name in "SIGTERM SIGINT SIGHUP SIGQUIT SIGALRM SIGVTALRM SIGPROF SIGPOLL SIGPWR SIGUSR2 "
    "SIGXCPU SIGSTKFLT".split()
    if hasattr(signal, name)
)
# fields of Settings that a running server keeps
RESTARTS = ("interface", "check", "store", "names", "board_name", "page")
# what sending says while the interface is down, unplugged or gone
AWAY = (errno.ENETDOWN, errno.ENETUNREACH, errno.ENOBUFS, errno.ENODEV, errno.ENXIO)
NO_PERMISSION = (
    "no permission to open port 67 and a raw socket on {}{}: run as root, or give Python "
    "CAP_NET_RAW and CAP_NET_BIND_SERVICE"
)
CAPABILITIES = {"CAP_NET_BIND_SERVICE": 10, "CAP_NET_RAW": 13}


class Refused(Exception):
    """The server cannot start; the text is for the user, `status` for the shell."""

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


class Desktop:
    """The server, its port and its log, driven by one loop that sleeps while nothing happens.

    settings   settings.Settings, whose Config `server` has
    server     microdhcp.Server
    output     Output
    probes     checks of addresses, see probes.py; None: none are made
    reread     function() -> (Settings, Config), called at SIGHUP, ValueError says what is wrong
               with the settings; None: SIGHUP ends the server
    """

    def __init__(self, settings, server, output, probes=None, reread=None):
        self.name = settings.interface
        self.interface = ipaddress.IPv4Interface(settings.config["address"])
        self.server = server
        self.port = Port(self.name, self.interface, probes)
        self.output = output
        self._settings = settings
        self._started = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._selector = selectors.DefaultSelector()
        self._state = "up"
        self._running = True
        self._send_error = None
        self.checker = None
        if probes:
            self.checker = Checker(server, probes, settings.check_ms, self)
        self.storage = None
        if settings.store:
            file = StoreFile(os.path.realpath(settings.store))
            self.storage = Storage(file, server, self._say)
        self.beside = None  # a Beside, set before start()
        self._beside_wait_s = None
        self._reread = reread
        server.enable_events(EVENTS)

    def now_s(self):
        """Return whole seconds since start; sleep of the machine counts, leases end in it too."""
        return int(time.clock_gettime(time.CLOCK_BOOTTIME) - self._started)

    def now_ms(self):
        """Return milliseconds that begin again as those of a board do."""
        return time.monotonic_ns() // 1_000_000 & NEVER

    def start(self):
        """Take the port and begin to listen to links and signals.  Refused: cannot."""
        seen = link.look(self.name)
        if not seen.index:
            raise Refused(f"there is no interface {self.name}; ip link lists them", 2)
        if not seen.ethernet:
            raise Refused(
                f"{self.name} is not an Ethernet interface; give the one to the clients", 2
            )
        own = str(self.interface.ip)
        if own not in link.addresses(seen.index):
            fix = f"ip address add {self.interface} dev {self.name}"
            raise Refused(f"{self.name} does not have the address {own}; try: {fix}", 2)
        self._open_first(seen.index)
        self._load()
        self._open_beside()
        self._watch_links()
        self._watch_signals()

    def _open_first(self, index):
        """Take the port, or say why that is not possible."""
        try:
            self._open(index)
        except PortTakenError as error:
            raise Refused(str(error), 1) from None
        except PermissionError:
            raise Refused(NO_PERMISSION.format(self.name, _missing_rights()), 1) from None
        except OSError as error:
            raise Refused(f"{self.name}: {error.strerror}", 1) from None

    def _load(self):
        """Read the leases of an earlier life."""
        if not self.storage:
            return
        try:
            self.storage.load(self.now_s())
        except OSError as error:
            raise Refused(f"store: {self._settings.store}: {error.strerror}", 2) from None

    def _open_beside(self):
        """Take the ports of what runs beside the server."""
        if not self.beside:
            return
        try:
            self.beside.open()
        except OSError as error:
            raise Refused(f"names or page: {requires.words(error)}", 1) from None

    def counters(self):
        """Return the counters of the checks and of the store, as far as there are any."""
        found = {}
        if self.checker:
            found["checks"] = self.checker.report()
        if self.storage:
            found["store"] = self.storage.counts
        return found

    def _serve_beside(self):
        """Serve names and page, and wake up for their sockets as they are now."""
        if not self.beside:
            return
        self._beside_wait_s = self.beside.poll()
        wanted = self.beside.sockets()
        known = {key.fileobj for key in self._selector.get_map().values() if key.data is None}
        for sock in known - wanted:
            self._selector.unregister(sock)
        for sock in wanted - known:
            self._selector.register(sock, selectors.EVENT_READ, None)

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
        self.output.tell(table | self.counters())

    def _configure(self):
        """Go on with the settings as they are now; with the old ones when those are wrong."""
        try:
            settings, config = self._reread()
            config.conflict_check = self.server.config.conflict_check
            self.server.configure(config, self.now_s())
        except (OSError, ValueError) as error:
            self._error(f"the old settings stay: {error}")
            return
        if self.checker:
            self.checker.check_ms = settings.check_ms
            self.checker.clear()
        names = {"check": "conflict_check"}
        later = [
            names.get(field, field)
            for field in RESTARTS
            if getattr(settings, field) != getattr(self._settings, field)
        ]
        self.output.tell({"event": "settings", "at_s": self.now_s(), "restart": later})

    def _say(self, message):
        """Tell something about the store."""
        self.output.tell({"event": "store", "at_s": self.now_s(), "message": message})

    def _error(self, message):
        self.output.tell({"event": "error", "at_s": self.now_s(), "message": message})

    def run(self):
        """Serve until a signal ends it.  The leases are stored in every case."""
        try:
            self._check_link()
            while self._running:
                self._take_turn()
        finally:
            if self.storage:
                self.storage.save(self.now_s())
            self.output.flush(LAST_WORDS_S)

    def _take_turn(self):
        """Sleep until something is to be done, and do it."""
        ready = self._selector.select(self._wait_s())
        for key, _ in ready:
            if key.data:
                key.data()
        self._end_checks()
        self._serve_beside()
        self._do_chores()
        if not ready and self._state != "up":
            self._check_link()

    def _do_chores(self):
        """End leases that are due, report events, store changes."""
        now_s = self.now_s()
        leases = self.server.leases
        if now_s >= leases.due_s:
            leases.end_due(now_s)
        while event := self.server.next_event():
            self.output.tell(events.lease(event, now_s))
            if self.beside:
                self.beside.event(*event)

    def _wait_s(self):
        """Return how long the loop may sleep: None until something comes in."""
        waits = [
            None if self._state == "up" else LOOK_AGAIN_S,
            self.output.wait_s(),
            self._checks_s(),
            self._beside_wait_s,
            self.storage.wait_s(self.now_s()) if self.storage else None,
            self._due_s(),
        ]
        return min((wait for wait in waits if wait is not None), default=None)

    def _checks_s(self):
        """Return in how many seconds a check wants to go on, None: none runs."""
        wait_ms = self.checker.wait_ms() if self.checker else -1
        return None if wait_ms < 0 else wait_ms / 1000

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
            if self.checker and state != "up":  # what is found out now means nothing
                self.checker.clear()
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
            self.port.probes.own = frozenset(map(socket.inet_aton, addresses))
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

    def _handle(self, n):
        """Answer one request and tell about it, or park it until an address has been checked."""
        now_s = self.now_s()
        reply_n = self.server.handle(n, now_s)
        if reply_n == PARK:
            self.checker.park(n, self.now_ms())
            return
        to = self._send(reply_n) if reply_n > 0 else None
        event = events.handled(self.server, n, reply_n, to, now_s)
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
            self._cannot_send(error)
            return f"nobody: {error.strerror}"
        self._send_error = None
        return to

    def _cannot_send(self, error):
        """Look at the interface, or tell what else keeps a packet here.

        The client asks again: nothing to repeat here, and one message for all of them.
        """
        if error.errno in AWAY:
            self._check_link()
        elif error.errno != self._send_error:
            self._error(f"{self.name}: cannot send: {error.strerror}")
        self._send_error = error.errno

    # Checks of addresses

    def _end_checks(self):
        """Handle the messages whose check has ended."""
        if not self.checker or not self.checker.waiting:
            return
        while n := self.checker.poll(self.now_ms(), self.now_s()):
            self._handle(n)
        if self.port.probes.trouble:
            self._cannot_send(self.port.probes.trouble)

    def _on_probes(self):
        """Do nothing: the answers are read with the checks that wait for them."""
        if self.port.index and not self.checker.waiting:
            self.port.probes.heard()

    def proxy(self, mac):
        """Tell that a station answers for addresses that it cannot have."""
        self.output.tell(events.proxy(mac, self.now_s()))

    def dropped(self, packet, reason):
        """Tell that a message waits no longer."""
        self.output.tell(events.dropped(packet, reason, self.now_s()))


def _missing_rights():
    """Return " (CAP_NET_RAW is missing)" for what this process lacks, "" when it has all."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        held = int(status.partition("CapEff:")[2].split()[0], 16)
    except (OSError, ValueError, IndexError):
        return ""
    missing = [name for name, bit in CAPABILITIES.items() if not held >> bit & 1]
    if not missing:
        return ""
    return f" ({' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing)"
