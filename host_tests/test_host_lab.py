"""Real clients against tools/serve.py, in network namespaces (tools/lab).

The three clients live through the same story side by side in one lab; each test reads from what
was recorded.  Skipped by name, with the reason, where the machine allows no namespaces or has no
such client.
"""

import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import lab
from lab import stories
from lab.recorder import EVERYBODY
from patience import LIMIT_S, until

LEASE_S = 600  # longer than a busy machine needs for the whole story


def in_pool(address):
    """Return True when the address is in the pool of the home network."""
    head, _, last = address.rpartition(".")
    return head == "10.77.0" and 10 <= int(last) <= 250


def machine():
    """Return what must stay as it is: addresses, routes, rules, mounts, names, resolv.conf."""
    links = json.loads(_output("ip", "-json", "addr"))
    for link in links:
        for address in link["addr_info"]:
            address.pop("valid_life_time", None)  # they count down on a machine that uses DHCP
            address.pop("preferred_life_time", None)
    return {
        "addr": links,
        "route": _output("ip", "-4", "route"),
        "rule": _output("ip", "rule"),
        "mounts": Path("/proc/self/mounts").read_text(encoding="utf-8"),
        "netns": _output("ip", "netns"),
        "resolv.conf": _bytes_of("/etc/resolv.conf"),
        "leases": [sorted(os.listdir(path)) for path in _STATE if os.path.isdir(path)],
    }


_STATE = ("/var/lib/dhcp", "/var/lib/dhcpcd", "/run/dhcpcd")


def _bytes_of(path):
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def _output(*argv):
    env = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=LIMIT_S, check=True, env=env
    )
    return done.stdout


def skip_unless_possible(*adapters):
    """Raise SkipTest with the reason when there is no lab here, or a client is missing."""
    for reason in (lab.unavailable(), *(adapter.unavailable() for adapter in adapters)):
        if reason:
            raise unittest.SkipTest(reason)


class SharedStories:
    """The story of all clients, told once, side by side, in one lab."""

    told = None
    events = ()
    table = ()
    before = after = None
    failure = None

    @classmethod
    def of(cls, adapter):
        """Return the steps of a client's story; raise again what went wrong the first time."""
        if cls.told is None and cls.failure is None:
            cls.before = machine()
            try:
                cls.told = cls._tell()
            except lab.LabError as error:
                cls.failure = error
            cls.after = machine()
        if cls.failure:
            raise cls.failure
        return cls.told[adapter.name]

    @classmethod
    def _tell(cls):
        adapters = [adapter for adapter in lab.CLIENTS if not adapter.unavailable()]
        with lab.Lab(clients=len(adapters), with_foreign=True) as network:
            lease = ("--lease-time", str(LEASE_S))
            with (
                network.serve(*lease) as server,
                network.serve(*lease, network=network.foreign),
                concurrent.futures.ThreadPoolExecutor() as pool,
            ):
                clients = [adapter(node) for adapter, node in zip(adapters, network.clients)]
                work = [
                    pool.submit(stories.tell, network, client, stories.WHOLE_LIFE)
                    for client in clients
                ]
                told = {client.name: job.result() for client, job in zip(clients, work)}
                cls.events = server.events()
                cls.table = server.leases()
        return told


