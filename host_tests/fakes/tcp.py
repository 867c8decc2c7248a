"""TCP as a program on a board meets it: whole connections, bytes in order, no segments.

    caller = Caller(board, ("10.10.10.16", 50000), ("10.10.10.1", 80))
    caller.send(b"GET / HTTP/1.0\\r\\n\\r\\n")
    board.wait(lambda: caller.ended)

Kept from lwIP: how many connections there are, who waits to be accepted, how much a peer that does
not read leaves unsent, and what the end of a connection looks like to both.
"""

from fakes.addresses import parse, text
from fakes.lwip import ANY, StackError
from fakes.sockets import Socket

_RETRY_US = 1_000_000  # a client's first time-out for its SYN
_RETRIES = 5
_EPHEMERAL = 49152


class Tcp:
    """The TCP half of a board's stack.

    listeners  {(address, port): Stream}
    active     connections and sockets that hold a PCB: MEMP_NUM_TCP_PCB in all (lwIP opt.h: 5,
               which rp2 leaves; IDF Kconfig LWIP_MAX_ACTIVE_TCP: 16).  One that waits for its
               last ACK gives way to a new one (LW tcp.c:1790-1850), so it is not counted
    """

    def __init__(self, board):
        self._board = board
        self.listeners = {}
        self.active = 0

    def take(self):
        """Take a PCB; StackError("ENOMEM") when there is none (tcp_new returns NULL)."""
        if self.active >= self._board.rules.tcp_limit:
            raise StackError("ENOMEM")
        self.active += 1

    def free(self):
        """Give a PCB back."""
        self.active -= 1

    def bind(self, sock, address, port):
        """Let a socket have a port; StackError("EADDRINUSE") when another one listens there."""
        for there, listener in self.listeners.items():
            clash = ANY in (there[0], address) or there[0] == address
            if there[1] == port and clash and listener is not sock:
                raise StackError("EADDRINUSE")

    def knock(self, caller):
        """Take a SYN: return "open", "refused" (RST), or "silence" (the client tries again)."""
        stack = self._board.stack
        address, port = parse(caller.to[0]), caller.to[1]
        if not any(n.link and n.address == address for n in stack.netifs):
            return "silence"
        listener = self.listeners.get((address, port)) or self.listeners.get((ANY, port))
        if listener is None:
            return "refused"
        if len(listener.waiting) >= listener.backlog:
            return "silence"  # LW tcp_in.c:649: accepts_pending reaches the backlog
        try:
            self.take()
        except StackError:
            return "silence"  # LW tcp_in.c:664: no PCB, the SYN is dropped
        listener.waiting.append(caller)
        self._board.look()
        return "open"


class Caller:
    """A TCP client somewhere on the board's network.

    source, to  (address as text, port)
    state       "knocking", "open", "refused", "closed" (by the board), "reset"
    received    bytes that have come; with `reads` False they stay in the board's buffer
    """

    def __init__(self, board, source, to):
        self.board = board
        self.source, self.to = source, to
        self.state = "knocking"
        self.received = bytearray()
        self.unread = bytearray()
        self.reads = True
        self.inbox = bytearray()  # what the board has not read yet
        self.ended_by_us = False
        self._tries = 0
        self._knock()

    def _knock(self):
        self._tries += 1
        answer = self.board.tcp.knock(self)
        if answer == "silence":
            if self._tries < _RETRIES:
                self.board.after(_RETRY_US << self._tries, self._knock)
            else:
                self.state = "refused"
        else:
            self.state = answer

    @property
    def ended(self):
        """Whether nothing more will come."""
        return self.state in ("refused", "closed", "reset")

    def send(self, data):
        """Send bytes, or let them wait for the connection."""
        self.inbox += data
        self.board.look()

    def close(self):
        """Say that nothing more comes (FIN)."""
        self.ended_by_us = True
        self.board.look()

    def reset(self):
        """End the connection at once (RST)."""
        self.state = "reset"
        self.board.look()

    def read(self):
        """Take what waits in the board's send buffer."""
        self.received += self.unread
        self.unread.clear()

    # The board's side

    def room(self):
        """Return how many bytes the board can send now."""
        return self.board.rules.tcp_buffer - len(self.unread)

    def take(self, data):
        """Take bytes from the board."""
        self.unread += data
        if self.reads:
            self.read()
        self.board.look()

    def hang_up(self, clean):
        """Take the board's FIN, or its RST when it has left bytes unread (LW tcp.c:359)."""
        if self.state == "open":
            self.state = "closed" if clean else "reset"
        self.read()
        self.board.look()


