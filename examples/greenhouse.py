"""A greenhouse: three sensors with fixed addresses and names, and a page that shows them.

Join the network "greenhouse", then open http://greenhouse.lan/ or http://192.168.4.1/.
The sensors are north.lan, south.lan and pump.lan, for telephones and for each other.
"""

import time

import network

from microdhcp import Config, Service
from microdhcp.dns import Names
from microdhcp.page import Page

SENSORS = {  # MAC: address
    "00:00:5e:00:53:01": "192.168.4.10",
    "00:00:5e:00:53:02": "192.168.4.11",
    "00:00:5e:00:53:03": "192.168.4.12",
}

config = Config(
    address="192.168.4.1/24",
    pool=("192.168.4.16", "192.168.4.31"),
    reservations=SENSORS,
    domain="lan",
)
service = Service(network.WLAN(network.WLAN.IF_AP), config, store="leases.bin")
hosts = {"north": "192.168.4.10", "south": "192.168.4.11", "pump": "192.168.4.12"}
Names(service, domain="lan", board="greenhouse", hosts=hosts)
Page(service, title="Greenhouse", password="let-me-in")
service.start(ssid="greenhouse", key="change-me-now", background=True)

while True:
    time.sleep(10)  # your own program: read the sensors, open the windows