class Story:
    """What each client must live through; the classes below name the client."""

    adapter = None

    @classmethod
    def setUpClass(cls):
        skip_unless_possible(cls.adapter)
        cls.story = SharedStories.of(cls.adapter)
        cls.mac = lab.network.client_mac(
            [a for a in lab.CLIENTS if not a.unavailable()].index(cls.adapter) + 1
        )

    def step(self, name):
        """Return a step of the story; fail when the client did not get through it."""
        step = self.story[name]
        self.assertIsNone(step.error, step.error)
        return step

    def assert_to_client_alone(self, message, address):
        """Assert that frame and datagram of an answer went to one client and nobody else."""
        self.assertEqual(self.mac, message.eth_dst, message)
        self.assertEqual(address, message.ip_dst, message)
        self.assertEqual(
            ("10.77.0.1", 67, 68), (message.ip_src, message.src_port, message.dst_port)
        )

    def assert_broadcast(self, message):
        """Assert that a message went to everybody."""
        self.assertEqual(
            (EVERYBODY, "255.255.255.255"), (message.eth_dst, message.ip_dst), message
        )

    def test_obtain_takes_four_messages_and_sets_the_address(self):
        """The client gets a lease by DISCOVER, OFFER, REQUEST, ACK (RFC 2131 section 3.1)."""
        step = self.step("obtain")
        self.assertEqual(["DISCOVER", "OFFER", "REQUEST", "ACK"], step.kinds(), step)
        self.assertEqual(step.lease.address, step.last("ACK").yiaddr)
        self.assertTrue(in_pool(step.lease.address), step.lease)
        self.assertIn(f" {step.lease.address}/24 ", step.addresses)

    def test_obtain_brings_lease_time_mask_router_and_dns(self):
        """The client's own script is told what the server was configured to say."""
        lease = self.step("obtain").lease
        self.assertEqual((LEASE_S, 24), (lease.lease_s, lease.prefix))
        self.assertEqual((("10.77.0.1",),) * 2, (lease.routers, lease.dns_servers))
        self.assertEqual("10.77.0.1", lease.server)

    def test_4_1_first_answers_go_where_the_broadcast_flag_says(self):
        """'If the broadcast bit is not set [...] the server unicasts' (RFC 2131 section 4.1)."""
        step = self.step("obtain")
        for kind in ("OFFER", "ACK"):
            answer = step.first(kind)
            if step.first("DISCOVER").broadcast_flag:
                self.assert_broadcast(answer)
            else:
                self.assert_to_client_alone(answer, answer.yiaddr)

    def test_renew_is_unicast_both_ways(self):
        """RENEWING: REQUEST by unicast with ciaddr; ACK by unicast to ciaddr (RFC 2131 4.3.2).

        The first exchange counts: udhcpc asks again when the ACK was too quick for it.
        """
        step = self.step("renew")
        address = self.step("obtain").lease.address
        request, ack = step.first("REQUEST"), step.first("ACK")
        self.assertEqual(("00:00:5e:00:53:f1", "10.77.0.1"), (request.eth_dst, request.ip_dst))
        self.assertEqual((address, None, None), (request.ciaddr, *map(request.option, (50, 54))))
        self.assert_to_client_alone(ack, address)
        self.assertEqual((address, request.xid), (ack.yiaddr, ack.xid))
        self.assertEqual((address, LEASE_S), (step.lease.address, step.lease.lease_s))

    def test_rebind_is_broadcast_and_answered_by_unicast(self):
        """REBINDING: REQUEST by broadcast with ciaddr; ACK by unicast to it (RFC 2131 4.3.2)."""
        step = self.step("rebind")
        address = self.step("obtain").lease.address
        ack = step.last("ACK")
        request = [m for m in step.messages if m.kind == "REQUEST" and m.xid == ack.xid][-1]
        self.assert_broadcast(request)
        self.assertEqual((address, None, None), (request.ciaddr, *map(request.option, (50, 54))))
        self.assert_to_client_alone(ack, address)
        self.assertEqual(address, step.lease.address)

    def test_reboot_brings_the_remembered_address_back(self):
        """INIT-REBOOT: REQUEST with option 50, without 54 and ciaddr; ACK (RFC 2131 4.3.2)."""
        step = self.step("reboot")
        address = self.step("obtain").lease.address
        first = step.messages[0]
        self.assertEqual((address, None), (first.address(50), first.option(54)), step)
        self.assertEqual("0.0.0.0", first.ciaddr)
        if self.adapter.has_init_reboot:
            self.assertEqual(["REQUEST", "ACK"], step.kinds(), step)
        else:
            self.assertEqual(["DISCOVER", "OFFER", "REQUEST", "ACK"], step.kinds(), step)
        self.assertEqual(address, step.lease.address)

    def test_release_is_noted_and_gets_no_answer(self):
        """RELEASE by unicast with ciaddr; the server answers nothing (RFC 2131 section 4.3.4)."""
        step = self.step("release")
        self.assertEqual("RELEASE", step.messages[-1].kind, step)
        self.assertEqual(step.lease.address, step.messages[-1].ciaddr)
        told = [e for e in SharedStories.events if e["event"] == "release"]
        self.assertIn((self.mac, step.lease.address), [(e["mac"], e["address"]) for e in told])
        self.assertEqual("", step.addresses)

    def test_move_from_a_foreign_network_is_refused_by_broadcast_nak(self):
        """'the server SHOULD send a DHCPNAK' to a client on the wrong network (RFC 2131 4.3.2)."""
        step = self.step("move")
        foreign = self.step("abroad").lease.address
        request, nak = step.first("REQUEST"), step.first("NAK")
        self.assertTrue(foreign.startswith("192.168.99."))
        self.assertIn(foreign, (request.address(50), request.ciaddr), step)
        self.assert_broadcast(nak)
        self.assertEqual(("0.0.0.0", request.xid), (nak.yiaddr, nak.xid))
        self.assertEqual([None] * 3, [nak.option(code) for code in (51, 58, 59)])

    def test_move_ends_with_an_address_of_this_network(self):
        """After the NAK the client starts again and gets an address of this network's pool."""
        step = self.step("move")
        self.assertEqual(["DISCOVER", "OFFER", "REQUEST", "ACK"], step.kinds()[-4:], step)
        self.assertTrue(in_pool(step.lease.address), step.lease)
        self.assertIn(f" {step.lease.address}/24 ", step.addresses)
        self.assertNotIn("192.168.99.", step.addresses)

    def test_the_table_holds_one_binding_for_the_client(self):
        """After the story the server's table has the client's last lease, and no other of it."""
        address = self.step("move").lease.address
        rows = [row for row in SharedStories.table if row["mac"] == self.mac]
        self.assertEqual([(address, "bound")], [(row["address"], row["state"]) for row in rows])


