"""What a relay agent asks of the server: RFC 3527 link selection, 5107 override, 3011 subnet.

Loaded when the first relayed message comes.  Nothing is allocated for a message.
"""

from ._compat import const

_AGENT_INFO = const(10)  # entries of Request.at: 82
_SERVER_ID = const(5)  # 54
_OPTIONS = const(240)
_END = const(255)
_GIADDR = const(24)
_LINK = const(5)  # sub-options of 82
_OVERRIDE = const(11)
_SUBNET = const(118)
_OWN_ID = const(245)  # where option 54 of a reply is


def admit(request, config):
    """Return whether this server serves the subnet that a relayed message is for.

    That is what sub-option 5 says, else option 118, else giaddr.  If one of the first two says
    so, giaddr may be an address outside the subnet.  In an admitted message option 54 holds the
    server's address, if it held the name that the relay gave to the server.
    """
    if not _is_ours(request, config):
        return False
    _take_over(request, config)
    return True


def _is_ours(request, config):
    rx = request.rx
    pos = _sub_option(request, _LINK) or _option(rx, request.end, _SUBNET)
    if not pos:
        return config.on_link(rx, _GIADDR)
    if not 0 < rx[_GIADDR] < 224 or rx[_GIADDR] == 127:  # no host has such an address
        return False
    return _names(rx, pos, config)


def _take_over(request, config):
    """Let the server recognise itself in option 54, if the relay gave it another name."""
    rx = request.rx
    name = _sub_option(request, _OVERRIDE)
    pos = request.at[_SERVER_ID]
    if not name or not pos:
        return
    for i in range(4):
        if rx[pos + 1 + i] != rx[name + i]:
            return
    for i in range(4):
        rx[pos + 1 + i] = config.address[i]


def sign(request, tx):
    """Write the name that the relay gave the server into the reply in tx, if it gave one."""
    name = _sub_option(request, _OVERRIDE)
    if name:
        for i in range(4):
            tx[_OWN_ID + i] = request.rx[name + i]


def _names(rx, pos, config):
    """Return whether the address at pos is in the server's subnet: any of it, also its own."""
    if rx[pos] != config.address[0]:
        return False
    low24 = rx[pos + 1] << 16 | rx[pos + 2] << 8 | rx[pos + 3]
    return config.net24_first <= low24 <= config.net24_last


def _sub_option(request, wanted):
    """Return where the four bytes of a sub-option of option 82 are, 0 if it is missing."""
    pos = request.at[_AGENT_INFO]
    return _walk(request.rx, pos + 1, pos + 1 + request.rx[pos], wanted) if pos else 0


def _option(rx, end, wanted):
    """Return where the four bytes of an option are, 0 if it is missing."""
    return _walk(rx, _OPTIONS, end, wanted)


def _walk(rx, pos, end, wanted):
    """Return where the four bytes of a code are in rx[pos:end], 0 if it is missing."""
    while pos + 1 < end and rx[pos] != _END:
        if not rx[pos]:
            pos += 1
            continue
        after = pos + 2 + rx[pos + 1]
        if rx[pos] == wanted:
            return pos + 2 if rx[pos + 1] == 4 and after <= end else 0
        pos = after
    return 0
