"""What tools/build.py makes of the package: few files, names from ROM, FAST, and the way back.

That it does what the source does is for the core's own tests, which run against it in MicroPython
(tools/check, step micropython).
"""

import ast
import io
import sys
import tempfile
import unittest
from contextlib import redirect_stdout
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import build
import mpvm
import packer
import translate
from mpvm.install import missing
from packer import layout, order, romnames, source

_ARCH_BITS = {"armv6m": 4, "armv7emsp": 7, "xtensawin": 10, "rv32imc": 11}
REASON = missing()
WRONG = 'from microdhcp import Config\nConfig("192.0.2.1/24", ("192.0.2.9", "192.0.2.3"))'
MODULES = {
    "__init__": '_HOME = {"Thing": "thing", "late_part": "late_part"}\n',
    "kinds": "SMALL = const(3)\nLARGE = const(SMALL + 4)\n",
    "part": "from .kinds import LARGE\n\n\ndef grow(amount):\n    return amount + LARGE\n",
    "thing": '''"""Doc."""
import sys
from .part import grow as more
from . import late_part  # public: in _HOME


class Thing:
    """Doc."""

    def size(self, given):
        """Doc."""
        self._hidden = more(given)
        return late_part.later(self._hidden) if sys.platform == "rp2" else getattr(self, "spoken")

    def spoken(self):
        return self._hidden
''',
    "late_part": "def later(value):\n    return [value for value in (value,)][0]\n",
}


def arch_of(mpy):
    """Return the core that an .mpy is for, 0 for all: the upper bits of its third byte."""
    return mpy[2] >> 2 & 0x0F


class Small(packer.Build):
    """The build of MODULES: thing, kinds and part in one file."""

    def __init__(self):
        self.family = "rp2"
        self.facts = {"sys.platform": "rp2"}
        self.modules = {name: source.Module(name, text) for name, text in MODULES.items()}
        self.files = {"thing": ["thing", "part", "kinds"], "late_part": ["late_part"]}
        self.home = {name: file for file, names in self.files.items() for name in names}
        self.names = packer.Names(self.modules, self.files)
        self._sources, self._functions, self._lines = {}, {}, {}


class Generated(unittest.TestCase):
    """A small package, where each rule can be seen."""

    @classmethod
    def setUpClass(cls):
        cls.build = Small()
        cls.text = cls.build.sources()["thing"]
        cls.tree = ast.parse(cls.text)

    def test_a_bundle_has_no_imports_of_its_own_modules_and_those_it_needs_come_first(self):
        imports = [ast.unparse(n) for n in self.tree.body if isinstance(n, ast.ImportFrom)]
        self.assertEqual(imports, ["from . import late_part"])
        kinds = [type(n).__name__ for n in self.tree.body]
        self.assertLess(kinds.index("FunctionDef"), kinds.index("ClassDef"))

    def test_public_names_stay_and_private_ones_are_in_rom(self):
        found = self.tree.body[-1]
        self.assertEqual((found.name, found.body[0].name), ("Thing", "size"))
        self.assertEqual(found.body[0].args.args[1].arg, "given")
        rom = romnames.read(romnames.COMMON)
        self.assertIn(self.build.names.attributes["_hidden"], rom)
        self.assertIn(self.build.names.finals["part", "grow"], rom)
        self.assertNotIn("_hidden", self.text)

    def test_a_name_that_a_text_asks_for_stays(self):
        self.assertNotIn("spoken", self.build.names.attributes)

    def test_constants_are_folded_docstrings_gone_the_other_familys_branch_too(self):
        self.assertNotIn("Doc", self.text)
        self.assertNotIn("platform", self.text)
        constants = [n.targets[0].id for n in self.tree.body if source.is_const(n)]
        self.assertEqual(constants, ["_kinds_SMALL", "_kinds_LARGE"])

    def test_it_still_works(self):
        names = {"const": lambda value: value}
        late = {}
        exec(self.build.sources()["late_part"], late)
        later = late[self.build.names.finals["late_part", "later"]]
        text = self.text.replace("from . import late_part", "")
        module = type("late_part", (), {self.build.names.finals["late_part", "later"]: later})
        exec(text, {**names, "late_part": module}, names)
        namespace = {**names, "late_part": module}
        exec(text, namespace)
        self.assertEqual(namespace["Thing"]().size(5), 12)

    def test_frequent_names_come_first_but_no_local_names_and_constants(self):
        text = "_a_B = const(3)\ndef f(c):\n    d = c.e + c.e + _a_B + _a_B\n    return d.g + d\n"
        text += "def h():\n    return f(f(1))\n"
        body = order.run(ast.parse(text).body)
        self.assertEqual(ast.unparse(body[0]), "lambda: f.f.e")
        self.assertEqual(ast.unparse(body[1:]), ast.unparse(ast.parse(text)))
        body = ast.parse("a = 1").body
        self.assertEqual(order.run(body), body)

    def test_two_of_a_name_in_a_file_are_refused(self):
        two = [ast.parse("def f(): pass").body[0]] * 2
        with self.assertRaisesRegex(ValueError, "two of its modules define f"):
            packer._once_each("thing", two)

    def test_a_module_that_is_not_there_is_named(self):
        with self.assertRaisesRegex(ValueError, "no module"):
            layout.bundles("rp2", {"server"})


