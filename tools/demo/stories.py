"""The stories of the demo: what happens, and by which message types one sees that it did."""

from typing import NamedTuple

SEEN_S = 60


class Story(NamedTuple):
    """One story.

    title  what it is about, with {taken} for the address that somebody else has
    kinds  message types that must be seen in this order; repeated ones do not matter
    checks whether the server asks before it offers
    play   function(client, bridge) that lets it happen; the client is a lab.Client
    brief  whether the drawing leaves out options
    """

    title: str
    kinds: tuple
    checks: bool
    play: callable
    brief: bool = True

    def told(self, kinds):
        """Return whether the message types seen tell the story."""
        rest = iter(kinds)
        return all(wanted in rest for wanted in self.kinds)


def _lifetime(client, bridge):
    client.obtain()
    client.renew()
    client.release()
    bridge.wait_for("RELEASE", SEEN_S)


def _obtain(client, _bridge):
    client.obtain()


_OBTAIN = ("DISCOVER", "OFFER", "REQUEST", "ACK")

ORDINARY = Story(
    "A client gets, renews and releases an address.",
    (*_OBTAIN, "REQUEST", "ACK", "RELEASE"),
    False,
    _lifetime,
    brief=False,
)
SQUATTED = (
    Story(
        "Another host has {taken}, and the server asks before it offers: another address.",
        _OBTAIN,
        True,
        _obtain,
    ),
    Story(
        "Another host has {taken}, and only the client asks: it declines, and gets another.",
        (*_OBTAIN, "DECLINE", *_OBTAIN),
        False,
        _obtain,
    ),
)
