"""The least that a port does around the core, to measure the core with: see tools/bench_board.py.

Takes port 67 before the access point comes up, and replies with whole frames: to chaddr, or to
everybody.  Receives one datagram at a time.
Set before: emulator.MARK.  Then serve() or serve_marked() answers so many packets.
"""

import gc
import select
import socket

import network

from microdhcp import BROADCAST, Config, Server

HEADERS_N = 42  # Ethernet, IPv4, UDP
OPTIONS = {"mtu": 1500, "ntp_servers": ["192.168.4.1"]}

server = Server(
    Config("192.168.4.1/24", ("192.168.4.16", "192.168.4.31"), domain="lan", options=OPTIONS)
)
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setblocking(False)
sock.bind(("0.0.0.0", 67))
ap = network.WLAN(network.WLAN.IF_AP)
ap.config(ssid="emulated", key="change-me-now")
ap.active(True)

frame = bytearray(HEADERS_N + 548)
frame[0:6] = b"\xff\xff\xff\xff\xff\xff"
frame[6:12] = ap.config("mac")
frame[12:14] = b"\x08\x00"
frame[14] = 0x45
frame[22:24] = b"\x40\x11"
frame[26:34] = b"\xc0\xa8\x04\x01\xff\xff\xff\xff"
frame[34:38] = b"\x00\x43\x00\x44"
SUM = 0x4500 + 0x4011 + 0xC0A8 + 0x0401
lengths = (300, 364, 428, 548)
payloads = tuple([memoryview(server.tx)[:n] for n in lengths])
places = tuple([memoryview(frame)[HEADERS_N : HEADERS_N + n] for n in lengths])
frames = tuple([memoryview(frame)[: HEADERS_N + n] for n in lengths])
chaddr = memoryview(server.rx)[28:34]
yiaddr = memoryview(server.tx)[16:20]
used = 0
answered = 0


def send(n):
    """Send the reply of n bytes, filled up to the next of a few lengths."""
    head = frame
    size = 0 if n <= 300 else 1 if n <= 364 else 2 if n <= 428 else 3
    places[size][:] = payloads[size]
    n += 28
    head[16] = n >> 8
    head[17] = n & 255
    head[38] = n - 20 >> 8
    head[39] = n - 20 & 255
    if server.reply_to == BROADCAST:
        head[0:6] = b"\xff\xff\xff\xff\xff\xff"
        head[30:34] = b"\xff\xff\xff\xff"
    else:
        head[0:6] = chaddr
        head[30:34] = yiaddr
    n += SUM + (head[30] << 8 | head[31]) + (head[32] << 8 | head[33])
    n = (n & 0xFFFF) + (n >> 16)
    n = (n & 0xFFFF) + (n >> 16) ^ 0xFFFF
    head[24] = n >> 8
    head[25] = n & 255
    ap.send_ethernet(frames[size])


def serve(packets):
    """Answer so many packets, and count the bytes that this allocates."""
    global used, answered
    rx = server.rx
    before = gc.mem_alloc()
    while packets:
        for _ in poll.ipoll(1000):
            n = server.handle(sock.readinto(rx), 1)
            if n > 0:
                send(n)
            packets -= 1
    used += gc.mem_alloc() - before


def serve_marked(packets):
    """The same, with marks when a packet is received, read, decided on, written and sent."""
    while packets:
        for _ in poll.ipoll(1000):
            n = sock.readinto(server.rx)
            M()  # noqa: F821
            n = server.handle(n, 1)
            M()  # noqa: F821
            if n > 0:
                send(n)
            M()  # noqa: F821
            packets -= 1


def marked(function):
    """Return a method that marks its begin and its end."""

    def method(*arguments):
        M()  # noqa: F821
        result = function(*arguments)
        M()  # noqa: F821
        return result

    return method


poll = select.poll()
poll.register(sock, select.POLLIN)
for _ in poll.ipoll(0):  # the first call makes its iterator
    pass
gc.collect()
gc.disable()
