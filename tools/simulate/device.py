"""A client as RFC 2131 section 4.4 wants it: the states of figure 5, and its timers.

It stops using an address the moment its lease is over, counted from when it sent the REQUEST
(section 4.4.1), and asks again after 4, 8, 16, 32, 64 seconds, each a second more or less
(section 4.1).
"""

from typing import NamedTuple

import client
from dhcp import options as read

OFF, INIT, SELECTING, REQUESTING, PROBING, REBOOTING, BOUND, RENEWING, REBINDING = range(9)
OFFER, ACK, NAK = 2, 5, 6

FIRST_TRY_S, LAST_TRY_S = 4, 64
REQUESTS = 4  # in REQUESTING and REBOOTING, before it gives up
LEAST_RETRY_S = 60  # in RENEWING and REBINDING
AFTER_DECLINE_S = 10  # section 3.1, step 5
PROBES_S = 2  # what the client's own question takes (RFC 5227)
NOWHERE = b"\0" * 4


class Manners(NamedTuple):
    """What the RFC leaves to the client."""

    client_id: bytes | None = None
    remembers: bool = True  # asks for the address of last time
    probes: bool = True  # asks who has the address before it uses it
    releases: bool = False  # when it leaves
    wish_s: int | None = None  # option 51


class Device:
    """One client.

    mac       6 bytes; a habit may change it while the device is away
    address   the address it has or remembers, 4 bytes, or None
    until     when the lease of that is over
    state     OFF when away, else as in figure 5
    judge     is told started(device), holds(device, renewed), drops(device), declined(device)
    """

    def __init__(self, world, air, judge, mac, manners):
        self.mac = mac
        self.manners = manners
        self.address = None
        self.until = 0.0
        self.state = OFF
        self.deaf = False  # present, but out of reach
        self._world = world
        self._air = air
        self._judge = judge
        self._alarm = 0  # the latest one: earlier ones ring for nobody
        self._xid = 0
        self._tries = 0
        self._asked_at = 0.0
        self._server = NOWHERE
        self._offered = None
        self._t1 = self._t2 = 0.0

    def hears(self):
        """Return whether messages reach it."""
        return self.state != OFF and not self.deaf

    # Coming and going

    def arrive(self):
        """Join the network; ask for the old address while its lease runs (INIT-REBOOT)."""
        self._air.devices[self.mac] = self
        self._judge.started(self)
        if self.address and self.manners.remembers and self._world.now < self.until:
            self._begin(REBOOTING)
            self._reboot()
        else:
            self._init(self._world.chance.uniform(0, 1))

    def leave(self):
        """Go away, most without a word; the lease goes on."""
        using = self.state in (BOUND, RENEWING, REBINDING)
        if using and self.manners.releases:
            self._say("RELEASE", {client.SERVER_ID: self._server}, self.address)
            self._judge.drops(self)
            self.until = self._world.now
        self._stop_using()
        self.state = OFF
        self._alarm += 1

    def _stop_using(self):
        self._air.owners[self.address].discard(self)

    def _lose(self):
        """The address may not be used any longer."""
        self._stop_using()
        self._judge.drops(self)
        self.until = 0.0

    # Timers

    def _ring(self, delay_s):
        self._alarm += 1
        self._world.later(delay_s, self._wake, self._alarm)

    def _wake(self, alarm):
        if alarm == self._alarm:
            _ON_TIME[self.state](self)

    def _ring_for_retry(self):
        delay_s = min(FIRST_TRY_S << min(self._tries, 8), LAST_TRY_S)
        self._tries += 1
        self._ring(delay_s + self._world.chance.uniform(-1, 1))

    def _begin(self, state):
        """Enter a state in which something is asked."""
        self.state = state
        self._tries = 0
        self._xid = self._world.chance.getrandbits(32)
        self._asked_at = self._world.now

    # Asking

    def _say(self, kind, extra, ciaddr=NOWHERE):
        identity = {client.CLIENT_ID: self.manners.client_id} if self.manners.client_id else {}
        packet = client.message(kind, self.mac, self._xid, extra | identity, ciaddr=ciaddr)
        if not self.deaf:
            self._air.to_server(packet)

    def _wish(self):
        wish_s = self.manners.wish_s
        return {client.LEASE_S: wish_s.to_bytes(4, "big")} if wish_s else {}

    def _init(self, delay_s):
        self.state = INIT
        self._ring(delay_s)

    def _start_selecting(self):
        self._begin(SELECTING)
        self._discover()

    def _discover(self):
        wanted = {}
        if self.address and self.manners.remembers:
            wanted = {client.REQUESTED: self.address}
        self._say("DISCOVER", wanted | self._wish())
        self._ring_for_retry()

    def _request(self):
        if self._tries == REQUESTS:
            self._start_selecting()
            return
        named = {client.REQUESTED: self._offered, client.SERVER_ID: self._server}
        self._say("REQUEST", named | self._wish())
        self._ring_for_retry()

    def _reboot(self):
        """Ask for the address of last time; without an answer, use it to the end of its lease."""
        if self._tries == REQUESTS:
            if self._world.now < self.until:
                self._use()
            else:
                self._start_selecting()
            return
        self._say("REQUEST", {client.REQUESTED: self.address} | self._wish())
        self._ring_for_retry()

    def _extend(self):
        """BOUND, RENEWING, REBINDING: ask for more time, or give the address up."""
        now = self._world.now
        if now >= self.until:
            self._lose()
            self._start_selecting()
            return
        state = REBINDING if now >= self._t2 else RENEWING
        if state != self.state:
            self._begin(state)
        self._asked_at = now
        self._xid = self._world.chance.getrandbits(32)
        self._say("REQUEST", self._wish(), self.address)
        end = self.until if state == REBINDING else self._t2
        self._ring(min(max((end - now) / 2, LEAST_RETRY_S), max(end - now, 0.001)))

    # Answers

    def take(self, reply):
        """Take a reply that names this device's MAC."""
        if reply[4:8] != self._xid.to_bytes(4, "big"):
            return
        options = read(reply)
        kind = options[client.TYPE][0]
        if self.state == SELECTING and kind == OFFER:
            self._server = options[client.SERVER_ID]
            self._offered = reply[16:20]
            self.state, self._tries, self._asked_at = REQUESTING, 0, self._world.now
            self._request()
        elif self.state in (REQUESTING, REBOOTING, RENEWING, REBINDING):
            if kind == ACK:
                self._acked(reply[16:20], options)
            elif kind == NAK:
                self._refused()

    def _refused(self):
        if self.state != REQUESTING:
            self._lose()
        self._init(self._world.chance.uniform(0, 1))

    def _acked(self, address, options):
        """Take the lease.  If the address is new, probe for it first."""
        lease_s = int.from_bytes(options[client.LEASE_S], "big")
        if address != self.address and self.address:
            self._judge.drops(self)
        renewed = self.state in (RENEWING, REBINDING)
        self.address, self.until = address, self._asked_at + lease_s
        self._t1, self._t2 = self._asked_at + lease_s / 2, self._asked_at + lease_s * 7 / 8
        self._server = options[client.SERVER_ID]
        self._judge.holds(self, renewed)
        if renewed or not self.manners.probes:
            self._use()
        else:
            self.state = PROBING
            self._ring(PROBES_S)

    def _probed(self):
        if any(self._air.answers(self.address, self) for _ in range(3)):
            named = {client.REQUESTED: self.address, client.SERVER_ID: self._server}
            self._judge.declined(self)
            self._say("DECLINE", named)
            self.address, self.until = None, 0.0
            self._init(AFTER_DECLINE_S)
        else:
            self._use()

    def _use(self):
        """The address is this device's until its lease ends; T1 comes first."""
        self.state = BOUND
        self._air.owners[self.address].add(self)
        self._ring(max(self._t1 - self._world.now, 0.001))


_ON_TIME = {
    INIT: Device._start_selecting,
    SELECTING: Device._discover,
    REQUESTING: Device._request,
    PROBING: Device._probed,
    REBOOTING: Device._reboot,
    BOUND: Device._extend,
    RENEWING: Device._extend,
    REBINDING: Device._extend,
}
