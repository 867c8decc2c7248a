"""A telephone with a browser, for fake boards: it gets an address, asks for names and pages."""

from builders import discover, mac_bytes, release, request
from emulator import Station
from fakes.tcp import Caller
from test_dns import Answer, query


class Telephone:
    """A station with a lease.

    board, station, address, server (both text)
    callers   the connections that it has made
    """

    def __init__(self, board, number=1, name=b"telephone"):
        self.board = board
        self.number = number
        self.station = Station(board, mac_bytes(number))
        self.callers = []
        self._ports = 50000
        named = {"mac": mac_bytes(number), "options": [(12, name)]}
        offer = self.station.ask(discover(**named), timeout_s=60).message
        self.server = offer.address(54)
        asked = request(requested=offer.yiaddr, server_id=self.server, **named)
        self.address = self.station.address = self.station.ask(asked, timeout_s=60).message.yiaddr

    def leave(self):
        """Release the address."""
        message = release(mac=self.number, ciaddr=self.address, server_id=self.server)
        self.station.send_udp(message, (self.address, 68), (self.server, 67))
        self.board.sleep(100_000)

    def resolve(self, name, kind=1):
        """Return the test_dns.Answer of the board to a DNS query."""
        asked = query(name, kind)
        self.station.frames.clear()
        self.station.send_udp(asked, (self.address, 5353), (self.server, 53))
        found = lambda: [d for _, to, d in self.station.datagrams() if to[1] == 5353]  # noqa: E731
        self.board.wait(found, 60, f"no answer for {name}")
        return Answer(found()[0], asked)

    def call(self, port=80):
        """Return a Caller that is being connected."""
        self._ports += 1
        caller = Caller(self.board, (self.address, self._ports), (self.server, port))
        self.callers.append(caller)
        return caller

    def open(self, path, host=None, body=None, method=None):
        """Return (status, header as text, body) of a page; `body` makes it a POST."""
        caller = self.call()
        caller.send(http(path, host or self.server, body, method))
        self.board.wait(lambda: caller.ended, 60, f"no end of {path}, {caller.state}")
        return answered(caller)


def http(path, host, body=None, method=None):
    """Return a request of a browser, bytes."""
    lines = [
        f"{method or ('GET' if body is None else 'POST')} {path} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: Mozilla/5.0 (Linux; Android 14)",
        "Accept: text/html,application/xhtml+xml",
    ]
    if body is not None:
        lines.append("Content-Type: application/x-www-form-urlencoded")
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def answered(caller):
    """Return (status, header, body) of what a Caller has received; status 0 for nothing."""
    head, _, body = bytes(caller.received).partition(b"\r\n\r\n")
    words = head.split()
    return (int(words[1]) if words else 0), head.decode(), body.decode()


def token(html):
    """Return the token in the portal's form."""
    return html.partition('name="token" value="')[2].partition('"')[0]
