"""The functions that run for every packet, by themselves."""

import unittest

from microdhcp.message import client_key

LETTERS = b"abcdefghijklmnopqrstuvwxyz-0123456789"


def key_of(identifier):
    """Return the key of a client identifier."""
    key = bytearray(8)
    client_key(b"\0" + bytes((len(identifier),)) + identifier, 1, key)
    return bytes(key)


class ClientKey(unittest.TestCase):
    def test_short_identifiers_have_keys_of_their_own(self):
        """RFC 2131 4.2: the identifier MUST be unique to that client within the subnet"""
        seen = set()
        for first in LETTERS:
            for second in LETTERS:
                seen.add(key_of(bytes((0x61, first, second))))
        self.assertEqual(len(seen), len(LETTERS) ** 2)

    def test_neighbouring_bytes_do_not_make_up_for_each_other(self):
        """Pairs that an earlier digest could not tell apart"""
        self.assertNotEqual(key_of(b"a4r"), key_of(b"a5-"))

    def test_numbered_devices_have_keys_of_their_own(self):
        """Identifiers that end in a number, as makers of devices use them"""
        seen = set([key_of(b"\0sensor-%04d" % number) for number in range(2000)])
        self.assertEqual(len(seen), 2000)

    def test_length_counts(self):
        """Identifiers of zeros of different length"""
        self.assertEqual(len(set([key_of(bytes(n)) for n in range(2, 64)])), 62)

    def test_identifier_and_mac_differ(self):
        """'01' and six bytes is the MAC; seven other bytes, or six, are not"""
        mac = b"\x00\x00\x5e\x00\x53\x01"
        self.assertEqual(key_of(b"\x01" + mac), b"\0\x00\x00\x5e\0\x00\x53\x01")
        self.assertNotEqual(key_of(b"\x02" + mac), key_of(b"\x01" + mac))
        self.assertNotEqual(key_of(mac), key_of(b"\x01" + mac))

    def test_keys_are_as_a_file_of_leases_holds_them(self):
        """Two numbers below 2**25 and 2**24, whatever the bytes are"""
        for identifier in (b"\xff" * 255, bytes(range(255)), b"\xff\xff"):
            key = key_of(identifier)
            self.assertEqual((key[0], key[4]), (1, 0))
