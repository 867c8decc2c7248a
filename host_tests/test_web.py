"""The web server of the package without its sockets: requests, forms, pages, the portal."""

import json
import os
import unittest

from beside import FakeService
from microdhcp.dns import Names
from microdhcp.page import Page
from microdhcp.portal import Portal
from microdhcp.web import Request, escape
from timeline import Client, serve

OWN = b"192.0.2.1"


def ask(text, host=OWN, body=b""):
    """Return a whole Request, `text` being its method and path."""
    request = Request()
    head = text + b" HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    status = request.feed(head + body)
    if status != 200:
        raise ValueError("status {}".format(status))
    return request


def text_of(reply):
    """Return the body of a Reply as text."""
    return b"".join(list(reply.pieces)).decode()


class Reading(unittest.TestCase):
    def feed(self, *pieces):
        """Return the last status of a request that comes in pieces."""
        self.request = Request()
        for piece in pieces:
            status = self.request.feed(piece)
        return status

    def test_whole_request(self):
        """RFC 9112 section 3"""
        self.assertEqual(self.feed(b"GET /a/b?x=1 HTTP/1.1\r\nHost: A.Lan:80\r\n\r\n"), 200)
        self.assertEqual((self.request.method, self.request.path), (b"GET", b"/a/b"))
        self.assertEqual((self.request.host, self.request.body), (b"a.lan", b""))

    def test_byte_by_byte(self):
        """However it comes"""
        raw = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na=b+c"
        request = Request()
        seen = [request.feed(raw[i : i + 1]) for i in range(len(raw))]
        self.assertEqual(seen, [0] * (len(raw) - 1) + [200])
        self.assertEqual(request.fields(), {"a": "b c"})

    def test_address_in_the_first_line(self):
        """As a proxy is asked: it counts more than Host (RFC 9112 section 3.2.2)"""
        self.feed(b"GET http://Captive.Apple.com/x HTTP/1.1\r\nHost: other\r\n\r\n")
        self.assertEqual((self.request.host, self.request.path), (b"captive.apple.com", b"/x"))

    def test_bare_newlines(self):
        """RFC 9112 section 2.2 lets a recipient take them"""
        self.assertEqual(self.feed(b"\nGET / HTTP/1.0\nHost: x\n\n"), 200)

    def test_refused(self):
        """A status for each, no exception"""
        for status, raw in (
            (400, b"GET /\r\n"),
            (400, b"GET / SMTP/1\r\n"),
            (400, b"GET / HTTP/1.1\r\nContent-Length: x\r\n"),
            (400, b"GET / HTTP/1.1\r\nContent-Length: -1\r\n"),
            (400, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"),
            (413, b"POST / HTTP/1.1\r\nContent-Length: 1025\r\n"),
            (431, b"GET /" + b"x" * 1200),
            (431, b"GET / HTTP/1.1\r\n" + b"A: " + b"x" * 1200 + b"\r\n"),
            (431, b"GET / HTTP/1.1\r\n" + (b"A: " + b"x" * 900 + b"\r\n") * 10),
        ):
            self.assertEqual(self.feed(raw), status, raw[:40])

    def test_long_header_leaves_nothing_behind(self):
        """Lines are forgotten once they are read"""
        self.feed(b"GET / HTTP/1.1\r\n", *[b"A: " + b"x" * 500 + b"\r\n"] * 10)
        self.assertEqual(len(self.request._buffer), 0)


class Forms(unittest.TestCase):
    def fields(self, body):
        """Return the fields of a form."""
        return ask(b"POST /", body=body).fields()

    def test_fields(self):
        """Percent-encoding of UTF-8"""
        self.assertEqual(
            self.fields(b"ssid=Bl%C3%BCte+%26+Bar&password=%3Cx%3E%25&empty="),
            {"ssid": "Blüte & Bar", "password": "<x>%", "empty": ""},
        )

    def test_refused(self):
        """ValueError, never another exception"""
        for body in (b"a=%zz", b"a=%f", b"a=%ff", b"&".join([b"%d=1" % i for i in range(17)])):
            with self.assertRaises(ValueError):
                self.fields(body)

    def test_escape(self):
        """HTML, attributes too"""
        self.assertEqual(
            escape("<a b=\"c\" d='&'>"), "&lt;a b=&quot;c&quot; d=&#39;&amp;&#39;&gt;"
        )


class PageCase(unittest.TestCase):
    options = {}

    def setUp(self):
        self.server = serve()
        self.service = FakeService(self.server)
        self.page = Page(self.service, title="Green <house>", **self.options)
        self.web = self.service.parts[0]
        self.address = Client(self.server).dora(options=[(12, b"sensor-1")]).yiaddr

    def data(self):
        """Return what devices.json says."""
        return json.loads(text_of(self.web.respond(ask(b"GET /devices.json"))))


class Shown(PageCase):
    def test_page(self):
        """Title escaped, no actions without a password, nothing from another host"""
        reply = self.web.respond(ask(b"GET /"))
        text = text_of(reply)
        self.assertEqual((reply.status, reply.kind), (200, "text/html"))
        self.assertIn("<title>Green &lt;house&gt;</title>", text)
        self.assertIn('<span id="actions" hidden></span>', text)
        self.assertNotIn("{{", text)
        self.assertNotIn("http", text)

    def test_devices(self):
        """Name, address, MAC, state, time left, reserved"""
        self.service.seconds = 600
        self.assertEqual(
            self.data()["devices"],
            [
                {
                    "name": "sensor-1",
                    "address": self.address,
                    "mac": "00:00:5e:00:53:01",
                    "state": "bound",
                    "left": 3000,
                    "reserved": False,
                }
            ],
        )

    def test_pool_and_counters(self):
        """As Service.stats() says"""
        data = self.data()
        self.assertEqual(data["pool"], {"addresses": 16, "leased": 1, "most_leased": 1})
        self.assertEqual(data["counters"]["sent"]["ack"], 1)
        self.assertEqual(data["seconds"], 0)

    def test_last_events(self):
        """The newest first, eight of them"""
        for i in range(10):
            self.service.seconds = i
            self.web.event("bound", "192.0.2.16", "00:00:5e:00:53:01", "n{}".format(i))
        self.service.seconds = 12
        events = self.data()["events"]
        self.assertEqual(
            [event["name"] for event in events], ["n9", "n8", "n7", "n6", "n5", "n4", "n3", "n2"]
        )
        self.assertEqual((events[0]["ago"], events[0]["kind"]), (3, "bound"))

    def test_forged_names_are_harmless(self):
        """An event may hold any text"""
        evil = '</script><img src=x onerror=alert(1)>"\\\n\u2028é'
        self.web.event("bound", "192.0.2.16", "", evil)
        raw = text_of(self.web.respond(ask(b"GET /devices.json")))
        self.assertNotIn("<", raw)
        self.assertEqual(json.loads(raw)["events"][0]["name"], evil)

    def test_nothing_else(self):
        """404, 405, and 421 for another host: a name that an attacker points at the board"""
        for status, text, host in (
            (404, b"GET /x", OWN),
            (404, b"GET /devices.json/", OWN),
            (404, b"POST /", OWN),
            (405, b"PUT /", OWN),
            (421, b"GET /", b"evil.example"),
            (421, b"GET /devices.json", b""),
        ):
            self.assertEqual(self.web.respond(ask(text, host)).status, status)

    def test_no_actions(self):
        """Read-only without a password"""
        reply = self.web.respond(ask(b"POST /release", body=b"address=192.0.2.16&password="))
        self.assertEqual(reply.status, 403)

    def test_a_name_of_the_board_is_its_own(self):
        """dns.Names says which, whichever comes first"""
        self.service.parts.clear()
        Names(self.service, board="greenhouse")
        Page(self.service)
        self.web = self.service.parts[1]
        for host, status in ((b"greenhouse.lan", 200), (b"greenhouse", 200), (b"sensor-1", 421)):
            self.assertEqual(self.web.respond(ask(b"GET /", host)).status, status, host)

    def test_for_a_web_server_of_the_program(self):
        """mount=False: no port, the program asks for the data"""
        self.service.parts.clear()
        page = Page(self.service, mount=False)
        page.event("bound", self.address, "00:00:5e:00:53:01", "sensor-1")
        self.assertEqual(self.service.parts, [])
        said = json.loads(b"".join(list(page.json())))
        self.assertEqual([device["address"] for device in said["devices"]], [self.address])
        self.assertEqual([event["kind"] for event in said["events"]], ["bound"])

    def test_wrong_arguments(self):
        """ValueError that names the argument"""
        for name, value in (("title", ""), ("password", 5), ("path", "devices"), ("path", None)):
            with self.assertRaises(ValueError) as caught:
                Page(self.service, **{name: value})
            self.assertEqual(str(caught.exception)[: len(name)], name)


class Actions(PageCase):
    options = {"password": "let me in"}

    def release(self, password):
        """Return the status of an attempt to end the lease."""
        body = b"address=" + self.address.encode() + b"&password=" + password
        return self.web.respond(ask(b"POST /release", body=body)).status

    def test_release(self):
        """The password ends a lease"""
        self.assertEqual(self.release(b"let+me+in"), 200)
        self.assertEqual(self.server.find("00:00:5e:00:53:01").state, "released")

    def test_wrong_password_costs_a_second(self):
        """Guessing is slow, the right one waits too"""
        self.assertEqual(self.release(b"x"), 403)
        self.assertEqual(self.release(b"let+me+in"), 403)
        self.service.seconds = 1
        self.assertEqual(self.release(b"let+me+in"), 200)

    def test_bad_address(self):
        """400, with the reason"""
        body = b"address=%3Cb%3E&password=let+me+in"
        reply = self.web.respond(ask(b"POST /release", body=body))
        self.assertEqual(reply.status, 400)
        self.assertIn("&lt;b&gt;", text_of(reply))

    def test_elsewhere(self):
        """Under a path of its own, beside a portal"""
        Page(self.service, path="/devices")
        self.assertEqual(self.web.respond(ask(b"GET /devices")).status, 200)
        self.assertEqual(self.web.respond(ask(b"GET /devices/devices.json")).status, 200)


@unittest.skipUnless(hasattr(os, "urandom"), "os.urandom: boards have it, WebAssembly has not")
class Form(unittest.TestCase):
    def test_form_beside_a_page(self):
        """An event reaches the parts that want it; the form does not"""
        page = Page(self.service, path="/devices")
        self.web.event("bound", "192.0.2.16", "00:00:5e:00:53:01", "x")
        self.assertEqual(len(page._events), 1)
        self.assertEqual(self.web.respond(ask(b"GET /devices")).status, 200)

    def setUp(self):
        self.service = FakeService(serve())
        self.portal = Portal(self.service, self.submitted, networks=lambda: ["Home", 'x"<y'])
        self.web = self.service.parts[0]
        self.got = []

    def submitted(self, fields):
        """What the program does."""
        if len(fields["password"]) < 8:
            raise ValueError("password: <8>")
        self.got.append(fields)
        return "Joining & leaving."

    def form(self):
        """Return the page, and the token in it."""
        text = text_of(self.web.respond(ask(b"GET /")))
        start = text.find('name="token" value="') + 20
        return text, text[start : text.find('"', start)].encode()

    def submit(self, body):
        """Return the Reply to a form."""
        return self.web.respond(ask(b"POST /", body=body))

    def test_probes_of_every_system_find_the_portal(self):
        """Their host is another one: a redirect to our address"""
        for host, path in (
            (b"connectivitycheck.gstatic.com", b"/generate_204"),
            (b"captive.apple.com", b"/hotspot-detect.html"),
            (b"www.msftconnecttest.com", b"/connecttest.txt"),
            (b"detectportal.firefox.com", b"/canonical.html"),
            (b"connectivity-check.ubuntu.com", b"/"),
            (b"nmcheck.gnome.org", b"/check_network_status.txt"),
            (b"spectrum.s3.amazonaws.com", b"/kindle-wifi/wifistub.html"),
        ):
            reply = self.web.respond(ask(b"GET " + path, host))
            self.assertEqual((reply.status, reply.location), (302, "http://192.0.2.1/"))

    def test_form_lists_networks_escaped(self):
        """What the scan found"""
        text, token = self.form()
        self.assertIn('<option value="Home"><option value="x&quot;&lt;y">', text)
        self.assertEqual(len(token), 16)

    def test_submitted(self):
        """The program gets the fields without the token, and its text is shown"""
        _, token = self.form()
        reply = self.submit(b"ssid=Home&password=12345678&token=" + token)
        self.assertEqual(self.got, [{"ssid": "Home", "password": "12345678"}])
        self.assertIn("Joining &amp; leaving.", text_of(reply))
        self.assertEqual(self.portal.done, "Joining & leaving.")

    def test_forged_form(self):
        """Another site cannot know the token"""
        for body in (b"ssid=x&password=12345678", b"ssid=x&password=12345678&token=0"):
            self.assertEqual(self.submit(body).status, 403)
        self.assertEqual(self.got, [])

    def test_refused_by_the_program(self):
        """The form again, with the reason"""
        _, token = self.form()
        text = text_of(self.submit(b"ssid=Home&password=short&token=" + token))
        self.assertIn('role="alert">password: &lt;8&gt;</p>', text)
        self.assertIn('role="alert"></p>', self.form()[0])

    def test_too_long(self):
        """More than Wi-Fi takes"""
        _, token = self.form()
        text = text_of(self.submit(b"ssid=" + b"x" * 33 + b"&password=&token=" + token))
        self.assertIn("ssid: at most 32 bytes", text)


if __name__ == "__main__":
    unittest.main()
