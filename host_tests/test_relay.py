"""The relay agent's decision: RFC 1542 section 4, RFC 3046, 3527, 5107.  No network."""

import random
import unittest

from builders import (
    ACK,
    NAK,
    OFFER,
    decline,
    discover,
    inform,
    ip,
    mac_bytes,
    message,
    of_type,
    release,
    request,
)
from microdhcp.agent import BROADCAST, CIADDR, CLIENT, Agent
from microdhcp.relay_report import DROPS, drops

OWN, LINK = ip("192.0.2.1"), ip("198.51.100.2")
ONE, OTHER = ip("198.51.100.5"), ip("198.51.100.6")  # servers 0 and 1, as they call themselves
ADDRESS = ip("192.0.2.10")
SUB_OPTIONS = b"\x01\x04port\x05\x04" + OWN + b"\x0b\x04" + OWN
XID = 0x11223344
MUTATIONS = 100_000


def options_of(packet):
    """Return {code: value} of a message's options; ValueError for an option that is cut."""
    found = {}
    pos = 240
    while pos < len(packet) and packet[pos] != 255:
        code = packet[pos]
        pos += 1
        if code:
            n = packet[pos]
            if pos + 1 + n > len(packet):
                raise ValueError(code)
            found[code] = bytes(packet[pos + 1 : pos + 1 + n])
            pos += 1 + n
    return found


class Bench:
    """An agent with two servers, and what one does to it."""

    def __init__(self, thresholds=(0, 0), ids=b"", pending=16):
        self.now_s = 1000
        buffers = bytearray(600), bytearray(700)
        self.agent = Agent(OWN, bytearray(LINK), thresholds, *buffers, ids, 4, pending)

    def ask(self, packet):
        """Relay a client's message; return {server: what it gets}."""
        agent = self.agent
        agent.rx[0 : len(packet)] = packet
        n = agent.to_servers(len(packet), self.now_s)
        sent = {}
        for server in range(2):
            if agent.targets >> server & 1:
                agent.address(server)
                sent[server] = bytes(agent.rx[:n])
        return sent

    def answer(self, packet, server=0):
        """Take a datagram from a server, -1: a stranger; return what the client gets, or b""."""
        agent = self.agent
        if len(packet) <= len(agent.tx):
            agent.tx[0 : len(packet)] = packet
        n = agent.to_client(len(packet), server, self.now_s)
        return bytes(agent.tx[:n])

    def drops(self):
        """Return {reason: how often} without the zeros."""
        return {reason: n for reason, n in drops(self.agent).items() if n}


def reply(kind, own=ONE, agent=SUB_OPTIONS, **fields):
    """Return a server's message to the relay."""
    fields.setdefault("xid", XID)
    fields.setdefault("giaddr", LINK)
    fields.setdefault("op", 2)
    fields.setdefault("yiaddr", ADDRESS)
    options = [(1, b"\xff\xff\xff\0")] + ([(82, agent)] if agent else [])
    return of_type(kind, options=options, server_id=own, **fields)


