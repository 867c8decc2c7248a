"""RFC 2131 section 4.3.4: DHCPRELEASE; a pool of one address shows what became of it."""

from timeline import FIRST, NOBODY, TimelineCase

OTHER_SERVER = "192.0.2.2"


class Release(TimelineCase):
    settings = {"pool": (FIRST, FIRST)}

    def taken(self):
        """Return whether the one address is refused to another client."""
        return self.other.discover().kind is None

    def test_4_3_4_release_gets_no_answer(self):
        """Table 3 knows no reply to a DHCPRELEASE."""
        self.client.dora()
        self.assertIsNone(self.client.release(FIRST).kind)

    def test_4_3_4_address_is_taken_until_released(self):
        """'any specific network address will not be in use by more than one DHCP client' (1.6)"""
        self.client.dora()
        self.assertTrue(self.taken())

    def test_4_3_4_released_address_is_free(self):
        """'the server marks the network address as not allocated'"""
        self.client.dora()
        self.client.release(FIRST)
        self.assertFalse(self.taken())

    def test_4_3_4_released_address_is_remembered(self):
        """'The server SHOULD retain a record of the client's initialization parameters'"""
        self.start()
        address = self.client.dora().yiaddr
        self.client.release(address)
        self.assertEqual(self.client.at(3).discover().yiaddr, address)

    def test_4_3_4_release_without_server_identifier_counts(self):
        """Design: accepted without option 54 when client and address match our record."""
        self.client.dora()
        self.client.release(FIRST, server_id=None)
        self.assertFalse(self.taken())

    def test_4_3_4_release_to_another_server_changes_nothing(self):
        """'server identifier: MUST' (table 5): it names who is meant"""
        self.client.dora()
        self.client.release(FIRST, server_id=OTHER_SERVER)
        self.assertTrue(self.taken())

    def test_4_3_4_release_by_a_stranger_changes_nothing(self):
        """Design: a stranger's changes nothing."""
        self.client.dora()
        self.client.other(3).release(FIRST)
        self.assertTrue(self.taken())

    def test_4_3_4_release_with_another_identifier_changes_nothing(self):
        """'the server MUST use that identifier to identify the client' (4.2)"""
        self.client.dora()
        self.client.release(FIRST, client_id=b"\x00stranger")
        self.assertTrue(self.taken())

    def test_4_3_4_release_of_another_address_changes_nothing(self):
        """Design: only when client and address match our record."""
        self.client.dora()
        self.client.release("192.0.2.17")
        self.assertTrue(self.taken())

    def test_4_3_4_release_of_no_address_changes_nothing(self):
        """'ciaddr: client's network address (DHCPRELEASE)' (table 5)"""
        self.client.dora()
        self.client.release(NOBODY)
        self.assertTrue(self.taken())

    def test_4_3_4_release_without_identifier_matches_by_hardware_address(self):
        """Design: a RELEASE that lacks option 61 matches also by chaddr."""
        self.client.dora(client_id=b"\x00phone")
        self.client.release(FIRST)
        self.assertFalse(self.taken())

    def test_4_3_4_release_with_the_same_identifier_counts(self):
        """'it MUST use the same client identifier in the DHCPRELEASE message' (3.1)"""
        self.client.dora(client_id=b"\x00phone")
        self.client.release(FIRST, client_id=b"\x00phone")
        self.assertFalse(self.taken())

    def test_4_3_4_late_copy_of_a_release_leaves_the_new_owner_alone(self):
        """Design: only when client and address match our record."""
        self.client.dora()
        self.client.release(FIRST)
        self.other.dora()
        self.client.release(FIRST)
        self.assertIsNone(self.client.discover().kind)
