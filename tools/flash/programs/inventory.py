"""Runs on the board: lists the files in its flash."""

import hashlib
import os
from binascii import hexlify

_DIRECTORY = 0x4000


def digest(path):
    """Return the SHA-256 of a file, in hex."""
    total = hashlib.sha256()
    part = memoryview(bytearray(512))
    with open(path, "rb") as file:
        while True:
            n = file.readinto(part)
            if not n:
                break
            total.update(part[:n])
    return hexlify(total.digest()).decode()


def walk(path, files):
    """Put {path: digest, or None for a directory} of all below `path` into files."""
    for name, kind, *_ in os.ilistdir(path):
        inside = f"{path}/{name}"
        if kind & _DIRECTORY:
            files[inside] = None
            walk(inside, files)
        else:
            files[inside] = digest(inside)


def main(folder, extra):
    """Return ({path: digest or None} below folder and of the files in extra, free bytes)."""
    files = {}
    try:
        walk(folder, files)
        files[folder] = None
    except OSError:  # it is not there
        pass
    for path in extra:
        try:
            files[path] = digest(path)
        except OSError:
            pass
    block, _, _, free, *_ = os.statvfs("/")
    return files, block * free
