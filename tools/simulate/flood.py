"""Greedy or broken clients: many messages in little time, from many who do not exist."""

import client

DISCOVERS, REQUESTS, IDENTIFIERS = "DISCOVERs", "REQUESTs", "identifiers of one MAC"
GREEDY = b"\x02\x00\x5e\x00\x53\xff"
OWN = bytes((192, 0, 2, 1))


class Flood:
    """Messages to the server at an even pace.

    kind       DISCOVERS or REQUESTS from random MACs, or IDENTIFIERS: DISCOVERs and REQUESTs
               that name one identifier after the other for one MAC
    addresses  what the REQUESTs name, 4 bytes each
    sent       how many messages have left
    """

    def __init__(self, world, air, kind, addresses, count, per_s):
        self.sent = 0
        self._world = world
        self._air = air
        self._make = {
            DISCOVERS: self._discover,
            REQUESTS: self._request,
            IDENTIFIERS: self._identifier,
        }[kind]
        self._addresses = addresses
        self._count = count
        self._pause_s = 1 / per_s
        self._send()

    def _send(self):
        self._air.to_server(self._make())
        self.sent += 1
        if self.sent < self._count:
            self._world.later(self._pause_s, self._send)

    def _xid(self):
        return self._world.chance.getrandbits(32)

    def _mac(self):
        return b"\x02" + self._world.chance.randbytes(5)

    def _discover(self):
        return client.message("DISCOVER", self._mac(), self._xid())

    def _request(self):
        """INIT-REBOOT and SELECTING in turn, for an address that the sender never had."""
        named = {client.REQUESTED: self._world.chance.choice(self._addresses)}
        if self.sent % 2:
            named[client.SERVER_ID] = OWN
        return client.message("REQUEST", self._mac(), self._xid(), named)

    def _identifier(self):
        named = {client.CLIENT_ID: b"\0" + self._world.chance.randbytes(8)}
        if self.sent % 2:
            named[client.REQUESTED] = self._world.chance.choice(self._addresses)
            return client.message("REQUEST", GREEDY, self._xid(), named)
        return client.message("DISCOVER", GREEDY, self._xid(), named)
