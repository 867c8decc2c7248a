"""The program of a board: its own access point, with our server on it.  Runs until Ctrl-C.

Set before: ADDRESS ("192.168.4.1/24"), POOL (first, last), LEASE_S.
Addresses are not checked before they are offered: a check takes 0.4 s of the board's time, and
more on the clock of a real client.
"""

import asyncio

import network

from microdhcp import Config, Service

ap = network.WLAN(network.WLAN.IF_AP)
config = Config(address=ADDRESS, pool=POOL, lease_s=LEASE_S, conflict_check=False)  # noqa: F821
service = Service(ap, config)
service.start(ssid="emulated", key="change-me-now")
asyncio.run(service.run())
