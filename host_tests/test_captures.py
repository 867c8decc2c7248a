"""What real clients said to the server in the lab gets the very bytes again that it got then."""

import unittest

import builders
import recordings
from microdhcp import Config, Server

ANSWERED = {1: (2, 5), 3: (5, 6), 8: (5,)}  # option 53 of the request: of the reply


def server_of(capture):
    """Return a Server with the settings noted in the capture."""
    address, pool, lease = capture.notes["server"].split(", ")
    first, last = pool.split(" ")[1].split("-")
    return Server(
        Config(address=address, pool=(first, last), lease_s=int(lease.split(" ")[2])), 1500
    )


def exchanges(capture):
    """Return [(second, request, reply)]; reply is None where none was recorded."""
    found = []
    for at_ms, to_server, packet in capture.messages:
        if to_server:
            found.append([at_ms // 1000, packet, None])
        elif found and found[-1][1][4:8] == packet[4:8]:
            found[-1][2] = packet
    return found


class CaptureTest(unittest.TestCase):
    """Every capture, message by message."""

    def setUp(self):
        """Load them."""
        self.all = recordings.load_all()
        self.assertTrue(len(self.all) >= 9, "captures are missing")

    def test_same_bytes_as_recorded(self):
        """The server gives the recorded reply, byte for byte."""
        for name, capture in self.all:
            server = server_of(capture)
            compared = 0
            for now_s, packet, wanted in exchanges(capture):
                server.rx[: len(packet)] = packet
                n = server.handle(len(packet), now_s)
                if wanted is not None:
                    compared += 1
                    self.assertEqual(bytes(server.tx[:n]), wanted, name)
            self.assertTrue(compared >= 2, name)

    def test_recorded_replies_fit_their_requests(self):
        """OFFER or ACK for DISCOVER, ACK or NAK for REQUEST; xid and chaddr are echoed."""
        for name, capture in self.all:
            for _now_s, packet, reply in exchanges(capture):
                if reply is None:
                    continue
                self.assertEqual(reply[4:8] + reply[28:44], packet[4:8] + packet[28:44], name)
                self.assertEqual(packet[236:240], builders.COOKIE, name)
                kind = packet[packet.find(b"\x35\x01", 240) + 2]
                self.assertIn(reply[242], ANSWERED[kind], name)

    def test_clients_and_stories(self):
        """Three clients: the whole life of a lease, a reboot, and a foreign network."""
        clients = set([name.split("-")[0] for name, _capture in self.all])
        self.assertEqual(clients, {"udhcpc", "dhclient", "dhcpcd"})
        for story in ("obtain-renew-release", "rebind", "reboot", "foreign-network"):
            told = [name for name, _capture in self.all if name.endswith(story)]
            self.assertEqual(len(told), 3, story)
