"""The Pico W and the Pico 2 W with stock MicroPython: a CYW43439 below lwIP.

* Replies leave as Ethernet frames that are finished here (send_ethernet), through the access
  point and nothing else: lwIP would route a broadcast to the network that the board has joined,
  and cannot reach a client that has no address yet.
* A frame to a MAC that is not associated is lost in the chip.  A client behind a repeater that
  rewrites MACs is reached by broadcast, and with an address by lwIP, which asks for the MAC.
* readinto() joins the datagrams that wait, four at most: they are taken apart here.
* Nothing is allocated from MicroPython v1.26 on, except where said.
"""

import sys
from time import ticks_ms

from network import STA_IF, WLAN

from .._compat import const
from ..stations import Stations

_BROADCAST = const(0)  # reply_to
_CLIENT = const(1)
_CIADDR = const(2)
_RELAY = const(3)

# Offsets in the frame, two bytes before Ethernet's, so that the message is at a multiple of 4.
_TO_MAC = const(2)
_OWN_MAC = const(8)
_IP_LENGTH = const(18)
_IP_SUM = const(26)
_TO_IP = const(32)
_UDP_LENGTH = const(40)
_MESSAGE = const(44)
_CHADDR = const(72)  # of the message
_HEADERS = const(28)  # of IP and UDP
_SHORTEST = const(300)  # of all replies
_STEP = const(64)  # lengths of frames
_ZEROS = bytes(_STEP)

_QUEUE_N = const(1408)  # four messages of 352 bytes: few clients send longer ones
_COOKIE = const(236)
_COOKIE_BEGINS = const(0x63)
_SECOND_COOKIE = const(476)  # the first message ends at 240 at the earliest
_RX_N = const(600)  # what the server takes
_AGAIN = const(2)  # readings of a list of stations that may be short


