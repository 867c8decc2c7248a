"""Makes of the source what is put on a board: few files, with names that firmware has in ROM.

    build = packer.Build("rp2")
    build.sources()        {file name without suffix: generated Python}
    build.names_map()      what translate.py needs to translate

Modules that are resident together become one file (layout.py); private functions with one caller
move to it (inline.py); private names become names that every stock firmware holds in flash
(names.py); constants become numbers.  Nothing else changes.
"""

import ast
from functools import cache

from packer import flatten, inline, layout, order, rewrite, romnames, source, texts
from packer.names import Names, home_of


class Build:
    """The package for one family of boards.

    family  "rp2" or "esp32"
    fast    True: with the modules of machine code
    Names and common files are the same for all families.
    """

    def __init__(self, family, fast=False):
        if family not in layout.FAMILIES:
            raise ValueError(f"no family {family!r}; there are {', '.join(layout.FAMILIES)}")
        self.family = family
        self.modules = _modules()
        self.facts = {"sys.platform": family, "sys.implementation.name": "micropython"}
        present = set(self.modules) - (set() if fast else set(layout.FAST))
        self.files = layout.bundles(family, present)
        self.home = {module: file for file, members in self.files.items() for module in members}
        self.names = _names()
        self._sources = {}
        self._functions = {}
        self._lines = {}

    def sources(self):
        """Return {file: generated Python}; made once."""
        if not self._sources:
            self._sources["__init__"] = self._front()
            self._sources.update((file, self._file(file)) for file in self.files)
        return self._sources

    def _file(self, file):
        """Return the text of one file; notes functions and lines for names_map()."""
        body, functions, needed = [], [], {}
        for name in source.in_order(self.files[file], self.modules):
            writer = rewrite.Rewriter(self, self.modules[name])
            body += writer.run()
            needed.update(writer.needed)
            functions += [(new, name, old, line) for new, old, line in writer.functions]
        self._functions[file] = functions
        body = self._constants(needed) + _without_repeats(file, body)
        _once_each(file, body)
        body = flatten.run(body, self._asked_for(file))
        if self.leaves(file):
            body = texts.run(body, self._names_anyway(), self.names.arguments[-1])
        if file in layout.ORDERED:
            body = order.run(body)
        text = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
        self._lines[file] = _lines(body, text)
        return text

    def _asked_for(self, file):
        """Return the names in a file that programs or other files ask for."""
        members, found = self.files[file], set()
        for module in self.modules.values():
            if module.name not in members:
                names, attributes, _, _ = source.words([module.tree])
                found |= names | attributes
        return {
            new
            for (module, name), new in self.names.finals.items()
            if module in members and (name in found or self.names.is_public(module, name))
        }

    def leaves(self, file):
        """Return whether a file leaves memory after use."""
        return file in layout.LEAVING.format(family=self.family).split()

    def _names_anyway(self):
        """Return texts that are names in ROM or, because of the files that stay, in memory."""
        trees = [self.modules[m].tree for m, file in self.home.items() if file == "server"]
        plain, attributes, _, keywords = source.words(trees)
        return plain | attributes | keywords | romnames.read(romnames.COMMON)

    def _constants(self, needed):
        """Return assignments of the constants that a file needs from others, in order."""
        found = {}
        left = list(needed)
        while left:
            module, name = left.pop()
            value = self.modules[module].consts[name]
            inside = [(module, one.id) for one in ast.walk(value) if isinstance(one, ast.Name)]
            left += [key for key in inside if key[1] in self.modules[module].consts]
            found.pop((module, name), None)
            found[module, name] = value
        out = []
        for module, name in reversed(found):
            writer = rewrite.Rewriter(self, self.modules[module])
            text = f"{self.names.finals[module, name]} = {ast.unparse(found[module, name])}"
            assign = ast.parse(text).body[0]
            assign.value = writer.visit(assign.value)
            assign.origin = module, found[module, name].lineno
            out.append(assign)
        return out

    def _front(self):
        """Return the text of __init__.py: public names, and the files that they are in now."""
        body = self.modules["__init__"].copy()
        for node in body:
            if isinstance(node, ast.Assign) and node.targets[0].id == "_HOME":
                keys = [ast.Constant(name) for name in home_of(self.modules)]
                files = [self._place(module) for module in home_of(self.modules).values()]
                node.value = ast.Dict(keys, files)
        self._functions["__init__"] = [
            (node.name, "__init__", node.name, node.lineno)
            for node in body
            if isinstance(node, ast.FunctionDef)
        ]
        text = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
        self._lines["__init__"] = _lines(body, text)
        return text

    def of_family(self, file):
        """Return whether a file is for this family only."""
        return file.endswith(f"_{self.family}")

    def _place(self, module):
        """Return the expression for a file's name: that of a family is chosen on the board."""
        file = self.home[module]
        if self.of_family(file):
            start = file.removesuffix(self.family)
            return ast.parse(f"{start!r} + __import__('sys').platform", mode="eval").body
        return ast.Constant(file)

    def translated(self, name, text):
        """Return the text of a file that uses the package, with the names of this build."""
        body = rewrite.Outside(self, name, text).run()
        return ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))

    def names_map(self):
        """Return what is needed to read a traceback of this build, fit for JSON.

        files   {file: {"functions": {name: [[source file, name there, line]]},
                        "lines": [[line of the file, source file, line there]]}}
        names   {name in this build: [names in the source]}, of attributes, functions, classes
        """
        self.sources()
        files = {}
        for file, functions in sorted(self._functions.items()):
            found = {}
            for new, module, old, line in functions:
                found.setdefault(new, []).append([_path(module), old, line])
            lines = [[line, _path(module), there] for line, module, there in self._lines[file]]
            files[file] = {"functions": found, "lines": lines}
        names = {}
        for old, new in self.names.attributes.items():
            names.setdefault(new, set()).add(old)
        for (module, old), new in self.names.finals.items():
            if module in self.home and new != old:
                names.setdefault(new, set()).add(old)
        return {"files": files, "names": {new: sorted(old) for new, old in sorted(names.items())}}


