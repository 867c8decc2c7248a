"""Freezes microdhcp into a firmware; to be included by the manifest of a board.

    include("…/firmware/manifest.py")               the lean package
    include("…/firmware/manifest.py", fast=True)    with the machine code of hot_viper.py

The list of files is the directory: package.json and the ROMFS image are made from it as well.
"""

import os

metadata(  # noqa: F821 - the names of a manifest come from MicroPython's makemanifest
    description="A DHCPv4 server for boards that are their own Wi-Fi access point",
    version="0.1.0",
    license="MIT",
)
options.defaults(fast=False)  # noqa: F821
package(  # noqa: F821
    "microdhcp",
    files=[
        os.path.relpath(os.path.join(folder, name), "microdhcp")
        for folder, _, names in sorted(os.walk("microdhcp"))
        for name in sorted(names)
        if name.endswith(".py") and (options.fast or name != "hot_viper.py")  # noqa: F821
    ],
    opt=3,
)
