"""Checks of addresses on a board: waiting messages, probes, time, answers."""

import unittest

import builders
from microdhcp import PARK
from microdhcp.checking import Checker
from microdhcp.states import BOUND
from microdhcp.stations import Stations
from timeline import serve

CHECK_MS = 400
SQUATTER = builders.mac_bytes(0x99)
POOL = {"pool": ("192.0.2.16", "192.0.2.19")}
WRAP = 1 << 30


class Port:
    """A port with a list of stations; `read` is how often it was asked for."""

    def __init__(self, names_owner=True, side_by_side=8):
        self.names_owner = names_owner
        self.side_by_side = side_by_side
        self.present = []
        self.read = 0

    def stations(self):
        """Return the MACs of all stations."""
        self.read += 1
        return list(self.present)


class Air:
    """In the place of Echo: `owners` says which station has which address (text)."""

    def __init__(self):
        self.owners = {}
        self.asked = []
        self.answers = []
        self.room = True
        self.is_open = False
        self.station = -1

    def open(self):
        """Begin to hear."""
        self.is_open = self.room
        return self.room

    def close(self):
        """Hear no more."""
        self.is_open = False
        self.answers = []

    def ask(self, number, question, stations):
        """Let the owner answer at once, if it is a station and not the asker."""
        if not self.is_open:
            raise ValueError("not open")
        text = builders.dotted(question[:4])
        self.asked.append(text)
        owner = self.owners.get(text)
        if owner in stations and owner != bytes(question[4:]):
            self.answers.append((number, stations.index(owner)))

    def heard(self):
        """Return the number of the next check that was answered."""
        if not self.answers:
            return -1
        number, self.station = self.answers.pop(0)
        return number


class CheckingCase(unittest.TestCase):
    settings = POOL
    places = 2
    start_ms = 0

    def setUp(self):
        """Start a server beside a station without a lease."""
        self.server = serve(**self.settings)
        self.port = Port()
        self.air = Air()
        self.now_ms = self.start_ms
        self.port.present = [builders.mac_bytes(mac) for mac in (1, 2, 3)] + [SQUATTER]
        self.check_with(self.port)

    def check_with(self, port):
        """Use another port."""
        self.port = port
        self.checker = Checker(self.server, port, self.places, CHECK_MS, None, self.air)

    def send(self, packet):
        """Hand a message to the server, and park it if need be; return what handle() says."""
        self.server.rx[: len(packet)] = packet
        return self.handled(len(packet))

    def handled(self, n):
        """Handle the message in rx; return PARK, None, or yiaddr of the reply (0.0.0.0: a NAK)."""
        result = self.server.handle(n, self.now_s())
        if result == PARK:
            self.checker.park(n, self.now_ms)
            return PARK
        return builders.dotted(self.server.tx[16:20]) if result else None

    def now_s(self):
        """Return seconds of a clock that does not go back."""
        return self.passed_ms() // 1000

    def passed_ms(self):
        """Return the ms since the start."""
        return (self.now_ms - self.start_ms) % WRAP

    def turn(self):
        """Poll until nothing is due; return what became of the messages, (xid, yiaddr or None)."""
        done = []
        n = self.checker.poll(self.now_ms, self.now_s())
        while n:
            xid = self.server.rx[7]
            result = self.handled(n)
            if result != PARK:
                done.append((xid, result))
            n = self.checker.poll(self.now_ms, self.now_s())
        return done

    def sleep(self, ms):
        """Let time pass, polling as often as the checker wants; return as turn()."""
        done = []
        end_ms = self.passed_ms() + ms
        while self.passed_ms() < end_ms:
            self.now_ms = (self.now_ms + 10) % WRAP
            done += self.turn()
        return done

    def discover(self, mac, xid, **fields):
        """Send a DISCOVER that has to wait."""
        packet = builders.discover(mac=mac, xid=xid, **fields)
        self.assertEqual(self.send(packet), PARK)

    def lease(self, mac):
        """Let a client get a lease, whatever the check says."""
        self.discover(mac, 1)
        ((_, address),) = self.sleep(2 * CHECK_MS)
        packet = builders.request(mac=mac, requested=address, server_id="192.0.2.1")
        self.assertEqual(self.send(packet), address)
        return address

    def counted(self, *names):
        """Return counters."""
        return tuple([self.checker.counters[name] for name in names])


