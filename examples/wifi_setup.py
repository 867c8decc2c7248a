"""Wi-Fi set-up from a telephone: a form that opens by itself, then the board joins the network.

1. No network is saved, or the button is held at power-on: the board opens the access point
   "board-setup". A telephone that joins it shows the form.
2. The form's name and password are saved, and the board joins that network.
3. If that fails, the form comes back and says why.

The program is a loop of its own: service.poll() serves DHCP, names and the form.
examples/wifi_setup_asyncio.py does the same with tasks.
"""

import json
import os
import time

import network

from microdhcp import Config, Service
from microdhcp.dns import Names
from microdhcp.portal import Portal

FILE = "wifi.json"
KEY = "change-me-now"  # of the access point
BUTTON = None  # number of a pin that a button connects to GND; None: there is none
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


def button_held():
    """Return whether the button asks to begin anew."""
    if BUTTON is None:
        return False
    from machine import Pin

    return not Pin(BUTTON, Pin.IN, Pin.PULL_UP).value()


def scan():
    """Return the names of the networks around, the strongest first, each once."""
    sta.active(True)
    names = []
    for found in sorted(sta.scan(), key=lambda found: -found[3]):
        name = found[0].decode()
        if name and name not in names:
            names.append(name)
    return names


def ask(message):
    """Return the fields of the form, once somebody has filled it in."""
    got = []
    names = scan()
    service = Service(ap, Config(address="192.168.4.1/24", pool=("192.168.4.16", "192.168.4.31")))

    def submitted(fields):
        if fields["password"] and len(fields["password"]) < 8:
            raise ValueError("A Wi-Fi password has at least 8 characters.")
        got.append(fields)
        return "Saved. The board joins " + fields["ssid"] + " now."

    portal = Portal(service, submitted, title="Wi-Fi set-up", networks=names)
    portal.message = message
    Names(service, captive=True)
    service.start(ssid="board-setup", key=KEY)
    while not got:
        service.poll(20)
    end = time.ticks_add(time.ticks_ms(), 2000)  # the telephone shows the answer first
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        service.poll(20)
    service.stop()
    ap.active(False)  # on an ESP32 it would have to follow the station to another channel
    return got[0]


def join(fields):
    """Join the network; return whether that worked within JOIN_S seconds."""
    sta.active(True)
    sta.connect(fields["ssid"], fields["password"] or None)
    end = time.ticks_add(time.ticks_ms(), JOIN_S * 1000)
    while not sta.isconnected() and time.ticks_diff(end, time.ticks_ms()) > 0:
        time.sleep_ms(200)
    if not sta.isconnected():
        sta.disconnect()
    return sta.isconnected()


def main():
    """Join the saved network, or ask for one until it works."""
    fields = None if button_held() else load()
    message = ""
    while not (fields and join(fields)):
        if fields:
            message = "The board could not join " + fields["ssid"] + "."
        fields = ask(message)
        save(fields)
    print("joined", fields["ssid"], sta.ifconfig()[0])


main()
