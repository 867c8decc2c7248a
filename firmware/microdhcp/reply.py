"""Writes one reply into tx and decides where it goes.

    240   53 message type   54 server identifier   51 lease time   80 rapid commit
          the parameters that the client asked for, in its order; what finds no room here goes to
          `file`, then to `sname`, and 52 says so
          61 client identifier (RFC 6842)   97 client machine identifier (RFC 4578)
          82 relay agent information (RFC 3046), the last   END

Everything configured was made a finished option (code, length, value) beforehand; here it is only
copied.  Every byte of a reply is written anew: nothing of another message is left in it.
"""

from ._compat import const
from .hot import begin, copy

BROADCAST = const(0)  # to 255.255.255.255, port 68
CLIENT = const(1)  # to yiaddr in a frame to chaddr, port 68
CIADDR = const(2)  # to the request's ciaddr, port 68
RELAY = const(3)  # to giaddr, port 67

_ACK = const(5)
_NAK = const(6)

# Entries of Request.at
_PARAMETERS = const(6)  # 55
_MAX_SIZE = const(7)  # 57
_CLIENT_ID = const(8)  # 61
_AGENT_INFO = const(10)  # 82
_MACHINE_ID = const(13)  # 97

_HEAD = const(44)  # op to chaddr
_SNAME = const(44)
_FILE = const(108)
_COOKIE = const(236)
_PARAMETERS_AT = const(249)  # behind the cookie, 53 and 54
_ROOM = const(260)  # the options field must reach this far for 51, 80 and 52
_SHORTEST = const(300)  # what BOOTP relays and old clients expect at least (RFC 1542 section 2.1)
_SAFE = const(548)  # fits a datagram of 576 bytes, which every host takes (RFC 2131 section 2)
_UDP_IP = const(28)
_CLASSLESS_ROUTES = const(121)
_IPV6_ONLY = const(108)  # only for who asks: RFC 8925 section 3.3


def _store(n, tlv):
    """Write n as the value of an option of four bytes; -1, infinite, becomes 0xFFFFFFFF."""
    tlv[2] = n >> 24 & 255
    tlv[3] = n >> 16 & 255
    tlv[4] = n >> 8 & 255
    tlv[5] = n & 255


