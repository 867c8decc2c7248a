"""A DHCP relay agent between two Linux interfaces: the decision of the board's relay, on CPython.

    python tools/relay.py --interface eth1 --address 10.77.0.1/24 \\
        --uplink eth0 --uplink-address 10.0.0.2 --server 10.0.0.5 --server 10.0.0.6

Clients on --interface get their addresses from the servers.  With --fallback FILE (settings for
serve.py) the relay serves that pool itself while no server answers.  Needs root, or CAP_NET_RAW
and CAP_NET_BIND_SERVICE.  SIGUSR1 prints the counters; SIGTERM and SIGINT end it.  Exit status:
0 ended by a signal, 1 the system refused (permission, port taken), 2 wrong arguments.
"""

import argparse
import contextlib
import ipaddress
import json
import selectors
import signal
import socket
import sys
import time
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "firmware")]

import requires
from linux import link, settings, sockets
from linux.port import Port
from microdhcp import Server
from microdhcp.agent import Agent
from microdhcp.relay_report import drops as drops_of

LONGEST = 1472  # bytes of UDP payload in an Ethernet frame
BURST = 64
LOOK_S = 0.5
PENDING = 4096


class RelayError(Exception):
    """The relay cannot start; the text is for the user, `status` for the shell."""

    def __init__(self, message, status=1):
        super().__init__(message)
        self.status = status


class Relay:
    """A relay agent with its two sockets.

    args     of parser()
    server   the Server of the fallback, None: there is none
    local    True while the fallback serves
    """

    def __init__(self, args):
        self._args = args
        self._interface = ipaddress.IPv4Interface(args.address)
        self._places = [(address, sockets.SERVER_PORT) for address, _ in args.server]
        self.port = Port(args.interface, self._interface)
        self.server = _fallback(args)
        self.local = False
        self.counts = {"unsent": 0, "fallbacks": 0}
        ids = _ids(args)
        self.agent = Agent(
            self._interface.ip.packed,
            ipaddress.IPv4Address(args.uplink_address).packed,
            [secs for _, secs in args.server],
            self.server.tx if self.server else bytearray(LONGEST),
            self.server.rx if self.server else bytearray(LONGEST),
            ids,
            args.max_hops,
            PENDING,
        )
        self._buffer = bytearray(65536)
        self._uplink = None
        self._silent_since = None  # when something was sent that no server has answered
        self._running = True

    def start(self):
        """Take port 67 on both sides.  RelayError: cannot."""
        seen = link.look(self._args.interface)
        if not seen.index:
            raise RelayError(
                f"there is no interface {self._args.interface}; ip link lists them", 2
            )
        if str(self._interface.ip) not in link.addresses(seen.index):
            raise RelayError(
                f"{self._args.interface} does not have the address {self._interface}; try: "
                f"ip address add {self._interface} dev {self._args.interface}",
                2,
            )
        try:
            self.port.open(seen.index)
            self._uplink = _open_uplink(self._args.uplink, self._args.uplink_address)
        except PermissionError:
            raise RelayError("no permission to open port 67: run as root") from None
        except OSError as error:
            raise RelayError(f"port 67: {requires.words(error)}") from None
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        signal.signal(signal.SIGUSR1, lambda *_: self._tell({"event": "stats", **self.stats()}))

    def _end(self, *_):
        self._running = False

    def stats(self):
        """Return the counters as a dict."""
        agent = self.agent
        drops = {reason: n for reason, n in drops_of(agent).items() if n}
        found = {"relayed": agent.relayed, "returned": agent.returned, "drops": drops}
        return {**found, **self.counts, "local": self.local}

    def run(self):
        """Relay until a signal ends it."""
        selector = selectors.DefaultSelector()
        selector.register(self.port.packets, selectors.EVENT_READ, self._from_clients)
        selector.register(self._uplink, selectors.EVENT_READ, self._from_servers)
        self._tell({"event": "ready", "interface": self._args.interface})
        while self._running:
            for key, _ in selector.select(LOOK_S):
                key.data()
            self._watch_servers()
        self._tell({"event": "end", **self.stats()})

    def _from_clients(self):
        """Relay what the clients say."""
        agent = self.agent
        for _ in range(BURST):
            try:
                n = self.port.receive(agent.rx)
            except OSError:  # nothing waits, or the interface is down
                return
            if not n or agent.rx[0] != 1:
                continue
            if self.local:
                self._serve(n)
            n = agent.to_servers(n, self._now_s())
            for number, place in enumerate(self._places):
                if agent.targets >> number & 1:
                    agent.address(number)
                    self._send(self._uplink.sendto, memoryview(agent.rx)[:n], place)
            if n and self._silent_since is None:
                self._silent_since = time.monotonic()

    def _from_servers(self):
        """Pass on what the servers say."""
        for _ in range(BURST):
            try:
                n, source = self._uplink.recvfrom_into(self._buffer)
            except OSError:
                return
            number = self._places.index(source) if source in self._places else -1
            if n <= len(self.agent.tx):
                self.agent.tx[:n] = self._buffer[:n]
            n = self.agent.to_client(n, number, self._now_s())
            if not n:
                continue
            self._silent_since = None
            if self.local:  # what the servers say next counts
                self._switch(False)
            else:
                self._send(self.port.send, self.agent, n)

    def _serve(self, n):
        """Answer the message in rx[:n] from the fallback."""
        sent = self.server.handle(n, self._now_s())
        if sent > 0:
            self._send(self.port.send, self.server, sent)

    def _send(self, function, *arguments):
        """Send something; what cannot leave is counted, its client asks again."""
        try:
            function(*arguments)
        except OSError:
            self.counts["unsent"] += 1

    def _watch_servers(self):
        """Begin to serve the fallback when no server has answered for long enough."""
        if self.server and not self.local and self._silent_since is not None:
            if time.monotonic() - self._silent_since >= self._args.fallback_after:
                self._switch(True)

    def _switch(self, local):
        self.local = local
        self.counts["fallbacks"] += local
        self._tell({"event": "fallback", "local": local})

    def _tell(self, event):
        """Print one event."""
        text = json.dumps(event) if self._args.json else "  ".join(f"{v}" for v in event.values())
        with contextlib.suppress(BrokenPipeError):
            print(text, flush=True)

    def _now_s(self):
        return int(time.monotonic()) & 0x3FFFFFFF


