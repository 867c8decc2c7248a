"""Which options a client gets, where not all get the same.

Loaded only where a reservation has options of its own, or where there are classes of clients.
"""

from ._compat import const

_OPTIONS = const(240)  # where the options of a message begin
_END = const(255)
_ARCHITECTURE = const(93)  # pairs of bytes, RFC 4578 section 2.1
_USER_CLASS = const(77)  # text, or texts with their lengths in front, RFC 3004


def choose(config, leases, request):
    """Return the set of options (see prepare.py) for the client; None: the common one.

    The set of its reservation, else of the first class that it belongs to.
    """
    if config.own_options:
        slot = leases.reservation(request.key)
        if slot < 0:
            slot = leases.reservation(request.hardware())
        own = config.own_options.get(slot)
        if own:
            return own
    for conditions, own in config.classes:
        if _fits(conditions, request):
            return own
    return None


def _fits(conditions, request):
    """Return whether each option that is named says what it should; conditions: (code, bytes)."""
    for code, wanted in conditions:
        if not _says(request.rx, request.end, code, wanted):
            return False
    return True


def _says(rx, end, code, wanted):
    """Return whether the option `code` of the message rx[:end] begins with `wanted`."""
    at = _OPTIONS
    while at + 1 < end and rx[at] != _END:
        if not rx[at]:
            at += 1
            continue
        start = at + 2
        after = start + rx[at + 1]
        if rx[at] == code and after <= end:
            found = rx.find(wanted, start, after)
            if found == start or code == _USER_CLASS and found == start + 1:
                return True
            return code == _ARCHITECTURE and found >= 0 and not (found - start) & 1
        at = after
    return False
