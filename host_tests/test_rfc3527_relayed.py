"""RFC 3527 link selection, RFC 5107 server identifier override, RFC 3011 subnet selection."""

from builders import ip
from microdhcp import RELAY
from timeline import FIRST, FOREIGN, SERVER, TimelineCase

ON_LINK, ELSEWHERE, OTHER = "192.0.2.9", "198.51.100.9", "198.51.100.8"  # of relay agents
OURS, THEIRS = ip("192.0.2.0"), ip("198.51.100.0")  # subnets
NAME = ip("192.0.2.254")  # what the relay agent calls the server


def agent(*sub_options):
    """Return option 82 of (code, value) pairs, among others."""
    inside = b"\x01\x02ab"
    for code, value in sub_options:
        inside += bytes([code, len(value)]) + value
    return (82, inside)


class RelayCase(TimelineCase):
    settings = {"relays": [OTHER, ELSEWHERE]}

    def silent(self, reply, reason):
        """Assert that there was no reply, for that reason."""
        self.assertEqual((reply.kind, reply.dropped), (None, reason))


class LinkSelection(RelayCase):
    def offered(self, giaddr, *options):
        """Return the reply to a DISCOVER."""
        return self.client.discover(giaddr=giaddr, options=list(options))

    def test_it_goes_before_giaddr(self):
        """'overrides the normal behavior of using the giaddr to select the subnet'"""
        offer = self.offered(ELSEWHERE, agent((5, OURS)))
        self.assertEqual((offer.kind, offer.to, offer.giaddr), ("OFFER", RELAY, ELSEWHERE))
        self.assertEqual(offer.option(82), agent((5, OURS))[1])

    def test_any_address_of_the_subnet_will_do(self):
        """'an IPv4 address that is part of the subnet': any one of it."""
        for selected in (SERVER, FIRST, "192.0.2.255"):
            self.assertEqual(self.offered(ELSEWHERE, agent((5, ip(selected)))).kind, "OFFER")

    def test_another_subnet_is_not_ours(self):
        """A relay agent on our network may serve clients of another subnet."""
        self.silent(self.offered(ON_LINK, agent((5, THEIRS))), "relay")
        self.silent(self.offered(ON_LINK, agent((5, ip("10.0.2.0")))), "relay")

    def test_without_it_giaddr_decides(self):
        """Without the sub-option giaddr selects the subnet."""
        self.silent(self.offered(ELSEWHERE, agent()), "relay")
        self.assertEqual(self.offered(ON_LINK, agent()).kind, "OFFER")

    def test_one_of_another_length_says_nothing(self):
        """A sub-option with another length than four is ignored."""
        self.silent(self.offered(ELSEWHERE, agent((5, b"\xc0\0\2"))), "relay")
        self.silent(self.offered(ELSEWHERE, (82, b"\x05\x04\xc0\0\2")), "relay")
        self.silent(self.offered(ELSEWHERE, (82, b"\0\xff\x05\x04" + OURS)), "relay")
        self.assertEqual(self.offered(ELSEWHERE, (82, b"\0\x05\x04" + OURS)).kind, "OFFER")

    def test_no_reply_goes_to_a_relay_that_is_not_set(self):
        """No reply leaves the network: only relay agents that are set are answered outside it."""
        offset = "51.100.8.198"  # what stands across two of them
        for giaddr in ("198.51.100.7", offset, "0.0.0.1", "127.0.0.1", "224.0.0.1", SERVER):
            self.silent(self.offered(giaddr, agent((5, OURS))), "relay")
        self.start()
        self.silent(self.offered(ELSEWHERE, agent((5, OURS))), "relay")
        self.silent(self.offered(ELSEWHERE, (118, OURS)), "relay")
        self.assertEqual(self.offered(ON_LINK, agent((5, OURS))).kind, "OFFER")

    def test_one_that_is_set_has_to_name_our_subnet(self):
        """The setting alone selects nothing."""
        for giaddr in (ELSEWHERE, OTHER):
            self.silent(self.offered(giaddr), "relay")
            self.assertEqual(self.offered(giaddr, agent((5, OURS))).kind, "OFFER")

    def test_a_lease_from_there_is_renewed(self):
        """A renewal through the relay agent selects the same subnet."""
        relayed = {"giaddr": ELSEWHERE, "options": [agent((5, OURS))]}
        address = self.client.dora(**relayed).yiaddr
        renewed = self.client.renew(address, **relayed)
        self.assertEqual((renewed.kind, renewed.to), ("ACK", RELAY))

    def test_subnet_selection(self):
        """RFC 3011: option 118 does the same; link selection goes before it (RFC 3527, 3)."""
        self.assertEqual(self.offered(ELSEWHERE, (118, OURS)).kind, "OFFER")
        self.silent(self.offered(ON_LINK, (118, THEIRS)), "relay")
        self.assertEqual(self.offered(ELSEWHERE, (118, THEIRS), agent((5, OURS))).kind, "OFFER")


