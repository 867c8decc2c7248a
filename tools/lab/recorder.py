"""Records the DHCP messages of one interface, with where each frame really went."""

import socket
import struct
import threading
import time
from dataclasses import dataclass

import dhcp

#: Destination of a broadcast frame.
EVERYBODY = "ff:ff:ff:ff:ff:ff"

_ETHERTYPE_IP = 0x0800
_UDP = 17


@dataclass(frozen=True)
class Message:
    """One DHCP message on the wire.

    at_s           seconds since the recorder started
    to_server      True: sent to port 67
    eth_src/_dst   MAC addresses as text, lower case
    ip_src/_dst    IPv4 addresses as text
    src_port/dst_port  UDP ports
    payload        the DHCP message
    """

    at_s: float
    to_server: bool
    eth_src: str
    eth_dst: str
    ip_src: str
    ip_dst: str
    src_port: int
    dst_port: int
    payload: bytes

    @property
    def kind(self):
        """The message type as a word, or "" when option 53 is missing or unknown."""
        value = self.option(dhcp.TYPE)
        return dhcp.TYPES.get(value[0], "") if value else ""

    @property
    def xid(self):
        """The transaction id, 4 bytes."""
        return self.payload[4:8]

    @property
    def broadcast_flag(self):
        """True when the client asked for a broadcast answer (RFC 2131 section 2)."""
        return bool(self.payload[10] & 0x80)

    @property
    def ciaddr(self):
        """The address the client says it has, as text."""
        return socket.inet_ntoa(self.payload[12:16])

    @property
    def yiaddr(self):
        """The address given to the client, as text."""
        return socket.inet_ntoa(self.payload[16:20])

    @property
    def chaddr(self):
        """The client's MAC address, as text."""
        return self.payload[28:34].hex(":")

    def option(self, code):
        """Return the value of an option in the options field, or None when it is absent."""
        return dhcp.options(self.payload).get(code)

    def address(self, code):
        """Return an option that holds one IPv4 address as text, or None when it is absent."""
        value = self.option(code)
        return None if value is None else socket.inet_ntoa(value[:4])

    def __str__(self):
        """Return one line for logs and failure messages."""
        arrow = ">" if self.to_server else "<"
        where = f"{self.eth_src} {self.ip_src} -> {self.eth_dst} {self.ip_dst}"
        return (
            f"{arrow} @{self.at_s:.3f} {self.kind:8} {where} "
            f"ciaddr {self.ciaddr} yiaddr {self.yiaddr}"
        )


def read_frame(frame, at_s):
    """Return the Message in an Ethernet frame, or None when it carries no DHCP message."""
    if len(frame) < 14 + 20 + 8 or frame[12:14] != _ETHERTYPE_IP.to_bytes(2, "big"):
        return None
    udp_at = 14 + (frame[14] & 15) * 4
    if frame[23] != _UDP or len(frame) < udp_at + 8:
        return None
    src_port, dst_port, length = struct.unpack_from(">HHH", frame, udp_at)
    payload = frame[udp_at + 8 : udp_at + length]
    if dst_port not in (67, 68) or len(payload) < 236:
        return None
    return Message(
        at_s=at_s,
        to_server=dst_port == 67,
        eth_src=frame[6:12].hex(":"),
        eth_dst=frame[0:6].hex(":"),
        ip_src=socket.inet_ntoa(frame[26:30]),
        ip_dst=socket.inet_ntoa(frame[30:34]),
        src_port=src_port,
        dst_port=dst_port,
        payload=payload,
    )


class Recorder:
    """Collects the messages that an AF_PACKET socket sees, in a thread of its own.

    sock  bound to the interface; the recorder owns and closes it
    """

    def __init__(self, sock):
        self._sock = sock
        self._sock.settimeout(0.2)
        self._started_s = time.monotonic()
        self._messages = []
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="lab-recorder", daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ending:
            try:
                frame = self._sock.recv(65535)
            except TimeoutError:
                continue
            except OSError:
                # The interface went down: ENETDOWN comes once, then the socket goes on.
                time.sleep(0.01)
                continue
            message = read_frame(frame, time.monotonic() - self._started_s)
            if message:
                with self._changed:
                    self._messages.append(message)
                    self._changed.notify_all()

    def messages(self, chaddr=None, since=0):
        """Return the messages so far, of one client (MAC as text) or all, from number `since`."""
        with self._changed:
            found = list(self._messages)
        if chaddr:
            found = [message for message in found if message.chaddr == chaddr]
        return found[since:]

    def wait(self, wanted, timeout_s, chaddr=None, since=0):
        """Return the first message for which wanted(message) is true, or None after timeout_s."""
        deadline = time.monotonic() + timeout_s
        while True:
            for message in self.messages(chaddr, since):
                if wanted(message):
                    return message
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return None
            with self._changed:
                self._changed.wait(min(left_s, 0.1))

    def close(self):
        """End the thread and close the socket."""
        self._ending = True
        self._thread.join()
        self._sock.close()
