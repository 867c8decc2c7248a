"""The rules of the house that can be read from the source: who imports whom, sizes, docstrings."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "firmware" / "microdhcp"

# Module -> what it may import of the package.  A module that is not named here fails the test.
EDGES = {
    "__init__": set(),
    "_compat": set(),
    "fast": {"_compat", "fast_start", "leases"},
    "fast_start": {"_compat", "fast", "leases", "message"},
    "states": {"_compat"},
    "message": {"_compat"},
    "leases": {"_compat", "message", "states"},
    "reply": {"_compat", "message"},
    "server": {"_compat", "conflict", "leases", "message", "relayed", "reply", "report", "states"},
    "conflict": {"_compat", "leases", "message", "states"},
    "devices": {"_compat", "message"},
    "relayed": {"_compat", "message", "reply"},
    "config": {"_compat", "settings", "settings_options"},
    "settings": {"_compat", "parse", "settings_devices"},
    "settings_devices": {"_compat", "devices", "message", "options", "parse", "settings_options"},
    "settings_options": {"options", "parse", "settings_devices", "text"},
    "options": {"option_kinds", "option_table", "parse"},
    "option_kinds": {"options", "parse"},
    "option_table": {"parse"},
    "parse": set(),
    "text": {"_compat"},
    "report": {"_compat", "leases", "message", "parse", "reconfigure", "states", "text"},
    "reconfigure": {"leasedump", "leases", "states", "text"},
    "leasefile": {"_compat", "leasedump", "leases", "states", "text"},
    "leasedump": {"_compat", "leases", "states", "text"},
    "stations": {"_compat"},
    "checking": {"_compat", "checking_start", "message", "stations", "ports.echo"},
    "checking_start": set(),
    "clock": {"_compat"},
    "background": {"_compat"},
    "mend": {"_compat"},
    "calls": {"loop", "reconfigure"},
    "loop": {"_compat"},
    "serving": {"config", "service", "starting"},
    "starting": {
        *("background", "checking", "clock", "fast", "server", "storage"),
        *("ports.rp2", "ports.esp32", "ports.wifi"),
    },
    "storage": {"_compat", "leasedump", "leasefile"},
    "service": {
        *("_compat", "starting", "calls", "loop", "mend", "stations"),
    },
    "agent": {"_compat"},
    "relay": {
        *("_compat", "relay_start", "relay_report"),
    },
    "relay_report": set(),
    "relay_start": {
        *("agent", "clock", "server", "starting", "stations"),
        *("ports.rp2", "ports.esp32"),
    },
    "opening": {"text"},
    "dns": {"_compat", "parse", "text", "opening"},
    "web": {"_compat", "text", "opening"},
    "page": {"_compat", "web", "page_html", "opening"},
    "page_html": set(),
    "portal": {"web", "portal_html", "opening"},
    "portal_html": set(),
    "ports.__init__": set(),
    "ports.wifi": set(),
    "ports.rp2": {"_compat", "stations", "ports.rp2_start"},
    "ports.rp2_start": {"_compat"},
    "ports.esp32": {"_compat", "ports.esp32_start"},
    "ports.esp32_start": set(),
    "ports.echo": {"_compat", "message"},
}
# What deals with the board; all else is bytes in, bytes out.
OUTER = {
    "background",
    "loop",
    "clock",
    "relay",
    "relay_start",
    "dns",
    "opening",
    "page",
    "portal",
    "service",
    "starting",
    "storage",
    "web",
}
BOARD = {"_thread", "asyncio", "errno", "gc", "machine", "network", "os", "select", "socket"}
BOARD |= {"sys", "time"}
OUTSIDE = {"array", "collections", "micropython"}  # all else that the core may import
# Not for a packet, or for machine code.
LATE = {
    "config": {"sys"},
    "parse": {"sys"},
    "leasefile": {"binascii"},
    "leasedump": {"binascii"},
    "fast_start": {"sys", "uctypes"},
}
LONGEST_FUNCTION = 50


def modules():
    """Return the files of the core by module name."""
    return {
        ".".join(path.relative_to(CORE).with_suffix("").parts): path
        for path in sorted(CORE.rglob("*.py"))
    }


def outer(name):
    """Return whether a module may do input and output."""
    return name in OUTER or name.startswith("ports.")


def sources():
    """Return all Python files of firmware/ and tools/ but fetched ones."""
    return [
        path for folder in ("firmware", "tools") for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def imports(tree, package=""):
    """Yield (package module, or None; full name) for each import anywhere in a module.

    package   "ports." for a module in there: what its `from .` means
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _own(alias.name), alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package if node.level == 1 else ""
            if node.module in (None, "microdhcp", "ports"):  # None: from . import name
                base += "ports." if node.module == "ports" else ""
                for alias in node.names:
                    yield base + alias.name, f"microdhcp.{base}{alias.name}"
            else:
                own = base + node.module if node.level else _own(node.module)
                yield own, node.module


