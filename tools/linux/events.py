"""What the server tells: one line per event, as JSON or as text.

An event is a dict; "event" is its kind.  Of messages: offer, ack, nak, inform, decline, release,
drop.  Of leases: bound, renewed, released, expired, declined, conflict, pool_full.  Of the
server: ready, interface, proxy, settings, store, error, leases, lost.
"""

import dhcp
import dhcptext

_HEADER_N = 34  # up to the end of a chaddr of 6 bytes
_LINES = {
    "ready": "serving {pool} on {interface}, address {address}",
    "interface": "{message}",
    "error": "{message}",
    "lost": "{lines} lines lost: they could not be written",
    "store": "{message}",
    "proxy": "PROXY    {mac} answers for every address; ignored from now on",
}


def text(event):
    """Return an event as a line for people; a leases event has one more line for each lease.

    Clients choose host names and settings hold any text: what could move the cursor of a terminal
    or begin a line is escaped.
    """
    return "\n".join(dhcptext.escaped(line) for line in _lines(event))


def _lines(event):
    """Return the lines of an event, not escaped yet."""
    kind = event["event"]
    if kind in _LINES:
        return [_LINES[kind].format(**event)]
    if kind == "settings":
        later = ", ".join(event["restart"])
        return ["settings read again" + (f"; these need a restart: {later}" if later else "")]
    if kind == "leases":
        rows = [_lease_text(row) for row in event["leases"]]
        rows.insert(0, f"{len(rows)} of {event['slots']} addresses in use or remembered")
        for what in ("checks", "store"):
            if what in event:
                counts = ", ".join(f"{name} {count}" for name, count in event[what].items())
                rows.append(f"  {what}: {counts}")
        return rows
    words = [kind.upper().ljust(8), event.get("mac") or "?", event.get("address", "")]
    words.append(event.get("host_name", ""))
    if "lease_s" in event:
        words.append(f"for {dhcptext.duration(event['lease_s'])}")
    if "to" in event:
        words.append(f"to {event['to']}")
    if "reason" in event:
        words.append(f"{event['in'] or 'datagram'}: {event['reason']}")
    return [" ".join(word for word in words if word)]


def _lease_text(row):
    """Return one row of the lease table."""
    left = row["left_s"]
    rest = " for ever" if left is None else f" {dhcptext.duration(left)} left" if left else ""
    rest += " reserved" if row["reserved"] else ""
    rest += f" {row['host_name']}" if row["host_name"] else ""
    return f"  {row['address']:15} {row['mac'] or '-':17} {row['state']}{rest}"


def handled(server, n, reply_n, destination, now_s):
    """Return the event of one message that the server has handled.

    n, reply_n   bytes in server.rx and, as handle() returned it, in server.tx
    destination  text, where the reply went; None without one
    """
    request = bytes(server.rx[:n])
    asked = _options(request)
    kind = dhcp.kind_of(asked[dhcp.TYPE]) if asked.get(dhcp.TYPE) else None
    event = {"event": "drop", "at_s": now_s, "in": kind}
    if n >= _HEADER_N:
        event |= _sender(request)
    if asked.get(dhcp.CLIENT_ID):
        event["client_id"] = asked[dhcp.CLIENT_ID].hex()
    if reply_n > 0:
        _add_reply(event, bytes(server.tx[:reply_n]))
        event["to"] = destination
    elif server.last_drop is None and kind in ("DECLINE", "RELEASE"):
        event["event"] = kind.lower()
        asked_for = asked.get(dhcp.REQUESTED) if kind == "DECLINE" else request[12:16]
        event["address"] = _address_text(asked_for or request[12:16])
    else:
        event["reason"] = str(server.last_drop)
    return event


def dropped(request, reason, now_s):
    """Return the event of a message, as bytes, that was parked and waits no longer."""
    return {
        "event": "drop",
        "at_s": now_s,
        "in": dhcp.kind_of(_options(request).get(dhcp.TYPE)),
        **_sender(request),
        "reason": reason,
    }


def proxy(mac, now_s):
    """Return the event of a station, 6 bytes of MAC, that answers for every address."""
    return {"event": "proxy", "at_s": now_s, "mac": mac.hex(":")}


def _options(packet):
    """Return {code: value}; overloaded ones too, which cost a second look."""
    found = dhcp.options(packet)
    return dhcp.parse(packet).options if dhcp.OVERLOAD in found else found


def _sender(request):
    """Return what says whose message it is."""
    return {"mac": request[28:34].hex(":"), "xid": request[4:8].hex()}


def _add_reply(event, reply):
    """Fill in what the reply says."""
    given = _options(reply)
    kind = event["out"] = dhcp.kind_of(given[dhcp.TYPE])
    event["event"] = "inform" if event["in"] == "INFORM" else kind.lower()
    if kind != "NAK":
        event["address"] = _address_text(reply[12:16] if event["in"] == "INFORM" else reply[16:20])
    if dhcp.LEASE_S in given:
        event["lease_s"] = int.from_bytes(given[dhcp.LEASE_S], "big")


def _address_text(address):
    """Return 4 bytes as a dotted address."""
    return ".".join(map(str, address))


def lease(event, now_s):
    """Return the event of a lease: what Server.next_event() has returned."""
    kind, address, mac, host_name = event
    told = {"event": kind, "at_s": now_s, "mac": mac or None}
    if address:
        told["address"] = address
    if host_name:
        told["host_name"] = host_name
    return told


def leases(server, now_s):
    """Return the leases event: every address that somebody has, or had.

    A row has what roster.Lease has; `left_s` in seconds, None for an infinite lease, 0 for one
    that is over.
    """
    rows = []
    for row in server.roster(now_s, None):
        row = row._asdict()
        row["left_s"] = row.pop("seconds_left")
        rows.append(row)
    counters = server.counters()
    return {"event": "leases", "slots": counters.pop("addresses"), "leases": rows, **counters}
