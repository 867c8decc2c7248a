"""Real DHCP clients, one class each, all with the same methods.

Each method does one thing to the client and returns once the client's hook script has reported the
result; the plain values come from the script's environment.  The class of a client says
what it cannot do, and what it does instead.
"""

import ipaddress
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from patience import LIMIT_S, until

from .nodes import LabError

HOOKS = Path(__file__).resolve().parent / "hooks"

#: Where a node's files are, inside the node.
HOME = "/run/lab"

#: The interface of every node.
INTERFACE = "eth0"

#: The environment of clients, so that the hook's report holds what the client has put there.
_ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}
# what the scripts of dhclient and of dhcpcd are given, under the same names
_SCRIPT_VARIABLES = (
    "new_ip_address",
    "new_subnet_mask",
    "new_dhcp_lease_time",
    "new_routers",
    "new_domain_name_servers",
    "new_dhcp_server_identifier",
)

#: A MAC address that nobody on the lab's networks has.
NOBODY = "00:00:5e:00:53:ff"


@dataclass(frozen=True)
class Lease:
    """What a client says it has got.

    event        the client's own word for what happened, e.g. "BOUND" or "renew"
    address      IPv4 address as text
    prefix       bits of the subnet mask
    lease_s      lease time in seconds
    routers, dns_servers  tuples of addresses as text
    server       the server identifier as text
    raw          the whole environment of the hook script
    """

    event: str
    address: str
    prefix: int
    lease_s: int
    routers: tuple
    dns_servers: tuple
    server: str
    raw: dict


