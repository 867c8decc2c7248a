"""Checks names and opens ports for dns and web.  Leaves the heap after that."""

import sys

from .text import address_text


def label(setting, text):
    """Return a label as bytes in lower case.  ValueError with the setting if it is not one."""
    found = text.encode().lower() if isinstance(text, str) else b""
    odd = [byte for byte in found if byte not in b"abcdefghijklmnopqrstuvwxyz0123456789-"]
    if not 1 <= len(found) <= 63 or odd:
        raise ValueError(f"{setting}: {text!r} is not a label of letters, digits and hyphens")
    return found


def wire(setting, text, longest):
    """Return the wire form of a name of at most `longest` characters (RFC 1035 section 3.1)."""
    if not isinstance(text, str) or len(text) > longest:
        raise ValueError(f"{setting}: {text!r} is not a name of at most {longest} characters")
    name = b""
    for part in text.split("."):
        found = label(setting, part)
        name += bytes((len(found),)) + found
    return name + b"\0"


def bound(address, port, listen=0):
    """Return (socket, function that returns the sockets readable now) of a port.

    address   text, or 4 bytes
    listen    UDP: 0; TCP: how many connections may wait
    OSError: the port is not available.
    """
    import select
    import socket

    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if listen else socket.SOCK_DGRAM)
    try:
        if listen:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address if isinstance(address, str) else address_text(address), port))
        if listen:
            sock.listen(listen)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return sock, getattr(poller, "ipoll", poller.poll)


def tell_domain(service, domain, zone):
    """Let a service send options 15 and 119 (RFC 3397): a domain as text, and in wire form."""
    for tlv in (bytes((15, len(domain))) + domain, bytes((119, len(zone))) + zone):
        add_option(service.config, tlv)
    if getattr(service, "fast", None):
        service.fast.make()  # it has a copy


def add_option(config, tlv):
    """Add a finished option to each set of options of a Config that lacks its code.

    A set is (options, the last two of them 58 and 59; {code: number}; boot file).
    """
    devices = config.devices
    sets = [config.common]
    if devices:
        sets += list(devices.own.values()) + [own for _, own in devices.classes]
    for options, numbers, _ in sets:
        if tlv[0] not in numbers:
            options.insert(len(options) - 2, tlv)
            numbers.update({options[number][0]: number for number in range(len(options))})
            if len(config.sent) < len(options):
                config.sent = bytearray(len(options))


def forget(name="opening"):
    """Drop a module of this package, so that its memory is free again."""
    package, _, _ = __name__.rpartition(".")
    if sys.modules.pop(f"{package}.{name}", None):
        delattr(sys.modules[package], name)
