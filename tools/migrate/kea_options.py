"""Which bytes Kea 2.2 takes as the value of an option.

Kea takes the options that it knows apart, also those that its configuration gives as bytes, and
starts only if all of them are in order.  Options that it would refuse or change are left out.
"""

from . import names

_IP = 4


def takes(option):
    """Return whether Kea sends an Option just as it is."""
    data = option.data
    if option.code in _FORMS:
        return _FORMS[option.code](data)
    return names.kind(option.code) != "text" or _text(data)


def _text(data):
    """Text: Kea cuts zeros off its end."""
    return data[-1:] != b"\0"


def _several(size):
    """Return a check for one or more values of so many bytes."""
    return lambda data: len(data) > 0 and len(data) % size == 0


def _exactly(size):
    """Return a check for so many bytes, and perhaps a flag in the first one."""
    return lambda data: len(data) == size


def _flag_and(check):
    """Return a check for a flag and what follows."""
    return lambda data: data[:1] in (b"\0", b"\1") and check(data[1:])


def _after(size, check):
    """Return a check for so many bytes and what follows."""
    return lambda data: len(data) > size and check(data[size:])


def _names(data):
    """One or more domain names in full (RFC 1035 section 3.1)."""
    pos = 0
    while pos < len(data):
        if data[pos] > 63:
            return False
        last, pos = data[pos], pos + 1 + data[pos]
    return pos == len(data) > 1 and not last


def _name(data):
    """One domain name."""
    return _names(data) and _labels(data) == 1


def _labels(data):
    """Return how many names are in sound data."""
    pos = count = 0
    while pos < len(data):
        count += not data[pos]
        pos += 1 + data[pos]
    return count


def _enterprise(data):
    """One enterprise number, the length of its data, and these (RFC 3925)."""
    return len(data) > 5 and data[4] == len(data) - 5


def _sub_options(data):
    """The same, and the data are options (RFC 3925 section 4)."""
    pos = 5
    while pos + 1 < len(data):
        pos += 2 + data[pos + 1]
    return _enterprise(data) and pos == len(data)


def _never(data):
    """Options of which a server makes the value itself."""
    return False


_FORMS = {
    62: _text,
    78: _flag_and(_several(_IP)),
    79: _flag_and(lambda data: len(data) > 0 and _text(data)),
    81: _never,
    88: _names,
    89: _several(_IP),
    91: _exactly(4),
    92: _several(_IP),
    93: _several(2),
    94: _exactly(3),
    98: _text,
    112: _several(_IP),
    113: _text,
    118: _exactly(_IP),
    124: _enterprise,
    125: _sub_options,
    136: _several(_IP),
    137: _name,
    141: _names,
    146: _after(1 + 2 * _IP, _names),
    159: _exactly(4),
    212: _after(2 + 16, _several(_IP)),
    213: _name,
}
