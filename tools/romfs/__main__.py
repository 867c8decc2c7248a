"""Build microdhcp as an image for a firmware with a ROMFS partition; show what it costs there.

python tools/romfs [OUT] [--family esp32] [--fast --core armv6m]      mpremote romfs deploy OUT
python tools/romfs --measure                                          heap from the image
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0:1] = [str(ROOT / "tools")]

import build
from mpvm import SetupError
from romfs import measure
from romfs.image import image

OUT = ROOT / ".build" / "microdhcp.romfs"


def write(arguments):
    """Write the image; return 0."""
    data = image(arguments.family, arguments.fast, arguments.core)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_bytes(data)
    print(f"{arguments.out}: {len(data)} bytes; mpremote romfs deploy puts it on a board")
    return 0


def main():
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="romfs", description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path, default=OUT)
    parser.add_argument("--family", choices=build.FAMILIES, default="rp2", help="of boards")
    parser.add_argument("--fast", action="store_true", help="the FAST build")
    parser.add_argument("--core", choices=build.ARCHES, help="for which core")
    parser.add_argument("--measure", action="store_true", help="in MicroPython, in place of that")
    arguments = parser.parse_args()
    if arguments.fast and not arguments.core:
        parser.error("--fast needs --core")
    try:
        if arguments.measure:
            measure.report()
            return 0
        return write(arguments)
    except (SetupError, OSError) as error:
        print(f"romfs: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
