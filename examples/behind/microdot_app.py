"""A web application with microdot, whose run() does not return."""

import network
from microdot import Microdot

import microdhcp

ap = network.WLAN(network.WLAN.IF_AP)
service = microdhcp.serve(ap, ssid="greenhouse", key="change-me-now")
app = Microdot()


@app.get("/")
async def index(request):
    return "\n".join([f"{lease.address} {lease.mac}" for lease in service.leases()])


app.run(port=80)
