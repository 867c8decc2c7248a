"""The lease table in a file: leases that come back, and records that are refused."""

import sys
import unittest

import invariants
import mutations
from microdhcp import Config, Server, store
from timeline import FIRST, Client, TimelineCase, serve

STEPS = 300 if sys.implementation.name == "cpython" else 60
MAC = "00:00:5e:00:53:01"
RAW = b"\0\0\x5e\0\x53\1"
# A file of version 1, byte for byte: a later version must read it, whatever it writes itself.
# .16 bound to :01 for 3600 s; .17 adopted, without end, by an identifier at :02; .18 released by
# :03; .19 declined.
VERSION_1 = (
    b"mDHC\x01\x04"
    b"\x17\xc0\x00\x02\x13\xff\xff\xff\xff\x00\x00\x53\x04\x00\x00\x5e\x00\x53\x04\x04\x00\x00\x0e\x10"
    b"\x17\xc0\x00\x02\x12\x00\x00\x00\x5e\x00\x00\x53\x03\x00\x00\x5e\x00\x53\x03\x05\x00\x00\x0e\x10"
    b"\x17\xc0\x00\x02\x10\x00\x00\x00\x5e\x00\x00\x53\x01\x00\x00\x5e\x00\x53\x01\x03\x00\x00\x0e\x10"
    b"\x17\xc0\x00\x02\x11\x01\x23\x45\x67\x00\x65\x43\x21\x00\x00\x5e\x00\x53\x02\x02\xff\xff\xff\xff"
)


def sealed(raw):
    """Return raw with its checksum."""
    return bytes(raw) + store.crc32(raw).to_bytes(4, "big")


def record(address=16, mac=1, key=None, state=3, granted_s=3600, name=b""):
    """Return one record as bytes: address and mac are last bytes."""
    mac = b"\0\0\x5e\0\x53" + bytes((mac,))
    key = (0x5E, 0x5300 + mac[5]) if key is None else key
    raw = bytes((192, 0, 2, address))
    for number in key:
        raw += (number & 0xFFFFFFFF).to_bytes(4, "big")
    raw += mac + bytes((state,)) + (granted_s & 0xFFFFFFFF).to_bytes(4, "big") + name
    return bytes((len(raw),)) + raw


def file_of(*items):
    """Return a file of these records."""
    return sealed(b"mDHC\x01" + bytes((len(items),)) + b"".join(items))


class StoreCase(TimelineCase):
    def restart(self, now_s=0, data=None, **settings):
        """Store the table, start another server with it; return how many leases it took."""
        if data is None:
            data = store.dump(self.server, self.client.clock[0])
        self.start(**settings)
        taken = store.load(self.server, data, now_s)
        self.client.at(now_s)
        invariants.check(self.server.leases)
        return taken

    def roster(self):
        """Return the records of the table as tuples."""
        return [tuple(lease) for lease in self.server.roster(self.client.clock[0], None)]