class Port:
    """UDP port 67 on the access point.

    ap       network.WLAN(network.WLAN.IF_AP)
    sock     the socket, None while closed
    foreign  function: whether a datagram may have come from another network than the AP's
    queued   bytes of datagrams that have left the socket and wait here
    dropped  datagrams thrown away: too long, or cut because more were waiting than have room
    associated  stations.Stations: the devices in the network
    """

    names_owner = True  # a check of an address learns who answers
    side_by_side = 8  # checks at a time: answers wait in a queue of 4, and are asked for twice
    can_hide = False
    security_open = 0
    security_wpa2 = 0x00400004  # with AES

    # Made by rp2_start, in tx() and claim(); an annotation costs nothing on a board.
    _frame: bytearray
    _frames: list
    _chaddr: memoryview
    _yiaddr: memoryview
    _sum: int
    _addr4: tuple
    _everybody: bytes
    _pm: int

    def __init__(self, ap, receives=True):
        """Prepare a port.

        receives  False: receive() is never called, which saves 1.6 KB of buffers
        """
        self.ap = ap
        self.sock = self._poll = None
        self.dropped = 0
        self.foreign = WLAN(STA_IF).active
        self.associated = Stations(self)
        self._raw = hasattr(ap, "send_ethernet")
        self._short = sys.implementation.version[:3] < (1, 24, 1)  # see stations()
        if receives:
            self._queue = bytearray(_QUEUE_N)
            self._head = memoryview(self._queue)[:_RX_N]
            self._tails = [memoryview(self._queue)[1 << i :] for i in range(0, 12, 2)]
        self.queued = 0
        self._full = False

    def tx(self, n):
        """Return the buffer for replies of at most n bytes, which is part of the frame."""
        from .rp2_start import frame

        return frame(self, n)

    def claim(self, config, may_restart):
        """Take UDP port 67; return its cost as text for the log, "" without one.

        may_restart   the Wi-Fi chip may be reset for it, which drops a station's connection
        Raises OSError that says what to do.
        """
        from .rp2_start import claim

        return claim(self, config, may_restart)

    def timer(self, number):
        """Return a machine.Timer; ValueError for a number: this firmware has soft timers only."""
        from machine import Timer

        return Timer(-1 if number is None else number)

    def up(self):
        """Restore what the firmware forgets with the access point: address, no power saving.

        Before it first came up the firmware did not know its MAC either.  Allocates.
        """
        self._frame[_OWN_MAC : _OWN_MAC + 6] = self.ap.config("mac")
        self.ap.ipconfig(addr4=self._addr4)
        self.ap.config(pm=self.ap.PM_NONE)
        self.associated.forget()

    def lost(self):
        """Return whether up() is due: the access point is on, with another address.  Allocates."""
        return self.ap.active() and self.ap.ipconfig("addr4") != self._addr4

    def wait(self, ms):
        """Return whether a datagram waits, after at most ms milliseconds."""
        if self.queued:
            return True
        for _ in self._poll.ipoll(ms):
            return True
        return False

    def receive(self, rx):
        """Put one datagram into rx, which has 600 bytes; return its length, 0 when none waits.

        Of a longer message it is the first 600 bytes.  The rest may be another datagram behind it.
        """
        while True:
            n = self.queued
            if not n:
                n = self.sock.readinto(self._queue)
                if not n:
                    self.dropped += n is not None  # an empty datagram
                    return 0
                self._full = n == _QUEUE_N
            end = n
            if n > _SECOND_COOKIE or self._queue[_COOKIE] != _COOKIE_BEGINS:
                end = first_end(self._queue, n)
            rx[0:_RX_N] = self._head
            self.queued = n - end
            if n > end:
                self._shift(end)
            if n == end and self._full:  # the last in a full queue may be cut
                self.dropped += 1
            elif end <= _RX_N:
                return end
            else:
                self.dropped += 1
                if rx[_COOKIE] == _COOKIE_BEGINS:
                    return _RX_N

    def _shift(self, n):
        """Move the queue n bytes to the front.

        By powers of four: a view for any number would be a new object.
        """
        for tail in self._tails:
            for _ in range(n & 3):
                self._queue[0 : len(tail)] = tail
            n >>= 2

    def send(self, server, n):
        """Send server.tx[:n] where server.reply_to says; return whether it left.

        Allocates if lwIP has to find the way: to a relay agent, or a client behind a repeater.
        """
        to = server.reply_to
        frame = self._frame
        if to == _RELAY or not self._raw:
            return self._route(server, n)
        if to != _BROADCAST and not self._is_station(frame):
            if to == _CIADDR:
                return self._route(server, n)
            to = _BROADCAST
        if to == _BROADCAST:
            frame[_TO_MAC : _TO_MAC + 6] = b"\xff\xff\xff\xff\xff\xff"
            frame[_TO_IP : _TO_IP + 4] = b"\xff\xff\xff\xff"
        else:
            frame[_TO_MAC : _TO_MAC + 6] = self._chaddr
            if to == _CLIENT:
                frame[_TO_IP : _TO_IP + 4] = self._yiaddr
            else:
                for i in range(4):
                    frame[_TO_IP + i] = server.rx[12 + i]
        if n > _SHORTEST:
            frame[_MESSAGE + n : _MESSAGE + n + _STEP] = _ZEROS  # behind the datagram
        self._close_headers(frame, n)
        try:
            self.ap.send_ethernet(self._frames[(n - _SHORTEST + _STEP - 1) // _STEP])
        except OSError:
            return False
        return True

    def _is_station(self, frame):
        """Return whether chaddr of the reply is associated; True if that is unknown."""
        try:
            return self.associated.has(frame, _CHADDR, ticks_ms()) or not self.associated.macs
        except MemoryError:
            return True

    def _close_headers(self, frame, n):
        """Fill in lengths and the IP checksum (RFC 1071) for a message of n bytes."""
        n += _HEADERS
        frame[_IP_LENGTH] = n >> 8
        frame[_IP_LENGTH + 1] = n & 255
        total = self._sum + n + (frame[_TO_IP] + frame[_TO_IP + 2] << 8)
        total += frame[_TO_IP + 1] + frame[_TO_IP + 3]
        total = (total & 0xFFFF) + (total >> 16)
        total = ~(total + (total >> 16))
        frame[_IP_SUM] = total >> 8 & 255
        frame[_IP_SUM + 1] = total & 255
        n -= 20
        frame[_UDP_LENGTH] = n >> 8
        frame[_UDP_LENGTH + 1] = n & 255

    def _route(self, server, n):
        """Send by the socket: to a relay agent, or where the firmware has no send_ethernet."""
        to = server.reply_to
        four, port = server.rx[12:16], 68
        if to == _RELAY:
            four, port = server.rx[24:28], 67
        elif to != _CIADDR:
            four = self._everybody
        address = ".".join([str(byte) for byte in four])
        try:
            self.sock.sendto(server.tx[:n], (address, port))
        except OSError:
            return False
        return True

    def stations(self):
        """Return the MACs, 6 bytes each, of the stations that are associated.  Allocates.

        Empty may mean "unknown": v1.23 and v1.24.0 cut the list at a number that is never set
        (cyw43-driver, num_stas).  It lies on the C stack; what config() leaves there, called from
        this very function, is large.
        """
        try:
            found = self.ap.status("stations")
            for _ in range(_AGAIN):
                if found and not self._short:
                    break
                self.ap.config("channel")
                again = self.ap.status("stations")
                if len(again) > len(found):
                    found = again
        except OSError:  # the chip is off
            found = ()
        return [entry[0] for entry in found]

    def close(self):
        """Close the socket and restore power saving.  The access point stays up."""
        if self.sock:
            self.sock.close()
            self.sock = None
            self.queued = 0
            try:
                if self.ap.active():
                    self.ap.config(pm=self._pm)
            except OSError:
                return


def first_end(buf, n):
    """Return the end of the first datagram in buf[:n], which may hold several joined ones.

    A message has the magic cookie at 236 and 240 bytes at least; another one may begin where
    `01 01 06` and, 236 bytes on, the cookie stand.
    """
    start = _SECOND_COOKIE
    if buf[_COOKIE] != _COOKIE_BEGINS:  # no message: what comes behind it may be one
        start = _COOKIE + 1
    while start < n:
        start = buf.find(b"\x63\x82\x53\x63", start, n)
        if start < 0:
            break
        at = start - _COOKIE
        if buf[at] == 1 and buf[at + 1] == 1 and buf[at + 2] == 6:
            return at
        start += 1
    return n
