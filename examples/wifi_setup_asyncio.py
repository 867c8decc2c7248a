"""Wi-Fi set-up as examples/wifi_setup.py has it, beside tasks of your own.

The set-up is one task: it shows the form, waits for it, joins the network, and ends.
"""

import asyncio
import json
import os

import network

from microdhcp import Config, Service
from microdhcp.dns import Names
from microdhcp.portal import Portal

FILE = "wifi.json"
KEY = "change-me-now"
JOIN_S = 20

sta = network.WLAN(network.WLAN.IF_STA)
ap = network.WLAN(network.WLAN.IF_AP)


def load():
    """Return what was saved, or None."""
    try:
        with open(FILE) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def save(fields):
    """Save the fields: a power cut leaves the old file or the new one, nothing between."""
    with open(FILE + ".new", "w") as file:
        json.dump(fields, file)
    os.rename(FILE + ".new", FILE)


async def ask(message):
    """Return the fields of the form, once somebody has filled it in."""
    sta.active(True)
    names = sorted({found[0].decode() for found in sta.scan()} - {""})
    service = Service(ap, Config(address="192.168.4.1/24", pool=("192.168.4.16", "192.168.4.31")))
    filled = asyncio.Event()
    got = []

    def submitted(fields):
        got.append(fields)
        filled.set()
        return "Saved. The board joins " + fields["ssid"] + " now."

    portal = Portal(service, submitted, title="Wi-Fi set-up", networks=names)
    portal.message = message
    Names(service, captive=True)
    service.start(ssid="board-setup", key=KEY)
    serving = asyncio.create_task(service.run())
    await filled.wait()
    await asyncio.sleep(2)  # the telephone shows the answer first
    service.stop()
    await serving
    ap.active(False)
    return got[0]


async def join(fields):
    """Join the network; return whether that worked within JOIN_S seconds."""
    sta.active(True)
    sta.connect(fields["ssid"], fields["password"] or None)
    for _ in range(JOIN_S * 5):
        if sta.isconnected():
            return True
        await asyncio.sleep_ms(200)
    sta.disconnect()
    return False


async def set_up():
    """Join the saved network, or ask for one until it works."""
    fields = load()
    message = ""
    while not (fields and await join(fields)):
        if fields:
            message = "The board could not join " + fields["ssid"] + "."
        fields = await ask(message)
        save(fields)
    print("joined", fields["ssid"], sta.ifconfig()[0])


async def blink():
    """Stand for your own task."""
    while True:
        await asyncio.sleep(1)


async def main():
    """Blink while the network is set up, and after it."""
    asyncio.create_task(blink())
    await set_up()


asyncio.run(main())
