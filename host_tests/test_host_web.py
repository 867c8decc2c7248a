"""The web server of the package on real sockets: slow, many, greedy and strange clients."""

import http.client
import json
import socket
import threading
import unittest
from unittest import mock

from beside import FakeService
from microdhcp.page import Page
from microdhcp.portal import Portal
from microdhcp.web import Web
from timeline import Client, serve

OWN = "127.0.0.1"
LIMIT_S = 600  # of a wait: a safety net, not a verdict


class Served:
    """A server with a page and its web server, turned by a thread; `seconds` is its clock."""

    def __init__(self, portal=None):
        self.service = FakeService(serve())
        Client(self.service.server).dora(options=[(12, b"sensor-1")])
        self.web = Web(self.service, port=0, address=OWN)
        self.page = Page(self.service, path="/devices" if portal else "/")
        if portal:
            Portal(self.service, portal)
        self.web.open()
        self.port = self.web._sock.getsockname()[1]
        self.most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._turn)
        self._thread.start()

    def _turn(self):
        while not self._over.is_set():
            self.web.poll()
            self.most = max(self.most, len(self.web._clients))
            self._over.wait(0.0005)

    def connect(self):
        """Return a connected socket."""
        return socket.create_connection((OWN, self.port), LIMIT_S)

    def get(self, path, host=OWN, method="GET", body=None):
        """Return (status, body, headers) of one request."""
        connection = http.client.HTTPConnection(OWN, self.port, timeout=LIMIT_S)
        connection.request(method, path, body, {"Host": host})
        reply = connection.getresponse()
        data = reply.read()
        connection.close()
        return reply.status, data, reply.headers

    def close(self):
        """End the thread and the sockets."""
        self._over.set()
        self._thread.join(LIMIT_S)
        self.web.close()


def read(sock):
    """Return all that the server sends before it closes, b"" for a reset."""
    data = b""
    try:
        while True:
            piece = sock.recv(4096)
            if not piece:
                return data
            data += piece
    except ConnectionResetError:
        return data
    finally:
        sock.close()


class Sockets(unittest.TestCase):
    def setUp(self):
        self.served = Served()
        self.addCleanup(self.served.close)

    def test_page_and_data(self):
        """A browser's way"""
        status, body, headers = self.served.get("/")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(b"</html>", body)
        status, body, headers = self.served.get("/devices.json")
        self.assertEqual(json.loads(body)["devices"][0]["name"], "sensor-1")
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")

    def test_head(self):
        """RFC 9110 section 9.3.2"""
        self.assertEqual(self.served.get("/", method="HEAD")[:2], (200, b""))

    def test_foreign_host(self):
        """DNS rebinding reads nothing"""
        self.assertEqual(self.served.get("/devices.json", host="evil.example")[0], 421)

    def test_pipelining_gets_one_answer(self):
        """The connection closes behind it"""
        sock = self.served.connect()
        sock.sendall(b"GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 5)
        self.assertEqual(read(sock).count(b"HTTP/1.1 404"), 1)

    def test_twenty_at_once(self):
        """All are answered, never more than four are open"""
        results = []
        threads = [
            threading.Thread(target=lambda: results.append(self.served.get("/devices.json")[0]))
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT_S)
        self.assertEqual(results, [200] * 20)
        self.assertLessEqual(self.served.most, 4)

    def test_slow_clients_give_way(self):
        """Slowloris: four open connections that say little do not keep a fifth out"""
        slow = [self.served.connect() for _ in range(4)]
        for sock in slow:
            sock.sendall(b"GET / HTTP/1.1\r\nX: ")
        self.until(lambda: len(self.served.web._clients) == 4)
        self.assertFalse(self.served.web._has_room(1))  # they are too young
        self.served.service.seconds = 3
        self.assertEqual(self.served.get("/devices.json")[0], 200)
        self.assertEqual(self.served.web.counts["evicted"], 1)
        for sock in slow:
            sock.close()

    def test_silent_clients_end(self):
        """After eight seconds of the service's clock"""
        sock = self.served.connect()
        self.until(lambda: self.served.web._clients)
        self.served.service.seconds = 9
        self.assertEqual(read(sock), b"")

    def test_too_much(self):
        """A line of a megabyte, a body of another: refused, and forgotten"""
        for head in (b"GET /", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n"):
            sock = self.served.connect()
            try:
                sock.sendall(head + b"x" * 1_000_000)
            except (ConnectionResetError, BrokenPipeError):
                pass
            read(sock)
        self.until(lambda: not self.served.web._clients)
        self.assertEqual(self.served.get("/")[0], 200)

    def test_client_that_goes_away(self):
        """In the middle of a request, and of a reply"""
        for raw in (b"GET", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"):
            sock = self.served.connect()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.sendall(raw)
            sock.close()
        self.until(lambda: not self.served.web._clients)
        self.assertEqual(self.served.get("/")[0], 200)

    def test_a_part_that_fails(self):
        """Its request is lost, the server goes on"""
        self.served.page.json = lambda: (b"x" for _ in [1 / 0])
        sock = self.served.connect()
        sock.sendall(b"GET /devices.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        read(sock)
        self.assertEqual(self.served.get("/")[0], 200)
        self.assertEqual(self.served.web.counts["failed"], 1)

    def test_port_taken(self):
        """OSError, and nothing is left open"""
        second = Web(self.served.service, port=self.served.port, address=OWN)
        with self.assertRaises(OSError):
            second.open()
        self.assertEqual(second.sockets(), [])
        second.poll()  # closed: nothing to do
        second.close()

    def test_sockets_to_wait_for(self):
        """Those of the clients, and the one that listens"""
        sock = self.served.connect()
        self.until(lambda: len(self.served.web.sockets()) == 2)
        sock.close()
        self.until(lambda: len(self.served.web.sockets()) == 1)

    def test_accept_that_fails(self):
        """The client has gone again, or the network has no memory: the others are served"""
        accept = mock.Mock(side_effect=OSError(11))
        listener = mock.Mock(wraps=self.served.web._sock, accept=accept)
        self.served.web._sock, real = listener, self.served.web._sock
        sock = self.served.connect()
        self.until(lambda: accept.called)
        self.served.web._sock = real
        sock.close()
        self.assertEqual(self.served.get("/")[0], 200)

    def test_closed_with_clients(self):
        """stop() ends them"""
        sock = self.served.connect()
        self.until(lambda: self.served.web._clients)
        self.served.close()
        self.assertEqual(read(sock), b"")

    def until(self, condition):
        """Wait for something that the other thread does."""
        over = threading.Event()
        for _ in range(LIMIT_S * 100):
            if condition():
                return
            over.wait(0.01)
        self.fail("did not happen in ten minutes")


class PortalOnSockets(unittest.TestCase):
    def test_probe_form_credentials(self):
        """A telephone joins, is sent to the form, and the credentials arrive"""
        got = []
        served = Served(lambda fields: got.append(fields))
        self.addCleanup(served.close)
        status, _, headers = served.get("/generate_204", "connectivitycheck.gstatic.com")
        self.assertEqual((status, headers["Location"]), (302, "http://127.0.0.1/"))
        text = served.get("/")[1].decode()
        token = text.split('name="token" value="')[1].split('"')[0]
        body = f"ssid=Home&password=12345678&token={token}"
        self.assertEqual(served.get("/", method="POST", body=body)[0], 200)
        self.assertEqual(got, [{"ssid": "Home", "password": "12345678"}])
        self.assertEqual(served.get("/devices")[0], 200)
