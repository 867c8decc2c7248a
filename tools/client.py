"""The project's own small DHCP client, to try a server with; it changes nothing on the machine.

    python tools/client.py --interface veth1 obtain renew release
    python tools/client.py --interface veth1 --count 100 obtain

It speaks by a packet socket, so an address that it gets stays with it and is not given to the
interface.  RFC 2131 section 4.4; needs root or CAP_NET_RAW.
"""

import argparse
import contextlib
import ipaddress
import os
import random
import select
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "firmware")]

import dhcptext
from dhcp import (  # noqa: F401 - TYPE is for those who import this module
    CLIENT_ID,
    LEASE_S,
    NOWHERE,
    PARAMETERS,
    REQUESTED,
    SERVER_ID,
    TYPE,
    message,
)
from linux import frames

TRY_S = 1.0  # until a message is sent again
TRIES = 4
CLIENT_PORT, SERVER_PORT = 68, 67
EVERYBODY = b"\xff" * 4
HOST_NAME = 12  # its option
_ASKED = bytes((1, 3, 6, 15, 28, 51, 58, 59))


class ClientError(Exception):
    """No lease; the text says why."""


@dataclass
class Lease:
    """What a client holds; addresses are 4 bytes."""

    address: bytes
    server: bytes
    lease_s: int
    options: dict

    def __str__(self):
        address = ipaddress.IPv4Address(self.address)
        server = ipaddress.IPv4Address(self.server)
        return f"{address} for {dhcptext.duration(self.lease_s)} from {server}"


class Wire:
    """An Ethernet interface, spoken to in whole frames by a raw packet socket (AF_PACKET).

    sock   raw packet socket, bound to the interface
    Every client on it may have a MAC of its own: frames for any MAC are heard on a veth.
    """

    def __init__(self, sock):
        self._sock = sock
        self._server_mac = frames.BROADCAST_MAC
        self.heard_mac = None  # destination of the last frame: unicast or broadcast
        self.heard_address = None

    def fileno(self):
        """Return the socket's number, for select()."""
        return self._sock.fileno()

    def send(self, payload, mac, source=NOWHERE, to=EVERYBODY):
        """Send a message from `mac` and address `source`, by broadcast or to the server alone."""
        target = frames.BROADCAST_MAC if to == EVERYBODY else self._server_mac
        packet = frames.udp_in_ipv4((source, CLIENT_PORT), (to, SERVER_PORT), payload)
        self._sock.send(frames.ethernet(target, mac, packet))

    def receive(self, wait_s):
        """Return the next message to port 68 within wait_s seconds, as bytes, or None."""
        deadline = time.monotonic() + wait_s
        while select.select([self._sock], [], [], max(0, deadline - time.monotonic()))[0]:
            frame = memoryview(self._sock.recv(65536))
            if frame[12:14] != b"\x08\x00":
                continue
            with contextlib.suppress(frames.BadDatagramError):
                (_, port), target, payload = frames.read_udp(frame[14:], checksum_pending=True)
                if (port, target[1]) == (SERVER_PORT, CLIENT_PORT):
                    self._server_mac = bytes(frame[6:12])
                    self.heard_mac, self.heard_address = bytes(frame[:6]), target[0]
                    return bytes(payload)
        return None