class RoundTrip(StoreCase):
    def test_empty_table(self):
        """Ten bytes"""
        data = store.dump(self.server, 0)
        self.assertEqual((len(data), store.load(self.server, data, 0)), (10, 0))

    def test_lease_lives_its_granted_time_again(self):
        """Design: the granted time is stored, and on load every binding lives that long again"""
        address = self.client.dora(lease_s=600).yiaddr
        self.client.at(500)
        self.assertEqual(self.restart(100), 1)
        self.assertEqual(self.roster(), [(address, MAC, "", "bound", 600, False)])

    def test_client_renews_and_nobody_else_gets_it(self):
        """After a power cut every client keeps its address"""
        address = self.client.dora().yiaddr
        self.restart()
        self.assertEqual(self.other.reboot(address).kind, "NAK")
        self.assertEqual(self.client.renew(address).kind, "ACK")

    def test_identifier_is_known_again(self):
        """The client key, not only the MAC"""
        address = self.client.dora(client_id=b"\0name").yiaddr
        self.restart()
        self.assertEqual(self.client.discover(client_id=b"\0name").yiaddr, address)
        self.assertNotEqual(self.client.discover().yiaddr, address)

    def test_infinite_lease(self):
        """RFC 2131 section 3.3"""
        self.start(max_lease_s=None)
        self.client.dora(lease_s=b"\xff\xff\xff\xff")
        self.restart(max_lease_s=None)
        self.assertEqual(self.roster()[0][3:5], ("bound", None))

    def test_every_state(self):
        """Unconfirmed stays unconfirmed, ended stays ended, quarantine starts again"""
        self.client.other(1).renew("192.0.2.20")
        self.client.other(2).dora()
        self.client.other(3).release(self.client.other(3).dora().yiaddr)
        self.client.other(4).decline(self.client.other(4).dora().yiaddr)
        self.client.other(5).dora(lease_s=60)
        self.client.at(100).other(6).discover()
        self.assertEqual(self.restart(7), 2)
        found = {lease[1][-1]: lease[3:5] for lease in self.roster()}
        wanted = {"1": ("adopted", 3600), "2": ("bound", 3600), "3": ("released", 0)}
        wanted.update({"4": ("declined", 600), "5": ("expired", 0), "6": ("released", 0)})
        self.assertEqual(found, wanted)

    def test_states_of_checks(self):
        """Found in use: in quarantine again"""
        self.client.renew("192.0.2.20")
        self.client.with_checks()
        self.client.neighbours["192.0.2.21"] = b"\x02\0\0\0\0\1"
        self.client.other(2).discover(requested="192.0.2.21")
        self.restart()
        found = {lease[0]: lease[3] for lease in self.roster()}
        self.assertEqual((found["192.0.2.20"], found["192.0.2.21"]), ("adopted", "conflict"))

    def test_owner_of_an_address_in_conflict(self):
        """It may have the address, and nobody else, as before"""
        owner = b"\x02\0\0\0\0\1"
        self.client.with_checks()
        self.client.neighbours["192.0.2.21"] = owner
        self.client.discover(requested="192.0.2.21")
        self.restart()
        self.assertEqual(self.roster()[0][:4], ("192.0.2.21", "02:00:00:00:00:01", "", "conflict"))
        for mac, kind in ((1, "NAK"), (2, "NAK"), (owner, "ACK")):
            self.assertEqual(self.client.other(mac).reboot("192.0.2.21").kind, kind)

    def test_refused_client_of_an_address_in_conflict(self):
        """Where nobody knows the owner, it is not the client that the address was checked for"""
        self.client.with_checks(names_owner=False)
        self.client.neighbours["192.0.2.21"] = b"\x02\0\0\0\0\1"
        self.client.probe = lambda chaddr: self.server.checked(self.server.check_slot, True, 0)
        self.assertEqual(self.client.discover(requested="192.0.2.21").kind, None)
        self.restart()
        self.assertEqual(self.client.reboot("192.0.2.21").kind, "NAK")
        self.assertEqual(self.other.reboot("192.0.2.21").kind, "ACK")

    def test_old_address_of_a_client_that_had_gone(self):
        """Design: expired, released: the slot keeps its key"""
        wish = "192.0.2.25"
        self.client.reboot(wish)
        self.client.release(wish)
        self.restart()
        self.assertEqual(self.client.discover().yiaddr, wish)

    def test_oldest_is_reused_first(self):
        """Design: never used, then the oldest expired or released"""
        self.start(pool=(FIRST, "192.0.2.18"))
        for mac, address in ((3, "18"), (1, "16"), (2, "17")):
            self.client.at(self.client.clock[0] + 1)
            self.client.other(mac).reboot("192.0.2." + address)
            self.client.other(mac).release("192.0.2." + address)
        self.restart(50, pool=(FIRST, "192.0.2.18"))
        self.restart(60, pool=(FIRST, "192.0.2.18"))  # all have the same end by now
        offers = [self.client.other(mac).discover().yiaddr[-2:] for mac in (7, 8, 9)]
        self.assertEqual(offers, ["18", "16", "17"])

    def test_loading_is_no_change_and_no_event(self):
        """The file says all this already"""
        self.client.dora()
        data = store.dump(self.server, 0)
        self.start()
        self.server.enable_events()
        self.assertEqual(store.load(self.server, data, 0), 1)
        self.assertEqual(self.server.leases.changed, 0)
        self.assertEqual(self.server.next_event(), None)
        self.client.renew(self.roster()[0][0])
        self.assertEqual(self.server.next_event()[0], "renewed")

    def test_same_bytes_again(self):
        """Nothing is lost in between"""
        self.client.dora()
        self.other.dora(client_id=b"\0name")
        data = store.dump(self.server, 0)
        self.restart()
        self.assertEqual(store.dump(self.server, 0), data)

    def test_full_table(self):
        """254 leases"""
        pool = ("192.0.2.2", "192.0.2.254")
        self.start(pool=pool)
        for i in range(253):
            self.client.other(b"\2\0\0\0\0" + bytes((i,))).reboot("192.0.2.{}".format(2 + i))
        data = store.dump(self.server, 0)
        self.assertEqual(len(data), 10 + 253 * 24)
        self.assertEqual(self.restart(0, data, pool=pool), 253)

    def test_a_shorter_offer_shortens_no_lease(self):
        """A client with a lease asks for less, and has not taken it yet"""
        address = self.client.dora().yiaddr
        self.client.at(10).discover(lease_s=60)
        self.assertEqual(self.restart(10), 1)
        lease = self.server.find(MAC, 10)
        self.assertEqual((lease.address, lease.seconds_left), (address, 3590))

    def test_an_offer_from_before_is_taken_with_a_lease_time(self):
        """RFC 2131 table 3: IP address lease time MUST"""
        offer = self.client.discover()
        self.restart(1)
        ack = self.client.select(offer)
        self.assertEqual((ack.kind, ack.seconds(51)), ("ACK", 3600))
        self.assertEqual(self.server.find(MAC, 1).seconds_left, 3600)

    def test_end_of_the_clock(self):
        """No time goes past it"""
        self.client.dora()
        self.other.decline(self.other.dora().yiaddr)
        last_s = (1 << 30) - 1
        self.assertEqual(self.restart(last_s - 5), 1)
        self.assertTrue(max(self.server.leases.until_s) <= last_s)