class UdhcpcTest(Story, unittest.TestCase):
    """busybox udhcpc."""

    adapter = lab.Udhcpc


class DhclientTest(Story, unittest.TestCase):
    """ISC dhclient."""

    adapter = lab.Dhclient


class DhcpcdTest(Story, unittest.TestCase):
    """dhcpcd."""

    adapter = lab.Dhcpcd


class InformTest(unittest.TestCase):
    """A client with a fixed address that asks for parameters only."""

    def test_3_4_inform_is_answered_by_unicast_without_a_lease(self):
        """'The server [...] MUST NOT send a lease expiration time' (RFC 2131 section 4.3.5)."""
        skip_unless_possible(lab.Dhcpcd)
        with lab.Lab() as network, network.serve() as server:
            step = stories.tell(network, lab.Dhcpcd(network.clients[0]), ("inform",))["inform"]
            table = server.leases()
        self.assertIsNone(step.error, step.error)
        ack = step.last("ACK")
        self.assertEqual(["INFORM", "ACK"], step.kinds(), step)
        self.assertEqual((stories.FIXED, "0.0.0.0"), (ack.ip_dst, ack.yiaddr))
        self.assertEqual(network.clients[0].mac, ack.eth_dst)
        self.assertEqual([None] * 3, [ack.option(code) for code in (51, 58, 59)])
        self.assertEqual([], table)


