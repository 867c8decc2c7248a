"""RFC 2131 sections 3.3, 4.3.1, 4.4.5: lease time, T1 and T2, and the end of the clock."""

from timeline import FIRST, TimelineCase

INFINITE = 0xFFFFFFFF
END = (1 << 30) - 1
ONE = (FIRST, FIRST)


def times(reply):
    """Return lease time, T1 and T2 of a reply."""
    return [reply.seconds(51), reply.seconds(58), reply.seconds(59)]


class Wish(TimelineCase):
    def test_4_3_1_without_a_wish_the_default(self):
        """'assigns the locally configured default lease time'"""
        self.assertEqual(self.client.dora().seconds(51), 3600)

    def test_4_3_1_wish_within_the_limits_is_granted(self):
        """'the server may choose either to return the requested lease'"""
        self.assertEqual(self.client.dora(lease_s=600).seconds(51), 600)

    def test_4_3_1_short_wish_is_raised_to_the_minimum(self):
        """'or select another lease'; design: within min and max"""
        self.assertEqual(self.client.dora(lease_s=10).seconds(51), 60)

    def test_4_3_1_wish_of_zero_is_raised_to_the_minimum(self):
        """'or select another lease'; design: within min and max"""
        self.assertEqual(self.client.dora(lease_s=0).seconds(51), 60)

    def test_4_3_1_long_wish_is_cut_to_the_maximum(self):
        """'or select another lease'; design: within min and max"""
        self.assertEqual(self.client.dora(lease_s=86401).seconds(51), 86400)

    def test_4_3_1_wish_equal_to_a_limit_is_granted(self):
        """Design: within min and max, both included"""
        low, high = self.client.dora(lease_s=60), self.other.dora(lease_s=86400)
        self.assertEqual((low.seconds(51), high.seconds(51)), (60, 86400))

    def test_4_3_1_wish_beyond_small_integers_is_cut(self):
        """Design: option 51 is clamped on its bytes."""
        for wish in (1 << 30, 1 << 31, INFINITE - 1):
            self.assertEqual(self.client.discover(lease_s=wish).seconds(51), 86400)

    def test_4_3_1_wish_of_an_offer_holds_for_its_ack(self):
        """'parameters in the DHCPACK ... SHOULD NOT conflict with those in the ... DHCPOFFER'"""
        offer = self.client.discover(lease_s=600)
        self.assertEqual(self.client.select(offer).seconds(51), 600)

    def test_4_3_1_other_wish_in_the_request_does_not_contradict_the_offer(self):
        """Design: the granted time kept per slot so that ACK never contradicts OFFER."""
        offer = self.client.discover(lease_s=600)
        self.assertEqual(self.client.select(offer, lease_s=7200).seconds(51), 600)

    def test_4_3_1_wish_of_a_renewal_is_granted(self):
        """'If the client has requested a specific lease ... return the requested lease'"""
        address = self.client.dora().yiaddr
        self.assertEqual(self.client.at(900).renew(address, lease_s=1200).seconds(51), 1200)

    def test_4_3_1_known_client_without_a_wish_gets_a_full_lease(self):
        """Design: deviation from 4.3.1, which would return what is left of the old lease."""
        self.client.dora()
        self.assertEqual(self.client.at(1000).discover().seconds(51), 3600)

    def test_4_3_1_limits_are_configurable(self):
        """Design: min_lease_s, max_lease_s."""
        self.start(lease_s=500, min_lease_s=300, max_lease_s=900)
        granted = [self.client.discover(lease_s=wish).seconds(51) for wish in (1, 5000)]
        self.assertEqual(granted, [300, 900])

    def test_4_3_1_wish_decides_when_the_lease_ends(self):
        """'expires': the time granted, not the default"""
        self.start(pool=ONE)
        self.client.dora(lease_s=600)
        self.assertEqual(self.other.at(601).discover().kind, "OFFER")

    def test_4_3_1_lease_is_kept_to_its_end(self):
        """'guarantees not to reallocate that address within the requested time' (2.2)"""
        self.start(pool=ONE)
        self.client.dora(lease_s=600)
        self.assertIsNone(self.other.at(599).discover().kind)


