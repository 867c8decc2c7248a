"""What stays in the heap when microdhcp runs from a ROMFS image.

Measured as `make size` does, in MicroPython 1.29 for WebAssembly (32-bit), which can mount an
image; the image itself is not counted, it is flash on a board.
"""

import mpvm
import size
from mpvm.source import VM_LIB
from romfs.image import image

MOUNT = """
import sys, vfs
image = open("/microdhcp.romfs", "rb").read()
vfs.mount(vfs.VfsRom(image), "/rom")
"""
PATH = ["/rom/lib", VM_LIB]  # the image, and what stands in for the firmware's modules


def rows(service, version=mpvm.NEWEST):
    """Return the size.Rows of what is loaded and made from the image, with 16 leases.

    service  True: Service with the port of the Pico W, started; False: the core alone
    """
    steps = size.service()[1:] if service else [size.CODE, size.settings(), size.SERVER]
    steps = [("mount", MOUNT), size.BEFORE, *steps]
    return size.measure(steps, version, files={"/microdhcp.romfs": image()}, path=PATH)[0][2:]


def report(version=mpvm.NEWEST):
    """Print the tables; return (core, core with service) in bytes."""
    return tuple(
        size.show("ROMFS: service" if service else "ROMFS: core", rows(service, version))
        for service in (False, True)
    )
