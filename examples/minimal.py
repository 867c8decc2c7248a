"""The shortest program: a network with a DHCP server that runs behind whatever follows.

Join the network "greenhouse".  The server goes on at the prompt too.
"""

import network

import microdhcp

ap = network.WLAN(network.WLAN.IF_AP)
service = microdhcp.serve(ap, ssid="greenhouse", key="change-me-now")
