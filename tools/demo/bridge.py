"""Carries DHCP messages between an interface of the lab and the core inside MicroPython.

When the core wants an address checked, the bridge asks by ARP (RFC 5227), as serve.py does.
"""

import ipaddress
import select
import subprocess
import sys
import threading
import time

import dhcptext
from lab.clients import INTERFACE
from linux import arp, frames
from microdhcp import BROADCAST, CIADDR

SERVER_PORT, CLIENT_PORT = 67, 68
EVERYBODY = b"\xff" * 4
CHECK_S = 0.3
# Without a socket on port 67 the kernel would answer a client's unicast with "port unreachable".
HOLD_PORT = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("", 67))
print("ready", flush=True)
sys.stdin.read()
"""


class Bridge:
    """From `with Bridge(network, stage) as bridge:` to the end of the block the core is there.

    network  the lab's Network; its node has the server's address
    stage    has vm, a mpvm.Session with a `server`; show(packet) is called with each message that
             reaches the core or leaves it, note(text) with each check
    An error of the core comes out of wait_for(), or of the end of the block.
    """

    def __init__(self, network, stage):
        self._network = network
        self._address = ipaddress.IPv4Address(network.server).packed
        self._mac = bytes.fromhex(network.mac.replace(":", ""))
        self._stage = stage
        self._seen = set()
        self._error = None
        self._ending = threading.Event()
        self._started = time.monotonic()

    def __enter__(self):
        argv = [sys.executable, "-I", "-S", "-c", HOLD_PORT]
        pipe = subprocess.PIPE
        self._holder = self._network.node.start(argv, stdin=pipe, stdout=pipe)
        self._holder.popen.stdout.readline()
        self._sock = self._network.node.packet_socket(INTERFACE)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind, *_rest):
        self._ending.set()
        self._thread.join()
        self._sock.close()
        self._holder.end()
        for pipe in (self._holder.popen.stdin, self._holder.popen.stdout):
            pipe.close()
        if self._error and kind is None:
            raise self._error

    def wait_for(self, kind, timeout_s):
        """Return once a message of that type has been seen, or after timeout_s, or on an error."""
        deadline = time.monotonic() + timeout_s
        while kind not in self._seen and not self._error and time.monotonic() < deadline:
            time.sleep(0.02)

    def _run(self):
        """Serve until the end; what goes wrong is kept for the thread that waits."""
        try:
            while not self._ending.is_set():
                if select.select([self._sock], [], [], 0.1)[0]:
                    self._take(memoryview(self._sock.recv(65536)))
        except Exception as error:
            self._error = error

    def _take(self, frame):
        """Let the core answer a frame, if it is a message for a DHCP server."""
        if frame[12:14] != frames.ETH_P_IP.to_bytes(2, "big"):
            return
        try:
            _, (_, port), view = frames.read_udp(frame[14:], checksum_pending=True)
        except frames.BadDatagramError:
            return
        if port != SERVER_PORT:
            return
        payload = bytes(view)
        self._stage.show(payload)
        reply, reply_to = self._answer(payload)
        if reply:
            self._sock.send(self._frame(payload, reply, reply_to))
            self._stage.show(reply)
        self._seen.add(dhcptext.parse(payload).kind)

    def _answer(self, payload):
        """Return the core's reply and where it goes, after the checks that it wants."""
        vm = self._stage.vm
        while True:
            now_s = int(time.monotonic() - self._started)
            reply, reply_to, _ = vm.handle(payload, now_s)
            address = vm.call("to_check")
            if address is None:
                return reply, reply_to
            owner = self._owner(bytes(address))
            who = f"{owner.hex(':')} has it" if owner else "nobody answers"
            self._stage.note(f"ARP: who has {ipaddress.IPv4Address(bytes(address))}? {who}")
            vm.call("checked", owner is not None, now_s)

    def _owner(self, address):
        """Ask who has an address; return its MAC, None when nobody answers in time."""
        ethertype = arp.ETH_P_ARP.to_bytes(2, "big")
        head = frames.BROADCAST_MAC + self._mac + ethertype
        self._sock.send(head + arp.probe(self._mac, address))
        end = time.monotonic() + CHECK_S
        while select.select([self._sock], [], [], max(0, end - time.monotonic()))[0]:
            frame = memoryview(self._sock.recv(65536))
            if frame[12:14] == ethertype:
                answer = arp.read(frame[14:])
                if answer.sender == address:
                    return bytes(answer.sender_mac)
        return None

    def _frame(self, request, reply, reply_to):
        """Return the frame that brings a reply to its client (RFC 2131 section 4.1)."""
        mac, address = bytes(request[28:34]), reply[16:20]
        if reply_to == BROADCAST:
            mac, address = frames.BROADCAST_MAC, EVERYBODY
        elif reply_to == CIADDR:
            address = bytes(request[12:16])
        source = self._address, SERVER_PORT
        packet = frames.udp_in_ipv4(source, (address, CLIENT_PORT), reply)
        return frames.ethernet(mac, self._mac, packet)