class Stream(Socket):
    """A TCP socket of one board.

    backlog, waiting   of one that listens: how many Callers may wait, and who does
    """

    def _open(self):
        self._limit_sockets()
        self._try(self.board.tcp.take)
        self._begin()

    def _begin(self, caller=None):
        self._caller = caller
        self._place = None
        self._new = caller is None
        self.backlog = 0
        self.waiting = []

    def bind(self, place):
        """Choose the port."""
        self._call("bind")
        place = parse(place[0] or "0.0.0.0"), place[1]
        self._try(self.board.tcp.bind, self, *place)
        self._place = place

    def setsockopt(self, level, option, value):
        """Set an option: none that matters here."""
        self._call("setsockopt")

    def listen(self, backlog=2):
        """Take calls; a PCB of the listening kind replaces the other one (tcp_listen)."""
        self._call("listen")
        self._try(self.board.tcp.bind, self, *self._place)
        self.board.tcp.free()
        self.backlog = max(1, backlog)
        self.board.tcp.listeners[self._place] = self

    def accept(self):
        """Return (socket, (address, port)) of the caller that has waited longest."""
        self._call("accept")
        if not self.waiting and not self._until(lambda: self.waiting):
            self.board.fail_with("EAGAIN" if self._timeout_us == 0 else "ETIMEDOUT")
        self._limit_sockets()
        caller = self.waiting.pop(0)
        sock = type(self).__new__(type(self))
        sock._start()
        sock._begin(caller)
        if not self.board.rules.bind_to_device:  # rp2: as the listener is (modlwip.c)
            sock._timeout_us = self._timeout_us
        self.board.sockets.append(sock)
        return sock, (text(parse(caller.source[0])), caller.source[1])

    def connect(self, place):
        """Call somebody: nobody takes calls on these networks."""
        self._call("connect")
        self.board.fail_with("ECONNREFUSED")

    def send(self, data):
        """Send as much as there is room for; return how many bytes."""
        self._call("send")
        caller = self._alive()
        if not caller.room() and not self._until(caller.room):
            self.board.fail_with("EAGAIN" if self._timeout_us == 0 else "ETIMEDOUT")
        data = (data.encode() if isinstance(data, str) else bytes(data))[: caller.room()]
        caller.take(data)
        return len(data)

    write = send

    def _take(self, size):
        caller = self._alive()
        if not caller.inbox and not caller.ended_by_us and not self._until(self.readable):
            self.board.fail_with("EAGAIN" if self._timeout_us == 0 else "ETIMEDOUT")
        data = bytes(caller.inbox[:size])
        del caller.inbox[:size]
        return data, (parse(caller.source[0]), caller.source[1])

    def _alive(self):
        """Return the caller; OSError when there is none, or it has gone."""
        if self._caller is None:
            self.board.fail_with("ENOTCONN")
        if self._caller.state == "reset":
            self.board.fail_with("ECONNRESET")
        return self._caller

    def close(self):
        """Hang up, or give the port back."""
        if self.closed:
            return
        self.closed = True
        self.board.sockets.remove(self)
        for caller in self.waiting:
            caller.hang_up(False)
            self.board.tcp.free()
        if self.board.tcp.listeners.get(self._place) is self:
            del self.board.tcp.listeners[self._place]
        else:
            self.board.tcp.free()
        if self._caller:
            self._caller.hang_up(not self._caller.inbox)

    def readable(self):
        """Return whether poll() calls it readable (modlwip.c, MP_STREAM_POLL)."""
        if self.closed:
            return False
        caller = self._caller
        if caller is None:
            return bool(self.waiting)
        return bool(caller.inbox) or caller.ended_by_us or caller.state == "reset"

    def writable(self):
        """Return whether poll() calls it writable."""
        return bool(self._caller and not self.closed and self._caller.room())
