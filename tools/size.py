"""Heap and .mpy bytes of the core, module by module, checked against the budget in pyproject.toml.

    python tools/size.py            status 1 when over budget

Measured in MicroPython 1.29 (WebAssembly, 32-bit words, heap blocks of 16 bytes) with .mpy files
compiled by mpy-cross -O3. The total is gc.mem_alloc() with `config` and `server` alive, less
gc.mem_alloc() before anything of microdhcp was imported; nothing else is subtracted. In this
port the collector works between two steps of a program only; there is then no stack to scan, and
no garbage can be mistaken for living data. Each figure is still the least of three.
"""

import argparse
import ast
import graphlib
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import mpvm
from mpvm import source

ROOT = source.ROOT
PACKAGE = ROOT / "firmware" / "microdhcp"
CORE = ("config", "server")  # these, and what they import
REPEATS = 3
BLOCK = 16
CONFIG = 'config = Config("192.168.4.1/24", ("192.168.4.16", "192.168.4.31"))'  # 16 leases
SERVER = "server = Server(config)"
PROBE = "print('=', gc.mem_alloc())\nmicropython.qstr_info()"


@dataclass(frozen=True)
class Row:
    """One step: what was done, bytes of heap it added, and of these the bytes for names."""

    what: str
    heap: int
    names: int


def budget():
    """Return the allowed bytes; SystemExit with the reason when pyproject.toml has none."""
    try:
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
        value = settings["tool"]["microdhcp"]["budget"]["core_heap_bytes"]
    except (OSError, tomllib.TOMLDecodeError, LookupError) as error:
        sys.exit(f"size: pyproject.toml, tool.microdhcp.budget, core_heap_bytes: {error!r}")
    if not isinstance(value, int) or value <= 0:
        sys.exit(f"size: pyproject.toml: core_heap_bytes must be a number of bytes, not {value!r}")
    return value


def _imports(nodes, modules):
    """Yield the modules of the package that these statements import."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            parts = (node.module or "").removeprefix("microdhcp").strip(".").split(".")
            inside = node.level or (node.module or "").startswith("microdhcp")
            names = [alias.name for alias in node.names] if parts == [""] else parts[:1]
            yield from (name for name in names if inside and name in modules)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                top, _, name = alias.name.partition(".")
                if top == "microdhcp" and name in modules:
                    yield name


def modules():
    """Return (loaded at import, loaded only when configured): names, in dependency order."""
    trees = {path.stem: ast.parse(path.read_text()) for path in PACKAGE.glob("*.py")}
    for name in source.NATIVE:
        del trees[name]
    at_import = {name: set(_imports(tree.body, trees)) for name, tree in trees.items()}
    anywhere = {name: set(_imports(ast.walk(tree), trees)) for name, tree in trees.items()}

    def reach(edges):
        found, left = set(), list(CORE)
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += edges[name]
        graph = {name: sorted(edges[name]) for name in sorted(found)}
        return list(graphlib.TopologicalSorter(graph).static_order())

    loaded = reach(at_import)
    return ["__init__", *loaded], [name for name in reach(anywhere) if name not in loaded]


def measure(steps, version, names="config = server = Config = Server = None", files=None):
    """Return the Rows of steps, [(what, Python text)], and what the last step printed.

    names  an assignment to all names that the steps will make, so that none is new later
    files  more files for the interpreter, {path: bytes}
    Runs them one after the other in one fresh interpreter; SystemExit when one of them fails.
    """
    texts = [f"import gc, micropython\n{names}"]
    for _what, text in [("", ""), *steps]:
        texts += [text, *["gc.collect()", PROBE] * REPEATS]
    result = mpvm.run(texts, version, mpy=True, files=files)
    if result.returncode:
        sys.exit(f"size: {result.stderr.strip() or f'status {result.returncode}'}")
    heap = [int(number) for number in re.findall(r"^= (\d+)", result.stdout, re.M)]
    names = [int(number) for number in re.findall(r"n_total_bytes=(\d+)", result.stdout)]
    heap = [min(heap[at : at + REPEATS]) for at in range(0, len(heap), REPEATS)]
    rows = [
        Row(steps[at][0], heap[at + 1] - heap[at], names[(at + 1) * REPEATS] - names[at * REPEATS])
        for at in range(len(steps))
    ]
    return rows, result.stdout


def _import_step(name):
    full = "microdhcp" if name == "__init__" else f"microdhcp.{name}"
    return name, f"__import__('{full}')"


def report(version):
    """Print the table and return the resident bytes of the core."""
    loaded, for_config = modules()
    ask = "import sys\nprint('buffers', len(server.rx), len(server.tx))\n"
    ask += "print('alive', *[name for name in sys.modules if name.startswith('microdhcp.')])"
    steps = [_import_step(name) for name in loaded]
    steps += [("Config(…)", f"from microdhcp import Config, Server\n{CONFIG}")]
    steps += [("Server(config)", SERVER)]
    rows, _ = measure(steps, version)
    _, printed = measure([*steps, ("", ask)], version)
    buffers = [int(n) for n in re.search(r"^buffers (\d+) (\d+)", printed, re.M).groups()]
    alive = re.search(r"^alive(.*)", printed, re.M)[1].split()

    print(f"{'MicroPython ' + version:<22}{'.mpy':>8}{'heap':>8}{'of it names':>13}")
    sizes = {n: len(source.compile_mpy(PACKAGE / f"{n}.py", n)) for n in [*loaded, *for_config]}
    for row in rows:
        print(f"  {row.what:<20}{sizes.get(row.what, ''):>8}{row.heap:>8}{row.names:>13}")
    for name in for_config:
        stays = "stays loaded" if f"microdhcp.{name}" in alive else "left the heap"
        print(f"  {name:<20}{sizes[name]:>8}    used by Config(…), {stays}")
    total = sum(row.heap for row in rows)
    names = sum(row.names for row in rows)
    print(f"  {'total':<20}{sum(sizes.values()):>8}{total:>8}{names:>13}")
    _shares(rows, len(loaded), buffers, total)
    return total


def _shares(rows, loaded_n, buffers, total):
    """Print what the resident bytes are made of."""
    code, settings, server = rows[:loaded_n], rows[loaded_n], rows[loaded_n + 1]
    names = sum(row.names for row in rows)
    blocks = sum(-(-n // BLOCK) * BLOCK for n in buffers)
    shares = (
        ("functions, classes, constants", sum(row.heap - row.names for row in code)),
        ("names (interned strings)", names),
        ("settings, finished options", settings.heap - settings.names),
        (f"rx and tx ({buffers[0]} + {buffers[1]})", blocks),
        ("lease table, objects, counters", server.heap - server.names - blocks),
    )
    print()
    for what, size in shares:
        print(f"  {what:<34}{size:>6}{100 * size / total:>7.1f} %")


def main(argv=None):
    """Print the report; return 0 within the budget, 1 over it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", choices=mpvm.VERSIONS, default=mpvm.NEWEST)
    args = parser.parse_args(argv)
    allowed = budget()
    try:
        total = report(args.version)
    except mpvm.SetupError as error:
        sys.exit(f"size: {error}")
    word = "within" if total <= allowed else "OVER"
    print(f"\ncore, 16 leases: {total} bytes of heap, {word} the budget of {allowed}")
    return 0 if total <= allowed else 1


if __name__ == "__main__":
    sys.exit(main())
