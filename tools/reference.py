"""Write the reference pages, docs/reference/*.md, from the stubs, docstrings and tables.

    make reference                         write the pages
    python tools/reference.py --check      write nothing; status 1 if a page is out of date

Signatures come from the stubs (*.pyi), texts from the docstrings of the code, the words for
states, events and drop reasons from the comments behind them, the commands from their --help.
"""

import argparse
import ast
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import options_table
import public

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "reference"
NOTE = "<!-- Written by make reference from {}: edit there. -->"
COMMANDS = {  # the command of the installed package, None: only in a checkout
    "serve.py": "microdhcp-serve",
    "leases.py": "microdhcp-leases",
    "migrate": "microdhcp-migrate",
    "flash copy": "microdhcp-flash copy",
    "flash test": "microdhcp-flash test",
    "relay.py": None,
    "emulator": None,
}
WIDTH = "96"  # of the help texts
ITEM = re.compile(r"(\S+(?:, \S+)*) {2,}(\S.*)")
CODE = re.compile(
    r"(`[^`]*`|\{\{\w+\}\}|\{[^{}]*(?:\{[^{}]*\}[^{}]*)?\}|\[\]|\(\"[^()]*\"\)|\w+=\w+"
    r"|(?<![\w.])(?:[A-Za-z_][\w.]*\(\)|\w+_\w+|True|False|None|b?\"[^\"\s]*\")(?!\w))"
)
LINK = re.compile(r"docs/([\w/-]+)\.md")
TITLES = ("| argument | type | default | meaning |", "|---|---|---|---|")
TYPES = (  # of a stub, and in words
    (r"Callable\[\[.*?\], [^]]*\]", "function"),
    (r"_Addresses", "list or None"),
    (r"(_Macs|(Sequence|Iterable|Collection)\[(\w+\[.*?\]|[\w |]+(\[.*?\])?)\])", "list"),
    (r"Mapping\[[^[]*(\[.*?\])?\]", "dict"),
    (r"\bAny\b", "object"),
    (r" \| ", " or "),
)


class Package:
    """The stubs and the sources of the package."""

    def __init__(self):
        self.stubs = public.trees(".pyi")
        self.sources = public.trees(".py")

    def docstring(self, module, class_name, name):
        """Return the docstring of a public function."""
        code = public.code_of((module, class_name), name, self.sources)
        return ast.get_docstring(code.node) or ""

    def class_page(self, module, name):
        """Return the lines for a class: its docstring, how it is made, and its methods.

        Of the attributes only those that the stub has.
        """
        stub = public.members(self.stubs[module])[name]
        source = public.members(self.sources[module])[name]
        shown = {one.target.id for one in stub.body if isinstance(one, ast.AnnAssign)}
        lines = [f"## {name}", "", *text(ast.get_docstring(source) or "", shown=shown)]
        for function in public.members(stub).values():
            made = function.name == "__init__"
            if not made:
                lines += [f"### {function.name}", ""]
            lines += self._call(module, name, function, name if made else function.name)
        return lines

    def function_page(self, module, name):
        """Return the lines for a function of a module."""
        stub = public.members(self.stubs[module])[name]
        return [f"## {name}", "", *self._call(module, None, stub, name)]

    def _call(self, module, class_name, stub, title):
        """Return the lines for one function: how it is called, and its docstring."""
        bound = 1 if class_name else 0
        lines = ["```text", signature(stub, title, bound), "```", ""]
        docstring = self.docstring(module, class_name, stub.name)
        return lines + text(docstring, arguments(stub, bound))


def arguments(node, bound):
    """Return {name: (type in words, default, whether the docstring names the default)}."""
    found = {}
    types = {one.arg: one.annotation for one in node.args.args + node.args.kwonlyargs}
    for name, default, kind in public.arguments(node, bound):
        if kind != "**":
            words = in_words(ast.unparse(types[name]))
            default = "required" if default is None else f"`{quoted(default)}`"
            found[name] = (words, default, kind == "*")
    return found


def quoted(source):
    """Return Python text with the quotes of this project."""
    return source.replace("'", '"')


def signature(node, name, bound):
    """Return a call as text, on several lines if it is long."""
    found = []
    star = False
    for one, default, kind in public.arguments(node, bound):
        if kind == "*" and not star:
            found.append("*")
            star = True
        prefix = "**" if kind == "**" else ""
        found.append(prefix + one + (f"={quoted(default)}" if default else ""))
    prefix = "await " if isinstance(node, ast.AsyncFunctionDef) else ""
    short = f"{prefix}{name}({', '.join(found)})"
    if len(short) <= 88:
        return short
    return f"{prefix}{name}(\n" + "".join(f"    {one},\n" for one in found) + ")"


