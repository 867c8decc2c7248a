"""Functions with one caller move to it, and classes to their subclass, when the package is built.

tools/packer/inline.py, tools/packer/flatten.py
"""

import ast
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from packer import flatten, inline, source


def joined(*texts):
    """Return (text of each module, what moved) of a package with these modules: a, b, …"""
    modules = {name: source.Module(name, text) for name, text in zip("abc", texts)}
    moved = inline.run(modules)
    for module in modules.values():
        ast.fix_missing_locations(module.tree)
    return [ast.unparse(module.tree) for module in modules.values()], moved


def results(text, calls):
    """Return what each expression of `calls` gives: its value, or what it raises."""
    found = []
    for call in calls:
        namespace = {"log": []}
        exec(text, namespace)
        try:
            value = eval(call, namespace)
        except Exception as error:
            value = repr(error)
        found.append((value, namespace["log"]))
    return found


class Moves(unittest.TestCase):
    """What moves, moves whole, and gives the same results."""

    def check(self, text, *calls, moved=("_part",)):
        (new,), found = joined(text)
        self.assertEqual({name for _, name in found}, set(moved), new)
        for name in moved:
            self.assertNotIn(name, new)
        self.assertEqual(results(new, calls), results(text, calls), new)
        return new

    def test_behind_return_with_all_its_returns(self):
        text = """
def whole(a):
    log.append(a)
    return _part(a + 1, a)

def _part(b, c):
    for i in range(b):
        if i == 2:
            return c
        a = i
    if b < 0:
        return -1
"""
        self.check(text, "whole(5)", "whole(1)", "whole(-4)")

    def test_as_a_statement_with_early_returns(self):
        text = """
def whole(a):
    b = 7
    _part(a)
    log.append(b)

def _part(c):
    b = c
    if b > 2:
        log.append(b)
        return
    log.append("small")
"""
        new = self.check(text, "whole(5)", "whole(1)")
        self.assertIn("while True", new)

    def test_as_a_value_with_one_return_without_a_loop_around_it(self):
        text = """
def whole(a):
    b = _part(a, a * 2)
    return b, a

def _part(a, b):
    a = a + b
    return a
"""
        self.assertNotIn("while", self.check(text, "whole(5)"))

    def test_as_a_value_of_several_returns_or_none(self):
        text = """
def whole(a):
    a = _part(a)
    return a

def _part(c):
    if c > 3:
        return "large"
    elif c > 1:
        return c
"""
        self.check(text, "whole(5)", "whole(2)", "whole(0)")

    def test_first_in_a_condition(self):
        text = """
def whole(a):
    if not _part(a) or a > 9:
        return "no"
    elif a == 3:
        return "three"
    return "yes"

def _part(c):
    if c < 2:
        return False
    return c < 20
"""
        self.check(text, "whole(1)", "whole(3)", "whole(12)", "whole(5)", "whole(30)")

    def test_in_an_elif_it_runs_only_there(self):
        text = """
def whole(a):
    if a == 1:
        return "one"
    elif _part(a):
        return "two"
    return "none"

def _part(c):
    log.append(c)
    return c == 2
"""
        self.check(text, "whole(1)", "whole(2)", "whole(3)")

    def test_last_of_an_and(self):
        text = """
def whole(a):
    if a and a > 2 and not _part(a):
        log.append("in")
    return a

def _part(c):
    log.append(c)
    return c > 4
"""
        self.check(text, "whole(0)", "whole(1)", "whole(3)", "whole(6)")

    def test_methods_and_functions_that_they_call_in_turn(self):
        text = """
class Thing:
    def __init__(self):
        self.n = 3

    def whole(self, a):
        n = self._part(a)
        n += 1
        return n

    def _part(self, a, more=2):
        self.n = _inner(a, more) + self.n
        return self.n

def _inner(a, b):
    n = a * b
    return n - 1
"""
        self.check(text, "Thing().whole(4)", moved=("_part", "_inner"))

    def test_two_in_one_function_do_not_disturb_each_other_or_it(self):
        text = """
def whole(n, i):
    for n in range(3):
        k = _one(n)
        if k:
            log.append((n, i, k))
            k = _two(k, n)
    return k, n, i

def _one(k):
    n = k
    for i in range(2):
        n += i
    return n

def _two(i, k):
    n = i
    i = k
    if n > 2:
        return i
    return n + i
"""
        self.check(text, "whole(1, 8)", moved=("_one", "_two"))

    def test_a_parameter_that_changes_is_a_copy(self):
        text = """
def whole(a):
    _part(a, 3)
    return a

def _part(b, c):
    b += 1
    c += b
    log.append(c)
"""
        self.check(text, "whole(4)")

    def test_arguments_are_evaluated_once_and_in_order(self):
        text = """
def say(a):
    log.append(a)
    return a

def whole(a):
    return _part(say(a), say(2), a)

def _part(b, c, a):
    a += b
    return a + c + c + b
"""
        self.check(text, "whole(4)")

    def test_behind_return_in_try_the_handler_finds_its_names_as_they_were(self):
        text = """
def whole(a):
    n = a
    try:
        return _part(a - 1)
    except ValueError:
        return n, a

def _part(b):
    n = b
    if n > 3:
        raise ValueError
    return n
"""
        self.check(text, "whole(9)", "whole(1)")

    def test_a_caught_exception_and_an_import_are_local_names_too(self):
        text = """
def whole(a):
    error = a
    _part(a)
    return error

def _part(b):
    try:
        from math import floor
        floor(b)
    except TypeError as error:
        log.append(str(error)[:4])
"""
        self.check(text, "whole('x')")

    def test_lines_stay_those_of_the_source(self):
        text = "def whole(a):\n    return _part(a)\n\n\ndef _part(b):\n    return b + 1\n"
        modules = {"a": source.Module("a", text)}
        inline.run(modules)
        self.assertEqual(modules["a"].tree.body[0].body[0].origin, ("a", 6))
        self.assertEqual(modules["a"].globals, ["whole"])


