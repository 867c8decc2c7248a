"""Messages that wait for a check, in a fixed number of places."""

from typing import NamedTuple

PLACES = 128


class Message(NamedTuple):
    """One that waits: for the check of `slot`, for the `rounds`-th time."""

    packet: bytes
    peer_mac: bytes
    slot: int
    rounds: int

    @property
    def key(self):
        """The same for copies of one message: chaddr, xid, and what they wait for."""
        return self.packet[28:34], self.packet[4:8], self.slot


class Parked:
    """The places; when all are full the oldest message makes room, its client asks again.

    parked, overwritten, repeated   counters
    """

    def __init__(self, places=PLACES):
        self.parked = self.overwritten = self.repeated = 0
        self._places = places
        self._messages = {}

    def __len__(self):
        return len(self._messages)

    def put(self, message):
        """Keep a Message; return the one that is dropped for it, None when none is.

        That is the message itself when a copy of it waits already.
        """
        if message.key in self._messages:
            self.repeated += 1
            return message
        oldest = None
        if len(self._messages) == self._places:
            oldest = self._messages.pop(next(iter(self._messages)))
            self.overwritten += 1
        self._messages[message.key] = message
        self.parked += message.rounds == 1
        return oldest

    def take(self, slot):
        """Return the list of Messages that wait for a slot, oldest first; they wait no longer."""
        found = [message for message in self._messages.values() if message.slot == slot]
        for message in found:
            del self._messages[message.key]
        return found

    def clear(self):
        """Throw all messages away."""
        self._messages.clear()
