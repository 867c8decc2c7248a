"""A real browser, headless Chromium, opens page and portal.

On an emulated Pico W over its own TCP, from a node of the lab; and on loopback, where the pictures
of the docs come from.  Skipped by name where Chromium, the firmware or namespaces are missing.
"""

import json
import tempfile
import unittest
from pathlib import Path

import pytest

import browser
import emulator
import lab
import pictures
from builders import discover, request
from emulator import Station
from rigs import OWN, REASON, RIGS
from test_host_pages import RUN, serving

MISSING = browser.unavailable()
STRANGER = "00:00:5e:00:53:77"
HOSTS = {"captive.apple.com": OWN, "greenhouse.lan": OWN}
NAMED = [(12, b"sensor-1")]


def browse(network, found):
    """Fill in the form and look at the page; `found` is filled with what a person sees."""
    node = network.clients[0]
    node.ip("addr add 10.10.10.9/24 dev eth0")  # a board this slow is too slow for a real client
    with browser.Browser(node.enter(["--net", "--mount"]), hosts=HOSTS) as chromium:
        chromium.open("http://captive.apple.com/hotspot-detect.html")
        found["portal"] = chromium.run("location.href")
        found["networks"] = chromium.run("document.querySelector('datalist option').value")
        chromium.fill({"ssid": "home", "password": "short"})
        found["refused"] = chromium.run("document.querySelector('.bad').textContent")
        chromium.fill({"ssid": "home", "password": "long & <enough>"})
        found["thanks"] = chromium.run("document.querySelector('p').textContent")
        chromium.open("http://greenhouse.lan/devices")
        chromium.wait("document.querySelector('#pool').textContent.startsWith('0 of 16')")
        found["title"] = chromium.run("document.querySelector('h1').textContent")
        found["joined"] = True
        chromium.wait("document.querySelector('#devices tr td.bound')")
        found["device"] = chromium.run("document.querySelector('#devices tr').innerText")
        found["events"] = chromium.run("document.querySelectorAll('#events li').length")


def on_the_board(board):
    """Let a browser meet the board; return what it has seen."""
    with board.skipping_delays():
        program = serving(board, RUN)
    found = {}
    with lab.Lab(clients=1) as network, emulator.Air(board, network) as air:
        air.turn = joining(board, air.turn, found)
        air.call(browse, network, found)
    found["program"] = program.output
    return found


def joining(board, turn, found):
    """Return turn(), in which a device gets a lease once found["joined"] is there."""
    devices = []

    def turn_and_join():
        turn()
        if found.pop("joined", False):
            devices.append(Station(board, STRANGER))
            devices[0].send_udp(discover(mac=devices[0].mac, options=NAMED))
        elif devices and devices[0].messages():
            device = devices.pop()
            offered = device.messages()[-1][1].yiaddr
            asked = {"requested": offered, "server_id": OWN}
            device.send_udp(request(mac=device.mac, options=NAMED, **asked))

    return turn_and_join


@pytest.mark.long  # minutes: a browser asks for the page again and again
@pytest.mark.board
@unittest.skipIf(REASON or MISSING or lab.unavailable(), REASON or MISSING or lab.unavailable())
class OnAnEmulatedPicoW(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seen = RIGS["emulated"].live(on_the_board)

    def test_portal_opens_by_itself(self):
        """The probe of a telephone ends at the form"""
        self.assertEqual(self.seen["portal"], f"http://{OWN}/")
        self.assertEqual(self.seen["networks"], "home")

    def test_form_is_refused_then_taken(self):
        """The reason is shown; then the words arrive as they were typed"""
        self.assertEqual(self.seen["refused"], "8 characters at least")
        self.assertEqual(self.seen["thanks"], "Thank you.")
        self.assertIn("got home long & <enough>\n", self.seen["program"])

    def test_page_under_the_boards_name(self):
        """Its own name as a Host is no redirect"""
        self.assertEqual(self.seen["title"], "Green <house>")

    def test_list_grows_while_it_is_open(self):
        """A device that joins appears without a reload"""
        self.assertIn("sensor-1", self.seen["device"])
        self.assertGreaterEqual(self.seen["events"], 1)


@unittest.skipIf(MISSING, MISSING)
class OnLoopback(unittest.TestCase):
    def test_pictures_are_small_and_differ(self):
        """What `make pictures` writes"""
        with tempfile.TemporaryDirectory() as folder:
            paths = pictures.take(Path(folder))
            sizes = [path.stat().st_size for path in paths]
            self.assertEqual(len({path.read_bytes() for path in paths}), 4)
        self.assertLess(max(sizes), pictures.LIMIT_BYTES)

    def test_forged_names_run_no_script(self):
        """An event with markup in its name is shown as it is"""
        evil = '<img src=x onerror="window.hit=1"></script><script>window.hit=1</script>'
        with pictures.Shown(pictures.page) as shown, browser.Browser() as chromium:
            shown.web.event("bound", "192.0.2.16", "", evil)
            chromium.open(shown.url)
            chromium.wait("document.querySelectorAll('#events li').length > 1")
            text = chromium.run("document.querySelector('#events li').textContent")
            self.assertIn(evil, text)
            self.assertEqual(chromium.run("document.querySelectorAll('img').length"), 0)
            self.assertIsNone(chromium.run("window.hit"))

    def test_lease_is_ended_with_the_password(self):
        """The button asks for it once"""
        with pictures.Shown(pictures.page) as shown, browser.Browser() as chromium:
            chromium.open(shown.url)
            chromium.wait("document.querySelectorAll('#devices tr').length === 3")
            chromium.run("window.prompt = () => 'let-me-in'")
            chromium.run("document.querySelector('#devices button').click()")
            chromium.wait("document.querySelectorAll('#devices tr').length === 2")
            left = [lease.host_name for lease in shown.service.leases()]
        self.assertEqual(json.dumps(left).count("sensor"), 1)


if __name__ == "__main__":
    unittest.main()
