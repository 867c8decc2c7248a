"""Stands in for the firmware's socket: sockets that hear nothing."""

AF_INET, SOCK_STREAM, SOCK_DGRAM = 2, 1, 2
SOL_SOCKET, SO_REUSEADDR = 1, 4


class socket:
    """A socket."""

    def __init__(self, *_what):
        pass

    def setblocking(self, _value):
        """Do not wait."""

    def setsockopt(self, _level, _option, _value):
        """Set an option."""

    def listen(self, _backlog):
        """Take calls."""

    def bind(self, _address):
        """Take a port."""

    def readinto(self, _buffer):
        """Return None: nothing is there."""

    def close(self):
        """Give the port back."""
