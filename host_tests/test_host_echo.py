"""Does a station have an address?  The board's pings beside scapy's, and what else comes in."""

import errno
import socket

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import Ether

from microdhcp.ports import echo
from microdhcp.ports.echo import Echo

BOARD = "02:00:00:00:00:01"
OWN = "192.0.2.1"
ALICE, BOB, CAROL = (bytes.fromhex("00005e0053") + bytes((i,)) for i in (1, 2, 3))
TARGET = socket.inet_aton("192.0.2.20")


class Socket:
    """A raw socket: what is put into `waiting` can be read; `sent` has what was sent."""

    def __init__(self):
        self.waiting = []
        self.sent = []
        self.closed = False
        self.error = None

    def setblocking(self, flag):
        assert not flag

    def readinto(self, buffer):
        if self.error:
            raise self.error
        if not self.waiting:
            return None
        packet = self.waiting.pop(0)[: len(buffer)]
        buffer[: len(packet)] = packet
        return len(packet)

    def sendto(self, data, to):
        if self.error:
            raise self.error
        self.sent.append((bytes(data), to))

    def close(self):
        self.closed = True


class Esp32:
    """An access point that sends no frames."""


class Rp2:
    """One that does; `frames` has them."""

    def __init__(self):
        self.frames = []
        self.error = None

    def config(self, name):
        assert name == "mac"
        return bytes.fromhex(BOARD.replace(":", ""))

    def ifconfig(self):
        return (OWN, "255.255.255.0", OWN, OWN)

    def send_ethernet(self, frame):
        if self.error:
            raise self.error
        self.frames.append(Ether(bytes(frame)))


@pytest.fixture
def raw(monkeypatch):
    """Give every raw socket that is opened; there is one at a time."""
    made = []

    def open_socket(family, kind, protocol):
        assert (family, kind, protocol) == (socket.AF_INET, 3, 1)
        made.append(Socket())
        return made[-1]

    monkeypatch.setattr(echo.socket, "socket", open_socket)
    return made


def opened(ap, checks=3):
    """Return an Echo that hears."""
    found = Echo(ap, checks)
    assert found.open()
    return found


def answer(request, **changes):
    """Return the echo reply to an IP packet of scapy's, as a raw socket has it."""
    fields = {"type": 0, "id": request[ICMP].id, "seq": request[ICMP].seq}
    source = changes.pop("source", request.dst)
    fields.update(changes)
    return bytes(IP(src=source, dst=request.src) / ICMP(**fields))


def as_bytes(packet):
    """Return a packet with all checksums made anew by scapy."""
    fresh = packet.copy()
    del fresh[IP].chksum
    del fresh[ICMP].chksum
    return bytes(fresh)


def test_each_station_but_the_asker_gets_a_ping_of_its_own(raw):
    ap = Rp2()
    opened(ap).ask(2, TARGET + ALICE, [ALICE, BOB, CAROL])
    assert [(f.dst, f.src) for f in ap.frames] == [
        ("00:00:5e:00:53:02", BOARD),
        ("00:00:5e:00:53:03", BOARD),
    ]
    for frame in ap.frames:
        assert (frame[IP].src, frame[IP].dst, frame[IP].ttl) == (OWN, "192.0.2.20", 1)
        assert (frame[ICMP].type, frame[ICMP].code, len(frame)) == (8, 0, 42)
        assert bytes(frame) == as_bytes(frame)
    assert len({frame[ICMP].seq for frame in ap.frames}) == 2


@pytest.mark.parametrize("last", range(0, 256, 5))
def test_checksums_are_right_for_any_address_and_number(raw, last):
    ap = Rp2()
    asks = opened(ap, checks=4)
    for number in range(4):
        asks.ask(number, bytes((255, 255, last, last)) + ALICE, [BOB] * 3)
    assert all(bytes(frame) == as_bytes(frame) for frame in ap.frames)


def test_the_answer_names_check_and_station(raw):
    ap = Rp2()
    asks = opened(ap)
    asks.ask(2, TARGET + ALICE, [ALICE, BOB, CAROL])
    raw[0].waiting.append(answer(ap.frames[1][IP]))
    assert (asks.heard(), asks.station) == (2, 2)
    assert asks.heard() == -1


def test_without_frames_one_ping_leaves_by_the_socket(raw):
    asks = opened(Esp32())
    asks.ask(1, TARGET + ALICE, [ALICE, BOB])
    ((data, to),) = raw[0].sent
    assert to == ("192.0.2.20", 0)
    request = IP(src=OWN, dst=to[0]) / ICMP(data)
    assert bytes(request[ICMP]) == as_bytes(request)[20:]
    raw[0].waiting.append(answer(request))
    assert (asks.heard(), asks.station) == (1, -1)


def test_other_traffic_is_passed_over(raw):
    ap = Rp2()
    asks = opened(ap, checks=2)
    asks.ask(1, TARGET + ALICE, [BOB])
    request = ap.frames[0][IP]
    raw[0].waiting += [
        answer(request, type=8),
        answer(request, id=request[ICMP].id ^ 1),
        answer(request, seq=2 << 8),
        answer(request, seq=0),
        answer(request, source="192.0.2.21"),
        bytes(IP(src="192.0.2.20", dst=OWN) / ICMP(type=3, code=1) / request),
        bytes(IP(src="192.0.2.20", dst=OWN, options=[b"\1\1\1\1"]) / ICMP(type=0)),
        answer(request) + b"more than was asked for",
    ]
    assert asks.heard() == 1
    assert raw[0].waiting == []


def test_a_flood_of_pings_takes_bounded_work(raw):
    ap = Rp2()
    asks = opened(ap)
    asks.ask(0, TARGET + ALICE, [BOB])
    raw[0].waiting += [answer(ap.frames[0][IP], type=8)] * 1000
    assert asks.heard() == -1
    assert len(raw[0].waiting) > 900


def test_it_hears_only_while_it_is_open(raw):
    asks = Echo(Rp2(), 1)
    assert (asks.heard(), raw) == (-1, [])
    assert asks.open() and asks.open()
    assert len(raw) == 1
    asks.close()
    asks.close()
    assert raw[0].closed and asks.heard() == -1


def test_no_room_for_a_socket(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOMEM)

    monkeypatch.setattr(echo.socket, "socket", refuse)
    assert not Echo(Rp2(), 1).open()


@pytest.mark.parametrize("ap", [Rp2(), Esp32()])
def test_errors_of_the_firmware_lose_a_packet_and_no_more(raw, ap):
    asks = opened(ap)
    ap.error = raw[0].error = OSError(errno.EHOSTUNREACH)
    asks.ask(0, TARGET + ALICE, [BOB])
    assert asks.heard() == -1


def test_datagrams_of_other_protocols_do_not_match(raw):
    asks = opened(Rp2())
    raw[0].waiting.append(bytes(IP(src="192.0.2.20", dst=OWN) / UDP()))
    assert asks.heard() == -1