class Checks(CheckingCase):
    def test_an_address_that_nobody_has_is_offered_after_the_check(self):
        """Two probes within its time, and the socket is open only as long."""
        self.discover(1, 5)
        self.assertTrue(self.air.is_open)
        self.assertEqual(self.sleep(CHECK_MS - 10), [])
        self.assertEqual(len(self.air.asked), 2)
        ((xid, address),) = self.sleep(10)
        self.assertEqual((xid, [address] * 2), (5, self.air.asked))
        self.assertFalse(self.air.is_open)
        self.assertEqual(self.counted("checks", "conflicts", "parked"), (1, 0, 1))

    def test_an_answer_ends_the_check_and_the_next_address_is_tried(self):
        self.discover(1, 5)
        taken = self.air.asked[0]
        self.checker.clear()
        self.air.owners[taken] = SQUATTER
        self.discover(1, 6)
        self.assertEqual(self.turn(), [])
        ((xid, address),) = self.sleep(CHECK_MS)
        self.assertEqual(xid, 6)
        self.assertNotEqual(address, taken)
        self.assertEqual(self.counted("conflicts", "checks"), (1, 3))

    def test_the_event_says_who_has_the_address(self):
        self.server.enable_events()
        self.air.owners["192.0.2.17"] = SQUATTER
        self.discover(1, 5, requested="192.0.2.17")
        self.turn()
        event = ("conflict", "192.0.2.17", "00:00:5e:00:53:99", "")
        self.assertEqual(self.server.next_event(), event)

    def test_the_client_itself_is_not_asked(self):
        """Design: the client's own MAC is no conflict."""
        self.air.owners["192.0.2.17"] = builders.mac_bytes(1)
        self.discover(1, 5, requested="192.0.2.17")
        self.assertEqual(self.sleep(CHECK_MS), [(5, "192.0.2.17")])

    def test_who_reboots_into_a_taken_address_is_refused(self):
        self.air.owners["192.0.2.17"] = SQUATTER
        packet = builders.request(mac=1, xid=5, requested="192.0.2.17")
        self.assertEqual(self.send(packet), PARK)
        self.assertEqual(self.turn(), [(5, "0.0.0.0")])

    def test_a_port_that_sees_no_names_checks_no_reboot(self):
        self.check_with(Port(names_owner=False, side_by_side=3))
        packet = builders.request(mac=1, xid=5, requested="192.0.2.17")
        self.assertEqual(self.send(packet), "192.0.2.17")

    def test_an_answer_without_a_name_counts(self):
        """Design: on ESP32 nobody sees whose answer it is."""
        self.check_with(Port(names_owner=False, side_by_side=3))
        self.server.enable_events()
        self.discover(1, 5)
        self.air.answers.append((0, -1))
        self.turn()
        self.assertEqual(self.counted("conflicts"), (1,))
        self.assertEqual(self.server.next_event()[2], "")

    def test_a_pool_of_taken_addresses_ends_in_silence(self):
        """Design: bounded work, then silence; the oldest is tried again last."""
        stations = [builders.mac_bytes(mac) for mac in (0x91, 0x92, 0x93, 0x94)]
        self.port.present += stations
        for mac, last in zip(stations, range(16, 20)):
            self.air.owners["192.0.2.{}".format(last)] = mac
        self.discover(1, 5)
        self.assertEqual(self.turn(), [(5, None)])
        self.assertEqual((self.server.last_drop, len(self.air.asked)), ("pool_full", 4))
        self.assertEqual(self.send(builders.discover(mac=1, xid=6)), None)
        self.assertEqual(len(self.air.asked), 4)
        first = self.air.asked[0]
        self.air.owners.clear()
        self.sleep(31000)
        self.discover(1, 7)
        self.assertEqual(self.sleep(CHECK_MS), [(7, first)])

    def test_a_proxy_is_ignored(self):
        """Design: one MAC that answers for three candidates is a proxy."""
        for last in range(16, 20):
            self.air.owners["192.0.2.{}".format(last)] = SQUATTER
        self.discover(1, 5)
        ((_, address),) = self.sleep(2 * CHECK_MS)
        self.assertEqual(self.counted("conflicts", "checks", "proxied"), (2, 3, 2))
        self.assertEqual(address, self.air.asked[-1])

    def test_the_same_two_addresses_again_make_no_proxy(self):
        self.air.owners["192.0.2.16"] = self.air.owners["192.0.2.17"] = SQUATTER
        for mac in (0x10, 0x20, 0x30):
            for last in (16, 17):
                self.discover(mac + last, last, requested="192.0.2.{}".format(last))
                self.sleep(2 * CHECK_MS)
            self.now_ms = (self.now_ms + 601000) % WRAP
        self.assertEqual(self.counted("conflicts", "proxied"), (6, 0))

    def test_an_answer_that_names_no_station_is_passed_over(self):
        """The number in an answer is what somebody sent: it need not be one that was asked."""
        self.assertEqual(self.send(builders.discover()), PARK)
        self.air.answers += [(0, 4), (0, 255)]
        self.assertEqual(self.checker.poll(self.now_ms, self.now_s()), 0)
        self.assertEqual(self.counted("conflicts", "proxied"), (0, 0))

    def test_a_second_answer_changes_nothing(self):
        self.assertEqual(self.send(builders.discover()), PARK)
        self.air.answers += [(0, 3), (0, 1)]
        self.assertGreater(self.checker.poll(self.now_ms, self.now_s()), 0)
        self.assertEqual(self.counted("conflicts"), (1,))

    def test_without_memory_for_the_stations_the_next_copy_begins(self):
        stations = self.port.stations

        def fail():
            raise MemoryError

        self.port.stations = fail
        with self.assertRaises(MemoryError):
            self.send(builders.discover())
        self.assertEqual(self.checker.waiting, 0)
        self.port.stations = stations
        self.assertEqual(self.send(builders.discover()), PARK)
        self.assertEqual(self.counted("checks", "repeated"), (1, 0))

    def test_without_a_socket_nothing_is_asked(self):
        """The client can still find out itself."""
        self.air.room = False
        self.discover(1, 5)
        ((xid, address),) = self.turn()
        self.assertEqual((xid, address is None), (5, False))
        self.assertEqual(self.counted("checks", "skipped"), (0, 1))

    def test_a_late_poll_hears_the_answer_first(self):
        self.air.owners["192.0.2.17"] = SQUATTER
        self.discover(1, 5, requested="192.0.2.17")
        self.now_ms += 10 * CHECK_MS
        self.assertEqual(self.turn(), [])
        self.assertEqual(self.counted("conflicts"), (1,))

    def test_an_access_point_that_was_away_begins_a_check_anew_once(self):
        """Nobody could answer meanwhile; but it shall end, however often that happens"""
        self.discover(1, 5)
        self.sleep(CHECK_MS - 10)
        self.checker.again(self.now_ms)
        self.assertEqual(self.sleep(CHECK_MS - 10), [])
        self.assertEqual(len(self.air.asked), 4)
        self.checker.again(self.now_ms)
        self.assertEqual([xid for xid, _ in self.sleep(20)], [5])
        self.checker.again(self.now_ms)
        self.assertEqual(self.checker.wait_ms(), -1)

    def test_a_taken_address_is_found_after_the_access_point_was_away(self):
        self.discover(1, 5, requested="192.0.2.17")
        self.air.owners["192.0.2.17"] = SQUATTER
        self.checker.again(self.now_ms)
        self.assertEqual(self.sleep(20), [])
        self.assertEqual(self.counted("conflicts"), (1,))