def text(docstring, known=None, shown=None):
    """Return a docstring as lines of Markdown: paragraphs, programs, tables and lists of names.

    known  what arguments() returns: `name  text` of these names is a table
    shown  the names that a list may have; None: any
    """
    lines = []
    for block in re.split(r"\n\s*\n", docstring.strip()):
        if block.startswith("    "):
            lines += ["```python", *[line[4:] for line in block.splitlines()], "```"]
        else:
            lines += _rendered(_parts(block.splitlines(), known or {}), known or {}, shown)
        lines.append("")
    return lines if docstring else []


def _parts(given, known):
    """Return (name or "", text) for each line of a docstring, continued ones joined."""
    parts = []
    for line in given:
        name = line.split(" ")[0]
        found = ITEM.fullmatch(line)
        if name in known and (found or known[name][2]):
            parts.append([name, line[len(name) :].strip()])
        elif found and not line.startswith(" "):
            parts.append([found[1], found[2]])
        elif line.startswith(" ") and parts and parts[-1][0]:
            parts[-1][1] += " " + line.strip()
        else:
            parts.append(["", line.strip()])
    return parts


def _rendered(parts, known, shown):
    """Return the lines of Markdown for what _parts() returns."""
    lines = []
    last = ""
    for name, words in parts:
        kind = "row" if name in known else "item" if name else "text"
        if kind != last:
            lines += [""] if lines else []
            lines += TITLES if kind == "row" else []
        if kind == "row":
            lines.append(_row(name, words, known[name]))
        elif kind == "text":
            lines.append(marked(words))
        elif shown is None or set(name.split(", ")) & shown:
            names = ", ".join(f"`{one}`" for one in name.split(", "))
            lines.append(f"* {names}: {marked(words)}")
        last = kind
    return lines


def _row(name, words, argument):
    """Return the line of a table for one argument."""
    kind, default, named = argument
    if named:
        given, _, words = words.partition("  ")
        default = given if given == "own address" else f"`{given}`"
    cells = (f"`{name}`", kind, default, marked(words.strip()))
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def marked(words):
    """Return a text with names, calls and constants set as code, and links to pages."""
    pieces = CODE.split(re.sub(r" {2,}", " ", words))
    for number, piece in enumerate(pieces):
        if number % 2:
            pieces[number] = piece if piece[0] == "`" else f"`{piece}`"
        else:
            piece = piece.replace("*", r"\*").replace("<", "&lt;")
            pieces[number] = LINK.sub(r"[\1](../\1.md)", piece)
    return "".join(pieces).replace("(../reference/", "(")


def settings(package):
    """Yield the lines of the page of the settings."""
    stub = public.members(public.members(package.stubs["config"])["Config"])["__init__"]
    yield from ("# Settings", "", NOTE.format("firmware/microdhcp/config.py"), "")
    docstring = ast.get_docstring(public.members(package.sources["config"])["Config"])
    for line in text(docstring, arguments(stub, 1)):
        yield line.replace("| argument |", "| setting |")


def in_words(annotation):
    """Return a type of a stub for people."""
    for pattern, words in TYPES:
        annotation = re.sub(pattern, words, annotation)
    return annotation


def comments(path, pattern):
    """Return {word: comment} for the lines of a source that match: two groups."""
    return dict(re.findall(pattern, path.read_text(), re.M))


def states():
    """Yield the lines of the page of the states."""
    from microdhcp import report
    from microdhcp import states as numbers

    by_default = ("offered", "adopted", "bound")
    meanings = comments(public.PACKAGE / "states.py", r"^(\w+) = const\(\d+\)  # (.+)$")
    yield from ("# States", "", NOTE.format("firmware/microdhcp/states.py"), "")
    yield "What `state` of a lease says. `leases()` and `roster()` list three of them. For others,"
    yield from ("name them in `states=`; `states=None` lists all.", "")
    yield from ("| state | listed by default | meaning |", "|---|---|---|")
    seen = {"free"}
    for name, meaning in meanings.items():
        word = report.STATES[getattr(numbers, name)]
        if word not in seen:
            seen.add(word)
            listed = "yes" if word in by_default else "no"
            yield f"| `{word}` | {listed} | {meaning[0].upper()}{meaning[1:]} |"
    yield ""


def events(package):
    """Yield the lines of the page of the events."""
    yield from ("# Events", "", NOTE.format("firmware/microdhcp/report.py"), "")
    yield "`Service.on_event()`, `Service.events()` and `Server.next_event()` tell what has"
    yield "happened to leases: kind, address, MAC and host name, all text. The kinds:"
    yield ""
    yield from text(package.docstring("server", "Server", "next_event"))[1:]