class Client:
    """A DHCP client in a node.

    node    where it runs; its interface is eth0
    checks  True: it asks by ARP whether a new address is in use, and declines it if so
    """

    name = program = package = ""
    #: Names of the hook's variables: address, mask, lease time, routers, DNS servers, server.
    variables = ()
    #: The hook's first words after which the client has an address.
    obtained = renewed = rebound = rebooted = frozenset()
    #: True when the client asks for a remembered address by REQUEST (RFC 2131 section 4.4.2).
    has_init_reboot = True
    #: True when the client can check an address before it uses it.
    has_check = True

    def __init__(self, node, checks=False):
        self.node = node
        self.checks = checks
        self.lease = None
        self._process = None
        self._seen = 0

    @classmethod
    def unavailable(cls):
        """Return why this client cannot run here, as one sentence, or None."""
        if shutil.which(cls.program, path=_ENV["PATH"]):
            return None
        return f"{cls.program} is not installed (Debian package {cls.package})."

    @classmethod
    def version(cls):
        """Return the client's version as text, e.g. "4.4.3-P1"."""
        done = subprocess.run(
            cls.version_command,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            env=_ENV,
        )
        return re.search(r"\d+\.\d+[\w.-]*", done.stdout + done.stderr).group()

    # What a test does to a client.

    def obtain(self, timeout_s=LIMIT_S):
        """Start the client and return its Lease (RFC 2131 section 3.1)."""
        self._start(self.command())
        return self._wait(self.obtained, timeout_s)

    def renew(self, timeout_s=LIMIT_S):
        """Return the Lease after the client has renewed it at its server (state RENEWING)."""
        raise NotImplementedError

    def rebind(self, timeout_s=LIMIT_S):
        """Return the Lease after the client has extended it at any server (state REBINDING)."""
        raise NotImplementedError

    def release(self, timeout_s=LIMIT_S):
        """Let the client give its address back; returns when the client has ended."""
        raise NotImplementedError

    def reboot(self, timeout_s=LIMIT_S):
        """Cut the power and start again with the remembered address; return the Lease."""
        self.cut_power()
        self._start(self.command())
        return self._wait(self.rebooted, timeout_s)

    def move(self, plug, timeout_s=LIMIT_S):
        """Carry the client to another network and return the Lease it gets there.

        plug  called without arguments: puts the cable into the other network's switch
        """
        self.cut_power()
        plug()
        self._start(self.command())
        return self._wait(self.obtained, timeout_s)

    def stop(self):
        """End the client without a RELEASE."""
        if self._process:
            self._process.end()
        self.cut_power()

    def cut_power(self):
        """End the client by SIGKILL and take its address away, as a power failure does."""
        self.node.kill_all()
        if self._process:
            self._process.popen.wait()
            self._process = None
        self.node.ip(f"-4 addr flush dev {INTERFACE}")

    def log_tail(self, lines=15):
        """Return the last lines of what the client printed."""
        try:
            text = self._file("log").read_text(errors="replace")
        except OSError:
            return "(no log)"
        return "\n".join(text.splitlines()[-lines:])

    # What the classes below share.

    def _file(self, name):
        return self.node.path(f"{HOME}/{name}")

    def _start(self, argv):
        with open(self._file("log"), "ab") as log:
            self._process = self.node.start(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=_ENV
            )

    def _run(self, argv, timeout_s):
        done = self.node.run(argv, check=False, timeout_s=timeout_s)
        with open(self._file("log"), "a", encoding="utf-8") as log:
            log.write(done.stdout + done.stderr)

    def install_hook(self):
        """Put the hook script where the client finds it, and return its path in the node."""
        target = self._file("hook")
        shutil.copyfile(HOOKS / f"{self.name}.sh", target)
        target.chmod(0o755)
        return f"{HOME}/hook"

    def _write(self, name, text):
        """Write a configuration file, unless it is there with the same text: it keeps its time."""
        file = self._file(name)
        if not file.exists() or file.read_text(encoding="ascii") != text:
            file.write_text(text, encoding="ascii")

    def events(self):
        """Return all reports of the hook script so far, as a list of (first word, environment)."""
        try:
            text = self._file("events").read_text(errors="replace")
        except FileNotFoundError:
            return []
        reports = []
        for block in text.split("\nend\n")[:-1]:
            first, *rest = block.lstrip("\n").splitlines()
            reports.append((first[6:], dict(line.split("=", 1) for line in rest if "=" in line)))
        return reports

    def _wait(self, words, timeout_s):
        """Return the Lease of the next report whose first word is one of `words`."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            reports = self.events()
            for number in range(self._seen, len(reports)):
                word, env = reports[number]
                if word in words:
                    self._seen = number + 1
                    self.lease = self._read(word, env)
                    return self.lease
            if self._process and self._process.popen.poll() is not None:
                break
            time.sleep(0.02)
        wanted = "/".join(sorted(words))
        raise LabError(
            f"{self.name}: no {wanted} within {timeout_s} s, or it ended:\n{self.log_tail()}"
        )

    def _skip_reports(self):
        """Forget what the hook has reported so far, so that _wait waits for something new."""
        self._seen = len(self.events())

    def _read(self, word, env):
        address, mask, lease_s, routers, dns, server = (env.get(v, "") for v in self.variables)
        network = ipaddress.ip_interface(f"{address}/{mask or 32}").network
        return Lease(
            event=word,
            address=address,
            prefix=network.prefixlen,
            lease_s=int(lease_s or 0),
            routers=tuple(routers.split()),
            dns_servers=tuple(dns.split()),
            server=server,
            raw=env,
        )

    def _hide_server(self):
        """Send frames for the server to an unused MAC.  Broadcasts still arrive."""
        self.node.ip(f"neigh replace {self.lease.server} lladdr {NOBODY} dev {INTERFACE}")

    def _show_server(self):
        self.node.ip(f"neigh del {self.lease.server} dev {INTERFACE}")


class Udhcpc(Client):
    """busybox udhcpc.

    It sends a renewal from a second socket, and loses an ACK that comes before it has closed that
    one (in 6 of 24 renewals on a busy machine: the server needs 0.5 ms); then it asks again by
    broadcast after 1 s.
    It has no INIT-REBOOT: with a remembered address (-r) it sends a DISCOVER with option 50.
    On another network it keeps its address until it renews; the broadcast then brings a NAK.
    """

    name, program, package = "udhcpc", "busybox", "udhcpc"
    version_command = ("busybox", "udhcpc", "--help")
    variables = ("ip", "mask", "lease", "router", "dns", "serverid")
    obtained = rebooted = frozenset({"bound"})
    renewed = rebound = frozenset({"renew"})
    has_init_reboot = False

    #: Seconds that it waits for an answer; it begins anew if three requests get none.
    pause_s = 1

    def command(self):
        """Return the command line, with the remembered address when there is one."""
        hook = self.install_hook()
        words = f"-i {INTERFACE} -s {hook} -x hostname:{self.node.name}"
        argv = f"busybox udhcpc -f -n -t 600 -T {self.pause_s} {words}".split()
        argv += ["-a500", "-A", "1"] if self.checks else []
        return argv + (["-r", self.lease.address] if self.lease else [])

    @classmethod
    def unavailable(cls):
        """Return why this client cannot run here, as one sentence, or None."""
        reason = super().unavailable()
        if reason:
            return reason
        applets = subprocess.run(
            ["busybox", "--list"],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            env=_ENV,
        )
        if "udhcpc" in applets.stdout.split():
            return None
        return "This busybox has no udhcpc (Debian package busybox)."

    def renew(self, timeout_s=LIMIT_S):
        """Renew at once, by SIGUSR1."""
        self._skip_reports()
        self._process.signal(signal.SIGUSR1)
        return self._wait(self.renewed, timeout_s)

    def rebind(self, timeout_s=LIMIT_S):
        """Renew while the server cannot be reached by unicast: udhcpc broadcasts after 1 s."""
        self._hide_server()
        try:
            return self.renew(timeout_s)
        finally:
            self._show_server()

    def release(self, timeout_s=LIMIT_S):
        """Release by SIGUSR2, then end the client."""
        self._skip_reports()
        self._process.signal(signal.SIGUSR2)
        told = until(
            lambda: "deconfig" in [word for word, _ in self.events()[self._seen :]], timeout_s
        )
        if not told:
            raise LabError(f"udhcpc: no release within {timeout_s} s:\n{self.log_tail()}")
        self.stop()
        self.lease = None

    def move(self, plug, timeout_s=LIMIT_S):
        """Plug the running client over and let it renew: NAK, then a new address."""
        plug()
        self._skip_reports()
        self._process.signal(signal.SIGUSR1)
        return self._wait(self.obtained, timeout_s)


class Dhclient(Client):
    """ISC dhclient.  It renews by its clock only, so it is told to do so after a few seconds.

    It leaves the check of an address to its script; ours has none.
    """

    has_check = False

    name, program, package = "dhclient", "dhclient", "isc-dhcp-client"
    version_command = ("dhclient", "--version")
    variables = _SCRIPT_VARIABLES
    obtained = frozenset({"BOUND"})
    renewed = frozenset({"RENEW"})
    rebound = frozenset({"REBIND", "RENEW"})  # it says RENEW after its broadcast, too
    rebooted = frozenset({"REBOOT"})

    #: Seconds after which it renews and rebinds, whatever the server says.
    t1_s, t2_s = 4, 7

    _CONF = """
