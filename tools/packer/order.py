"""Puts the names that a file uses most often first: the first 128 take one byte, others two.

An .mpy numbers its names in the order in which it meets them.  A function that nobody calls, and
that is garbage as soon as the file has been loaded, mentions the frequent ones at the beginning.
"""

import ast
from collections import Counter

from packer import source

_SHORT = 118  # the rest of the 128: names that are in front in any case


def run(body):
    """Return the statements of a file with that function in front."""
    counts = Counter()
    folded = {node.targets[0].id for node in body if source.is_const(node)} | {"const"}
    _count(ast.Module(body, []), folded, counts)
    names = [name for name, n in counts.most_common(_SHORT) if n > 1]
    if not names:
        return body
    text = "lambda: " + ".".join([names[0], *names])
    return [ast.parse(text).body[0], *body]


def _count(node, local, counts):
    """Count attributes, functions, arguments and globals: local names are not in the file."""
    for one in ast.iter_child_nodes(node):
        inside = local
        if isinstance(one, ast.Attribute):
            counts[one.attr] += 1
        elif isinstance(one, ast.Name):
            counts[one.id] += one.id not in local
        elif isinstance(one, source.FUNCTION):
            arguments = [argument.arg for argument in source.arguments(one)]
            counts.update([one.name, *arguments])
            stored = [n for n in ast.walk(one) if isinstance(n, ast.Name)]
            inside = {n.id for n in stored if isinstance(n.ctx, ast.Store)}.union(arguments, local)
        _count(one, inside, counts)
