"""A Pico 2 W as its own Wi-Fi network: gives each device an address and says who comes and goes.

Runs as it is.  Change the settings below, then put the file on the board: docs/getting-started.md.
"""

import asyncio

import network
from machine import Pin

from microdhcp import Config, Service

# Settings ------------------------------------------------------------------------------------

SSID = "pico"  # name of the network
KEY = "change-me-now"  # its password, 8 to 63 characters
COUNTRY = None  # "DE", "US", ...: where the board is, for the channels allowed there
CHANNEL = None  # 1 to 13; None: the firmware's choice

ADDRESS = "192.168.4.1/24"  # of this board, and the size of its network
POOL = ("192.168.4.16", "192.168.4.47")  # first and last address for devices
LEASE_S = 3600  # seconds until a device has to ask again
own = ADDRESS.split("/", 1)[0]
ROUTERS = [own]  # gateway: the board; []: none, then phones keep their mobile Internet
DNS_SERVERS = [own]  # []: none
RESERVATIONS = {
    # "00:00:5e:00:53:01": "192.168.4.100",  # this device always gets this address
}
LEASES_FILE = "leases.bin"  # keeps the leases over a power cut; None: they are forgotten
LED_PIN = "LED"  # the one on the board; None: leave it alone

# ---------------------------------------------------------------------------------------------

led = None if LED_PIN is None else Pin(LED_PIN, Pin.OUT, value=0)


def show(service, kind, address, mac, host_name):
    """Say what happened, and light the LED while some device has an address."""
    print(kind, address, mac, host_name)
    if led:
        led.value(any(lease.state in ("bound", "adopted") for lease in service.leases()))


async def main():
    """Bring the network up and serve it; tasks of your own go beside service.run()."""
    config = Config(
        address=ADDRESS,
        pool=POOL,
        lease_s=LEASE_S,
        routers=ROUTERS,
        dns_servers=DNS_SERVERS,
        reservations=RESERVATIONS,
    )
    service = Service(network.WLAN(network.WLAN.IF_AP), config, store=LEASES_FILE)
    service.on_event(lambda *event: show(service, *event))
    service.start(ssid=SSID, key=KEY, country=COUNTRY, channel=CHANNEL)
    await service.run()


asyncio.run(main())