class Stories(unittest.TestCase):
    """Tables that hostile stories left behind (mutations.py)."""

    def leases(self, server, now_s):
        """Return {slot: (key, MAC, granted time, or what is left of more)} of what is leased."""
        leases = server.leases
        found = {}
        for slot in range(leases.slots):
            if leases.leased(slot):
                key = bytes(leases.keys[8 * slot : 8 * slot + 8])
                mac = bytes(leases.mac[6 * slot : 6 * slot + 6])
                granted_s = leases.granted_s[slot]
                if leases.until_s[slot] < (1 << 30) - 1:
                    granted_s = max(granted_s, leases.until_s[slot] - now_s)
                found[slot] = key, mac, granted_s
        return found

    def test_every_lease_comes_back(self):
        """The same addresses for the same clients, in whatever state the table was"""
        seen = 0
        for seed in range(len(mutations.SETTINGS)):
            story = mutations.Story(seed)
            for _ in range(STEPS):
                story.step()
            wanted = self.leases(story.server, story.now_s)
            data = store.dump(story.server, story.now_s)
            server = Server(Config(**story.settings))
            self.assertEqual(store.load(server, data, 0), len(wanted))
            invariants.check(server.leases)
            self.assertEqual(self.leases(server, 0), wanted)
            seen += len(wanted)
        self.assertTrue(seen > 0)


