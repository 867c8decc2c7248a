"""A program that measures every ten seconds and sleeps between."""

import time

import network

import microdhcp

ap = network.WLAN(network.WLAN.IF_AP)
microdhcp.serve(ap, ssid="greenhouse", key="change-me-now")

samples = []
while True:
    samples.append(time.ticks_ms())
    del samples[:-60]
    time.sleep(10)
