"""An ESP32 as its own Wi-Fi network: gives each device an address and says who is there.

Runs as it is.  Change the settings, copy the file to the board again, and restart it: README.md.
"""

import asyncio

import network
from machine import Pin

from microdhcp import Config, Service

# Settings ------------------------------------------------------------------------------------

SSID = "esp32"  # name of the network
KEY = "change-me-now"  # its password, 8 to 63 characters
COUNTRY = None  # "DE", "US": where the board is, for the channels allowed there
CHANNEL = None  # 1 to 13; None: the firmware chooses

ADDRESS = "192.168.4.1/24"  # of this board, and the size of its network
POOL = ("192.168.4.16", "192.168.4.47")  # first and last address for devices
LEASE_S = 3600  # seconds until a device has to ask again
ROUTERS = ["192.168.4.1"]  # the gateway; []: none, so phones keep their mobile Internet
DNS_SERVERS = ["192.168.4.1"]  # []: none
RESERVATIONS = {
    # "00:00:5e:00:53:01": "192.168.4.100",  # this device always gets this address
}
LEASES_FILE = "leases.bin"  # who has which address, kept over a power cut; None: not kept
LED_PIN = None  # 2 on many ESP32 development boards; None: no LED

# ---------------------------------------------------------------------------------------------

led = None if LED_PIN is None else Pin(LED_PIN, Pin.OUT, value=0)


def show(service, kind, address, mac, host_name):
    """Say what happened to a device, and light the LED while one is there."""
    print(kind, address, mac, host_name)
    if led:
        led.value(any(lease.state == "bound" for lease in service.leases()))


async def main():
    """Bring the network up and serve it; your own tasks go beside service.run()."""
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
    print("network", SSID, "is up, this board is", ADDRESS)
    await service.run()


asyncio.run(main())
