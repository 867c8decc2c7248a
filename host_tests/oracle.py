"""An independent judge of what the server answers: written from the RFCs and the settings alone.

It never demands an answer. It says which messages must not get one, whether a reply is well
formed and fits its request, and - from its own record of every OFFER and ACK - whether an address
was given to two. Runs on CPython and MicroPython.
"""

from builders import COOKIE, ip

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = 1, 2, 3, 4, 5, 6, 7, 8
BROADCAST, CLIENT, CIADDR, RELAY = 0, 1, 2, 3
LENGTHS = {50: 4, 51: 4, 52: 1, 53: 1, 54: 4, 57: 2}
STRICT = (50, 51, 53, 54, 57)  # a wrong length there makes the message unfit
EMPTY = (50, 51, 54, 57)  # but an empty one counts as absent
NEEDED = (50, 52, 53, 54, 61, 82)  # a message that ends within one of these is unfit
IN_NAK = (53, 54, 56, 61, 82)
NOTHING = b"\0\0\0\0"
INFINITE = 0xFFFFFFFF
FOREVER = 1 << 40
SHORTEST = 300
SAFE = 548


class WrongError(Exception):
    """The server broke a rule; the text says which."""


def require(holds, text):
    """Raise WrongError(text) unless `holds`."""
    if not holds:
        raise WrongError(text)


def read_area(raw, at, end, found):
    """Join the options of raw[at:end] into found {code: bytes}; return the code of a cut one.

    0 when none runs past the end.  A value that has its fixed length already is complete: a
    further copy is passed over.
    """
    while at < end:
        code = raw[at]
        at += 1
        if code == 255:
            return 0
        if code == 0:
            continue
        if at >= end or at + 1 + raw[at] > end:
            return code
        value = raw[at + 1 : at + 1 + raw[at]]
        at += 1 + len(value)
        had = found.get(code, b"")
        if not had or len(had) != LENGTHS.get(code):
            found[code] = had + value
    return 0


def read_options(raw):
    """Return {code: value} of a message, joined; None when one runs past an end that it may not.

    The last option may be cut by the end of the message, if nothing depends on it.
    """
    found = {}
    whole = read_area(raw, 240, len(raw), found) not in NEEDED
    overload = found.get(52, b"")
    overload = overload[0] if len(overload) == 1 and overload[0] < 4 else 0
    if overload & 1:
        whole = not read_area(raw, 108, 236, found) and whole
    if overload & 2:
        whole = not read_area(raw, 44, 108, found) and whole
    if not whole:
        return None
    for code in EMPTY:
        if found.get(code) == b"" or code == 54 and found.get(code) == NOTHING:
            del found[code]
    return found


def bad_header(raw):
    """Return what makes the fixed part unfit to be answered, or None."""
    if len(raw) < 243:
        return "short"
    if raw[0] != 1:
        return "op"
    if raw[236:240] != COOKIE:
        return "cookie"
    if not 1 <= raw[2] <= 16 or not any(raw[28:44]):
        return "hardware address"
    if raw[1] == 1 and (raw[2] != 6 or raw[28] & 1 or not any(raw[28:34])):
        return "Ethernet address"
    return None


def bad_options(options):
    """Return what makes the options (or None) unfit to be answered, or None."""
    if options is None:
        return "an option runs past the end"
    for code in STRICT:
        if code in options and len(options[code]) != LENGTHS[code]:
            return "length"
    if 53 not in options or options[53][0] not in (DISCOVER, REQUEST, INFORM):
        return "type"
    return None


def client_key(raw, options):
    """Return what identifies the client (RFC 2131 4.2): option 61, else htype and chaddr."""
    ident = options.get(61, b"")
    if ident:
        return ("mac", ident[1:]) if len(ident) == 7 and ident[0] == 1 else ("id", ident)
    if raw[1] == 1:
        return ("mac", raw[28:34])
    return ("hardware", raw[1:2] + raw[28 : 28 + raw[2]])


class Hold:
    """One client's right to an address: until_s, and whether it is a lease that was confirmed."""

    def __init__(self, key, mac, until_s, leased, confirmed):
        self.key = key
        self.mac = mac
        self.until_s = until_s
        self.leased = leased
        self.confirmed = confirmed


