"""The usual messages answered by machine code: DISCOVER and REQUEST of plain clients.

Optional (`make flash … FAST=1`).  Four functions do in this order what Server.handle() does, with
the arrays of the lease table, and change nothing in it:

    read    where the options are, and whose message it is        RFC 2131 section 2
    decide  which address, in which state, for how long           sections 4.3.1 and 4.3.2
    write   the reply                                             table 3
    seal    the headers of the frame, where the port sends such   section 4.1

Each of them returns 0 for a message that is not plain, which is then Server.handle()'s.  The table
is written by Leases, the only place that does, after the reply has left.  Server.handle() is also
the oracle: host_tests/test_host_fast.py compares both on every packet there is.

A plain message comes from an Ethernet client without a relay agent.  Its options are whole, in the
options field, with a parameter list and without a lease time.  The client has one address at most,
of the pool and not reserved for anybody.
"""

from array import array

import micropython

from ._compat import const
from .leases import REBOOT, RENEW, SELECT

# Entries of the context: where the buffers are.
_RX = const(0)  # the message
_POS = const(1)  # where the length byte of each option is, by entry (message.Reader)
_ENTRY_OF = const(2)  # entry by option code
_CLIENT_KEY = const(3)  # of the client (message.client_key)
_NUMBERS = const(4)
_STATE = const(5)  # of the lease table, one for each slot
_UNTIL = const(6)
_GRANTED = const(7)
_MACS = const(8)
_KEYS = const(9)
_RESERVED = const(10)
_RESERVED_KEYS = const(11)
_NEXT = const(12)  # the states that follow: leases.NEXT
_TX = const(13)  # the reply
_FIXED = const(14)  # the magic cookie, 53 and 54 in it
_NUMBER_OF = const(15)  # number of the option by code, from 1 on; 0: none; 255: not plain
_TLVS = const(16)  # the finished options, one behind the other; 58 and 59 are the last
_STARTS = const(17)  # where each begins
_FRAME = const(18)  # around the reply
_STATIONS = const(19)  # MACs of the stations

# Entries of the numbers.  Settings:
POOL_N = const(0)
SLOTS = const(1)
FIRST24 = const(2)  # last three bytes of the first address
NET8 = const(3)  # first byte of all
HOST24 = const(4)  # last three bytes of our own
LEASE_S = const(5)
HOLD_S = const(6)
TX_N = const(7)
TIMES = const(8)  # where 58 begins among the options
CHECKS = const(9)  # 1: an address is checked before a client gets it
RAPID = const(10)  # 1: option 80 means something
RESERVED_N = const(11)
SUM = const(12)  # of the IP header, as far as it is always the same
STATIONS_N = const(13)
LAST_CODE = const(14)  # code of an option that a client may get
# Results:
_SLOT = const(15)
_TO_STATE = const(16)
_GRANTED_S = const(17)
_UNTIL_S = const(18)
_REPLY_TO = const(19)
COUNT = const(20)

# Entries of pos: 50, 51, 52, 53, 54, 55, 57, 61, 80, 82, 97
_REQUESTED = const(1)
_LEASE_TIME = const(2)
_OVERLOAD = const(3)
_TYPE = const(4)
_SERVER_ID = const(5)
_PARAMETERS = const(6)
_MAX_SIZE = const(7)
_CLIENT_ID = const(8)
_RAPID_COMMIT = const(9)
_AGENT_INFO = const(10)
_MACHINE_ID = const(13)
_ENTRIES = const(14)
_HIGHEST = const(97)

_OFFERED = const(1)  # a state
_DISCOVER = const(1)
_OFFER = const(2)
_REQUEST = const(3)
_ACK = const(5)

_LIVE_BITS = const(0x18E)  # bits of the states OFFERED, ADOPTED, BOUND, CHECKING, CHECKED
_ENDED_BITS = const(0x60)  # RELEASED, EXPIRED
_OFFERED_BITS = const(0x102)  # OFFERED, CHECKED
_ODD_BITS = const(0x290)  # DECLINED, CHECKING, CONFLICT: not plain
_UNCONFIRMED = const(2)  # ADOPTED

