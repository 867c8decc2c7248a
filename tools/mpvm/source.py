"""The files in the VM: the project's Python files, as source or as .mpy."""

import subprocess
import tempfile
import threading
from functools import cache
from pathlib import Path

from mpvm.install import HERE, SetupError, mpy_cross
from packer.layout import FAST  # machine code, which this interpreter cannot run

ROOT = HERE.parent.parent
LIB = HERE / "lib"
STANDINS = ROOT / "tools" / "romfs" / "standins"  # network, socket, select: it has none
VM_LIB = "/mpvm"
BUILT_FAMILY = "rp2"  # of the two, which differ in the service's port only
VM_PATH = ["/firmware", "/host_tests", VM_LIB, ".frozen", "/lib"]
HOST_ONLY = (
    "test_host_",
    "conftest",
    "fakes",
    "rigs",
    "scenarios",
    "telephone",
)  # what needs CPython


def _project_files():
    """Yield (path in the VM, path here) of every file the VM may need."""
    for folder in ("firmware", "host_tests"):
        for path in sorted((ROOT / folder).rglob("*")):
            parts = path.relative_to(ROOT / folder).parts
            skipped = "__pycache__" in parts or path.stem in FAST
            skipped = skipped or any(part.startswith((*HOST_ONLY, ".")) for part in parts)
            if path.is_file() and not skipped:
                yield "/" + path.relative_to(ROOT).as_posix(), path
    for path in sorted(LIB.glob("*.py")):
        yield f"{VM_LIB}/{path.name}", path


def compile_mpy(source, name, keep_lines=False, arch=None):
    """Return the .mpy (bytecode, format 6.3) of Python source, compiled with -O3.

    source      path of the file, or its text
    name        the file name that tracebacks show
    keep_lines  True: -O2 instead, which differs in nothing but keeping the line numbers
    arch        the core for which functions marked as native or viper are compiled
    Raises SetupError with mpy-cross's own message when the source has an error.
    """
    level = "-O2" if keep_lines else "-O3"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mpy"
        path = source
        if isinstance(source, str):
            path = Path(folder) / "in.py"
            path.write_text(source, encoding="utf-8")
        command = [mpy_cross(), level, "-s", name, "-o", str(out), str(path)]
        if arch:
            command.insert(1, f"-march={arch}")
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            text = (done.stderr or done.stdout).strip().splitlines()
            raise SetupError(f"mpy-cross {name}: {' | '.join(text[-3:])}")
        return out.read_bytes()


@cache
def _compiled(path, name, keep_lines, _changed_ns):
    return compile_mpy(path, name, keep_lines)


def project(mpy=False, keep_lines=False, built=False):
    """Return the project's files for the VM as {path in the VM: bytes}.

    mpy         True: every .py is compiled; firmware with -O3, tests always with line numbers
    keep_lines  True: firmware keeps its line numbers too
    built       True: in the place of the source the package that tools/build.py makes, and tests
                that ask for its private names by the names that they have there
    """
    if built:
        return _built(keep_lines)
    files = {}
    for target, path in _project_files():
        if mpy and path.suffix == ".py":
            keep = keep_lines or not target.startswith("/firmware/")
            changed = path.stat().st_mtime_ns
            files[target[:-3] + ".mpy"] = _compiled(path, target, keep, changed)
        else:
            files[target] = path.read_bytes()
    return files


_building = threading.Lock()


def _built(keep_lines):
    with _building:  # several threads ask at once, and one answer serves them all
        return dict(_built_once(keep_lines))


@cache
def _built_once(keep_lines):
    import build  # tools/build.py, which needs this module itself

    made, package = build.make(BUILT_FAMILY), {}
    for name, data in build.compiled(made, keep_lines).items():
        package[f"/firmware/microdhcp/{name}.mpy"] = data
    for path in sorted(STANDINS.glob("*.py")):
        package[f"{VM_LIB}/{path.name}"] = path.read_bytes()
    for target, path in _project_files():
        if target.startswith("/host_tests/") and path.suffix == ".py":
            package[target] = made.translated(path.stem, path.read_text(encoding="utf-8")).encode()
        elif not target.startswith("/firmware/"):
            package[target] = path.read_bytes()
    return package
