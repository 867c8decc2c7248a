"""One interpreter in one node process: run a program to its end, or keep it for many calls."""

import base64
import contextlib
import json
import queue
import re
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from mpvm import source
from mpvm.install import HERE, NEWEST, SetupError, find_node, module_path
from patience import Allowance

HEAP = 256 * 1024  # bytes at start; the interpreter adds areas when it needs more
PYSTACK_WORDS = 16 * 1024  # call frames; deep test helpers need more than the default 2048
TIMEOUT_S = 60  # of processor time
LOOK_S = 0.1  # so often a silent interpreter is looked at
TIMED_OUT = 124
PROGRAM = "/main.py"


class VMError(Exception):
    """The interpreter ended, or code inside it raised; the message holds its traceback."""


class VMTimeout(VMError):
    """The interpreter did not answer in time and was ended."""


class Allocated(VMError):
    """server.handle allocated memory while the heap was locked."""


@dataclass(frozen=True)
class Result:
    """What a program printed (stdout), its traceback (stderr), and its exit status.

    returncode  0, or what the program gave to sys.exit; 1 uncaught exception,
                124 ended after the time limit, 125 the interpreter itself broke
    """

    stdout: str
    stderr: str
    returncode: int


def parse_size(text):
    """Return bytes from "262144", "256k" or "1M"; ValueError for anything else."""
    match = re.fullmatch(r"(\d+)([kKmM]?)", str(text))
    size = int(match[1]) << {"": 0, "k": 10, "m": 20}[match[2].lower()] if match else 0
    if not 16 << 10 <= size <= 64 << 20:
        raise ValueError(f"heap size {text!r}: expected 16k to 64M, such as 256k")
    return size


def _content(value):
    if isinstance(value, Path):
        return value.read_bytes()
    return value.encode() if isinstance(value, str) else bytes(value)


def _job(version, main, *, mpy, keep_lines, built, files, heap, args, serve):
    """Return the job line for vm.mjs (its form is described there)."""
    mounted = source.project(mpy, keep_lines, built)
    mounted.update({name: _content(value) for name, value in (files or {}).items()})
    name, steps = main
    job = {
        "module": str(module_path(version)),
        "heap": parse_size(heap),
        "pystack": PYSTACK_WORDS,
        "files": {path: base64.b64encode(data).decode() for path, data in mounted.items()},
        "path": source.VM_PATH,
        "argv": [name, *args],
        "steps": steps,
        "serve": serve,
    }
    return json.dumps(job).encode() + b"\n"


def _start(**streams):
    node = find_node()
    if node is None:
        raise SetupError("no node 18.3 or newer here: run `python tools/mpvm setup`")
    return subprocess.Popen([node, str(HERE / "vm.mjs")], stdin=subprocess.PIPE, **streams)


