"""DHCP messages as a client or a relay agent sends them, built by keyword from RFC 2131 table 1.

Written without the server's own code, so that a mistake made there is not repeated here.
Runs on CPython and MicroPython.  Addresses are those of the documentation ranges:
192.0.2.0/24 (and 198.51.100.0/24 for "another network"), 00:00:5E:00:53:xx.
"""

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = 1, 2, 3, 4, 5, 6, 7, 8
COOKIE = b"\x63\x82\x53\x63"
DEFAULT_PRL = (1, 3, 6, 15, 28, 51, 58, 59)

# keyword of a builder, option code; the options leave in this order, after option 53
_OPTIONS = (
    ("client_id", 61),
    ("requested", 50),
    ("server_id", 54),
    ("lease_s", 51),
    ("max_size", 57),
    ("prl", 55),
)


def ip(text):
    """Return the 4 bytes of a dotted address; bytes are returned as they are."""
    if isinstance(text, (bytes, bytearray)):
        return bytes(text)
    return bytes([int(part) for part in text.split(".")])


def dotted(raw):
    """Return 4 bytes as dotted text."""
    return ".".join([str(byte) for byte in raw])


def mac_bytes(mac):
    """Return a hardware address: `mac` is the last byte of 00:00:5E:00:53:xx, or the bytes."""
    if isinstance(mac, int):
        return bytes([0x00, 0x00, 0x5E, 0x00, 0x53, mac])
    return bytes(mac)


def number(value, size):
    """Return `value`, an int, as `size` bytes in network order; bytes are returned as they are."""
    if isinstance(value, int):
        return value.to_bytes(size, "big")
    return bytes(value)


def option(code, value):
    """Return one option as code, length and value (RFC 2132 section 2)."""
    return bytes([code, len(value)]) + bytes(value)


def pieces(code, value, *sizes):
    """Return `value` as several options of the same code, cut at `sizes` (RFC 3396 section 6)."""
    out = b""
    at = 0
    for size in sizes:
        out += option(code, value[at : at + size])
        at += size
    return out + (option(code, value[at:]) if at < len(value) else b"")


def message(
    options=(),
    mac=1,
    xid=0x3903F326,
    op=1,
    htype=1,
    hlen=None,
    hops=0,
    secs=0,
    flags=0,
    broadcast=False,
    ciaddr="0.0.0.0",
    yiaddr="0.0.0.0",
    siaddr="0.0.0.0",
    giaddr="0.0.0.0",
    chaddr=None,
    sname=b"",
    file=b"",
    cookie=COOKIE,
    end=True,
    pad_to=300,
):
    """Return a message with exactly these options, in this order.

    options   (code, value) pairs, or bytes that are taken as they are
    flags     16-bit number or 2 bytes; broadcast=True sets the leftmost bit
    chaddr    up to 16 bytes, instead of `mac`; hlen defaults to its length
    end       whether END closes the options; pad_to=None sends no byte more than that
    """
    chaddr = mac_bytes(mac) if chaddr is None else bytes(chaddr)
    if broadcast:
        flags |= 0x8000
    out = bytes([op, htype, len(chaddr) if hlen is None else hlen, hops])
    out += number(xid, 4) + number(secs, 2) + number(flags, 2)
    out += ip(ciaddr) + ip(yiaddr) + ip(siaddr) + ip(giaddr)
    out += _field(chaddr, 16) + _field(sname, 64) + _field(file, 128) + cookie
    for item in options:
        out += item if isinstance(item, bytes) else option(item[0], item[1])
    if end:
        out += b"\xff"
    if pad_to is not None and len(out) < pad_to:
        out += bytes(pad_to - len(out))
    return out


def _field(value, size):
    """Return `value` filled with zeros to `size` bytes."""
    if len(value) > size:
        raise ValueError("longer than its field of {} bytes".format(size))
    return bytes(value) + bytes(size - len(value))


def _option_value(code, value):
    """Return the bytes of the option that a builder's keyword names."""
    if code in (50, 54):
        return ip(value)
    if code == 51:
        return number(value, 4)
    if code == 57:
        return number(value, 2)
    return bytes(value)


def of_type(kind, options=(), **fields):
    """Return a message of type `kind`: option 53, those named by keyword, then `options`.

    Keywords: client_id (bytes), requested and server_id (dotted), lease_s and max_size (int),
    prl (codes); every other keyword is a header field of `message`.
    """
    items = [(53, bytes([kind]))]
    for name, code in _OPTIONS:
        value = fields.pop(name, None)
        if value is not None:
            items.append((code, _option_value(code, value)))
    items.extend(options)
    return message(items, **fields)


def discover(**fields):
    """Return a DISCOVER; without `prl` it asks for DEFAULT_PRL, prl=None leaves option 55 out."""
    fields.setdefault("prl", DEFAULT_PRL)
    return of_type(DISCOVER, **fields)


def request(**fields):
    """Return a REQUEST; `server_id`, `requested`, `ciaddr` tell its kind (RFC 2131 table 4)."""
    fields.setdefault("prl", DEFAULT_PRL)
    return of_type(REQUEST, **fields)


def decline(**fields):
    """Return a DECLINE (RFC 2131 table 5: options 50 and 54)."""
    return of_type(DECLINE, **fields)


def release(**fields):
    """Return a RELEASE (RFC 2131 table 5: ciaddr and option 54)."""
    return of_type(RELEASE, **fields)


def inform(**fields):
    """Return an INFORM (RFC 2131 section 4.4.3: ciaddr)."""
    fields.setdefault("prl", DEFAULT_PRL)
    return of_type(INFORM, **fields)
