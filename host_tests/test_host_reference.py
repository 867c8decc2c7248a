"""The reference pages are what tools/reference.py makes of stubs, docstrings and --help."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import microdhcp
import public
import reference
from microdhcp import relay_report, report, settings

PAGES = reference.pages()


def page(name):
    return PAGES[reference.PAGES / f"{name}.md"]


class Pages(unittest.TestCase):
    def test_up_to_date(self):
        """Nobody has to remember to write a page by hand (else: make reference)"""
        self.assertEqual(reference.stale(PAGES), [])

    def test_every_setting(self):
        for name in ("address", "pool", *settings.DEFAULTS):
            self.assertIn(f"\n| `{name}` | ", page("settings"))
        self.assertIn("| `lease_s` | int | `3600` | ", page("settings"))

    def test_every_state_event_and_reason(self):
        for state in set(report.STATES) - {"free"}:
            self.assertIn(f"| `{state}` | ", page("states"))
        for kind in filter(None, report._EVENTS):
            self.assertIn(f"\n* `{kind}`: ", page("events"))
        for reason in (*report.REASONS[1:], *relay_report.DROPS):
            self.assertIn(f"| `{reason}` | ", page("drop-reasons"))

    def test_every_public_class_and_function(self):
        """What the package and its parts offer has a heading"""
        text = "".join(PAGES.values())
        names = {name for name in microdhcp._HOME if not name.isupper() and name != "store"}
        for name in names | {"Names", "Page", "Portal", "Web", "dump", "load", "records"}:
            self.assertIn("# " + name.replace("Config", "Settings") + "\n", text)

    def test_every_argument_is_explained(self):
        """No argument of a service or a part is without its line"""
        package = reference.Package()
        for module, name in (("service", "Service"), ("dns", "Names"), ("page", "Page")):
            methods = public.members(public.members(package.stubs[module])[name])
            for one in ("__init__", "start", "poll"):
                if one in methods:
                    lines = reference.text(
                        package.docstring(module, name, one),
                        reference.arguments(methods[one], 1),
                    )
                    for argument in reference.arguments(methods[one], 1):
                        if argument != "service":
                            self.assertIn(f"| `{argument}` | ", "\n".join(lines))


class Tool(unittest.TestCase):
    def test_docstring(self):
        """A paragraph, a list, a program; what goes on over lines is joined"""
        lines = reference.text(
            "Do it.\n\nwhat   a thing_s,\n       None: no\nRaises a lot.\n\n    x = 1\n"
        )
        self.assertEqual(
            "\n".join(lines),
            "Do it.\n\n* `what`: a `thing_s`, `None`: no\n\nRaises a lot.\n\n"
            "```python\nx = 1\n```\n",
        )

    def test_types(self):
        for annotation, words in (
            ("Callable[[dict[str, str]], str | None] | None", "function or None"),
            ("Mapping[Any, str | Mapping[str, Any]]", "dict"),
            ("Sequence[Mapping[str, Any]]", "list"),
            ("Sequence[str | tuple[str, int]]", "list"),
            ("Iterable[str] | None", "list or None"),
            ("int | None", "int or None"),
        ):
            self.assertEqual(reference.in_words(annotation), words)

    def test_a_stale_page_is_told_and_written(self):
        """--check writes nothing; spaces do not count"""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.md"
            with (
                mock.patch.object(reference, "pages", lambda: {path: "a  b\n"}),
                mock.patch.object(reference, "ROOT", Path(folder)),
                contextlib.redirect_stdout(io.StringIO()) as out,
            ):
                self.assertEqual(reference.main(["--check"]), 1)
                self.assertFalse(path.exists())
                self.assertEqual(reference.main([]), 0)
                path.write_text("a\nb\n")
                self.assertEqual(reference.main(["--check"]), 0)
            self.assertIn("a.md: out of date: make reference", out.getvalue())


if __name__ == "__main__":
    unittest.main()
