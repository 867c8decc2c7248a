"""Stands in for the firmware's os where that has no random numbers."""


def urandom(n):
    """Return n bytes."""
    return bytes(n)
