"""A station in the host's own process: sends what a test tells it, answers ARP and pings."""

import socket
import struct
from dataclasses import dataclass

from lab.recorder import Message, read_frame
from linux.frames import (
    BROADCAST_MAC,
    checksum,
    ethernet,
    mac_bytes,
    read_udp,
    udp_in_ipv4,
)

_ARP, _IPV4 = b"\x08\x06", b"\x08\x00"
_ICMP, _UDP = 1, 17
_ARP_HEADER = bytes.fromhex("0001080006040002")  # Ethernet, IPv4, reply


@dataclass(frozen=True)
class Reply:
    """What the board answered.

    message     the DHCP message, with the frame's and datagram's addresses
    after_us    emulated time from the request's last bit to the reply's
    """

    message: Message
    after_us: float


class Station:
    """A station of the board's access point, or a host on the network that the board has joined.

    board          the Board
    mac            text or 6 bytes
    address        IPv4 address as text for which it answers ARP and pings, or None
    side           board.ap unless given; it is associated there.  board.home: a host there
    answers_arp, answers_ping  can be switched off at any time
    frames         list of (emulated us, frame): broadcasts and what was sent to its MAC
    """

    def __init__(self, board, mac, address=None, side=None):
        self.board = board
        self.side = side or board.ap
        self.mac = mac_bytes(mac)
        self.address = address
        self.answers_arp = self.answers_ping = True
        self.frames = []
        if self.side is board.ap:
            board.ap.join(self.mac)
        self.side.listeners.append(self._hear)

    def leave(self):
        """Go off the air."""
        self.board.ap.leave(self.mac)
        self.side.listeners.remove(self._hear)

    def send(self, frame):
        """Send a frame; return False when it is lost (see AccessPoint.send)."""
        return self.side.send(frame)

    def send_udp(self, payload, source=("0.0.0.0", 68), to=("255.255.255.255", 67), mac=None):
        """Send a UDP datagram, a DHCP broadcast unless told otherwise; return False when lost.

        source, to  (address as text, port)
        mac         destination, 6 bytes or text; None: everybody
        """
        packet = udp_in_ipv4(_raw(source), _raw(to), payload)
        target = BROADCAST_MAC if mac is None else mac_bytes(mac)
        return self.send(ethernet(target, self.mac, packet))

    def messages(self):
        """Return the (emulated us, DHCP message) that it has received."""
        found = [(us, read_frame(frame, us / 1e6)) for us, frame in self.frames]
        return [(us, message) for us, message in found if message]

    def datagrams(self):
        """Return the (source, destination, payload) of intact UDP datagrams received."""
        ours = [frame for _, frame in self.frames if _is(frame, _IPV4) and frame[23] == _UDP]
        found = [read_udp(memoryview(frame)[14:]) for frame in ours]
        return [(source, to, bytes(payload)) for source, to, payload in found]

    def ask(self, payload, timeout_s=10, **how):
        """Send a DHCP message and let the board run until it has answered; return the Reply.

        how  as for send_udp
        Raises BoardTimeout after timeout_s emulated seconds.
        """
        self.frames.clear()
        self.send_udp(payload, **how)
        asked_us = self.board.now_us
        self.board.wait(lambda: self._answer(payload[4:8]), timeout_s, "no answer")
        us, message = self._answer(payload[4:8])
        return Reply(message, us - asked_us)

    def hears_nothing(self, payload, us=200_000, **how):
        """Send a DHCP message; return True when `us` of emulated time bring no answer."""
        self.frames.clear()
        self.send_udp(payload, **how)
        self.board.sleep(us)
        return self._answer(payload[4:8]) is None

    def _answer(self, xid):
        for us, message in self.messages():
            if message.xid == xid and not message.to_server:
                return us, message
        return None

    def _hear(self, frame):
        if frame[:6] not in (self.mac, BROADCAST_MAC):
            return
        self.frames.append((self.board.now_us, frame))
        if self.address is None:
            return
        own = socket.inet_aton(self.address)
        if _is(frame, _ARP):
            self._answer_arp(frame, own)
        elif _is(frame, _IPV4) and frame[23] == _ICMP and frame[30:34] == own:
            self._answer_ping(frame)

    def _answer_arp(self, frame, own):
        sender = frame[22:32]  # MAC and address
        if self.answers_arp and frame[20:22] == b"\0\1" and frame[38:42] == own != sender[6:]:
            body = _ARP_HEADER + self.mac + own + sender
            self.send(frame[6:12] + self.mac + _ARP + body)

    def _answer_ping(self, frame):
        """Send an echo request's bytes back as an echo reply (RFC 792)."""
        at = 14 + (frame[14] & 15) * 4
        end = 14 + int.from_bytes(frame[16:18], "big")
        if not self.answers_ping or frame[at] != 8:
            return
        reply = bytearray(b"\0\0\0\0" + frame[at + 4 : end])
        reply[2:4] = checksum(reply).to_bytes(2, "big")
        head = [0x45, 0, 20 + len(reply), 0, 0, 64, _ICMP, 0, frame[30:34], frame[26:30]]
        pack = struct.Struct("!BBHHHBBH4s4s").pack
        head[7] = checksum(pack(*head))
        self.send(ethernet(frame[6:12], self.mac, pack(*head) + bytes(reply)))


def _raw(place):
    return socket.inet_aton(place[0]), place[1]


def _is(frame, ethertype):
    return len(frame) >= 42 and frame[12:14] == ethertype
