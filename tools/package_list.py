"""Write package.json, the list from which `mpremote mip install` copies the source to a board.

    python tools/package_list.py        after a file of firmware/microdhcp has come or gone

The list of files is the directory firmware/microdhcp, the version the one in pyproject.toml;
host_tests/test_host_packaging.py fails while package.json says anything else.  The built package,
which takes much less memory, comes from a release (tools/dist.py).
"""

import json
import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from packer.layout import FAST

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
PACKAGE = FIRMWARE / "microdhcp"
LIST = ROOT / "package.json"


def sources():
    """Return {path in the package's parent, e.g. "microdhcp/ports/rp2.py": pathlib.Path}.

    Without what belongs to the FAST build only: a board would compile it from source.
    """
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if path.stem not in FAST]
    return {path.relative_to(FIRMWARE).as_posix(): path for path in paths}


def version():
    """Return the project's version, from pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def text():
    """Return what package.json has to hold; its sources are relative, so it works anywhere."""
    return listing({name: path.relative_to(ROOT).as_posix() for name, path in sources().items()})


def listing(urls):
    """Return the text of a package.json that installs {path below /lib: where it is}."""
    lines = ",\n".join(f"    {json.dumps(url)}" for url in urls.items())
    return f'{{\n  "version": "{version()}",\n  "deps": [],\n  "urls": [\n{lines}\n  ]\n}}\n'


if __name__ == "__main__":
    LIST.write_text(text())
    print(f"{LIST.name}: {len(sources())} files, version {version()}")
