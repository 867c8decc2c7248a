"""Pictures of the status page and the portal for the docs: `make pictures`.

A server with some devices, in this process; the page and the form as a telephone shows them, light
and dark.  Needs Chromium.
"""

import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0:1] = [str(ROOT / "tools"), str(ROOT / "firmware"), str(ROOT / "host_tests")]

from beside import FakeService
from browser import Browser, unavailable
from microdhcp.page import Page
from microdhcp.portal import Portal
from microdhcp.web import Web
from smallpng import small
from timeline import Client, serve

IMAGES = ROOT / "docs" / "images"
LIMIT_BYTES = 60 * 1024
_DEVICES = ((1, b"sensor-north"), (2, b"sensor-south"), (3, b"anna-phone"))


class Shown:
    """A web server on a free port of this machine, in a `with` block.

    url, web, service   where it is; the web.Web; the FakeService
    """

    def __init__(self, parts):
        server = serve()
        self.service = FakeService(server)
        self.service.seconds = 1340
        self.web = Web(self.service, port=0, address="127.0.0.1")
        parts(self.service)
        for number, name in _DEVICES:
            address = Client(server, mac=number).dora(options=[(12, name)]).yiaddr
            self.service.seconds = 900 + 90 * number
            self.web.event("bound", address, f"00:00:5e:00:53:{number:02x}", name.decode())
        self.service.seconds = 1340
        self._over = threading.Event()

    def __enter__(self):
        self.web.open()
        self.url = f"http://127.0.0.1:{self.web.sockets()[-1].getsockname()[1]}/"
        self._thread = threading.Thread(target=self._turn)
        self._thread.start()
        return self

    def _turn(self):
        while not self._over.wait(0.002):
            self.web.poll()

    def __exit__(self, kind, error, trace):
        self._over.set()
        self._thread.join()
        self.web.close()


def page(service):
    """Mount the status page."""
    Page(service, title="Greenhouse", password="let-me-in")


def form(service):
    """Mount the form of the Wi-Fi set-up."""
    portal = Portal(service, lambda fields: "Saved.", title="Wi-Fi set-up", networks=["Home"])
    portal.message = "The board could not join Home."


def take(folder=IMAGES):
    """Save the pictures in a folder; return their paths."""
    found = []
    with Browser() as browser:
        for name, parts, ready in (
            ("page", page, "document.querySelectorAll('#events li').length === 3"),
            ("portal", form, "document.forms.length === 1"),
        ):
            with Shown(parts) as shown:
                browser.open(shown.url)
                browser.wait(ready)
                for dark in (False, True):
                    path = folder / f"{name}-{'dark' if dark else 'light'}.png"
                    browser.picture(path, dark)
                    path.write_bytes(small(path.read_bytes()))
                    found.append(path)
    return found


def main():
    """Take them; return the exit status."""
    reason = unavailable()
    if reason:
        print(f"pictures: {reason}", file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    too_big = 0
    for path in take():
        size = path.stat().st_size
        too_big += size > LIMIT_BYTES
        print(f"{path.relative_to(ROOT)}  {size} bytes")
    return 1 if too_big else 0


if __name__ == "__main__":
    sys.exit(main())
