"""Who is served: allow and deny, by MAC and by how MACs begin."""

from timeline import FIRST, TimelineCase

FIRST_MAC = "00:00:5e:00:53:01"


class Access(TimelineCase):
    def served(self, mac):
        """Return whether the device with that MAC (see builders) gets an offer."""
        return self.client.other(mac).discover().kind == "OFFER"

    def test_denied_is_silent_and_counted(self):
        """Design: a denied client gets silence, counted"""
        self.start(deny=[FIRST_MAC])
        reply = self.client.discover()
        self.assertEqual((reply.kind, reply.dropped, reply.counted), (None, "denied", 1))
        self.assertTrue(self.served(2))

    def test_denied_whatever_it_sends(self):
        """Not even a NAK, and nothing changes"""
        self.start(deny=["00:00:5e"])
        client = self.client
        replies = (
            client.renew(FIRST),
            client.reboot("198.51.100.1"),
            client.inform(FIRST),
            client.release(FIRST),
            client.decline(FIRST),
        )
        self.assertEqual([reply.dropped for reply in replies], ["denied"] * 5)
        self.assertEqual(list(self.server.roster(0)), [])

    def test_allow_shuts_the_others_out(self):
        """By the whole MAC or its first bytes"""
        self.start(allow=[FIRST_MAC, "02:00"])
        macs = (1, 2, b"\x02\0\1\1\1\1", b"\x02\1\1\1\1\1")
        self.assertEqual([self.served(mac) for mac in macs], [True, False, True, False])

    def test_deny_counts_more_than_allow(self):
        """All of one maker but that one"""
        self.start(allow=["00:00:5e"], deny=[FIRST_MAC])
        self.assertEqual([self.served(mac) for mac in (1, 2)], [False, True])

    def test_nobody_is_allowed(self):
        """An empty list allows nobody, None everybody"""
        self.start(allow=[])
        self.assertFalse(self.served(1))
        self.start(allow=None)
        self.assertTrue(self.served(1))

    def test_identifier_does_not_help(self):
        """Whatever option 61 says"""
        self.start(deny=[FIRST_MAC])
        self.assertEqual(self.client.discover(client_id=b"\x01\0\0\x5e\0\x53\x02").kind, None)
