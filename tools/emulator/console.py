"""The board's USB serial line, and MicroPython's raw REPL on it.

Raw REPL: https://docs.micropython.org/en/latest/reference/repl.html#raw-mode-and-raw-paste-mode
"""

CTRL_A, CTRL_B, CTRL_C, CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"
RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
PROMPT = b">>> "

_PUMP_NS = 1_000_000  # emulated time after which the USB buffer is looked at again


class Console:
    """Bytes to and from the board.

    cdc      rp2040py's USB serial device
    clock    the emulated clock
    heard    bytearray of all the board has said
    on_data  called with bytes as they arrive, or None
    """

    def __init__(self, cdc, clock):
        self._cdc = cdc
        self._pending = bytearray()
        self._alarm = clock.create_alarm(self._pump)
        self.heard = bytearray()
        self.on_data = None
        cdc.on_serial_data = self._hear

    def _hear(self, data):
        self.heard += bytes(data)
        if self.on_data:
            self.on_data(bytes(data))

    def send(self, data):
        """Type `data`, bytes of any length; they reach the board while it runs."""
        self._pending += data
        self._pump()

    @property
    def typing(self):
        """True while something that was sent has not left for the board."""
        return bool(self._pending or self._cdc.tx_fifo.item_count)

    def _pump(self):
        fifo = self._cdc.tx_fifo  # it drops what does not fit, without a word
        free = max(fifo.size - fifo.item_count, 0)
        for byte in self._pending[:free]:
            self._cdc.send_serial_byte(byte)
        del self._pending[:free]
        if self._pending:
            self._alarm.schedule(_PUMP_NS)


class Program:
    """A program that was started at the raw REPL.

    board    the Board, which has to run (`wait`, `board.sleep`, …) for the program to go on
    The board has answered "OK"; what the program prints begins at `start` in console.heard.
    """

    def __init__(self, board, start):
        self.board = board
        self._start = start

    def _parts(self):
        return bytes(self.board.console.heard[self._start :]).split(CTRL_D)

    @property
    def done(self):
        """True when the program has ended."""
        return len(self._parts()) > 2

    @property
    def output(self):
        """What it has printed so far, as text."""
        return _text(self._parts()[0])

    @property
    def error(self):
        """The traceback with which it ended; "" when it has not, or ended well."""
        return _text(self._parts()[1]) if self.done else ""

    def wait(self, timeout_s=60):
        """Let the board run until the program has ended; return what it printed.

        timeout_s  seconds of wall time
        Raises BoardError with the board's traceback, BoardTimeout after timeout_s.
        """
        self.board.wait(lambda: self.done, timeout_s, "the program has not ended")
        if self.error:
            raise BoardError(self.error.strip())
        return self.output

    def interrupt(self, timeout_s=60):
        """End it by Ctrl-C; return what it printed.  An error of its own is not raised."""
        if not self.done:
            self.board.console.send(CTRL_C)
            self.board.wait(lambda: self.done, timeout_s, "the program ignores Ctrl-C")
        return self.output


class BoardError(Exception):
    """Code on the board failed; the text is the board's traceback."""


class BoardTimeout(BoardError):
    """The board did not come to an end in time; the text says with what, and its last words."""


def _text(data):
    return data.decode(errors="replace").replace("\r\n", "\n")
