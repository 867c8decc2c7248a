"""Puts a base class into the only class that inherits from it: each class costs 120 bytes of heap.

The source splits one object into files by base classes: who reads a message, who writes a reply.
In the file that holds them all, a base class goes where nothing but its one subclass names it.
A method that the subclass replaces becomes a part of the new one, or goes if nobody calls it.
"""

import ast

from packer import inline, source


def run(body, kept):
    """Return the statements of a file with fewer classes.

    kept   names that other files, or programs, ask for
    """
    for base in [one for one in body if isinstance(one, ast.ClassDef)]:
        found = _only_subclass(base, body)
        if found is not None and base.name not in kept and _fit(base, found):
            _merge(base, found)
            body = [one for one in body if one is not base]
            body = inline.join(body, {_inner(one) for one in base.body})
    return body


def _only_subclass(base, body):
    """Return the class that alone inherits from a base and names it; None: it is otherwise."""
    classes = [one for one in body if isinstance(one, ast.ClassDef)]
    found = [one for one in classes if base.name in [ast.unparse(name) for name in one.bases]]
    if len(found) != 1 or len(found[0].bases) != 1:
        return None
    named = sum(_is_name(one, base.name) for node in body for one in ast.walk(node))
    return found[0] if named == 1 + len(_calls(base, found[0])) else None


def _fit(base, other):
    """Return whether two classes hold methods only, and the new ones alone call replaced ones."""
    if not all(isinstance(one, source.FUNCTION) for one in [*base.body, *other.body]):
        return False
    new = {one.name: one for one in other.body}
    for old in base.body:
        if old.name in new:
            calls = _calls(base, other).count(old.name)
            if calls > 1 or calls != _calls(base, new[old.name]).count(old.name):
                return False
    return True


def _calls(base, node):
    """Return the names in `Base.name(self, …)`, in order."""
    found = [_base_call(one, base) for one in ast.walk(node)]
    return [name for name in found if name is not None]


def _merge(base, other):
    """Move the methods of a base into a class; those that it replaces and calls get a new name."""
    replaced = {one.name for one in other.body}
    dead = replaced.difference(_calls(base, other))
    base.body = [one for one in base.body if one.name not in dead]
    for method in other.body:
        for node in ast.walk(method):
            name = _base_call(node, base)
            if name is not None:
                _with_self(method)
                node.func = ast.Attribute(node.args.pop(0), name, ast.Load())
                node.func.attr = f"_base_{name}" if name in replaced else name
    for method in base.body:
        if method.name in replaced:
            _with_self(method)
            method.name = _inner(method)
    other.body = [*base.body, *other.body]
    other.bases = base.bases


def _inner(method):
    return method.name if method.name[:6] == "_base_" else f"_base_{method.name}"


def _with_self(method):
    """Let a method call its object self, whatever its name was."""
    first = method.args.args[0]
    if first.arg != "self":
        for node in ast.walk(method):
            if _is_name(node, first.arg):
                node.id = "self"
        first.arg = "self"


def _base_call(node, base):
    """Return the name of the method in `Base.method(self, …)`, None: it is something else."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        if _is_name(node.func.value, base.name) and isinstance(node.args[0], ast.Name):
            return node.func.attr
    return None


def _is_name(node, name):
    return isinstance(node, ast.Name) and node.id == name
