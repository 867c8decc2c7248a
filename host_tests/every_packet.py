"""Conversations with every kind of packet, for the tests that must see them all.

conversations() yields (name, settings, [(now_s, packet)]): what one server gets, in order.
Runs on CPython and MicroPython.
"""

import binascii
import hashlib

import builders
import recordings
from builders import decline, discover, inform, message, number, option, pieces, release, request

OWN = "192.0.2.1"
FIRST, LAST = "192.0.2.16", "192.0.2.23"
LAST_S = (1 << 30) - 1
LONGEST_S = 1 << 27
LONG_ID = b"\xff" + bytes(range(1, 255))
AT_HOME = {"address": "10.77.0.1/24", "pool": ("10.77.0.10", "10.77.0.250"), "lease_s": 600}
AGENT = (82, b"\x01\x04eth0\x02\x06\0\0\x5e\0\x53\xaa")


def settings(**changes):
    """Return keywords of Config for a small pool."""
    values = {"address": OWN + "/24", "pool": (FIRST, LAST), "lease_s": 3600}
    values.update(changes)
    return values


def conversations():
    """Yield (name, settings, [(now_s, packet)]) for every conversation."""
    for name, values, said in table():
        yield name, values, said()


def table():
    """Yield (name, settings, function that returns [(now_s, packet)]) for every conversation."""
    yield "client states", settings(), client_states
    yield "odd forms", settings(), odd_forms
    yield "malformed", settings(), lambda: [(5, packet) for packet in malformed()]
    yield "relayed", settings(max_message=1472), relayed
    yield "a full pool", settings(), full_pool
    yield "end of the clock", settings(max_lease_s=None), lambda: end_of_the_clock(LAST_S - 10)
    limits = settings(lease_s=LONGEST_S, max_lease_s=LONGEST_S, offer_hold_s=LONGEST_S)
    yield "times at their limits", limits, lambda: end_of_the_clock(LAST_S - LONGEST_S)
    yield "rapid commit", settings(rapid_commit=True), rapid_commit
    yield "not alone", settings(authoritative=False), client_states
    yield "reservations", reserved(), lambda: client_states() + full_pool()
    access = settings(allow=["00:00:5e"], deny=["00:00:5e:00:53:02", "02"])
    yield "some denied", access, lambda: client_states()[:70]
    yield "host names", settings(rapid_commit=True), named
    yield "short host names", settings(hostname_bytes=3), lambda: named()[:56]
    yield "no host names", settings(hostname_bytes=0), lambda: named()[:24]
    yield "options of their own", own_options(), lambda: client_states()[:40] + wanting_all()
    yield "much to say", wordy(548), wanting_all
    yield "little room", wordy(300), wanting_all
    for name in recordings.names():
        yield name, AT_HOME, lambda name=name: recorded(name)


