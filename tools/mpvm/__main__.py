"""Command line of tools/mpvm: `python tools/mpvm run SCRIPT`, `… test`, `… setup`."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from mpvm.cli import main  # noqa: E402 - the line above makes it importable

sys.exit(main())
