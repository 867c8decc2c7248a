"""The stubs say what the code does: same names, arguments and defaults, for mypy and editors."""

import ast
import os
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import microdhcp
import package_list
import public
import typecheck
from microdhcp import Config, Server, report, settings

SOURCES = public.trees(".py")
STUBS = public.trees(".pyi")
MISSING = [] if typecheck.installed("mypy", typecheck.packages()["mypy"]) else ["mypy"]
# **settings of the code: where their names and defaults are.
KEYWORDS = {"Config": ("settings", "DEFAULTS"), "Relay": ("relay_start", "_DEFAULTS")}
# Public for the package's own modules only.
INTERNAL = {
    "Config": {"on_link"},
    "Server": {"sign", "admits"},
    "Service": {"stations", "turn", "feed", "late", "rest_ms", "survive", "give_up"}
    | {"poll_part"},
    "Relay": {"feed"},
    "Leases": {name for name in public.members(public.members(SOURCES["leases"])["Leases"])},
    "Names": {"is_board", "open", "sockets", "poll", "close"},
    "Page": {"respond"},
    "Portal": {"respond", "elsewhere"},
    "Web": {"respond", "is_own", "open", "sockets", "poll", "event", "close"},
    "Request": {"feed"},
    "Reply": {"head"},
}
PROGRAM = """\
from microdhcp import PARK, Config, Server, Service, serve, store
from microdhcp.dns import Names
from microdhcp.page import Page
from microdhcp.report import Lease

config = Config(address="192.0.2.1/24", pool=("192.0.2.16", "192.0.2.31"), lease_s=600,
                options={"mtu": 1400, 114: "https://a"}, allow=["00:00:5e"])
server = Server(config)
server.rx[:1] = b"1"
n: int = server.handle(1, now_s=0)
assert n != PARK and server.last_drop
lease: Lease
for lease in server.roster(states=("bound",)):
    print(lease.address, lease.seconds_left)
print(server.counters()["drops"], store.load(server, store.dump(server, 0), 0))
service: Service = serve(None, ssid="greenhouse", key="change-me-now")
Page(service, title="Devices")
Names(service, domain="lan")
"""
WRONG = """\
from microdhcp import Config, Server
server = Server(Config("192.0.2.1/24", ("192.0.2.16", "192.0.2.31"), lease_seconds=1))
server.handle("1", 0)
"""


def functions():
    """Yield (module, class or None, function) for each that a stub lists."""
    for module, tree in STUBS.items():
        for name, node in public.members(tree).items():
            if isinstance(node, ast.ClassDef):
                for method in public.members(node).values():
                    yield module, name, method
            else:
                yield module, None, node


def expected(class_name, code):
    """Return the arguments that the stub of a function must have."""
    found = public.arguments(code.node, code.bound)
    if class_name in KEYWORDS and found and found[-1][2] == "**":
        module, table = KEYWORDS[class_name]
        found[-1:] = [(name, value, "*") for name, value in defaults(module, table)]
    return found


def defaults(module, table):
    """Return [(name, default as source)] of a table of defaults; "...": what no value says."""
    for node in SOURCES[module].body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == table:
            pairs = zip(node.value.keys, node.value.values)
            return [
                (key.value, "..." if isinstance(value, ast.Name) else ast.unparse(value))
                for key, value in pairs
            ]
    raise KeyError(table)


class Signatures(unittest.TestCase):
    def test_functions(self):
        """Every function of a stub has the arguments and defaults of the code"""
        for module, class_name, stub in functions():
            with self.subTest(f"{module}.{class_name}.{stub.name}"):
                code = public.code_of((module, class_name), stub.name, SOURCES)
                have = public.arguments(stub, 1 if class_name else 0)
                self.assertEqual(have, expected(class_name, code))

    def test_nothing_is_left_out(self):
        """Every public method of a class in a stub is in the stub, or is named as internal"""
        for module, tree in STUBS.items():
            for name, node in public.members(tree).items():
                if isinstance(node, ast.ClassDef) and name in public.members(SOURCES[module]):
                    code = public.members(public.members(SOURCES[module])[name])
                    left = {method for method in code if method[0] != "_"}
                    left -= set(public.members(node)) | INTERNAL.get(name, set())
                    self.assertEqual(left, set(), name)

    def test_public_names(self):
        """The stub of the package has the names that the package loads"""
        names = set()
        for node in STUBS["__init__"].body:
            if isinstance(node, ast.ImportFrom):
                names |= {one.asname for one in node.names if one.asname}
            if isinstance(node, ast.Assign):
                names.add(node.targets[0].id)
        self.assertEqual(names, set(microdhcp._HOME))

    def test_attributes(self):
        """Every attribute that a stub names is there"""
        config = Config("192.0.2.1/24", ("192.0.2.16", "192.0.2.31"))
        server = Server(config)
        objects = {"Config": config, "Server": server, "Leases": server.leases}
        for module in ("config", "server", "leases"):
            for name, node in public.members(STUBS[module]).items():
                for one in node.body:
                    if isinstance(one, ast.AnnAssign):
                        self.assertTrue(hasattr(objects[name], one.target.id), one.target.id)
        (lease,) = public.members(STUBS["report"]).values()
        fields = [one.target.id for one in lease.body]
        self.assertEqual(fields, list(report.Lease._fields))

    def test_defaults_are_those_of_the_settings(self):
        """The table that the test reads is the one that counts"""
        names = [name for name, _ in defaults("settings", "DEFAULTS")]
        self.assertEqual(names, list(settings.DEFAULTS))

    def test_boards_get_none(self):
        self.assertEqual([path for path in package_list.sources() if path.endswith(".pyi")], [])


@unittest.skipIf(MISSING, "mypy is not installed (python tools/typecheck.py setup)")
class Mypy(unittest.TestCase):
    """A user's program under `mypy --strict`."""

    def check(self, program):
        """Return mypy's lines about a program."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "program.py"
            path.write_text(program)
            command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(path)]
            command += ["--no-error-summary", f"--cache-dir={folder}/cache"]
            places = {"PYTHONPATH": typecheck.HOME / "mypy", "MYPYPATH": typecheck.FIRMWARE}
            environment = {**os.environ, **{name: str(place) for name, place in places.items()}}
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600
            )
            return (done.stdout + done.stderr).splitlines()

    def test_clean(self):
        self.assertEqual(self.check(PROGRAM), [])

    def test_mistakes(self):
        """A setting that there is not, and an argument of another type"""
        found = "\n".join(self.check(WRONG))
        self.assertIn('Unexpected keyword argument "lease_seconds" for "Config"', found)
        self.assertIn('Argument 1 to "handle" of "Server" has incompatible type', found)


class Versions(unittest.TestCase):
    def test_python(self):
        """The stubs are for the oldest Python that the package names"""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        self.assertEqual(project["requires-python"], ">=3.9")
        for tree in public.PACKAGE.glob("*.pyi"):
            ast.parse(tree.read_text(), feature_version=(3, 9))


if __name__ == "__main__":
    unittest.main()
