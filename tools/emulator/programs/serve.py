"""The smallest server around the core, for a Pico W that is an access point and nothing else.

Claims port 67 before the access point comes up (the firmware's own server then stays silent), and
answers by broadcast on its subnet, which needs neither route nor ARP.  Runs until Ctrl-C.
Set before: ADDRESS ("192.168.4.1/24"), POOL (first, last), LEASE_S.
"""

import select
import socket
import time

import network

from microdhcp import CIADDR, Config, Server

server = Server(Config(address=ADDRESS, pool=POOL, lease_s=LEASE_S))  # noqa: F821
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setblocking(False)
sock.bind(("0.0.0.0", 67))
ap = network.WLAN(network.WLAN.IF_AP)
ap.config(ssid="emulated", key="change-me-now")
ap.active(True)
ap.ipconfig(addr4=ADDRESS)  # noqa: F821
address, mask = ap.ipconfig("addr4")
octets = zip(address.split("."), mask.split("."))  # noqa: B905 - MicroPython has no strict=
everybody = ".".join([str(int(a) | (255 - int(m))) for a, m in octets])


def now_s(started_ms=time.ticks_ms()):  # noqa: B008 - the start is what is wanted
    """Return the seconds since the start; good for six days, longer than any emulation."""
    return time.ticks_diff(time.ticks_ms(), started_ms) // 1000


def answer(packet):
    """Let the server answer one packet."""
    n = min(len(packet), len(server.rx))
    server.rx[:n] = packet[:n]
    n = server.handle(n, now_s())
    if n > 0:
        to = everybody
        if server.reply_to == CIADDR:
            to = ".".join([str(byte) for byte in server.rx[12:16]])
        sock.sendto(memoryview(server.tx)[:n], (to, 68))


poll = select.poll()
poll.register(sock, select.POLLIN)
print("serving on", address)
while True:
    for _ in poll.ipoll(1000):
        answer(sock.recv(600))
