"""A relay agent on the board: servers behind its station interface give out the addresses.

    relay = Relay(ap, ["10.0.0.5", "10.0.0.6"], address="192.168.4.1/24")
    relay.start(ssid="greenhouse", key="change-me-now")
    sta.connect("office", "secret")               # after start(): then it is the default route
    asyncio.run(relay.run())                      # or relay.poll() from your own loop

It takes the place of a Service.  A reply reaches a client only if it comes from one of these
servers, to a request that was relayed a moment ago (agent.py).  Each packet allocates one object
in recvfrom(), because the firmware tells the sender in no other way.
"""

import sys
from select import POLLIN, poll
from socket import AF_INET, SOCK_DGRAM, socket
from time import ticks_add, ticks_diff, ticks_ms

from ._compat import const

_RX_N = const(600)  # of the fallback's server
_CHADDR = const(28)
_NOWHERE = "0.0.0.0"
_BATCH = const(8)  # packets in one go, before others have their turn
_CHORES_MS = const(500)
_NAP_MS = const(5)
_STEP = const(64)  # lengths of the messages to servers
_SHORTEST = const(300)
_FOREIGN = const(0)  # in `counts`
_TROUBLES = const(1)
_UNSENT = const(2)
_FALLBACKS = const(3)
_ERRORS = (OSError, MemoryError, RuntimeError)  # the ESP32's Wi-Fi raises RuntimeError too


