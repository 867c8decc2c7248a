"""The examples with names, page and portal, whole, as a user runs them, on both fake boards."""

import asyncio
import json
import types
import unittest
from pathlib import Path
from urllib.parse import urlencode

import microdot
from microdot.test_client import TestClient

from rigs import RIGS
from telephone import Telephone, token

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
OWN = "192.168.4.1"
PASSWORD = "the right password"


def source(name):
    """Return the source of an example."""
    return (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")


def started(board, program):
    """Let the board run until its access point serves; return the program."""
    board.wait(lambda: program.done or board.ap.up, 120, "the access point is not up")
    board.sleep(300_000)
    if program.done:
        program.wait()
    return program


class Each(unittest.TestCase):
    """A story for each kind of board."""

    def each(self, story, start=None):
        """Call story(board, program) on both; `start` is the source that runs."""
        for rig in ("esp32", "pico_w"):
            with self.subTest(rig):

                def live(board):
                    self.prepare(board)
                    return story(board, started(board, board.start(start)))

                RIGS[rig].live(live)

    def prepare(self, board):
        """Before the program starts."""


class SetUp(Each):
    """wifi_setup and wifi_setup_asyncio."""

    def prepare(self, board):
        """A home network with a password."""
        board.home.key = PASSWORD

    def fill(self, board, password):
        """Fill in the form with a telephone; return (form, answer), both HTML."""
        phone = Telephone(board)
        self.assertEqual(phone.resolve("connectivitycheck.gstatic.com").address, OWN)
        probe = phone.open("/generate_204", "connectivitycheck.gstatic.com")
        self.assertEqual(probe[0], 302)
        form = phone.open("/")[2]
        fields = {"token": token(form), "ssid": "home", "password": password}
        return form, phone.open("/", body=urlencode(fields).encode())[2]

    def joins(self, name):
        """From nothing to the home network, with a wrong password on the way."""

        def story(board, program):
            form, answer = self.fill(board, "wrong password")
            self.assertIn('<option value="home">', form)
            self.assertEqual(form.count('value="home"'), 1)
            self.assertIn("The board joins home now.", answer)
            board.wait(lambda: not board.ap.up, 60, "the access point stays")
            self.assertEqual(json.loads(board.files.content["/wifi.json"])["ssid"], "home")
            started(board, program)
            form, _ = self.fill(board, PASSWORD)
            self.assertIn("The board could not join home.", form)
            board.wait(lambda: "joined home 10.0.0.2" in program.output, 120, "not joined")
            saved = json.loads(board.files.content["/wifi.json"])
            self.assertEqual(saved, {"ssid": "home", "password": PASSWORD})
            self.assertNotIn("/wifi.json.new", board.files.content)
            self.assertFalse(board.ap.up)

        self.each(story, source(name))

    def test_poll(self):
        self.joins("wifi_setup")

    def test_asyncio(self):
        self.joins("wifi_setup_asyncio")

    def test_short_password_is_refused_in_the_form(self):
        def story(board, _):
            self.assertIn("at least 8 characters", self.fill(board, "short")[1])
            self.assertNotIn("/wifi.json", board.files.content)

        self.each(story, source("wifi_setup"))


class Saved(Each):
    """What a board does that has joined before."""

    button = 1

    def prepare(self, board):
        """The right words are saved."""
        board.home.key = PASSWORD
        words = {"ssid": "home", "password": PASSWORD}
        board.files.content["/wifi.json"] = json.dumps(words).encode()
        board.pins.level[5] = self.button

    def test_no_access_point(self):
        for name in ("wifi_setup", "wifi_setup_asyncio"):
            for rig in ("esp32", "pico_w"):
                with self.subTest(name, rig=rig):

                    def story(board, name=name):
                        self.prepare(board)
                        text = source(name).replace("asyncio.run(main())", "asyncio.run(set_up())")
                        said = board.run(text.replace("BUTTON = None", "BUTTON = 5"))
                        self.assertEqual(said, "joined home 10.0.0.2\n")
                        self.assertFalse(board.ap.up)

                    RIGS[rig].live(story)

    def test_a_damaged_file_is_no_file(self):
        def story(board, _):
            self.assertIn("Wi-Fi set-up", Telephone(board).open("/")[2])

        self.prepare = lambda board: board.files.content.update({"/wifi.json": b'{"ssid": '})
        self.each(story, source("wifi_setup"))


class Button(Saved):
    """The button is held at power-on."""

    button = 0

    def test_no_access_point(self):
        """It opens, although the file has the right words"""

        def story(board, _):
            self.assertIn("Wi-Fi set-up", Telephone(board).open("/")[2])

        self.each(story, source("wifi_setup").replace("BUTTON = None", "BUTTON = 5"))


class Greenhouse(Each):
    def test_sensors_page_and_names(self):
        """Fixed addresses, names before and after they join, and the page by the board's name"""

        def story(board, _):
            phone = Telephone(board, 9)
            self.assertEqual(phone.resolve("greenhouse.lan").address, OWN)
            self.assertEqual(phone.resolve("north.lan").address, "192.168.4.10")
            sensors = [Telephone(board, n, b"esp-%d" % n) for n in (1, 2, 3)]
            addresses = [sensor.address for sensor in sensors]
            self.assertEqual(addresses, ["192.168.4.10", "192.168.4.11", "192.168.4.12"])
            self.assertEqual(phone.resolve("esp-3.lan").address, "192.168.4.12")
            status, _, page = phone.open("/", "greenhouse.lan")
            self.assertEqual(status, 200)
            self.assertIn("<h1>Greenhouse</h1>", page)
            data = json.loads(phone.open("/devices.json")[2])
            reserved = [one["address"] for one in data["devices"] if one["reserved"]]
            self.assertEqual(sorted(reserved), addresses)
            self.assertEqual(data["events"][0]["kind"], "bound")
            body = urlencode({"address": addresses[0], "password": "let-me-in"}).encode()
            self.assertEqual(phone.open("/release", body=body)[2], "true")

        self.each(story, source("greenhouse"))


class Small(Each):
    """names, status_page, microdot_page."""

    def test_names(self):
        def story(board, _):
            phone = Telephone(board)
            sensor = Telephone(board, 2, b"sensor-1")
            found = [phone.resolve(name).address for name in ("sensor-1", "printer.lan")]
            self.assertEqual(found, [sensor.address, "192.168.4.9"])
            self.assertEqual(phone.resolve("example.com").rcode, 5)

        self.each(story, source("names"))

    def test_status_page(self):
        def story(board, _):
            phone = Telephone(board)
            self.assertIn('<span id="actions" hidden>yes</span>', phone.open("/")[2])
            devices = json.loads(phone.open("/devices.json")[2])["devices"]
            self.assertEqual([one["name"] for one in devices], ["telephone"])

        self.each(story, source("status_page"))

    def test_microdot(self):
        """Its routes, in microdot itself, on a board that has just given a lease"""

        def story(board, program):
            phone = Telephone(board)
            board.sleep(200_000)
            program.interrupt()
            shown = json.loads(board.run("print(client.get(app, '/devices/'))"))
            self.assertEqual([one["name"] for one in shown["devices"]], ["telephone"])
            self.assertEqual(shown["events"][0]["kind"], "bound")
            for password, status in (("wrong", 403), ("let-me-in", 200)):
                body = urlencode({"address": phone.address, "password": password})
                asked = f"print(client.post(app, '/devices/release', {body!r}))"
                self.assertEqual(board.run(asked), f"{status}\n")

        start = 'service.start(ssid="greenhouse", key="change-me-now")\n'
        poll = start + "while True:\n    service.poll(100)\n"
        self.prepare = with_microdot
        self.each(story, source("microdot_page").replace("asyncio.run(main())\n", poll))


def with_microdot(board):
    """Let a board import microdot, and the client of its tests."""

    def get(app, path):
        return asyncio.run(TestClient(app).get(path)).text

    def post(app, path, body):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return asyncio.run(TestClient(app).post(path, headers=headers, body=body)).status_code

    board.modules.loaded["microdot"] = microdot
    board.modules.builtins["client"] = types.SimpleNamespace(get=get, post=post)


if __name__ == "__main__":
    unittest.main()
