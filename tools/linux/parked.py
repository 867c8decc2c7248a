"""Messages that wait for a check: as many as there are addresses to be checked."""

from typing import NamedTuple


class Message(NamedTuple):
    """One that waits: for the check of `slot`, for the `rounds`-th time.

    holder   MAC of the client for whom the lease table keeps the slot
    """

    packet: bytes
    peer_mac: bytes
    slot: int
    rounds: int
    holder: bytes

    @property
    def key(self):
        """The same for copies of one message: chaddr, xid, and what they wait for."""
        return self.packet[28:34], self.packet[4:8], self.slot


class Parked:
    """So many places; when all are full the oldest message makes room, its client asks again.

    parked, overwritten, repeated   counters
    """

    def __init__(self, places):
        self.parked = self.overwritten = self.repeated = 0
        self._places = places
        self._messages = {}

    def __len__(self):
        return len(self._messages)

    def put(self, message):
        """Keep a Message; return the list of those that are dropped for it.

        That is the message itself when a copy of it waits already.  When the slot has gone to
        another holder, who has lost it loses its message too: the server had no better slot, so
        to handle it again would take one from a third, and so on, and nobody would get any.
        """
        if message.key in self._messages:
            self.repeated += 1
            return [message]
        lost = [
            other
            for other in self._messages.values()
            if other.slot == message.slot and other.holder != message.holder
        ]
        if not lost and len(self._messages) == self._places:
            lost = [next(iter(self._messages.values()))]
        for other in lost:
            del self._messages[other.key]
        self.overwritten += len(lost)
        self._messages[message.key] = message
        self.parked += message.rounds == 1
        return lost

    def take(self, slot):
        """Return the list of Messages that wait for a slot, oldest first; they wait no longer."""
        found = [message for message in self._messages.values() if message.slot == slot]
        for message in found:
            del self._messages[message.key]
        return found

    def clear(self, places):
        """Throw all messages away; from now on there are so many places."""
        self._messages.clear()
        self._places = places
