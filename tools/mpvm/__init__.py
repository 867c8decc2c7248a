"""Runs Python code inside real MicroPython interpreters (WebAssembly builds from npm).

    result = mpvm.run("print(1)", version="1.23.0")      # Result(stdout, stderr, returncode)
    reports = mpvm.run_tests(versions=mpvm.VERSIONS)     # one Report per version
    with mpvm.Session(setup_code="server = …") as vm:    # a VM that stays, for many calls
        reply, reply_to, last_drop = vm.handle(packet, now_s)

Inside the VM `firmware/` and `host_tests/` are on sys.path, as source or compiled by mpy-cross.
Every call has a time limit: an interpreter that hangs is ended, never waited for.
"""

from mpvm.install import NEWEST, OLDEST, VERSIONS, SetupError, setup
from mpvm.suite import Report, run_tests
from mpvm.vm import Allocated, Result, Session, VMError, VMTimeout, run

__all__ = [
    "NEWEST",
    "OLDEST",
    "VERSIONS",
    "Allocated",
    "Report",
    "Result",
    "Session",
    "SetupError",
    "VMError",
    "VMTimeout",
    "run",
    "run_tests",
    "setup",
]
