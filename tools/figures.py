"""The measured figures that the pages quote: docs/figures.toml holds each one, once.

    make figures                          measure what `make size` measures, then write the pages
    python tools/figures.py --pages       after a figure in docs/figures.toml was changed by hand
    python tools/figures.py --check       status 1 if a page says something else

[figures."COMMAND"] holds what a command prints.  [pages] holds, for each page, the pieces of text
that quote figures: {name} stands for the number, {name:KB} for kilobytes of 1,024 bytes,
{name:ms} for milliseconds of microseconds, {name:min} for minutes of seconds, {name:,KB} for
Turkish, with a decimal comma, {name/other} for how many times the other it is, {name:two}
for two decimals.
"""

import argparse
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "figures.toml"
SIZE = "make size"
UNITS = {"KB": 1024, "ms": 1000, "min": 60}
PLACE = re.compile(r"\{(\w+)(?:/(\w+))?(?::([\w,]+))?\}")
NUMBER = r"\d[\d.,]*"


class Figure(float):
    """A number that a page quotes, in the unit that the format names."""

    def __format__(self, unit):
        """Return the number as people read it: one decimal below ten KB or ms."""
        if unit == "two":
            return f"{float(self):.2f}"
        comma = unit.startswith(",")
        unit = unit.lstrip(",")
        value = self / UNITS[unit] if unit else float(self)
        if unit:
            value = round(value, 1 if value < 10 and unit != "min" else 0)
        text = f"{value:,.10g}" if value != int(value) else f"{int(value):,}"
        return text.translate(str.maketrans(",.", ".,")) if comma else text


def load(path=TABLE):
    """Return ({name: Figure}, {page: [template]})."""
    table = tomllib.loads(path.read_text())
    found = {}
    for figures in table["figures"].values():
        for name, value in figures.items():
            if name in found:
                raise ValueError(f"{path.name}: {name} is there twice")
            found[name] = Figure(value)
    return found, table["pages"]


def filled(template, figures):
    """Return a template with the figures in it; KeyError for a figure that there is not."""

    def text(place):
        name, other, unit = place.groups()
        if other:
            return f"{figures[name] / figures[other]:.1f}"
        return format(figures[name], unit or "")

    return PLACE.sub(text, template)


def pattern(template):
    """Return the pattern of a template with any figures in it."""
    return re.compile(NUMBER.join(re.escape(text) for text in PLACE.split(template)[::4]))


def wrong(figures, pages, root=ROOT):
    """Yield a line for each template that does not stand in its page once, with its figures."""
    for page, templates in pages.items():
        text = (root / page).read_text()
        for template in templates:
            places = len(pattern(template).findall(text))
            if places > 1:
                yield f"{page}: {places} places are like {template!r}: make it longer"
            elif filled(template, figures) not in text:
                yield f"{page}: should say {filled(template, figures)!r}"


def write(figures, pages, root=ROOT):
    """Put the figures into the pages; return the names of those that changed."""
    changed = []
    for page, templates in pages.items():
        path = root / page
        text = old = path.read_text()
        for template in templates:
            places = list(pattern(template).finditer(text))
            if len(places) == 1:
                start, end = places[0].span()
                text = text[:start] + filled(template, figures) + text[end:]
        if text != old:
            path.write_text(text)
            changed.append(page)
    return changed


def measured():
    """Return {name: number} of what `make size` measures."""
    import mpvm
    import size

    found = {one.key: one.value for one in size.figures(mpvm.NEWEST)}
    rows = size.measure(size.service())[0][1:]
    for name, row in zip(("core", "settings", "service", "start"), rows, strict=True):
        found[f"{name}_step_bytes"] = row.heap
        found[f"{name}_step_names_bytes"] = row.names
    found["checks_bytes"] = found["service_heap_bytes"] - found["service_unchecked_heap_bytes"]
    found["steps_bytes"] = sum(row.heap for row in rows)
    found["steps_names_bytes"] = sum(row.names for row in rows)
    return found


def put(values, path=TABLE):
    """Write numbers into the table, which has a line for each."""
    text = path.read_text()
    for name, value in values.items():
        text = re.sub(rf"(?m)^{name} = {NUMBER}", f"{name} = {value}", text)
    path.write_text(text)


def main(argv=None):
    """Measure, write or check; return 1 if a page is not right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", action="store_true", help="write the pages, measure nothing")
    parser.add_argument("--check", action="store_true", help="write nothing, measure nothing")
    arguments = parser.parse_args(argv)
    if not arguments.pages and not arguments.check:
        known = load()[0]
        put({name: value for name, value in measured().items() if name in known})
    figures, pages = load()
    if not arguments.check:
        print("\n".join(f"figures: {page}" for page in write(figures, pages)))
    left = list(wrong(figures, pages))
    print("\n".join(left), end="\n" if left else "")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
