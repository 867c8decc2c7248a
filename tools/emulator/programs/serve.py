"""The program of a board: its own access point, with our server on it.  Runs until Ctrl-C.

Set before: ADDRESS ("192.168.4.1/24"), POOL (first, last), LEASE_S.
"""

import asyncio

import network

from microdhcp import Config, Service

ap = network.WLAN(network.WLAN.IF_AP)
service = Service(ap, Config(address=ADDRESS, pool=POOL, lease_s=LEASE_S))  # noqa: F821
service.start(ssid="emulated", key="change-me-now")
asyncio.run(service.run())