class Format(StoreCase):
    def test_version_1_is_read(self):
        """A golden file: the states, the digits of a digest, a lease without end"""
        self.assertEqual(self.restart(0, sealed(VERSION_1), max_lease_s=None), 2)
        wanted = [
            (FIRST, MAC, "", "bound", 3600, False),
            ("192.0.2.17", "00:00:5e:00:53:02", "", "adopted", None, False),
            ("192.0.2.18", "00:00:5e:00:53:03", "", "released", 0, False),
        ]
        self.assertEqual(self.roster()[:3], wanted)
        self.assertEqual(self.roster()[3][3:5], ("declined", 600))
        keys = self.server.leases.keys
        self.assertEqual(keys[:8], b"\0\0\0\x5e\0\0\x53\1")
        self.assertEqual(keys[8:16], b"\x01\x23\x45\x67\0\x65\x43\x21")

    def test_conflict_of_version_1(self):
        """It did not know the owner: the MAC is of the client that was refused"""
        some = record(key=(-1, 0), state=9, granted_s=1)
        self.assertEqual(self.restart(0, file_of(some, record(17, 3))), 1)
        self.assertEqual(self.client.reboot(FIRST).kind, "NAK")
        self.assertEqual(self.other.reboot(FIRST).kind, "ACK")

    def test_version_2_is_what_it_writes(self):
        """Byte for byte"""
        self.client.reboot(FIRST)
        self.client.renew(FIRST)
        written = sealed(b"mDHC\x02" + file_of(record())[5:-4])
        self.assertEqual(store.dump(self.server, 0), written)

    def test_lease_of_a_second(self):
        """A number like any other"""
        self.assertEqual(self.restart(0, file_of(record(granted_s=1))), 1)
        self.assertEqual(self.roster()[0][3:5], ("bound", 1))

    def test_records_for_programs_that_show_a_file(self):
        """Every field as it was written"""
        found = list(store.records(file_of(record(name=b"printer", granted_s=-1))))
        self.assertEqual(len(found), 1)
        one = found[0]
        self.assertEqual((one.address, one.mac), (bytes((192, 0, 2, 16)), RAW))
        self.assertEqual((one.key, one.state, one.granted_s), (b"\0\0\0\x5e\0\0\x53\1", 3, -1))
        self.assertEqual(one.host_name, b"printer")


class Damage(StoreCase):
    """What did not arrive as it was written is ignored as a whole, and said so."""

    def ignored(self, data):
        """Assert that `data` is reported as damaged and changes nothing."""
        self.assertEqual(store.load(self.server, data, 0), -1)
        self.assertEqual(self.server.leases.used, 0)

    def test_every_cut(self):
        """A file of which only the beginning was written"""
        data = file_of(record(), record(17, 2))
        for end in range(len(data)):
            self.ignored(data[:end])

    def test_every_byte(self):
        """A byte that has changed"""
        data = file_of(record(), record(17, 2))
        for at in range(len(data)):
            self.ignored(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :])

    def test_more_than_was_written(self):
        """Something behind the end"""
        self.ignored(file_of(record()) + b"\0")

    def test_foreign_files(self):
        """Another program's, another version's"""
        for raw in (b"", b"leases {}", b"mDHC\x03\0", b"mDHC\x00\0", b"MDHC\x01\0"):
            self.ignored(raw)
            self.ignored(sealed(raw))

    def test_right_checksum_wrong_lengths(self):
        """Made by somebody else"""
        whole = record()
        for raw in (
            b"\1" + whole[:-1],
            b"\2" + whole,
            b"\0" + whole,
            b"\1" + bytes((22,)) + whole[1:-1],
            b"\1" + bytes((24,)) + whole[1:],
            b"\1" + bytes((255,)) + whole[1:],
            b"\1",
        ):
            self.ignored(sealed(b"mDHC\x01" + raw))


