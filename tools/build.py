"""The package as it is put on a board: .mpy files, lean or FAST.

    python tools/build.py OUT                       lean: bytecode, the same for every board
    python tools/build.py OUT --fast --arch armv6m  FAST: the hot functions as machine code as well

A FAST package holds all that a lean one does: where its machine code does not load, the bytecode
of the same functions stays in use.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from mpvm.install import SetupError
from mpvm.source import NATIVE, ROOT, compile_mpy

PACKAGE = ROOT / "firmware" / "microdhcp"

#: What mpy-cross calls the cores, and which boards have them.
ARCHES = {
    "armv6m": "Pico W",
    "armv7emsp": "Pico 2 W",
    "xtensawin": "ESP32, ESP32-S2, ESP32-S3",
    "rv32imc": "ESP32-C3, ESP32-C6",
}


def sources():
    """Yield (name, path) of each file of the package, "microdhcp/ports/rp2.py" for example."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE.parent).as_posix(), path


def package(fast=False, arch=None, folder="/lib/"):
    """Return the compiled package as {"microdhcp/server.mpy": bytes}.

    fast    True: with the modules that are machine code, for the core `arch` (see ARCHES)
    folder  put before the file names that tracebacks show
    Raises ValueError for an unknown core, SetupError when mpy-cross is missing or fails.
    """
    if fast and arch not in ARCHES:
        raise ValueError(f"FAST needs a core of {', '.join(ARCHES)}, not {arch!r}")
    files = {}
    for name, path in sources():
        native = path.stem in NATIVE
        if fast or not native:
            code = compile_mpy(path, folder + name, arch=arch if native else None)
            files[name[:-3] + ".mpy"] = code
    return files


def main(argv=None):
    """Write the package below a directory; return 0, or 2 when it cannot be compiled."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="directory that gets microdhcp/")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--arch", choices=ARCHES)
    args = parser.parse_args(argv)
    if args.fast and not args.arch:
        parser.error("--fast needs --arch")
    try:
        files = package(args.fast, args.arch)
    except SetupError as error:
        print(f"build: {error}", file=sys.stderr)
        return 2
    for name, data in files.items():
        target = args.out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    print(f"{len(files)} files, {sum(map(len, files.values()))} bytes in {args.out}/microdhcp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
