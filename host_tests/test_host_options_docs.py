"""docs/options.md is what tools/options_table.py makes of the option table."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import options_table
from microdhcp import options


def test_the_page_is_up_to_date():
    """Nobody has to remember to write the page by hand."""
    assert options_table.main(["--check"]) == 0


def test_the_page_shows_every_row():
    """The rows read from the source are the rows the server uses."""
    seen = [
        f"{code} {name} {kind} {limits}".strip()
        for code, name, kind, limits, _ in options_table.rows(options_table.SOURCE.read_text())
    ]
    assert seen == options.TABLE.strip().split("\n")


def test_every_row_names_its_source():
    """A row tells the RFC it follows, or the other document."""
    for *_, where in options_table.rows(options_table.SOURCE.read_text()):
        assert where.startswith(("RFC ", "MS-DHCPE ", "draft-"))


def test_a_stale_or_missing_page_is_told(tmp_path, capsys):
    """--check writes nothing and ends with status 1."""
    target = tmp_path / "options.md"
    assert options_table.main(["--check"], target=target) == 1
    assert not target.exists()
    assert options_table.main([], target=target) == 0
    assert options_table.main(["--check"], target=target) == 0
    target.write_text(target.read_text() + "x")
    assert options_table.main(["--check"], target=target) == 1
    assert "run python tools/options_table.py" in capsys.readouterr().err


def test_a_line_without_its_source_is_told(tmp_path, capsys):
    """A row without the comment is an error, not a row that is left out."""
    source = tmp_path / "options.py"
    source.write_text('TABLE = (\n    "\\n"\n    "1 subnet_mask ip\\n"\n)\n')
    assert options_table.main(["--check"], source=source) == 1
    assert "not a line of the option table" in capsys.readouterr().err


def test_a_type_without_an_encoder_is_told():
    """Every type of the table is explained on the page."""
    with pytest.raises(ValueError, match="no function explains the type nope"):
        options_table.page('TABLE = (\n    "\\n"\n    "1 a nope\\n"  # RFC 1\n)\n')
