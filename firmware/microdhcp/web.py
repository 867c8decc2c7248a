"""A small web server for the pages of this package, fair to DHCP and to its own clients.

Nothing here blocks: poll() accepts, reads and writes a piece, and returns.  Memory is bounded: so
many connections, a line of a request at a time, a piece of a reply at a time.  One request for
each connection (RFC 9112 section 9.6: `Connection: close`).
"""

from ._compat import const
from .text import address_text

_PIECE = const(512)  # bytes read or written in one turn
_LINE = const(1024)  # longest line of a request; the rest of the header is read and forgotten
_HEADER = const(8192)
_BODY = const(1024)
_FIELDS = const(16)
_PATIENCE_S = const(8)  # for one request and its reply
_GREEDY_S = const(2)  # then a connection may have to make room

_STATUS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    421: "Misdirected Request",
    431: "Request Header Fields Too Large",
}
_HEADERS = const(
    "HTTP/1.1 {} {}\r\nContent-Type: {}; charset=utf-8\r\nConnection: close\r\n"
    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n"
    "Content-Security-Policy: default-src 'self' 'unsafe-inline'; form-action 'self'\r\n{}\r\n"
)


class Request:
    """A request of a browser.

    method, path, host, body   bytes; path without what follows "?", host without the port, lower
    """

    def __init__(self):
        self.method = self.path = self.host = self.body = b""
        self._buffer = bytearray()
        self._size = 0  # of the header
        self._left = -1  # of the body, -1 while in the header
        self._length = 0

    def feed(self, data):
        """Take more bytes; return 0 while some are missing, 200 when whole, else a status."""
        self._buffer += data
        while self._left < 0:
            end = self._buffer.find(b"\n")
            if end < 0:
                return 431 if len(self._buffer) > _LINE else 0
            self._size += end
            if end > _LINE or self._size > _HEADER:
                return 431
            line = bytes(self._buffer[:end]).strip()
            self._buffer = self._buffer[end + 1 :]
            status = self._take(line)
            if status:
                return status
        if len(self._buffer) < self._left:
            return 0
        self.body = bytes(self._buffer[: self._left])
        return 200

    def _take(self, line):
        """Take one line of the header; return 0, or the status of a refusal."""
        if not self.method:
            words = line.split()
            if len(words) != 3 or words[2][:7] != b"HTTP/1.":
                return 400 if line else 0  # an empty line may come first: RFC 9112 section 2.2
            self.method = words[0]
            self.path = words[1].split(b"?")[0]
            if words[1][:7].lower() == b"http://":  # as a proxy is asked
                host, _, path = words[1][7:].partition(b"/")
                self.host = _host(host)
                self.path = b"/" + path.split(b"?")[0]
        elif not line:
            self._left = self._length
        else:
            name, _, value = line.partition(b":")
            name = name.lower()
            value = value.strip()
            if name == b"host" and not self.host:
                self.host = _host(value)
            elif name == b"content-length":
                if not value.isdigit() or len(value) > 5:
                    return 400
                self._length = int(value)
                return 413 if self._length > _BODY else 0
            elif name == b"transfer-encoding":
                return 400
        return 0

    def fields(self):
        """Return the form in the body, {name: value}, both text; ValueError if it is none."""
        found = {}
        for pair in self.body.split(b"&"):
            name, _, value = pair.partition(b"=")
            found[_unquote(name)] = _unquote(value)
            if len(found) > _FIELDS:
                raise ValueError("too many fields")
        return found


class Reply:
    """A reply to a browser.

    status    a number of HTTP
    pieces    iterator of bytes: the body
    """

    def __init__(self, status, pieces=(), kind="text/html", location=None):
        self.status = status
        self.pieces = iter(pieces)
        self.kind = kind
        self.location = location

    def head(self):
        """Return the status line and the header."""
        more = f"Location: {self.location}\r\n" if self.location else ""
        text = _HEADERS.format(self.status, _STATUS[self.status], self.kind, more)
        return text.encode()


class _Client:
    """One connection."""

    def __init__(self, sock, source, now_s):
        self.sock = sock
        self.source = source  # address, text
        self.since_s = now_s
        self._request = Request()
        self._reply = None
        self._out = b""

    def turn(self, answer, now_s):
        """Read or write a piece; return whether there is more to do."""
        if now_s - self.since_s > _PATIENCE_S:
            return False
        try:
            if not self._reply:
                data = self.sock.recv(_PIECE)
                if not data:
                    return False
                status = self._request.feed(data)
                if not status:
                    return True
                self._begin(answer(self._request) if status == 200 else Reply(status))
            return self._write()
        except OSError as error:
            return error.errno == 11  # EAGAIN: nothing to read, or no room to write

    def _begin(self, reply):
        self._reply = reply
        self._out = reply.head()
        if self._request.method == b"HEAD":
            reply.pieces = iter(())

    def _write(self):
        """Send a piece of the reply; return whether there is more."""
        while len(self._out) < _PIECE:
            piece = next(self._reply.pieces, None)
            if piece is None:
                break
            self._out += piece
        if self._out:
            self._out = self._out[self.sock.send(self._out[:_PIECE]) :]
            return True
        return False