_TO_ALL = const(0)  # reply_to
_TO_CLIENT = const(1)
_TO_CIADDR = const(2)

_NEVER = const((1 << 30) - 1)
_TRIES = const(4)  # as in leases.py
_MOMENT_S = const(30)  # as in conflict.py
_ROOM = const(260)  # as in reply.py
_SHORTEST = const(300)
MOST_STATIONS = const(15)
_ONE_MESSAGE = const(476)  # a longer datagram may be two
_LONGEST_N = const(600)
_LONGEST_MS = const(500)  # as Service.poll() waits
_AUTO = const(1)  # as in service.py
_MESSAGE = const(44)  # where the message begins in the frame
NOT_PLAIN = const(255)


@micropython.viper
def read(context, n: int) -> int:  # noqa: C901
    """Note the options of the message rx[:n] and the client's key; return its type, 1 or 3."""
    c = ptr32(context)
    rx = ptr8(c[_RX])
    words = ptr32(c[_RX])
    halves = ptr16(c[_RX])
    # op, htype, hlen; giaddr; a group address; the magic cookie; chaddr of zeros
    odd = (words[0] & 0xFFFFFF ^ 0x060101) | words[6] | rx[28] & 1
    odd |= (halves[118] ^ 0x8263) | (halves[119] ^ 0x6353)
    if odd or n < 244 or (words[7] | halves[16]) == 0:
        return 0
    pos_of = ptr16(c[_POS])
    entry_of = ptr8(c[_ENTRY_OF])
    i = 1
    while i < _ENTRIES:
        pos_of[i] = 0
        i += 1
    pos = 240
    while pos < n:
        code = rx[pos]
        if code == 255:
            break
        pos += 1
        if code == 0:
            continue
        if pos >= n:
            return 0
        i = pos
        pos += 1 + rx[pos]
        if pos > n:
            return 0
        if code <= _HIGHEST:
            code = entry_of[code]
            if code:
                if pos_of[code]:
                    return 0
                pos_of[code] = i
    odd = pos_of[_OVERLOAD] | pos_of[_AGENT_INFO] | pos_of[_MACHINE_ID] | pos_of[_LEASE_TIME]
    odd |= pos_of[_RAPID_COMMIT] * ptr32(c[_NUMBERS])[RAPID]
    # Their one length; where pos is 0, it counts nothing.
    i = pos_of[_REQUESTED]
    odd |= i * (rx[i] ^ 4)
    i = pos_of[_SERVER_ID]
    odd |= i * (rx[i] ^ 4)
    i = pos_of[_MAX_SIZE]
    odd |= i * (rx[i] ^ 2)
    i = pos_of[_TYPE]
    kind = rx[i + 1]
    odd |= (rx[i] ^ 1) | (kind & -3 ^ 1)  # neither DISCOVER nor REQUEST
    if odd or i == 0 or pos_of[_PARAMETERS] == 0:
        return 0
    # The key: the MAC in option 61 or chaddr, else a digest of option 61 (message.client_key).
    key = ptr8(c[_CLIENT_KEY])
    key[0] = 0
    key[4] = 0
    pos = 28
    i = pos_of[_CLIENT_ID]
    if i:
        if rx[i] == 0:
            return 0
        pos = i + 2
        if rx[i] != 7 or rx[i + 1] != 1:
            pos = 0
    if pos:
        i = 1
        while i < 4:
            key[i] = rx[pos]
            key[i + 4] = rx[pos + 3]
            pos += 1
            i += 1
        return kind
    a = 0x1505
    b = rx[i]
    end = i + b
    while i < end:
        i += 1
        byte = rx[i]
        a = ((a << 5 & 0xFFFFFF | a >> 19) ^ byte) * 37 + (b >> 5) & 0xFFFFFF
        b = ((b << 6 & 0xFFFFFF | b >> 18) + byte * 251 ^ a) & 0xFFFFFF
    key[0] = 1
    key[1] = a >> 16
    key[2] = a >> 8 & 255
    key[3] = a & 255
    key[5] = b >> 16
    key[6] = b >> 8 & 255
    key[7] = b & 255
    return kind