class Reply:
    """The outgoing message of a server.

    tx         buffer of config.max_message bytes
    to         where the last reply goes: BROADCAST, CLIENT, CIADDR, RELAY
    count      called as count(reason) when an option had to be left out
    """

    def __init__(self, config, request, leases, count, tx=None):
        self.tx = tx or bytearray(config.max_message)
        self.to = BROADCAST
        self._request = request
        self._leases = leases
        self._count = count
        self._config = config
        self._head = memoryview(request.rx)[:_HEAD]
        self._ciaddr = memoryview(request.rx)[12:16]
        self._lease = bytearray(b"\x33\x04\0\0\0\0")
        self._mac_id = bytearray(b"\x3d\x07\x01\0\0\0\0\0\0")
        self._options = self._number_of = None
        self._sent = bytearray(config.unsent)
        self._spilled = False
        self._at = self._limit = self._file_at = self._sname_at = 0
        self._id_at = self._machine_at = self._agent_at = 0

    def write(self, kind, slot, granted_s, rapid=False, to_ciaddr=False):
        """Write an OFFER (2) or ACK (5) into tx; return its length.

        slot       whose address to give; -1 for none (the ACK to an INFORM: no 51, 58, 59)
        granted_s  the lease, -1 for infinite; 0 for none
        rapid      whether this ACK answers a DISCOVER (RFC 4039)
        to_ciaddr  whether the client has the address in ciaddr, and hears what is sent there
        """
        config = self._config
        tx = self.tx
        own = config.choose(config, self._leases, self._request) if config.choose else None
        self._options, self._number_of, boot_file = own or config.common
        self._start(kind, self._leases.host24(slot) if slot >= 0 else -1, to_ciaddr)
        if config.next_server:
            tx[20:24] = config.next_server
        self._file_at = _FILE
        if boot_file:
            tx[_FILE : _FILE + len(boot_file)] = boot_file
            self._file_at = _COOKIE
        if to_ciaddr:
            tx[12:16] = self._ciaddr
        at = self._request.at[_MACHINE_ID]
        self._machine_at = at and self._echo(at, "machine_id_left_out")
        self._put_all(granted_s, rapid)
        return self._finish()

    def nak(self, tlv):
        """Write a NAK into tx; return its length.  tlv: a finished option 56.

        RFC 2131 table 3 allows no more than 53, 54, 56, 60, 61; a relay agent gets its 82 back.
        """
        self._start(_NAK, -1, False)
        self._machine_at = 0
        if self.to == RELAY:
            self.tx[10] |= 0x80  # the relay shall broadcast it: RFC 2131 section 4.3.2
        if self._at + len(tlv) <= self._limit:  # there is no overload in a NAK
            self._put(tlv)
        return self._finish()

    def _start(self, kind, host24, to_ciaddr):
        """Write what every reply has, and note how much room there is for the rest."""
        begin(self.tx, self._head, self._config.blank, kind, host24)
        self.to = self._destination(kind, to_ciaddr)
        self._spilled = False
        self._at = _PARAMETERS_AT
        limit = len(self.tx)
        self._limit = (limit if limit <= _SAFE else self._longest()) - 1  # END
        at = self._request.at
        self._id_at = at[_CLIENT_ID] and self._echo(at[_CLIENT_ID], "client_id_left_out")
        self._agent_at = at[_AGENT_INFO] and self._echo(at[_AGENT_INFO], "agent_info_left_out")

    def _destination(self, kind, to_ciaddr):
        """Return where the reply goes (RFC 2131 section 4.1); the server has checked giaddr."""
        rx = self._request.rx
        if rx[24]:
            return RELAY
        if kind == _NAK:
            return BROADCAST
        if to_ciaddr:
            return CIADDR
        if rx[10] & 0x80 or rx[1] != 1:  # flag set, or no frame of ours can reach this hardware
            return BROADCAST
        return CLIENT

    def _longest(self):
        """Return how long the message may be; option 57 counts the headers of IP and UDP too.

        Less than 576 is no legal value of it (RFC 2132 section 9.10).
        """
        longest = _SAFE
        at = self._request.at[_MAX_SIZE]
        if at:
            rx = self._request.rx
            longest = max(longest, (rx[at + 1] << 8 | rx[at + 2]) - _UDP_IP)
        return min(longest, len(self.tx))

    def _echo(self, at, reason):
        """Keep room for the option at `at`, which goes back as it came; return where it is.

        0 when there is no room.
        """
        limit = self._limit - 2 - self._request.rx[at]
        if limit < _ROOM:
            self._count(reason)
            return 0
        self._limit = limit
        return at

    def _put_all(self, granted_s, rapid):
        """Append lease and parameters one by one; granted_s: as for write()."""
        options = self._options
        self._sent[0 : len(self._sent)] = self._config.unsent
        self._sname_at = _SNAME
        if granted_s:
            _store(granted_s, self._lease)
            self._put(self._lease)
        if rapid:
            self._put(b"\x50\x00")
        if granted_s < 3:  # no lease, an infinite one, or no second between T1 and T2
            self._sent[len(options) - 1] = self._sent[len(options) - 2] = 1
        else:
            _store(granted_s // 2, options[-2])  # T1
            _store(granted_s - max(granted_s // 8, 1), options[-1])  # T2
        self._put_parameters()

    def _put_parameters(self):
        """Append what option 55 asks for, in its order; without one, all there is."""
        options = self._options
        start = self._request.at[_PARAMETERS]
        self._limit -= 3  # option 52
        if start:
            end = start + 1 + self._request.rx[start]
            self._put_asked(start + 1, end, options)
        else:
            for number in range(len(options) - 2):
                if options[number][0] != _IPV6_ONLY:
                    self._put(options[number])
        self._limit += 3

    def _put_asked(self, start, end, options):
        """Append each option whose code is in rx[start:end], once."""
        rx = self._request.rx
        sent = self._sent
        number_of = self._number_of
        routes = _CLASSLESS_ROUTES in number_of and rx.find(b"\x79", start, end) >= 0
        for at in range(start, end):
            code = rx[at]
            number = number_of.get(code, -1)
            if number < 0 or sent[number] or routes and code in b"\x03\x21":
                continue  # 3 and 33 would contradict 121: RFC 3442
            if code == 3 and not sent[0] and rx.find(b"\x01", at, end) >= 0:
                sent[0] = 1  # the mask goes before the router: RFC 2132 section 3.3
                self._put(options[0])
            sent[number] = 1
            if not self._put(options[number]) and code == _CLASSLESS_ROUTES:
                self._put_asked(start, at, options)  # no room for 121: then 3 and 33 will do
                routes = False

    def _put(self, tlv):
        """Append a finished option where there is room: options, file, sname (RFC 2131 4.1).

        False, and counted, when there is none.
        """
        n = len(tlv)
        at = self._at
        if at + n <= self._limit:
            self._at = at + n
            self.tx[at : at + n] = tlv
            return True
        self._spilled = True
        if self._file_at + n < _COOKIE:
            at = self._file_at
            self._file_at = at + n
        elif self._sname_at + n < _FILE:
            at = self._sname_at
            self._sname_at = at + n
        else:
            self._count("option_left_out")
            return False
        self.tx[at : at + n] = tlv
        return True

    def _finish(self):
        """Close the areas in use, echo 61 and 82, and return the length of the message."""
        if self._spilled:
            self._close_areas()
        if self._id_at:
            self._append_id(self._id_at)
        if self._machine_at:
            self._append(97, self._machine_at)
        if self._agent_at:
            self._append(82, self._agent_at)
        at = self._at
        self.tx[at] = 255
        return at + 1 if at >= _SHORTEST else _SHORTEST

    def _close_areas(self):
        """End the options in file and sname, and say that there are any (RFC 2132 section 9.3)."""
        tx = self.tx
        overload = 0
        if _FILE < self._file_at < _COOKIE:  # at the cookie it belongs to the boot file
            tx[self._file_at] = 255
            overload = 1
        if self._sname_at > _SNAME:
            tx[self._sname_at] = 255
            overload |= 2
        if overload:
            tx[self._at : self._at + 2] = b"\x34\x01"
            tx[self._at + 2] = overload
            self._at += 3

    def _append_id(self, at):
        """Append the client identifier; type 1 and chaddr, the usual one, in one piece."""
        mac_id = self._mac_id
        mac_id[3:9] = self._request.chaddr
        if self._request.rx.find(mac_id, at - 1, at + 8) < 0:
            self._append(61, at)
        else:
            end = self._at + 9
            self.tx[self._at : end] = mac_id
            self._at = end

    def _append(self, code, at):
        """Append an option of the request; at is where its length byte is."""
        rx = self._request.rx
        n = rx[at] + 1
        self.tx[self._at] = code
        copy(self.tx, self._at + 1, rx, at, n)
        self._at += n + 1
