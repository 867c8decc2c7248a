"""The package as the build reads it: trees without what a board does not need, and their names."""

import ast
import copy
import graphlib
from collections import Counter
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "firmware" / "microdhcp"
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPE = (*FUNCTION, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Module:
    """One source file.

    name      "leases", "ports.rp2"; "__init__" for the package itself
    tree      ast.Module, without docstrings and annotations
    globals   names that it defines at its top, in order
    consts    {name: value} of those that are const(...): the compiler folds them
    """

    def __init__(self, name, text):
        self.name = name
        self.tree = ast.parse(text)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.stmt):
                node.origin = name, node.lineno
        _strip(self.tree)
        self.globals = list(dict.fromkeys(_defined(self.tree.body)))
        self.consts = {node.targets[0].id: node.value for node in self.tree.body if is_const(node)}

    def copy(self):
        """Return the statements, to be changed."""
        return copy.deepcopy(self.tree.body)

    def imported(self, node):
        """Return the module of the package that an ast.ImportFrom names, None: one from outside.

        "" is the package itself.
        """
        if not node.level:
            return None
        parents = self.name.split(".")[: -node.level]
        return ".".join([*parents, *filter(None, [node.module])])

    def needs(self):
        """Return the modules of the package that are imported with it, at its top."""
        return self._imports(self.tree.body)

    def imports(self):
        """Return the modules of the package that it ever imports."""
        return self._imports(ast.walk(self.tree))

    def _imports(self, nodes):
        found = set()
        for node in nodes:
            if isinstance(node, ast.ImportFrom):
                home = self.imported(node)
                if home is not None:
                    found.add(home)
                    found.update(f"{home}.{alias.name}".strip(".") for alias in node.names)
        return found


@cache
def package(folder=PACKAGE):
    """Return {name: Module} of all source files."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        name = ".".join(path.relative_to(folder).with_suffix("").parts)
        found[name] = Module(name, path.read_text(encoding="utf-8"))
    return found


def in_order(names, modules):
    """Return names of modules so that each comes behind those it imports at its top."""
    graph = {name: sorted(modules[name].needs() & set(names)) for name in sorted(names)}
    return list(graphlib.TopologicalSorter(graph).static_order())


def is_const(node):
    """Return whether a statement is `NAME = const(…)`."""
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "const"
    )


def is_viper(node):
    """Return whether a function is marked for machine code, where annotations are types."""
    return any("micropython." in ast.unparse(mark) for mark in node.decorator_list)


def walk_scope(node):
    """Yield the nodes below a function, but none inside functions in it."""
    left = list(ast.iter_child_nodes(node))
    while left:
        node = left.pop(0)
        yield node
        if not isinstance(node, (*SCOPE, ast.ClassDef)):
            left += ast.iter_child_nodes(node)


def arguments(node):
    """Return the ast.arg of a function or lambda."""
    a = node.args
    return [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]


def defined_attributes(trees):
    """Return Counter {attribute: uses} of all that these trees themselves set on objects."""
    uses, own = Counter(), set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Attribute):
            uses[node.attr] += 1
            if isinstance(node.ctx, ast.Store):
                own.add(node.attr)
        elif isinstance(node, ast.ClassDef):
            own.update(_defined(node.body))
    return Counter({name: uses[name] for name in own})


def words(trees):
    """Return (plain names, attributes, texts, keywords of calls) that occur in these trees."""
    names, attributes, texts, keywords = set(), set(), set(), set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.update((node.asname or node.name).split("."))
        elif isinstance(node, (*FUNCTION, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Attribute):
            attributes.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg:
            keywords.add(node.arg)
    return names, attributes, texts, keywords


def _defined(body):
    """Yield the names that statements define, with those in `if` and `try`; no imports."""
    for node in body:
        if isinstance(node, (*FUNCTION, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name))
        elif isinstance(node, (ast.If, ast.For, ast.While)):
            yield from _defined([*node.body, *node.orelse])


def _strip(tree):
    """Take docstrings and annotations away, but for the types of machine code."""
    for node in list(ast.walk(tree)):
        if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTION)):
            if ast.get_docstring(node, clean=False) is not None:
                del node.body[0]
            node.body = [plain for one in node.body if (plain := _plain(one))] or [ast.Pass()]
        if isinstance(node, FUNCTION) and not is_viper(node):
            node.returns = None
            for argument in arguments(node):
                argument.annotation = None


def _plain(node):
    """Return a statement without annotation; None for one that is nothing else."""
    if not isinstance(node, ast.AnnAssign):
        return node
    if node.value is None:
        return None
    plain = ast.copy_location(ast.Assign([node.target], node.value), node)
    plain.origin = node.origin
    return plain