timeout 600; retry 1; reboot 60; select-timeout 0; initial-interval 1; backoff-cutoff 2;
supersede dhcp-renewal-time {t1_s};
supersede dhcp-rebinding-time {t2_s};
send host-name "{name}";
request subnet-mask, broadcast-address, routers, domain-name, domain-name-servers, host-name;
"""

    def _arguments(self):
        # A copy: an AppArmor profile for the installed path would forbid our files.
        program = self._file("dhclient")
        if not program.exists():
            shutil.copy(shutil.which(self.program, path=_ENV["PATH"]), program)
        conf = self._CONF.format(t1_s=self.t1_s, t2_s=self.t2_s, name=self.node.name)
        self._write("dhclient.conf", conf)
        words = f"{HOME}/dhclient -4 -sf {self.install_hook()} -cf {HOME}/dhclient.conf"
        return f"{words} -lf {HOME}/dhclient.leases -pf {HOME}/dhclient.pid".split()

    def command(self):
        """Return the command line; the lease file remembers the address."""
        return [*self._arguments(), "-d", INTERFACE]

    def renew(self, timeout_s=LIMIT_S):
        """Wait for T1."""
        self._skip_reports()
        return self._wait(self.renewed, timeout_s)

    def rebind(self, timeout_s=LIMIT_S):
        """Hide the server and wait for T2."""
        self._hide_server()
        try:
            self._skip_reports()
            return self._wait(self.rebound, timeout_s)
        finally:
            self._show_server()

    def release(self, timeout_s=LIMIT_S):
        """Release by a second dhclient, which also ends the first."""
        self._run([*self._arguments(), "-r", INTERFACE], timeout_s)
        self.stop()


class Dhcpcd(Client):
    """dhcpcd.  It sets the address itself; its -N renews and its -n rebinds at once.

    Its vendor class is set, so that captures do not depend on the machine's kernel and processor.
    """

    name, program, package = "dhcpcd", "dhcpcd", "dhcpcd-base"
    version_command = ("dhcpcd", "--version")
    variables = _SCRIPT_VARIABLES
    obtained = frozenset({"BOUND"})
    renewed = frozenset({"RENEW"})
    rebound = frozenset({"REBIND", "RENEW", "BOUND"})
    rebooted = frozenset({"REBOOT"})

    _CONF = """