def drop_reasons():
    """Yield the lines of the page of the drop reasons."""
    yield from ("# Drop reasons", "", NOTE.format("report.py and relay_report.py"), "")
    yield "Why a message got no answer, or what a reply lacks. `server.last_drop` names the reason"
    yield 'for the last message. `server.drops` and `service.stats()["drops"]` count all of them.'
    yield from _reasons("report.py")
    yield from ("## Of a relay", "", 'What `relay.stats()["drops"]` counts.')
    yield from _reasons("relay_report.py")


def _reasons(name):
    """Yield a table of the reasons in a module: words, and the comments behind them."""
    yield from ("", "| reason | meaning |", "|---|---|")
    meanings = comments(public.PACKAGE / name, r'^    "(\w+)",  # (.+)$')
    for reason, meaning in meanings.items():
        yield f"| `{reason}` | {meaning[0].upper()}{meaning[1:]} |"
    yield ""


def lease():
    """Yield the lines about a lease, from the comment before report.Lease."""
    source = (public.PACKAGE / "report.py").read_text()
    block = re.search(r"((?:^#.*\n)+)^Lease = ", source, re.M)[1]
    yield from ("## Lease", "", "A named tuple: what `leases()`, `roster()` and `find()` return.")
    yield from ("For annotations: `from microdhcp.report import Lease`.", "")
    yield from text("\n".join(line[2:] for line in block.splitlines()))


def commands():
    """Yield the lines of the page of the commands."""
    yield from ("# Commands", "", NOTE.format("their --help"), "")
    yield "In a checkout, after `make setup`: `.venv/bin/python tools/` and the name. After"
    yield "`pip install microdhcp`: the command in parentheses. They need Python 3.11 or newer."
    for words, installed in COMMANDS.items():
        yield from ("", f"## {words}", "")
        if installed:
            yield from (f"(`{installed}`)", "")
        yield from ("```", help_of(words), "```")
    yield ""


def help_of(words):
    """Return what `python tools/WORDS --help` prints."""
    command = [sys.executable, ROOT / "tools" / words.split()[0], *words.split()[1:], "--help"]
    environment = {**os.environ, "COLUMNS": WIDTH, "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def pages():
    """Return {path: text} of all reference pages."""
    package = Package()
    made = {"settings": settings(package), "states": states(), "events": events(package)}
    made["drop-reasons"] = drop_reasons()
    made["commands"] = commands()
    made["service"] = [
        *("# Service", "", NOTE.format("firmware/microdhcp/service.py and serving.py"), ""),
        *package.function_page("serving", "serve"),
        *package.class_page("service", "Service"),
        *lease(),
    ]
    made["server"] = [
        *("# Server", "", NOTE.format("firmware/microdhcp/server.py and report.py"), ""),
        *package.class_page("server", "Server"),
        *lease(),
    ]
    made["relay"] = [
        *("# Relay", "", NOTE.format("firmware/microdhcp/relay.py"), ""),
        *package.class_page("relay", "Relay"),
    ]
    made["parts"] = ["# Names, Page, Portal, Web", "", NOTE.format("the modules named below"), ""]
    for module, name in (("dns", "Names"), ("page", "Page"), ("portal", "Portal"), ("web", "Web")):
        lines = package.class_page(module, name)
        made["parts"] += [*lines[:2], f"`from microdhcp.{module} import {name}`", "", *lines[2:]]
    made["store"] = ["# Store", "", NOTE.format("firmware/microdhcp/leasefile.py"), ""]
    made["store"] += [
        "`from microdhcp import store`. How it works: [the file of leases](../store.md)",
        "",
    ]
    for name in ("dump", "load", "records"):
        made["store"] += package.function_page("leasefile", name)
    made["store"] += package.class_page("leasefile", "Record")
    found = {PAGES / f"{name}.md": tidy(lines) for name, lines in made.items()}
    found[options_table.TARGET] = options_table.page(options_table.SOURCE.read_text())
    return found


def tidy(lines):
    """Return lines as the text of a page, with one empty line where there are more."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def stale(found):
    """Return the paths of the pages that are not as they should be; spaces do not count."""
    return [
        path
        for path, words in found.items()
        if not path.is_file() or path.read_text(encoding="utf-8").split() != words.split()
    ]


def changed(found):
    """Return the paths of the pages that are to be written."""
    return [
        path
        for path, words in found.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != words
    ]


def main(argv=None):
    """Write or check the pages; return 1 if --check finds one that is out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    check = parser.parse_args(argv).check
    found = pages()
    old = stale(found) if check else changed(found)
    for path in old:
        print(f"{path.relative_to(ROOT)}: {'out of date: make reference' if check else 'written'}")
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(found[path], encoding="utf-8")
    return 1 if check and old else 0


if __name__ == "__main__":
    sys.path.insert(0, str(public.PACKAGE.parent))
    sys.exit(main())
