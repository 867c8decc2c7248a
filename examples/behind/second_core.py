"""A program with a thread: on a Pico W it has the second core."""

import _thread
import time

import network

import microdhcp

ap = network.WLAN(network.WLAN.IF_AP)
service = microdhcp.serve(ap, ssid="greenhouse", key="change-me-now")
readings = [0]


def measure():
    while True:
        readings[0] += len(list(service.leases()))  # both cores may ask who is there
        time.sleep_ms(50)


_thread.start_new_thread(measure, ())
while True:
    time.sleep_ms(500)
