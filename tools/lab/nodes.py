"""Nodes: hosts made of namespaces, each kept alive by one waiting process.

Rules that hold here:
* Everything the lab starts lives in one process namespace, whose first process waits at the end
  of a pipe held by this program.  When this program ends, in whatever way (SIGKILL too), the pipe
  closes, that process ends, and the kernel ends all others and takes the interfaces, mounts and
  files with them.  So there is nothing to sweep up: a dead lab leaves no names behind.
* Every node has its own mounts: an empty /run, empty client state, its own /etc/resolv.conf.  What
  a client writes cannot reach the machine; as root the rest of / is read-only to it as well.
* Nobody is asked for a password: an ordinary user gets all this inside a user namespace.
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from patience import LIMIT_S

_FIRST = """
set -e
echo ready
exec cat
"""

_NODE = """
set -e
resolv=$(cat /etc/resolv.conf 2>/dev/null || :)
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/lab /run/dhcpcd
for state in /var/lib/dhcpcd /var/lib/dhcp; do
    if [ -d "$state" ]; then mount -t tmpfs -o mode=0755 tmpfs "$state"; fi
done
printf '%s\\n' "$resolv" >/run/lab/resolv.conf
target=$(readlink -m /etc/resolv.conf)
case $target in
    /run/*) mkdir -p "${target%/*}"; cp /run/lab/resolv.conf "$target" ;;
    *) if [ -e "$target" ]; then mount --bind /run/lab/resolv.conf "$target"; fi ;;
esac
if [ "$1" = read-only ]; then mount -o remount,bind,ro /; fi
ip link set lo up
echo ready
exec cat
"""

_PACKET_SOCKET = """
import socket, sys
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
sock.bind((sys.argv[2], 0))
socket.send_fds(socket.socket(fileno=int(sys.argv[1])), [b"+"], [sock.fileno()])
"""


class LabError(Exception):
    """Something in the lab did not work; the text says what, in one or a few lines."""


class Process:
    """One process inside a node.

    argv    the whole command, nsenter included
    kwargs  as for subprocess.Popen
    It has a process group of its own, so Ctrl-C at a terminal reaches the lab and not the client.
    """

    def __init__(self, argv, **kwargs):
        self.popen = subprocess.Popen(argv, start_new_session=True, **kwargs)
        self.pid = _only_child(self.popen)

    def signal(self, number):
        """Send a signal to the process itself, not to the nsenter that waits for it."""
        if self.pid and self.popen.poll() is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass

    def end(self, timeout_s=LIMIT_S):
        """End it by SIGTERM, or SIGKILL when that takes too long; return its exit status."""
        self.signal(signal.SIGTERM)
        try:
            return self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self):
        """End it by SIGKILL and return its exit status."""
        self.signal(signal.SIGKILL)
        return self.popen.wait(LIMIT_S)


class Node:
    """A host: a network namespace with its own mounts.

    first      the lab's first node, whose process namespace this one joins; None makes it
    name, mac  of a client node, set by the lab
    read_only  the machine's files are read-only here (done for root only: an ordinary user
               cannot write them anyway)
    Raises LabError with the reason when the machine does not allow it.
    """

    def __init__(self, first=None, read_only=False):
        self.name = self.mac = None
        self._started = []
        flags = ["--net", "--mount"]
        if first is None:
            script = _FIRST
            flags += ["--pid", "--fork", "--kill-child=SIGKILL"] + _user_flags()
            before = []
        else:
            script = _NODE
            before = first.enter(["--mount", "--pid"])
        mode = "read-only" if read_only and os.geteuid() == 0 else "open"
        argv = [*before, "unshare", *flags, "sh", "-c", script, "sh", mode]
        self.holder = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def _wait_until_ready(self):
        if self.holder.stdout.readline() != "ready\n":
            self.holder.stdin.close()
            said = self.holder.stderr.read().strip().splitlines() or ["it said nothing"]
            raise LabError(said[0])
        self.pid = _only_child(self.holder)
        if self.pid is None:
            raise LabError("the lab's own process ended at once")

    def close(self):
        """End the node, and wait for the processes that were started in it.

        Closing the lab's first node ends every process of the lab; closing another one only ends
        the process that keeps it, so it comes after the first.
        """
        self.holder.stdin.close()
        try:
            self.holder.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.holder.kill()
            self.holder.wait()
        self.holder.stdout.close()
        self.holder.stderr.close()
        for process in self._started:
            process.popen.wait(LIMIT_S)
        self._started = []

    def enter(self, spaces):
        """Return the start of a command line that enters this node's namespaces.

        spaces  nsenter flags, e.g. ["--net", "--mount", "--pid"]
        """
        user = ["--user", "--preserve-credentials"] if _user_flags() else []
        return ["nsenter", f"--target={self.pid}", *user, *spaces]

    def run(self, argv, check=True, timeout_s=LIMIT_S, stdin=None):
        """Run a command in the node and return its subprocess.CompletedProcess with text output.

        Raises LabError when it fails and check is true, or when it takes longer than timeout_s.
        """
        return _run([*self.enter(["--net", "--mount", "--pid"]), *argv], check, timeout_s, stdin)

    def ip(self, words):
        """Run `ip` with these words in the node; return what it printed."""
        return self.run(["ip", *shlex.split(words)]).stdout

    def ip_batch(self, lines):
        """Run several `ip` commands in one go; PIDs in them are those that this program sees."""
        argv = [*self.enter(["--net"]), "ip", "-batch", "-"]
        _run(argv, True, LIMIT_S, "\n".join(lines) + "\n")

    def start(self, argv, **kwargs):
        """Start a command in the node and return its Process; kwargs as for subprocess.Popen."""
        process = Process([*self.enter(["--net", "--mount", "--pid"]), *argv], **kwargs)
        self._started.append(process)
        return process

    def path(self, inside):
        """Return the pathlib.Path by which this program reaches a file of the node."""
        return Path(f"/proc/{self.pid}/root{inside}")

    def packet_socket(self, interface):
        """Return an AF_PACKET socket that sees every frame of an interface of the node."""
        ours, theirs = socket.socketpair()
        code = [sys.executable, "-I", "-S", "-c", _PACKET_SOCKET, str(theirs.fileno()), interface]
        with ours, theirs:
            argv = [*self.enter(["--net"]), *code]
            subprocess.run(argv, check=True, pass_fds=[theirs.fileno()], timeout=LIMIT_S)
            _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        return socket.socket(fileno=fds[0])

    def processes(self):
        """Return the PIDs of everything in the node's network namespace, but its holder."""
        mine = os.stat(f"/proc/{self.pid}/ns/net").st_ino
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit() and int(entry) != self.pid:
                try:
                    if os.stat(f"/proc/{entry}/ns/net").st_ino == mine:
                        found.append(int(entry))
                except OSError:
                    continue  # ended meanwhile, or somebody else's
        return [pid for pid in found if pid != self.holder.pid]

    def kill_all(self):
        """Cut the power: end all that runs in the node by SIGKILL; wait until it is gone."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            pids = self.processes()
            if not pids:
                return
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.01)
        raise LabError(f"processes {pids} do not end")


def _user_flags():
    """Return what an ordinary user has to add to unshare: a user namespace with itself as root."""
    return [] if os.geteuid() == 0 else ["--user", "--map-root-user"]


def _run(argv, check, timeout_s, stdin):
    """Run a command to its end; Debian keeps clients where a user's PATH does not lead."""
    try:
        done = subprocess.run(
            argv,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"},
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"{shlex.join(argv)}: no end after {timeout_s} s, the safety net") from None
    if check and done.returncode:
        raise LabError(f"{shlex.join(argv)}: status {done.returncode}: {done.stderr.strip()}")
    return done


def _only_child(popen, timeout_s=LIMIT_S):
    """Return the PID of the one child of a waiting nsenter or unshare; None: it has ended."""
    path = f"/proc/{popen.pid}/task/{popen.pid}/children"
    deadline = time.monotonic() + timeout_s
    while popen.poll() is None and time.monotonic() < deadline:
        try:
            children = Path(path).read_text(encoding="ascii").split()
        except OSError:
            children = []
        if children:
            return int(children[0])
        time.sleep(0.002)
    return None