class ServerTest(unittest.TestCase):
    """What the server does while its interface or its clients come and go."""

    @classmethod
    def setUpClass(cls):
        skip_unless_possible(lab.Udhcpc)

    def test_two_clients_get_different_addresses(self):
        """Two clients that ask at the same time never get the same address."""
        with lab.Lab(clients=2) as network, network.serve():
            with concurrent.futures.ThreadPoolExecutor() as pool:
                clients = [lab.Udhcpc(node) for node in network.clients]
                leases = list(pool.map(lambda client: client.obtain(), clients))
        addresses = [lease.address for lease in leases]
        self.assertEqual(2, len(set(addresses)), addresses)
        self.assertTrue(all(map(in_pool, addresses)), addresses)

    def test_a_released_address_is_shown_as_released(self):
        """The table keeps a released address with its client's MAC (RFC 2131 section 4.3.4)."""
        with lab.Lab() as network, network.serve() as server:
            client = lab.Udhcpc(network.clients[0])
            address = client.obtain().address
            self.assertEqual(["bound"], [row["state"] for row in server.leases()])
            client.release()
            self.assertIsNotNone(server.wait("release", address=address))
            rows = [(row["address"], row["state"]) for row in server.leases()]
        self.assertEqual([(address, "released")], rows)

    def test_a_declined_address_is_not_offered_again(self):
        """'the server MUST mark the network address as not available' (RFC 2131 section 4.3.3)."""
        with lab.Lab(clients=2) as network, network.serve() as server:
            client = lab.Udhcpc(network.clients[0], checks=True)
            step = stories.tell(network, client, ("squatted",))["squatted"]
            states = {row["address"]: row["state"] for row in server.leases()}
        self.assertIsNone(step.error, step.error)
        declined = step.last("DECLINE").address(50)
        self.assertEqual(["DECLINE", "DISCOVER", "OFFER", "REQUEST", "ACK"], step.kinds()[-5:])
        self.assertNotEqual(declined, step.lease.address)
        self.assertEqual(("declined", "bound"), (states[declined], states[step.lease.address]))

    def test_interface_down_and_up_again(self):
        """The server goes on when its interface was set down and up: renewals, new leases."""
        with lab.Lab(clients=2) as network, network.serve() as server:
            first, second = (lab.Udhcpc(node) for node in network.clients)
            address = first.obtain().address
            network.home.node.ip("link set eth0 down")
            time.sleep(0.5)
            network.home.node.ip("link set eth0 up")
            self.assertEqual(address, first.renew().address)
            self.assertNotEqual(address, second.obtain().address)
            self.assertTrue(server.running)

    def test_cable_out_and_in_again(self):
        """The server goes on when its interface had no carrier for a while."""
        with lab.Lab(clients=2) as network, network.serve() as server:
            first, second = (lab.Udhcpc(node) for node in network.clients)
            address = first.obtain().address
            network.unplug_server()
            time.sleep(0.5)
            network.plug_server()
            self.assertEqual(address, first.renew().address)
            self.assertNotEqual(address, second.obtain().address)
            self.assertTrue(server.running)


_VICTIM = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
sys.path.insert(0, {tools!r})
import lab
with lab.Lab(clients=1) as network, network.serve():
    node = network.clients[0]
    lab.Udhcpc(node).obtain()
    pids = [own.pid for own in network._nodes] + node.processes() + network.home.node.processes()
    print(*pids, flush=True)
    {then}
