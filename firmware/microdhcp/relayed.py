"""Requests of relay agents: RFC 3527 link selection, 5107 override, 3011 subnet.

Loaded when the first relayed message comes.  Nothing is allocated for a message.
"""

from ._compat import const
from .message import AGENT_INFO, F_GIADDR, F_OPTIONS, SERVER_ID, copy, same
from .reply import NAK, OPTION_LEFT_OUT

_END = const(255)
_LINK = const(5)  # sub-options of 82
_OVERRIDE = const(11)
_SUBNET = const(118)
_KIND = const(242)  # where a reply has its type
_OWN_ID = const(245)  # and its option 54
_SAFE = const(548)  # no client may refuse so much


def of_server(server, name):
    """Return Server.admits() or Server.sign(), which all servers have from now on."""
    kind = server.__class__
    kind.admits = admits
    kind.sign = sign
    return server.admits if name == "admits" else server.sign


def admits(server):
    """Return whether this server serves the subnet that the relayed message in rx is for.

    That is what sub-option 5 says, else option 118, else giaddr.  A giaddr outside the subnet is
    one of the setting `relays`: anybody can invent one, and the reply would go there.  In an
    admitted message option 54 holds the server's address, if it held the name that the relay gave
    to the server.
    """
    rx = server.rx
    pos = _sub_option(server, _LINK) or _walk(rx, F_OPTIONS, server.n, _SUBNET)
    config = server.config
    if not config.on_link(rx, F_GIADDR) and not (pos and _is_known(rx, config.relays)):
        return False
    if pos and not _names(rx, pos, config):
        return False
    name = _sub_option(server, _OVERRIDE)
    pos = server.pos[SERVER_ID]
    if name and pos and same(rx, pos + 1, rx, name, 4):
        copy(rx, pos + 1, config.address, 0, 4)
    return True


def sign(server, n):
    """Write into the reply in tx[:n] what the relay agent wants to see; return its length.

    The name that it gave the server, and option 118 as it came (RFC 3011: clients discard an OFFER
    or ACK without it).
    """
    name = _sub_option(server, _OVERRIDE)
    if name:
        copy(server.tx, _OWN_ID, server.rx, name, 4)
    pos = _walk(server.rx, F_OPTIONS, server.n, _SUBNET)
    if pos and server.tx[_KIND] != NAK:
        return _insert(server, pos - 2, n)
    return n


def _insert(server, pos, n):
    """Insert the option of six bytes at rx[pos] into tx[:n], before option 82; return the length.

    If there is no room, it is left out and counted.
    """
    tx = server.tx
    end = server._end
    if end + 7 > min(_SAFE, len(tx)):
        server.count(OPTION_LEFT_OUT)
        return n
    at = end
    if server._agent_pos:
        at -= 2 + server.rx[server._agent_pos]
    copy(tx, at + 6, tx, at, end + 1 - at)
    copy(tx, at, server.rx, pos, 6)
    return max(n, end + 7)


def _sub_option(server, wanted):
    """Return the position of the four bytes of a sub-option of option 82, or 0."""
    rx = server.rx
    pos = server.pos[AGENT_INFO]
    return _walk(rx, pos + 1, pos + 1 + rx[pos], wanted) if pos else 0


def _is_known(rx, relays):
    """Return whether giaddr is one of these addresses."""
    for at in range(0, len(relays), 4):
        if same(relays, at, rx, F_GIADDR, 4):
            return True
    return False


def _names(rx, pos, config):
    """Return whether the address at pos is in the server's subnet, its own included."""
    if rx[pos] != config.address[0]:
        return False
    low24 = rx[pos + 1] << 16 | rx[pos + 2] << 8 | rx[pos + 3]
    return config.net24_first <= low24 <= config.net24_last


def _walk(rx, pos, end, wanted):
    """Return the position of the four bytes of a code in rx[pos:end], or 0."""
    while pos + 1 < end and rx[pos] != _END:
        if not rx[pos]:
            pos += 1
            continue
        after = pos + 2 + rx[pos + 1]
        if rx[pos] == wanted:
            return pos + 2 if rx[pos + 1] == 4 and after <= end else 0
        pos = after
    return 0
