"""What the README says is so: its programs run, its commands and files exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "examples" / "README.md",
]
BOARD_ONLY = re.compile(r"^\s*(?:import|from)\s.*\b(network|machine|bluetooth)\b", re.M)
ELLIPSIS_CALL = re.compile(r"\.\.\.|…")


def blocks(language):
    """Return (page name, number, text) of all fenced blocks of a language."""
    found = []
    for page in PAGES:
        texts = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)
        found += [(page.name, number, text) for number, text in enumerate(texts, 1)]
    return found


def targets():
    """Return the targets of the Makefile that `make help` lists."""
    return re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M)


def title(case):
    """Name a block for the list of tests."""
    return f"{case[0]}-{case[1]}"


@pytest.mark.parametrize("case", blocks("python"), ids=title)
def test_python_in_the_docs_runs(case):
    """Every program compiles; what needs no board and is no fragment runs."""
    name, number, text = case
    code = compile(text, f"{name} block {number}", "exec")
    if not BOARD_ONLY.search(text) and not ELLIPSIS_CALL.search(text):
        exec(code, {"__name__": "example"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_exist(page):
    """`make something` is a target, `python tools/something` a file."""
    text = page.read_text()
    for target in re.findall(r"(?:`|^|\$ )make ([a-z][a-z-]*)", text, re.M):
        assert target in targets(), f"make {target}"
    for path in re.findall(r"python (tools/[\w/.]+)", text):
        assert (ROOT / path).exists(), path


def anchors(page):
    """Return the anchors that GitHub makes of a page's headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    titles = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_in_the_docs_lead_somewhere(page):
    """A relative link is a file, and what follows # a heading in it."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    for link, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text):
        target = page.parent / link if link else page
        assert target.exists(), link
        assert not anchor or target.suffix != ".md" or anchor in anchors(target), anchor


def test_the_site_makes_tabs_and_leads_to_the_repository():
    """tools/site_hooks.py, which `make docs` uses: plain headings on GitHub are tabs there."""
    import types

    import site_hooks

    text = (
        "A\n<!-- tabs -->\n#### One\n\n```\nx\n\ny\n```\n#### Two\nsee [b](../Makefile#a)\n"
        "<!-- end tabs -->\n[c](board.md)\n"
    )
    page = types.SimpleNamespace(file=types.SimpleNamespace(abs_src_path=ROOT / "docs" / "x.md"))
    config = types.SimpleNamespace(repo_url="https://example.com")
    assert site_hooks.on_page_markdown(text, page, config, None) == (
        'A\n=== "One"\n\n    ```\n    x\n\n    y\n    ```\n\n=== "Two"\n\n'
        "    see [b](https://example.com/blob/main/Makefile#a)\n\n[c](board.md)\n"
    )


def test_the_counters_of_the_checks_are_explained():
    """Each counter of a board's checks has its line in docs/conflicts.md, in the same order."""
    from microdhcp import Config, Server
    from microdhcp.checking import Checker

    class Port:
        names_owner, side_by_side = True, 1

    server = Server(Config("192.0.2.1/24", ("192.0.2.16", "192.0.2.31")))
    text = (ROOT / "docs" / "conflicts.md").read_text()
    text = text[text.index("## Counters") :]
    counters = Checker(server, Port, echo=object()).counters
    assert re.findall(r"^\| `(\w+)` \|", text, re.M) == list(counters)


def texts_of_the_sources():
    """Return all texts in the package, `make flash` and the set-up, joined by NULs."""
    found = []
    for path in [
        *(ROOT / "firmware" / "microdhcp").rglob("*.py"),
        *(ROOT / "tools" / "flash").rglob("*.py"),
        ROOT / "tools" / "bootstrap.py",
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\0".join(found)


def test_troubleshooting_quotes_real_messages():
    """Each message of ours is one that a program prints, except for names and numbers in it."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    rows = page[: page.index("## What the counters say")]
    quoted = re.findall(r"`([^`]+)`", "\n".join(re.findall(r"^\| ([^|]+) \|", rows, re.M)))
    foreign = ("Permission denied", "failed to access", "make setup", "MemoryError", ">>>")
    ours = [one for one in quoted if not one.startswith(foreign)]
    varies = (
        r"…|/dev/ttyACM0|boards/\S+main\.py|pico_w|BOARD=''|1\.\d+(?:\.\d+)?|\w+Error: |warning: "
    )
    pieces = [one.strip(" :,") for text in ours for one in re.split(varies, text)]
    assert len(ours) >= 12
    texts = texts_of_the_sources()
    assert [one for one in pieces if one and one not in texts] == []


def test_the_readme_shows_both_commands():
    """The two commands of a newcomer, and a whole program, are in the README."""
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text and "make test" in text
    assert [one for one in blocks("python") if one[0] == "README.md"]


def sentences(text):
    """Yield the sentences of paragraphs, items and cells; code counts as one word."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    for part in re.split(r"\n\s*\n|\n(?=[*|#]|\d+\. )", text):
        for cell in part.split("|"):
            plain = re.sub(r"`[^`]*`", "X", re.sub(r"\]\([^)]*\)", "]", " ".join(cell.split())))
            yield from re.split(r"(?<=[.!?:;])\**\s+", plain)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sentences_are_short(page):
    """At most 25 words, for readers of another language; generated pages are left out."""
    text = page.read_text()
    if page.name == "CHANGELOG.md" or "<!-- Generated" in text:
        return
    words = re.compile(r"[^\W\d_][\w'’-]*")
    assert not [one for one in sentences(text) if len(words.findall(one)) > 25]


def test_the_readmes_are_short():
    """A newcomer reads all of it."""
    for name in ("README.md", "README.tr.md"):
        assert len((ROOT / name).read_text().splitlines()) <= 130, name


def test_the_number_of_options_is_that_of_the_table():
    """docs/options.md is made from the table, and says how many there are."""
    (n,) = re.findall(r"^(\d+) options can be set:", (ROOT / "docs/options.md").read_text(), re.M)
    for page in ("README.md", "README.tr.md", "docs/answers.md"):
        found = re.findall(r"(\d+) (?:options|seçenek)\b", (ROOT / page).read_text())
        assert found == [n], page


def test_both_languages_give_the_same_commands():
    """The blocks without a language: commands and what they print."""
    english, turkish = (
        re.findall(r"^```(\w*)\n(.*?)^```", (ROOT / name).read_text(), re.M | re.S)
        for name in ("README.md", "README.tr.md")
    )
    assert [text for kind, text in english if not kind]
    assert [one for one in english if not one[0]] == [one for one in turkish if not one[0]]


def test_make_help_names_what_there_is():
    """The targets that people rely on."""
    wanted = {"demo", "test", "test-all", "check", "lint", "format", "coverage", "size", "bench"}
    assert wanted | {"fuzz", "lab", "clean", "help"} <= set(targets())
