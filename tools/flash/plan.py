"""Plan the changes on the board.  Pure functions: no board is needed."""

import hashlib
from dataclasses import dataclass, field

FOLDER = "/lib/microdhcp"
MAIN = "/main.py"
BACKUP = "/main.py.old"
EXAMPLE_KEY = b"change-me-now"  # the password that each example has


@dataclass
class Plan:
    """copy {path: bytes}, kept [path], make [directory], remove [path], rename [(from, to)]."""

    copy: dict = field(default_factory=dict)
    kept: list = field(default_factory=list)
    make: list = field(default_factory=list)
    remove: list = field(default_factory=list)
    rename: list = field(default_factory=list)

    @property
    def copy_n(self):
        """Bytes to copy."""
        return sum(len(data) for data in self.copy.values())


def package(wanted, found):
    """Return the Plan that makes FOLDER hold `wanted` and nothing else.

    wanted  {path below FOLDER: bytes}
    found   {path: SHA-256 in hex, None for a directory} of the board

    Files of an older version are removed: Python would load server.py before server.mpy.
    """
    plan = Plan()
    folders = {parent for path in wanted for parent in _parents(path)}
    plan.make = sorted(folders - {path for path, value in found.items() if value is None})
    stale = [
        path
        for path in found
        if path.startswith(FOLDER + "/") and path not in wanted and path not in folders
    ]
    plan.remove = sorted(stale, reverse=True)  # children before their directory
    for path, data in sorted(wanted.items()):
        if found.get(path) == digest(data):
            plan.kept.append(path)
        else:
            plan.copy[path] = data
    return plan


def add_main(plan, example, chosen, found):
    """Add main.py to the plan; return what to tell the user about it.

    example  (path in the project, bytes) of the board's example
    chosen   bytes of the file that the user asked for, or None
    A main.py of the user's is never touched unless `chosen` is given; then it is kept as BACKUP.
    """
    there = found.get(MAIN)
    path, data = example
    wanted = data if chosen is None else chosen
    if there == digest(wanted):
        return "main.py is up to date"
    if there is None:
        plan.copy[MAIN] = wanted
        return "there was no main.py: copied " + ("the example" if chosen is None else "yours")
    if chosen is None:
        return f"the board's main.py differs from {path}: left alone; to replace it: MAIN={path}"
    plan.rename.append((MAIN, BACKUP))
    plan.copy[MAIN] = wanted
    return f"main.py is replaced; the old one is now {BACKUP[1:]}"


def warning(example, chosen, found):
    """Return a warning about the main.py that the board will have, or None.

    Arguments as those of add_main(); nothing is known of a main.py that was left alone.
    """
    wanted = example[1] if chosen is None else chosen
    left_alone = chosen is None and found.get(MAIN) not in (None, digest(wanted))
    if EXAMPLE_KEY in wanted and not left_alone:
        return "the password is still the one of the example"
    return None


def digest(data):
    """Return the SHA-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def _parents(path):
    """Yield the directories above an absolute path, without the root."""
    at = path.find("/", 1)
    while at > 0:
        yield path[:at]
        at = path.find("/", at + 1)