class Infinite(TimelineCase):
    settings = {"max_lease_s": None, "pool": ONE}

    def test_3_3_infinite_wish_is_granted(self):
        """'The time value of 0xffffffff is reserved to represent infinity'"""
        self.assertEqual(self.client.dora(lease_s=INFINITE).seconds(51), INFINITE)

    def test_3_3_infinite_wish_is_cut_without_permission(self):
        """Design: max_lease_s 86400; None: infinite allowed."""
        self.start()
        self.assertEqual(self.client.dora(lease_s=INFINITE).seconds(51), 86400)

    def test_3_3_infinite_lease_is_offered_and_acknowledged_alike(self):
        """'SHOULD NOT conflict with those in the earlier DHCPOFFER message'"""
        offer = self.client.discover(lease_s=INFINITE)
        self.assertEqual(self.client.select(offer).seconds(51), INFINITE)

    def test_3_3_infinite_lease_has_no_t1_and_t2(self):
        """Design: T1, T2 never for infinite."""
        ack = self.client.dora(lease_s=INFINITE, prl=(51, 58, 59))
        self.assertEqual(times(ack), [INFINITE, None, None])

    def test_3_3_infinite_lease_does_not_end(self):
        """'permanent assignment by asking for an infinite lease' (2.2)"""
        self.client.dora(lease_s=INFINITE)
        self.assertIsNone(self.other.at(END).discover().kind)

    def test_3_3_infinite_lease_can_be_renewed(self):
        """A client may ask at any time, e.g. after a reboot (3.7)."""
        self.client.dora(lease_s=INFINITE)
        ack = self.client.at(END).renew(FIRST, lease_s=INFINITE)
        self.assertEqual((ack.kind, ack.seconds(51)), ("ACK", INFINITE))

    def test_3_3_infinite_lease_can_be_released(self):
        """'marks the network address as not allocated' (4.3.4)"""
        self.client.dora(lease_s=INFINITE)
        self.client.at(1).release(FIRST)
        self.assertEqual(self.other.discover().kind, "OFFER")

    def test_3_3_infinite_lease_can_become_finite(self):
        """'or select another lease' (4.3.1)"""
        self.client.dora(lease_s=INFINITE)
        self.client.at(10).renew(FIRST, lease_s=600)
        self.assertEqual(self.other.at(611).discover().kind, "OFFER")

    def test_3_3_one_wish_alone_is_infinite(self):
        """'The time value of 0xffffffff is reserved': 0xfffffffe is a number of seconds"""
        granted = self.client.discover(lease_s=INFINITE - 1).seconds(51)
        self.assertTrue(60 <= granted < END)

    def test_3_3_without_a_wish_the_default_is_finite(self):
        """'assigns the locally configured default lease time' (4.3.1)"""
        self.assertEqual(self.client.dora().seconds(51), 3600)