def open_wire(interface):
    """Return the Wire of an interface.  PermissionError without CAP_NET_RAW, OSError: no such."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(frames.ETH_P_IP))
    try:
        sock.bind((interface, frames.ETH_P_IP))
    except OSError:
        sock.close()
        raise
    return Wire(sock)


class Client:
    """One DHCP client.

    wire        has send(payload, mac, source, to) and receive(wait_s), as Wire
    mac         6 bytes
    client_id   bytes of option 61, or None
    broadcast   ask for replies by broadcast (RFC 2131 section 4.1)
    host_name   bytes of option 12, or None
    After obtain() `lease` is a Lease, after release() None.
    """

    def __init__(self, wire, mac, client_id=None, broadcast=False, host_name=None):
        self.wire = wire
        self.mac = mac
        self.lease = None
        self._identity = {CLIENT_ID: client_id} if client_id else {}
        if host_name:
            self._identity[HOST_NAME] = host_name
        self._broadcast = broadcast

    def obtain(self, requested=None):
        """Get an address by DISCOVER and REQUEST; return the Lease.  ClientError: none."""
        extra = {REQUESTED: requested} if requested else {}
        offer = self._ask("DISCOVER", extra, ("OFFER",))
        extra = {REQUESTED: offer.address, SERVER_ID: offer.server}
        self.lease = self._ask("REQUEST", extra)
        return self.lease

    def reboot(self, address):
        """Ask for an address of former days (INIT-REBOOT); return the Lease."""
        self.lease = self._ask("REQUEST", {REQUESTED: address})
        return self.lease

    def renew(self, rebind=False):
        """Prolong the lease by unicast to the server, or with `rebind` by broadcast."""
        to = EVERYBODY if rebind else self.lease.server
        self.lease = self._ask("REQUEST", {}, source=self.lease.address, to=to)
        return self.lease

    def release(self):
        """Give the address back.  A server does not answer that."""
        self._send(
            "RELEASE", {SERVER_ID: self.lease.server}, self.lease.address, self.lease.server
        )
        self.lease = None

    def decline(self):
        """Tell the server that somebody else uses the address (RFC 2131 section 3.1, step 5)."""
        extra = {REQUESTED: self.lease.address, SERVER_ID: self.lease.server}
        self._send("DECLINE", extra)
        self.lease = None

    def _send(self, kind, extra, source=NOWHERE, to=EVERYBODY, xid=None):
        """Send one message and return its transaction number."""
        xid = random.getrandbits(32) if xid is None else xid
        asked = {PARAMETERS: _ASKED} if kind in ("DISCOVER", "REQUEST") else {}
        everything = {**extra, **self._identity, **asked}
        payload = message(
            kind, self.mac, xid, everything, ciaddr=source, broadcast=self._broadcast
        )
        self.wire.send(payload, self.mac, source, to)
        return xid

    def _ask(self, kind, extra, wanted=("ACK", "NAK"), source=NOWHERE, to=EVERYBODY):
        """Send a message until its answer comes; return the answer as a Lease."""
        xid = None
        for _ in range(TRIES):
            xid = self._send(kind, extra, source, to, xid)
            deadline = time.monotonic() + TRY_S
            while (left_s := deadline - time.monotonic()) > 0:
                reply = self.wire.receive(left_s)
                answer = reply and self._read(reply, xid, wanted)
                if answer:
                    return answer
        raise ClientError(f"no answer to {kind}")

    def _read(self, reply, xid, wanted):
        """Return the Lease in a reply to this client, None when it is for somebody else."""
        if reply[4:8] != xid.to_bytes(4, "big") or reply[28:34] != self.mac:
            return None
        parsed = dhcptext.parse(reply)
        if parsed.kind not in wanted:
            return None
        if parsed.kind == "NAK":
            raise ClientError("the server refused (NAK)")
        return lease_of(reply, parsed)


def lease_of(reply, parsed):
    """Return the Lease in an OFFER or ACK: its bytes, and what dhcptext.parse() made of them."""
    lease_s = int.from_bytes(parsed.options.get(LEASE_S, b""), "big")
    server = parsed.options.get(SERVER_ID, NOWHERE)
    return Lease(reply[16:20], server, lease_s, parsed.options)


def obtain_all(wire, macs, wait_s=5.0, broadcast=False):
    """Let many clients ask at the same moment, as after a power cut; return {mac: address}.

    A client that has no answer within a second asks again; those without an address after wait_s
    are missing in the result.
    """
    crowd = _Crowd(wire, macs, broadcast)
    end = time.monotonic() + wait_s
    while crowd.waiting and time.monotonic() < end:
        crowd.ask_again()
        reply = wire.receive(0.05)
        if reply:
            crowd.hear(reply)
    return crowd.bound


class _Crowd:
    """The clients of obtain_all(): which answer each waits for, and since when."""

    def __init__(self, wire, macs, broadcast):
        self.wire = wire
        self.bound = {}
        self._broadcast = broadcast
        self.waiting = {mac: ("DISCOVER", {}, 0.0) for mac in macs}  # what was sent, and when
        self._xids = {mac: number for number, mac in enumerate(macs, 1)}

    def ask_again(self):
        """Send the messages that are due: first all of them, later those without an answer."""
        now = time.monotonic()
        for mac, (kind, extra, sent_at) in self.waiting.items():
            if now - sent_at > TRY_S:
                self._send(mac, kind, extra)

    def _send(self, mac, kind, extra):
        self.waiting[mac] = kind, extra, time.monotonic()
        payload = message(kind, mac, self._xids[mac], extra, broadcast=self._broadcast)
        self.wire.send(payload, mac)

    def hear(self, reply):
        """Take one step for the client a reply is meant for."""
        mac = reply[28:34]
        kind = self.waiting.get(mac, (None,))[0]
        parsed = dhcptext.parse(reply)
        if (kind, parsed.kind) == ("DISCOVER", "OFFER"):
            lease = lease_of(reply, parsed)
            self._send(mac, "REQUEST", {REQUESTED: lease.address, SERVER_ID: lease.server})
        elif (kind, parsed.kind) == ("REQUEST", "ACK"):
            self.bound[mac] = reply[16:20]
            del self.waiting[mac]


# The command line


def _macs(text, count):
    """Return `count` MACs from the one in `text` on; by default locally administered ones."""
    first = bytes.fromhex(text.replace(":", "")) if text else b"\x02" + os.urandom(5)
    number = int.from_bytes(first, "big")
    return [((number + i) % (1 << 48)).to_bytes(6, "big") for i in range(count)]


def _mac(text):
    if len(text.replace(":", "")) != 12:
        raise ValueError(text)
    bytes.fromhex(text.replace(":", ""))
    return text


def parser():
    """Return the parser of the command line."""
    p = argparse.ArgumentParser(prog="client", description="DHCP client for trying a server.")
    p.add_argument("--interface", required=True, metavar="IF")
    p.add_argument("--mac", type=_mac, help="default: a random one")
    p.add_argument("--client-id", type=bytes.fromhex, metavar="HEX", help="option 61")
    p.add_argument("--broadcast", action="store_true", help="ask for replies by broadcast")
    p.add_argument(
        "--count", type=int, default=1, help="number of clients at once, which only obtain"
    )
    p.add_argument("steps", nargs="*", default=["obtain"], metavar="STEP", help=", ".join(_STEPS))
    return p


_STEPS = ("obtain", "renew", "rebind", "release", "decline")


def _walk(client, steps):
    """Take the steps and print each result."""
    for step in steps:
        if step == "obtain":
            print(f"obtained {client.obtain()}")
        elif client.lease is None:
            raise ClientError(f"{step}: there is no lease; obtain one first")
        elif step in ("renew", "rebind"):
            print(f"{step}: {client.renew(step == 'rebind')}")
        elif step == "release":
            client.release()
            print("released")
        else:
            client.decline()
            print("declined")


def _run(args):
    """Do what the command line says; ClientError or OSError when that fails."""
    unknown = [step for step in args.steps if step not in _STEPS]
    if unknown:
        raise ClientError(f"{unknown[0]} is not one of {', '.join(_STEPS)}")
    wire = open_wire(args.interface)
    macs = _macs(args.mac, args.count)
    if args.count == 1:
        _walk(Client(wire, macs[0], args.client_id, args.broadcast), args.steps)
        return
    started = time.monotonic()
    bound = obtain_all(wire, macs, 10, args.broadcast)
    print(f"{len(bound)} of {len(macs)} have an address after {time.monotonic() - started:.3f} s")
    if len(bound) < len(macs):
        raise ClientError("some got none")


def main(argv=None):
    """Run the command line; return the exit status."""
    args = parser().parse_args(argv)
    try:
        _run(args)
    except PermissionError:
        print("client: no permission: run as root or with CAP_NET_RAW", file=sys.stderr)
    except OSError as error:
        print(f"client: {args.interface}: {error.strerror}", file=sys.stderr)
    except ClientError as error:
        print(f"client: {error}", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