class ToServers(unittest.TestCase):
    """What becomes of a client's message."""

    def setUp(self):
        self.bench = Bench(ids=b"\x01\x04port")

    def test_giaddr_hops_and_option_82(self):
        sent = self.bench.ask(discover(xid=XID, hops=1))
        self.assertEqual(sorted(sent), [0, 1])
        self.assertEqual(sent[0][24:28], LINK)
        self.assertEqual(sent[0][3], 2)
        self.assertEqual(options_of(sent[0])[82], SUB_OPTIONS)
        self.assertEqual(len(sent[0]), 300)

    def test_all_else_stays(self):
        packet = discover(xid=XID, client_id=b"\x01abcdef", pad_to=None)
        sent = self.bench.ask(packet)[0]
        self.assertEqual(sent[4:24], packet[4:24])
        self.assertEqual(sent[28 : len(packet) - 1], packet[28:-1])

    def test_option_82_is_the_last_one(self):
        for packet in (discover(pad_to=None), discover(end=False, pad_to=None), discover()):
            sent = self.bench.ask(packet)[0]
            self.assertTrue(sent.find(bytes([82, len(SUB_OPTIONS)]) + SUB_OPTIONS + b"\xff") > 240)
            self.assertEqual(options_of(sent)[82], SUB_OPTIONS)

    def test_too_many_hops(self):
        self.assertEqual(self.bench.ask(discover(hops=4)), {})
        self.assertEqual(self.bench.drops(), {"hops": 1})

    def test_a_relayed_message_is_not_relayed_again(self):
        self.assertEqual(self.bench.ask(discover(giaddr="192.0.2.77")), {})
        self.assertEqual(self.bench.ask(discover(options=[(82, b"\x01\x01x")])), {})
        self.assertEqual(self.bench.drops(), {"relayed": 2})

    def test_what_is_no_request(self):
        good = discover()
        bad = [
            b"",
            good[:240],
            b"\x02" + good[1:],  # a reply
            good[:236] + bytes(4) + good[240:],  # BOOTP
            message([(53, b"\x02")]),  # OFFER
            message([(53, b"\x01\x01")]),
            message([(53, b"\x01"), (53, b"\x01")]),
            message([(53, b"\x01"), (54, b"\x01")]),
            message([(53, b"\x01"), b"\x0c\xff\x01"], end=False),
            message([(53, b"\x01")], end=False, pad_to=None) + b"\x0c",
            message([(12, b"x")]),
            message([(53, b"\x01")], hlen=17),
            discover(options=[(82, b"a"), (82, b"b")]),
        ]
        for packet in bad:
            self.assertEqual(self.bench.ask(packet), {})
        self.assertEqual(self.bench.drops(), {"malformed": len(bad)})

    def test_a_message_that_fills_the_buffer(self):
        vendor = (43, bytes(210))
        long = message([(53, b"\x01"), vendor, vendor], end=False, pad_to=None)
        self.assertEqual(self.bench.ask(long + b"\x0c\x16" + bytes(22)), {})
        self.assertEqual(self.bench.drops(), {"no_room": 1})

    def test_a_message_that_is_longer_than_the_buffer_is_dropped(self):
        """It was cut: its first part stands there"""
        agent = self.bench.agent
        packet = discover(pad_to=len(agent.rx))
        self.bench.ask(packet)
        self.assertEqual(agent.to_servers(len(packet) + 1, 1000), 0)
        self.assertEqual((agent.targets, self.bench.drops()), (0, {"no_room": 1}))

    def test_a_server_may_wait_for_secs(self):
        self.bench = Bench(thresholds=(0, 5))
        self.assertEqual(sorted(self.bench.ask(discover(secs=4))), [0])
        self.assertEqual(sorted(self.bench.ask(discover(secs=5))), [0, 1])
        self.bench = Bench(thresholds=(3, 300))
        self.assertEqual(self.bench.ask(discover(secs=2)), {})
        self.assertEqual(sorted(self.bench.ask(discover(secs=300))), [0, 1])
        self.assertEqual(self.bench.drops(), {"waiting": 1})


class ToClient(unittest.TestCase):
    """What becomes of a server's reply."""

    def setUp(self):
        self.bench = Bench(ids=b"\x01\x04port")
        self.bench.ask(discover(xid=XID))

    def test_it_names_the_relay_and_has_no_option_82(self):
        got = options_of(self.bench.answer(reply(OFFER)))
        self.assertEqual((got[54], got.get(82)), (OWN, None))
        self.assertEqual(got[53], bytes([OFFER]))

    def test_a_short_one_is_filled_up(self):
        self.bench.agent.tx[:] = b"\xff" * 600
        got = self.bench.answer(reply(OFFER, pad_to=None))
        self.assertEqual(len(got), 300)
        self.assertEqual(max(got[280:]), 0)

    def test_one_without_option_82_passes(self):
        self.assertEqual(options_of(self.bench.answer(reply(OFFER, agent=b"")))[54], OWN)

    def test_where_it_goes(self):
        agent = self.bench.agent
        self.assertTrue(self.bench.answer(reply(OFFER)))
        self.assertEqual(agent.reply_to, CLIENT)
        self.assertTrue(self.bench.answer(reply(OFFER, broadcast=True)))
        self.assertEqual(agent.reply_to, BROADCAST)
        self.assertTrue(self.bench.answer(reply(NAK)))
        self.assertEqual(agent.reply_to, BROADCAST)
        self.assertTrue(self.bench.answer(reply(ACK, yiaddr="0.0.0.0", ciaddr=ADDRESS)))
        self.assertEqual(agent.reply_to, CIADDR)
        self.assertTrue(self.bench.answer(reply(ACK, yiaddr="0.0.0.0")))
        self.assertEqual(agent.reply_to, BROADCAST)
        self.assertTrue(self.bench.answer(reply(OFFER, htype=6)))
        self.assertEqual(agent.reply_to, BROADCAST)

    def test_forged_replies(self):
        forged = [
            ("stranger", reply(OFFER), -1),
            ("long", reply(OFFER, pad_to=601), 0),
            ("giaddr", reply(OFFER, giaddr="192.0.2.1"), 0),
            ("unknown", reply(OFFER, xid=XID + 1), 0),
            ("unknown", reply(OFFER, mac=2), 0),
            ("malformed", reply(OFFER, op=1), 0),
            ("malformed", reply(OFFER, own=None), 0),
            ("malformed", reply(1), 0),
            ("malformed", reply(OFFER)[:243], 0),
        ]
        for reason, packet, server in forged:
            for number in range(len(DROPS)):
                self.bench.agent.drop_counts[number] = 0
            self.assertEqual(self.bench.answer(packet, server), b"", reason)
            self.assertEqual(self.bench.drops(), {reason: 1})
        self.assertEqual(self.bench.agent.returned, 0)

    def test_a_reply_that_comes_much_later(self):
        self.bench.now_s += 121
        self.assertEqual(self.bench.answer(reply(OFFER)), b"")
        self.bench.now_s += 65536 - 121  # the clock has come round
        self.assertTrue(self.bench.answer(reply(OFFER)))

    def test_the_first_server_counts(self):
        self.assertTrue(self.bench.answer(reply(OFFER, own=OTHER), 1))
        self.assertEqual(self.bench.answer(reply(OFFER), 0), b"")
        self.assertEqual(self.bench.drops(), {"other_offer": 1})
        self.bench.ask(discover(xid=XID))  # again: now another one may answer
        self.assertTrue(self.bench.answer(reply(OFFER), 0))

    def test_of_many_clients_the_latest_are_remembered(self):
        bench = Bench(pending=4)
        for mac in range(1, 7):
            bench.ask(discover(xid=XID, mac=mac))
        got = [bool(bench.answer(reply(OFFER, mac=mac))) for mac in range(1, 7)]
        self.assertEqual(got, [False, False, True, True, True, True])

    def test_what_matches_between_two_transactions_is_none(self):
        bench = Bench(pending=4)
        rows = bench.agent._rows
        for pos in range(len(rows)):
            rows[pos] = pos
        bench.now_s = 0
        between = {"xid": 0x05060708, "chaddr": bytes(range(9, 15))}
        self.assertEqual(bench.answer(reply(OFFER, **between)), b"")
        self.assertEqual(bench.drops(), {"unknown": 1})


