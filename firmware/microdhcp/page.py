"""The status page: devices, latest events, pool and counters.

    Page(service, title="greenhouse", password="let-me-in")

Open http://192.168.4.1/ (the board's own address) in a browser.  Without a password the page only
shows; with one it can end a lease too.  The page itself is in page_html.py; it asks for
devices.json again and again.
"""

import gc

from ._compat import const
from .web import Reply, filled, web_of

_EVENTS = const(8)
_JSON = const("application/json")


class Page:
    """The status page of one service.

    path   where it is, text: "/" or "/devices"
    """

    def __init__(self, service, title="Devices", password=None, path="/", mount=True):
        """Show the page while the service runs, on TCP port 80 of the access point.

        title     heading of the page, text
        password  text to type in, to end a lease on the page.  None: the page only shows
        path      where the page is, "/" and letters
        mount     False: open no port.  A program with its own web server calls json(), and
                  event() for each event
        ValueError names the first wrong argument.
        """
        for name, value in (("title", title), ("password", password or "-"), ("path", path)):
            if not isinstance(value, str) or not value:
                raise ValueError(f"{name}: {value!r} is not a text")
        if path[0] != "/":
            raise ValueError(f"path: {path!r} does not begin with /")
        self.path = path
        self._service = service
        self._title = title
        self._password = password
        self._events = []
        self._refused_s = -1
        if mount:
            web_of(service).parts.append(self)

    def event(self, kind, address, mac, host_name):
        """Take an event of the server."""
        if len(self._events) == _EVENTS:
            self._events.pop(0)
        self._events.append((self._service.now_s(), kind, address, mac, host_name))

    def respond(self, request):
        """Return the Reply to a web.Request for this page, None for other paths."""
        path = request.path.decode()
        base = self.path.rstrip("/")
        if path == self.path and request.method != b"POST":
            values = {
                "title": self._title,
                "base": base,
                "actions": "yes" if self._password else "",
            }
            return Reply(200, filled(_html(), values))
        if path == base + "/devices.json":
            return Reply(200, self.json(), _JSON)
        if path == base + "/release" and request.method == b"POST":
            return self._release(request.fields())
        return None

    def json(self):
        """Yield the state of the server as JSON, in pieces (bytes) of some 200 at most.

        devices   name, address, mac, state, left (seconds, null: for ever), reserved
        events    ago (seconds), kind, address, mac, name; the newest first
        pool      addresses, leased, most
        counters  received, sent, drops, and the service's own
        heap      free bytes, null if unknown; seconds since the start
        """
        yield b'{"devices":['
        comma = b""
        for lease in self._service.leases():
            yield comma + _object(
                ("name", lease.host_name),
                ("address", lease.address),
                ("mac", lease.mac),
                ("state", lease.state),
                ("left", lease.seconds_left),
                ("reserved", lease.reserved),
            )
            comma = b","
        yield b'],"events":['
        comma = b""
        now_s = self._service.now_s()
        for when_s, kind, address, mac, name in reversed(self._events):
            yield comma + _object(
                ("ago", now_s - when_s),
                ("kind", kind),
                ("address", address),
                ("mac", mac),
                ("name", name),
            )
            comma = b","
        stats = self._service.stats()
        pool = [(name, stats.pop(name)) for name in ("addresses", "leased", "most_leased")]
        yield b'],"pool":' + _object(*pool) + b',"counters":{'
        comma = b""
        for name, value in stats.items():
            yield comma + _text(name) + b":" + _value(value)
            comma = b","
        free = gc.mem_free() if hasattr(gc, "mem_free") else None
        yield b'},"heap":' + _value(free) + b',"seconds":' + _value(now_s) + b"}"

    def _release(self, fields):
        """End a lease.  After a wrong password every request is refused for one second."""
        now_s = self._service.now_s()
        if not self._password or now_s == self._refused_s:
            return Reply(403, (b"not allowed",), "text/plain")
        if fields.get("password") != self._password:
            self._refused_s = now_s
            return Reply(403, (b"wrong password",), "text/plain")
        ended = self._service.release(fields.get("address", ""))
        return Reply(200, (b"true" if ended else b"false",), _JSON)


def _html():
    """Return the page (bytes), which stays in memory only while it is sent."""
    from .opening import forget
    from .page_html import HTML

    forget("page_html")
    forget()
    return HTML


def _object(*pairs):
    """Return a JSON object of (name, value)."""
    return b"{" + b",".join([_text(name) + b":" + _value(value) for name, value in pairs]) + b"}"


def _value(value):
    """Return a value as JSON: None, bool, int, text, or a dict of these."""
    if value is None:
        return b"null"
    if value is True or value is False:
        return b"true" if value else b"false"
    if isinstance(value, dict):
        return _object(*value.items())
    if isinstance(value, int):
        return str(value).encode()
    return _text(value)


def _text(text):
    """Return text as JSON, safe in HTML too."""
    out = '"'
    for char in text:
        safe = " " <= char <= "~" and char not in '"\\<>&'
        out += char if safe else f"\\u{ord(char) & 0xFFFF:04x}"
    return (out + '"').encode()
