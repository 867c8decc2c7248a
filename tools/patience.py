"""How long tools and tests wait for something that must happen.

A test must not fail because the machine is busy.  So a program that may hang gets an amount of
processor time, and everything else LIMIT_S as a safety net.
"""

import os
import time
from pathlib import Path

#: Seconds until a wait is given up that nothing else ends.  Never what a test measures.
LIMIT_S = 600


def cpu_s(pid):
    """Return the seconds of processor time a process has used, None if the system hides it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, AttributeError):
        return None


class Allowance:
    """The seconds that a process may work, from now on.

    pid      of the process
    seconds  of processor time; of the clock on the wall where the system hides the former
    """

    def __init__(self, pid, seconds):
        self._pid = pid
        self._seconds = seconds
        self._begun = time.monotonic(), cpu_s(pid)

    def spent(self):
        """Return why the process is to be ended, in words; None: it may go on."""
        wall_s = time.monotonic() - self._begun[0]
        now_s = cpu_s(self._pid)
        hidden = now_s is None or self._begun[1] is None
        worked_s = wall_s if hidden else now_s - self._begun[1]
        if worked_s >= self._seconds:
            return f"within {self._seconds:g} s"
        if wall_s >= max(LIMIT_S, self._seconds):
            return f"within {wall_s:.0f} s, the safety net; it worked for {worked_s:.1f} s of them"
        return None


def until(happened, limit_s=LIMIT_S, every_s=0.02):
    """Call happened() until it returns something true, or for limit_s; return its last value."""
    end = time.monotonic() + limit_s
    while True:
        found = happened()
        if found or time.monotonic() > end:
            return found
        time.sleep(every_s)
