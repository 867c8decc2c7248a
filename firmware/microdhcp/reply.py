"""Writes one reply into tx and decides where it goes.

    240   53 message type   54 server identifier   51 lease time   80 rapid commit
          the parameters that the client asked for, in its order; those that do not fit go to
          `file`, then to `sname`, and 52 says so
          61 client identifier (RFC 6842)   97 client machine identifier (RFC 4578)
          82 relay agent information (RFC 3046), the last   END

Options are finished (code, length, value) when the server is configured; here they are copied.
Every byte of a reply is written anew, so that nothing of another message is left in it.
"""

from array import array

from ._compat import const
from .message import (
    AGENT_INFO,
    CLIENT_ID,
    F_CIADDR,
    F_COOKIE,
    F_FILE,
    F_FLAGS,
    F_GIADDR,
    F_HTYPE,
    F_SIADDR,
    F_SNAME,
    MACHINE_ID,
    MAX_SIZE,
    PARAMETERS,
    Reader,
    copy,
)

BROADCAST = const(0)  # to 255.255.255.255, port 68
CLIENT = const(1)  # to yiaddr in a frame to chaddr, port 68
CIADDR = const(2)  # to the request's ciaddr, port 68
RELAY = const(3)  # to giaddr, port 67

OFFER = const(2)
ACK = const(5)
NAK = const(6)

# What was left out of a reply, by number: see report.REASONS.
OPTION_LEFT_OUT = const(16)
CLIENT_ID_LEFT_OUT = const(17)
AGENT_INFO_LEFT_OUT = const(18)
MACHINE_ID_LEFT_OUT = const(19)
REASONS_N = const(20)

_MOST = const((1 << 30) - 1)
_HEAD = const(44)  # op to chaddr
_PARAMETERS_POS = const(249)  # behind the cookie, 53 and 54
_ROOM = const(260)  # the options field must reach this far for 51, 80 and 52
_SHORTEST = const(300)  # what BOOTP relays and old clients expect at least (RFC 1542 section 2.1)
_SAFE = const(548)  # fits a datagram of 576 bytes, which every host takes (RFC 2131 section 2)
_UDP_IP = const(28)
_CLASSLESS_ROUTES = const(121)
_IPV6_ONLY = const(108)  # only if the client asks: RFC 8925 section 3.3
_ZEROS = bytes(32)


