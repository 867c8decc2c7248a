"""What stays in the heap when microdhcp runs from a ROMFS image, and what when from .mpy files.

Measured as `make size` does, in MicroPython 1.29 for WebAssembly (32-bit), which can mount an
image; the image itself is not counted, it is flash on a board.  There is no Wi-Fi in that build:
network, socket and select are stood in for (standins/), loaded before anything is counted.
"""

from pathlib import Path

import mpvm
import size
from mpvm.source import compile_mpy
from romfs.image import image

STANDINS = Path(__file__).resolve().parent / "standins"
MOUNT = """
import sys, vfs
image = open("/microdhcp.romfs", "rb").read()
vfs.mount(vfs.VfsRom(image), "/rom")
sys.path[:] = ["/rom/lib", "/standins"]
"""
FROM_FILES = "import sys\nsys.path[:] = ['/firmware', '/standins']"
CORE = """
__import__("microdhcp.server")
__import__("microdhcp.config")
from microdhcp import Config, Server
"""
# The service looks at sys.platform for its port; the interpreter's own is "webassembly".
SERVICE = """
import microdhcp.service
import microdhcp.ports.rp2
from microdhcp.service import Service
class Pico:
    platform = "rp2"
    implementation = sys.implementation
    modules = sys.modules
microdhcp.service.sys = Pico
"""
START = """
service = Service(network.WLAN(network.WLAN.IF_AP), config)
service.start(ssid="greenhouse", key="change-me-now")
"""
NAMES = (
    "config = server = Config = Server = Service = service = image = sys = vfs = network = None"
)
BEFORE = 2  # steps that are not counted


def mounted():
    """Return the files to put into the interpreter: the image and the stand-ins."""
    files = {"/microdhcp.romfs": image()}
    for path in STANDINS.glob("*.py"):
        files[f"/standins/{path.stem}.mpy"] = compile_mpy(path, path.name)
    return files


def rows(rom, service, version=mpvm.NEWEST):
    """Return the size.Rows of what is loaded and made, with 16 leases.

    rom      True: from the image; False: from .mpy files
    service  True: Service with the port of the Pico W, started; False: the core alone
    """
    steps = [("before", MOUNT if rom else FROM_FILES)]
    steps += [("stand-ins", "import network, os, socket, select, time, errno")]
    steps += [("code of the core", CORE), ("Config(…)", size.CONFIG)]
    if service:
        steps += [("code of service and port", SERVICE), ("Service(…), start()", START)]
    else:
        steps += [("Server(config)", size.SERVER)]
    return size.measure(steps, version, names=NAMES, files=mounted())[0][BEFORE:]


def report(version=mpvm.NEWEST):
    """Print the table; return (core, core with service) in bytes, from the image."""
    totals = {}
    for service in (False, True):
        from_rom, from_files = (rows(rom, service, version) for rom in (True, False))
        print(f"{'core, service and port' if service else 'core':<30}{'ROMFS':>8}{'.mpy':>8}")
        for one, other in zip(from_rom, from_files, strict=True):
            print(f"  {one.what:<28}{one.heap:>8}{other.heap:>8}")
        totals[service] = sum(row.heap for row in from_rom)
        print(f"  {'total':<28}{totals[service]:>8}{sum(row.heap for row in from_files):>8}\n")
    return totals[False], totals[True]
