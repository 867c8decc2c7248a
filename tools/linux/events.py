"""What the server tells: one line per event, as JSON or as text.

An event is a dict; "event" is its kind: ready, offer, ack, nak, inform, decline, release, drop,
interface, error, leases, lost.  A log must never stop the server: when nobody reads the pipe,
lines are dropped and counted.
"""

import json
import os
import select

import dhcptext

_HEADER_N = 34  # up to the end of a chaddr of 6 bytes
_LEASE_S, _REQUESTED, _CLIENT_ID = 51, 50, 61
_STATES = ("FREE", "OFFERED", "ADOPTED", "BOUND", "DECLINED", "CONFLICT", "RELEASED", "EXPIRED")


class Output:
    """Writes events to a file descriptor, whole lines only, and does not wait for a slow reader.

    as_json   one JSON object per line, else text
    verbose   text: the contents of every message as well
    """

    def __init__(self, fd, as_json=False, verbose=False):
        self._fd = fd
        self._as_json = as_json
        self.verbose = verbose and not as_json
        self._lost = 0
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)

    def tell(self, event):
        """Write one event; drop it when the reader does not keep up.

        Raises BrokenPipeError when the reader has gone.
        """
        if self._full():
            self._lost += 1
            return
        if self._lost:
            lost, self._lost = self._lost, 0
            self._write({"event": "lost", "lines": lost})
        self._write(event)

    def packet(self, packet):
        """Write the decoded contents of a DHCP message, indented below its event."""
        if not self._full():
            self._line("\n".join(dhcptext.lines(packet, "    ")))

    def _full(self):
        """Return True when a write might wait: a pipe that is ready has room for 4096 bytes."""
        return not self._poll.poll(0)

    def _write(self, event):
        self._line(json.dumps(event) if self._as_json else text(event))

    def _line(self, line):
        data = memoryview(f"{line}\n".encode())
        while data:
            data = data[os.write(self._fd, data) :]


def text(event):
    """Return an event as a line for people; a leases event has one more line for each lease."""
    kind = event["event"]
    if kind == "ready":
        return "serving {pool} on {interface}, address {address}".format(**event)
    if kind == "leases":
        rows = [_lease_text(row) for row in event["leases"]]
        return "\n".join(
            [f"{len(rows)} of {event['slots']} addresses in use or remembered", *rows]
        )
    if kind in ("interface", "error"):
        return event["message"]
    if kind == "lost":
        return f"{event['lines']} lines lost: nobody read them"
    words = [kind.upper().ljust(8), event.get("mac", "?"), event.get("address", "")]
    if "lease_s" in event:
        words.append(f"for {dhcptext.duration(event['lease_s'])}")
    if "to" in event:
        words.append(f"to {event['to']}")
    if "reason" in event:
        words.append(f"{event['in'] or 'datagram'}: {event['reason']}")
    return " ".join(word for word in words if word)


def _lease_text(row):
    """Return one row of the lease table."""
    left = row.get("left_s")
    rest = "" if left is None else f" {dhcptext.duration(left)} left"
    return f"  {row['address']:15} {row['mac']} {row['state']}{rest}"


def handled(server, n, reply_n, destination, now_s):
    """Return the event of one message that the server has handled.

    n, reply_n   bytes in server.rx and, as handle() returned it, in server.tx
    destination  text, where the reply went; None without one
    """
    request = bytes(server.rx[:n])
    asked = dhcptext.parse(request)
    kind = asked.kind if asked.options.get(53) else None
    event = {"event": "drop", "at_s": now_s, "in": kind}
    if n >= _HEADER_N:
        event["mac"] = request[28:34].hex(":")
        event["xid"] = request[4:8].hex()
    if asked.options.get(_CLIENT_ID):
        event["client_id"] = asked.options[_CLIENT_ID].hex()
    if reply_n > 0:
        _add_reply(event, bytes(server.tx[:reply_n]))
        event["to"] = destination
    elif server.last_drop is None and kind in ("DECLINE", "RELEASE"):
        event["event"] = kind.lower()
        asked_for = asked.options.get(_REQUESTED) if kind == "DECLINE" else request[12:16]
        event["address"] = _address_text(asked_for or request[12:16])
    else:
        event["reason"] = str(server.last_drop)
    return event


def _add_reply(event, reply):
    """Fill in what the reply says."""
    given = dhcptext.parse(reply)
    event["out"] = given.kind
    event["event"] = "inform" if event["in"] == "INFORM" else given.kind.lower()
    if given.kind != "NAK":
        event["address"] = _address_text(reply[12:16] if event["in"] == "INFORM" else reply[16:20])
    if _LEASE_S in given.options:
        event["lease_s"] = int.from_bytes(given.options[_LEASE_S], "big")


def _address_text(address):
    """Return 4 bytes as a dotted address."""
    return ".".join(map(str, address))


def leases(server, now_s):
    """Return the leases event: every slot that has, or had, a client.

    `left_s` is there while an offer, a lease or a quarantine runs, and not for an infinite one.
    """
    table = server.leases
    address = bytearray(4)
    rows = []
    for slot in range(table.slots):
        state = _state_name(table.state[slot])
        if state == "FREE":
            continue
        server.address_of(slot, address, 0)
        mac = bytes(table.mac[slot * 6 : slot * 6 + 6]).hex(":")
        row = {"address": _address_text(address), "mac": mac, "state": state}
        left_s = table.until_s[slot] - now_s
        if left_s > 0 and not (table.granted_s[slot] < 0 and state in ("ADOPTED", "BOUND")):
            row["left_s"] = left_s
        rows.append(row)
    return {"event": "leases", "slots": table.slots, "leases": rows}


def _state_name(state):
    """Return the name that microdhcp.leases has for a slot's state."""
    from microdhcp import leases as table

    for name in _STATES:
        if getattr(table, name, None) == state:
            return name
    return f"STATE {state}"
