"""Commands of the installed package: each runs one of the tools beside this file.

In a wheel this file is `microdhcp_tools/__init__.py`, and the tools are as in a checkout below it.
"""

import runpy
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_NEWEST_OLD = (3, 10)  # of Python, that the tools do not run with


def serve():
    """Run microdhcp-serve: the DHCP server on a Linux interface."""
    _run("serve.py")


def leases():
    """Run microdhcp-leases: show a file of leases."""
    _run("leases.py")


def migrate():
    """Run microdhcp-migrate: hand a network over to Kea, dnsmasq or ISC dhcpd, and back."""
    _run("migrate")


def flash():
    """Run microdhcp-flash: put the server on a board, and test it there."""
    try:
        import mpremote  # noqa: F401 - only whether it is there
    except ImportError:
        sys.exit('microdhcp-flash needs mpremote: pip install "microdhcp[flash]"')
    _run("flash")


def _run(tool):
    """Run a tool as the main program."""
    if sys.version_info[:2] <= _NEWEST_OLD:
        sys.exit("The tools need Python 3.11 or newer; `import microdhcp` works with this one.")
    runpy.run_path(str(_HERE / "tools" / tool), run_name="__main__")
