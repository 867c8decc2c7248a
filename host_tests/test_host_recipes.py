"""Each program of docs/recipes.md runs on a fake ESP32 and a fake Pico W, and does what it says.

The web server of one is a stand-in there; the real one answers beside a server under CPython.
"""

import asyncio
import json
import re
import types
import unittest
from pathlib import Path

import microdot
from microdot.test_client import TestClient

import leases
from builders import discover, request
from emulator import Station
from fakes import Esp32, PicoW
from microdhcp.report import Lease
from telephone import Telephone, token
from timeline import Client, serve

PAGE = Path(__file__).resolve().parents[1] / "docs" / "recipes.md"
OWN = "192.168.4.1"
PHONE, OTHER = "00:00:5e:00:53:01", "00:00:5e:00:53:02"
BOARDS = (lambda: Esp32((1, 29)), lambda: PicoW((1, 26)))


def recipes():
    """Return {title: program} of the page."""
    found = re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S)
    return {
        title: re.search(r"^```python\n(.*?)^```", text, re.M | re.S)[1] for title, text in found
    }


def mac_bytes(mac):
    """Return 6 bytes."""
    return bytes.fromhex(mac.replace(":", ""))


class RecipesTest(unittest.TestCase):
    def each(self, title, story, modules=None):
        """Run a recipe on each board while story(board, program) is lived.

        modules   function(board) -> {name: module}, what it imports and no board has
        """
        source = recipes()[title]
        for make in BOARDS:
            board = make()
            if modules:
                board.modules.loaded.update(modules(board))
            with self.subTest(type(board).__name__):
                try:
                    with board.skipping_delays():
                        program = board.start(source)
                        board.wait(
                            lambda program=program: (
                                program.done or "port 67 taken" in program.output
                            ),
                            120,
                            "no start",
                        )
                    if program.done:
                        program.wait()
                    story(board, program)
                finally:
                    board.interrupt()

    def join(self, board, mac=PHONE, name=b"phone"):
        """Let a device get an address; return its Station and the ACK."""
        station = Station(board, mac)
        named = {"mac": mac_bytes(mac), "options": [(12, name)]}
        offer = station.ask(discover(**named)).message
        asked = {"requested": offer.yiaddr, "server_id": OWN}
        return station, station.ask(request(**asked, **named)).message

    def test_every_recipe_has_a_test(self):
        self.assertEqual(
            list(recipes()),
            [
                "A fixed address for a device",
                "No gateway",
                "A captive portal",
                "Two networks: access point and station",
                "See who is there",
                "Keep leases over power cuts",
                "Beside a web server",
                "Change settings while it runs",
            ],
        )

    def test_fixed_address(self):
        def story(board, _program):
            self.assertEqual(self.join(board)[1].yiaddr, "192.168.4.100")
            other = self.join(board, OTHER)[1]
            self.assertEqual((other.yiaddr, other.address(3)), ("192.168.4.101", "192.168.4.2"))

        self.each("A fixed address for a device", story)

    def test_no_gateway(self):
        def story(board, _program):
            ack = self.join(board)[1]
            self.assertEqual((ack.kind, ack.option(3), ack.option(6)), ("ACK", None, None))

        self.each("No gateway", story)

    def test_captive_portal(self):
        def story(board, program):
            phone = Telephone(board)
            self.assertEqual(phone.resolve("captive.apple.com").address, OWN)
            status, head, _ = phone.open("/hotspot-detect.html", "captive.apple.com")
            self.assertEqual((status, f"Location: http://{OWN}/" in head), (302, True))
            form = phone.open("/")[2]
            body = f"ssid=home&password=secret-enough&token={token(form)}".encode()
            self.assertIn("Thank you.", phone.open("/", body=body)[2])
            self.assertIn("network: home", program.output)

        self.each("A captive portal", story)

    def test_two_networks(self):
        def story(board, _program):
            self.assertEqual(self.join(board)[1].kind, "ACK")

        self.each("Two networks: access point and station", story)

    def test_who_is_there(self):
        def story(board, program):
            address = self.join(board)[1].yiaddr
            board.wait(lambda: "bound" in program.output, 60, "nothing said")
            board.sleep(1_000_000)
            self.assertIn(f"bound {address} {PHONE} phone", program.output)
            self.assertRegex(program.output, f"  {address} {PHONE} phone bound \\d+")

        self.each("See who is there", story)

    def test_leases_are_kept(self):
        def story(board, _program):
            self.join(board)
            with board.skipping_delays():
                board.sleep(6_000_000)
            stored = leases.rows(board.files.content["/leases.bin"])
            self.assertEqual([(row["mac"], row["state"]) for row in stored], [(PHONE, "bound")])

        self.each("Keep leases over power cuts", story)

    def test_beside_a_web_server(self):
        apps = []

        def modules(board):
            apps.append(_Microdot(board.modules.loaded["asyncio"].sleep_ms))
            module = types.ModuleType("microdot")
            module.Microdot = apps.pop
            apps.append(apps[-1])
            return {"microdot": module}

        def story(board, _program):
            address = self.join(board)[1].yiaddr
            board.sleep(1_000_000)
            app = apps.pop()
            self.assertEqual(app.port, 80)
            self.assertEqual([row["address"] for row in app.shown], [address])
            self.assertIn(PHONE, json.dumps(app.shown))

        self.each("Beside a web server", story, modules)

    def test_the_real_web_server(self):
        source = recipes()["Beside a web server"]
        self.assertIn(f"FIELDS = {Lease._fields!r}".replace("'", '"'), source)
        index = source[source.index("@app.route") : source.index("async def main")]
        server = serve()
        Client(server).dora()
        names = {
            "app": microdot.Microdot(),
            "service": types.SimpleNamespace(leases=lambda: server.roster(1)),
        }
        self.assertNotIn("_asdict", source)  # which no stock firmware has
        names["FIELDS"] = Lease._fields
        exec(index, names)
        response = asyncio.run(TestClient(names["app"]).get("/"))
        self.assertEqual(response.status_code, 200)
        self.assertEqual([row["mac"] for row in response.json], [PHONE])

    def test_settings_change(self):
        def story(board, _program):
            station, ack = self.join(board)
            self.assertEqual(int.from_bytes(ack.option(51), "big"), 3600)
            with board.skipping_delays():
                board.sleep(12_000_000)
            station.address = ack.yiaddr
            ours = {"source": (ack.yiaddr, 68), "to": (OWN, 67), "mac": ack.eth_src}
            again = request(mac=mac_bytes(PHONE), ciaddr=ack.yiaddr, xid=2)
            renewed = station.ask(again, **ours).message
            self.assertEqual(int.from_bytes(renewed.option(51), "big"), 600)

        self.each("Change settings while it runs", story)


class _Microdot:
    """What the recipe uses of microdot: one route, and a task that serves.

    shown   what the route has returned last; somebody looks at it all the time
    """

    def __init__(self, sleep_ms):
        self.port = None
        self.shown = []
        self._sleep_ms = sleep_ms
        self._index = None

    def route(self, path):
        """Register the function of the only page."""
        assert path == "/"

        def register(function):
            self._index = function
            return function

        return register

    async def start_server(self, port):
        """Take the port, and show the page."""
        self.port = port
        while True:
            self.shown = await self._index(None)
            await self._sleep_ms(200)


if __name__ == "__main__":
    unittest.main()
