"""What `make docs` (mkdocs.yml) does to a page, so that the same file reads well on GitHub.

* Headings of level 4 between `<!-- tabs -->` and `<!-- end tabs -->` become tabs.
* A link to a file outside docs/ leads to the repository.
"""

import logging
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABS = re.compile(r"^<!-- tabs -->\n(.*?)^<!-- end tabs -->\n?", re.M | re.S)
HEADING = re.compile(r"^#### (.+)\n", re.M)
LINK = re.compile(r"\]\((\.\.[^)#\s]*)(#[^)]*)?\)")
log = logging.getLogger("mkdocs.hooks.microdhcp")


def on_page_markdown(markdown, page, config, files):
    """Return the text of a page as mkdocs is to read it."""
    markdown = TABS.sub(lambda found: tabs(found[1]), markdown)
    source = Path(page.file.abs_src_path)
    return LINK.sub(lambda found: outside(found, source, config), markdown)


def tabs(text):
    """Return headings of level 4 and what follows them as tabs."""
    _, *parts = HEADING.split(text)
    lines = []
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        lines += [f'=== "{title}"', ""]
        lines += [f"    {line}" if line else "" for line in body.strip("\n").split("\n")]
        lines += [""]
    return "\n".join(lines) + "\n"


def outside(found, source, config):
    """Return a link, turned to the repository if its file is outside docs/."""
    target = (source.parent / found[1]).resolve()
    if target.is_relative_to(ROOT / "docs"):
        return found[0]
    if not (target.exists() and target.is_relative_to(ROOT)):
        log.warning("%s: no file %s", source.relative_to(ROOT), found[1])
    return f"]({config.repo_url}/blob/main/{target.relative_to(ROOT)}{found[2] or ''})"