def _fallback(args):
    """Return the Server of the fallback, None without one.  RelayError: wrong settings."""
    if not args.fallback:
        return None
    line = settings.parser().parse_args(["--config", args.fallback])
    try:
        found = settings.settings(line)
        found.config.setdefault("address", args.address)
        found.config.update(authoritative=False, conflict_check=False)
        config = settings.config(found)
    except (OSError, ValueError) as error:
        raise RelayError(f"{args.fallback}: {error}", 2) from None
    if config.address != ipaddress.IPv4Interface(args.address).ip.packed:
        raise RelayError(f"{args.fallback}: address: is not {args.address}", 2)
    return Server(config, LONGEST, bytearray(LONGEST))


def _ids(args):
    """Return sub-options 1 and 2 of option 82; the circuit is the interface unless said."""
    out = b""
    for code, text in ((1, args.circuit_id or args.interface), (2, args.remote_id)):
        if text:
            out += bytes((code, len(text.encode()))) + text.encode()
    return out


def _open_uplink(name, address):
    """Return the socket towards the servers."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
        sock.bind((address, sockets.SERVER_PORT))
    except OSError:
        sock.close()
        raise
    return sock


def _server(text):
    """Return (address, secs) of "10.0.0.5" or "10.0.0.5=4"."""
    address, found, secs = text.partition("=")
    try:
        seconds = _whole(secs) if found else 0
        if seconds not in range(65536):
            raise ValueError
        return _host(address), seconds
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not IP or IP=SECS") from None


def _host(text):
    """Return the address of a host as text; ValueError for 0.x, multicast and broadcast."""
    address = ipaddress.IPv4Address(text)
    if not 0 < address.packed[0] < 224:
        raise ValueError
    return str(address)


def _whole(text):
    """Return the number that decimal digits write; int() takes signs and spaces as well."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError
    return int(text)


def _address(text):
    own, _, prefix = text.partition("/")
    try:
        if _whole(prefix) not in range(8, 31):
            raise ValueError
        found = ipaddress.IPv4Interface(f"{_host(own)}/{prefix}")
        if found.ip in (found.network[0], found.network[-1]):
            raise ValueError
        return str(found)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not IP/LEN of a host") from None


def _plain_address(text):
    try:
        return _host(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not the IPv4 address of a host") from None


def _id(text):
    if not 1 <= len(text.encode()) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to 100 bytes")
    return text


def _seconds(text):
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds up to 3600")
    return seconds


def parser():
    """Return the parser of the command line."""
    p = settings.Parser(prog="relay", description="DHCP relay agent between two interfaces.")
    p.add_argument("--interface", required=True, metavar="IF", help="interface to the clients")
    p.add_argument(
        "--address", required=True, type=_address, metavar="IP/LEN", help="address there"
    )
    p.add_argument("--uplink", required=True, metavar="IF", help="interface to the servers")
    p.add_argument(
        "--uplink-address",
        required=True,
        type=_plain_address,
        metavar="IP",
        help="address there; the servers send to it",
    )
    p.add_argument(
        "--server",
        required=True,
        type=_server,
        action="append",
        metavar="IP[=SECS]",
        help="a server; SECS: only for clients that have tried for so long. Several times allowed",
    )
    p.add_argument(
        "--circuit-id", type=_id, metavar="TEXT", help="option 82.1; default: the interface"
    )
    p.add_argument("--remote-id", type=_id, metavar="TEXT", help="option 82.2; default: not sent")
    p.add_argument(
        "--max-hops",
        type=int,
        choices=range(1, 17),
        default=4,
        metavar="N",
        help="relays on the way, default 4",
    )
    p.add_argument(
        "--fallback", metavar="FILE", help="settings as for serve.py, for a time without servers"
    )
    p.add_argument(
        "--fallback-after",
        type=_seconds,
        default=30,
        metavar="S",
        help="seconds without an answer, default 30",
    )
    p.add_argument("--json", action="store_true", help="print one JSON object per line")
    return p


def main(argv=None):
    """Run the command line; return the exit status."""
    args = parser().parse_args(argv)
    try:
        relay = Relay(args)
        relay.start()
        relay.run()
    except RelayError as error:
        print(f"relay: {error}", file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
