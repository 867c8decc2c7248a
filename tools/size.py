"""What the built package costs on a board, against the budgets in pyproject.toml.

    python tools/size.py            status 1 when over a budget

Measured in MicroPython 1.29 (WebAssembly, 32-bit words, heap blocks of 16 bytes) with the package
that `make flash` copies to a Pico W; network, socket and select are stood in for.  Each figure is
gc.mem_alloc() with what is named alive, less gc.mem_alloc() before; the least of three.  In this
port the collector works between two steps of a program only; there is then no stack to scan, and
no garbage can be mistaken for living data.
"""

import argparse
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import build
import mpvm
from mpvm import source

ROOT = source.ROOT
REPEATS = 3
BUILT = f"_{source.BUILT_FAMILY}"  # ends the names of the files that belong to the family
PROBE = "print('=', gc.mem_alloc())\nmicropython.qstr_info()"
POOLS = (20, 60, 140, 300, 620)  # names that fit into 1, 2, … tables of MicroPython

# Steps of programs: (what, text).
# (binascii is a Python module in this port; it does not count)
BEFORE = ("before", "import network, os, socket, select, time, errno, binascii")
CODE = ("code of the core", "from microdhcp import Config, Server")
SETTINGS = (
    "Config(…)",
    'config = Config("192.168.4.1/24", ("192.168.4.16", "192.168.4.{last}"){more})',
)
PLAIN = ("an empty one", "class Plain(Config):\n    def __init__(self): pass\nconfig = Plain()")
SERVER = ("Server(config)", "server = Server(config)")
SERVICE = ("code of service and port", f"from microdhcp.service{BUILT} import Service")
START = (
    "Service(…), start()",
    "service = Service(network.WLAN(network.WLAN.IF_AP), config{more})\n"
    'service.start(ssid="greenhouse", key="change-me-now")',
)
USE = ("events, list of leases", "service.on_event(print)\nlist(service.leases())")
# Optional parts, loaded and running; the first of page and portal brings the web server along.
PARTS = {
    "dns": ("dns.Names", "from microdhcp.dns import Names\nnames = Names(service)"),
    "web": ("web.Web", "from microdhcp.web import Web\nweb = Web(service)"),
    "page": ("page.Page, beside web", "from microdhcp.page import Page\npage = Page(service)"),
    "portal": (
        "portal.Portal, beside web",
        "import sys\nsys.modules['os'] = type('os', (), {'urandom': staticmethod(bytes)})\n"
        "from microdhcp.portal import Portal\nportal = Portal(service, print)",
    ),
}
NAMES = "config = server = Config = Server = Service = service = network = microdhcp = None"


@dataclass(frozen=True)
class Row:
    """One step: its name, the heap it added in bytes, those for names, the number of names."""

    what: str
    heap: int
    names: int
    count: int


@dataclass(frozen=True)
class Figure:
    """One result: its key in pyproject.toml, its title, and its value."""

    key: str
    what: str
    value: int


def budgets():
    """Return {key: limit}; SystemExit with the reason when pyproject.toml has none."""
    try:
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
        found = settings["tool"]["microdhcp"]["budget"]
    except (OSError, tomllib.TOMLDecodeError, LookupError) as error:
        sys.exit(f"size: pyproject.toml, tool.microdhcp.budget: {error!r}")
    for key, value in found.items():
        if not isinstance(value, int) or value <= 0:
            sys.exit(f"size: pyproject.toml: {key} must be a number, not {value!r}")
    return found


def measure(steps, version=mpvm.NEWEST, built=True, files=None, path=None):
    """Return the Rows of steps, [(what, Python text)], and what the last step printed.

    built  True: the built package; False: the source, compiled where it runs
    files  more files for the interpreter, {path: bytes}
    path   its sys.path, where another one is needed
    Runs them one after the other in one fresh interpreter; SystemExit when one of them fails.
    """
    search = f"\nimport sys\nsys.path[:] = {path!r}" if path else ""
    texts = [f"import gc, micropython\n{NAMES}{search}"]
    for _what, text in [("", ""), *steps]:
        texts += [text, *["gc.collect()", PROBE] * REPEATS]
    result = mpvm.run(texts, version, built=built, files=files)
    if result.returncode:
        sys.exit(f"size: {result.stderr.strip() or f'status {result.returncode}'}")
    heap = _numbers(r"^= (\d+)", result.stdout)
    names = _numbers(r"n_total_bytes=(\d+)", result.stdout)
    count = _numbers(r"n_qstr=(\d+)", result.stdout)
    rows = []
    for at, (what, _text) in enumerate(steps):
        gained = [part[at + 1] - part[at] for part in (heap, names, count)]
        rows.append(Row(what, *gained))
    return rows, result.stdout


def _numbers(pattern, text):
    """Return the least of each REPEATS numbers that follow each other."""
    found = [int(number) for number in re.findall(pattern, text, re.M)]
    return [min(found[at : at + REPEATS]) for at in range(0, len(found), REPEATS)]


def settings(last=31, more=""):
    """Return the step that makes a Config: 16 leases, or up to the address …`last`."""
    return SETTINGS[0], SETTINGS[1].format(last=last, more=more)


def stages():
    """Return what making a Config does, as two texts: one for each part of the settings."""
    names = build.make(source.BUILT_FAMILY).names.finals
    one, other = names["settings", "fill"], names["settings_options", "fill"]
    pool = '("192.168.4.16", "192.168.4.31")'
    return (
        f"from microdhcp.settings import {one} as fill\n"
        f'values = fill(config, "192.168.4.1/24", {pool}, {{}})\nfill = None',
        f"from microdhcp.settings_options import {other} as fill\nfill(config, values, {{}})",
    )


