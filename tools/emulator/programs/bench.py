"""A board's program to be measured by tools/bench_board.py: the service, on an access point.

Addresses are not checked before they are offered: the firmware's own server does not do it either.
Set before: emulator.MARK.
"""

import asyncio
import gc

import network

from microdhcp import Config, Service

OPTIONS = {"mtu": 1500, "ntp_servers": ["192.168.4.1"]}
POOL = ("192.168.4.16", "192.168.4.31")

ap = network.WLAN(network.WLAN.IF_AP)
service = Service(
    ap, Config("192.168.4.1/24", POOL, domain="lan", options=OPTIONS, conflict_check=False)
)
service.start(ssid="emulated", key="change-me-now")
allocated = 0


def sent():
    """Return how many replies there were."""
    return service.server.messages[2] + service.server.messages[5]


def loop(replies):
    """Answer so many requests by poll(); count the bytes that this allocates after the first."""
    global allocated
    begin = gc.mem_alloc()
    while sent() < replies:
        first = not sent()
        service.poll(1000)
        if first and sent():  # it has read who is there
            begin = gc.mem_alloc()
    allocated = gc.mem_alloc() - begin


def run(replies):
    """The same by run(), beside a task that looks twice a second whether it is enough."""
    global allocated
    begin = gc.mem_alloc()
    asyncio.run(both(replies))
    allocated = gc.mem_alloc() - begin


async def both(replies):
    """Serve until there are so many replies."""
    task = asyncio.create_task(service.run())
    while sent() < replies:
        await asyncio.sleep_ms(50)
    task.cancel()


def mark(owner, name):
    """Let a method mark its begin and its end."""
    method = getattr(owner.__class__, name)

    def marked(*arguments):
        M()  # noqa: F821
        result = method(*arguments)
        M()  # noqa: F821
        return result

    setattr(owner.__class__, name, marked)


def mark_steps():
    """Mark the steps of every packet's way."""
    mark(service.port, "receive")
    mark(service.server, "read")
    mark(service.server, "write")
    mark(service.port, "send")


service.poll()
gc.collect()
gc.disable()
