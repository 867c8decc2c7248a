"""Real resolvers ask `serve.py --names`: dig, host, nslookup, busybox, glibc, systemd-resolved.

Two real clients get leases in the lab.  The second one then asks for the first by name, while it
has its lease and after it has gone.  Skipped by name where a program is missing.
"""

import os
import shutil
import subprocess
import unittest
from pathlib import Path

import lab
from patience import LIMIT_S, until

ROUTER = "10.77.0.1"
#: Installing it would take over this machine's /etc/resolv.conf.  `apt-get download` and `dpkg -x`
#: do not: then MICRODHCP_RESOLVED=x/lib/systemd/systemd-resolved.
RESOLVED = os.environ.get("MICRODHCP_RESOLVED", "/lib/systemd/systemd-resolved")
if not Path(RESOLVED).exists():
    RESOLVED = None
PROGRAMS = {
    "dig": ("dig", "+time=5", "+tries=1", "{}", "A"),
    "dig by search": ("dig", "+search", "+time=5", "+tries=1", "{}", "A"),
    "dig +dnssec": ("dig", "+dnssec", "+time=5", "+tries=1", "{}", "A"),
    "host": ("host", "{}"),
    "nslookup": ("nslookup", "{}"),
    "busybox nslookup": ("busybox", "nslookup", "{}", ROUTER),
    "glibc": ("getent", "ahostsv4", "{}"),
}
GONE = {"dig": "status: NXDOMAIN", "dig +dnssec": "status: NXDOMAIN", "host": "NXDOMAIN"}


def live():
    """Return {what: what a program said}, and the addresses; the lab is gone then."""
    seen = {}
    words = ("--conflict-check", "off", "--names", "lan", "--board-name", "router")
    with lab.Lab(clients=2) as network, network.serve(*words):
        sensor, asker = map(lab.Udhcpc, network.clients)
        node = network.clients[1]
        asker.obtain()
        resolv = f"nameserver {ROUTER}\nsearch lan\noptions timeout:5 attempts:1\n"
        node.path("/run/lab/resolv.conf").write_text(resolv)

        def ask(program, name):
            argv = [word.format(name) for word in PROGRAMS[program]]
            return node.run(argv, check=False).stdout

        seen["before"] = ask("dig", "client1.lan")
        seen["address"] = sensor.obtain().address
        for program in PROGRAMS:
            if shutil.which(PROGRAMS[program][0]):
                full = "client1" if program == "dig by search" else "client1.lan"
                seen[program] = ask(program, full)
        seen["back"] = node.run(["getent", "hosts", seen["address"]], check=False).stdout
        seen["bare"] = node.run(["getent", "ahostsv4", "client1"], check=False).stdout
        seen["foreign"] = ask("dig", "example.com")
        if RESOLVED:
            seen.update(by_resolved(node))
        sensor.release()
        for program, word in GONE.items():
            if shutil.which(PROGRAMS[program][0]):
                until(lambda p=program, w=word: w in ask(p, "client1.lan"))
                seen[program, "gone"] = ask(program, "client1.lan")
        seen["glibc", "gone"] = ask("glibc", "client1.lan")
    return seen


def by_resolved(node):
    """Return what systemd-resolved says, which runs in the node, with its own /run."""
    conf = f"[Resolve]\nDNS={ROUTER}\nDomains=lan\nLLMNR=no\nMulticastDNS=no\nDNSSEC=no\n"
    node.path("/run/systemd/resolved.conf.d").mkdir(parents=True)
    node.path("/run/systemd/resolved.conf.d/lab.conf").write_text(conf)
    for name, line in (
        ("passwd", "systemd-resolve:x:64991:64991::/:/usr/sbin/nologin"),
        ("group", "systemd-resolve:x:64991:"),
    ):
        known = Path("/etc", name).read_text()
        node.path(f"/run/lab/{name}").write_text(f"{line}\n{known}")
        node.run(["mount", "--bind", f"/run/lab/{name}", f"/etc/{name}"])
    node.path("/run/systemd/resolve").mkdir(parents=True)
    node.run(["chown", "64991:64991", "/run/systemd/resolve"])
    quiet = subprocess.DEVNULL
    process = node.start([RESOLVED], stdout=quiet, stderr=quiet)
    ask = ["dig", "+time=1", "+tries=1", "@127.0.0.53", "client1.lan", "A"]
    try:
        until(lambda: "status: NOERROR" in node.run(ask, check=False).stdout, LIMIT_S)
        return {"systemd-resolved": node.run(ask, check=False).stdout}
    finally:
        process.kill()


@unittest.skipIf(lab.unavailable(), lab.unavailable())
class Resolvers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seen = live()

    def test_a_device_is_found_at_once(self):
        """The first query after the ACK has the answer, from each program"""
        for program, (name, *_) in PROGRAMS.items():
            with self.subTest(program):
                if program not in self.seen:
                    self.skipTest(f"{name} is missing")
                self.assertIn(self.seen["address"], self.seen[program])

    def test_by_its_bare_name_and_by_its_address(self):
        """Through the search list, and PTR"""
        self.assertIn(self.seen["address"], self.seen["bare"])
        self.assertIn("client1.lan", self.seen["back"])

    def test_unknown_before_and_after_its_lease(self):
        """Nothing is left in between: the TTL is a second"""
        if "before" in self.seen and shutil.which("dig"):
            self.assertIn("status: NXDOMAIN", self.seen["before"])
        for program, word in GONE.items():
            if shutil.which(PROGRAMS[program][0]):
                self.assertIn(word, self.seen[program, "gone"])
        self.assertEqual(self.seen["glibc", "gone"], "")

    def test_foreign_names_are_refused(self):
        """At once, so that nobody waits"""
        if not shutil.which("dig"):
            self.skipTest("dig is missing")
        self.assertIn("status: REFUSED", self.seen["foreign"])

    def test_systemd_resolved(self):
        """Its stub gives the address on"""
        if not RESOLVED:
            self.skipTest("systemd-resolved is missing")
        self.assertIn(self.seen["address"], self.seen["systemd-resolved"])


if __name__ == "__main__":
    unittest.main()
