"""`make demo`: the whole story, with the real client where that can be, and without it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import lab
import mpvm

TOOLS = Path(__file__).resolve().parent.parent / "tools"
LADDER = ["DISCOVER", "OFFER", "REQUEST", "ACK", "REQUEST", "ACK", "RELEASE"]
ARROWS = ("|-- ", "|<")


def demo(**environment):
    """Run the demo; return its CompletedProcess."""
    argv = [sys.executable, str(TOOLS / "demo")]
    more = {**os.environ, **environment}
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, env=more)


def arrows(shown):
    """Return the message types on the ladder."""
    words = [line.strip(" |-<>") for line in shown.splitlines() if line.strip().startswith(ARROWS)]
    return [word.split()[0] for word in words]


def told(shown):
    """Return whether the ladder holds the story in order; repeated messages do not matter."""
    rest = iter(arrows(shown))
    return all(wanted in rest for wanted in LADDER)


@pytest.fixture(autouse=True)
def interpreter():
    """Skip, with the reason, where MicroPython is not installed."""
    try:
        mpvm.Session(setup_code="").close()
    except mpvm.SetupError as error:
        pytest.skip(str(error))


def test_a_real_client():
    """udhcpc in a namespace obtains, renews and releases; the table says so at the end."""
    reason = lab.unavailable() or lab.Udhcpc.unavailable()
    if reason:
        pytest.skip(reason)
    done = demo()
    assert done.returncode == 0, done.stderr
    assert told(done.stdout)
    last = done.stdout.splitlines()[-1]
    assert last.startswith("lease table: 10.77.0.") and last.endswith("00:00:5e:00:53:01 RELEASED")
    assert "udhcpc" in done.stdout.splitlines()[0]
    assert max(map(len, done.stdout.splitlines())) <= 99


def test_without_namespaces(tmp_path):
    """Without the tools for namespaces it uses the project's own client, and says why."""
    (tmp_path / "node").symlink_to(mpvm.install.find_node())
    done = demo(PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert arrows(done.stdout) == LADDER
    assert "the project's own client over the loopback" in done.stdout.splitlines()[0]
    assert done.stdout.splitlines()[-1].endswith("RELEASED")
