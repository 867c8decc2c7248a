"""Fixed addresses: each device in the list always gets the same one, and nobody else gets it.

1. Run it.  Each device that joins prints a line `new device: its MAC, its name`.
2. Copy the MACs of your devices into KNOWN, and put the program on the board again.
"""

import asyncio

import network

from microdhcp import Config, Service

KNOWN = {
    "00:00:5e:00:53:01": "192.168.4.100",
    "00:00:5e:00:53:02": "192.168.4.101",
}

config = Config(
    address="192.168.4.1/24",
    pool=("192.168.4.16", "192.168.4.47"),
    reservations=KNOWN,
)
service = Service(network.WLAN(network.WLAN.IF_AP), config)


def on_event(kind, address, mac, host_name):
    """Print the MAC of a device that has no fixed address yet."""
    if kind == "bound" and mac not in KNOWN:
        print("new device:", mac, host_name)


service.on_event(on_event)
service.start(ssid="greenhouse", key="change-me-now")
asyncio.run(service.run())