class Writer(Reader):
    """The reply to the message in rx.

    tx           buffer of config.max_message bytes
    reply_to     where the last reply goes: BROADCAST, CLIENT, CIADDR, RELAY
    drop_counts  array("i") by reason (report.REASONS): what got no answer, or was left out
    messages     array("i") by type: what came in, or went out
    """

    def __init__(self, config, rx_size, tx):
        Reader.__init__(self, rx_size)
        self.config = config
        self.tx = tx or bytearray(config.max_message)
        self.reply_to = BROADCAST
        self.drop_counts = array("i", [0] * REASONS_N)
        self.messages = array("i", [0] * 9)
        self._head = memoryview(self.rx)[:_HEAD]
        self._end = self._limit = self._file_end = self._sname_end = 0
        self._id_pos = self._agent_pos = 0

    def write(self, kind, host24, granted_s, rapid=False, to_ciaddr=False):
        """Write an OFFER or ACK into tx; return its length.

        host24     last three bytes of yiaddr; -1: none (the ACK to an INFORM: no 51, 58, 59)
        granted_s  the lease, -1 for infinite; 0 for none.  T1 is one half of it, T2 seven eighths
        rapid      whether this ACK answers a DISCOVER (RFC 4039)
        to_ciaddr  whether the client has the address in ciaddr, and hears what is sent there
        """
        config = self.config
        tx = self.tx
        own = config.devices.choose(self) if config.devices else None
        options, numbers, boot_file = own or config.common
        self._start(kind, to_ciaddr)
        if host24 >= 0:
            tx[16] = config.address[0]
            tx[17] = host24 >> 16
            tx[18] = host24 >> 8 & 255
            tx[19] = host24 & 255
        if config.next_server:
            tx[F_SIADDR : F_SIADDR + 4] = config.next_server
        if boot_file:
            tx[F_FILE : F_FILE + len(boot_file)] = boot_file
            self._file_end = F_COOKIE
        if to_ciaddr:
            copy(tx, F_CIADDR, self.rx, F_CIADDR, 4)
        machine_pos = self._keep_room(MACHINE_ID, MACHINE_ID_LEFT_OUT)
        self._put_all(granted_s, rapid, options, numbers)
        return self._finish(machine_pos)

    def _put_all(self, granted_s, rapid, options, numbers):
        """Append the lease and the options of option 55 in its order; without it all options."""
        sent = self.config.sent
        for number in range(len(options)):
            sent[number] = 0
        if granted_s:
            self.tx[_PARAMETERS_POS : _PARAMETERS_POS + 2] = b"\x33\x04"
            _store(granted_s, self.tx, _PARAMETERS_POS + 2)
            self._end += 6
        if rapid:
            self._put(b"\x50\x00")
        if granted_s < 3:  # no lease, an infinite one, or no second between T1 and T2
            sent[len(options) - 1] = sent[len(options) - 2] = 1
        else:
            _store(granted_s // 2, options[-2], 2)
            _store(granted_s - max(granted_s // 8, 1), options[-1], 2)
        self._limit -= 3  # option 52
        start = self.pos[PARAMETERS]
        if start:
            self._put_asked(start + 1, start + 1 + self.rx[start], options, numbers)
        else:
            for number in range(len(options) - 2):
                if options[number][0] != _IPV6_ONLY:
                    self._put(options[number])
        self._limit += 3

    def nak(self, tlv):
        """Write a NAK into tx; return its length.  tlv: a finished option 56.

        RFC 2131 table 3 allows no more than 53, 54, 56, 60, 61; a relay agent gets its 82 back.
        """
        self._start(NAK, False)
        if self.reply_to == RELAY:
            self.tx[F_FLAGS] |= 0x80  # the relay shall broadcast it: RFC 2131 section 4.3.2
        if self._end + len(tlv) <= self._limit:  # there is no overload in a NAK
            self._put(tlv)
        return self._finish(0)

    def count(self, reason):
        """Count a drop, or an option that was left out."""
        self.drop_counts[reason] = self.drop_counts[reason] + 1 & _MOST

    def _start(self, kind, to_ciaddr):
        """Write the common fields, find the destination (RFC 2131 section 4.1) and the room.

        The server has checked giaddr.
        """
        tx = self.tx
        rx = self.rx
        tx[0:_HEAD] = self._head
        for pos in range(_HEAD, _SHORTEST, 32):
            tx[pos : pos + 32] = _ZEROS
        tx[12:24] = b"\0\0\0\0\0\0\0\0\0\0\0\0"  # ciaddr, yiaddr, siaddr
        tx[0] = 2
        tx[3] = tx[8] = tx[9] = 0  # hops, secs
        tx[F_COOKIE:_PARAMETERS_POS] = self.config.fixed
        tx[242] = kind
        self.messages[kind] = self.messages[kind] + 1 & _MOST
        if rx[F_GIADDR]:
            self.reply_to = RELAY
        elif kind == NAK:
            self.reply_to = BROADCAST
        elif to_ciaddr:
            self.reply_to = CIADDR
        elif rx[F_FLAGS] & 0x80 or rx[F_HTYPE] != 1:  # no frame of ours can reach other hardware
            self.reply_to = BROADCAST
        else:
            self.reply_to = CLIENT
        self._end = _PARAMETERS_POS
        self._file_end = F_FILE
        self._sname_end = F_SNAME
        limit = _SAFE
        pos = self.pos[MAX_SIZE]
        if pos:  # it counts the headers of IP and UDP; below 576 is no legal value (RFC 2132 9.10)
            limit = max(limit, (rx[pos + 1] << 8 | rx[pos + 2]) - _UDP_IP)
        self._limit = min(limit, len(tx)) - 1  # END
        self._id_pos = self._keep_room(CLIENT_ID, CLIENT_ID_LEFT_OUT)
        self._agent_pos = self._keep_room(AGENT_INFO, AGENT_INFO_LEFT_OUT)

    def _keep_room(self, entry, reason):
        """Keep room for an option that is echoed; return its position, or 0 without room."""
        pos = self.pos[entry]
        if pos:
            limit = self._limit - 2 - self.rx[pos]
            if limit < _ROOM:
                self.count(reason)
                return 0
            self._limit = limit
        return pos

    def _put_asked(self, start, end, options, numbers):
        """Append each option whose code is in rx[start:end], once."""
        rx = self.rx
        sent = self.config.sent
        routes = _CLASSLESS_ROUTES in numbers and rx.find(b"\x79", start, end) >= 0
        for pos in range(start, end):
            code = rx[pos]
            number = numbers.get(code, -1)
            if number < 0 or sent[number] or routes and code in b"\x03\x21":
                continue  # 3 and 33 would contradict 121: RFC 3442
            if code == 3 and not sent[0] and rx.find(b"\x01", pos, end) >= 0:
                sent[0] = 1  # the mask goes before the router: RFC 2132 section 3.3
                self._put(options[0])
            sent[number] = 1
            if not self._put(options[number]) and code == _CLASSLESS_ROUTES:
                self._put_asked(start, pos, options, numbers)  # no room: then 3 and 33 will do
                routes = False

    def _put(self, tlv):
        """Append a finished option where there is room: options, file, sname (RFC 2131 4.1).

        False, and counted, when there is none.
        """
        n = len(tlv)
        pos = self._end
        if pos + n <= self._limit:
            self._end = pos + n
        else:
            pos = self._file_end
            if pos + n < F_COOKIE:
                self._file_end = pos + n
            else:
                pos = self._sname_end
                if pos + n >= F_FILE:
                    self.count(OPTION_LEFT_OUT)
                    return False
                self._sname_end = pos + n
        self.tx[pos : pos + n] = tlv
        return True

    def _finish(self, machine_pos):
        """Close the areas in use, echo 61, 97 and 82, and return the length of the message."""
        tx = self.tx
        overload = 0
        if F_FILE < self._file_end < F_COOKIE:  # at the cookie it belongs to the boot file
            tx[self._file_end] = 255
            overload = 1
        if self._sname_end > F_SNAME:
            tx[self._sname_end] = 255
            overload |= 2
        if overload:  # there are options in file or sname: RFC 2132 section 9.3
            tx[self._end : self._end + 2] = b"\x34\x01"
            tx[self._end + 2] = overload
            self._end += 3
        self._echo(61, self._id_pos)
        self._echo(97, machine_pos)
        self._echo(82, self._agent_pos)
        tx[self._end] = 255
        return max(self._end + 1, _SHORTEST)

    def _echo(self, code, pos):
        """Append an option of the request, whose length byte is at pos; 0: there is none."""
        if pos:
            n = self.rx[pos] + 1
            self.tx[self._end] = code
            copy(self.tx, self._end + 1, self.rx, pos, n)
            self._end += n + 1


def _store(n, buf, pos):
    """Write a number of seconds to buf[pos:pos + 4]; -1, infinite, becomes 0xFFFFFFFF."""
    buf[pos] = n >> 24 & 255
    buf[pos + 1] = n >> 16 & 255
    buf[pos + 2] = n >> 8 & 255
    buf[pos + 3] = n & 255
