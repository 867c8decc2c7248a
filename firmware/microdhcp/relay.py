"""A relay agent on the board: servers behind its station interface give out the addresses.

    relay = Relay(ap, ["10.0.0.5", "10.0.0.6"], address="192.168.4.1/24")
    relay.start(ssid="greenhouse", key="change-me-now")
    sta.connect("office", "secret")               # after start(): then it is the default route
    asyncio.run(relay.run())                      # or relay.poll() from a loop of one's own

It takes the place of a Service.  Only packets from the servers named here, to requests that were
relayed a moment ago, reach a client (agent.py).  Each packet costs one object, from recvfrom():
the firmware has no other way to say who has sent it.
"""

import sys
from select import POLLIN, poll
from socket import AF_INET, SOCK_DGRAM, socket
from time import ticks_add, ticks_diff, ticks_ms

from network import STA_IF, WLAN

from ._compat import const
from .clock import Clock

_RX_N = const(700)  # a client's message and option 82
_CLIENT_N = const(600)
_CHADDR = const(28)
_NOWHERE = "0.0.0.0"
_BATCH = const(8)  # packets in one go, before others have their turn
_CHORES_MS = const(500)
_NAP_MS = const(5)
_STEP = const(64)  # lengths of the messages to servers
_SHORTEST = const(300)
_NO_TURNS = (False, 20, None)  # in the background, see starting.py
_ERRORS = (OSError, MemoryError, RuntimeError)  # the ESP32's Wi-Fi raises RuntimeError too