class Web:
    """TCP port 80 of the access point, for the parts that are mounted on it.

    parts    objects with respond(request), which returns a Reply or None
    counts   {what: how often}: requests, refused (bad ones), evicted (closed to make room),
             failed (a part raised)
    portal   the part that wants requests for other hosts too, or None
    address  where it listens, text
    """

    def __init__(self, service, port=80, clients=4, address=None):
        """Serve while the service runs.

        port     TCP port
        clients  connections at a time, 1..8
        address  where to listen, text; None: at the board's own address
        """
        self.parts = []
        self.counts = {"requests": 0, "refused": 0, "evicted": 0, "failed": 0}
        self.portal = None
        self._service = service
        self._port = port
        self.address = address or address_text(service.config.address)
        self._most = clients
        self._clients = []
        self._sock = self._waits = None
        service.add(self)

    def respond(self, request):
        """Return the Reply to a whole Request.  Never raises."""
        self.counts["requests"] += 1
        try:
            if not self.is_own(request.host):
                if self.portal:
                    return self.portal.elsewhere()
                return Reply(421, (b"another host",))
            if request.method not in (b"GET", b"HEAD", b"POST"):
                return Reply(405)
            for part in self.parts:
                reply = part.respond(request)
                if reply:
                    return reply
            return Reply(404, (b"no such page",))
        except ValueError as error:
            self.counts["refused"] += 1
            return Reply(400, (escape(str(error)).encode(),))

    def is_own(self, host):
        """Return whether a host (bytes) is the board: its address, or a name of dns.Names."""
        if host == self.address.encode():
            return True
        for part in self._service.parts:
            if hasattr(part, "is_board") and part.is_board(host):
                return True
        return False

    # What Service.add() wants

    def open(self):
        """Listen.  OSError if the port is taken."""
        from .opening import bound, forget

        forget()
        self._sock, self._waits = bound(self.address, self._port, self._most)

    def sockets(self):
        """Return the list of sockets to wait for."""
        return [client.sock for client in self._clients] + ([self._sock] if self._sock else [])

    def poll(self):
        """Serve every connection for a moment."""
        if not self._sock:
            return
        now_s = self._service.now_s()
        try:
            if any(self._waits(0)) and self._has_room(now_s):
                sock, source = self._sock.accept()
                sock.setblocking(False)
                self._clients.append(_Client(sock, source[0], now_s))
        except OSError:  # it has gone again, or no memory of the network's is left
            pass
        for client in list(self._clients):
            try:
                more = client.turn(self.respond, now_s)
            except Exception:  # a part failed, or there is no memory: this request is lost
                self.counts["failed"] += 1
                more = False
            if not more:
                self._end(client)

    def event(self, *event):
        """Pass an event of the server, (kind, address, mac, host name), to the parts."""
        for part in self.parts:
            if hasattr(part, "event"):
                part.event(*event)

    def close(self):
        """Close all sockets."""
        while self._clients:
            self._end(self._clients[0])
        if self._sock:
            self._sock.close()
            self._sock = self._waits = None

    def _end(self, client):
        self._clients.remove(client)
        client.sock.close()

    def _has_room(self, now_s):
        """Return whether there is room; a source with many old connections may lose one."""
        if len(self._clients) < self._most:
            return True
        sources = [client.source for client in self._clients]
        greedy = max(self._clients, key=lambda client: sources.count(client.source))
        if now_s - greedy.since_s < _GREEDY_S:
            return False
        self.counts["evicted"] += 1
        self._end(greedy)
        return True


def web_of(service):
    """Return the Web of a service; it is made for the first part that wants it."""
    for part in service.parts:
        if isinstance(part, Web):
            return part
    return Web(service)


def filled(html, values):
    """Yield a page in pieces, with {{name}} replaced by values[name].

    html    bytes
    values  {name: text}, which is escaped here, or {name: iterable of bytes}, which is not
    """
    pos = 0
    while True:
        start = html.find(b"{{", pos)
        end = start if start >= 0 else len(html)
        while pos < end:
            yield html[pos : min(pos + _PIECE, end)]
            pos = min(pos + _PIECE, end)
        if start < 0:
            return
        pos = html.find(b"}}", start) + 2
        value = values[html[start + 2 : pos - 2].decode()]
        if isinstance(value, str):
            yield escape(value).encode()
        else:
            for piece in value:
                yield piece


def escape(text):
    """Return text fit to stand in HTML, in an attribute too."""
    for char, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "#39")):
        text = text.replace(char, f"&{name};")
    return text


def _host(value):
    """Return the value of a Host header without its port, in lower case."""
    return value.split(b":")[0].lower()


def _unquote(data):
    """Return a part of a form as text (application/x-www-form-urlencoded)."""
    first, *rest = data.replace(b"+", b" ").split(b"%")
    out = bytearray(first)
    for piece in rest:
        if len(piece) < 2:
            raise ValueError("% without two hex digits")
        out.append(int(piece[:2].decode(), 16))  # ValueError for what is not hex
        out += piece[2:]
    return bytes(out).decode()
