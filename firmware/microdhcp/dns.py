"""Names for the devices of the access point: a DNS server that reads the lease table.

    names = Names(service, domain="lan", board="greenhouse")

Then every client finds a leased device as `sensor-1.lan` or `sensor-1`, and the board as
`greenhouse.lan`.  Loaded only where a program imports it.  RFC 1035, 2308 (NXDOMAIN and NODATA
with SOA), 6891 (EDNS0), 8482 (ANY).  Nothing is forwarded: the board has no resolver to ask.
"""

from ._compat import const
from .text import name_of, slot_named

_NXDOMAIN = const(3)
_NOTIMP = const(4)
_REFUSED = const(5)
_FORMERR = const(1)
_A = const(1)
_SOA = const(6)
_PTR = const(12)
_OPT = const(41)
_ANY = const(255)
_QUESTION = const(12)  # where it begins
_QUERIES = const(4)  # queries in one turn, so that DHCP has its own
_LONGEST = const(512)  # bytes of a message without EDNS0

_ARPA = const(b"\x07in-addr\x04arpa\0")
# Firefox keeps the network's DNS when this name does not exist.
_CANARY = const(b"\x13use-application-dns\x03net\0")
# Class IN, and one second to live: a name goes when its lease does.
_IN_1_S = const(b"\0\1\0\0\0\1")
# No mailbox; serial, refresh, retry, expire; what does not exist may exist in a second.
_SOA_TIMES = const(b"\0\0\0\0\1\0\0\x0e\x10\0\0\x02\x58\0\1\x51\x80\0\0\0\1")


class Names:
    """A DNS server for one access point.

    domain   the domain of all names, text
    dropped  number of messages without an answer: replies, cut ones, senders outside the subnet
    """

    def __init__(self, service, domain="lan", board=None, captive=False, hosts=None):
        """Answer on UDP port 53 of the access point while the service runs.

        service  the Service.  Its server tells clients the domain by options 15 and 119, unless
                 its Config has these options
        domain   domain of all names, 1 to 100 characters
        board    name of the board, without the domain.  None: made from the name of the network
        captive  True: every other name leads to the board, so that a portal opens
        hosts    {name: address} of devices that have no lease, names without the domain
        ValueError names the first wrong argument.
        """
        from .opening import forget, label, wire

        forget()
        self.domain = domain
        self.dropped = 0
        self._service = service
        self._captive = captive
        self._zone = wire("domain", domain, 100)
        self._hosts = {}
        for name in hosts or ():
            from .parse import address_bytes

            self._hosts[label("hosts", name)] = address_bytes(hosts[name])
        self._board = board and label("board", board)
        self._sock = self._ipoll = self._config = None
        self._tell_domain()
        service.add(self)

    def _tell_domain(self):
        """Let the server send options 15 and 119 (RFC 3397), after configure() again."""
        from .opening import forget, tell_domain

        forget()
        self._config = self._service.config
        tell_domain(self._service, self.domain.encode(), self._zone)

    def answer(self, query):
        """Return the reply to a DNS message (bytes, both), b"" for none.  Never raises."""
        if len(query) < _QUESTION or query[2] & 0x80:  # cut, or a reply itself
            return b""
        if query[2] & 0x78:  # not a standard query
            return _refusal(query, _NOTIMP)
        end = _question_end(query)
        opt_pos = _find_opt(query, end)
        if opt_pos < 0:
            return _refusal(query, _FORMERR)
        opt = b""
        if opt_pos:
            newer = query[opt_pos + 6] > 0  # than version 0: BADVERS
            opt = b"\0\0\x29\x02\0" + bytes((newer, 0, query[opt_pos + 7] & 0x80, 0, 0, 0))
            if newer:
                return _reply(query, end, 0, b"", b"", opt)
        if query[end - 1] not in b"\1\xff" or query[end - 2]:  # neither IN nor ANY
            return _reply(query, end, _REFUSED, b"", b"", opt)
        kind = query[end - 4] << 8 | query[end - 3]
        name = query[_QUESTION : end - 4].lower()
        rcode, answer, authority = self._resolve(name, kind)
        return _reply(query, end, rcode, answer, authority, opt)

    def _resolve(self, name, kind):
        """Return (rcode, answer, authority) for a name in wire form, lower case."""
        zone = self._zone
        host = name[1 : 1 + name[0]]
        rest = name[1 + name[0] :]
        address = b""
        if rest == zone or rest == b"\0":
            address = self._address(host)
        if name == _CANARY:
            return _NXDOMAIN, b"", b""
        if not address and self._captive and not name.endswith(_ARPA):
            address = self._service.config.address
        if address:
            if kind == _A or kind == _ANY:
                return 0, _record(_A, address), b""
            return 0, b"", _soa(12)
        if name == zone:
            soa = _soa(12)
            return (0, soa, b"") if kind == _SOA else (0, b"", soa)
        if name.endswith(_ARPA):
            return self._reverse(name, kind)
        if name.endswith(zone) and _at_label(name, len(name) - len(zone)):
            return _NXDOMAIN, b"", _soa(12 + len(name) - len(zone))
        return _REFUSED, b"", b""

    def _address(self, host):
        """Return the 4 bytes of the address that a host name (bytes) has now, b"" for none."""
        if host == self._own_name():
            return self._service.config.address
        leases = self._service.server.leases
        slot = slot_named(leases, host)
        if slot < 0:
            return self._hosts.get(host, b"")
        address = bytearray(4)
        leases.address_of(slot, address, 0)
        return bytes(address)

    def _reverse(self, name, kind):
        """Return (rcode, answer, authority) for a name below in-addr.arpa."""
        address = _reversed(name)
        leases = self._service.server.leases
        host = b""
        if address == self._service.config.address:
            host = self._own_name()
        elif address:
            slot = leases.slot_of(address, 0)
            if slot >= 0 and leases.leased(slot):
                host = name_of(leases, slot).encode()
            elif slot < 0 and not self._service.config.on_link(address, 0):
                return _REFUSED, b"", b""
        if not host:
            return (_NXDOMAIN if address else _REFUSED), b"", address and _soa(13 + name[0])
        if kind != _PTR and kind != _ANY:
            return 0, b"", _soa(13 + name[0])
        return 0, _record(_PTR, bytes((len(host),)) + host + self._zone), b""

    def _own_name(self):
        """Return the board's name, bytes."""
        if not self._board:
            ssid = self._service.port.ap.config("ssid")
            self._board = b"-".join(ssid.lower().encode().split())[:63] or b"board"
        return self._board

    def is_board(self, name):
        """Return whether a name (bytes, lower case) is the board's, with its domain or without."""
        own = self._own_name()
        return name == own or name == own + b"." + self.domain.encode().lower()

    # What Service.add() wants

    def open(self):
        """Bind UDP port 53 of the board's address.  OSError if it is taken."""
        from .opening import bound, forget

        forget()
        self._sock, self._ipoll = bound(self._service.config.address, 53)

    def sockets(self):
        """Return the list of sockets to wait for."""
        return [self._sock] if self._sock else []

    def poll(self):
        """Answer the queries that wait, a few at most.  Allocates for each; never raises."""
        if self._config is not self._service.config:
            self._tell_domain()
        for _ in range(_QUERIES):
            try:
                if not self._sock or not any(self._ipoll(0)):
                    return
                query, sender = self._sock.recvfrom(_LONGEST)
                reply = b""
                if self._service.config.on_link(_four(sender[0].split(".")), 0):
                    reply = self.answer(query)
                if reply:
                    self._sock.sendto(reply, sender)
                else:
                    self.dropped += 1
            except OSError:  # the network is down, or full
                return

    def close(self):
        """Close the socket."""
        if self._sock:
            self._sock.close()
            self._sock = self._ipoll = None


