"""What dns, portal and page need of a Service, without a board.  CPython and MicroPython."""


class _Ap:
    def __init__(self, ssid):
        self._ssid = ssid

    def config(self, what):
        """Return the ssid."""
        return {"ssid": self._ssid}[what]


class _Port:
    def __init__(self, ssid):
        self.ap = _Ap(ssid)


class FakeService:
    """A server with its table, and the parts that were added.

    seconds  what now_s() returns
    """

    def __init__(self, server, ssid="greenhouse"):
        self.server = server
        self.config = server.config
        self.port = _Port(ssid)
        self.parts = []
        self.seconds = 0

    def add(self, part):
        """Keep a part."""
        self.parts.append(part)

    def now_s(self):
        """Return the seconds since the start."""
        return self.seconds

    def leases(self):
        """Return the leases as Service.leases() does."""
        return self.server.roster(self.seconds)

    def release(self, address):
        """End a lease."""
        return self.server.release(address, self.seconds)

    def stats(self):
        """Return the counters."""
        return self.server.counters()
