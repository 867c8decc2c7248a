"""RFC 3442, 8910, 8925: options that come with a rule of their own."""

from timeline import TimelineCase

ROUTES = [("0.0.0.0/0", "192.0.2.1"), ("198.51.100.0/24", "192.0.2.5")]
ENCODED = b"\x00\xc0\x00\x02\x01" + b"\x18\xc6\x33\x64\xc0\x00\x02\x05"


class ClasslessRoutes(TimelineCase):
    settings = {"options": {121: ROUTES}}

    def test_3442_routes_are_sent_when_asked_for(self):
        """Width of the mask, significant octets, router (RFC 3442, option format)"""
        self.assertEqual(self.client.discover(prl=(121,)).option(121), ENCODED)

    def test_3442_routes_replace_the_router_option(self):
        """'the server SHOULD NOT include the Router or Static Routes options' (RFC 3442)"""
        codes = self.client.discover(prl=(1, 121, 3, 6)).codes
        self.assertTrue(121 in codes and 3 not in codes)

    def test_3442_routes_replace_the_router_option_in_any_order(self):
        """'the server SHOULD NOT include the Router or Static Routes options' (RFC 3442)"""
        codes = self.client.discover(prl=(1, 3, 6, 121)).codes
        self.assertTrue(121 in codes and 3 not in codes)

    def test_3442_without_room_for_the_routes_the_router_option_stays(self):
        """A client that gets neither would have no way out"""
        routes = [("10.0.{}.0/24".format(i), "192.0.2.5") for i in range(31)]
        self.start(options={121: routes})
        for prl in ((1, 3, 6, 121), (1, 121, 3, 6)):
            offer = self.client.discover(prl=prl, client_id=b"\x00" + bytes(60))
            self.assertTrue(121 not in offer.codes and 3 in offer.codes)
            self.assertEqual(offer.codes.count(3), 1)

    def test_3442_routes_replace_the_static_routes_option(self):
        """'the server SHOULD NOT include the Router or Static Routes options' (RFC 3442)"""
        self.start(options={121: ROUTES, 33: [("198.51.100.7", "192.0.2.5")]})
        codes = self.client.discover(prl=(33, 121)).codes
        self.assertTrue(121 in codes and 33 not in codes)

    def test_3442_client_that_does_not_ask_gets_the_router(self):
        """Older clients know option 3 only: they 'also request' nothing else (RFC 3442)"""
        codes = self.client.discover(prl=(1, 3)).codes
        self.assertTrue(3 in codes and 121 not in codes)

    def test_3442_without_routes_the_router_is_sent(self):
        """'and the DHCP server is sending Classless Static Routes options to that client'"""
        self.start()
        codes = self.client.discover(prl=(1, 121, 3)).codes
        self.assertTrue(3 in codes and 121 not in codes)


class CaptivePortal(TimelineCase):
    settings = {"options": {114: "https://example.net/portal"}}

    def test_8910_2_1_uri_is_sent_when_asked_for(self):
        """'URI: The URI for the captive portal API endpoint' (RFC 8910 2.1)"""
        offer = self.client.discover(prl=(114,))
        self.assertEqual(offer.option(114), b"https://example.net/portal")

    def test_8910_2_1_uri_is_not_null_terminated(self):
        """'Note that the URI parameter is not null terminated.' (RFC 8910 2.1)"""
        self.assertEqual(self.client.dora(prl=(114,)).option(114)[-1:], b"l")

    def test_8910_2_client_that_does_not_ask_gets_none(self):
        """'only ... request' it by option 55 (RFC 8910 2); nothing unasked"""
        self.assertIsNone(self.client.discover(prl=(1, 3)).option(114))


class Ipv6Only(TimelineCase):
    settings = {"options": {108: 1800}}

    def test_8925_3_3_client_that_asks_gets_the_time(self):
        """'the server ... SHOULD include the option' when it is requested (RFC 8925 3.3)"""
        self.assertEqual(self.client.discover(prl=(1, 108)).option(108), b"\x00\x00\x07\x08")

    def test_8925_3_3_client_that_does_not_ask_gets_none(self):
        """'MUST NOT include the IPv6-Only Preferred option' when it is not requested (3.3)"""
        self.assertIsNone(self.client.discover(prl=(1, 3)).option(108))

    def test_8925_3_3_client_without_a_list_gets_none(self):
        """'MUST NOT include the IPv6-Only Preferred option' when it is not requested (3.3)"""
        self.assertIsNone(self.client.discover(prl=None).option(108))

    def test_8925_3_3_offer_still_names_an_address(self):
        """'the server ... yiaddr': a client may decide for IPv4 after all (RFC 8925 3.3)"""
        self.assertNotEqual(self.client.discover(prl=(1, 108)).yiaddr, "0.0.0.0")
