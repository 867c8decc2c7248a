"""Measured figures: docs/figures.toml has each one, and the pages quote nothing else."""

import re
import tempfile
import unittest
from pathlib import Path

import figures

ROOT = figures.ROOT
PAGES = ("README.md", "README.tr.md", "docs/**/*.md")
KILOBYTES = re.compile(r"\d[\d.,]*(?:(?: to | – |\.\.)\d[\d.,]*)? KB")
# Kilobytes that are no measurement of ours: heaps of the firmware, sizes by definition, history.
OTHERS = {
    "README.md": ("196 KB", "36 to 64 KB", "64 KB"),
    "README.tr.md": ("196 KB", "36 – 64 KB", "64 KB"),
    "docs/boards.md": ("196 KB", "56 KB", "36 KB", "64 KB"),
    "docs/internals/memory.md": ("4 KB", "3 KB", "2 KB"),
}


class Pages(unittest.TestCase):
    def test_pages_quote_the_table(self):
        """Each piece of text with a figure is in its page (else: make figures)"""
        self.assertEqual(list(figures.wrong(*figures.load())), [])

    def test_every_figure_is_quoted(self):
        known, pages = figures.load()
        quoted = {
            name
            for templates in pages.values()
            for template in templates
            for place in figures.PLACE.findall(template)
            for name in place[:2]
        }
        self.assertEqual(set(known) - quoted, set())

    def test_no_kilobytes_beside_the_table(self):
        """What a page says in KB is in the table, or in OTHERS above"""
        known, pages = figures.load()
        for pattern in PAGES:
            for path in sorted(ROOT.glob(pattern)):
                page = path.relative_to(ROOT).as_posix()
                if page.startswith("docs/internals/") and page != "docs/internals/memory.md":
                    continue
                text = path.read_text()
                for template in pages.get(page, ()):
                    text = text.replace(figures.filled(template, known), "")
                left = set(KILOBYTES.findall(text)) - set(OTHERS.get(page, ()))
                self.assertEqual(left, set(), f"{page}: put it into docs/figures.toml")


class Tool(unittest.TestCase):
    TABLE = (
        '[figures."make size"]\nheap = 2048\nus = 5639\n'
        '[pages]\n"a.md" = ["| {heap:KB} KB |", "{us/heap}x"]\n'
    )

    def test_numbers(self):
        for value, unit, text in (
            (17440, "", "17,440"),
            (17440, "KB", "17"),
            (3728, "KB", "3.6"),
            (5639, ",ms", "5,6"),
            (0.4, "", "0.4"),
            (117, "min", "2"),
        ):
            self.assertEqual(format(figures.Figure(value), unit), text)

    def test_a_page_is_written(self):
        """A figure that changes is put where the template says, and nowhere else"""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            table = root / "figures.toml"
            table.write_text(self.TABLE)
            (root / "a.md").write_text("| 3 KB | 1.1x, 5 KB\n")
            figures.put({"heap": 4096}, table)
            known, pages = figures.load(table)
            self.assertEqual(len(list(figures.wrong(known, pages, root))), 2)
            self.assertEqual(figures.write(known, pages, root), ["a.md"])
            self.assertEqual((root / "a.md").read_text(), "| 4 KB | 1.4x, 5 KB\n")
            self.assertEqual(list(figures.wrong(known, pages, root)), [])
            (root / "a.md").write_text("| 4 KB | 1.4x\n| 3 KB |\n")
            (line,) = figures.wrong(known, pages, root)
            self.assertIn("2 places", line)
            self.assertEqual(figures.write(known, pages, root), [])


if __name__ == "__main__":
    unittest.main()