class WhoseItIs(unittest.TestCase):
    """Option 54 on the way to the servers."""

    def setUp(self):
        self.bench = Bench()
        self.bench.ask(discover(xid=XID))
        self.bench.answer(reply(OFFER, own=OTHER), 1)

    def sent(self, packet):
        """Return {server: option 54} of what is sent for a message."""
        sent = self.bench.ask(packet)
        return {server: options_of(data).get(54) for server, data in sent.items()}

    def test_a_request_goes_to_the_server_whose_offer_it_takes(self):
        packet = request(xid=XID, requested=ADDRESS, server_id=OWN)
        self.assertEqual(self.sent(packet), {1: OTHER})

    def test_a_server_that_uses_the_override_is_left_alone(self):
        self.bench.answer(reply(OFFER, own=OWN), 1)
        packet = request(xid=XID, requested=ADDRESS, server_id=OWN)
        self.assertEqual(self.sent(packet), {1: OWN})

    def test_a_request_for_an_unknown_offer(self):
        packet = request(xid=XID + 1, mac=2, requested=ADDRESS, server_id=OWN)
        self.assertEqual(self.sent(packet), {})
        self.assertEqual(self.bench.drops(), {"no_server": 1})

    def test_a_request_with_an_xid_of_its_own(self):
        packet = request(xid=XID + 1, requested=ADDRESS, server_id=OWN)
        self.assertEqual(self.sent(packet), {1: OTHER})

    def test_the_latest_answer_of_a_device_counts(self):
        self.bench.now_s += 100
        self.bench.ask(request(xid=9, ciaddr=ADDRESS))
        self.bench.answer(reply(ACK, xid=9, ciaddr=ADDRESS), 0)
        self.assertEqual(self.sent(release(xid=10, ciaddr=ADDRESS, server_id=OWN)), {0: ONE})

    def test_also_when_the_rows_have_come_round(self):
        self.bench = Bench(pending=4)
        for xid, mac, server in ((1, 1, 0), (2, 2, 0), (3, 1, 1), (4, 3, 0), (5, 3, 0)):
            self.bench.ask(discover(xid=xid, mac=mac))
            self.bench.answer(reply(OFFER, xid=xid, mac=mac, own=(ONE, OTHER)[server]), server)
        self.bench.ask(discover(xid=6, mac=1))  # without an answer
        self.assertEqual(self.sent(release(xid=9, mac=1, server_id=OWN)), {1: OTHER})
        self.assertEqual(self.sent(release(xid=9, mac=3, server_id=OWN)), {0: ONE})

    def test_what_matches_between_two_rows_is_no_device(self):
        """The end of one MAC and the number of its server are no MAC"""
        between = mac_bytes(1)[1:] + b"\1"
        sent = self.sent(release(xid=9, chaddr=between, server_id=OWN))
        self.assertEqual(sorted(sent), [0, 1])

    def test_a_request_that_names_somebody_else(self):
        packet = request(xid=XID, requested=ADDRESS, server_id="192.0.2.99")
        self.assertEqual(self.sent(packet), {0: ip("192.0.2.99"), 1: ip("192.0.2.99")})

    def test_renewing_goes_to_all(self):
        self.assertEqual(self.sent(request(xid=9, ciaddr=ADDRESS)), {0: None, 1: None})
        self.assertEqual(self.sent(request(xid=10, requested=ADDRESS)), {0: None, 1: None})

    def test_after_a_renewal_the_other_server_may_answer(self):
        self.bench.ask(request(xid=9, ciaddr=ADDRESS))
        self.assertTrue(self.bench.answer(reply(ACK, xid=9, ciaddr=ADDRESS), 0))

    def test_release_and_decline_go_to_the_last_server(self):
        self.assertEqual(self.sent(release(xid=9, ciaddr=ADDRESS, server_id=OWN)), {1: OTHER})
        self.assertEqual(self.sent(decline(xid=9, requested=ADDRESS, server_id=OWN)), {1: OTHER})

    def test_those_of_an_unknown_device_go_to_all(self):
        packet = release(xid=9, mac=2, ciaddr=ADDRESS, server_id=OWN)
        self.assertEqual(self.sent(packet), {0: OWN, 1: OTHER})  # server 0 was never heard
        self.assertEqual(self.sent(release(xid=9, mac=2, ciaddr=ADDRESS)), {0: None, 1: None})

    def test_inform(self):
        self.assertEqual(sorted(self.sent(inform(xid=9, ciaddr=ADDRESS))), [0, 1])
        self.bench.answer(reply(ACK, xid=9, yiaddr="0.0.0.0", ciaddr=ADDRESS), 0)
        self.assertEqual(sorted(self.sent(inform(xid=9, ciaddr=ADDRESS))), [0])


