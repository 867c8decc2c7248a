"""Names: every device is found as <its host name>.lan, the board as greenhouse.lan.

Join the network "greenhouse" and open http://sensor-1.lan/, or `ping sensor-1`.
"""

import network

from microdhcp import Config, Service
from microdhcp.dns import Names

config = Config(address="192.168.4.1/24", pool=("192.168.4.16", "192.168.4.31"), domain="lan")
service = Service(network.WLAN(network.WLAN.IF_AP), config)
printer = {"printer": "192.168.4.9"}  # it has a fixed address of its own, and never asks
Names(service, domain="lan", board="greenhouse", hosts=printer)
service.start(ssid="greenhouse", key="change-me-now")

while True:
    service.poll(100)
