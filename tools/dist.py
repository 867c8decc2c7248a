"""Make a release: the built package and a package.json that `mpremote mip install` reads.

    python tools/dist.py [FOLDER]        default: dist

    mpremote mip install dist/package.json                                       from the folder
    mpremote mip install github:OWNER/microdhcp/dist@v0.1.0                      from a tag with it
    mpremote mip install https://github.com/OWNER/microdhcp/releases/download/v0.1.0/package.json

All files are in one folder, because a release on GitHub has no others.  One package serves all
boards: the file of the service is chosen on the board.  microdhcp.names.json is for
tools/translate.py and is not installed.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import build
import package_list
from mpvm.install import SetupError

DIST = package_list.ROOT / "dist"


def files():
    """Return {name in the folder: bytes or text} of a release."""
    built = build.package(family=None)
    names = {path: path.partition("/")[2] for path in built}  # "server.mpy"
    found = {names[path]: data for path, data in built.items()}
    found["package.json"] = package_list.listing(names)
    found[build.MAP] = build.names_map()
    return found


def main(argv=None):
    """Write a release; return 0, or 2 when it cannot be built."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DIST, help="emptied before")
    args = parser.parse_args(argv)
    try:
        made = files()
    except (SetupError, ValueError) as error:
        print(f"dist: {error}", file=sys.stderr)
        return 2
    if (args.folder / "package.json").is_file():  # an older release, and nothing else
        shutil.rmtree(args.folder)
    n = build.write(args.folder, made)
    version = json.loads(made["package.json"])["version"]
    print(f"{args.folder}: version {version}, {len(made)} files, {n} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
