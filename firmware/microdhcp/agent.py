"""The decision of a relay agent: which messages pass, and what is changed in them.

RFC 1542 section 4, RFC 3046 (option 82), RFC 3527 (link selection), RFC 5107 (server identifier
override).  No clock, no sockets; nothing is allocated for a packet.

Towards the servers a message gets giaddr and option 82.  Link selection names the clients' subnet,
so giaddr may be an address that the servers reach.  The override asks the servers to call
themselves by the relay's address, so that renewals come through the relay; if a server ignores
it, the relay writes option 54 itself, and back again on the way to that server.
"""

from array import array

from ._compat import const

BROADCAST = const(0)  # where a reply goes; as in reply.py
CLIENT = const(1)
CIADDR = const(2)

_ROW = const(11)  # xid, first six bytes of chaddr, number of the server
_KEY = const(10)
_NO_SERVER = const(255)  # no server has answered yet
_AGE_S = const(120)  # a client's transaction is over by then
_CLOCK = const(0xFFFF)

_XID = const(4)
_SECS = const(8)
_FLAGS = const(10)
_CIADDR = const(12)
_YIADDR = const(16)
_GIADDR = const(24)
_CHADDR = const(28)
_COOKIE = const(236)
_OPTIONS = const(240)
_SHORTEST = const(300)

_DISCOVER = const(1)
_REQUEST = const(3)
_DECLINE = const(4)
_NAK = const(6)
_RELEASE = const(7)
_ASKS = const(0b1_1001_1010)  # bit i: clients send type i; INFORM is 8
_REPLIES = const(0b110_0100)  # OFFER, ACK, NAK

# Numbers of the words in relay_report.DROPS.
_MALFORMED = const(0)
_HOPS = const(1)
_RELAYED = const(2)
_TOO_EARLY = const(3)
_NO_ROOM = const(4)
_NO_WAY = const(5)
_STRANGER = const(6)
_OTHER_GIADDR = const(7)
_UNKNOWN = const(8)
_OTHER_OFFER = const(9)
_LONG = const(10)
_REASONS = const(11)
_PASSES = const(-1)