def _question_end(query):
    """Return the end of the question, or -1 unless there is exactly one whole question.

    A compression pointer has nothing before it to point at: it is refused.
    """
    if query[4] or query[5] != 1:
        return -1
    pos = _QUESTION
    while pos < len(query) and query[pos]:
        if query[pos] > 63:
            return -1
        pos += 1 + query[pos]
    return pos + 5 if pos + 5 <= len(query) and pos - _QUESTION < 255 else -1


def _find_opt(query, pos):
    """Return the position of the OPT record, 0 without one, -1 if the message is malformed.

    pos  end of the question; records of any other kind are passed over in silence if they are
         additional, and malformed if they stand before (RFC 6891 section 6.1.1)
    """
    if pos < 0 or query[6] | query[7] | query[8] | query[9]:
        return -1
    if not query[10] | query[11] or query[pos : pos + 3] != b"\0\0\x29":
        return 0
    if pos + 11 > len(query) or pos + 11 + (query[pos + 9] << 8 | query[pos + 10]) > len(query):
        return -1
    return pos


def _reply(query, end, rcode, answer, authority, opt):
    """Return a message with the question of `query` and at most one record in each section."""
    known = 0x80 if rcode == _REFUSED else 0x84  # QR, and AA: we are the authority
    counts = (0, 1, 0, bool(answer), 0, bool(authority), 0, bool(opt))
    head = query[:2] + bytes((known | query[2] & 1, rcode) + counts)
    return head + query[_QUESTION:end] + answer + authority + opt


def _refusal(query, rcode):
    """Return a message with a header only."""
    return query[:2] + bytes((0x80 | query[2] & 0x79, rcode)) + bytes(8)


def _record(kind, data):
    """Return a record that belongs to the name in the question."""
    return b"\xc0\x0c" + bytes((0, kind)) + _IN_1_S + bytes((0, len(data))) + data


def _soa(pos):
    """Return the SOA of the zone whose name is at pos in the message (RFC 2308 section 3)."""
    zone = bytes((0xC0 | pos >> 8, pos & 255))
    return zone + b"\0\x06" + _IN_1_S + b"\0\x17" + zone + _SOA_TIMES


def _at_label(name, wanted):
    """Return whether a label of the name begins at `wanted`."""
    pos = 0
    while pos < wanted:
        pos += 1 + name[pos]
    return pos == wanted


def _four(parts):
    """Return the 4 bytes of the texts of four numbers; ValueError for anything else."""
    numbers = [int(part) for part in parts]
    if [str(number) for number in numbers] != parts or len(parts) != 4:
        raise ValueError
    if min(numbers) < 0 or max(numbers) > 255:
        raise ValueError
    return bytes(numbers)


def _reversed(name):
    """Return the 4 bytes of an address below in-addr.arpa, b"" if the name is not complete."""
    parts = []
    try:
        while len(name) > len(_ARPA):
            parts.insert(0, name[1 : 1 + name[0]].decode())
            name = name[1 + name[0] :]
        return _four(parts)
    except ValueError:
        return b""
