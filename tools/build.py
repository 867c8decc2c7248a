"""Build the package for a board: few .mpy files, with names that the firmware has in ROM.

    python tools/build.py OUT                       for both families of boards
    python tools/build.py OUT --family rp2          for the Pico W and the Pico 2 W alone
    python tools/build.py OUT --fast --arch armv6m  FAST: the hot functions as machine code as well
    python tools/build.py OUT --lines               with line numbers, 4 % more heap
    python tools/build.py OUT --source              generated Python in place of .mpy, to be frozen

OUT gets the directory microdhcp and, beside it, microdhcp.names.json, which tools/translate.py
needs to translate tracebacks.  How it is made: tools/packer.  A FAST package holds the default
one and machine code.  If that does not load, the bytecode of the same functions stays in use.
"""

import argparse
import json
import sys
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import packer
from mpvm.install import SetupError
from mpvm.source import compile_mpy
from packer.layout import FAMILIES, NATIVE

#: The names that mpy-cross has for the cores, and the boards with them.
ARCHES = {
    "armv6m": "Pico W",
    "armv7emsp": "Pico 2 W",
    "xtensawin": "ESP32, ESP32-S2, ESP32-S3",
    "rv32imc": "ESP32-C3, ESP32-C6",
}
MAP = "microdhcp.names.json"


@cache
def make(family, fast=False):
    """Return the packer.Build of a family; made once."""
    return packer.Build(family, fast)


def compiled(made, lines=False, arch=None):
    """Return {file name without suffix: .mpy} of a packer.Build.

    lines   True: with line numbers
    arch    the core for machine code
    Tracebacks show the name of the file alone, a word that is in memory already: it is imported.
    """
    return {
        name: compile_mpy(text, name, lines, arch if name in NATIVE else None)
        for name, text in made.sources().items()
    }


def package(family="rp2", fast=False, arch=None, lines=False):
    """Return the compiled package as {"microdhcp/server.mpy": bytes}.

    family  of packer.layout.FAMILIES; None: for all of them, each with its own service
    fast    True: with the modules that are machine code, for the core `arch` (see ARCHES)
    lines   True: with line numbers, for tracebacks
    Raises ValueError for an unknown core, SetupError when mpy-cross is missing or fails.
    """
    if fast and arch not in ARCHES:
        raise ValueError(f"FAST needs a core of {', '.join(ARCHES)}, not {arch!r}")
    files = {}
    for one in FAMILIES if family is None else (family,):
        for name, data in compiled(make(one, fast), lines, arch).items():
            files[f"microdhcp/{name}.mpy"] = data
    return files


def sources(family=None, fast=False):
    """Return the generated Python as {"microdhcp/server.py": text}; family: as for package()."""
    files = {}
    for one in FAMILIES if family is None else (family,):
        for name, text in make(one, fast).sources().items():
            files[f"microdhcp/{name}.py"] = text + "\n"
    return files


def names_map(family=None, fast=False):
    """Return the text of microdhcp.names.json; family: as for package()."""
    found = {"files": {}, "names": {}}
    for one in FAMILIES if family is None else (family,):
        for key, part in make(one, fast).names_map().items():
            found[key].update(part)
    return json.dumps(found, separators=(",", ":"), sort_keys=True) + "\n"


def write(out, files):
    """Write {name: bytes or text} below a directory; return how many bytes."""
    total = 0
    for name, data in files.items():
        data = data.encode() if isinstance(data, str) else data
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        total += len(data)
    return total


def main(argv=None):
    """Write the package below a directory; return 0, or 2 when it cannot be built."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="directory that gets microdhcp/")
    parser.add_argument("--family", choices=FAMILIES, help="default: for all of them")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--arch", choices=ARCHES)
    parser.add_argument("--lines", action="store_true", help="keep line numbers")
    parser.add_argument("--source", action="store_true", help="generated Python, no .mpy")
    args = parser.parse_args(argv)
    if args.fast and not args.arch and not args.source:
        parser.error("--fast needs --arch")
    try:
        if args.source:
            files = sources(args.family, args.fast)
        else:
            files = package(args.family, args.fast, args.arch, args.lines)
        total = write(args.out, files)
        write(args.out, {MAP: names_map(args.family, args.fast)})
    except (SetupError, ValueError) as error:
        print(f"build: {error}", file=sys.stderr)
        return 2
    print(f"{len(files)} files, {total} bytes in {args.out}/microdhcp, names in {args.out}/{MAP}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
