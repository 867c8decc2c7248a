"""A loop of its own, without asyncio: it serves devices, and every two seconds it does its work.

poll(100) answers what waits, or waits 100 ms for the next message.  A device waits for its answer
until the next poll(), so keep the work between two calls short.
"""

import time

import network

from microdhcp import Config, Service

WORK_MS = 2000

config = Config(address="192.168.4.1/24", pool=("192.168.4.16", "192.168.4.47"))
service = Service(network.WLAN(network.WLAN.IF_AP), config)
service.start(ssid="greenhouse", key="change-me-now")


def work():
    """Put your own work here: less than a tenth of a second."""
    n = sum(lease.state == "bound" for lease in service.leases())
    print("devices:", n)


worked_ms = time.ticks_ms()
while True:
    service.poll(100)
    if time.ticks_diff(time.ticks_ms(), worked_ms) >= WORK_MS:
        worked_ms = time.ticks_ms()
        work()
