"""Which name of the source becomes which: public ones stay, private ones are in ROM anyway.

A name costs a board some 24 bytes of heap, unless its firmware has it in flash.
"""

import ast
import builtins
import keyword

from packer import romnames, source

_MODULE_WORDS = {"__init__", "match", "case", "type", "_"}


def public(modules):
    """Return {module: names, or None for all without an underscore} of what programs may use.

    From the dict _HOME of __init__.py, {public name: module}; a module may be public itself.
    """
    home = home_of(modules)
    found = {}
    for name, module in home.items():
        if name == module:
            found[module] = None
        elif found.get(module, ()) is not None:
            found.setdefault(module, set()).add(name)
    return found


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
            if name not in kept and name not in native and name[:2] != "__"
        ]
        free = rom - used - kept - set(files) - set(keyword.kwlist) - _MODULE_WORDS
        pool = sorted((n for n in free if n[:2] != "__"), key=lambda n: (n[0].isupper(), len(n), n))
        self.attributes = dict(zip(private, pool))  # those that find no name keep theirs
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
        for module, names in self._public.items():
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


def _attributes(node):
    """Return what a public class has without an underscore: methods, and what they set on self."""
    own = source.defined_attributes([node])
    return {name for name in own if name[:1] != "_"}
