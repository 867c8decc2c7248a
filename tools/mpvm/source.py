"""What is put into the VM's file system: the project's Python files, as source or as .mpy."""

import subprocess
import tempfile
from functools import cache
from pathlib import Path

from mpvm.install import HERE, SetupError, mpy_cross

ROOT = HERE.parent.parent
LIB = HERE / "lib"
VM_LIB = "/mpvm"
VM_PATH = ["/firmware", "/host_tests", VM_LIB, ".frozen", "/lib"]
HOST_ONLY = ("test_host_", "conftest", "fakes", "rigs", "scenarios")  # what needs CPython
NATIVE = ("hot_viper",)  # modules of machine code, which this interpreter cannot run


def _project_files():
    """Yield (path in the VM, path here) of every file the VM may need."""
    for folder in ("firmware", "host_tests"):
        for path in sorted((ROOT / folder).rglob("*")):
            parts = path.relative_to(ROOT / folder).parts
            skipped = "__pycache__" in parts or path.stem in NATIVE
            skipped = skipped or any(part.startswith((*HOST_ONLY, ".")) for part in parts)
            if path.is_file() and not skipped:
                yield "/" + path.relative_to(ROOT).as_posix(), path
    for path in sorted(LIB.glob("*.py")):
        yield f"{VM_LIB}/{path.name}", path


def compile_mpy(source, name, keep_lines=False, arch=None):
    """Return the .mpy (bytecode, format 6.3) of Python source, compiled with -O3.

    source      path of the file
    name        the file name that tracebacks show
    keep_lines  True: -O2 instead, which differs in nothing but keeping the line numbers
    arch        the core for which functions marked as native or viper are compiled
    Raises SetupError with mpy-cross's own message when the source has an error.
    """
    level = "-O2" if keep_lines else "-O3"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mpy"
        command = [mpy_cross(), level, "-s", name, "-o", str(out), str(source)]
        if arch:
            command.insert(1, f"-march={arch}")
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            text = (done.stderr or done.stdout).strip().splitlines()
            raise SetupError(f"mpy-cross {source}: {' | '.join(text[-3:])}")
        return out.read_bytes()


@cache
def _compiled(path, name, keep_lines, _changed_ns):
    return compile_mpy(path, name, keep_lines)


def project(mpy=False, keep_lines=False):
    """Return the project's files for the VM as {path in the VM: bytes}.

    mpy         True: every .py is compiled; firmware with -O3, tests always with line numbers
    keep_lines  True: firmware keeps its line numbers too
    """
    files = {}
    for target, path in _project_files():
        if mpy and path.suffix == ".py":
            keep = keep_lines or not target.startswith("/firmware/")
            changed = path.stat().st_mtime_ns
            files[target[:-3] + ".mpy"] = _compiled(path, target, keep, changed)
        else:
            files[target] = path.read_bytes()
    return files
