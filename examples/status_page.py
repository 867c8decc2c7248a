"""Status page: who is there, what happened last, the counters.  http://192.168.4.1/

The password is for ending a lease.  Without one the page only shows.
"""

import asyncio

import network

from microdhcp import Config, Service
from microdhcp.page import Page

config = Config(address="192.168.4.1/24", pool=("192.168.4.16", "192.168.4.31"))
service = Service(network.WLAN(network.WLAN.IF_AP), config)
Page(service, title="Greenhouse", password="let-me-in")
service.start(ssid="greenhouse", key="change-me-now")

asyncio.run(service.run())