clientid
hostname {name}
vendorclassid dhcpcd-{version}:Linux-6.1.0:x86_64:GenuineIntel
option subnet_mask, routers, domain_name_servers, domain_name, host_name
{noarp}
noipv4ll
noipv6
nodev
reboot 60
script {hook}
"""

    def _arguments(self):
        conf = self._CONF.format(
            name=self.node.name,
            version=self.version(),
            noarp="" if self.checks else "noarp",
            hook=self.install_hook(),
        )
        # Rewritten only when it differs: with a newer file, dhcpcd drops its lease on -n.
        self._write("dhcpcd.conf", conf)
        return f"dhcpcd -f {HOME}/dhcpcd.conf -4".split()

    def command(self):
        """Return the command line; dhcpcd's own lease file remembers the address."""
        return [*self._arguments(), "-B", "-d", INTERFACE]

    def renew(self, timeout_s=LIMIT_S):
        """Renew at once, by dhcpcd -N."""
        self._skip_reports()
        self._run([*self._arguments(), "-N", INTERFACE], timeout_s)
        return self._wait(self.renewed, timeout_s)

    def rebind(self, timeout_s=LIMIT_S):
        """Rebind at once, by dhcpcd -n."""
        self._skip_reports()
        self._run([*self._arguments(), "-n", INTERFACE], timeout_s)
        return self._wait(self.rebound, timeout_s)

    def release(self, timeout_s=LIMIT_S):
        """Release by dhcpcd -k, which also ends the client."""
        self._run([*self._arguments(), "-k", INTERFACE], timeout_s)
        self.stop()

    def inform(self, address, timeout_s=LIMIT_S):
        """Keep a fixed address and ask only for parameters (RFC 2131 3.4); return the Lease.

        address  with prefix, e.g. "10.77.0.5/24"
        """
        self.node.ip(f"addr replace {address} dev {INTERFACE}")
        self._start([*self._arguments(), "-B", "-d", "-s", address, INTERFACE])
        return self._wait({"INFORM"}, timeout_s)


#: All clients, in the order in which the lab shows them.
CLIENTS = (Udhcpc, Dhclient, Dhcpcd)