def service(last=31, checks=True, store=False):
    """Return the steps of a service that runs."""
    more = "" if checks else ", conflict_check=False"
    start = START[0], START[1].format(more=', store="/leases"' if store else "")
    return [BEFORE, CODE, settings(last, more), SERVICE, start]


def show(title, rows):
    """Print where the bytes go; return the sum."""
    total = sum(row.heap for row in rows)
    print(f"\n{title:<34}{'heap':>8}{'of it names':>13}{'names':>7}")
    for row in rows:
        print(f"  {row.what:<32}{row.heap:>8}{row.names:>13}{row.count:>7}")
    names = sum(row.names for row in rows), sum(row.count for row in rows)
    print(f"  {'total':<32}{total:>8}{names[0]:>13}{names[1]:>7}")
    return total


def figures(version):
    """Measure all; print where the bytes go and yield the Figures."""
    core = [CODE, settings(), SERVER]
    yield Figure("core_heap_bytes", "core, 16 leases", show("core", measure(core, version)[0]))
    rows = measure(core, version, built=False)[0]
    total = show("core, installed as source", rows)
    yield Figure("core_source_heap_bytes", "core, installed as source", total)
    for key, checks in (("service_heap_bytes", True), ("service_unchecked_heap_bytes", False)):
        what = f"service, checks {'on' if checks else 'off'}"
        rows = measure(service(checks=checks), version)[0][1:]
        yield Figure(key, what, show(what, rows))
    what = "program: store, events, list, 32"
    rows = measure([*service(47, store=True), USE], version)[0][1:]
    yield Figure("program_heap_bytes", what, show(what, rows))
    yield from parts(version)
    count = sum(row.count for row in rows)
    room = next(pool for pool in POOLS if pool >= count) - count
    yield Figure("program_names", f"its names; {room} more fill their tables", count)
    for name, what in (("core", "ROMFS: core"), ("service", "ROMFS: service, checks on")):
        total = show(what, from_rom(name == "service", version))
        yield Figure(f"romfs_{name}_heap_bytes", what, total)
    many = measure([CODE, settings(143), SERVER], version)[0]
    few = measure(core, version)[0]
    each = sum(row.heap for row in many) - sum(row.heap for row in few)
    yield Figure("lease_bytes", "one lease, its host name included", -(-each // 112))
    for key, step in (("import", CODE), ("settings", settings()), ("service_import", SERVICE)):
        what = f"{step[0]}: needed beyond what stays"
        yield Figure(f"{key}_peak_bytes", what, peak(step, version))
    yield from machine_code()


def parts(version):
    """Measure what each optional part adds to that program; yield the Figures."""
    rows = measure([*service(47, store=True), USE, *PARTS.values()], version)[0]
    rows = rows[-len(PARTS) :]
    show("optional parts", rows)
    for name, row in zip(PARTS, rows, strict=True):
        yield Figure(f"{name}_heap_bytes", row.what, row.heap)


def from_rom(with_service, version=mpvm.NEWEST):
    """Return the Rows of the same from a ROMFS image."""
    from romfs import measure as rom  # which needs this module

    return rom.rows(with_service, version)


def peak(step, version=mpvm.NEWEST):
    """Return how much of the heap a step takes at most and gives back, with those before it.

    What is garbage after it was alive at its worst moment at most.  A Config is made in two stages
    (config.py); what the first leaves as garbage is gone before the second.
    """
    before = {CODE[0]: [], SETTINGS[0]: [CODE, PLAIN], SERVICE[0]: [CODE, settings()]}[step[0]]
    texts = [f"import gc, micropython\n{NAMES}", BEFORE[1], *(text for _, text in before)]
    texts += ["values = fill = None", "gc.collect()", "gc.disable()"]
    for stage in stages() if step == settings() else [step[1]]:
        texts += [f"{stage}\nprint('full', gc.mem_alloc())", "gc.collect()"]
    texts += ["values = fill = None", "gc.collect()", "print('kept', gc.mem_alloc())"]
    result = mpvm.run(texts, version, built=True)
    if result.returncode:
        sys.exit(f"size: {result.stderr.strip()}")
    full = re.findall(r"^full (\d+)", result.stdout, re.M)
    return max(map(int, full)) - int(re.search(r"^kept (\d+)", result.stdout, re.M)[1])


def machine_code():
    """Yield the Figure of what FAST adds: bytes of its .mpy, which all go to the heap."""
    plain = build.package()
    for arch in ("armv6m",):
        fast = build.package(fast=True, arch=arch)
        more = sum(len(data) for data in fast.values()) - sum(len(data) for data in plain.values())
        yield Figure("fast_mpy_bytes", f"FAST: .mpy for {arch}, beyond the others", more)


def show_files():
    """Print the files of the package."""
    print(f"\n{'files of the package':<34}{'.mpy':>8}")
    for name, data in build.package().items():
        modules = build.make(source.BUILT_FAMILY).files.get(Path(name).stem, ())
        print(f"  {name:<32}{len(data):>8}   {', '.join(modules)}")


def main(argv=None):
    """Print the report; return 0 within the budgets, 1 over one of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", choices=mpvm.VERSIONS, default=mpvm.NEWEST)
    args = parser.parse_args(argv)
    allowed = budgets()
    try:
        print(f"MicroPython {args.version}, bytes of heap")
        found = list(figures(args.version))
        show_files()
    except mpvm.SetupError as error:
        sys.exit(f"size: {error}")
    print(f"\n{'':<50}{'measured':>9}{'budget':>9}")
    for one in found:
        word = "" if one.value <= allowed[one.key] else "  OVER"
        print(f"{one.what:<50}{one.value:>9}{allowed[one.key]:>9}{word}")
    return 1 if any(one.value > allowed[one.key] for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
