"""Reads the leases of the service that runs on a board, by its USB port.

The board's program is interrupted, so the board stops serving: two servers must not give out the
same addresses.  A reset starts it again.
"""

import contextlib
import io
import time

from flash.link import Link, LinkError
from microdhcp import store

from .source import SourceError, leases_of


class _Resumed(Link):
    """A board whose Python goes on living: what its program knows is still there."""

    def _to_prompt(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self._transport.enter_raw_repl(soft_reset=False)


def read(port, config, lost=None):
    """Return the list of Lease of the board at a serial port; the times left are exact.

    lost   as for source.read_store()

    SourceError: no board answers there, or it runs no Service.
    """
    try:
        with _Resumed(port) as link:
            answer = link.ask("handover")
    except LinkError as error:
        raise SourceError(str(error)) from None
    if answer is None:
        raise SourceError(f"{port}: no Service has been started on this board")
    text, left = answer
    records = store.records(bytes.fromhex(text))
    return leases_of(records, config, int(time.time()), left, lost)