class Mutated(unittest.TestCase):
    """Replies with bytes changed, cut, made longer or from elsewhere."""

    def test_none_reaches_a_client(self):
        """What passes comes from a server, answers a request of a moment ago, and is sound."""
        bench = Bench()
        rng = random.Random(7) if hasattr(random, "Random") else random
        count = MUTATIONS if hasattr(random, "Random") else 2000
        good = [reply(kind, **more) for kind in (OFFER, ACK, NAK) for more in ({}, {"agent": b""})]
        bench.ask(discover(xid=XID))
        passed = 0
        for number in range(count):
            packet = bytearray(good[number % len(good)])
            server = mutate(rng, packet)
            got = bench.answer(packet, server)
            if got:
                passed += 1
                self.assertIn(server, (0, 1))
                self.assertEqual(bytes(packet[4:8]), XID.to_bytes(4, "big"))
                self.assertEqual(bytes(packet[28:34]), mac_bytes(1))
                self.assertEqual((packet[0], bytes(packet[24:28])), (2, LINK))
                found = options_of(got)
                self.assertEqual((found[54], found.get(82)), (OWN, None))
                self.assertIn(found[53][0], (OFFER, ACK, NAK))
                self.assertLessEqual(len(got), 600)
            if number % 500 == 0:
                bench.ask(discover(xid=XID))
        self.assertEqual(bench.agent.returned, passed)
        self.assertGreater(sum(bench.drops().values()), count // 2)


def mutate(rng, packet):
    """Spoil a reply in one to three ways; return who has sent it."""
    server = 0
    for _ in range(rng.randint(1, 3)):
        way = rng.randint(0, 6)
        if way == 0:
            server = -1
        elif way == 1:
            packet[rng.randint(4, 7)] ^= rng.randint(1, 255)  # xid
        elif way == 2:
            packet[rng.randint(24, 33)] ^= rng.randint(1, 255)  # giaddr, chaddr
        elif way == 3:
            packet[:] = packet[: rng.randint(0, len(packet) - 1)] + b"\0"
        elif way == 4:
            packet.extend(bytes(601 - min(len(packet), 600)))
        elif way == 5:
            pos = rng.randint(236, len(packet) - 1) if len(packet) > 240 else 0
            packet[pos] ^= rng.randint(1, 255)  # options
        else:
            packet[rng.randint(0, min(3, len(packet) - 1))] ^= rng.randint(1, 255)
        if len(packet) < 34:
            packet.extend(bytes(34 - len(packet)))
    return server


if __name__ == "__main__":
    unittest.main()
