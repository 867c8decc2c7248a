"""Which name of the source becomes which: public ones stay, private ones are in ROM anyway.

A name costs a board some 24 bytes of heap, unless its firmware has it in flash.
"""

import ast
import builtins
import keyword

from packer import layout, romnames, source

_MODULE_WORDS = {"__init__", "match", "case", "type", "_"}


def public(modules):
    """Return {module: names, or None for all without an underscore} of what programs may use.

    From the dict _HOME of __init__.py, {public name: module}; a module may be public itself.
    """
    found = {}
    for name, module in home_of(modules).items():
        found.setdefault(module, set()).add(name)
    for module, names in layout.CALLS.items():
        if module in modules:
            found.setdefault(module, set()).update(names.split())
    whole = [name for name, names in found.items() if name in names]
    whole += set(layout.PUBLIC_MODULES) & set(modules)
    return found | dict.fromkeys([*whole, *_for_programs(modules)])


def _for_programs(modules):
    """Yield the modules that are files of their own and that no other module imports."""
    bundled = {
        name.format(family=one)
        for one in layout.FAMILIES
        for text in layout.BUNDLES.values()
        for name in text.split()
    }
    imported = set().union(*(module.imports() for module in modules.values()))
    for name in modules:
        if name not in imported | bundled and "__init__" not in name:
            yield name


def home_of(modules):
    """Return the dict _HOME of __init__.py."""
    for node in modules["__init__"].tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "_HOME":
            return ast.literal_eval(node.value)
    raise ValueError("firmware/microdhcp/__init__.py has no _HOME")


class Names:
    """The names of one build.

    attributes  {name in the source: name in the build}, of what is set on objects
    finals      {(module, name): name in the build}, of what modules define
    arguments   names for arguments, one after the other
    keywords    arguments that keep their names, because a call names them
    """

    def __init__(self, modules, files, extra=""):
        """Choose; files: names of all files of the package, extra: more public names."""
        trees = [module.tree for module in modules.values()]
        self._modules = modules
        self._public = public(modules)
        plain, used, texts, self.keywords = source.words(trees)
        kept = texts | set(extra.split()) | self._public_attributes()
        native = romnames.read(romnames.ANY)
        rom = romnames.read(romnames.COMMON)
        own = source.defined_attributes(trees)
        private = [
            name
            for name, _ in sorted(own.items(), key=lambda item: (-item[1], item[0]))
            if name not in kept and _is_ours(name, native)
        ]
        free = rom - used - kept - set(files) - set(keyword.kwlist) - _MODULE_WORDS
        pool = sorted((name for name in free if name[:2] != "__"), key=_preference)
        self.attributes = dict(zip(private, pool, strict=False))  # the rest keep theirs
        rest = [n for n in pool if n not in plain and n not in dir(builtins)]
        self.finals = {}
        self._choose_globals(iter(rest))
        taken = set(self.finals.values())
        self.arguments = [name for name in rest if name not in taken]

    def is_public(self, module, name):
        """Return whether programs may use what a module defines."""
        names = self._public.get(module, ())
        return name[:1] != "_" if names is None else name in names

    def _public_attributes(self):
        found = set()
        for module in self._public:
            for node in self._modules[module].tree.body:
                if isinstance(node, ast.ClassDef) and self.is_public(module, node.name):
                    found |= _attributes(node)
        return found

    def _choose_globals(self, pool):
        for module in self._modules.values():
            by_text = any(
                isinstance(node, ast.Name) and node.id == "globals"
                for node in ast.walk(module.tree)
            )
            for name in module.globals:
                if self.is_public(module.name, name) or name[:2] == "__":
                    final = name
                elif name in module.consts:
                    final = f"_{module.name.replace('.', '_')}_{name}"  # folded: in no file
                elif by_text:
                    final = name
                else:
                    final = next(pool, name)
                self.finals[module.name, name] = final


def _is_ours(name, native):
    """Return whether an attribute is one of ours: marked as private, or in no firmware."""
    return name[:2] != "__" and (name[:1] == "_" or name not in native)


def _preference(name):
    """Return what to sort by: short names first, those of constants last."""
    return name[0].isupper(), len(name), name


def _attributes(node):
    """Return what a public class has without an underscore: methods, and what they set on self."""
    own = source.defined_attributes([node])
    return {name for name in own if name[:1] != "_"}
