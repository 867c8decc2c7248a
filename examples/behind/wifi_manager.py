"""A Wi-Fi manager: no network is known, so an access point asks for one, and waits for it."""

import socket

import network

import microdhcp

FORM = b"<form method=post><input name=ssid><input name=password><button>Join</button></form>"


def manage(known):
    """Return the name and password of a network: those known, else what somebody types."""
    if known:
        return known
    ap = network.WLAN(network.WLAN.IF_AP)
    service = microdhcp.serve(ap, ssid="set-up", key="change-me-now")
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("0.0.0.0", 80))
    server.listen(1)
    try:
        while True:
            connection, source = server.accept()
            request = connection.recv(1024)
            fields = request[request.rfind(b"\r\n\r\n") + 4 :].decode().split("&")
            pairs = dict([field.split("=", 1) for field in fields if "=" in field])
            connection.send(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + FORM)
            connection.close()
            if pairs.get("ssid"):
                return pairs["ssid"], pairs.get("password", "")
    finally:
        server.close()
        service.stop()
        ap.active(False)


print("joining", *manage(None))