@micropython.viper
def decide(context, kind: int, now_s: int) -> int:  # noqa: C901
    """Choose slot, state and times for the client; return the type of the reply, OFFER or ACK."""
    c = ptr32(context)
    number = ptr32(c[_NUMBERS])
    key = ptr32(c[_CLIENT_KEY])
    keys = ptr32(c[_KEYS])
    macs = ptr16(c[_MACS])
    rx = ptr8(c[_RX])
    halves = ptr16(c[_RX])
    state_of = ptr8(c[_STATE])
    reserved = ptr8(c[_RESERVED])
    k = ptr8(c[_CLIENT_KEY])
    pos_of = ptr16(c[_POS])
    # The slot that holds the client's key, and no other for it or its device.
    k0 = key[0]
    k1 = key[1]
    m0 = halves[14]  # chaddr
    m1 = halves[15]
    m2 = halves[16]
    slot = -1
    i = 0
    while i < number[SLOTS]:
        mac = 3 * i
        other = (macs[mac] ^ m0) | (macs[mac + 1] ^ m1) | (macs[mac + 2] ^ m2)
        if (keys[i + i] ^ k0) | (keys[i + i + 1] ^ k1) == 0:
            if slot >= 0 or other:
                return 0  # two addresses, or another device with the same identifier
            slot = i
        elif other == 0 and 1 << state_of[i] & _LIVE_BITS:
            return 0  # the same device with another identifier
        i += 1
    # Reserved: by identifier, or by chaddr, which is the key where the identifier is the MAC.
    i = number[RESERVED_N] << 1
    if i:
        odd = k[0]
        pos = 1
        while pos < 4:
            odd |= (k[pos] ^ rx[27 + pos]) | (k[pos + 4] ^ rx[30 + pos])
            pos += 1
        if odd:
            return 0
    keys = ptr32(c[_RESERVED_KEYS])
    while i:
        i -= 2
        if (keys[i] ^ k0) | (keys[i + 1] ^ k1) == 0:
            return 0
    if slot >= 0:
        if slot >= number[POOL_N] or reserved[slot]:
            return 0
    else:  # A new client gets a slot never used, from where its key points at (leases.spare).
        if kind != _DISCOVER or number[CHECKS] or pos_of[_REQUESTED]:
            return 0
        a = k[0] << 24 | k[1] << 16 | k[2] << 8 | k[3]
        b = k[5] << 16 | k[6] << 8 | k[7]
        slot = (a ^ b ^ b >> 7 ^ a >> 13) & 0xFFFF
        slot = slot % number[POOL_N]
        i = 0
        while i < _TRIES and (state_of[slot] or reserved[slot]):
            slot += 1
            if slot == number[POOL_N]:
                slot = 0
            i += 1
        if i == _TRIES:
            return 0
    words = ptr32(c[_RX])
    state = state_of[slot]
    bit = 1 << state
    held_s = ptr32(c[_GRANTED])[slot]
    granted_s = number[LEASE_S]
    reply_to = _TO_CLIENT
    if rx[10] & 128:
        reply_to = _TO_ALL
    form = REBOOT
    to_state = _OFFERED
    lasts_s = granted_s
    reply = _ACK
    if kind == _DISCOVER:
        reply = _OFFER
        lasts_s = number[HOLD_S]
        if bit & _ENDED_BITS and held_s < 0:  # it went to another server
            return 0
        if state == _UNCONFIRMED and granted_s != held_s:  # it keeps its time
            return 0
    else:
        # REQUEST: which address it names, and how (table 4).
        i = pos_of[_SERVER_ID]
        if i:
            host = rx[i + 2] << 16 | rx[i + 3] << 8 | rx[i + 4]
            if (rx[i + 1] ^ number[NET8]) | (host ^ number[HOST24]):
                return 0
        pos = pos_of[_REQUESTED] + 1
        if i and pos > 1:
            form = SELECT
            if held_s < 0:
                return 0
            if held_s:
                granted_s = held_s
                lasts_s = held_s
        elif words[3]:
            form = RENEW
            pos = 12
            if ptr32(c[_UNTIL])[slot] - now_s <= number[HOLD_S]:
                return 0  # perhaps it was offered again as it ended (Leases.promise)
            if bit & _OFFERED_BITS == 0:
                reply_to = _TO_CIADDR
        elif pos == 1:
            return 0
        host = (rx[pos + 1] << 16 | rx[pos + 2] << 8 | rx[pos + 3]) - number[FIRST24]
        if (rx[pos] ^ number[NET8]) | (host ^ slot):
            return 0
        to_state = ptr8(c[_NEXT])[form + state]
    if form == REBOOT and number[CHECKS] and bit & _ENDED_BITS:
        if now_s - ptr32(c[_UNTIL])[slot] > _MOMENT_S:  # somebody else may have come since
            return 0
    if bit & _ODD_BITS or granted_s < 3 or now_s + lasts_s >= _NEVER:
        return 0
    number[_SLOT] = slot
    number[_TO_STATE] = to_state
    number[_GRANTED_S] = granted_s
    number[_UNTIL_S] = now_s + lasts_s
    number[_REPLY_TO] = reply_to
    return reply