class Stays(unittest.TestCase):
    """What might not give the same results stays where it is."""

    def check(self, *texts):
        new, moved = joined(*texts)
        self.assertEqual(moved, {})
        before = [ast.unparse(source.Module("a", text).tree) for text in texts]
        self.assertEqual(new, before)

    def call(self, expression, body="return b", before="", name="_part"):
        self.check(f"def whole(a):\n    {expression}\n\n{before}\ndef {name}(b):\n    {body}\n")

    def test_what_is_public(self):
        self.call("return part(a)", name="part")

    def test_what_is_named_twice_or_as_text_or_elsewhere(self):
        self.call("return _part(a) + _part(1)")
        self.call("return _part(a), '_part'")
        self.call("return _part")
        part = "def whole(a):\n    return _part(a)\n\ndef _part(b):\n    return b\n"
        self.check(part, "from .a import _part\n")
        self.check(part, "def other(a):\n    return a._part\n")

    def test_what_is_not_evaluated_first_or_not_always(self):
        self.call("return a + _part(a)")
        self.call("a[0] = 1 if a else _part(a)")
        self.call("while _part(a):\n        a = a[1:]")
        self.call("a += _part(a)")
        self.call("for i in a or _part(a):\n        pass")
        self.call("if a or _part(a):\n        a = 1")
        self.call("if a and _part(a):\n        a = 1\n    else:\n        a = 2")

    def test_a_return_in_a_loop_or_try_unless_behind_return(self):
        self.call("b = _part(a)\n    return b", "for i in b:\n        return i")
        self.call(
            "b = _part(a)\n    return b", "try:\n        return b\n    finally:\n        b = 1"
        )

    def test_generators_closures_and_other_scopes(self):
        self.call("return _part(a)", "yield b")
        self.call("return _part(a)", "return [i for i in b]")
        self.call("return _part(a)", "return lambda: b")
        self.call("return _part(a)", "global c\n    c = b")
        self.call("return _part(a)", "return _part(b)")
        self.call("return _part(*a)")
        self.call("return _part(b=a)")
        self.call("return _part(a)", before="@staticmethod")
        self.call("return lambda: _part(a)")

    def test_a_method_that_a_subclass_may_replace(self):
        thing = """
class Thing:

    def whole(self, a):
        return self._part(a)

    def _part(self, b):
        return b
"""
        self.check(thing + "\nclass Other(Thing):\n\n    def _part(self, b):\n        return 1\n")
        other = (
            "from .a import Thing\n\nclass Other(Thing):\n\n    def _part(self):\n        pass\n"
        )
        self.check(thing, other)
        self.check(
            thing, other.replace("class Other", "if 1:\n  class Other").replace("\n\n", "\n")
        )
        self.check(thing.replace("self._part(a)", "self.other._part(a)"))

    def test_a_method_of_another_class_with_the_same_name_does_not_matter(self):
        thing = "class Thing:\n    def whole(self, a):\n        return self._part(a)\n"
        thing += "    def _part(self, b):\n        return b\n"
        _, moved = joined(thing, thing)
        self.assertEqual(moved, {("a", "_part"): "whole", ("b", "_part"): "whole"})


