"""A web server that blocks in accept(): two lines give its access point a DHCP server."""

import socket

import network

import microdhcp  # the first line

ap = network.WLAN(network.WLAN.IF_AP)
service = microdhcp.serve(ap)  # the second: before the access point comes up, it costs nothing
ap.config(ssid="greenhouse", key="change-me-now")  # on an ESP32 security=3, too
ap.active(True)

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("0.0.0.0", 80))
server.listen(2)
while True:
    connection, source = server.accept()
    try:
        connection.recv(1024)
        page = "\n".join([f"{lease.address} {lease.host_name}" for lease in service.leases()])
        connection.send(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + page.encode())
    except OSError:
        pass
    connection.close()
