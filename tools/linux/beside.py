"""What the package's names and page want of a board's Service, from a Desktop.

beside = Beside(desktop)
beside.add_names("lan", "router")     # dns.Names on UDP 53 of the interface's address
beside.add_page("127.0.0.1", 8067)    # page.Page
"""

from microdhcp import dns, page, web

TURNS = 16  # of each part at a time: a page leaves in pieces
WAIT_S = 0.01  # until the next ones, while somebody is being served


class Beside:
    """The parts that run beside a server; it is their Service.

    desktop   has `server` and now_s()
    """

    def __init__(self, desktop):
        self.server = desktop.server
        self.now_s = desktop.now_s
        self.parts = []
        self._desktop = desktop

    def add_names(self, domain, name):
        """Answer names in a domain; `name` is the server's own.  ValueError names a wrong one."""
        dns.Names(self, domain, name)

    def add_page(self, address, port):
        """Show the leases on a page at http://ADDRESS:PORT/."""
        web.Web(self, port, address=address)
        page.Page(self)

    # What the parts want

    @property
    def config(self):
        """The settings as they are now."""
        return self.server.config

    def add(self, part):
        """Take one more part."""
        self.parts.append(part)

    def leases(self):
        """Return an iterator of the offers and leases."""
        return self.server.roster(self.now_s())

    def release(self, address):
        """End a lease; return whether there was one.  ValueError: not an address."""
        return self.server.release(address, self.now_s())

    def stats(self):
        """Return the counters."""
        return {**self.server.counters(), **self._desktop.counters()}

    # What Desktop wants

    def open(self):
        """Take the ports of all parts.  Raises OSError."""
        for part in self.parts:
            part.open()

    def sockets(self):
        """Return the set of sockets that wake up."""
        return {sock for part in self.parts for sock in part.sockets()}

    def poll(self):
        """Serve what waits; return after how many seconds to call again, None: when it wakes."""
        for _ in range(TURNS):
            for part in self.parts:
                part.poll()
            if len(self.sockets()) <= len(self.parts):
                return None
        return WAIT_S

    def event(self, *event):
        """Hand an event of the server to the parts."""
        for part in self.parts:
            if hasattr(part, "event"):
                part.event(*event)
