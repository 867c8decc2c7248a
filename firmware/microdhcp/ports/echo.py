"""Asks stations whether one of them has an address, by ICMP echo ("ping", RFC 792).

On rp2, which sends whole frames, each station but the client gets a copy of its own.  That needs
no ARP and none of lwIP's small heap, and the number in the answer tells which station it was.  On
an ESP32 one copy leaves by the socket, lwIP asks for the MAC, and the answer does not tell whose.
The same happens on rp2 while the list of the stations is empty or lacks the client.  One more copy
goes to everybody then, because lwIP may remember the MAC of an earlier owner.

The socket hears all ICMP packets for the board.  On rp2 it takes them away from lwIP, which
answers no pings meanwhile: so it is open only while checks run.
"""

import socket
from os import urandom

from .._compat import const
from ..message import copy, same

_SOCK_RAW = const(3)
_ICMP = const(1)  # protocol in the IPv4 header; neither port has a name for it
_HEARD = const(16)  # packets looked at in one call: no flood of pings holds the server up

# Offsets in a frame: Ethernet header of 14 bytes, IPv4 header of 20, echo of 8.
_MAC = const(6)  # our own
_IP = const(14)
_IP_SUM = const(24)
_SOURCE = const(26)
_TARGET = const(30)
_ECHO = const(34)
_ECHO_SUM = const(36)
_ID = const(38)
_CHECK = const(40)  # first byte of the sequence number
_STATION = const(41)  # second byte
_END = const(42)

_EVERYBODY = const(255)  # in the place of a station

_NO_OPTIONS = const(0x45)  # first byte of an IPv4 header of 20 bytes
_ECHO_REPLY = const(0)
# TTL 1: a station that forwards packets must not bring the answer of somebody behind it.
_HEADER = const(b"\x08\0\x45\0\0\x1c\0\0\0\0\x01\x01\0\0")


def _seal(frame, start, end, sum_at):
    """Write the checksum of frame[start:end] to frame[sum_at:sum_at + 2] (RFC 1071)."""
    frame[sum_at] = frame[sum_at + 1] = 0
    total = 0
    for at in range(start, end, 2):
        total += frame[at] << 8 | frame[at + 1]
    total = (total & 0xFFFF) + (total >> 16)
    total = ~(total + (total >> 16)) & 0xFFFF
    frame[sum_at] = total >> 8
    frame[sum_at + 1] = total & 255


class Echo:
    """Sends probes and takes answers for several checks at a time, each with a number.

    ap       the access point, a network.WLAN
    checks   how many; their numbers are 0..checks - 1
    station  after heard(): index of the station that answered, in the list given to ask(); -1
             if it is unknown
    Nothing raises.
    """

    def __init__(self, ap, checks):
        self.station = -1
        self._ap = ap
        self._frames = hasattr(ap, "send_ethernet")
        self._socket = None
        self._asked = bytearray(4 * checks)  # the address of each check
        self._frame = bytearray(_END)
        self._frame[_IP - 2 : _SOURCE] = _HEADER
        self._frame[_ECHO] = 8
        self._frame[_ID:_CHECK] = urandom(2)
        self._echo = memoryview(self._frame)[_ECHO:]
        self._reply = bytearray(_END - _IP)  # no longer than a reply: a read never takes two

    def open(self):
        """Open the socket; return False if none is left."""
        if self._socket is None:
            try:
                self._socket = socket.socket(socket.AF_INET, _SOCK_RAW, _ICMP)
                self._socket.setblocking(False)
                if self._frames:
                    own = [int(byte) for byte in self._ap.ifconfig()[0].split(".")]
                    self._frame[_SOURCE:_TARGET] = bytes(own)
                    self._frame[_MAC : _IP - 2] = self._ap.config("mac")
            except (OSError, MemoryError):
                self.close()
        return self._socket is not None

    def close(self):
        """Close the socket, so that lwIP answers pings again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, number, question, stations):
        """Ask all stations but the client whether they have an address.  Call open() before.

        number    of the check
        question  the address, 4 bytes, and the client's MAC, 6
        stations  list of the MACs of all stations; without the client's it is not whole
        Returns how many copies could not be sent, 0: all have left.
        """
        frame = self._frame
        copy(self._asked, 4 * number, question, 0, 4)
        frame[_CHECK] = number
        if not self._frames:
            return self._ask_by_socket(question)
        copy(frame, _TARGET, question, 0, 4)
        _seal(frame, _IP, _ECHO, _IP_SUM)
        lost = 0
        whole = False
        for i in range(len(stations)):
            if same(question, 4, stations[i], 0, 6):
                whole = True
            else:
                lost += self._ask_station(stations[i], i)
        if not whole:
            lost += self._ask_station(b"\xff\xff\xff\xff\xff\xff", _EVERYBODY)
            lost += self._ask_by_socket(question)
        return lost

    def heard(self):
        """Return the number of a check with an answer, or -1."""
        if self._socket is None:
            return -1
        reply = self._reply
        for _ in range(_HEARD):
            try:
                n = self._socket.readinto(reply)
            except OSError:
                return -1
            if n != len(reply):
                return -1
            if self._matches(reply):
                self.station = reply[_STATION - _IP] if self._frames else _EVERYBODY
                if self.station == _EVERYBODY:
                    self.station = -1
                return reply[_CHECK - _IP]
        return -1

    def _ask_station(self, mac, i):
        """Send a frame to one station; return 1 when it cannot leave, else 0."""
        frame = self._frame
        frame[:_MAC] = mac
        frame[_STATION] = i
        _seal(frame, _ECHO, _END, _ECHO_SUM)
        try:
            self._ap.send_ethernet(frame)
        except OSError:
            return 1
        return 0

    def _ask_by_socket(self, address):
        """Send by lwIP, which asks for the MAC; return 1 when it cannot leave, else 0."""
        _seal(self._frame, _ECHO, _END, _ECHO_SUM)
        try:
            self._socket.sendto(self._echo, ("%d.%d.%d.%d" % tuple(address[:4]), 0))
        except (OSError, MemoryError):
            return 1
        return 0

    def _matches(self, reply):
        """Return whether an IPv4 packet answers a probe of a check."""
        number = reply[_CHECK - _IP]
        return (
            reply[0] == _NO_OPTIONS
            and reply[_ECHO - _IP] == _ECHO_REPLY
            and same(reply, _ID - _IP, self._frame, _ID, 2)
            and 4 * number < len(self._asked)
            and same(reply, _SOURCE - _IP, self._asked, 4 * number, 4)
        )