class T1AndT2(TimelineCase):
    def test_4_4_5_t1_is_half_and_t2_seven_eighths(self):
        """'T1 defaults to (0.5 * duration_of_lease). T2 defaults to (0.875 * ...'"""
        self.assertEqual(times(self.client.dora()), [3600, 1800, 3150])

    def test_4_4_5_odd_lease_time(self):
        """Design: T1 = lease // 2, T2 = lease - lease // 8."""
        self.assertEqual(times(self.client.dora(lease_s=1003)), [1003, 501, 878])

    def test_4_4_5_t1_and_t2_of_leases_of_seconds(self):
        """'T1 MUST be earlier than T2, which, in turn, MUST be earlier than the ... expire'"""
        self.start(min_lease_s=1)
        self.assertEqual(times(self.client.dora(lease_s=4)), [4, 2, 3])
        self.assertEqual(times(self.client.dora(lease_s=3)), [3, 1, 2])
        ack = self.client.dora(lease_s=2)
        self.assertEqual((ack.option(58), ack.option(59)), (None, None))

    def test_4_4_5_t1_before_t2_before_the_end_for_the_shortest_lease(self):
        """'T1 MUST be earlier than T2, which, in turn, MUST be earlier than the ... expire'"""
        lease, t1, t2 = times(self.client.dora(lease_s=60))
        self.assertTrue(0 < t1 < t2 < lease)

    def test_4_4_5_longest_lease(self):
        """Design: T1 = lease // 2, T2 = lease - lease // 8."""
        self.start(max_lease_s=1 << 27, lease_s=1 << 27)
        expected = [1 << 27, 1 << 26, (1 << 27) - (1 << 24)]
        self.assertEqual(times(self.client.dora()), expected)

    def test_4_4_5_t1_and_t2_only_when_asked_for(self):
        """Design: when asked for: option 55 contains them."""
        self.assertEqual(times(self.client.dora(prl=(1, 3, 51))), [3600, None, None])

    def test_4_4_5_t1_alone(self):
        """Design: when asked for."""
        self.assertEqual(times(self.client.dora(prl=(58,))), [3600, 1800, None])

    def test_4_4_5_no_t1_and_t2_without_a_request_list(self):
        """Design: without option 55: 1, 3, 6, 15, 28 and what is configured."""
        self.assertEqual(times(self.client.dora(prl=None)), [3600, None, None])

    def test_4_4_5_t1_and_t2_follow_the_renewed_lease(self):
        """'The server SHOULD return T1 and T2 ... adjusted': to the time granted"""
        address = self.client.dora().yiaddr
        ack = self.client.at(1800).renew(address, lease_s=800)
        self.assertEqual(times(ack), [800, 400, 700])


class EndOfTheClock(TimelineCase):
    def test_exchange_at_the_end_of_the_clock(self):
        """Design: deadlines saturate at 2**30 - 1; the answers stay right."""
        ack = self.client.at(END).dora()
        self.assertEqual(times(ack), [3600, 1800, 3150])

    def test_repeated_discover_at_the_end_of_the_clock(self):
        """Design: deadlines saturate at 2**30 - 1; the hold is no exception."""
        first = self.client.at(END).discover()
        self.assertEqual(self.client.discover().yiaddr, first.yiaddr)

    def test_two_clients_at_the_end_of_the_clock(self):
        """'any specific network address will not be in use by more than one' (2131 1.6)"""
        mine = self.client.at(END).dora().yiaddr
        self.assertNotEqual(self.other.dora().yiaddr, mine)

    def test_renewal_at_the_end_of_the_clock(self):
        """Design: deadlines saturate at 2**30 - 1."""
        address = self.client.at(END - 3600).dora().yiaddr
        ack = self.client.at(END).renew(address)
        self.assertEqual((ack.kind, ack.seconds(51)), ("ACK", 3600))

    def test_longest_lease_just_before_the_end_of_the_clock(self):
        """Design: deadlines saturate at 2**30 - 1."""
        self.start(max_lease_s=1 << 27, pool=ONE)
        self.client.at(END - 10).dora(lease_s=1 << 27)
        self.assertIsNone(self.other.at(END - 1).discover().kind)

    def test_decline_at_the_end_of_the_clock(self):
        """'The server MUST mark the network address as not available' (4.3.3)"""
        address = self.client.at(END - 1).dora().yiaddr
        self.client.decline(address)
        self.assertNotEqual(self.client.discover().yiaddr, address)

    def test_old_lease_is_found_expired_after_34_years(self):
        """Design: 0 <= now_s < 2**30; the firmware's own server fails after 25 days."""
        self.start(pool=ONE)
        self.client.dora()
        self.assertEqual(self.other.at(END).discover().kind, "OFFER")
