"""`make demo PLAY=1`: devices that come and go and the page that shows them; and the picture."""

import functools
import json
import signal
import subprocess
import sys
import unittest
import urllib.request
import xml.etree.ElementTree
from pathlib import Path

from patience import LIMIT_S

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools" / "demo"))

import devices
import picture


class Play(unittest.TestCase):
    def test_the_page_shows_the_devices(self):
        """Until Ctrl-C, which ends it with status 0"""
        argv = [sys.executable, "-u", str(ROOT / "tools" / "demo"), "--play"]
        listens = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        # What runs in the background of a shell has been told to ignore Ctrl-C.
        with subprocess.Popen(
            argv, stdout=subprocess.PIPE, text=True, preexec_fn=listens
        ) as process:
            try:
                url = process.stdout.readline().split()[1]
                while "bound" not in process.stdout.readline():
                    pass
                with urllib.request.urlopen(url + "devices.json", timeout=LIMIT_S) as reply:
                    device = json.load(reply)["devices"][0]
            finally:
                process.send_signal(signal.SIGINT)
                process.stdout.read()
        self.assertEqual(process.returncode, 0)
        self.assertEqual((device["name"], device["state"]), ("sensor-north", "bound"))

    def test_devices_come_renew_and_go(self):
        said = []
        self.assertEqual(devices.play(said.append, rounds=devices.STAYS + 1), 0)
        kinds = [line.split()[0] for line in said[2:]]
        self.assertEqual(kinds.count("bound"), len(devices.DEVICES) + 1)
        self.assertIn("renewed", kinds)
        self.assertIn("anna-phone", said[2 + kinds.index("released")])

    def test_a_second_one_takes_another_port(self):
        first, second = devices.opened(), devices.opened()
        self.assertNotEqual(first.url, second.url)
        first.close()
        second.close()


class Picture(unittest.TestCase):
    def test_it_is_up_to_date(self):
        """Else: python tools/demo --picture"""
        self.assertEqual(picture.PATH.read_text(), picture.svg(picture.messages()))

    def test_it_shows_the_messages(self):
        kinds = [kind for kind, _words in picture.messages()]
        self.assertEqual(
            kinds, ["DISCOVER", "OFFER", "REQUEST", "ACK", "REQUEST", "ACK", "RELEASE"]
        )
        root = xml.etree.ElementTree.parse(picture.PATH).getroot()
        texts = "".join(root.itertext())
        self.assertIn("192.168.4.41 is yours for an hour", texts)


if __name__ == "__main__":
    unittest.main()
