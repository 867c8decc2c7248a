"""Makes docs/options.md from firmware/microdhcp/option_table.py: make reference.

Names, types and limits come from the table's lines, sources from their comments, and what a
type takes from the docstring of the function that encodes it.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "firmware" / "microdhcp"
SOURCE = PACKAGE / "option_table.py"
ENCODERS = (PACKAGE / "options.py", PACKAGE / "option_kinds.py")
TARGET = ROOT / "docs" / "options.md"
FROM_ADDRESS = ("subnet_mask", "broadcast")  # Config works them out
LINE = re.compile(r'^    "(\d+) (\w+) (\w+|-)( [^ ]+)?\\n" +# (.+)$')

HEAD = """\
# Options

Any of these can be set by name or by code, in a program or on the command line of the desktop
server:

```python
Config(..., options={"mtu": 1400, "captive_portal": "https://192.168.4.1/", 150: "192.168.4.9"})
```
```
python tools/serve.py ... --option mtu=1400 --option "classless_routes=10.0.0.0/8>192.168.4.1"
```

A code that is not in the table takes bytes, or text for itself, or text like `0x0a0b` for bytes.
An option holds at most 255 bytes; where nothing else is said it must not be empty. What does not
fit is refused when the configuration is made, and the message names the option.

Every value can also be text, as a command line gives it: lists separated by commas, numbers in
decimal, and what the table of types says.

`routers`, `dns_servers` and `domain` are settings of their own: give each in one place only. A
client gets the options that it asks for (option 55), in its order; one that does not say gets all
but `ipv6_only`, which is never sent unasked (RFC 8925).

<!-- Written by make reference from firmware/microdhcp/option_table.py: edit there. -->
"""


def rows(source):
    """Return (code, name, type, limits, where defined) for each line of TABLE in `source`.

    source   text of option_table.py
    A line of the table without a comment, or written in another form: ValueError.
    """
    table = source.partition("TABLE = (\n")[2].partition("\n)\n")[0].splitlines()
    found = []
    for line in table[1:]:  # the first only puts a line end before the first code
        fields = LINE.match(line)
        if not fields:
            raise ValueError(f"not a line of the option table: {line.strip()}")
        code, name, kind, limits, where = fields.groups()
        found.append((int(code), name, kind, (limits or "").strip(), where))
    return found


def kinds(source):
    """Return {type: what it takes}, from the docstrings of the functions that encode them."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and len(node.args.args) > 1:
            found[node.name.lstrip("_")] = (ast.get_docstring(node) or "").splitlines()[0]
    return found


def allowed(kind, limits):
    """Return what the limits of an option mean, as words."""
    if not limits:
        return ""
    if limits == "hosts":
        return "no default route"
    if kind == "ips":
        return f"{limits.replace('..', ' to ')} addresses"
    return limits.replace("..", " to ").replace(",", ", ")


def type_lines(options, takes):
    """Return the lines of the table of types, in the order in which `options` use them."""
    lines = ["| type | value |", "|---|---|"]
    for _, _, kind, _, _ in options:
        name, meaning = kind, takes.get(kind, "")
        if kind[1:].isdigit():  # the docstring of the numbers begins with their types
            name, _, meaning = takes["number"].partition(": ")
        if not meaning:
            raise ValueError(f"no function explains the type {kind}")
        line = f"| {name} | {meaning[0].upper()}{meaning[1:].rstrip('.')} |"
        if line not in lines:
            lines.append(line)
    return lines


def page(source):
    """Return the text of docs/options.md."""
    options = rows(source)
    takes = kinds("\n".join(path.read_text(encoding="utf-8") for path in ENCODERS))
    free = [row for row in options if row[2] != "-" and row[1] not in FROM_ADDRESS]
    lines = [HEAD, *type_lines(free, takes), "", f"{len(free)} options can be set:", ""]
    lines += ["| code | name | type | allowed | defined in |", "|---|---|---|---|---|"]
    for code, name, kind, limits, where in free:
        lines.append(f"| {code} | {name} | {kind} | {allowed(kind, limits)} | {where} |")
    lines += ["", "These the server sets itself, as settings they are refused:", ""]
    lines += ["| code | name | defined in |", "|---|---|---|"]
    for row in options:
        if row not in free:
            lines.append(f"| {row[0]} | {row[1]} | {row[4]} |")
    return "\n".join(lines) + "\n"
