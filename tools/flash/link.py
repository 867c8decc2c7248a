"""The board at the USB line: its REPL and files, through mpremote's own transport."""

import ast
import contextlib
import io
import os
import struct
from pathlib import Path

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports

from flash.boards import Found

PROGRAMS = Path(__file__).resolve().parent / "programs"
ANSWER_S = 60  # silence of a board that does nothing long; an emulated one is slow
PROMPT_TRIES = 3  # a program that runs may take a while to be interrupted
_BROKEN = (TransportError, OSError, struct.error, ValueError)  # ValueError: half an answer


class LinkError(Exception):
    """The board failed to do something.  The text is one sentence for the user."""


def only_port():
    """Return the path of the one USB serial port; LinkError names them when there are others."""
    ports = [port.device for port in list_ports.comports() if port.vid is not None]
    if len(ports) == 1:
        return ports[0]
    if not ports:
        raise LinkError(
            "no board found at a USB port: connect it by a cable that carries data, "
            "or give its port as PORT="
        )
    raise LinkError(f"which port? There are {', '.join(sorted(ports))}; give one as PORT=")


def _why_closed(path, error):
    """Return why a port cannot be opened, and what to do; what the system says goes last."""
    if os.name == "nt":  # a port is not a file there
        return f"{path}: cannot open it; is it the one, and no other program at it? {error}"
    if not Path(path).exists():
        return f"{path}: cannot open it: no such port; docs/getting-started.md, step 3, lists them"
    if not os.access(path, os.R_OK | os.W_OK):
        return f"no permission for {path}: sudo usermod -aG dialout $USER, then log out and in"
    return (
        f"{path}: cannot open it: another program has it open "
        f"(a serial monitor, Thonny, another mpremote): {error}"
    )


class PatientTransport(SerialTransport):
    """mpremote's transport; it gives up after ANSWER_S in place of 10 s."""

    def exec_raw(self, command, timeout=ANSWER_S, data_consumer=None):
        """Execute source; return (what it printed, its traceback), both bytes."""
        return super().exec_raw(command, timeout, data_consumer)


class Link:
    """A board at the raw REPL, what ran there interrupted, Python fresh; use it in `with`.

    path     the serial port
    printed  what the last ask() printed
    Raises LinkError when no MicroPython answers there.
    """

    def __init__(self, path):
        self.path = path
        self.printed = ""
        self._transport = None

    def __enter__(self):
        try:
            self._transport = PatientTransport(self.path, timeout=ANSWER_S)
        except (TransportError, OSError) as error:
            raise LinkError(_why_closed(self.path, error)) from None
        self._to_prompt()
        return self

    def __exit__(self, *_exception):
        with contextlib.suppress(*_BROKEN):
            if self._transport.in_raw_repl:
                self._transport.exit_raw_repl()
        with contextlib.suppress(*_BROKEN):
            self._transport.close()

    def _to_prompt(self):
        for attempt in range(PROMPT_TRIES):
            try:
                with contextlib.redirect_stdout(io.StringIO()):  # it prints what it did not expect
                    return self._transport.enter_raw_repl(soft_reset=True)
            except _BROKEN:
                if attempt == PROMPT_TRIES - 1:
                    self.__exit__()
        raise LinkError(
            f"{self.path}: MicroPython does not answer. Close other programs that use the port, "
            "press the reset button, or load the firmware again"
        )

    def soft_reset(self):
        """Restart Python without main.py, so that imported modules leave the heap."""
        self._transport.exit_raw_repl()
        self._to_prompt()

    def run(self, source, silence_s=ANSWER_S):
        """Execute Python source; return what it printed, as text.

        silence_s  seconds without a byte after which it is given up
        Raises LinkError with the board's traceback, or when the board falls silent.
        """
        try:
            out, error = self._transport.exec_raw(source, timeout=silence_s)
        except _BROKEN as problem:
            raise LinkError(f"{self.path}: the board does not answer: {problem}") from None
        if error:
            raise LinkError(f"on the board:\n{error.decode(errors='replace').strip()}")
        return out.decode(errors="replace").replace("\r\n", "\n")

    def ask(self, name, *arguments, silence_s=ANSWER_S):
        """Run programs/NAME.py, then call its main(*arguments); return what that returned.

        Its output is in `printed` afterwards.  Otherwise as run().
        """
        source = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
        words = ", ".join(repr(argument) for argument in arguments)
        text = self.run(f"{source}\nprint(repr(main({words})))", silence_s).strip()
        self.printed, _, last = text.rpartition("\n")
        try:
            return ast.literal_eval(last)
        except (ValueError, SyntaxError):
            raise LinkError(f"{self.path}: unexpected answer: {text[-200:]}") from None

    def identify(self):
        """Return the boards.Found at this port."""
        return Found(*self.ask("identify"))

    def write(self, path, data, progress):
        """Write a file; progress(bytes) is called after each piece."""
        written = 0

        def step(so_far, _total):
            nonlocal written
            progress(so_far - written)
            written = so_far

        try:
            self._transport.fs_writefile(path, bytes(data), progress_callback=step)
        except TransportExecError as error:
            last = error.error_output.strip().splitlines()[-1]
            raise LinkError(f"cannot write {path}: {last}") from None
        except _BROKEN as error:
            raise LinkError(f"cannot write {path}: {error}") from None

    def mount(self, folder):
        """Let the board see a directory of this machine as /remote."""
        try:
            self._transport.mount_local(str(folder))
        except _BROKEN as error:
            raise LinkError(f"{self.path}: cannot mount {folder}: {error}") from None

    def unmount(self):
        """Undo mount()."""
        with contextlib.suppress(*_BROKEN):
            self._transport.umount_local()

    def reset(self):
        """Restart the board; main.py runs.  The USB port may vanish for a moment."""
        with contextlib.suppress(*_BROKEN, serial.SerialException):
            self._transport.exec_raw_no_follow(
                "import machine, time\ntime.sleep_ms(100)\nmachine.reset()"
            )
        self._transport.in_raw_repl = False
