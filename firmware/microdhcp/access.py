"""Who is served: the settings allow and deny.  Loaded only where one of them is given."""

from .hot import same


def permitted(config, rx):
    """Return whether the client whose chaddr is in the message rx may be served."""
    if config.allow is not None and not _among(config.allow, rx):
        return False
    return not _among(config.deny, rx)


def _among(prefixes, rx):
    """Return whether chaddr begins with one of the prefixes (bytes, 1 to 6)."""
    for prefix in prefixes:
        if same(rx, 28, prefix, 0, len(prefix)):
            return True
    return False
