"""A program that saves power: the server answers between two naps."""

import time

import machine
import network

import microdhcp

ap = network.WLAN(network.WLAN.IF_AP)
microdhcp.serve(ap, ssid="greenhouse", key="change-me-now")

while True:
    machine.lightsleep(100)
    time.sleep_ms(50)  # time for a turn: while the processor sleeps, nobody answers
