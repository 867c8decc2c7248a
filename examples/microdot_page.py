"""The data of the status page as routes of microdot, for programs that have it already.

    mpremote mip install github:miguelgrinberg/microdot/src/microdot/microdot.py

GET /devices/ returns the JSON that microdhcp.page shows; POST /devices/release ends a lease.
Mount the routes wherever you want: app.mount(routes(service), url_prefix="/devices").
"""

import asyncio

import network
from microdot import Microdot

from microdhcp import Config, Service
from microdhcp.page import Page

PASSWORD = "let-me-in"


def routes(service):
    """Return a Microdot app with the two routes, to be mounted."""
    page = Page(service, mount=False)
    service.on_event(page.event)
    app = Microdot()

    @app.get("/")
    async def devices(request):
        return b"".join(list(page.json())), 200, {"Content-Type": "application/json"}

    @app.post("/release")
    async def release(request):
        if request.form.get("password") != PASSWORD:
            return "wrong password", 403
        return {"ended": service.release(request.form.get("address", ""))}

    return app


config = Config(address="192.168.4.1/24", pool=("192.168.4.16", "192.168.4.31"))
service = Service(network.WLAN(network.WLAN.IF_AP), config)
app = Microdot()
app.mount(routes(service), url_prefix="/devices")


async def main():
    """Serve DHCP and the routes."""
    service.start(ssid="greenhouse", key="change-me-now")
    asyncio.create_task(service.run())
    await app.start_server(port=80)


asyncio.run(main())