class Relay:
    """A relay agent on the access point of this board.

    agent    the Agent, with its counters
    server   the Server of the fallback, None: there is none
    local    True while the fallback serves, because no server answers
    counts   {what: how often}: what the relay itself has seen, see stats()
    """

    running: "Relay" = None  # the one that has been started last
    storage = None  # leases of the fallback are short: nothing is kept over a restart
    parts = ()

    # Made by relay_start.prepare(), and when the sockets come; an annotation costs nothing.
    _views: list

    def __init__(self, ap, servers, address=None, fallback=None, **settings):
        """Prepare a relay; nothing is touched before start().

        ap          network.WLAN(network.WLAN.IF_AP)
        servers     list of addresses; a pair (address, secs): asked only if the client has tried
                    for so many seconds
        address     own address on the access point with its prefix, "192.168.4.1/24"; None: that
                    of the fallback
        fallback    a Config with authoritative=False, conflict_check=False and a short lease_s:
                    the board serves that pool while no server answers; None: clients wait

        fallback_s  30    so long no server has answered by then, 5..3600
        circuit_id  None  bytes or text for option 82.1; None: the board's MAC
        remote_id   None  bytes or text for option 82.2; None: not sent
        max_hops    4     messages that passed so many relays are dropped, 1..16
        pending     16    transactions at a time, 4..250
        max_message 600   longest reply in bytes of UDP payload, 300..1472
        on_feed     None  called at least every second, to feed a watchdog
        The first one that is wrong: ValueError.
        """
        from .relay_start import arguments

        self._places, self._thresholds, self.config, self._settings = arguments(
            servers, address, fallback, settings
        )
        if sys.platform == "rp2":
            from .ports.rp2 import Port
        else:
            from .ports.esp32 import Port
        self.port = Port(ap, False)
        self.server = self.agent = None
        self.local = False
        self.counts = {"foreign": 0, "troubles": 0, "unsent": 0, "fallbacks": 0}
        self._sta = WLAN(STA_IF)
        self._fallback = fallback
        self._clock = Clock()
        self._uplink = None  # the socket towards the servers, where the port's own hears only AP
        self._at = _NOWHERE  # the station's address
        self._stop = True
        self._unanswered = False  # whether something was sent since a server has answered
        self._silent_ms = self._chores_ms = ticks_ms()  # since when: so long they are silent

    def start(
        self,
        ssid,
        key=None,
        open=False,
        country=None,
        channel=None,
        hidden=None,
        may_restart=True,
    ):
        """Take UDP port 67 from the firmware, then bring the access point up: as Service.start().

        The station may join its network before or after; join it after, if the servers are not in
        its own subnet.  ValueError for a wrong setting, OSError if the port or the access point
        cannot be had.
        """
        from .relay_start import prepare
        from .starting import start
        from .stations import Stations

        prepare(self)
        self._members = self.port.associated or Stations(self.port)
        settings = (ssid, key, open, country, channel, hidden)
        start(self, settings, may_restart, _NO_TURNS)
        self._stop = False
        self._unanswered = False
        self._join()

    def stop(self):
        """Give port 67 back; run() ends.  The access point stays up."""
        self._stop = True
        self._close_uplink()
        self.port.close()

    def feed(self):
        """Call on_feed."""
        if self._settings["on_feed"]:
            self._settings["on_feed"]()

    def leases(self):
        """Return an iterator of the fallback's leases (roster.Lease), as Service.leases()."""
        return self.server.roster(self._clock.now_s()) if self.server else iter(())

    def stats(self):
        """Return a dict of counters:

        relayed, returned   messages to servers, replies to clients
        drops      {reason: how often}, see agent.py
        foreign    messages from devices that are not associated with this access point
        troubles   errors of the firmware, or no memory, that were survived
        unsent     packets that could not be sent
        fallbacks  how often the fallback has begun to serve; `local`: it serves now
        """
        stats = {"relayed": self.agent.relayed, "returned": self.agent.returned}
        stats["drops"] = dict(self.agent.drops)
        stats.update(self.counts)
        stats["local"] = self.local
        return stats

    # The loop

    def poll(self, wait_ms=0):
        """Relay what waits, and return.

        wait_ms   wait so long for the first packet; 500 at most
        """
        if self._stop:
            return
        try:
            for _ in range(_BATCH):
                if not self._next(wait_ms):
                    break
                wait_ms = 0
        except Exception as error:
            self._survive(error)
        if ticks_diff(ticks_ms(), self._chores_ms) >= 0:
            self._do_chores()

    async def run(self):
        """Relay until stop() or cancelled."""
        import asyncio

        while not self._stop:
            self.poll()
            await asyncio.sleep_ms(_NAP_MS)

    def _next(self, wait_ms):
        """Take one packet from a socket; return whether there was one."""
        sock = None
        for entry in self._poll.ipoll(min(wait_ms, _CHORES_MS)):
            sock = entry[0]
            break
        if not sock:
            return False
        data, source = sock.recvfrom(_RX_N + 1)
        if not data:
            self._reopen(sock)
        elif data[0] == 1:
            self._from_client(data)
        else:
            self._from_server(data, source)
        return True

    def _reopen(self, sock):
        """Put a new socket in place of one that an empty datagram has ended (ESP32)."""
        if sock is self._uplink:
            self._join()
        elif hasattr(self.port, "open"):
            self.port.open()
            self._watch()

    # Packets

    def _from_client(self, data):
        """Relay a client's message; in the fallback answer it as well."""
        n = len(data)
        agent = self.agent
        if n > _CLIENT_N:  # the rest of rx is for option 82
            agent.drops["no_room"] += 1
            return
        agent.rx[0:n] = data
        if self._bars():
            self.counts["foreign"] += 1
            return
        if self.local:
            self._serve(n)
        n = agent.to_servers(n, self._clock.seconds)
        if n:
            if not self._unanswered:
                self._unanswered = True
                self._silent_ms = ticks_ms()
            self._send(n)

    def _serve(self, n):
        """Answer the message in rx[:n] from the fallback."""
        sent = self.server.handle(n, self._clock.now_s())
        if sent > 0 and not self.port.send(self.server, sent):
            self.counts["unsent"] += 1

    def _send(self, n):
        """Send the message in rx[:n] to the servers that it is for."""
        agent = self.agent
        if self._at == _NOWHERE:
            self.counts["unsent"] += 1
            return
        sock = self._uplink or self.port.sock
        for i in range(len(self._places)):
            if agent.targets >> i & 1:
                agent.address(i)
                try:
                    sock.sendto(self._view(n), self._places[i])
                except OSError:
                    self.counts["unsent"] += 1

    def _view(self, n):
        """Return the message in rx with zeros up to a length for which there is a view."""
        number = (n - _SHORTEST + _STEP - 1) // _STEP
        view = self._views[number]
        for i in range(n, len(view)):
            self.agent.rx[i] = 0
        return view

    def _from_server(self, data, source):
        """Pass a server's reply on to its client, if it is one."""
        n = len(data)
        agent = self.agent
        server = -1
        for i in range(len(self._places)):
            if source == self._places[i]:
                server = i
        if n <= len(agent.tx):
            agent.tx[0:n] = data
        n = agent.to_client(n, server, self._clock.now_s())
        if not n:
            return
        self._unanswered = False
        if self.local:  # the servers are back: what they say next counts
            self.local = False
        elif not self.port.send(agent, n):
            self.counts["unsent"] += 1

    def _bars(self):
        """Return whether the message in rx is not, or may not be, from a station of ours."""
        if not self.port.foreign():
            return False
        return not self._members.has(self.agent.rx, _CHADDR, ticks_ms(), True)

    # Chores

    def _do_chores(self):
        """Do what is due twice a second."""
        self._chores_ms = ticks_add(ticks_ms(), _CHORES_MS)
        try:
            self.feed()
            self._clock.now_s()
            if self.port.lost():
                self.port.up()
                self._watch()
            if self._sta.isconnected() and self._sta.ifconfig()[0] != self._at:
                self._join()
            self._watch_servers()
        except Exception as error:
            self._survive(error)

    def _watch_servers(self):
        """Begin to serve the fallback when no server has answered for long enough."""
        if self.server and not self.local and self._unanswered:
            if ticks_diff(ticks_ms(), self._silent_ms) >= 1000 * self._settings["fallback_s"]:
                self.local = True
                self.counts["fallbacks"] += 1

    def _join(self):
        """Take the station's address: it goes to giaddr, and the servers send to it."""
        self._at = self._sta.ifconfig()[0]
        self.agent.link[:] = bytes([int(part) for part in self._at.split(".")])
        if sys.platform != "rp2" and self._at != _NOWHERE:
            self._close_uplink()
            sock = socket(AF_INET, SOCK_DGRAM)
            sock.setblocking(False)
            sock.bind((self._at, 67))
            self._uplink = sock
        self._watch()

    def _watch(self):
        """Wait for packets of the sockets that there are."""
        self._poll = poll()
        for sock in (self.port.sock, self._uplink):
            if sock:
                self._poll.register(sock, POLLIN)

    def _close_uplink(self):
        if self._uplink:
            self._uplink.close()
            self._uplink = None

    def _survive(self, error):
        """Count an error; print what is no error of the firmware: a mistake."""
        self.counts["troubles"] += 1
        if not isinstance(error, _ERRORS):
            sys.print_exception(error)