class Agent:
    """A relay agent without input and output.

    rx         buffer for a client's message
    tx         buffer for a server's reply; it may be the same one
    reply_to   where the reply in tx goes: BROADCAST, CLIENT, or CIADDR, which rx then has as well
    targets    after to_servers(): bit i is set if server i gets the message
    drop_counts   how often, for each reason in relay_report.DROPS
    relayed, returned   messages that went to servers, replies that went to clients
    """

    def __init__(self, own, link, thresholds, tx, rx, ids=b"", max_hops=4, pending=16):
        """Prepare an agent.

        own         4 bytes, the relay's address on the clients' network
        link        4 bytes, the address that goes to giaddr: the servers send to it
        thresholds  for each server the secs that a message must have, 0..65535
        ids         sub-options 1 and 2 of option 82, finished
        max_hops    messages with so many hops are dropped, 1..16
        pending     transactions that are remembered
        """
        self.rx = rx
        self.tx = tx
        self.reply_to = BROADCAST
        self.targets = 0
        self.link = link
        self.drop_counts = array("I", [0] * _REASONS)
        self.relayed = self.returned = 0
        self._own = own
        self._thresholds = thresholds
        self._known = bytearray(4 * len(thresholds))  # how each server calls itself
        self._max_hops = max_hops
        selection = b"\x05\x04" + own + b"\x0b\x04" + own
        self._agent = bytes((82, len(ids) + len(selection))) + ids + selection + b"\xff"
        self._rows = bytearray(_ROW * pending)
        self._seen_s = array("H", [0] * pending)
        self._next = 0
        self._key = bytearray(_KEY)
        self._device = bytearray(6)
        self._names_us = False  # option 54 of the client's message is the relay's address
        self._id_pos = self._agent_pos = self._end_pos = self._kind = 0

    def to_servers(self, n, now_s):
        """Prepare the client's message in rx[:n]; return its length for `targets`, 0 if dropped.

        Call address(i) before it is sent to server i.
        """
        rx = self.rx
        self.targets = 0
        if n > len(rx):
            return self._drop(_NO_ROOM)
        if not self._read(rx, n, 1) or not _ASKS >> self._kind & 1:
            return self._drop(_MALFORMED)
        if rx[3] >= self._max_hops:
            return self._drop(_HOPS)
        if self._agent_pos or rx[24] | rx[25] | rx[26] | rx[27]:
            return self._drop(_RELAYED)
        if self._end_pos + len(self._agent) > len(rx):
            return self._drop(_NO_ROOM)
        reason = self._choose(now_s)
        if reason != _PASSES:
            return self._drop(reason)
        rx[3] += 1
        _copy(self.link, rx, _GIADDR, 4)
        end = self._end_pos + len(self._agent)
        _copy(self._agent, rx, self._end_pos, len(self._agent))
        self.relayed += 1
        return max(n, end, _SHORTEST)

    def address(self, server):
        """Write the server's own identifier into the message in rx, if it names the relay."""
        if self._names_us and self._known[4 * server]:
            for i in range(4):
                self.rx[self._id_pos + i] = self._known[4 * server + i]

    def to_client(self, n, server, now_s):
        """Check the reply in tx[:n] from server number `server`, -1 for anybody else.

        Returns the length to send to `reply_to`, 0 if dropped.
        """
        tx = self.tx
        if server < 0:
            return self._drop(_STRANGER)
        if n > len(tx):
            return self._drop(_LONG)
        if not self._read(tx, n, 2) or not _REPLIES >> self._kind & 1 or not self._id_pos:
            return self._drop(_MALFORMED)
        for i in range(4):
            if tx[_GIADDR + i] != self.link[i]:
                return self._drop(_OTHER_GIADDR)
        row = self._find(tx)
        if row < 0 or (now_s - self._seen_s[row] & _CLOCK) > _AGE_S:
            return self._drop(_UNKNOWN)
        pos = _ROW * row + _KEY
        if self._rows[pos] != server:
            if self._rows[pos] != _NO_SERVER:
                return self._drop(_OTHER_OFFER)
            self._rows[pos] = server
        for i in range(4):
            self._known[4 * server + i] = tx[self._id_pos + i]
        _copy(self._own, tx, self._id_pos, 4)
        self._finish(n)
        self.returned += 1
        return max(n, _SHORTEST)

    def _read(self, buf, n, op):
        """Find the fields and options of interest; return False if it is not a DHCP message."""
        if not 243 <= n <= len(buf) or buf[0] != op or not 0 < buf[2] <= 16:
            return False
        if buf[236] != 0x63 or buf[237] != 0x82 or buf[238] != 0x53 or buf[239] != 0x63:
            return False
        self._id_pos = self._agent_pos = self._kind = 0
        pos = _OPTIONS
        while pos < n and buf[pos] != 255:
            code = buf[pos]
            if not code:
                pos += 1
                continue
            if pos + 1 >= n or pos + 2 + buf[pos + 1] > n:
                return False
            if not self._note(code, buf, pos + 2):
                return False
            pos += 2 + buf[pos + 1]
        self._end_pos = pos
        return self._kind > 0

    def _note(self, code, buf, pos):
        """Note the position of an option of interest; return False if its length is wrong."""
        if code == 53:
            self._kind = buf[pos] if buf[pos - 1] == 1 and not self._kind else 0
            return self._kind > 0
        if code == 54:
            if buf[pos - 1] != 4 or self._id_pos:
                return False
            self._id_pos = pos
        elif code == 82:
            if self._agent_pos:
                return False
            self._agent_pos = pos
        return True

    def _choose(self, now_s):
        """Set `targets` for the message in rx; return _PASSES, or the reason why there are none.

        A REQUEST for an offer goes to one server, because clients see all servers at one address.
        """
        row = self._find(self.rx)
        server = _NO_SERVER if row < 0 else self._rows[_ROW * row + _KEY]
        self._names_us = self._id_pos > 0 and _same(self.rx, self._id_pos, self._own, 0, 4)
        if self._names_us:
            if self._kind != _REQUEST or server == _NO_SERVER:
                server = self._last_of_device()
            if self._kind == _REQUEST and server == _NO_SERVER:
                return _NO_WAY
        elif self._kind == _DISCOVER or self._kind == _REQUEST:
            server = _NO_SERVER  # it may be another one this time
        if self._kind != _DECLINE and self._kind != _RELEASE:
            self._remember(row, server, now_s)
        if server != _NO_SERVER:
            self.targets = 1 << server
            return _PASSES
        secs = self.rx[_SECS] << 8 | self.rx[_SECS + 1]
        for i in range(len(self._thresholds)):
            if secs >= self._thresholds[i]:
                self.targets |= 1 << i
        return _PASSES if self.targets else _TOO_EARLY

    def _find(self, buf):
        """Return the row of the transaction in a message, -1 if there is none."""
        key = self._key
        for i in range(4):
            key[i] = buf[_XID + i]
        for i in range(6):
            key[4 + i] = buf[_CHADDR + i]
        pos = self._rows.find(key)
        while pos >= 0 and pos % _ROW:
            pos = self._rows.find(key, pos + 1)
        return pos // _ROW if pos >= 0 else -1

    def _remember(self, row, server, now_s):
        """Note the transaction whose key was looked for last, in place of the oldest one."""
        if row < 0:
            row = self._next
            self._next = (row + 1) % len(self._seen_s)
        pos = _ROW * row
        _copy(self._key, self._rows, pos, _KEY)
        self._rows[pos + _KEY] = server
        self._seen_s[row] = now_s & _CLOCK

    def _last_of_device(self):
        """Return the server whose answer the device in rx had last, or _NO_SERVER."""
        for i in range(6):
            self._device[i] = self._key[4 + i]
        start = _ROW * self._next  # the rows before it are younger than those behind it
        server = self._last_in(0, start)
        return self._last_in(start, len(self._rows)) if server == _NO_SERVER else server

    def _last_in(self, start, end):
        """Do the same for rows[start:end]; a loop over 4,096 rows would take 10 ms."""
        pos = end
        while pos >= 0:
            pos = self._rows.rfind(self._device, start, end)
            if pos % _ROW == 4 and self._rows[pos + 6] != _NO_SERVER:
                return self._rows[pos + 6]
            end = pos + 5
        return _NO_SERVER

    def _finish(self, n):
        """Remove option 82 from the reply in tx[:n], pad it, and find its destination."""
        tx = self.tx
        pos = self._agent_pos
        if pos:
            for i in range(pos - 2, pos + tx[pos - 1]):
                tx[i] = 0
        for i in range(n, _SHORTEST):
            tx[i] = 0
        self.reply_to = BROADCAST
        if tx[_FLAGS] & 0x80 or tx[1] != 1 or self._kind == _NAK:
            return
        if tx[_YIADDR] | tx[_YIADDR + 1] | tx[_YIADDR + 2] | tx[_YIADDR + 3]:
            self.reply_to = CLIENT
        elif tx[_CIADDR] | tx[_CIADDR + 1] | tx[_CIADDR + 2] | tx[_CIADDR + 3]:
            self.reply_to = CIADDR
            for i in range(_CIADDR, _CIADDR + 4):
                self.rx[i] = tx[i]

    def _drop(self, reason):
        """Count a dropped message; return 0."""
        self.drop_counts[reason] = self.drop_counts[reason] + 1 & 0x3FFFFFFF
        return 0


def _same(a, a_pos, b, b_pos, n):
    """Return True if n bytes of a from a_pos are those of b from b_pos."""
    for i in range(n):
        if a[a_pos + i] != b[b_pos + i]:
            return False
    return True


def _copy(source, target, pos, n):
    """Write the first n bytes of source to target[pos:]; a slice would allocate before v1.26."""
    for i in range(n):
        target[pos + i] = source[i]
