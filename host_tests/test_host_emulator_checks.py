"""No client gets a taken address: the whole service on an emulated Pico W.

Hosts that have addresses of the pool already, stations that a power cut left with addresses which
the board has forgotten, and real clients and squatters in network namespaces.  Skipped by name,
with the reason, where the firmware or rp2040py is missing.
"""

import functools
import socket
import struct
import sys
import unittest
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import emulator
import lab
from builders import decline, discover, ip, request
from emulator import firmware
from linux import frames, icmp
from microdhcp import Config, Server
from rigs import awake, named

REASON = emulator.unavailable()
AP_MAC = "00:10:18:00:00:02"
SERVER = "10.10.10.1"
SETTINGS = {"address": SERVER + "/24", "pool": ("10.10.10.16", "10.10.10.31")}
CHECK_MS = 100  # real clients wait in wall time, which is slow on a busy machine
PROGRAM = f"""
import asyncio, network
from microdhcp import Config, Service
config = Config(**{SETTINGS!r})
service = Service(network.WLAN(network.WLAN.IF_AP), config, check_ms={CHECK_MS}, store="/leases")
service.server.enable_events(32)
service.start(ssid="emulated", key="change-me-now")
asyncio.run(service.run())
"""
TELL = """
while True:
    event = service.server.next_event()
    if not event:
        break
    print(*event)
print(service.checker.counters)
"""
QUARANTINED = "print(len(list(service.server.roster(states=('declined', 'conflict')))))"
STORED = """
service.storage.save(0)
print(open('/leases', 'rb').read())
"""

SQUATTER = "00:00:5e:00:53:99"
NO_PINGS = "/proc/sys/net/ipv4/icmp_echo_ignore_all"
IPV4 = struct.Struct("!BBHHHBBH4s4s")

needs_board = unittest.skipIf(REASON, REASON)


def started(board):
    """Start the service; return its console.Program once it serves."""
    with board.skipping_delays():
        program = board.start(PROGRAM, 120)
        board.wait(lambda: program.done or "serves" in program.output, 120, "no service")
    if program.done:
        program.wait()
    return program


@functools.cache
def lived(story, version=None):
    """Return what story(board, program) returns in a copy of a board that has just started."""
    files, uf2 = emulator.package(), firmware.path(version)
    return emulator.in_child(story, *emulator.ready(started, files, uf2, [PROGRAM]))


@functools.cache
def with_leases():
    """Return what after_the_cut() returns on a board that has the file of before_the_cut()."""
    return emulator.in_child(_restart, awake(), lived(before_the_cut))


def _restart(board, leases):
    board.put("/leases", leases)
    return after_the_cut(board, started(board))


def candidate(mac):
    """Return the address that a server without leases offers first: it follows from the MAC."""
    server = Server(Config(**SETTINGS))
    packet = discover(mac=mac)
    server.rx[: len(packet)] = packet
    server.handle(len(packet), 0)
    return socket.inet_ntoa(server.tx[16:20])


def told(board, program):
    """Interrupt the service; return its (events without host names, counters)."""
    program.interrupt()
    *events, counters = board.run(named(TELL)).splitlines()
    return [tuple(event.split()) for event in events], eval(counters)


def ask(station, packet):
    """Send a message; return the Message that answers, while delays are skipped."""
    with station.board.skipping_delays():
        return station.ask(packet, timeout_s=60).message


def pings(station, number):
    """Let a station ping the access point; return whether that answers within 20 ms."""
    echo = icmp.echo(0xABCD, number)
    head = [0x45, 0, 20 + len(echo), 0, 0, 64, 1, 0, ip(station.address), ip(SERVER)]
    head[7] = frames.checksum(IPV4.pack(*head))
    station.frames.clear()
    station.send(frames.ethernet(frames.mac_bytes(AP_MAC), station.mac, IPV4.pack(*head) + echo))
    station.board.sleep(20_000)
    return any(
        frame[23:24] == b"\1" and frame[34] == icmp.ECHO_REPLY for _, frame in station.frames
    )


