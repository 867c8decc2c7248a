"""`make demo`: the whole stories, with the real client where that can be, and one without it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import lab
import mpvm
from patience import LIMIT_S

TOOLS = Path(__file__).resolve().parent.parent / "tools"
OBTAIN = ["DISCOVER", "OFFER", "REQUEST", "ACK"]
LADDER = [*OBTAIN, "REQUEST", "ACK", "RELEASE"]
TITLES = (
    "A client gets, renews and releases an address.",
    "Another host has 10.77.0.58, and the server asks before it offers: another address.",
    "Another host has 10.77.0.58, and only the client asks: it declines, and gets another.",
)
ARROWS = ("|-- ", "|<")
CLIENT, SQUATTER = "00:00:5e:00:53:01", "00:00:5e:00:53:02"


def demo(**environment):
    """Run the demo; return its CompletedProcess."""
    argv = [sys.executable, str(TOOLS / "demo")]
    more = {**os.environ, **environment}
    return subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, env=more)


def arrows(shown):
    """Return the message types on the ladder."""
    words = [line.strip(" |-<>") for line in shown.splitlines() if line.strip().startswith(ARROWS)]
    return [word.split()[0] for word in words]


def told(shown, kinds):
    """Return whether the ladder holds the story in order; repeated messages do not matter."""
    rest = iter(arrows(shown))
    return all(wanted in rest for wanted in kinds)


def table(shown):
    """Return {address: (MAC, state)} of a story's lease table."""
    (line,) = [line for line in shown.splitlines() if line.startswith("lease table: ")]
    rows = [row.split() for row in line.removeprefix("lease table: ").split(", ")]
    return {address: (mac, state) for address, mac, state in rows}


@pytest.fixture(autouse=True, scope="module")
def interpreter():
    """Skip, with the reason, where MicroPython is not installed."""
    try:
        mpvm.Session(setup_code="").close()
    except mpvm.SetupError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def stories():
    """Return what `make demo` shows, cut before each title."""
    reason = lab.unavailable() or lab.Udhcpc.unavailable()
    if reason:
        pytest.skip(reason)
    done = demo()
    assert done.returncode == 0, done.stderr
    assert "udhcpc" in done.stdout.splitlines()[0]
    assert max(map(len, done.stdout.splitlines())) <= 99
    at = [done.stdout.index(title) for title in TITLES]
    assert at == sorted(at)
    return [done.stdout[begin:end] for begin, end in zip(at, [*at[1:], None])]


def test_a_real_client(stories):
    """udhcpc in a namespace obtains, renews and releases; the table says so at the end."""
    assert told(stories[0], LADDER)
    assert table(stories[0]) == {"10.77.0.58": (CLIENT, "RELEASED")}


def test_the_server_finds_a_squatter(stories):
    """Another address is offered, and the client has nothing to decline."""
    assert told(stories[1], OBTAIN) and "DECLINE" not in arrows(stories[1])
    assert f"who has 10.77.0.58? {SQUATTER} has it" in stories[1]
    states = [state for _mac, state in table(stories[1]).values()]
    assert states == ["CONFLICT", "BOUND"]


def test_the_client_finds_a_squatter(stories):
    """What was declined is kept back, and the client gets another address."""
    assert told(stories[2], [*OBTAIN, "DECLINE", *OBTAIN]) and "ARP" not in stories[2]
    states = [state for _mac, state in table(stories[2]).values()]
    assert states == ["DECLINED", "BOUND"]


def test_without_namespaces(tmp_path):
    """Without the tools for namespaces it uses the project's own client, and says why."""
    (tmp_path / "node").symlink_to(mpvm.install.find_node())
    done = demo(PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert arrows(done.stdout) == LADDER
    first = done.stdout.splitlines()[0]
    assert "the project's own client over the loopback" in first
    assert "the stories of a taken address need namespaces" in first
    story, _, after = done.stdout.partition("\nWhat next?\n")
    assert story.splitlines()[-1].endswith("RELEASED")
    assert "make demo PLAY=1" in after
