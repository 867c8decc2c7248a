"""What a program on a board can import: fakes, the package under test, a few of CPython's own.

Every board has modules of its own: nothing that one imports is seen by another, or by the tests.
"""

import builtins
import functools
import importlib
import types
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
_MISSING = ("microdhcp.fast", "microdhcp.fast_start")  # machine code: no fake can run it
_SHARED = ("array", "binascii", "collections", "io", "json", "math", "random", "re", "struct")


@functools.cache
def _compiled(path):
    return compile(path.read_text(encoding="utf-8"), str(path), "exec")


class Modules:
    """The modules of one board.

    loaded    {name: module}, as sys.modules of a program
    builtins  what its programs find without an import
    """

    def __init__(self, fakes, **extra_builtins):
        self._fakes = fakes
        self.loaded = {}
        self.builtins = {**vars(builtins), "__import__": self._import, **extra_builtins}
        self.restart()

    def restart(self):
        """Forget imported modules, as a soft reset does."""
        self.loaded.clear()
        self.loaded.update(self._fakes)

    def _import(self, name, globals_=None, locals_=None, fromlist=(), level=0):
        """Do what the statement `import` does; MicroPython's __import__ has the same arguments."""
        full = name
        if level:
            package = globals_["__package__"].split(".")
            base = package[: len(package) - level + 1]
            full = ".".join(base + ([name] if name else []))
        parts = full.split(".")
        for n in range(1, len(parts) + 1):
            module = self._load(".".join(parts[:n]))
        for item in fromlist or ():
            if hasattr(module, "__path__") and not hasattr(module, item):
                self._load(f"{full}.{item}")
        return module if fromlist or len(parts) == 1 else self.loaded[parts[0]]

    def _load(self, full):
        if full in self.loaded:
            return self.loaded[full]
        if full in _SHARED:
            return importlib.import_module(full)
        if full in _MISSING:
            raise ImportError(f"no module named '{full}'")
        base = FIRMWARE.joinpath(*full.split("."))
        for path in (base / "__init__.py", base.with_suffix(".py")):
            if path.exists():
                return self._run(full, path)
        raise ImportError(f"no module named '{full}'")

    def _run(self, full, path):
        module = types.ModuleType(full)
        package, _, name = full.rpartition(".")
        module.__package__ = package
        if path.name == "__init__.py":
            module.__package__ = full
            module.__path__ = [str(path.parent)]
        module.__file__ = str(path)
        module.__dict__["__builtins__"] = self.builtins
        self.loaded[full] = module
        try:
            exec(_compiled(path), module.__dict__)
        except BaseException:
            del self.loaded[full]
            raise
        if package:
            setattr(self.loaded[package], name, module)
        return module