def _program(script):
    """Return (name in the VM, texts of its steps) of a path, a program's text, or several."""
    if isinstance(script, Path):
        try:
            return "/" + script.name, [script.read_text(encoding="utf-8")]
        except OSError as error:
            raise SetupError(f"{script}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise SetupError(f"{script}: not a Python file (no UTF-8 text)") from None
    if not isinstance(script, str):
        return PROGRAM, list(script)
    if script.endswith(".py") and "\n" not in script:
        return _program(Path(script))
    return PROGRAM, [script]


def run(
    script,
    version=NEWEST,
    *,
    mpy=False,
    keep_lines=False,
    built=False,
    files=None,
    heap=HEAP,
    timeout=TIMEOUT_S,
    args=(),
    capture=True,
):
    """Run a program in a fresh interpreter and return its Result.

    script   path of a .py file, the text of a program, or a list of texts that run one after
             the other; as __main__, from source. Between two of them gc.collect() takes effect.
    mpy      True: the modules it imports from the project are compiled; see source.project
    built    True: they are those of the built package
    files    more files, {path in the VM: bytes, str, or Path to read}
    heap     bytes at start, or text such as "256k"; grows on demand
    timeout  seconds of processor time; then the interpreter is ended and returncode is 124
    args     sys.argv[1:] of the program
    capture  False: output goes straight to this process's stdout and stderr
    Raises SetupError when something is not installed, ValueError for a wrong heap size.
    """
    options = {"mpy": mpy, "keep_lines": keep_lines, "built": built, "files": files, "heap": heap}
    job = _job(version, _program(script), args=list(args), serve=False, **options)
    pipe = subprocess.PIPE if capture else None
    process = _start(stdout=pipe, stderr=pipe)
    try:
        out, err, in_time = _talk(process, job, Allowance(process.pid, timeout))
    finally:
        process.kill()
    status = process.returncode if in_time else TIMED_OUT
    return Result(*((text or b"").decode(errors="replace") for text in (out, err)), status)


def _talk(process, job, allowance):
    """Give a process its input; return its output, its errors, and whether it ended itself."""
    with contextlib.suppress(OSError):  # it has ended already
        process.stdin.write(job)
        process.stdin.close()
    process.stdin = None
    in_time = True
    while True:
        try:
            return *process.communicate(timeout=LOOK_S), in_time
        except subprocess.TimeoutExpired:
            if allowance.spent():
                process.kill()
                in_time = False


class Session:
    """An interpreter that stays: setup_code runs once as __main__, then its functions are called.

        with Session(setup_code="def twice(x): return 2 * x") as vm:
            vm.call("twice", 21)      # 42

    `output` is what the code inside has printed so far. After VMTimeout, or when the interpreter
    broke, the session is closed; after an exception inside a called function it can go on.
    """

    def __init__(
        self,
        version=NEWEST,
        setup_code="",
        *,
        mpy=False,
        keep_lines=False,
        built=False,
        files=None,
        heap=HEAP,
        timeout=TIMEOUT_S,
    ):
        """Start the interpreter and run setup_code.

        timeout  seconds of processor time for the start, and for each call that names none
        The other arguments are those of run(). Raises VMError with the traceback of setup_code.
        """
        options = {"mpy": mpy, "keep_lines": keep_lines, "built": built}
        options |= {"files": files, "heap": heap}
        job = _job(version, _program(setup_code), args=[], serve=True, **options)
        self.version = version
        self.output = ""
        self._timeout = timeout
        self._errors = tempfile.TemporaryFile()
        self._process = _start(stdout=subprocess.PIPE, stderr=self._errors)
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self._exchange(job, timeout)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()

    @property
    def pid(self):
        """The number of the interpreter's process."""
        return self._process.pid

    def _read(self):
        # A thread, because a pipe cannot be read with a time limit on every system.
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _exchange(self, data, timeout):
        """Send one line and return the message that answers it; keeps what is printed."""
        if self._process.poll() is not None:
            raise VMError("the session is closed")
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except OSError:
            raise VMError(self._last_words()) from None
        allowance = Allowance(self._process.pid, timeout)
        while True:
            try:
                line = self._lines.get(timeout=LOOK_S)
            except queue.Empty:
                spent = allowance.spent()
                if not spent:
                    continue
                self.close()
                raise VMTimeout(f"no answer {spent}") from None
            if line is None:
                raise VMError(self._last_words())
            message = json.loads(line)
            if "out" not in message:
                return message
            self.output += message["out"]

    def _last_words(self):
        self._process.wait(timeout=5)
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace").strip()
        status = self._process.returncode
        self.close()
        return text or f"the interpreter ended with status {status}"

    def call(self, name, *args, timeout=None):
        """Call a function of setup_code and return its result.

        args     numbers, str, None, bool, lists and dicts of them; the result likewise
        timeout  seconds, None: that of the session
        Raises VMError with MicroPython's traceback, VMTimeout, or Allocated (see handle()).
        """
        request = json.dumps([name, args]).encode() + b"\n"
        message = self._exchange(request, self._timeout if timeout is None else timeout)
        if "value" in message:
            return message["value"]
        if message["type"] == "Allocated":
            raise Allocated(message["error"])
        raise VMError(message["error"])

    def handle(self, packet, now_s, *, heap_lock=True, timeout=None):
        """Give one packet to the `server` of setup_code; return (reply, reply_to, last_drop).

        packet     bytes, at most len(server.rx)
        now_s      int seconds, 0 <= now_s < 2**30
        heap_lock  True: server.handle runs under micropython.heap_lock(); Allocated is raised
                   when it tried to allocate (the core keeps this from v1.26 on)
        reply is b"" for silence; reply_to and last_drop are those of the server afterwards.
        """
        call = ("mpvm.handle", bytes(packet).hex(), now_s, heap_lock)
        reply, reply_to, last_drop = self.call(*call, timeout=timeout)
        return bytes.fromhex(reply), reply_to, last_drop

    def close(self):
        """End the interpreter; harmless when it has ended already."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._errors):
            try:
                stream.close()
            except OSError:
                pass  # unsent bytes for a process that is gone