class Package(unittest.TestCase):
    def test_files_are_bytecode_and_the_service_of_one_family(self):
        for family in layout.FAMILIES:
            found = build.package(family)
            self.assertEqual({arch_of(code) for code in found.values()}, {0})
            self.assertIn(f"microdhcp/service_{family}.mpy", found)
            others = [name for name in layout.FAMILIES if name != family]
            self.assertFalse([name for name in found for other in others if other in name])

    def test_all_families_share_the_other_files(self):
        whole = build.package(None)
        for family in layout.FAMILIES:
            one = build.package(family)
            self.assertEqual({name: whole[name] for name in one}, one)

    def test_every_module_of_the_source_is_in_it_once(self):
        held = []
        for family in layout.FAMILIES:
            held += [m for file, ms in build.make(family).files.items() for m in ms]
        left_out = {"__init__", "ports.__init__", "_compat", *layout.FAST}
        self.assertEqual(set(held), set(source.package()) - left_out)

    def test_fast_is_lean_and_the_native_modules_of_each_core(self):
        lean = build.package()
        for arch in build.ARCHES:
            found = build.package(fast=True, arch=arch)
            more = {f"microdhcp/{name}.mpy" for name in layout.FAST}
            self.assertEqual(set(found) - set(lean), more)
            native = [name for name in found if arch_of(found[name])]
            self.assertEqual(native, [f"microdhcp/{name}.mpy" for name in layout.NATIVE])
            self.assertEqual(arch_of(found[native[0]]), _ARCH_BITS[arch])

    def test_fast_without_a_known_core_is_refused(self):
        for arch in (None, "z80"):
            with self.assertRaisesRegex(ValueError, "armv6m"):
                build.package(fast=True, arch=arch)

    def test_private_names_are_in_rom(self):
        names = build.make("rp2").names
        rom = romnames.read(romnames.COMMON)
        self.assertEqual([new for new in names.attributes.values() if new not in rom], [])
        left = [
            name
            for name in source.defined_attributes([m.tree for m in names._modules.values()])
            if name[:1] == "_" and name[:2] != "__" and name not in names.attributes
        ]
        self.assertEqual(left, [])

    def test_no_new_name_is_one_that_the_package_uses_for_something_else(self):
        names = build.make("rp2").names
        trees = [module.tree for module in names._modules.values()]
        _, attributes, texts, _ = source.words(trees)
        self.assertFalse(set(names.attributes.values()) & (attributes | texts))

    def test_the_command_writes_it_with_its_names(self):
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
            self.assertEqual(build.main([folder, "--family", "rp2"]), 0)
            written = {p.relative_to(folder).as_posix(): p for p in Path(folder).rglob("*.*")}
            data = {name: path.read_bytes() for name, path in written.items()}
            self.assertEqual(data.pop(build.MAP).decode(), build.names_map("rp2"))
            self.assertEqual(data, build.package("rp2"))


class Traceback(unittest.TestCase):
    """What MicroPython prints, in the words of the source."""

    def printed(self, lines):
        files = {
            f"/firmware/{name}": data for name, data in build.package("rp2", lines=lines).items()
        }
        done = mpvm.run(WRONG, built=True, files=files)
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("_pool", done.stderr)
        return translate.translated(done.stderr, build.make("rp2").names_map())

    def line_of(self, text, path="settings.py"):
        lines = (source.PACKAGE / path).read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    @unittest.skipIf(REASON, REASON)
    def test_without_lines_where_the_function_begins(self):
        said = self.printed(False)
        begin = self.line_of("def _pool(")
        self.assertIn(f'File "firmware/microdhcp/settings.py", line {begin}, in _pool', said)
        self.assertTrue(said.rstrip().splitlines()[-1].startswith("ValueError: pool: its first"))

    @unittest.skipIf(REASON, REASON)
    def test_with_lines_the_very_line(self):
        there = self.line_of("comes after its last")
        said = self.printed(True)
        self.assertIn(f'File "firmware/microdhcp/settings.py", line {there}, in _pool', said)

    def test_names_in_the_message_are_translated_and_other_lines_stay(self):
        names = build.make("rp2").names
        new = names.attributes["_queue"]
        text = "Traceback (most recent call last):\n"
        text += '  File "service_rp2", line 1, in poll\n'
        text += f"AttributeError: 'x' object has no attribute '{new}'\n"
        said = translate.translated(text, build.make("rp2").names_map())
        self.assertIn("in Service.poll", said)
        self.assertIn("_queue", said.splitlines()[-1])
        self.assertEqual(
            translate.translated("nothing\n", {"files": {}, "names": {}}), "nothing\n"
        )


class Firmware(unittest.TestCase):
    """The names in a firmware: read from an image, and in the committed lists."""

    def test_a_table_of_names_is_found_in_an_image(self):
        words = [f"name_{number}" for number in range(100)]
        text, pointers = b"", []
        for word in words:
            pointers.append(0x1000 + len(text))
            text += word.encode() + b"\0"
        text += bytes(-len(text) % 4)
        image = text + b"".join(pointer.to_bytes(4, "little") for pointer in pointers) + bytes(8)
        self.assertEqual(romnames.pools(0x1000, image), set(words))

    @unittest.skipIf(REASON, REASON)
    def test_the_lists_are_those_of_the_firmware_here(self):
        common, native = romnames.read(romnames.COMMON), romnames.read(romnames.ANY)
        self.assertLess(common, native)
        images = dict(romnames.images())
        self.assertTrue(images)
        for name, names in images.items():
            self.assertEqual(common - names, set(), name)
            self.assertEqual(names - native, set(), name)


if __name__ == "__main__":
    unittest.main()
