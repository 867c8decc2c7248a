"""docs/options.md is what tools/options_table.py makes of the option table."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import options_table
from microdhcp import option_table


def test_the_page_shows_every_row():
    """The rows read from the source are the rows the server uses."""
    seen = [
        f"{code} {name} {kind} {limits}".strip()
        for code, name, kind, limits, _ in options_table.rows(options_table.SOURCE.read_text())
    ]
    assert seen == option_table.TABLE.strip().split("\n")


def test_every_row_names_its_source():
    """A row tells the RFC it follows, or the other document."""
    for *_, where in options_table.rows(options_table.SOURCE.read_text()):
        assert where.startswith(("RFC ", "MS-DHCPE ", "draft-"))


def test_a_line_without_its_source_is_told():
    """A row without the comment is an error, not a row that is left out."""
    with pytest.raises(ValueError, match="not a line of the option table"):
        options_table.page('TABLE = (\n    "\\n"\n    "1 subnet_mask ip\\n"\n)\n')


def test_a_type_without_an_encoder_is_told():
    """Every type of the table is explained on the page."""
    with pytest.raises(ValueError, match="no function explains the type nope"):
        options_table.page('TABLE = (\n    "\\n"\n    "1 a nope\\n"  # RFC 1\n)\n')
