"""Stands in for the firmware's socket: sockets that hear nothing."""

AF_INET, SOCK_DGRAM = 2, 2


class socket:
    """A socket."""

    def __init__(self, *_what):
        pass

    def setblocking(self, _value):
        """Do not wait."""

    def bind(self, _address):
        """Take a port."""

    def readinto(self, _buffer):
        """Return None: nothing is there."""

    def close(self):
        """Give the port back."""