def recorded(name):
    """Return what a real client said, to a server like that one."""
    messages = recordings.load_one(name).messages
    return [(at // 1000, raw) for at, asked, raw in messages if asked]


def reserved():
    """Return settings with reserved addresses inside the pool and outside."""
    table = {"00:00:5e:00:53:01": "192.0.2.20", "00:00:5e:00:53:02": "192.0.2.99"}
    return settings(reservations=table)


def own_options():
    """Return settings with options for one device, and something to boot from."""
    entry = {
        "address": "192.0.2.99",
        "routers": None,
        "domain": "lan",
        "options": {42: "192.0.2.9"},
    }
    table = {"00:00:5e:00:53:01": entry}
    return settings(reservations=table, next_server="192.0.2.9", boot_file="image.bin")


def wordy(max_message):
    """Return settings with more to send than fits."""
    texts = {
        "tftp_server": "t" * 60,
        "boot_file": "b" * 100,
        "root_path": "r" * 200,
        224: b"x" * 90,
    }
    return settings(options=texts, domain="example.net", max_message=max_message)


def client_states():
    """DISCOVER to RELEASE: every message type in every state, by the holder and by strangers."""
    said = []
    for mac in (1, 2, 3):
        for at in range(16, 24):
            address = "192.0.2.{}".format(at)
            said.append((mac, discover(mac=mac, requested=address)))
            said.append((mac, request(mac=mac, requested=address, server_id=OWN)))
            said.append((mac + 5, request(mac=mac, requested=address)))
            said.append((mac + 5, request(mac=mac, ciaddr=address, broadcast=True)))
            said.append((mac + 5, request(mac=9, ciaddr=address)))
            said.append((mac + 6, inform(mac=mac, ciaddr=address)))
            said.append((mac + 6, release(mac=9, ciaddr=address, server_id=OWN)))
            said.append((mac + 6, decline(mac=9, requested=address)))
            if at % 3 == 0:
                said.append((mac + 7, decline(mac=mac, requested=address, server_id=OWN)))
            if at % 3 == 1:
                said.append((mac + 7, release(mac=mac, ciaddr=address, server_id=OWN)))
    said.append((3, request(mac=1, requested="198.51.100.7")))
    said.append((3, request(mac=1, requested=FIRST, server_id="192.0.2.2")))
    return ordered(said)


def ordered(said):
    """Return the list with times that never go back."""
    now_s = 0
    out = []
    for at, packet in said:
        now_s = max(now_s, at)
        out.append((now_s, packet))
    return out


def odd_forms():
    """Forms that real clients use, or that the RFCs allow."""
    mac = builders.mac_bytes(1)
    prl = bytes(range(1, 255))
    forms = (
        discover(client_id=b"\x01" + mac),
        discover(client_id=LONG_ID),
        discover(client_id=b""),
        discover(prl=None),
        discover(prl=prl),
        discover(prl=b"\x03\x03\x01\x01"),
        discover(prl=b""),
        discover(lease_s=0),
        discover(lease_s=b"\xff\xff\xff\xff"),
        discover(lease_s=b"\x7f\xff\xff\xff"),
        discover(max_size=68),
        discover(max_size=65535),
        discover(end=False, pad_to=None),
        discover(options=((97, b"\0" + bytes(range(16))),)),
        discover(options=((50, b""), (51, b""), (54, b""), (57, b""))),
        discover(options=(b"\x0c\x20cut",), end=False, pad_to=None),
        request(ciaddr=FIRST, server_id="0.0.0.0"),
        discover(htype=6, chaddr=bytes(range(1, 9))),
        discover(options=((53, b"\x01"),)),
        message([(12, b"first"), (53, b"\x01")], pad_to=244),
        message([pieces(61, LONG_ID, 100, 100), (53, b"\x01")]),
        message([pieces(55, prl, 10, 20), (53, b"\x01")]),
        message(
            [(52, b"\x03")], file=option(53, b"\x01") + b"\xff", sname=option(61, b"ab") + b"\xff"
        ),
        message([b"\0\0\0", (53, b"\x01"), b"\0"]),
        discover(options=(b"\xff", (99, b"behind the end"))),
    )
    said = []
    for form in forms:
        said.append((1, form))
        said.append((1, request(requested=FIRST, server_id=OWN)))
    return said


def malformed():
    """Return packets that no server may answer."""
    good = discover()
    packets = [good[:n] for n in (0, 1, 43, 239, 240, 241, 242)]
    packets += [discover(op=op) for op in (0, 2, 255)]
    packets += [discover(hlen=hlen) for hlen in (0, 5, 7, 16, 17, 255)]
    packets += [discover(cookie=b"\x63\x82\x53\x64"), discover(chaddr=bytes(6))]
    packets += [discover(chaddr=b"\x01\0\x5e\0\0\1"), discover(chaddr=b"\xff" * 6)]
    packets += [message([(53, bytes([kind]))]) for kind in (0, 2, 5, 6, 9, 255)]
    packets += [message([(53, b"")]), message([(53, b"\1\1")]), message([])]
    for code, size in ((50, 4), (51, 4), (54, 4), (57, 2)):
        packets += [discover(options=((code, bytes(n)),)) for n in (size - 1, size + 1)]
    cut = (b"\x3d", b"\x32\x09ab", b"\x3d\xff")
    packets += [good[:240] + b"\x35\x01\x01" + tail for tail in cut]
    packets.append(message([(53, b"\1"), (52, b"\1")], file=b"\x0c" + bytes([200]) * 127))
    packets.append(message([(53, b"\3")]))
    packets += [discover(giaddr=a) for a in (OWN, "192.0.2.0", "192.0.2.255", "198.51.100.1")]
    packets += [inform(ciaddr=a) for a in ("0.0.0.0", "198.51.100.1", OWN, "192.0.2.255")]
    return packets


def relayed():
    """Through a relay agent, with option 82 of all sizes."""
    said = []
    for size in (0, 10, 200, 253):
        agent = (82, option(1, b"c" * size))
        for packet in (
            discover(giaddr="192.0.2.2", hops=1, options=(agent,)),
            request(giaddr="192.0.2.2", requested=FIRST, server_id=OWN, options=(agent,)),
            discover(giaddr="192.0.2.2", options=((118, b"\xc0\0\2\0"), agent)),
            request(giaddr="192.0.2.2", requested="198.51.100.1", options=(agent,)),
            request(giaddr="192.0.2.2", requested=LAST, client_id=LONG_ID, options=(agent, AGENT)),
        ):
            said.append((2, packet))
    return said


def full_pool():
    """More clients than addresses; one with ever new identifiers; expired leases; quarantine."""
    said = [(0, discover(mac=mac)) for mac in range(16, 30)]
    for mac in range(16, 30):
        for at in range(16, 24):
            wish = "192.0.2.{}".format(at)
            said.append((9, request(mac=mac, requested=wish, server_id=OWN)))
    said += [(10, discover(mac=40, client_id=b"id" + number(i, 2))) for i in range(6)]
    said += [(11, discover(mac=mac)) for mac in range(50, 60)]
    said += [(40 + mac, discover(mac=mac)) for mac in range(60, 72)]
    said += [(4000 + mac, discover(mac=mac)) for mac in range(72, 84)]
    for at in range(16, 24):
        wish = "192.0.2.{}".format(at)
        said.append((4100, request(mac=at + 60, ciaddr=wish)))
        said.append((4100, decline(mac=at + 60, requested=wish)))
    said += [(4101, discover(mac=mac)) for mac in range(90, 96)]
    return ordered(said)


def end_of_the_clock(start_s):
    """The longest wishes, up to the last second there is."""
    said = []
    for now_s in (start_s, start_s + 5, LAST_S - 1, LAST_S):
        for wish in (
            b"\xff\xff\xff\xff",
            b"\xff\xff\xff\xfe",
            b"\x08\0\0\0",
            b"\x07\xff\xff\xff",
            None,
        ):
            for mac in (1, 2):
                said.append((now_s, discover(mac=mac, lease_s=wish)))
                said.append(
                    (now_s, request(mac=mac, requested=FIRST, server_id=OWN, lease_s=wish))
                )
                said.append((now_s, request(mac=mac, ciaddr=LAST, lease_s=wish)))
        said.append((now_s, decline(mac=1, requested=FIRST)))
        said.append((now_s, release(mac=2, ciaddr=LAST)))
    return ordered(said)


def rapid_commit():
    """Option 80, asked for by new and known clients."""
    rapid = ((80, b""),)
    return [
        (mac, packet)
        for mac in range(1, 12)
        for packet in (
            discover(mac=mac, options=rapid),
            discover(mac=mac),
            discover(mac=mac, options=rapid, giaddr="192.0.2.2"),
            request(mac=mac, requested=FIRST),
        )
    ]


def named():
    """Options 12 and 81 of all sorts, of new, known and returning clients."""
    forms = [
        ((12, name),) for name in (b"", b"phone", b"a" * 20, b"B.example", b"\xff\0x", b"n" * 255)
    ]
    forms += [
        ((81, value),) for value in (b"", b"\4", b"\4\0\0", b"\0\0\0name", b"\4\0\0\4name\0")
    ]
    forms += [((81, b"\4\0\0\xffab"),), ((81, b"\0\0\0x"), (12, b"y")), ((12, b"p"), (12, b"q"))]
    said = []
    for number_of, options in enumerate(forms):
        for mac in (number_of + 1, 1):
            said.append((1, discover(mac=mac, options=options)))
            said.append((1, discover(mac=mac, options=options + ((80, b""),))))
            said.append((1, request(mac=mac, requested=FIRST, server_id=OWN, options=options)))
            said.append((1, request(mac=mac, ciaddr=LAST, options=options)))
    return said


def wanting_all():
    """Clients that ask for everything, with and without room."""
    prl = bytes(range(1, 255))
    said = []
    for size in (None, 300, 576, 700, 1500):
        for ident in (None, LONG_ID[:80], LONG_ID):
            said.append((1, discover(prl=prl, max_size=size, client_id=ident)))
            said.append((1, discover(prl=None, max_size=size, client_id=ident, options=(AGENT,))))
            said.append((1, request(requested=FIRST, server_id=OWN, prl=prl, max_size=size)))
            said.append((1, inform(ciaddr="192.0.2.77", prl=prl, max_size=size)))
    return said


def replies(handle, wanted=None):
    """Return [(conversation, number, reply as bytes, reply_to, last_drop)] for every packet.

    handle  called as handle(server, n, now_s) instead of server.handle(n, now_s)
    wanted  name of the one conversation to have, None for all
    """
    from microdhcp import Config, Server

    found = []
    for name, values, said in table():
        if wanted is not None and name != wanted:
            continue
        server = Server(Config(**values), 1500)
        server.enable_events(4)
        at = 0
        for now_s, packet in said():
            server.rx[: len(packet)] = packet
            n = handle(server, len(packet), now_s)
            found.append((name, at, bytes(server.tx[:n]), server.reply_to, server.last_drop))
            at += 1
    return found


def digest(found):
    """Return a text that only the same outcome of replies() gives (SHA-256)."""
    total = hashlib.sha256()
    for name, at, reply, reply_to, drop in found:
        outcome = (name, at, len(reply), reply_to if reply else drop)
        total.update(repr(outcome).encode())
        total.update(reply)
    return binascii.hexlify(total.digest()).decode()


def names():
    """Return the names of all conversations."""
    return [name for name, _values, _said in table()]
