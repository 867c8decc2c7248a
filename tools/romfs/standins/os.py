"""Stands in for the firmware's os where that has no random numbers."""

from uos import *  # noqa: F403


def urandom(n):
    """Return n bytes."""
    return bytes(n)
