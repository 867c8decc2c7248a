"""Keeps short texts of a file that leaves memory from staying there as names, for ever.

MicroPython makes a name of each text of up to ten characters in a file, and never forgets a name.
In files that are dropped after use (layout.LEAVING) one long text holds them all, and each is cut
out of it where it is needed.  Texts that are names anyway, of firmware or of the package, stay.
"""

import ast

_LONGEST = 10  # MICROPY_ALLOC_PARSE_INTERN_STRING_LEN


def run(body, known, name):
    """Return the statements of a file with one text for all short ones, `name`, at its beginning.

    known   texts that may stay: they are names already
    """
    cutter = _Cutter(known, name)
    body = [cutter.visit(node) for node in body]
    if not cutter.text:
        return body
    text = cutter.text.ljust(_LONGEST + 1)
    first = ast.Assign([ast.Name(name, ast.Store())], ast.Constant(text))
    return [first, *body]


class _Cutter(ast.NodeTransformer):
    """Collects the texts."""

    def __init__(self, known, name):
        self.text = ""
        self._known = known
        self._name = name

    def visit_Constant(self, node):
        """Cut a short text out of the long one."""
        value = node.value
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or value in self._known:
            return node
        at = self.text.find(value)
        if at < 0:
            at = len(self.text)
            self.text += value
        part = ast.Slice(ast.Constant(at), ast.Constant(at + len(value)))
        return ast.Subscript(ast.Name(self._name, ast.Load()), part, ast.Load())

    def visit_JoinedStr(self, node):
        """Do what the compiler does with f"…", where it would make a name: "{}…".format(…)."""
        parts = [_template(one) for one in node.values]
        if None in parts or not 0 < len("".join(parts)) <= _LONGEST:
            node.values = [self._value(one) for one in node.values]
            return node
        found = self.visit_Constant(ast.Constant("".join(parts)))
        values = [self.visit(one.value) for one in node.values if _is_value(one)]
        return ast.Call(ast.Attribute(found, "format", ast.Load()), values, [])

    def _value(self, node):
        if _is_value(node):
            node.value = self.visit(node.value)
        return node


def _is_value(node):
    return isinstance(node, ast.FormattedValue)


def _template(node):
    """Return the part of a format text that a part of f"…" becomes; None: it cannot be one."""
    if not _is_value(node):
        return node.value.replace("{", "{{").replace("}", "}}")
    how = "" if node.conversion < 0 else "!" + chr(node.conversion)
    if node.format_spec is None:
        return "{" + how + "}"
    spec = node.format_spec.values
    if len(spec) != 1 or _is_value(spec[0]):
        return None
    return "{" + how + ":" + spec[0].value + "}"