@micropython.viper
def write(context, reply: int) -> int:  # noqa: C901
    """Write the reply, an OFFER or ACK, into tx; return its length."""
    c = ptr32(context)
    number = ptr32(c[_NUMBERS])
    rx = ptr8(c[_RX])
    words = ptr32(c[_RX])
    tx = ptr8(c[_TX])
    out = ptr32(c[_TX])
    pos_of = ptr16(c[_POS])
    id_pos = pos_of[_CLIENT_ID]
    id_n = 0
    if id_pos:
        id_n = rx[id_pos] + 2
    limit = number[TX_N] - 1 - id_n  # END
    if limit < _ROOM:
        return 0
    limit -= 3  # option 52
    # The header, figure 1: op, htype, hlen, hops; xid; secs, flags; ciaddr; yiaddr; siaddr; giaddr
    out[0] = 0x060102
    out[1] = words[1]
    out[2] = ptr16(c[_RX])[5] << 16
    out[3] = 0
    if number[_REPLY_TO] == _TO_CIADDR:
        out[3] = words[3]
    host = number[FIRST24] + number[_SLOT]
    tx[16] = number[NET8]
    tx[17] = host >> 16
    tx[18] = host >> 8 & 255
    tx[19] = host & 255
    out[5] = 0
    out[6] = 0
    i = 7
    while i < 11:  # chaddr
        out[i] = words[i]
        i += 1
    while i < 75:  # sname, file, options
        out[i] = 0
        i += 1
    fixed = ptr8(c[_FIXED])
    i = 0
    while i < 13:  # the magic cookie, 53 and 54
        tx[236 + i] = fixed[i]
        i += 1
    tx[242] = reply
    # Option 51, and T1 and T2 in 58 and 59
    options = ptr8(c[_TLVS])
    times = number[TIMES]
    granted_s = number[_GRANTED_S]
    t2 = granted_s >> 3
    if t2 == 0:
        t2 = 1
    t2 = granted_s - t2
    t1 = granted_s >> 1
    tx[249] = 51
    tx[250] = 4
    i = 4
    while i:
        i -= 1
        tx[251 + i] = granted_s & 255
        options[times + 2 + i] = t1 & 255
        options[times + 8 + i] = t2 & 255
        granted_s = granted_s >> 8
        t1 = t1 >> 8
        t2 = t2 >> 8
    # What option 55 asks for, in its order
    end = 255
    number_of = ptr8(c[_NUMBER_OF])
    starts = ptr16(c[_STARTS])
    sent = 0
    pos = pos_of[_PARAMETERS]
    last = pos + rx[pos]
    while pos < last:
        pos += 1
        code = rx[pos]
        if code > number[LAST_CODE]:
            continue
        i = number_of[code]
        if i == 0:
            continue
        if i == NOT_PLAIN:
            return 0
        if code == 3 and sent & 1 == 0:  # the mask goes before the router: RFC 2132 section 3.3
            return 0
        bit = 1 << i - 1
        if sent & bit:
            continue
        sent |= bit
        i = starts[i - 1]
        stop = i + 2 + options[i + 1]
        if end + stop - i > limit:
            return 0
        while i < stop:
            tx[end] = options[i]
            end += 1
            i += 1
    # The client identifier as it came (RFC 6842), END
    if id_n:
        tx[end] = 61
        i = 1
        while i < id_n:
            tx[end + i] = rx[id_pos]
            id_pos += 1
            i += 1
        end += id_n
    tx[end] = 255
    end += 1
    if end < _SHORTEST:
        return _SHORTEST
    return end


