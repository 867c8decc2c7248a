"""Translate a traceback of the built package to the source: file, line and names.

    mpremote … 2>&1 | python tools/translate.py             the package of this checkout
    python tools/translate.py --map microdhcp.names.json FILE    a release's

A built package has few files and short names; microdhcp.names.json beside it says which is which.
Without line numbers (`make flash LINES=1` keeps them) a frame is translated to the line where its
function begins.  A name that several functions of a file share is translated to all of them.
(A tool called traceback.py would hide Python's own module from all the others.)
"""

import argparse
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import requires

sys.path[0] = str(Path(__file__).resolve().parent)

#: The file of the package has no suffix; that of a program, and of the source, has one.
_FRAME = re.compile(r'File "(\w+)", line (\d+), in ([\w<>]+)')
_QUOTED = re.compile(r"'(\w+)'")
_SOURCE = "firmware/microdhcp/"


def translated(text, names):
    """Return the lines of a traceback with the places and names of the source.

    text   what MicroPython has printed
    names  dict, as packer.Build.names_map() makes it
    Other lines stay as they are.
    """
    lines = []
    ours = False
    for line in text.splitlines():
        match = _FRAME.search(line)
        if match and match[1] in names["files"]:
            ours = True
            line = line[: match.start()] + _place(names["files"][match[1]], match)
        elif ours and not line.startswith(" "):
            line = _QUOTED.sub(lambda found: _name(found, names), line)
            ours = False
        lines.append(line)
    return "".join(line + "\n" for line in lines)


def _place(file, match):
    """Return the text for one frame."""
    number, name = int(match[2]), match[3]
    candidates = file["functions"].get(name, [])
    for line, path, there in reversed(file["lines"]) if number > 1 else ():
        if line <= number:
            known = [one for one in candidates if one[0] == path and one[2] <= there]
            inside = max(known, key=lambda one: one[2])[1] if known else name
            return f'File "{_SOURCE}{path}", line {there}, in {inside}'
    if not candidates:
        return match[0]
    places = [f'File "{_SOURCE}{path}", line {there}, in {old}' for path, old, there in candidates]
    return " or ".join(places)


def _name(match, names):
    """Return a quoted name of the message as the source has it."""
    old = names["names"].get(match[1])
    return f"'{'|'.join(old)}'" if old else match[0]


def known_names(path):
    """Return the names map in a file; without a path that of this checkout."""
    if path:
        return json.loads(path.read_text())
    import build

    return json.loads(build.names_map())


def main(argv=None):
    """Translate a file or the standard input; return 0, or 2 when something cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, help="a traceback; default: standard input")
    parser.add_argument("--map", type=Path, help="microdhcp.names.json of the build on the board")
    args = parser.parse_args(argv)
    try:
        text = args.file.read_text() if args.file else sys.stdin.read()
        print(translated(text, known_names(args.map)), end="")
    except (OSError, ValueError) as error:
        print(f"translate: {requires.words(error)}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
