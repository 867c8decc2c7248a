"""serve.py --watch: leases and events on the whole terminal.  Needs rich."""

import collections
import time

from rich.console import Console
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

import dhcptext

from . import events

REFRESH_S = 0.5
EVENTS = 200
TITLES = ("address", "mac", "state", "left", "host name")
STYLES = {"bound": "green", "offered": "yellow", "conflict": "red", "declined": "red"}


class Watch:
    """In the place of an Output: shows the events, and the lease table that table() returns.

    table    function() -> a leases event, see events.leases()
    console  rich's
    """

    verbose = False

    def __init__(self, table, console=None):
        self._table = table
        self._said = collections.deque(maxlen=EVENTS)
        self._console = console or Console()
        self._drawn = 0.0
        self._live = Live(console=self._console, screen=True, auto_refresh=False)
        self._live.start()

    def tell(self, event):
        """Show one event."""
        clock = time.strftime("%H:%M:%S")
        self._said.extend(f"{clock} {line}" for line in events.text(event).splitlines())

    def wait_s(self):
        """Draw if it is time to; return when to call again."""
        if time.monotonic() - self._drawn >= REFRESH_S:
            self._drawn = time.monotonic()
            self._live.update(self.picture(), refresh=True)
        return REFRESH_S

    def flush(self, within_s=0):
        """Give the terminal back."""
        self._live.stop()
        return True

    def picture(self):
        """Return the screen as an object of rich."""
        table = self._table()
        height = self._console.height
        rows = max(3, height * 2 // 3 - 4)
        layout = Layout()
        layout.split_column(
            Layout(_leases(table, rows), ratio=2), Layout(self._log(height // 3), ratio=1)
        )
        return layout

    def _log(self, height):
        lines = list(self._said)[-max(1, height - 2) :]
        return Panel(Text("\n".join(lines), no_wrap=True), title="events")


def _leases(event, most):
    """Return the lease table, the first `most` rows of it."""
    rows = sorted(event["leases"], key=lambda row: row["state"] not in STYLES)
    title = f"{event['leased']} of {event['slots']} addresses leased, most {event['most_leased']}"
    if len(rows) > most:
        title += f"; {len(rows) - most} rows do not fit"
    shown = Table(*TITLES, title=title, expand=True)
    for row in rows[:most]:
        left = row["left_s"]
        shown.add_row(
            row["address"],
            row["mac"] or "-",
            row["state"] + (" reserved" if row["reserved"] else ""),
            "for ever" if left is None else dhcptext.duration(left) if left else "",
            Text(dhcptext.escaped(row["host_name"])),
            style=STYLES.get(row["state"], "dim"),
        )
    return shown