def squatter_story(board, program):
    """Somebody who answers pings has the address that Alice would get."""
    taken = candidate(1)
    emulator.Station(board, SQUATTER, taken)
    alice = emulator.Station(board, "00:00:5e:00:53:01")
    bob = emulator.Station(board, "00:00:5e:00:53:02", "10.10.10.99")
    seen = {"before": pings(bob, 1)}
    alice.send_udp(discover(mac=1, xid=7))
    board.sleep(30_000)
    seen["during"] = pings(bob, 2)
    offer = ask(alice, discover(mac=1, xid=7))
    seen["offer"] = offer.kind, offer.yiaddr
    ack = ask(alice, request(mac=1, xid=8, requested=offer.yiaddr, server_id=SERVER))
    seen["ack"] = ack.kind, ack.yiaddr
    seen["after"] = pings(bob, 3)
    seen["told"] = told(board, program)
    return taken, seen


def quiet_squatter_story(board, program):
    """He answers ARP only, and Alice finds out."""
    taken = candidate(1)
    emulator.Station(board, SQUATTER, taken).answers_ping = False
    alice = emulator.Station(board, "00:00:5e:00:53:01")
    addresses = []
    for xid in (10, 20):
        offer = ask(alice, discover(mac=1, xid=xid))
        chosen = {"requested": offer.yiaddr, "server_id": SERVER}
        addresses.append(ask(alice, request(mac=1, xid=xid + 1, **chosen)).yiaddr)
        if addresses[-1] == taken:
            alice.send_udp(decline(mac=1, xid=xid + 2, **chosen))
            board.sleep(30_000)
    bob = emulator.Station(board, "00:00:5e:00:53:02", "10.10.10.99")
    return taken, addresses, pings(bob, 1), told(board, program)


@pytest.mark.board
@needs_board
class Squatters(unittest.TestCase):
    def test_who_answers_pings_is_found_by_the_board(self):
        taken, seen = lived(squatter_story)
        self.assertNotEqual(seen["offer"][1], taken)
        self.assertEqual((seen["offer"][0], seen["ack"]), ("OFFER", ("ACK", seen["offer"][1])))
        events, counters = seen["told"]
        self.assertEqual(events[0], ("conflict", taken, SQUATTER))
        self.assertEqual((counters["conflicts"], counters["checks"]), (1, 2))

    def test_the_access_point_answers_pings_before_and_after_a_check(self):
        """Not during it: lwIP hands all ICMP packets to the socket."""
        _, seen = lived(squatter_story)
        self.assertEqual((seen["before"], seen["during"], seen["after"]), (True, False, True))

    def test_who_answers_arp_only_is_found_by_the_client(self):
        taken, addresses, ping, (events, counters) = lived(quiet_squatter_story)
        self.assertEqual(addresses[0], taken)
        self.assertNotEqual(addresses[1], taken)
        self.assertIn(("declined", taken, "00:00:5e:00:53:01"), events)
        self.assertEqual((counters["conflicts"], ping), (0, True))


class PatientUdhcpc(lab.Udhcpc):
    """udhcpc that waits longer for a slow board."""

    def command(self):
        """Return the command line: ten messages, 4 s apart."""
        return [*super().command(), "-t", "10", "-T", "4"]


def no_real_clients():
    """Return why there are none here, or None."""
    return lab.unavailable() or lab.Udhcpc.unavailable() or lab.Dhcpcd.unavailable()


def real_story(board, program):
    """udhcpc and dhcpcd; a host that answers pings has the first one's address, a quiet one the
    other's."""
    if no_real_clients():
        return None
    with lab.Lab(clients=4) as network, emulator.Air(board, network) as air:
        *nodes, loud, quiet = network.clients
        for number, node in ((1, loud), (2, quiet)):
            node.ip(f"address add {candidate(number)}/24 dev eth0")
        quiet.run(["sh", "-c", f"echo 1 > {NO_PINGS}"], check=False)
        leases = []
        for adapter, node in zip((PatientUdhcpc, lab.Dhcpcd), nodes):
            client = adapter(node, checks=True)
            leases.append(air.call(client.obtain))
            air.call(client.stop)
        return [lease.address for lease in leases], loud.mac, told(board, program)