class Judge:
    """Watches one server; `settings` are the keywords of its Config, /24 only."""

    def __init__(self, server, settings):
        self.server = server
        self.own = ip(settings["address"].split("/")[0])
        self.hold_s = settings.get("offer_hold_s", 30)
        self.rapid = settings.get("rapid_commit", False)
        self.max_message = settings.get("max_message", 548)
        first, last = settings["pool"]
        self.first, self.last = ip(first)[3], ip(last)[3]
        self.reserved = {}
        for key in settings.get("reservations", {}):
            ident = bytes([int(digits, 16) for digits in key.split(":")])
            self.reserved[ip(settings["reservations"][key])] = ident
        self.holds = {}
        self.offered_s = -1 << 30  # when the latest offer was made
        self.parking = False  # answers come later than the choice of the address
        self.latest = {}  # address -> key of its latest client, whose MAC may have changed

    def hold_ends(self, slot):
        """The client whom a slot was held for has lost it to a check."""
        address = bytearray(4)
        self.server.address_of(slot, address, 0)
        self.holds.pop(bytes(address), None)

    def look(self, raw, n, now_s):
        """Judge what the server made of the message raw (bytes); n is the result of handle()."""
        self.now_s = now_s
        why = bad_header(raw)
        options = None if why else read_options(raw)
        why = why or bad_options(options)
        if options is not None and 53 in options:
            why = why or self.not_for_us(raw, options)
            if self.server.last_drop in (None, "other_server"):
                self.note_end(raw, options, now_s)
        if not n:
            return
        require(not why, "answered: {}".format(why))
        require(SHORTEST <= n <= self.longest(options), "reply of {} bytes".format(n))
        reply = bytes(self.server.tx[:n])
        given = self.read_reply(raw, reply)
        kind = given[53][0]
        self.check_kind(raw, options, kind, given)
        self.check_destination(raw, options, kind, reply[16:20])
        if kind == NAK:
            require(all(code in IN_NAK for code in given), "option in NAK")
            require(reply[12:24] == bytes(12), "address in NAK")
        elif options[53][0] == INFORM:
            require(reply[16:20] == NOTHING and 51 not in given, "lease for INFORM")
        else:
            self.check_address(raw, options, kind, reply, given, now_s)

    def on_link(self, address):
        """Return whether a host of our network can have the address."""
        return address[:3] == self.own[:3] and 0 < address[3] < 255 and address != self.own

    def not_for_us(self, raw, options):
        """Return why a sound message must not be answered by this server, or None."""
        kind = options[53][0]
        if raw[24:28] != NOTHING and not self.on_link(raw[24:28]):
            return "relay agent elsewhere"
        if kind == INFORM and not self.on_link(raw[12:16]):
            return "INFORM from elsewhere"
        if kind == REQUEST:
            if options.get(54, self.own) != self.own:
                return "another server's"
            if 50 not in options and raw[12:16] == NOTHING:
                return "REQUEST for nothing"
        return None

    def longest(self, options):
        """Return the longest reply allowed, bytes of UDP payload (RFC 2132 section 9.10)."""
        size = options.get(57)
        wanted = (size[0] << 8 | size[1]) - 28 if size else 0
        return min(self.max_message, max(SAFE, wanted))

    def read_reply(self, raw, reply):
        """Return the options of the reply; its header must be an echo of the request."""
        require(
            reply[0] == 2 and reply[1:3] == raw[1:3] and reply[3] == 0, "op, htype, hlen or hops"
        )
        require(reply[4:8] == raw[4:8], "xid")
        require(reply[24:44] == raw[24:44], "giaddr or chaddr")
        require(reply[236:240] == COOKIE, "cookie")
        given = {}
        require(not read_area(reply, 240, len(reply), given), "reply options run past the end")
        overload = given.get(52, b"\0")[0]
        require(overload & 1 or not any(reply[108:236]), "file without overload")
        require(overload & 2 or not any(reply[44:108]), "sname without overload")
        if overload & 1:
            require(not read_area(reply, 108, 236, given), "options run past file")
        if overload & 2:
            require(not read_area(reply, 44, 108, given), "options run past sname")
        require(given.get(54) == self.own, "server identifier")
        require(len(given.get(53, b"")) == 1, "message type")
        return given

    def check_kind(self, raw, options, kind, given):
        """The type of the reply fits that of the request, and rapid commit is where it belongs."""
        asked = options[53][0]
        rapid = self.rapid and asked == DISCOVER and 80 in options
        allowed = {DISCOVER: (ACK,) if rapid else (OFFER,), REQUEST: (ACK, NAK), INFORM: (ACK,)}
        require(kind in allowed[asked], "{} answered by {}".format(asked, kind))
        require((80 in given) == rapid, "rapid commit")
        same_flags = self.server.tx[10:12] == raw[10:12]
        require(same_flags or kind == NAK and raw[24:28] != NOTHING, "flags")
        if 61 in given:
            require(given[61] == options.get(61), "client identifier")

    def check_destination(self, raw, options, kind, address):
        """RFC 2131 section 4.1, the table of destinations; table 5: no ciaddr in SELECTING.

        What a client was only offered it does not have yet, nor what it asks for in a DISCOVER.
        """
        selecting = 50 in options and 54 in options
        held = self.holds.get(address)
        unused = held and not held.leased and held.until_s >= self.now_s
        if unused and held.key == client_key(raw, options):
            selecting = True
        asked = options[53][0]
        selecting = asked == DISCOVER or selecting and asked != INFORM
        if raw[24:28] != NOTHING:
            wanted = RELAY
        elif kind == NAK:
            wanted = BROADCAST
        elif not selecting and self.on_link(raw[12:16]):
            wanted = CIADDR
        elif raw[10] & 0x80 or raw[1] != 1:
            wanted = BROADCAST
        else:
            wanted = CLIENT
        to = self.server.reply_to
        if self.parking and wanted == CIADDR and asked == REQUEST:
            return  # the address may have been checked for the client, which is no lease yet
        if kind == OFFER:
            self.offered_s = self.now_s
        ends = not held or held.until_s <= self.now_s + self.hold_s
        if wanted == CIADDR and ends and self.now_s <= self.offered_s + self.hold_s:
            return  # an offer may have made the lease longer: its client hears both
        require(to == wanted, "sent to {}".format(to))

    def check_address(self, raw, options, kind, reply, given, now_s):
        """The address is one of ours, no other client has it, and from now on this one does."""
        address = reply[16:20]
        key = self.known_as(raw, options, address)
        mac = raw[28:34]
        self.check_ours(address, key, mac)
        seconds = given.get(51, b"")
        require(len(seconds) == 4, "no lease time")
        held = self.holds.get(address)
        if held and held.key != key and held.until_s >= now_s:
            self.check_last_resort(held, options, mac)
        self.end_surplus(mac)
        leases = self.server.leases
        slot = leases.slot_of(address, 0)
        if kind == ACK:
            require(bytes(leases.mac[6 * slot : 6 * slot + 6]) == mac, "MAC in the table")
        require(leases.live(slot), "the address given is not live in the table")
        for other in list(self.holds):
            if other != address and self.holds[other].key == key:
                if kind == ACK or not self.holds[other].leased:  # an offer ends no lease
                    del self.holds[other]
        self.latest[address] = key
        given_to = Hold(key, mac, now_s + self.hold_s, False, False)
        self.note_given(address, given_to, raw, options[53][0], kind, seconds, now_s)

    def known_as(self, raw, options, address):
        """Return what identifies the client: of two devices with one identifier, chaddr.

        A check has shown that both are there, if they get different addresses.
        """
        key = client_key(raw, options)
        for other in self.holds:
            hold = self.holds[other]
            twin = hold.key == key and hold.leased and hold.mac != raw[28:34]
            if self.parking and twin and other != address:
                return client_key(raw, {})
        return key

    def end_surplus(self, mac):
        """A device may lose what it holds under one identifier too many."""
        leases = self.server.leases
        for address in list(self.holds):
            hold = self.holds[address]
            if hold.mac == mac and leases.idle(leases.slot_of(address, 0)):
                del self.holds[address]

    def check_ours(self, address, key, mac):
        """The address is in the pool or reserved, and not reserved for somebody else."""
        if address in self.reserved:
            known = self.reserved[address] in (key[1], mac) or self.latest.get(address) == key
            require(known, "address reserved for another")
        else:
            inside = address[:3] == self.own[:3] and self.first <= address[3] <= self.last
            require(inside, "address outside the pool")

    def check_last_resort(self, held, options, mac):
        """An unconfirmed address may go to another client's DISCOVER if nothing else is left.

        Or if it is the same device under one identifier too many.
        """
        if held.mac == mac:
            return
        require(options[53][0] == DISCOVER and not held.confirmed, "address given to two")
        if self.parking:
            return  # what is left now need not have been left when the address was chosen
        leases = self.server.leases
        for slot in range(leases.slots):
            require(
                not leases.open(slot), "address given to two while slot {} was left".format(slot)
            )

    def note_given(self, address, hold, raw, asked, kind, seconds, now_s):
        """Note the new holder of the address; hold is true for an OFFER."""
        had = self.holds.get(address)
        mine = had is not None and had.key == hold.key and had.until_s >= now_s
        if kind == OFFER:
            same_device = had is not None and had.mac == hold.mac and had.until_s >= now_s
            if not (mine or same_device) or not had.leased:  # else the lease goes on
                self.holds[address] = hold
            return
        wish_s = seconds[0] << 24 | seconds[1] << 16 | seconds[2] << 8 | seconds[3]
        hold.until_s = FOREVER if wish_s == INFINITE else now_s + wish_s
        hold.leased = True
        confirmed = mine and had.confirmed
        if mine and asked == REQUEST:
            confirmed = confirmed or not had.leased or any(raw[12:16])
        hold.confirmed = confirmed
        self.holds[address] = hold

    def note_end(self, raw, options, now_s):
        """RELEASE, DECLINE, and a REQUEST to another server end what the client held."""
        kind = options[53][:1]
        ours = options.get(54, self.own) == self.own
        if not kind:
            return
        key = client_key(raw, options)
        if kind[0] == REQUEST and not ours:
            for address in list(self.holds):
                if self.holds[address].key == key and not self.holds[address].leased:
                    del self.holds[address]
        elif kind[0] in (RELEASE, DECLINE) and ours:
            address = raw[12:16] if kind[0] == RELEASE else options.get(50, b"")
            held = self.holds.get(bytes(address))
            by_mac = held is not None and not options.get(61) and held.mac == raw[28:34]
            by_key = held is not None and held.key == key
            if by_key and key[0] == "mac":
                by_key = held.mac == raw[28:34]
            if by_key or by_mac:
                del self.holds[bytes(address)]