@micropython.viper
def seal(context, n: int) -> int:  # noqa: C901
    """Write the headers for a reply of n bytes; return 1 + which of the port's frames it is.

    The reply is broadcast if the client is not associated, or not yet.  Behind a repeater a frame
    to its MAC reaches nobody.
    """
    c = ptr32(context)
    number = ptr32(c[_NUMBERS])
    rx = ptr8(c[_RX])
    frame = ptr8(c[_FRAME])
    to = number[_REPLY_TO]
    if to:
        stations = ptr16(c[_STATIONS])
        halves = ptr16(c[_RX])
        i = number[STATIONS_N]
        if i:
            while i:
                i -= 1
                j = 3 * i
                odd = (stations[j] ^ halves[14]) | (stations[j + 1] ^ halves[15])
                if odd | (stations[j + 2] ^ halves[16]) == 0:
                    i = -1
                    break
            if i == 0:
                if to == _TO_CIADDR:
                    return 0
                to = _TO_ALL
    high = 0xFFFF
    low = 0xFFFF
    if to == _TO_CLIENT:
        high = number[FIRST24] + number[_SLOT]
        low = high & 0xFFFF
        high = number[NET8] << 8 | high >> 16
    elif to == _TO_CIADDR:
        high = rx[12] << 8 | rx[13]
        low = rx[14] << 8 | rx[15]
    fill = 0
    if to == _TO_ALL:
        fill = 255
    i = 0
    while i < 6:
        frame[2 + i] = rx[28 + i] | fill
        i += 1
    frame[32] = high >> 8
    frame[33] = high & 255
    frame[34] = low >> 8
    frame[35] = low & 255
    i = n + 28
    frame[18] = i >> 8
    frame[19] = i & 255
    total = number[SUM] + i + high + low
    total = (total & 0xFFFF) + (total >> 16)
    total = 0xFFFF ^ (total & 0xFFFF) + (total >> 16)
    frame[26] = total >> 8 & 255
    frame[27] = total & 255
    i = n + 8
    frame[40] = i >> 8
    frame[41] = i & 255
    number_of = n - 237 >> 6
    i = _MESSAGE + n
    stop = _MESSAGE + _SHORTEST + (number_of << 6)
    while i < stop:  # behind the datagram
        frame[i] = 0
        i += 1
    return number_of + 1