class Relay:
    """A relay agent on the access point of this board.

    agent    the Agent, with its counters; None before start()
    server   the Server of the fallback, or None
    local    True while the fallback serves, because no server answers
    counts   how often, see _FOREIGN and those behind it
    """

    running: "Relay" = None  # the one that has been started last
    storage = None  # leases of the fallback are short: nothing is kept over a restart
    parts = ()

    # Made by relay_start, and when the sockets come; an annotation costs nothing.
    local: bool
    _views: list  # of the messages to servers
    _places: tuple
    _fallback_ms: int
    _stop: bool
    _at: str  # the station's address
    _unanswered: bool  # whether something was sent since a server has answered

    def __init__(self, ap, servers, address=None, fallback=None, **settings):
        """Prepare a relay; nothing is touched before start().

        ap          network.WLAN(network.WLAN.IF_AP)
        servers     list of addresses.  A pair (address, secs) is asked only for clients that have
                    tried for so many seconds
        address     the board's address on the access point, "192.168.4.1/24".  None: that of the
                    fallback
        fallback    a Config: the board serves its pool while no server answers.  It needs
                    authoritative=False, conflict_check=False and a short lease_s.  None: no pool

        fallback_s  30    seconds without an answer of a server before the fallback serves, 5..3600
        circuit_id  None  option 82.1: 1 to 32 bytes, or text.  None: the board's MAC
        remote_id   None  option 82.2: 1 to 32 bytes, or text.  None: not sent
        max_hops    4     drop messages that have passed so many relays, 1..16
        pending     16    transactions at a time, 4..250
        max_message 700   longest message in bytes of UDP payload, 576..1472
        on_feed     None  function that is called at least every second, to feed a watchdog
        ValueError names the first wrong argument.
        """
        from .relay_start import begin

        self.config = self.port = self.server = self.agent = self.counts = None
        self._sta = self._clock = self._on_feed = None
        self._members = None  # stations.Stations
        self._uplink = None  # the socket to the servers, where the port's own hears only the AP
        self._silent_ms = ticks_ms()  # since when no server has answered
        self._chores_ms = self._silent_ms
        begin(self, ap, servers, address, fallback, settings)

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

        The station may join its network before or after.  Join it after, if the servers are in
        another subnet.  ValueError names a wrong argument.  OSError: the port or the access point
        is not available.
        """
        from .relay_start import start

        start(self, (ssid, key, open, country, channel, hidden), may_restart)
        self._join()

    def stop(self):
        """Give port 67 back; run() ends.  The access point stays up."""
        self._stop = True
        self._close_uplink()
        self.port.close()

    def feed(self):
        """Call on_feed."""
        if self._on_feed:
            self._on_feed()

    def leases(self):
        """Return an iterator over the fallback's leases, as Service.leases()."""
        return self.server.roster(self._clock.now_s()) if self.server else iter(())

    def stats(self):
        """Return a dict of counters:

        relayed    messages to servers
        returned   replies to clients
        drops      {reason: how often}
        foreign    messages from devices that are not associated with this access point
        troubles   errors of the firmware, also for lack of memory, after which it went on
        unsent     packets that could not be sent
        fallbacks  how often the fallback has begun to serve
        local      True while it serves
        """
        from .relay_report import stats

        return stats(self)

    # The loop

    def poll(self, wait_ms=0):
        """Relay the messages that wait, and return.

        wait_ms   how long to wait for the first packet, 500 at most
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
        data, source = sock.recvfrom(len(self.agent.tx) + 1)
        if not data:
            self._reopen(sock)
        elif data[0] == 1:
            self._from_client(data)
        else:
            self._from_server(data, source)
        return True

    def _reopen(self, sock):
        """Replace a socket that an empty datagram has ended (ESP32)."""
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
        if n <= len(agent.rx):
            agent.rx[0:n] = data
            if self.port.foreign() and not self._members.has(agent.rx, _CHADDR, ticks_ms(), True):
                self.counts[_FOREIGN] += 1
                return
            if self.local and n <= _RX_N:
                self._serve(data)
        n = agent.to_servers(n, self._clock.seconds)
        if n:
            if not self._unanswered:
                self._unanswered = True
                self._silent_ms = ticks_ms()
            self._send(n)

    def _serve(self, data):
        """Answer a message from the fallback, whose replies are written over the agent's rx."""
        n = len(data)
        self.server.rx[0:n] = data
        sent = self.server.handle(n, self._clock.now_s())
        if sent > 0 and not self.port.send(self.server, sent):
            self.counts[_UNSENT] += 1
        self.agent.rx[0:n] = data

    def _send(self, n):
        """Send the message in rx[:n] to the servers that it is for."""
        agent = self.agent
        if self._at == _NOWHERE:
            self.counts[_UNSENT] += 1
            return
        sock = self._uplink or self.port.sock
        view = self._views[(n - _SHORTEST + _STEP - 1) // _STEP]
        for i in range(n, len(view)):  # zeros up to a length for which there is a view
            agent.rx[i] = 0
        for i in range(len(self._places)):
            if agent.targets >> i & 1:
                agent.address(i)
                try:
                    sock.sendto(view, self._places[i])
                except OSError:
                    self.counts[_UNSENT] += 1

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
            self.counts[_UNSENT] += 1

    # Chores

    def _do_chores(self):
        """Do the work that is due twice a second."""
        self._chores_ms = ticks_add(ticks_ms(), _CHORES_MS)
        try:
            self.feed()
            self._clock.now_s()
            if self.port.lost():
                self.port.up()
                self._watch()
            if self._sta.isconnected() and self._sta.ifconfig()[0] != self._at:
                self._join()
            if self.server and not self.local and self._unanswered:
                if ticks_diff(ticks_ms(), self._silent_ms) >= self._fallback_ms:
                    self.local = True
                    self.counts[_FALLBACKS] += 1
        except Exception as error:
            self._survive(error)

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
        """Wait for packets of all open sockets."""
        self._poll = poll()
        for sock in (self.port.sock, self._uplink):
            if sock:
                self._poll.register(sock, POLLIN)

    def _close_uplink(self):
        if self._uplink:
            self._uplink.close()
            self._uplink = None

    def _survive(self, error):
        """Count an error.  Print it if it is a mistake of the program, not of the firmware."""
        self.counts[_TROUBLES] += 1
        if not isinstance(error, _ERRORS):
            sys.print_exception(error)
