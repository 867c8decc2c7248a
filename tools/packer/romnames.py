"""Read the names that a firmware holds in flash: `make romnames`, after a new firmware has come.

MicroPython keeps its own names in tables: arrays of pointers to text, in a few pools.  Such an
array is found in the memory image of a firmware as a long run of words that all point at an
identifier.  Images: the UF2 files of the cache directory, the WebAssembly builds of tools/mpvm.
"""

import re
import struct
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COMMON = HERE / "rom_names.txt"  # in every image: what private names become
ANY = HERE / "native_names.txt"  # in any image, or in the stubs of the ESP32: never renamed
CACHE = Path.home() / ".cache" / "microdhcp"
STUBS = ROOT / ".build" / "types"

_RUN = 60  # pointers in a row; the first pool holds some 170, a list of something else fewer
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*\0")
#: What the ESP32's own modules define, as the stubs write it.
_DEFINES = re.compile(r"^\s*(?:def|class)\s+(\w+)|^\s*(\w+)\s*:", re.M)
_UF2_BLOCK = 512
_MODULES = ("network", "socket", "select", "os", "time", "machine", "esp32", "asyncio/stream")


def uf2_image(data):
    """Return (address of the first byte, bytes) of a UF2 file."""
    parts = {}
    for at in range(0, len(data), _UF2_BLOCK):
        address, size = struct.unpack_from("<II", data, at + 12)
        parts[address] = data[at + 32 : at + 32 + size]
    base = min(parts)
    image = bytearray(max(parts) + _UF2_BLOCK - base)
    for address, part in parts.items():
        image[address - base : address - base + len(part)] = part
    return base, bytes(image)


def _leb(data, pos, signed=False):
    """Return (number, position behind it) of a LEB128 number in WebAssembly."""
    value = shift = 0
    while True:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    return (value - (1 << shift) if signed and byte & 0x40 else value), pos


def wasm_image(data):
    """Return (0, bytes): the memory of a WebAssembly module as its data section fills it."""
    image = bytearray()
    pos = 8
    while pos < len(data):
        section = data[pos]
        size, pos = _leb(data, pos + 1)
        if section == 11:
            count, at = _leb(data, pos)
            for _ in range(count):
                at = _segment(data, at, image)
        pos += size
    return 0, bytes(image)


def _segment(data, at, image):
    """Copy one data segment into image; return where the next one begins."""
    mode, at = _leb(data, at)
    address = 0
    if mode == 0:  # at a constant: i32.const, the number, end
        address, at = _leb(data, at + 1, signed=True)
        at += 1
    n, at = _leb(data, at)
    if len(image) < address + n:
        image.extend(bytes(address + n - len(image)))
    image[address : address + n] = data[at : at + n]
    return at + n


def pools(base, image):
    """Return the names in the tables of an image, as a set."""
    words = struct.unpack(f"<{len(image) // 4}I", image[: len(image) // 4 * 4])
    found, run = set(), []
    for word in (*words, 0):
        match = _NAME.match(image, word - base) if base <= word < base + len(image) else None
        if match or run and base <= word < base + len(image) and _text(image, word - base):
            run.append(match and match[0][:-1].decode())
            continue
        if len(run) >= _RUN:
            found.update(name for name in run if name)
        run = []
    return found


def _text(image, pos):
    """Return whether a short printable text ends with a zero: names such as "<module>" do."""
    end = image.find(b"\0", pos, pos + 80)
    return end >= 0 and all(10 <= byte < 127 for byte in image[pos:end])


def stub_names(folder=STUBS / "esp32"):
    """Return the names that the modules of the ESP32 family define."""
    texts = [path.read_text() for name in _MODULES for path in folder.rglob(f"{name}*.pyi")]
    return {a or b for text in texts for a, b in _DEFINES.findall(text)}


def images():
    """Yield (name, set of its names) of every firmware that is on this machine."""
    for path in sorted(CACHE.glob("*.uf2")):
        yield path.stem, pools(*uf2_image(path.read_bytes()))
    from mpvm.install import PLACE

    for path in sorted((PLACE / "node_modules").glob("micropython-*/micropython.wasm")):
        yield path.parent.name, pools(*wasm_image(path.read_bytes()))


def read(path):
    """Return the names in one of the two files."""
    return frozenset(line for line in path.read_text().splitlines() if line[:1] != "#")


def main():
    """Write both lists; status 1 where a firmware or the stubs are missing."""
    found = dict(images())
    stubs = stub_names()
    for name, names in found.items():
        print(f"{name}: {len(names)} names")
    if len({name.split("-")[0] for name in found}) < 2 or not stubs:
        print("romnames: needs UF2 files, `make vm` and `make types` before", file=sys.stderr)
        return 1
    head = f"# make romnames; {', '.join(found)}\n"
    COMMON.write_text(head + "\n".join(sorted(set.intersection(*found.values()))) + "\n")
    ANY.write_text(head + "\n".join(sorted(stubs.union(*found.values()))) + "\n")
    return 0


if __name__ == "__main__":
    sys.path[0] = str(HERE.parent)
    sys.exit(main())
