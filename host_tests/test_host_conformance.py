"""internals/conformance.md: every requirement has a state, every state has what it rests on."""

import ast
import re
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent / "docs" / "internals" / "conformance.md"
LEVELS = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "rule")
STATES = ("done", "deviation", "not applicable")
REQUIREMENT, DEVIATION = 6, 3  # columns of the two kinds of table
RFCS = (
    "2131",
    "2132",
    "3011",
    "3046",
    "3396",
    "3442",
    "3527",
    "4039",
    "4361",
    "4578",
    "4702",
    "5107",
    "6842",
    "8910",
    "8925",
)


def rows(columns):
    """Return the body rows of every table of the page that has so many columns."""
    cells = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("|") and not re.match(r"\|[-| ]+\|$|\| id \|", line):
            row = [cell.strip() for cell in line.strip("|").split("|")]
            if len(row) == columns:
                cells.append(row)
    return cells


def references(cell):
    """Return the (file, test) pairs that a cell names."""
    return re.findall(r"`(test_\w+\.py)::(\w+)`", cell)


def names_in(file):
    """Return the names of the tests in `file`, empty if there is no such file."""
    path = TESTS / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


class Conformance(unittest.TestCase):
    def test_page_covers_every_rfc(self):
        """RFC 2131 alone has more than 60 rules for servers."""
        found = [row[0].split("-")[0] for row in rows(REQUIREMENT)]
        self.assertEqual(sorted(set(found)), list(RFCS))
        self.assertGreater(found.count("2131"), 60)

    def test_ids_are_unique(self):
        """An id names one requirement."""
        ids = [row[0] for row in rows(REQUIREMENT)]
        self.assertEqual(sorted(ids), sorted(set(ids)))

    def test_every_line_of_a_table_is_read(self):
        """A row with a cell too many or too few would go unseen."""
        text = PAGE.read_text(encoding="utf-8")
        lines = re.findall(r"^\| \d{4}-", text, re.MULTILINE)
        self.assertEqual(len(lines), len(rows(REQUIREMENT)) + len(rows(DEVIATION)))

    def test_every_row_has_level_requirement_and_state(self):
        """State: done, deviation or not applicable."""
        for name, level, section, requirement, state, _rest in rows(REQUIREMENT):
            with self.subTest(name):
                self.assertIn(level, LEVELS)
                self.assertIn(state, STATES)
                self.assertTrue(section and requirement)

    def test_done_names_an_existing_test(self):
        """A test shows each requirement that is "done"."""
        for name, *_middle, state, rest in rows(REQUIREMENT):
            if state == "done":
                with self.subTest(name):
                    self.assert_tests_exist(rest)

    def test_not_applicable_has_a_reason(self):
        """Each requirement that is "not applicable" has a reason."""
        for name, *_middle, state, rest in rows(REQUIREMENT):
            if state == "not applicable":
                with self.subTest(name):
                    self.assertGreater(len(rest), 10)

    def test_deviations_are_listed_once_with_reason_and_test(self):
        """The table on top holds the deviations, all of them, and no other row."""
        expected = [row[0] for row in rows(REQUIREMENT) if row[4] == "deviation"]
        self.assertEqual([row[0] for row in rows(DEVIATION)], expected)
        for name, reason, rest in rows(DEVIATION):
            with self.subTest(name):
                self.assertGreater(len(reason), 10)
                self.assert_tests_exist(rest)

    def test_every_test_says_what_it_tests(self):
        """The first line of each of these tests is the rule."""
        named = {file for row in rows(REQUIREMENT) for file, _test in references(row[5])}
        for file in sorted(named):
            tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                    with self.subTest(file, test=node.name):
                        self.assertTrue(ast.get_docstring(node))

    def assert_tests_exist(self, cell):
        """Assert that a cell names tests, and that each of them exists."""
        named = references(cell)
        self.assertTrue(named, "no test is named")
        self.assertEqual(cell.count("::"), len(named))
        for file, test in named:
            self.assertIn(test, names_in(file), file)
