"""Make the PNG of a screenshot small (RFC 2083): a palette of 256 colours in place of RGB."""

import struct
import zlib
from collections import Counter

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def small(png):
    """Return a PNG of 8-bit RGB (bytes) with a palette; a PNG of another kind as it is.

    The 256 most frequent colours stay as they are; each other one becomes the nearest of them.
    """
    parts = dict(_chunks(png))
    width, height, depth, kind = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    if (depth, kind) != (8, 2):
        return png
    rows = _rows(zlib.decompress(parts[b"IDAT"]), width, height)
    pixels, colours = _coloured(list(rows))
    number = {colour: i for i, colour in enumerate(colours)}
    data = b"".join(b"\0" + bytes([number[pixel] for pixel in row]) for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (b"IHDR", head), (b"PLTE", b"".join(colours)), (b"IDAT", zlib.compress(data, 9))
    return _SIGNATURE + b"".join(_chunk(*one) for one in (*chunks, (b"IEND", b"")))


def _coloured(rows):
    """Return the rows as lists of pixels, and the list of at most 256 colours in them."""
    pixels = [[bytes(row[x : x + 3]) for x in range(0, len(row), 3)] for row in rows]
    counted = Counter(pixel for row in pixels for pixel in row)
    kept = [colour for colour, _ in counted.most_common(256)]
    near = {colour: _nearest(colour, kept) for colour in counted}
    return [[near[pixel] for pixel in row] for row in pixels], kept


def _nearest(colour, kept):
    return min(
        kept, key=lambda other: sum((a - b) ** 2 for a, b in zip(colour, other, strict=True))
    )


def _chunks(png):
    """Yield (name, data); the pieces of the picture are joined."""
    pos, picture = len(_SIGNATURE), b""
    while pos < len(png):
        n, name = struct.unpack(">I4s", png[pos : pos + 8])
        data = png[pos + 8 : pos + 8 + n]
        pos += 12 + n
        if name == b"IDAT":
            picture += data
        else:
            yield name, data
    yield b"IDAT", picture


def _chunk(name, data):
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def _rows(data, width, height):
    """Yield the rows of an RGB picture, with their filters undone (RFC 2083 section 6)."""
    n = width * 3
    above = bytearray(n)
    for y in range(height):
        start = y * (n + 1)
        row = bytearray(data[start + 1 : start + 1 + n])
        _FILTERS[data[start]](row, above)
        yield row
        above = row


def _sub(row, above):
    for i in range(3, len(row)):
        row[i] = (row[i] + row[i - 3]) & 255


def _up(row, above):
    for i in range(len(row)):
        row[i] = (row[i] + above[i]) & 255


def _average(row, above):
    for i in range(len(row)):
        left = row[i - 3] if i >= 3 else 0
        row[i] = (row[i] + (left + above[i]) // 2) & 255


def _paeth(row, above):
    for i in range(len(row)):
        a, c = (row[i - 3], above[i - 3]) if i >= 3 else (0, 0)
        b = above[i]
        guess = a + b - c
        best = min((abs(guess - a), 0, a), (abs(guess - b), 1, b), (abs(guess - c), 2, c))
        row[i] = (row[i] + best[2]) & 255


_FILTERS = (lambda row, above: None, _sub, _up, _average, _paeth)