class EndOfTheClock(Checks):
    """All of it while the milliseconds begin anew."""

    start_ms = WRAP - 150


class Skipped(CheckingCase):
    def test_alone_a_client_needs_no_check(self):
        self.port.present = [builders.mac_bytes(1)]
        self.discover(1, 5)
        ((xid, _),) = self.turn()
        self.assertEqual((xid, self.air.asked), (5, []))
        self.assertEqual(self.counted("skipped", "checks"), (1, 0))

    def test_beside_holders_of_leases_it_needs_none(self):
        self.lease(2)
        self.port.present = [builders.mac_bytes(2), builders.mac_bytes(1)]
        self.sleep(1000)
        self.discover(1, 5)
        self.assertEqual(len(self.turn()), 1)

    def test_beside_one_without_a_lease_it_does(self):
        self.lease(2)
        self.port.present = [builders.mac_bytes(mac) for mac in (1, 2, 3)]
        self.sleep(1000)
        self.discover(1, 5)
        self.assertEqual(self.turn(), [])

    def test_an_offer_is_no_lease(self):
        self.port.present = [builders.mac_bytes(mac) for mac in (1, 2)]
        self.discover(2, 5)
        self.sleep(CHECK_MS)
        self.discover(1, 6)
        self.assertEqual(self.turn(), [])

    def test_a_list_without_the_client_proves_nothing(self):
        """Facts: the list of a Pico W is sometimes short."""
        self.port.present = []
        self.discover(1, 5)
        self.assertEqual(self.turn(), [])

    def test_the_list_is_good_for_a_second(self):
        self.discover(1, 5)
        self.sleep(CHECK_MS)
        self.discover(2, 6)
        self.assertEqual(self.port.read, 1)
        self.sleep(700)
        self.discover(3, 7)
        self.assertEqual(self.port.read, 2)

    def test_a_mac_is_not_found_between_two_others(self):
        """The table of MACs is searched as one string."""
        self.lease(2)
        self.server.leases.mac[:12] = bytes(3) + SQUATTER + bytes(3)
        self.server.leases.state[:2] = bytes([BOUND]) * 2
        self.port.present = [SQUATTER, builders.mac_bytes(1)]
        self.sleep(1000)
        self.discover(1, 5)
        self.assertEqual(self.turn(), [])


