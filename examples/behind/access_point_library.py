"""A library's access point with a DNS server that answers everything with the board's address.

Many libraries for web servers have a function like access_point(); it cannot be changed.
"""

import asyncio
import socket

import network

import microdhcp


def access_point(ssid, key):
    """Open an access point, as such a library does."""
    ap = network.WLAN(network.WLAN.IF_AP)
    ap.config(ssid=ssid, key=key)  # on an ESP32 security=3, too
    ap.active(True)
    return ap


async def catch_all(address):
    """Answer each DNS query for an IPv4 address with the board's own."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setblocking(False)
    server.bind(("0.0.0.0", 53))
    packed = bytes([int(byte) for byte in address.split(".")])
    reader = asyncio.StreamReader(server)
    while True:
        await reader.readinto(bytearray(0))  # until a query waits
        try:
            query, client = server.recvfrom(256)
            answer = query[:2] + b"\x81\x80" + query[4:6] * 2 + bytes(4) + query[12:]
            answer += b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04" + packed
            server.sendto(answer, client)
        except OSError:
            pass


ap = access_point("greenhouse", "change-me-now")
microdhcp.serve(ap)  # it is up already: a Pico W's Wi-Fi chip is reset for it, up to v1.27
asyncio.run(catch_all(ap.ifconfig()[0]))