@cache
def _modules():
    """Return {name: Module} of the package, where functions with one caller are in it."""
    modules = source.package()
    inline.run(modules)
    return modules


@cache
def _names():
    """Return the Names that all builds have in common."""
    modules = _modules()
    files = [set(layout.bundles(family, set(modules))) for family in layout.FAMILIES]
    return Names(modules, set().union(*files), layout.PUBLIC)


def _path(module):
    return module.replace(".", "/") + ".py"


def _without_repeats(file, body):
    """Return statements without imports that are there already; ValueError for a clash."""
    known, out = {}, []
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            node.names = [one for one in node.names if _is_new(file, node, one, known)]
            if not node.names:
                continue
        out.append(node)
    return out


def _is_new(file, node, alias, known):
    origin = getattr(node, "module", None), getattr(node, "level", 0), alias.name
    before = known.setdefault(alias.asname or alias.name, origin)
    if before != origin:
        raise ValueError(f"{file}: {alias.asname or alias.name} is imported from two places")
    return before is origin


def _once_each(file, body):
    """Raise ValueError for two functions or classes of one name in a file."""
    seen = set()
    for node in body:
        if isinstance(node, (*source.FUNCTION, ast.ClassDef)):
            if node.name in seen:
                raise ValueError(f"{file}: two of its modules define {node.name}")
            seen.add(node.name)


def _lines(body, text):
    """Return [(line in text, module, line there)] of all statements."""
    pairs = zip(_statements(body), _statements(ast.parse(text).body), strict=True)
    return [(new.lineno, *old.origin) for old, new in pairs if hasattr(old, "origin")]


def _statements(body):
    for node in body:
        yield node
        for name in ("body", "orelse", "handlers", "finalbody"):
            yield from _statements(getattr(node, name, None) or [])
