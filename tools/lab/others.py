"""Other DHCP servers in a node of the lab: Kea, dnsmasq, ISC dhcpd, ISC dhcrelay, and PostgreSQL.

with Other(node, kea_command(node, "/run/lab/kea.conf"), KEA_READY):
    ...

All files of theirs are below /run/lab of the node; nothing of the machine's is touched.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .nodes import LabError

HOME = "/run/lab"
KEA_READY, DNSMASQ_READY, DHCPD_READY = "DHCP4_STARTED", "started, version", "Server starting"
POSTGRES_READY, RELAY_READY = "ready to accept connections", "Socket/fallback"
PACKAGES = {
    "kea-dhcp4": "kea-dhcp4-server",
    "kea-admin": "kea-admin",
    "perfdhcp": "kea-admin",
    "dnsmasq": "dnsmasq-base",
    "dhcpd": "isc-dhcp-server",
    "dhcrelay": "isc-dhcp-relay",
    "postgres": "postgresql-15",
    "iptables": "iptables",
}
HOOKS = Path("/usr/lib/x86_64-linux-gnu/kea/hooks")
_LOGIN = ("-u", "kea", "-p", "unused", "-h", "127.0.0.1", "-n", "kea")
_POSTGRES = Path("/usr/lib/postgresql/15/bin")
_PATH = os.environ.get("PATH", "") + f":/usr/sbin:/sbin:{_POSTGRES}"
_READY_S = 120  # a generous limit: a busy machine starts things slowly
_ENV = {"PATH": _PATH, "KEA_LOCKFILE_DIR": "none", "KEA_PIDFILE_DIR": HOME, "TZ": "UTC"}


def unavailable(*programs):
    """Return which Debian packages must be there for these programs, as one sentence, or None."""
    missing = sorted({PACKAGES[one] for one in programs if not shutil.which(one, path=_PATH)})
    return f"Needs the Debian packages {' '.join(missing)}." if missing else None


class Other:
    """One program in a node, in the foreground; use it in a `with` statement.

    argv    its command line
    ready   what it writes when it serves
    """

    def __init__(self, node, argv, ready):
        self._node = node
        self._argv = argv
        self._ready = ready
        self._log = None
        self.process = None

    def __enter__(self):
        name = f"{Path(self._argv[0]).name}-{time.monotonic_ns()}.log"
        self._log = self._node.path(f"{HOME}/{name}")
        with open(self._log, "wb") as log:
            self.process = self._node.start(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **_ENV},
            )
        deadline = time.monotonic() + _READY_S
        while self._ready not in self.log():
            if self.process.popen.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise LabError(f"{self._argv[0]} did not start:\n{self.log()[-2000:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_exception):
        self.end()

    def log(self):
        """Return its output so far."""
        return self._log.read_text(errors="replace")

    def end(self):
        """End it by SIGTERM, unless it has ended already."""
        if self.process.popen.poll() is None:
            self.process.end(20)

    def kill(self):
        """End it by SIGKILL, so that it cannot tell anybody."""
        if self.process.popen.poll() is None:
            self.process.signal(signal.SIGKILL)
            self.process.popen.wait(20)


def put(node, name, data):
    """Write a file into the node's own directory; return its path as programs there see it."""
    path = node.path(f"{HOME}/{name}")
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    path.chmod(0o666)
    return f"{HOME}/{name}"


def _copy(node, program):
    """Return a copy of a program in the node: an AppArmor profile would forbid it our files."""
    target = node.path(f"{HOME}/{program}")
    if not target.exists():
        shutil.copy(shutil.which(program, path=_PATH), target)
    return f"{HOME}/{program}"


def kea(node, config):
    """Return kea-dhcp4 with a configuration (text)."""
    path = put(node, "kea-dhcp4.conf", config)
    return Other(node, [_copy(node, "kea-dhcp4"), "-c", path], KEA_READY)


def dnsmasq(node, config):
    """Return dnsmasq with a configuration (text)."""
    path = put(node, "dnsmasq.conf", config)
    argv = [shutil.which("dnsmasq", path=_PATH), "-k", "-C", path, "--log-facility=-"]
    return Other(node, [*argv, "--user=root", "--pid-file="], DNSMASQ_READY)


def dhcpd(node, config, leases, interface="eth0"):
    """Return ISC dhcpd with a configuration and leases (texts)."""
    paths = "-cf", put(node, "dhcpd.conf", config), "-lf", put(node, "dhcpd.leases", leases)
    argv = [_copy(node, "dhcpd"), "-4", "-f", "-d", *paths, "-pf", f"{HOME}/dhcpd.pid", interface]
    return Other(node, argv, DHCPD_READY)


def postgres(node):
    """Return a PostgreSQL server of the node's own, with a user and a database called kea."""
    folder = f"{HOME}/postgres"
    node.run(["mkdir", "-p", folder])
    node.run(["chown", "-R", "postgres", folder])
    initdb = [str(_POSTGRES / "initdb"), "-D", folder, "-A", "trust", "-U", "kea", "--no-sync"]
    node.run(["runuser", "-u", "postgres", "--", *initdb], timeout_s=120)
    argv = ["runuser", "-u", "postgres", "--", str(_POSTGRES / "postgres"), "-D", folder]
    argv += ["-k", folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    return Other(node, argv, POSTGRES_READY)


def prepare_database(node, sql):
    """Make the database kea with the schema of kea-admin, and run SQL (text) in it."""
    psql = ["psql", "-h", "127.0.0.1", "-U", "kea", "-v", "ON_ERROR_STOP=1", "-q"]
    node.run([*psql, "-d", "postgres", "-c", "CREATE DATABASE kea"], timeout_s=60)
    node.run(["kea-admin", "db-init", "pgsql", *_LOGIN], timeout_s=120)
    node.run([*psql, "-d", "kea", "-f", put(node, "leases.sql", sql)], timeout_s=60)


def dump_database(node):
    """Return the leases in the database kea as CSV (text)."""
    path = f"{HOME}/dump.csv"
    node.run(["kea-admin", "lease-dump", "pgsql", "-4", *_LOGIN, "-o", path], timeout_s=120)
    return node.path(path).read_text()