@pytest.mark.board
@needs_board
class RealClients(unittest.TestCase):
    def test_none_ends_up_on_a_taken_address(self):
        if no_real_clients():
            self.skipTest(no_real_clients())
        addresses, loud, (events, counters) = lived(real_story)
        self.assertFalse(set(addresses) & {candidate(1), candidate(2)})
        self.assertEqual(len(set(addresses)), 2)
        self.assertIn(("conflict", candidate(1), loud), events)
        self.assertEqual(counters["conflicts"], 1)
        declined = {event[1] for event in events if event[0] == "declined"}
        self.assertEqual(declined, {candidate(2)})


def eight(board):
    """Return eight stations that have addresses of the pool and answer pings."""
    return [
        emulator.Station(board, f"00:00:5e:00:53:{number:02x}", f"10.10.10.{15 + number}")
        for number in range(1, 9)
    ]


def renewed(station):
    """Let a station renew its address; return the Message that answers."""
    number = station.mac[5]
    return ask(station, request(mac=number, xid=number, ciaddr=station.address))


def before_the_cut(board, program):
    """Eight stations have leases, and have renewed them; return the file that keeps them."""
    for station in eight(board) * 2:
        renewed(station)
    program.interrupt()
    return eval(board.run(named(STORED)))


def after_the_cut(board, program):
    """Four stations renew, the others reboot, all at once, and repeat what gets no answer."""
    stations = eight(board)
    answers = {station.address: renewed(station) for station in stations[:4]}
    waiting = stations[4:]
    for _ in range(4):
        for station in waiting:
            number = station.mac[5]
            station.send_udp(request(mac=number, xid=number, requested=station.address))
        with board.skipping_delays():
            board.sleep(1_000_000)
        for station in waiting:
            for _, message in station.messages():
                answers[station.address] = message
        waiting = [station for station in waiting if station.address not in answers]
    found = {address: (message.kind, message.yiaddr) for address, message in answers.items()}
    return found, told(board, program), board.run(QUARANTINED)


def newcomer_story(board, program):
    """Somebody new asks for an address whose owner has not come back yet; then all come back."""
    stations = eight(board)
    owner = stations[4]
    newcomer = emulator.Station(board, SQUATTER)
    packet = discover(mac=newcomer.mac, xid=77, requested=owner.address)
    offered = ask(newcomer, packet).yiaddr
    answer = ask(owner, request(mac=5, xid=5, requested=owner.address))
    kinds = [answer.kind, *(renewed(station).kind for station in stations)]
    told(board, program)
    return offered, kinds, board.run(QUARANTINED)


@pytest.mark.board
@needs_board
class PowerCut(unittest.TestCase):
    """Eight clients hold leases, and the board loses power."""

    ALL = {f"10.10.10.{last}": ("ACK", f"10.10.10.{last}") for last in range(16, 24)}

    def test_everybody_keeps_the_address_that_the_board_forgot(self):
        answers, (events, counters), quarantined = lived(after_the_cut)
        self.assertEqual(answers, self.ALL)
        self.assertEqual({event[0] for event in events}, {"bound"})
        self.assertEqual((counters["conflicts"], quarantined), (0, "0\n"))
        self.assertGreater(counters["checks"], 0)

    def test_everybody_keeps_the_address_that_the_board_has_stored(self):
        answers, (events, counters), quarantined = with_leases()
        self.assertEqual(answers, self.ALL)
        self.assertEqual({event[0] for event in events}, {"renewed"})
        self.assertEqual((counters["checks"], quarantined), (0, "0\n"))

    def test_who_comes_first_gets_no_address_of_the_others(self):
        offered, kinds, quarantined = lived(newcomer_story)
        self.assertNotIn(offered, self.ALL)
        self.assertEqual((kinds, quarantined), (["ACK"] * 9, "0\n"))


if __name__ == "__main__":
    unittest.main()