class NewSettings(CheckingCase):
    """The table is a new one in the middle of a check, and does not know of it."""

    def configure(self):
        """Lengthen leases, say."""
        self.server.configure(serve(**self.settings, max_lease_s=7200).config, self.now_s())

    def test_the_result_is_used_once(self):
        self.discover(1, 5, requested="192.0.2.17")
        self.sleep(CHECK_MS // 2)
        self.configure()
        self.assertEqual(self.sleep(CHECK_MS), [(5, "192.0.2.17")])
        self.assertEqual(self.counted("checks", "skipped"), (1, 0))
        self.discover(2, 6, requested="192.0.2.18")
        self.assertEqual(self.turn(), [])
        self.assertEqual(self.counted("checks"), (2,))

    def test_a_taken_address_is_not_offered(self):
        self.server.enable_events()
        self.air.owners["192.0.2.17"] = SQUATTER
        self.discover(1, 5, requested="192.0.2.17")
        self.configure()
        ((xid, address),) = self.sleep(2 * CHECK_MS)
        self.assertEqual(xid, 5)
        self.assertNotEqual(address, "192.0.2.17")
        event = ("conflict", "192.0.2.17", "00:00:5e:00:53:99", "")
        self.assertEqual(self.server.next_event(), event)


class Late(CheckingCase):
    """Something has held the program up for so long that the table has let the slots go."""

    def setUp(self):
        super().setUp()
        self.discover(1, 5, requested="192.0.2.16")
        self.discover(2, 6, requested="192.0.2.17")
        self.now_ms += 40_000

    def test_the_result_is_used_when_its_message_comes(self):
        self.assertEqual(self.turn(), [(5, "192.0.2.16"), (6, "192.0.2.17")])
        self.assertEqual(self.counted("checks", "skipped"), (2, 0))
        self.discover(3, 7, requested="192.0.2.18")
        self.assertEqual(self.turn(), [])
        self.assertEqual(self.counted("checks"), (3,))

    def test_a_taken_address_is_not_offered_all_the_same(self):
        self.server.enable_events()
        self.air.answers.append((1, 3))
        ((xid, _), (other, address)) = self.sleep(2 * CHECK_MS)
        self.assertEqual((xid, other), (5, 6))
        self.assertNotEqual(address, "192.0.2.17")
        event = ("conflict", "192.0.2.17", "00:00:5e:00:53:99", "")
        self.assertEqual(self.server.next_event(), event)


class Lists(unittest.TestCase):
    """Who is associated, as stations.Stations knows it."""

    def setUp(self):
        self.port = Port()
        self.port.present = [SQUATTER]
        self.stations = Stations(self.port)

    def test_a_list_that_nobody_uses_is_not_read(self):
        self.stations.refresh(0)
        self.assertEqual(self.port.read, 0)

    def test_one_that_is_used_is_kept_young(self):
        """By refresh(), which has the time for it, so that has() need not read it."""
        self.stations.use()
        self.stations.refresh(0)
        self.assertEqual((self.port.read, self.stations.macs), (1, [SQUATTER]))
        self.stations.refresh(10)
        self.assertEqual(self.port.read, 1)
        self.assertTrue(self.stations.has(SQUATTER, 0, 20))
        self.assertEqual(self.port.read, 1)
        self.stations.refresh(60_000)
        self.assertEqual(self.port.read, 2)


class Places(CheckingCase):
    def test_a_copy_is_dropped(self):
        self.discover(1, 5)
        self.discover(1, 5)
        self.assertEqual([xid for xid, _ in self.sleep(2 * CHECK_MS)], [5])
        self.assertEqual(self.counted("repeated", "parked", "checks"), (1, 1, 1))

    def test_a_newer_message_takes_the_place_and_the_check_goes_on(self):
        self.discover(1, 5)
        self.sleep(CHECK_MS // 2)
        self.discover(1, 6)
        self.assertEqual([xid for xid, _ in self.sleep(CHECK_MS // 2)], [6])
        self.assertEqual(self.counted("parked", "checks"), (1, 1))

    def test_checks_run_side_by_side(self):
        self.discover(1, 5)
        self.discover(2, 6)
        done = self.sleep(CHECK_MS)
        self.assertEqual([xid for xid, _ in done], [5, 6])
        self.assertEqual(len({address for _, address in done}), 2)

    def test_each_message_comes_back_as_it_was(self):
        packets = [builders.discover(mac=mac, xid=mac, prl=(mac, 3)) for mac in (1, 2)]
        for packet in packets:
            self.send(packet)
        self.now_ms += CHECK_MS
        for packet in packets:
            n = self.checker.poll(self.now_ms, 0)
            self.assertEqual(bytes(self.server.rx[:n]), packet)

    def test_the_oldest_makes_room(self):
        self.discover(1, 5)
        self.sleep(10)
        self.discover(2, 6)
        self.sleep(10)
        self.discover(3, 7)
        self.assertEqual([xid for xid, _ in self.sleep(2 * CHECK_MS)], [6, 7])
        self.assertEqual(self.counted("overwritten"), (1,))

    def test_a_message_that_is_lost_finds_its_check_done(self):
        """Design: a checked address stays checked for 30 s."""
        for xid in (5, 6, 7):
            self.discover(xid, xid)
        self.assertEqual([xid for xid, _ in self.sleep(2 * CHECK_MS)], [6, 7])
        self.assertEqual(self.counted("checks"), (3,))
        self.assertEqual(self.send(builders.discover(mac=5, xid=8)), self.air.asked[0])
        self.assertFalse(self.air.is_open)

    def test_a_message_that_comes_again_in_time_gets_its_place_back(self):
        for xid in (5, 6, 7):
            self.discover(xid, xid)
            self.sleep(10)
        self.discover(5, 5)
        self.assertEqual([xid for xid, _ in self.sleep(2 * CHECK_MS)], [5, 7])
        self.assertEqual(self.counted("checks", "overwritten", "repeated"), (3, 2, 0))

    def test_who_has_lost_his_slot_loses_his_place(self):
        """Or he would take one from a third, and so on, and nobody would get any."""
        self.start_with_one_address()
        self.discover(1, 5)
        self.discover(2, 6)
        self.assertEqual([xid for xid, _ in self.sleep(2 * CHECK_MS)], [6])

    def start_with_one_address(self):
        """Replace the server."""
        self.server = serve(pool=("192.0.2.16", "192.0.2.16"))
        self.check_with(self.port)

    def test_all_that_is_lost_is_counted(self):
        """A client that comes while all checks are busy: a flood must not prolong them."""
        self.check_with(Port(side_by_side=1))
        for xid in (5, 6, 7):
            self.discover(xid, xid)
        self.assertEqual(self.counted("parked", "overwritten", "turned_away"), (1, 0, 2))
        self.assertEqual([xid for xid, _ in self.sleep(CHECK_MS)], [5])

    def test_a_slot_that_changes_hands_is_checked_once(self):
        """The check goes on, and its result is for who has the slot now."""
        self.start_with_one_address()
        self.discover(1, 5)
        self.sleep(CHECK_MS - 10)
        self.discover(2, 6)
        self.assertEqual([xid for xid, _ in self.sleep(20)], [6])
        self.assertEqual(self.counted("checks", "overwritten"), (1, 1))

    def test_no_more_checks_than_the_port_can_make(self):
        self.check_with(Port(side_by_side=1))
        self.discover(1, 5)
        self.discover(2, 6)
        self.assertEqual([xid for xid, _ in self.sleep(2 * CHECK_MS)], [5])

    def test_a_long_message_comes_back_as_it_was(self):
        """A place has no room for `sname` and `file`, which clients leave empty."""
        packet = builders.discover(mac=1, xid=5, options=((224, b"x" * 200),))
        self.assertEqual(self.send(packet), PARK)
        self.now_ms += CHECK_MS
        n = self.checker.poll(self.now_ms, 0)
        self.assertEqual(bytes(self.server.rx[:n]), packet)

    def test_a_message_with_a_file_name_comes_back_as_it_was(self):
        packet = builders.discover(mac=1, xid=5, file=b"boot")
        self.assertEqual(self.send(packet), PARK)
        self.now_ms += CHECK_MS
        n = self.checker.poll(self.now_ms, 0)
        self.assertEqual(bytes(self.server.rx[:n]), packet)

    def test_a_long_message_that_fills_them_is_turned_away(self):
        packet = builders.discover(mac=1, xid=5, options=((224, b"x" * 200),), file=b"boot")
        self.assertEqual(self.send(packet), PARK)
        self.assertEqual(self.counted("turned_away"), (1,))

    def test_a_client_has_one_check_at_a_time(self):
        """One with ever new identifiers is given ever new addresses, and shall not fill them."""
        self.discover(1, 5)
        self.discover(1, 6, client_id=b"\0another")
        self.assertEqual(self.counted("parked", "turned_away"), (1, 1))
        self.assertEqual([xid for xid, _ in self.sleep(2 * CHECK_MS)], [5])

    def test_how_long_poll_can_wait(self):
        self.assertEqual(self.checker.wait_ms(), -1)
        self.discover(1, 5)
        self.assertTrue(0 < self.checker.wait_ms() < CHECK_MS // 4)
        self.port.present = [builders.mac_bytes(2)]
        self.sleep(CHECK_MS)
        self.assertEqual(self.checker.wait_ms(), -1)

    def test_what_is_over_need_not_wait(self):
        self.port.present = [builders.mac_bytes(1)]
        self.discover(1, 5)
        self.assertEqual(self.checker.wait_ms(), 0)

    def test_clear_forgets_all(self):
        self.discover(1, 5)
        self.discover(2, 6)
        self.checker.clear()
        self.assertFalse(self.air.is_open)
        self.assertEqual(self.sleep(2 * CHECK_MS), [])
