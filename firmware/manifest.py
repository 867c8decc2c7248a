"""Freezes microdhcp into a firmware; to be included by the manifest of a board.

    include("…/firmware/manifest.py", family="rp2")               Pico W, Pico 2 W; or "esp32"
    include("…/firmware/manifest.py", family="rp2", fast=True)    with the machine code of FAST

What is frozen is the built package, as Python that tools/build.py generates.
"""

import os
import subprocess
import sys

metadata(  # noqa: F821 - the names of a manifest come from MicroPython's makemanifest
    description="A DHCPv4 server for boards that are their own Wi-Fi access point",
    version="0.2.0",
    license="MIT",
)
options.defaults(family="rp2", fast=False)  # noqa: F821
out = os.path.abspath("../.build/frozen/" + options.family + "-fast" * options.fast)  # noqa: F821
command = [sys.executable, "../tools/build.py", out, "--source", "--family", options.family]  # noqa: F821
subprocess.run(command + ["--fast"] * options.fast, check=True)  # noqa: F821
package("microdhcp", base_path=out, opt=3)  # noqa: F821
