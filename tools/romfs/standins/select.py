"""Stands in for the firmware's select: nothing is ever ready."""

POLLIN = 1


class poll:
    """A poll object."""

    def register(self, _what, _events):
        """Watch a socket."""

    def ipoll(self, _ms):
        """Return what is ready: nothing."""
        return iter(())

    poll = ipoll