class Distrust(StoreCase):
    """A file that arrived whole may still say what cannot be."""

    def taken(self, *records, **settings):
        """Return how many leases of these records are taken into a new server."""
        return self.restart(0, file_of(*records), **settings)

    def test_not_ours(self):
        """Outside the pool, on another network"""
        self.assertEqual(self.taken(record(32), record(1, 2), record(255, 3)), 0)
        self.assertEqual(self.taken(record(), pool=("192.0.2.17", "192.0.2.20")), 0)

    def test_one_address_twice(self):
        """The first counts"""
        self.assertEqual(self.taken(record(), record(16, 2)), 1)
        self.assertEqual(self.roster()[0][1], MAC)

    def test_one_client_twice(self):
        """The first counts"""
        self.assertEqual(self.taken(record(), record(17, 1)), 1)
        self.assertEqual(self.roster()[0][0], FIRST)

    def test_one_device_too_often(self):
        """Design: at most 3 live slots per chaddr"""
        some = [record(16 + i, 1, key=(1 << 24, i)) for i in range(5)]
        self.assertEqual(self.taken(*some), 3)

    def test_states_that_are_not_written(self):
        """Offered, checking, nonsense"""
        for state in (0, 1, 7, 8, 10, 11, 255):
            self.assertEqual(self.taken(record(state=state)), 0)
            self.assertEqual(self.roster(), [])

    def test_keys_that_are_none(self):
        """Nobody, too large; a device without MAC"""
        for key in ((-1, 0), (1 << 25, 0), (0, 1 << 24), (0, -1), (1 << 31, 0)):
            self.assertEqual(self.taken(record(key=key)), 0)
        zero = record()
        self.assertEqual(self.taken(zero[:13] + bytes(6) + zero[19:]), 0)

    def test_times_that_are_none(self):
        """0, and more than a lease can have"""
        for granted_s in (0, (1 << 27) + 1, 0x7FFFFFFF, 0xFFFFFFFE):
            self.assertEqual(self.taken(record(granted_s=granted_s), max_lease_s=None), 0)

    def test_longest_lease_of_the_settings(self):
        """They have changed since"""
        for granted_s in (3600, 1 << 27, -1):
            settings = {"lease_s": 60, "max_lease_s": 600}
            self.assertEqual(self.taken(record(granted_s=granted_s), **settings), 1)
            self.assertEqual(self.roster()[0][4], 600)

    def test_reserved_for_somebody_else(self):
        """A lease that runs goes on until its client's next REQUEST; what is over is forgotten"""
        table = {"reservations": {"00:00:5e:00:53:02": FIRST}}
        self.assertEqual(self.taken(record(state=5), **table), 0)
        self.assertEqual(self.roster(), [])
        self.assertEqual(self.taken(record(16, 2), **table), 1)
        self.assertEqual(self.taken(record(), **table), 1)
        self.assertEqual(self.client.renew(FIRST).kind, "NAK")
        self.assertEqual(self.other.dora().yiaddr, FIRST)

    def test_reserved_for_the_device(self):
        """By MAC, whatever the identifier is; by identifier"""
        mine = record(key=(1 << 24, 5))
        self.assertEqual(self.taken(mine, reservations={MAC: FIRST}), 1)
        self.start(reservations={"id:00616263": FIRST})
        self.client.dora(client_id=b"\0abc")
        self.assertEqual(self.restart(0, None, reservations={"id:00616263": FIRST}), 1)

    def test_quarantine_of_more_than_a_quarter(self):
        """The limit holds here too"""
        some = [record(16 + i, 1 + i, key=(-1, -1), state=4) for i in range(16)]
        self.assertEqual(self.taken(*some), 0)
        states = [lease[3] for lease in self.roster()]
        self.assertEqual((states.count("declined"), states.count("released")), (4, 12))

    def test_table_that_is_in_use(self):
        """Events since the start are newer"""
        self.client.reboot(FIRST)
        self.other.reboot("192.0.2.17")
        data = file_of(record(16, 9), record(18, 2), record(19, 3))
        self.assertEqual(store.load(self.server, data, 0), 1)
        found = [(lease[0][-2:], lease[1][-1]) for lease in self.roster()]
        self.assertEqual(found, [("16", "1"), ("17", "2"), ("19", "3")])

    def test_random_files_raise_nothing(self):
        """With a right checksum, for the sake of the rest"""
        state = 1
        for _ in range(60):
            some = b""
            for _ in range(5):
                state = state * 1103515245 + 12345 & 0x7FFFFFFF
                raw = bytes([state >> shift & 255 for shift in range(0, 23)])
                some += b"\x17" + bytes((192, 0, 2, 16 + state % 16)) + raw[4:18]
                some += bytes((state % 11,)) + raw[19:]
            taken = store.load(serve(), sealed(b"mDHC\x01\x05" + some), 0)
            self.assertTrue(0 <= taken <= 5)
        self.assertTrue(Client(self.server).dora().kind == "ACK")


if __name__ == "__main__":
    unittest.main()
