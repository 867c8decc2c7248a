"""The decoder for people: right names and values, and no input that it cannot take."""

import subprocess
import sys
from pathlib import Path

import pytest

import builders
import dhcptext
import mutations
import recordings
from microdhcp import option_table
from patience import LIMIT_S

TOOL = Path(__file__).resolve().parent.parent / "tools" / "dhcptext.py"


def text(packet):
    """Return the decoded packet as one string."""
    return "\n".join(dhcptext.lines(packet))


def test_a_request_in_words():
    """Header fields that are set, and every option, by name and in the order sent."""
    packet = builders.request(
        mac=7,
        xid=0x01020304,
        broadcast=True,
        ciaddr="192.0.2.9",
        secs=3,
        client_id=b"\x01" + builders.mac_bytes(7),
        lease_s=5400,
        prl=(1, 3, 6, 224),
        options=(
            (12, b"lamp\x07"),
            (82, b"\x01\x04eth0\x02\x01\xff"),
            (121, b"\x08\x0a\xc0\0\x02\1"),
        ),
    )
    assert dhcptext.lines(packet) == [
        "REQUEST: xid 01020304, secs 3, flags broadcast, ciaddr 192.0.2.9, "
        "chaddr 00:00:5e:00:53:07",
        "  client_id: 00:00:5e:00:53:07",
        "  lease_time: 1 h 30 min",
        "  parameter_list: subnet_mask routers dns_servers 224",
        '  host_name: "lamp\\x07"',
        '  relay_agent_info: circuit "eth0", remote ff',
        "  classless_routes: 10.0.0.0/8 via 192.0.2.1",
    ]


def test_overload_and_split_options():
    """Options in file and sname are found there, pieces are joined (RFC 2132 9.3, RFC 3396)."""
    packet = builders.message(
        [(53, b"\2"), (52, b"\3"), (12, b"ab")],
        file=builders.option(15, b"lan") + b"\xff",
        sname=builders.option(12, b"cd") + b"\xff",
    )
    shown = text(packet)
    assert shown.startswith("OFFER")
    assert 'domain: "lan" (in file)' in shown
    assert 'host_name: "abcd"' in shown
    assert "overload: file and sname" in shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (61, "1 min 1 s"), (86400, "1 d"), (0xFFFFFFFF, "infinite")],
)
def test_durations(seconds, shown):
    """Times as people say them."""
    assert dhcptext.duration(seconds) == shown


@pytest.mark.parametrize(
    ("packet", "complaint"),
    [
        (b"", "0 bytes, a header has 240"),
        (builders.discover(cookie=b"abcd"), "magic cookie 61626364"),
        (builders.discover(op=9), "op 9"),
        (builders.discover(hlen=99), "hlen 99"),
        (builders.discover(pad_to=None)[:-3], "runs past the end"),
        (builders.discover(end=False, pad_to=None), "no END"),
    ],
)
def test_what_is_wrong_is_said(packet, complaint):
    """A malformed packet is decoded as far as it goes, and the rest is named."""
    assert f"malformed: {complaint}" in text(packet) or complaint in text(packet)


def test_every_capture_is_understood():
    """Nothing in the captures is malformed or left as a mere number."""
    packets = [packet for _, one in recordings.load_all() for _, _, packet in one.messages]
    assert packets
    for packet in packets:
        shown = text(packet)
        assert "malformed" not in shown
        assert "\n  message_type" not in shown
        assert dhcptext.parse(packet).kind in dhcptext.TYPES.values()


def test_every_type_of_option_is_shown():
    """What the server can be told to send, the decoder can read."""
    rows = option_table.TABLE.strip().split("\n")
    assert len(rows) >= 45
    for row in rows:
        code = int(row.split(" ")[0])
        assert dhcptext.option_text(code, b"\1\2").startswith(row.split(" ")[1] + ": ")


def test_no_packet_is_too_strange():
    """Mutated packets decode to something."""
    story = mutations.Story(3)
    for _ in range(3000):
        assert dhcptext.lines(story.make())


def test_command_line(tmp_path):
    """Files and standard input; what is no hex, or not there, is one line and status 1."""
    good = tmp_path / "a.hex"
    good.write_text(f"# a comment\n{builders.discover().hex()}\n")

    def run(*words, stdin=""):
        argv = [sys.executable, str(TOOL), *words]
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=LIMIT_S)

    assert run(str(good)).stdout.startswith("DISCOVER: xid 3903f326")
    assert run(stdin="00").stdout.strip().endswith("1 bytes, a header has 240")
    for bad in (run(stdin="xyz"), run(str(tmp_path / "none.hex"))):
        assert bad.returncode == 1
        assert bad.stderr.startswith("dhcptext: ") and bad.stderr.count("\n") == 1