def _own(name):
    head, _, rest = name.partition(".")
    return rest if head == "microdhcp" else None


def functions(tree):
    """Yield (name with its class, node, public) of every function of a module, nested ones too."""

    def inside(node, prefix, public):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                open_name = public and not child.name.startswith("_")
                yield prefix + child.name, child, open_name
                yield from inside(child, f"{prefix}{child.name}.", False)
            elif isinstance(child, ast.ClassDef):
                open_name = public and not child.name.startswith("_")
                yield from inside(child, f"{prefix}{child.name}.", open_name)
            else:
                yield from inside(child, prefix, public)

    return inside(tree, "", True)


def private_constants(tree):
    """Yield (name, value) of each `_NAME = const(number)` of a module."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            call = node.value
            name = node.targets[0].id
            if getattr(call.func, "id", "") == "const" and name.startswith("_"):
                yield name, ast.unparse(call.args[0])


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_go_one_way(name):
    """Each module imports only what the drawing of the layers allows."""
    assert name in EDGES, f"{name}.py has no place in the layers"
    package = "ports." if name.startswith("ports.") else ""
    allowed = OUTSIDE | LATE.get(name, set()) | (BOARD if outer(name) else set())
    for own, full in imports(ast.parse(modules()[name].read_text()), package):
        if own is None:
            assert full in allowed, f"{name} imports {full}"
        else:
            assert own in EDGES[name], f"{name} imports {full}"


@pytest.mark.parametrize("name", sorted(name for name in modules() if not outer(name)))
def test_the_core_does_no_input_or_output(name):
    """No sockets, clocks or files, and nothing printed: the core is bytes in, bytes out."""
    for node in ast.walk(ast.parse(modules()[name].read_text())):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", "")
            assert called not in {"print", "open", "input", "exec", "eval"}, node.lineno


def test_the_lazy_names_lead_somewhere():
    """What the package offers exists where its table says."""
    import microdhcp

    assert {"Config", "Server", "BROADCAST", "CLIENT", "CIADDR", "RELAY", "PARK"} <= set(
        microdhcp._HOME
    )
    for name, home in microdhcp._HOME.items():
        assert home in EDGES
        if not outer(home):  # those need a board
            assert getattr(microdhcp, name) is not None
    with pytest.raises(AttributeError):
        _ = microdhcp.nothing_of_that_name


def test_a_constant_of_the_same_name_is_the_same_number():
    """MicroPython drops `_NAME = const(1)` from the module, so modules repeat them: all alike."""
    seen = {}
    for name, path in modules().items():
        if name.startswith("ports."):  # offsets in frames of their own
            continue
        for constant, value in private_constants(ast.parse(path.read_text())):
            owner, known = seen.setdefault(constant, (name, value))
            assert value == known, f"{constant} is {value} in {name}, {known} in {owner}"
    assert seen, "no constants found: the reader of this test is broken"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_are_short_and_public_ones_documented(path):
    """No function over 50 lines but machine code, where a call costs more than it explains.

    Every public one says what it returns.
    """
    for name, node, public in functions(ast.parse(path.read_text())):
        length = node.end_lineno - node.lineno + 1
        machine_code = "micropython.viper" in map(ast.unparse, node.decorator_list)
        assert length <= LONGEST_FUNCTION or machine_code, f"{name}: {length} lines"
        if public:
            assert ast.get_docstring(node), f"{name}: no docstring"


def test_no_work_left_lying_about():
    """The tree holds no unfinished work."""
    left = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for path in [*sources(), *sorted((ROOT / "host_tests").glob("*.py"))]:
        if path != Path(__file__):
            assert not left.search(path.read_text()), path
