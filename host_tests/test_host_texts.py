"""Short texts of files that leave memory do not stay as names (tools/packer/texts.py)."""

import ast
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import build
import mpvm
from mpvm.install import missing
from packer import layout, texts

TEXT = """
def say(a, b=5):
    if a == "yes":
        return {"raw": f"{a}..{b}", "known": "longer than ten"}
    return f"{a!r:>7}|", f"{a:{b}}x", f"{a} is too long for a name", a["raw"[0]:], ""
"""
REASON = missing()


class Texts(unittest.TestCase):
    def setUp(self):
        body = texts.run(ast.parse(TEXT).body, {"known"}, "kept")
        self.text = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))

    def test_all_short_ones_are_cut_out_of_one_long_one(self):
        short = [
            node.value
            for node in ast.walk(ast.parse(self.text))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        self.assertIn("kept = 'yesraw{}..{}{!r:>7}|'", self.text)
        self.assertEqual(sorted(one for one in short if 3 < len(one) <= 10), ["known"])

    def test_they_say_the_same(self):
        old, new = {}, {}
        exec(TEXT.replace('a["raw"[0]:]', "a"), old)
        exec(self.text.replace("a[kept[3:6][0]:]", "a"), new)
        for argument in ("yes", "no", "{}"):
            self.assertEqual(new["say"](argument), old["say"](argument))

    def test_a_file_without_any_stays_as_it_is(self):
        body = ast.parse("a = 1").body
        self.assertEqual(texts.run(body, set(), "kept"), body)

    @unittest.skipIf(REASON, REASON)
    def test_in_micropython_they_are_no_names(self):
        lines = [
            "import micropython",
            'from microdhcp import Config\nConfig("192.0.2.1/24", ("192.0.2.9", "192.0.2.9"))',
            "micropython.qstr_info(1)",
        ]
        said = mpvm.run(lines, mpvm.NEWEST, built=True).stdout
        names = {line.strip()[2:-1] for line in said.splitlines() if line[:2] == "Q("}
        self.assertIn("on_link", names)
        for short in ("yes", "u16", "0..63", "routers", "{}..{}", "192"):
            self.assertNotIn(short, names)

    def test_files_that_leave_memory_are_files_of_the_build(self):
        for family in layout.FAMILIES:
            leaving = layout.LEAVING.format(family=family).split()
            self.assertEqual(set(leaving) - set(build.make(family, True).files), set())


if __name__ == "__main__":
    unittest.main()
