"""Writes the exchanges of real clients as host_tests/captures/*.hex; format: README.md there."""

import platform
import shlex
from pathlib import Path

from .clients import CLIENTS
from .network import Lab
from .nodes import LabError
from .stories import CAPTURED, IN_WORDS, possible, tell

FOLDER = Path(__file__).resolve().parents[2] / "host_tests" / "captures"

#: Lease time of the recorded servers; long enough that nobody renews by itself.
LEASE_S = 600

#: udhcpc now and then misses an answer that comes too fast (see clients.Udhcpc).
_TRIES = 10


def capture_text(notes, messages):
    """Return the text of a capture.

    notes     dict of the comment lines
    messages  lab Messages in order
    """
    lines = [f"# {key}: {value}" for key, value in notes.items()]
    start_s = messages[0].at_s
    for message in messages:
        arrow = ">" if message.to_server else "<"
        lines.append(f"{arrow} @{message.at_s - start_s:.3f} {message.payload.hex()}")
    return "\n".join(lines) + "\n"


def _live(adapter, steps):
    """Return (command line, told steps, Network) of a client's story in a lab of its own."""
    with Lab(clients=2, with_foreign=True) as lab:
        time_s = ("--lease-time", str(LEASE_S))
        with lab.serve(*time_s), lab.serve(*time_s, network=lab.foreign):
            client = adapter(lab.clients[0], checks=adapter.has_check and "squatted" in steps)
            command = shlex.join(client.command())
            told = tell(lab, client, steps)
            client.stop()
    for step in told.values():
        if step.error:
            raise LabError(step.error)
    return command, told, lab.home


def record(adapter, story, folder=FOLDER):
    """Let a client live through one story of stories.CAPTURED; return the path of its capture.

    A story in which the client missed the answer to its renewal is told again.  Raises LabError
    when a step fails.
    """
    steps = CAPTURED[story]
    for _ in range(_TRIES):
        command, told, home = _live(adapter, steps)
        if "renew" not in told or told["renew"].kinds() == ["REQUEST", "ACK"]:
            break
    else:
        raise LabError(f"{adapter.name}: no clean renewal in {_TRIES} tries")
    messages = [message for step in told.values() for message in step.messages]
    system = platform.freedesktop_os_release()
    notes = {
        "client": f"{adapter.name} {adapter.version()}, {system['NAME'].split()[0]} "
        f"{system.get('VERSION_ID', '')}".rstrip(),
        "story": ", ".join(IN_WORDS.get(step, step) for step in steps),
        "command": command,
        "server": f"{home.address}, pool {home.pool}, lease time {LEASE_S} s",
    }
    path = folder / f"{adapter.name}-{adapter.version()}-{story}.hex"
    path.write_text(capture_text(notes, messages), encoding="ascii")
    return path


def record_all(names=(), folder=FOLDER):
    """Record every story of every client, or of those named; yield the path of each capture."""
    for adapter in CLIENTS:
        if names and adapter.name not in names:
            continue
        reason = adapter.unavailable()
        if reason:
            raise LabError(reason)
        for story in CAPTURED:
            if possible(adapter, story):
                yield record(adapter, story, folder)