THINGS = """
class First:
    def __init__(self, n):
        self.n = n
        m = n * 2
        self.m = m

    def count(self):
        return self.n

class Second(First):
    def __init__(it, a, b=3):
        First.__init__(it, a + 1)
        it.b = b

    def total(self):
        return First.count(self) + self.m + self.b

class Third(Second):
    def __init__(self, m):
        Second.__init__(self, m)
        self.own = m

    def count(self):
        return 100
"""
CALLS = ("Third(4).total()", "Third(4).count()", "sorted(vars(Third(4)).items())")


class Flat(unittest.TestCase):
    """A base class goes into the only class that inherits from it."""

    def flat(self, text, kept=()):
        body = flatten.run(source.Module("a", text).tree.body, set(kept))
        tree = ast.fix_missing_locations(ast.Module(body, []))
        return ast.unparse(tree), [one.name for one in body if isinstance(one, ast.ClassDef)]

    def test_a_row_of_classes_becomes_one_that_does_the_same(self):
        text = THINGS.replace("First.count(self)", "self.n")
        new, classes = self.flat(text)
        self.assertEqual(classes, ["Third"])
        self.assertEqual(results(new, CALLS), results(text, CALLS))
        self.assertEqual(new.count("def "), 3)  # __init__, total, and the count of the last one

    def test_a_method_that_is_called_at_the_base_but_not_replaced(self):
        text = THINGS.partition("class Third")[0]
        new, classes = self.flat(text)
        calls = [call.replace("Third", "Second") for call in CALLS]
        self.assertEqual(classes, ["Second"])
        self.assertEqual(results(new, calls), results(text, calls))

    def test_what_others_ask_for_stays(self):
        text = THINGS.replace("First.count(self)", "self.n")
        self.assertEqual(self.flat(text, ["First"])[1], ["First", "Third"])
        self.assertEqual(self.flat(text + "\nnew = Second")[1], ["Second", "Third"])
        self.assertEqual(self.flat(text + "\nclass Other(First):\n    pass")[1][0], "First")

    def test_attributes_of_a_class_and_methods_called_twice_keep_it(self):
        text = THINGS.replace("First.count(self)", "self.n")
        some = text.replace("class First:", "class First:\n    kind = 1\n")
        self.assertEqual(self.flat(some)[1], ["First", "Third"])
        other = THINGS.replace("class Third", "    def count(self):\n        pass\n\nclass Third")
        self.assertEqual(self.flat(other)[1], ["First", "Third"])


if __name__ == "__main__":
    unittest.main()
