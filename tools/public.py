"""The public names: what the stubs (*.pyi) beside the package list, and the code of each.

The stubs are for editors and for mypy; a board does not get them.  host_tests/test_host_stubs.py
compares them with the code, and tools/reference.py writes the reference pages from both.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "firmware" / "microdhcp"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Code:
    """A function of the package: its node, and how many of its first arguments a caller omits."""

    node: ast.AST
    bound: int


def trees(suffix):
    """Return {module: ast.Module} for the package's files; suffix ".py" or ".pyi"."""
    return {path.stem: ast.parse(path.read_text()) for path in sorted(PACKAGE.glob(f"*{suffix}"))}


def members(node):
    """Return {name: node} of the functions and classes in a module or class."""
    kinds = (*FUNCTIONS, ast.ClassDef)
    return {child.name: child for child in node.body if isinstance(child, kinds)}


def code_of(owner, name, sources):
    """Return the Code of a public function.

    owner    (module, class or None)
    sources  what trees(".py") returns
    What Server and Service load when it is first used is a function whose first argument is named
    after the class, in another module.  KeyError: no such function.
    """
    module, class_name = owner
    home = sources[module]
    if class_name is None:
        return Code(members(home)[name], 0)
    own = members(members(home)[class_name])
    if name in own:
        return Code(own[name], 1)
    for tree in (sources["report"], *sources.values()):
        found = members(tree).get(name)
        if isinstance(found, FUNCTIONS) and found.args.args:
            if found.args.args[0].arg == class_name.lower():
                return Code(found, 1)
    for node in ast.walk(sources["conflict"]):  # what enable_checks() adds
        if isinstance(node, FUNCTIONS) and node.name == name:
            return Code(node, bool(node.args.args and node.args.args[0].arg == "self"))
    raise KeyError(f"{class_name}.{name}: no such function")


def arguments(node, bound):
    """Return [(name, default as source or None, "" or "*" for keyword only)] of a function."""
    given = node.args
    plain = given.args[bound:]
    defaults = [None] * (len(plain) - len(given.defaults)) + list(given.defaults)
    found = [(one.arg, _text(value), "") for one, value in zip(plain, defaults, strict=True)]
    for one, value in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        found.append((one.arg, _text(value), "*"))
    if given.kwarg:
        found.append((given.kwarg.arg, None, "**"))
    return found


def _text(node):
    return None if node is None else ast.unparse(node)