class Fast:
    """Answers plain messages for a Server, and hands it all others.

    port      the rp2.Port, whose frames are sealed here; None: somebody else sends the replies
    queue     where its messages arrive
    numbers   settings and results
    station_macs  MACs of the stations, 6 bytes each
    leases    the table that the context is of
    context   addresses of all buffers, None: the settings are not plain
    at_rx, at_queue  what its first entry is for a message in server.rx, and for one in the queue
    """

    def __init__(self, server, port=None):
        self.server = server
        self.port = port
        self.queue = port._queue if port and port._raw else None
        self.numbers = array("i", [0] * COUNT)
        self.station_macs = bytearray(6 * MOST_STATIONS)
        self._macs = None  # the list that station_macs is a copy of
        self._sock = self._readinto = self._send = None
        self.make()

    def make(self):
        """Take over the server's settings and table, also after configure()."""
        from .fast_start import make

        self.leases = self.server.leases
        self.context, self.at_rx, self.at_queue = make(self)

    def handle(self, n, now_s):
        """Do what Server.handle() does."""
        if self.leases is not self.server.leases:
            self.make()
        context = self.context
        if context and now_s < self.leases.due_s:
            context[_RX] = self.at_rx
            kind = read(context, n)
            reply = kind and decide(context, kind, now_s)
            length = reply and write(context, reply)
            if length:
                self._note(kind, reply, now_s)
                return length
        return self.server.handle(n, now_s)

    def turn(self, service, wait_ms):
        """Wait for a message as long as Service.poll() may, and answer it at once if it is plain.

        Return 0; wait_ms, and nothing was done, where something else comes first.
        """
        now_s = service._clock.now_s()
        if not self.ready(service) or now_s >= self.leases.due_s:
            return wait_ms
        queue = self.queue
        readinto = self._readinto
        if wait_ms:
            for _ in self.port._poll.ipoll(min(wait_ms, _LONGEST_MS)):
                break
        n = readinto(queue)
        if n:
            self.answer_now(service, n, now_s)
        else:
            self.port.dropped += n is not None  # an empty datagram
        return 0

    def answer_now(self, service, n, now_s):
        """Answer the n bytes in the port's queue, if they are a plain message.

        Otherwise they stay there for Service.  The slow work is done after the frame has left.
        """
        context = self.context
        kind = n <= _ONE_MESSAGE and read(context, n)
        reply = kind and decide(context, kind, now_s)
        length = reply and write(context, reply)
        place = length and seal(context, length)
        if not place:
            self.give_back(n)
            return
        port = self.port
        try:
            self._send(port._frames[place - 1])
        except OSError:
            service._unsent = length  # it is tried again
        port.associated.use()
        self.server.rx[0:_LONGEST_N] = port._head
        service._torn = True  # until the table is whole again
        self._note(kind, reply, now_s)
        service._torn = False

    def ready(self, service):
        """Return whether turn() may take the next message."""
        port = self.port
        checker = service.checker
        if not self.queue or service._unsent or service._torn or port.queued:
            return False
        if checker and checker.waiting:
            return False
        if self.leases is not self.server.leases:
            self.make()
        watch = service._watch  # may it be from another network? See Service, guard
        if not self.context or watch and (watch != _AUTO or port.foreign()):
            return False
        if port.sock is not self._sock:
            self._sock = port.sock
            self._readinto = port.sock.readinto  # once: it takes memory
            self._send = port.ap.send_ethernet
        macs = port.associated.macs
        if macs is not self._macs:
            self._macs = macs
            self.numbers[STATIONS_N] = min(len(macs), MOST_STATIONS)
            for i in range(self.numbers[STATIONS_N]):
                self.station_macs[6 * i : 6 * i + 6] = macs[i]
        self.context[_RX] = self.at_queue
        return len(macs) > 0

    def give_back(self, n):
        """Leave the n bytes in the port's queue to Service."""
        self.port.queued = n
        self.port._full = n == len(self.queue)

    def _note(self, kind, reply, now_s):
        """Let the table and the counters know of a reply."""
        server = self.server
        leases = self.leases
        number = self.numbers
        slot = number[_SLOT]
        granted_s = number[_GRANTED_S]
        until_s = number[_UNTIL_S]
        server.dropped = 0
        server.now_s = now_s
        server.reply_to = number[_REPLY_TO]
        server.chaddr[0:6] = server._in_rx
        messages = server.messages
        messages[kind] = messages[kind] + 1 & _NEVER
        messages[reply] = messages[reply] + 1 & _NEVER
        if reply == _OFFER and leases.leased(slot):
            leases.promise(slot, granted_s, until_s)
            return
        state = number[_TO_STATE]
        if reply == _OFFER:
            leases.put(slot, server.key, server.chaddr, state, granted_s, now_s, until_s)
            return
        leases.lease(slot, server, state, granted_s, now_s, until_s)
