"""The module `socket`: MP ports/esp32/modsocket.c and extmod/modlwip.c."""

import types

from fakes.addresses import parse, text
from fakes.lwip import ANY, StackError

AF_INET, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW = 2, 1, 2, 3
_SO_REUSEADDR, _SO_BROADCAST, _SO_BINDTODEVICE = 4, 32, 4107
_CALL_US = 50  # what a call takes; measured: sendto 250-290, recv about 60
_FOREVER = None


class Socket:
    """A UDP or raw socket of one board; the board's module makes a subclass with its rules.

    board     the board
    rules     fakes.rules.Rules of its firmware
    """

    board = None

    def __init__(self, family=AF_INET, kind=SOCK_STREAM, protocol=0):
        self._start(kind, protocol)
        self._open()
        self.board.sockets.append(self)

    def _start(self, kind=SOCK_STREAM, protocol=0):
        self._rules = self.board.rules
        self._kind = kind
        self._protocol = protocol
        self._queue = []
        self._timeout_us = _FOREVER
        self._dead = False
        self._pcb = None
        self.closed = False

    def _limit_sockets(self):
        if len(self.board.sockets) >= self._rules.socket_limit:
            self.board.fail_with("ENFILE")  # MP modsocket.c:290

    def _open(self):
        self._limit_sockets()
        if self._kind == SOCK_RAW:
            self.board.stack.raws.append(self._received)
            return
        self._pcb = self._try(self.board.stack.new, self._received)

    def _try(self, function, *arguments):
        try:
            return function(*arguments)
        except StackError as error:
            self.board.fail_with(error.args[0])

    def _call(self, name):
        self.board.spend(_CALL_US)
        self.board.injected(name)
        if self.closed:
            self.board.fail_with("EBADF")

    def _received(self, data, source, netif):
        """Queue a datagram.  If the queue is full it is lost (MP modlwip.c:456, IDF's mailbox)."""
        if len(self._queue) < self._rules.queue_depth:
            self._queue.append((data, source))
            self.board.look()

    # What programs call

    def bind(self, place):
        """Take a port."""
        self._call("bind")
        address, port = place
        if self._kind == SOCK_RAW:
            self.board.fail_with("EIO")  # MP modlwip.c:1033-1046
        if address == "":
            # modlwip.c:432-437, MP #16740: IPv6's any from v1.24; modsocket.c:234-237: IPv4's
            self._pcb.ipv6 = self._rules.empty_is_ipv6
            address = "0.0.0.0"
        self._try(self.board.stack.bind, self._pcb, parse(address), port)

    def connect(self, place):
        """Set the peer of a UDP socket."""
        self._call("connect")
        self._pcb.peer = (parse(place[0]), place[1])

    def setsockopt(self, level, option, value):
        """Set an option."""
        self._call("setsockopt")
        if option == _SO_REUSEADDR:
            self._pcb.reuse = bool(value)
        elif option == _SO_BINDTODEVICE and self._rules.bind_to_device:
            name = value if isinstance(value, str) else bytes(value).decode()
            netif = [n for n in self.board.stack.netifs if n.name == name]
            if not netif:
                self.board.fail_with("ENODEV")
            self._pcb.netif_index = netif[0].index
        elif option != _SO_BROADCAST and not self._rules.bind_to_device:
            self.board.fail_with("EOPNOTSUPP")

    def settimeout(self, seconds):
        """Wait at most so long for data; None: for ever; 0: not at all."""
        self._timeout_us = _FOREVER if seconds is None else int(seconds * 1_000_000)

    def setblocking(self, flag):
        """Wait for data for ever, or not at all."""
        self._timeout_us = _FOREVER if flag else 0

    def sendto(self, data, place):
        """Send a datagram; return its length."""
        self._call("sendto")
        data, address = bytes(data), parse(place[0])
        if not data and self._rules.empty_kills:
            self.board.fail_with("ETIMEDOUT")  # modsocket.c:768-781 loops, then gives up
        if self._kind == SOCK_RAW:
            self._try(self.board.stack.send_raw, self._protocol, data, address)
        else:
            self._try(self.board.stack.send, self._pcb, data, address, place[1])
        return len(data)

    def recvfrom(self, size, flags=0):
        """Return one datagram, cut to size, and where it came from."""
        self._call("recv")
        data, source = self._take(size)
        return data, (text(source[0]), source[1])

    def recv(self, size, flags=0):
        """Return one datagram, cut to size."""
        self._call("recv")
        return self._take(size)[0]

    def _take(self, size):
        if self._dead:
            # modsocket.c:617-670: a length of 0 passes for the end of a connection, for good
            return b"", (ANY, 0)
        if not self._queue and not self._until(lambda: self._queue):
            self.board.fail_with("EAGAIN" if self._timeout_us == 0 else "ETIMEDOUT")
        data, source = self._queue.pop(0)
        if not data and self._rules.empty_kills:
            self._dead = True
        return data[:size], source  # the rest of a longer one is lost

    def _until(self, ready):
        """Wait as long as the socket's time-out says; return ready()."""
        if self._timeout_us == 0:
            return False
        end_us = None if self._timeout_us is None else self.board.now_us + self._timeout_us
        return self.board.block(ready, end_us)

    def readinto(self, buffer, size=-1):
        """Fill a buffer from as many datagrams as it takes; None when there is none.

        MP py/stream.c:46-83: mp_stream_rw goes on until the buffer is full, so that datagrams
        run into each other (measured: three of 300 into 1200 give 900).
        """
        view = memoryview(buffer)
        want, at = len(view) if size < 0 else min(size, len(view)), 0
        if not want:
            return 0  # the socket is not asked
        self._call("recv")
        while at < want:
            try:
                data = self._take(want - at)[0]
            except OSError:
                return at or None
            if not data:
                break
            view[at : at + len(data)] = data
            at += len(data)
        return at

    def read(self, size):
        """Return up to `size` bytes of as many datagrams as it takes; None when there is none."""
        buffer = bytearray(size)
        n = self.readinto(buffer)
        return None if n is None else bytes(buffer[:n])

    def close(self):
        """Give the port back."""
        if self.closed:
            return
        self.closed = True
        self.board.sockets.remove(self)
        if self._pcb:
            self.board.stack.free(self._pcb)
        else:
            self.board.stack.raws.remove(self._received)

    def readable(self):
        """Return whether poll() calls it readable: data, not the end, decides (modlwip.c:1604)."""
        return bool(self._queue) and not self.closed

    def writable(self):
        """Return whether poll() calls it writable."""
        return True


def module(board):
    """Return the module `socket` of a board."""
    from fakes.tcp import Stream  # which is a Socket

    datagram = type("socket", (Socket,), {"board": board})
    stream = type("socket", (Stream,), {"board": board})

    def make(family=AF_INET, kind=SOCK_STREAM, protocol=0):
        return (stream if kind == SOCK_STREAM else datagram)(family, kind, protocol)

    found = types.SimpleNamespace(
        socket=make,
        AF_INET=AF_INET,
        SOCK_STREAM=SOCK_STREAM,
        SOCK_DGRAM=SOCK_DGRAM,
        SOCK_RAW=SOCK_RAW,
        SOL_SOCKET=board.rules.sol_socket,
        SO_REUSEADDR=_SO_REUSEADDR,
        SO_BROADCAST=_SO_BROADCAST,
        IPPROTO_IP=0,
    )
    if board.rules.bind_to_device:
        found.SO_BINDTODEVICE = _SO_BINDTODEVICE
    return found
