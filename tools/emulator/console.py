"""The board's USB serial line, and MicroPython's raw REPL on it.

Raw REPL: https://docs.micropython.org/en/latest/reference/repl.html#raw-mode-and-raw-paste-mode
"""

CTRL_A, CTRL_B, CTRL_C, CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"
RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
PROMPT = b">>> "
PASTE, PASTE_YES = b"\x05A\x01", b"R\x01"  # raw paste mode: may I?  yes
MORE = b"\x01"  # in raw paste mode: the board has room for one more window

# One USB packet for each emulated millisecond: the board reads some 90 bytes in that time.  With
# more, its buffer fills up, and then it has been seen to lose a byte while Wi-Fi was up.
_PUMP_NS = 1_000_000
_PACKET_N = 64


class Console:
    """Bytes to and from the board.

    cdc      rp2040py's USB serial device
    clock    the emulated clock
    pause    called without arguments after the board has said something
    heard    bytearray of all the board has said
    on_data  called with bytes as they arrive, or None

    A host that has nothing to say sends nothing.  rp2040py's sends an empty packet whenever the
    board would take one, some ten thousand in a second: the board never sleeps then.
    """

    def __init__(self, cdc, clock, pause):
        self._cdc = cdc
        self._pause = pause
        self._usb = cdc.usb
        self._pending = bytearray()
        self._room = []  # sizes of the packets that the board would take now
        self._paused = False  # until the millisecond after the last packet has passed
        self._alarm = clock.create_alarm(self._resume)
        self.heard = bytearray()
        self.on_data = None
        cdc.on_serial_data = self._hear
        self._control_read = self._usb.on_endpoint_read
        self._controller_reset = self._usb.on_reset
        self._usb.on_endpoint_read = self._asked
        self._usb.on_reset = self._reset

    def _hear(self, data):
        self.heard += bytes(data)
        if self.on_data:
            self.on_data(bytes(data))
        self._pause()

    def send(self, data):
        """Type `data`, bytes of any length; they reach the board while it runs."""
        self._pending += data
        self._pump()

    @property
    def typing(self):
        """True while something that was sent has not left for the board."""
        return bool(self._pending)

    def _asked(self, endpoint, size):
        """Note that the board would take a packet; what concerns the port itself goes on."""
        if endpoint != self._cdc._out_endpoint:
            self._control_read(endpoint, size)
            return
        self._room.append(size)
        self._pump()

    def _reset(self):
        self._room.clear()
        self._controller_reset()

    def _resume(self):
        self._paused = False
        self._pump()

    def _pump(self):
        if self._paused or not self._pending or not self._room:
            return
        size = min(self._room.pop(0), _PACKET_N)
        self._usb.endpoint_read_done(self._cdc._out_endpoint, bytes(self._pending[:size]))
        del self._pending[:size]
        self._paused = True
        self._alarm.schedule(_PUMP_NS)


class Program:
    """A program that was started at the raw REPL.

    board    the Board, which has to run (`wait`, `board.sleep`, …) for the program to go on
    The board has read it whole; what the program prints begins at `start` in console.heard.
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
        """Its output so far, as text."""
        return _text(self._parts()[0])

    @property
    def error(self):
        """The traceback with which it ended; "" when it has not, or ended well."""
        return _text(self._parts()[1]) if self.done else ""

    def wait(self, timeout_s=60):
        """Let the board run until the program has ended; return what it printed.

        timeout_s  emulated seconds
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
    """The board did not finish in time.  The text names the task and ends with the last output."""


def _text(data):
    return data.decode(errors="replace").replace("\r\n", "\n")
