"""A lease table that an exception has left half changed is mended without losing a lease."""

import unittest

import invariants
from microdhcp.mend import mend
from microdhcp.states import BOUND, FREE, OFFERED, RELEASED
from timeline import TimelineCase

NOBODY = b"\xff" * 8
ONE, TWO = b"\0\0\0\x5e\0\0\x53\x01", b"\0\0\0\x5e\0\0\x53\x02"


class Torn(TimelineCase):
    """Each test writes half of a change into the table."""

    settings = {"pool": ("192.0.2.16", "192.0.2.19")}
    now_s = 100

    def tear(self, *slots):
        """Fill the table with (key, state) for each slot, without a word to anybody."""
        leases = self.server.leases
        for slot, (key, state) in enumerate(slots):
            leases.keys[8 * slot : 8 * slot + 8] = key
            leases.state[slot] = state
            leases.until_s[slot] = self.now_s + 60
            leases.granted_s[slot] = 60
            leases.mac[6 * slot : 6 * slot + 6] = bytes((0, 0, 0x5E, 0, 0x53, 0x10 + slot))

    def mended(self):
        """Put it in order, and return (key, state) of each slot."""
        leases = self.server.leases
        mend(leases, self.now_s)
        invariants.check(leases)
        return [
            (bytes(leases.keys[8 * slot : 8 * slot + 8]), leases.state[slot])
            for slot in range(leases.slots)
        ]

    def check(self, torn, mended):
        """Assert what becomes of the first slots of a table; the others stay free."""
        self.tear(*torn)
        free = [(NOBODY, FREE)] * (self.server.leases.slots - len(mended))
        self.assertEqual(self.mended(), list(mended) + free)

    def test_what_is_in_order_stays(self):
        table = ((ONE, BOUND), (TWO, OFFERED), (ONE, OFFERED))
        self.check(table, table)
        self.assertEqual(self.server.leases.used, 1)

    def test_a_free_slot_has_no_client(self):
        self.check(((ONE, FREE),), ((NOBODY, FREE),))

    def test_a_lease_of_nobody_ends(self):
        """Its client had been taken out before its state was changed."""
        self.check(((NOBODY, BOUND), (NOBODY, OFFERED)), ((NOBODY, RELEASED),) * 2)
        self.assertEqual(self.server.leases.used, 0)

    def test_an_address_that_nobody_is_remembered_for_stays_as_it_is(self):
        self.check(((NOBODY, RELEASED),), ((NOBODY, RELEASED),))

    def test_of_two_leases_of_a_client_the_later_one_stays(self):
        self.check(((ONE, BOUND), (ONE, BOUND)), ((NOBODY, RELEASED), (ONE, BOUND)))
        self.assertEqual(self.server.leases.used, 1)

    def test_of_two_offers_beside_a_lease_the_first_one_stays(self):
        self.check(
            ((ONE, OFFERED), (ONE, OFFERED), (ONE, BOUND)),
            ((ONE, OFFERED), (NOBODY, RELEASED), (ONE, BOUND)),
        )

    def test_a_client_with_a_lease_is_remembered_for_no_other_address(self):
        self.check(((ONE, RELEASED), (ONE, BOUND)), ((NOBODY, RELEASED), (ONE, BOUND)))

    def test_two_offers_of_a_client_without_a_lease_become_one(self):
        self.check(((ONE, OFFERED), (ONE, OFFERED)), ((NOBODY, RELEASED), (ONE, OFFERED)))

    def test_what_is_over_ends_and_the_rest_is_noticed_in_time(self):
        self.tear((ONE, BOUND), (TWO, BOUND))
        self.server.leases.until_s[0] = self.now_s - 1
        self.mended()
        self.assertFalse(self.server.leases.leased(0))
        self.assertTrue(self.server.leases.leased(1))
        self.assertEqual(self.server.leases.due_s, self.now_s + 61)

    def test_the_file_is_written_again(self):
        self.server.leases.changed = 0
        self.tear((ONE, BOUND))
        self.mended()
        self.assertTrue(self.server.leases.changed)

    def test_its_client_gets_the_lease_that_was_torn_again(self):
        """From DISCOVER on, as if it had been asleep."""
        address = self.client.dora().yiaddr
        slot = int(address.rsplit(".", 1)[1]) - 16
        self.server.leases.keys[8 * slot : 8 * slot + 8] = NOBODY
        mend(self.server.leases, 1)
        self.assertEqual(self.client.at(2).dora().kind, "ACK")
        invariants.check(self.server.leases)


if __name__ == "__main__":
    unittest.main()
