"""What happens to a client in the lab, step by step; tests and captures use the same stories."""

import time
from dataclasses import dataclass, field

from patience import LIMIT_S

#: Seconds that the last answer may take to reach the recorder's list.
_SETTLE_S = 0.1

#: A story is a list of steps; this one has them all, so that each finds what it needs.
WHOLE_LIFE = ("obtain", "renew", "rebind", "reboot", "release", "abroad", "move")

#: Stories worth keeping as captures: name -> steps.
CAPTURED = {
    "obtain-renew-release": ("obtain", "renew", "release"),
    "rebind": ("obtain", "rebind"),
    "reboot": ("obtain", "reboot"),
    "foreign-network": ("abroad", "move"),
    "decline": ("squatted",),
    "inform": ("obtain", "release", "inform"),
}

#: Steps whose name does not say it all, for the comment in a capture.
IN_WORDS = {
    "abroad": "get a lease on a foreign network (not recorded)",
    "move": "come home with it",
    "squatted": "obtain, release, obtain while another host has that address",
    "inform": "inform with a fixed address",
}

#: The address that a client with a fixed address has: on the network, outside the pool.
FIXED = "10.77.0.5"


@dataclass
class Step:
    """One step of a story.

    name      of the step
    lease     what the client reports, or None
    messages  the client's messages on the home network during the step
    addresses what `ip -4 addr` shows on the client's interface afterwards
    error     why it failed, or None
    """

    name: str
    lease: object = None
    messages: list = field(default_factory=list)
    addresses: str = ""
    error: str = None

    def kinds(self):
        """Return the message types in order, e.g. ["REQUEST", "ACK"]."""
        return [message.kind for message in self.messages]

    def first(self, kind):
        """Return the first message of this type, or None."""
        return next((message for message in self.messages if message.kind == kind), None)

    def last(self, kind):
        """Return the last message of this type, or None."""
        return next((message for message in reversed(self.messages) if message.kind == kind), None)

    def __str__(self):
        """Return the messages, one per line."""
        return "\n".join(str(message) for message in self.messages) or "(no messages)"


def _abroad(lab, client):
    """Get a lease on the foreign network."""
    client.cut_power()
    lab.plug(client.node, lab.foreign)
    return client.obtain()


def _move(lab, client):
    """Come home with a lease of the foreign network."""
    return client.move(lambda: lab.plug(client.node, lab.home))


def _release(lab, client):
    """Release, and wait until the message has been recorded: nobody answers it."""
    lease = client.lease
    mac, recorder = client.node.mac, lab.home.recorder
    since = len(recorder.messages(mac))
    client.release()
    recorder.wait(lambda message: message.kind == "RELEASE", LIMIT_S, mac, since)
    return lease


def _squatted(lab, client):
    """Get a lease while another node sits on the address that the server will offer first.

    The server's choice depends on the client alone, so a first lease shows which one that is.
    """
    checks, client.checks = client.checks, False
    address = client.obtain().address
    client.release()
    client.checks = checks
    lab.clients[-1].ip(f"addr add {address}/24 dev eth0")
    return client.obtain()


def _inform(_lab, client):
    """Use a fixed address and ask for parameters only."""
    return client.inform(f"{FIXED}/24")


_SPECIAL = {
    "abroad": _abroad,
    "move": _move,
    "release": _release,
    "squatted": _squatted,
    "inform": _inform,
}


def possible(adapter, name):
    """Return True when a client can tell this story of CAPTURED."""
    if name == "decline":
        return adapter.has_check
    return name != "inform" or hasattr(adapter, "inform")


def tell(lab, client, steps):
    """Do the steps with a client; return a dict from the name of a step to its Step.

    The story ends at the first step that fails; its Step and those not reached have an error.
    """
    told = {}
    error = None
    for name in steps:
        step = told[name] = Step(name)
        if error:
            step.error = f"not reached, because {error}"
            continue
        since = len(lab.home.recorder.messages(client.node.mac))
        try:
            step.lease = _do(lab, client, name)
            time.sleep(_SETTLE_S)
            step.addresses = client.node.ip("-4 -o addr show dev eth0")
        except Exception as failure:  # whatever it is, the other clients' stories go on
            step.error = error = f"{name} failed: {failure}"
        step.messages = lab.home.recorder.messages(client.node.mac, since)
    return told


def _do(lab, client, name):
    if name in _SPECIAL:
        return _SPECIAL[name](lab, client)
    return getattr(client, name)()
