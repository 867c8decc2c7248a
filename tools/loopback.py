"""A whole exchange between a server's core and the project's own client over 127.0.0.1.

For machines where nobody may open port 67 or make a network: high ports, no rights, one process.
The core only sees bytes, so any callable will do as one: `exchange(handle, on_message)`.
"""

import contextlib
import select
import socket
import time

import client

SERVER_PORT, CLIENT_PORT = 6767, 6868
HOST = "127.0.0.1"
STEPS = ("obtain", "renew", "release")


def exchange(handle, on_message, mac=b"\x00\x00\x5e\x00\x53\x01", steps=STEPS):
    """Obtain, renew and release one address; return the list of client.Lease, one per answer.

    handle      callable (packet bytes, now_s) -> (reply bytes or b"", reply_to or None)
    on_message  callable (sender, packet bytes, reply_to), called for each message in its order;
                sender is "client" or "server", reply_to as `handle` gave it, None for a client's
    mac         6 bytes
    Raises client.ClientError when an answer is missing or a refusal.
    """
    with Loopback(handle, on_message) as wire:
        one = client.Client(wire, mac)
        leases = []
        for step in steps:
            lease = getattr(one, step)()
            if lease is not None:
                leases.append(lease)
        wire.serve()
        return leases


class Loopback:
    """Both ends: what the client sends goes through a socket to the core, and back.

    The same interface as client.Wire.
    """

    def __init__(self, handle, on_message):
        self._handle = handle
        self._on_message = on_message
        self._started = time.monotonic()
        self._server = _socket(SERVER_PORT)
        self._client = _socket(CLIENT_PORT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close both sockets."""
        self._server.close()
        self._client.close()

    def send(self, payload, mac, source=b"", to=b""):
        """Send a client's message; addresses of the messages do not matter on the loopback."""
        self._on_message("client", payload, None)
        self._client.sendto(payload, self._server.getsockname())

    def serve(self):
        """Let the core handle what waits at the server's socket."""
        while select.select([self._server], [], [], 0)[0]:
            packet, source = self._server.recvfrom(65536)
            now_s = int(time.monotonic() - self._started)
            reply, reply_to = self._handle(packet, now_s)
            if reply:
                self._on_message("server", reply, reply_to)
                self._server.sendto(reply, source)

    def receive(self, wait_s):
        """Return the next message for the client within wait_s seconds, or None."""
        self.serve()
        if select.select([self._client], [], [], wait_s)[0]:
            return self._client.recv(65536)
        return None


def _socket(port):
    """Return a UDP socket on the loopback, at `port` or, if that is taken, at any free one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with contextlib.suppress(OSError):
        sock.bind((HOST, port))
        return sock
    sock.bind((HOST, 0))
    return sock