"""


class MachineTest(unittest.TestCase):
    """The machine's own network settings stay as they are, whatever happens to the lab."""

    @classmethod
    def setUpClass(cls):
        skip_unless_possible(lab.Udhcpc)

    def test_nothing_changes_while_the_clients_live_their_story(self):
        """Addresses, routes, rules, mounts and /etc/resolv.conf are the same before and after."""
        SharedStories.of(lab.Udhcpc)
        self.assertEqual(SharedStories.before, SharedStories.after)

    def test_nothing_changes_while_a_client_is_bound(self):
        """The same, compared while the lab is up and a client has its address and route."""
        before = machine()
        with lab.Lab() as network, network.serve():
            lab.Udhcpc(network.clients[0]).obtain()
            during = machine()
            inside = network.clients[0].ip("-4 route")
        self.assertEqual(before, during)
        self.assertIn("default via 10.77.0.1", inside)

    def test_a_client_that_writes_resolv_conf_writes_its_own(self):
        """What a stock client script would do reaches the client's copy and not the machine's."""
        before = _bytes_of("/etc/resolv.conf")
        with lab.Lab() as network:
            node = network.clients[0]
            node.run(["sh", "-c", "echo nameserver 10.77.0.1 > /etc/resolv.conf"], check=False)
            during = _bytes_of("/etc/resolv.conf")
            inside = node.run(["cat", "/etc/resolv.conf"], check=False).stdout
        self.assertEqual((before, before), (during, _bytes_of("/etc/resolv.conf")))
        if before is not None:
            self.assertEqual("nameserver 10.77.0.1\n", inside)

    def test_a_client_cannot_write_the_machine_s_files(self):
        """Inside a client's node the machine's files are read-only, for root too."""
        with lab.Lab() as network:
            argv = ["sh", "-c", "echo x > /etc/microdhcp-was-here"]
            done = network.clients[0].run(argv, check=False)
        self.assertNotEqual(0, done.returncode)
        self.assertFalse(os.path.exists("/etc/microdhcp-was-here"))

    def test_sigkill_leaves_nothing_behind(self):
        """A lab whose program is killed takes all its processes and interfaces with it."""
        self.assert_all_gone("time.sleep(3600)", signal.SIGKILL)

    def test_sigterm_leaves_nothing_behind(self):
        """The same for SIGTERM."""
        self.assert_all_gone("time.sleep(3600)", signal.SIGTERM)

    def test_interrupt_leaves_nothing_behind(self):
        """The same for Ctrl-C."""
        self.assert_all_gone("time.sleep(3600)", signal.SIGINT)

    def test_exception_leaves_nothing_behind(self):
        """The same for an exception inside the `with` block."""
        self.assert_all_gone("raise RuntimeError", None)

    def assert_all_gone(self, then, number):
        """Run a lab in a program of its own, end it, and look for what it has started."""
        before = machine()
        code = _VICTIM.format(tools=str(ROOT / "tools"), then=then)
        victim = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            pids = [int(word) for word in victim.stdout.readline().split()]
            if number is not None:
                victim.send_signal(number)
            self.assertNotEqual(0, victim.wait(LIMIT_S))
        finally:
            victim.kill()
            victim.wait()
            victim.stdout.close()
        self.assertGreaterEqual(len(pids), 5)  # switch, two nodes, server, client
        self.assertEqual([], _still_there(pids))
        self.assertEqual(before, machine())


def _still_there(pids):
    """Return those PIDs that still exist when the wait for their end is over."""
    until(lambda: not any(map(_exists, pids)))
    return list(filter(_exists, pids))


def _exists(pid):
    return os.path.exists(f"/proc/{pid}")


class UnavailableTest(unittest.TestCase):
    """Where there can be no lab, the reason is one sentence."""

    def test_missing_tool_is_named_with_its_package(self):
        """Without iproute2 the reason names it."""
        path = dict(os.environ, PATH="/nonexistent")
        code = (
            f"import sys; sys.path.insert(0, {str(ROOT / 'tools')!r})\n"
            "import lab.network as n\n"
            "n.shutil.which = lambda tool, path=None: None\n"
            "print(n.unavailable()); print(n.Lab and __import__('lab').Dhclient.unavailable())"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S, env=path
        )
        self.assertEqual(
            "The lab needs ip (Debian package iproute2).\n"
            "dhclient is not installed (Debian package isc-dhcp-client).\n",
            done.stdout,
        )


if __name__ == "__main__":
    unittest.main()
