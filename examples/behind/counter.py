"""A program that counts as fast as it can, and never gives anybody a turn."""

import network

import microdhcp

ap = network.WLAN(network.WLAN.IF_AP)
microdhcp.serve(ap, ssid="greenhouse", key="change-me-now")

primes = 0
number = 2
while True:
    divisor = 2
    while divisor * divisor <= number and number % divisor:
        divisor += 1
    primes += divisor * divisor > number
    number += 1
