"""Freezes microdhcp into a firmware; to be included by the manifest of a board.

The list of files is the directory: package.json and the ROMFS image are made from it as well.
"""

metadata(  # noqa: F821 - the names of a manifest come from MicroPython's makemanifest
    description="A DHCPv4 server for boards that are their own Wi-Fi access point",
    version="0.1.0",
    license="MIT",
)
package("microdhcp", opt=3)  # noqa: F821