class SubnetSelection(RelayCase):
    """RFC 3011 section 2: 'servers ... MUST return an identical copy of the option'."""

    def copy_of(self, reply):
        """Return how often option 118 is in a reply, and its first value."""
        values = [value for code, value in reply.options if code == 118]
        return len(values), values[:1]

    def test_offer_and_ack_return_it(self):
        """Clients discard an OFFER or ACK without it."""
        for selected in (OURS, ip("192.0.2.77")):
            asked = {"giaddr": ELSEWHERE, "options": [(118, selected)]}
            offer = self.client.discover(**asked)
            ack = self.client.select(offer, **asked)
            self.assertEqual((offer.kind, ack.kind), ("OFFER", "ACK"))
            for reply in (offer, ack):
                self.assertEqual(self.copy_of(reply), (1, [selected]))

    def test_it_stands_before_option_82(self):
        """RFC 3046 section 2.2: option 82 is the last, with or without 61 and 97 before it."""
        for more in ([], [(61, b"\xffabc"), (97, b"\0" + b"u" * 16)]):
            wanted = [(118, OURS), agent((5, OURS))] + more
            reply = self.client.discover(giaddr=ELSEWHERE, options=wanted)
            self.assertEqual(self.copy_of(reply), (1, [OURS]))
            self.assertEqual(reply.options[-1], agent((5, OURS)))
            for option in more:
                self.assertIn(option, reply.options)

    def test_a_nak_has_none(self):
        """RFC 2131 table 3 allows no such option in a NAK."""
        nak = self.client.reboot(FOREIGN, giaddr=ON_LINK, options=[(118, OURS)])
        self.assertEqual((nak.kind, self.copy_of(nak)), ("NAK", (0, [])))

    def test_nobody_else_gets_one(self):
        """Without a relay agent, or without the option, there is none."""
        for asked in ({"options": [(118, OURS)]}, {"giaddr": ON_LINK}):
            reply = self.client.discover(**asked)
            self.assertEqual((reply.kind, self.copy_of(reply)), ("OFFER", (0, [])))

    def test_the_longest_reply_leaves_it_out(self):
        """It goes where there is room within 548 bytes; else that is counted."""
        for size in range(150, 254, 3):
            self.start(relays=[ELSEWHERE], options={43: b"v" * 250})
            asked = [(118, OURS), (82, bytes((1, size)) + b"c" * size), (55, b"\x2b")]
            reply = self.client.discover(giaddr=ELSEWHERE, options=asked)
            self.assertEqual(reply.kind, "OFFER")
            self.assertLessEqual(len(reply.raw), 548)
            room = self.copy_of(reply) == (1, [OURS])
            self.assertEqual(reply.counted == 0, room and 43 in dict(reply.options))
            self.assertEqual([code for code, _, area in reply.found if area == "options"][-1], 82)


class Override(RelayCase):
    relayed = {"giaddr": ON_LINK, "options": [agent((11, NAME))]}

    def test_the_reply_names_the_server_so(self):
        """'the server SHOULD use this value as the value of the server identifier option'"""
        offer = self.client.discover(**self.relayed)
        self.assertEqual(offer.option(54), NAME)
        ack = self.client.select(offer, server_id=NAME, **self.relayed)
        self.assertEqual((ack.kind, ack.option(54)), ("ACK", NAME))

    def test_a_nak_as_well(self):
        """Every reply has the relay's name of the server."""
        nak = self.client.reboot(FOREIGN, **self.relayed)
        self.assertEqual((nak.kind, nak.option(54)), ("NAK", NAME))

    def test_its_own_name_is_understood_too(self):
        """A REQUEST may name the server's own address."""
        offer = self.client.discover(**self.relayed)
        request = dict(self.relayed, requested=offer.yiaddr, server_id=SERVER)
        self.assertEqual(self.client.request(**request).kind, "ACK")

    def test_another_servers_name_is_not_ours(self):
        """A REQUEST that names somebody else is for another server."""
        offer = self.client.discover(**self.relayed)
        request = dict(self.relayed, requested=offer.yiaddr, server_id="192.0.2.77")
        self.silent(self.client.request(**request), "other_server")

    def test_without_it_the_server_uses_its_address(self):
        """Without the sub-option the server names its own address."""
        offer = self.client.discover(giaddr=ON_LINK, options=[agent()])
        self.assertEqual(offer.option(54), ip(SERVER))

    def test_one_of_another_length_says_nothing(self):
        """A sub-option with another length than four is ignored."""
        offer = self.client.discover(giaddr=ON_LINK, options=[agent((11, b"\xc0\0\2"))])
        self.assertEqual(offer.option(54), ip(SERVER))

    def test_a_client_on_our_network_cannot_ask_for_it(self):
        """Without giaddr there is no relay agent."""
        offer = self.client.discover(options=[agent((11, NAME))])
        self.assertEqual(offer.option(54), ip(SERVER))
