"""Relay: which arguments it refuses, and what it says."""

import unittest

from rigs import RIGS

PROGRAM = """
import network
from microdhcp import Config, Relay

def config(**more):
    settings = dict(authoritative=False, conflict_check=False)
    settings.update(more)
    return Config("10.10.10.1/24", ("10.10.10.200", "10.10.10.209"), **settings)

def attempt(servers=("10.0.0.5",), address="10.10.10.1/24", **settings):
    try:
        Relay(network.WLAN(network.WLAN.IF_AP), servers, address, **settings)
        return "taken"
    except ValueError as error:
        return str(error)

for line in source.splitlines():
    print(eval("attempt(" + line + ")"))
"""
HOST = "is not the IPv4 address of a host"
OWN = "is not like 192.168.4.1/24"
LIST = "is not a list of 1 to 8 addresses"
ID = "is not 1 to 32 bytes, or text of so many"

#: Arguments, and what is said about them.
REFUSED = (
    ("'10.0.0.5'", f"servers: '10.0.0.5' {LIST}"),
    ("[]", f"servers: [] {LIST}"),
    ("['10.0.0.%d' % n for n in range(1, 10)]", LIST),
    ("None", f"servers: None {LIST}"),
    ("[5]", f"servers: 5 {HOST}"),
    ("['10.0.0']", f"servers: '10.0.0' {HOST}"),
    ("['10.0.0.256']", f"servers: '10.0.0.256' {HOST}"),
    ("['kea.lan']", f"servers: 'kea.lan' {HOST}"),
    ("['0.0.0.5']", f"servers: '0.0.0.5' {HOST}"),
    ("['127.0.0.1']", f"servers: '127.0.0.1' {HOST}"),
    ("['224.0.0.1']", f"servers: '224.0.0.1' {HOST}"),
    ("['255.255.255.255']", f"servers: '255.255.255.255' {HOST}"),
    ("['10.0.0.05']", f"servers: '10.0.0.05' {HOST}"),
    ("['10.0.0.5 ']", f"servers: '10.0.0.5 ' {HOST}"),
    ("['10.0.0.+5']", f"servers: '10.0.0.+5' {HOST}"),
    ("['10.0.0.1_0']", f"servers: '10.0.0.1_0' {HOST}"),
    ("[('10.0.0.5', 1, 2)]", f"servers: ('10.0.0.5', 1, 2) {HOST}"),
    ("[('10.0.0.5', -1)]", "servers: -1 is not within 0..65535"),
    ("[('10.0.0.5', 65536)]", "servers: 65536 is not within 0..65535"),
    ("[('10.0.0.5', '4')]", "servers: '4' is not within 0..65535"),
    ("['10.0.0.5', ('10.0.0.5', 4)]", "servers: 10.0.0.5 is in the list twice"),
    ("address=None", "address: is missing, like 192.168.4.1/24"),
    ("address=5", f"address: 5 {OWN}"),
    ("address='10.10.10.1'", f"address: '10.10.10.1' {OWN}"),
    ("address='10.10.10.1/31'", f"address: '10.10.10.1/31' {OWN}"),
    ("address='10.10.10.1/+24'", f"address: '10.10.10.1/+24' {OWN}"),
    ("address='10.10.10.0/24'", f"address: '10.10.10.0/24' {OWN}"),
    ("address='10.10.10.255/24'", f"address: '10.10.10.255/24' {OWN}"),
    ("address='0.0.0.1/24'", f"address: '0.0.0.1/24' {OWN}"),
    ("address='127.0.0.1/8'", f"address: '127.0.0.1/8' {OWN}"),
    ("address='239.0.0.1/24'", f"address: '239.0.0.1/24' {OWN}"),
    ("fallback=5", "fallback: 5 is not a Config"),
    (
        "fallback=config(authoritative=True)",
        "fallback: wants authoritative=False and conflict_check=False",
    ),
    (
        "fallback=config(conflict_check=True)",
        "fallback: wants authoritative=False and conflict_check=False",
    ),
    (
        "address='10.10.10.2/24', fallback=config()",
        "address: is not that of the fallback; leave it out",
    ),
    ("fallback_s=4", "fallback_s: 4 is not within 5..3600"),
    ("max_hops=17", "max_hops: 17 is not within 1..16"),
    ("pending=3", "pending: 3 is not within 4..250"),
    ("max_message=1473", "max_message: 1473 is not within 576..1472"),
    ("max_message='700'", "max_message: '700' is not within 576..1472"),
    ("circuit_id=''", f"circuit_id: '' {ID}"),
    ("circuit_id=7", f"circuit_id: 7 {ID}"),
    ("remote_id=b'x' * 33", ID),
    ("remote_id=chr(233) * 17", ID),
    ("on_feed=5", "on_feed: 5 cannot be called"),
    ("fallback_seconds=5", "fallback_seconds: no such setting; there are circuit_id, fallback_s"),
)
TAKEN = (
    "['10.0.0.5', ('10.0.0.6', 4)]",
    "('223.255.255.254',)",
    "address='1.0.0.1/8'",
    "address='10.10.10.6/30'",
    "address=None, fallback=config()",
    "fallback=config(), fallback_s=5",
    "circuit_id='x' * 32, remote_id=b'y' * 32, max_hops=16, pending=250, max_message=1472",
)


class Arguments(unittest.TestCase):
    """On both families of boards."""

    def said(self, lines):
        """Yield (arguments, what Relay says about them) on each fake board."""
        source = f"source = {chr(10).join(lines)!r}\n{PROGRAM}"
        for rig in ("esp32", "pico_w"):
            told = RIGS[rig].live(lambda board: board.run(source))
            yield from zip(lines, told.splitlines(), strict=True)

    def test_what_is_wrong_is_named(self):
        wanted = dict(REFUSED)
        for arguments, found in self.said(list(wanted)):
            self.assertIn(wanted[arguments], found, arguments)

    def test_what_is_right_is_taken(self):
        for arguments, found in self.said(TAKEN):
            self.assertEqual(found, "taken", arguments)


if __name__ == "__main__":
    unittest.main()
