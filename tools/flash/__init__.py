"""Puts microdhcp on a board over its USB port: `make flash BOARD=pico_w PORT=/dev/ttyACM0`."""
