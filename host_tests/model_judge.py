"""What a model knows of a server from outside, and the rules that every answer must keep.

It sees packets in, packets out, results of checks and the clock, never the server's own table.
Runs on CPython and MicroPython.
"""

HOLD_S = 30
QUARANTINE_S = 600
UNCONFIRMED_S = 60  # an unconfirmed lease is safe for so long
SLACK_S = 2  # an address counts as free only when it has been so for this long
FULL_S = 90  # a full pool explains what happens so long afterwards
PER_DEVICE = 3
LONGEST_S = 86400
FOREVER = 0xFFFFFFFF
FOREVER_S = 1 << 40

#: The rules by name.  What the numbered ones say stands in Judge, where they are used.
RULES = (
    "A2",  # a reservation set later is taken up at the next REQUEST
    "A3",  # a reservation for a leased address waits for the lease to end
    "A4",  # an OFFER or a check ends no lease
    "A5",  # a reservation by MAC holds, whatever the identifier
    "A6",  # nobody is locked out while an address is free
    "A7",  # an unconfirmed lease is not given away within its first minute
    "A8",  # an address found in use is for its user only
    "A9",  # the result of a check counts, even if the address was released meanwhile
    "A10",  # who has no lease cannot decline
    "A11",  # who has another MAC cannot release
    "A12",  # a second MAC with the same identifier: check first
    "declined",
    "endless",
    "locked out",
    "lost",
    "named",
    "offer",
    "parked",
    "pool",
    "release",
    "reserved",
    "taken",
    "two",
    "used",
)

#: Rules that the server is known to break; a story ends where it meets one of them.
KNOWN = ()


class FaultError(Exception):
    """The server broke a rule; `rule` is its name."""

    def __init__(self, rule, text):
        super().__init__("{}: {}".format(rule, text))
        self.rule = rule


class Hold:
    """An acknowledged lease, as its client sees it.

    known_s    until when the server knows of it, too; a restart without the store ends that
    confirmed  whether the server has offered it, or seen it renewed
    unasked    whether it came without an OFFER: by rapid commit or a reboot
    asked      whether its client has sent a DISCOVER since
    contested  whether a reservation for somebody else was set since
    surplus    whether it may end because its device has too many
    """

    def __init__(self, key, mac, now_s, lease_s):
        self.key = key
        self.mac = mac
        self.acked_s = now_s
        self.lease_s = lease_s
        self.until_s = self.known_s = now_s + lease_s
        self.confirmed = self.unasked = False
        self.asked = self.contested = self.surplus = False


class Used:
    """An address that a check found in use.

    owner     the MAC that answered, None if nobody knows
    asker     the MAC that the check was made for
    released  whether a RELEASE of the address came during the check
    """

    def __init__(self, owner, asker, until_s, released):
        self.owner = owner
        self.asker = asker
        self.until_s = until_s
        self.released = released


class Judge:
    """Watches one server and what becomes of it over restarts and new settings.

    Addresses are dotted text, times seconds of the world's clock, which a restart does not reset.
    """

    def __init__(self):
        self.now_s = 0
        self.checking = False  # whether the server checks addresses
        self.pool = ()
        self.authoritative = True
        self.macs = {}  # key -> MACs that it came with
        self.reserved = {}  # address -> keys, ("mac", MAC) or ("id", identifier)
        self.holds = {}  # address -> Hold
        self.lost = {}  # address -> the end of a lease that was refused, not ended
        self.offers = {}  # address -> (key, mac, until_s)
        self.blocked = {}  # address -> until when it need not be free
        self.used = {}  # address -> Used
        self.declined = {}  # address -> (mac, until_s)
        self.checks = {}  # address -> when it was checked last
        self.full_s = -FULL_S  # when the pool was full last
        self.disturbed = False  # a check found an address in use for the message at hand

    def fault(self, rule, text):
        """Raise FaultError."""
        raise FaultError(rule, "{} at {} s".format(text, self.now_s))

    # Settings, restarts

    def settings(self, pool, reserved):
        """Take notice of new settings: the list of addresses, and {address: keys}."""
        self.pool = pool
        self.reserved = reserved
        self.offers = {}
        self.declined = {}
        for address in list(self.holds):
            hold = self.holds[address]
            if not self.ours(address):
                hold.known_s = self.now_s
            keys = reserved.get(address, (hold.key,))
            hold.contested = hold.contested or not {hold.key, ("mac", hold.mac)} & set(keys)
        for address in list(self.used):
            if not self.ours(address):
                del self.used[address]

    def snapshot(self):
        """Return what the server's store holds at this moment."""
        holds = {}
        for address, hold in self.holds.items():
            if self.now_s <= hold.known_s + SLACK_S:
                key = hold.key if self.now_s < hold.known_s else None
                holds[address] = (key, hold.mac, hold.confirmed, hold.acked_s, hold.lease_s)
        kept = [
            address for address in self.blocked if self.blocked[address] + SLACK_S >= self.now_s
        ]
        return holds, dict(self.used), kept

    def restarted(self, stored):
        """The server has restarted; `stored` is the snapshot() that it has loaded, or None."""
        holds, used, kept = stored or ({}, {}, ())
        of_mac = {}
        for address in kept:
            self.block(address, LONGEST_S)  # quarantines and leases begin anew
        for address, (_key, mac, _confirmed, _acked_s, lease_s) in holds.items():
            self.block(address, lease_s)  # granted anew, what has ended since included
            of_mac[mac] = of_mac.get(mac, 0) + 1
        for address, hold in self.holds.items():
            key, _mac, confirmed, acked_s, lease_s = holds.get(address, (None, None, False, 0, 0))
            same = key == hold.key and self.ours(address)
            hold.known_s = min(hold.until_s, self.now_s + lease_s) if same else self.now_s
            hold.asked = False
            hold.confirmed = hold.confirmed and same and confirmed and acked_s == hold.acked_s
            hold.surplus = hold.surplus or of_mac.get(hold.mac, 0) >= PER_DEVICE - 1
        self.used = {at: used[at] for at in self.used if used.get(at) is self.used[at]}
        self.offers = {}
        self.declined = {}

    # Questions

    def ours(self, address):
        """Return whether the settings let the server give the address out."""
        return address in self.pool or address in self.reserved

    def live(self, address):
        """Return the Hold of an address that a client may use now, or None."""
        hold = self.holds.get(address)
        return hold if hold and self.now_s < hold.until_s else None

    def safe(self, address):
        """Return the Hold of an address that the server knows to be leased, or None."""
        hold = self.live(address)
        return hold if hold and self.now_s < hold.known_s else None

    def is_free(self, address):
        """Return whether the address is free beyond any doubt."""
        hold = self.holds.get(address)
        latest_s = max(self.blocked.get(address, -SLACK_S), hold.until_s if hold else -SLACK_S)
        return self.now_s >= latest_s + SLACK_S

    def any_free(self, but=None):
        """Return whether the pool has a free address for anybody, `but` aside."""
        for address in self.pool:
            if address != but and address not in self.reserved and self.is_free(address):
                return True
        return False

    def reservation(self, message):
        """Return the address reserved for the sender, by its identifier, then by its MAC."""
        for wanted in (message.key, ("mac", message.mac)):
            for address, keys in self.reserved.items():
                if wanted in keys:
                    return address
        return None

    def is_for(self, address, message):
        """Return whether a reserved address is free, or held by its own device."""
        hold = self.safe(address)
        return hold.mac == message.mac if hold else self.is_free(address)

    def is_others(self, address, message):
        """Return whether the address is reserved, but not for the sender.

        Hosts that share an identifier are one client: it has the reservations of all their MACs.
        """
        keys = self.reserved.get(address)
        if keys is None or message.key in keys:
            return False
        macs = self.macs.get(message.key, set()) if message.key[0] == "id" else set()
        return not any([("mac", mac) in keys for mac in macs | {message.mac}])

    # What happens

    def hears(self, message):
        """A message is about to be handled."""
        self.disturbed = False
        self.macs.setdefault(message.key, set()).add(message.mac)
        if not self.any_free():
            self.full_s = self.now_s

    def parked(self, message, address):
        """The message waits for the check of an address."""
        if message.kind == "renew":
            self.fault("parked", "a renewal of {} waits for a check".format(address))
        self.block(address, HOLD_S)
        if message.kind == "discover":
            self.note_asked(message.key)

    def checked(self, message, address, in_use, owner, since_s, released):
        """A check has ended that began at since_s; released: see Used."""
        self.checks[address] = self.now_s
        if not in_use:
            self.used.pop(address, None)
            self.block(address, HOLD_S)
            return
        self.disturbed = True
        self.block(address, QUARANTINE_S)
        hold = self.holds.get(address)
        leased = hold is not None and self.now_s <= hold.until_s
        leased = leased or self.now_s <= self.lost.get(address, -1)
        if self.now_s - since_s < HOLD_S and not leased:
            self.offers.pop(address, None)
            until_s = self.now_s + QUARANTINE_S
            self.used[address] = Used(owner, message.mac, until_s, released)

    def block(self, address, seconds):
        """Do not count on the address to be free for that long."""
        self.blocked[address] = max(self.blocked.get(address, 0), self.now_s + seconds)

    def note_asked(self, key):
        """A client of that key has sent a DISCOVER."""
        for hold in self.holds.values():
            if hold.key == key:
                hold.asked = True

    def ended(self, address):
        """The program has ended the lease of an address."""
        self.offers.pop(address, None)
        self.holds.pop(address, None)

    def answered(self, message, reply):
        """Judge a reply (timeline.Reply), silence included, and write down what it changes."""
        if reply.kind == "OFFER":
            self.offered(message, reply.yiaddr)
        elif reply.kind == "ACK":
            self.acked(message, reply)
        elif reply.kind == "NAK":
            self.refused(message)
        elif message.kind == "release":
            self.released(message, reply.dropped)
        elif message.kind == "decline":
            self.was_declined(message, reply.dropped)
        elif message.kind == "other":
            self.forget_offers(message.key)
        else:
            self.silent(message, reply.dropped)

    # OFFER

    def offered(self, message, address):
        """An address is offered."""
        self.check_address(message, address)
        self.check_reservation(message, address)
        had = self.offers.get(address)
        if had and had[0] != message.key and had[1] != message.mac and self.now_s < had[2]:
            if self.any_free(address):
                self.fault("taken", "the offer of {} goes to another client".format(address))
        self.check_clone(message, address)
        mac, until_s = self.declined.get(address, (None, 0))
        if mac == message.mac and self.now_s < until_s and self.any_free(address):
            self.fault("declined", "{} is offered again to who declined it".format(address))
        self.forget_offers(message.key)
        self.limit_offers(message.mac)
        self.offers[address] = (message.key, message.mac, self.now_s + HOLD_S)
        self.block(address, HOLD_S)
        self.note_asked(message.key)

    def check_address(self, message, address):
        """The address is one of ours, not somebody else's, and was not found in use."""
        if not self.ours(address):
            self.fault("pool", "{} is none of the addresses to give out".format(address))
        mine = self.safe(address)
        mine = mine and mine.key == message.key
        if self.is_others(address, message) and (not mine or self.any_free(address)):
            self.fault("A3" if mine else "reserved", "{} is reserved".format(address))
        used = self.used.get(address)
        if not used or mine or self.now_s >= used.until_s or message.mac == used.owner:
            return
        if message.kind in ("renew", "reboot", "select"):
            if used.owner or message.mac == used.asker:
                self.fault("A8", "{} was found in use by another".format(address))
        else:
            self.fault("A9" if used.released else "used", "{} is in use".format(address))

    def check_reservation(self, message, address):
        """A client with a free reservation gets no other address."""
        wanted = self.reservation(message)
        if len(self.macs[message.key]) > 1:
            return  # hosts that share an identifier are one client
        if wanted and wanted != address and self.is_for(wanted, message):
            by_mac = message.key not in self.reserved[wanted]
            self.fault("A5" if by_mac else "A2", "{} instead of {}".format(address, wanted))

    def check_clone(self, message, address):
        """An identifier that comes with another MAC: the address may be in use by the first."""
        hold = self.safe(address)
        if not self.checking or not hold or hold.mac == message.mac:
            return
        if self.now_s - self.checks.get(address, -HOLD_S - 1) > HOLD_S:
            self.fault("A12", "{} is offered to a second MAC unchecked".format(address))

    def forget_offers(self, key):
        """The offers to a client need not be kept any longer."""
        for address in list(self.offers):
            if self.offers[address][0] == key:
                del self.offers[address]

    def limit_offers(self, mac):
        """A device with many identifiers may lose an offer to its next one."""
        mine = [address for address in self.offers if self.offers[address][1] == mac]
        holds = [hold for hold in self.holds.values() if hold.mac == mac]
        if len(mine) + len(holds) >= PER_DEVICE:
            for address in mine:
                del self.offers[address]

    # ACK

    def acked(self, message, reply):
        """An address is acknowledged."""
        address = reply.yiaddr
        if message.named not in (None, address):
            self.fault("named", "{} acknowledged instead of {}".format(address, message.named))
        self.check_address(message, address)
        if message.kind == "discover":
            self.check_reservation(message, address)
        elif message.kind != "select":
            self.check_moves(message, address)
        self.check_alone(message, address)
        self.write_hold(message, address, reply.seconds(51))

    def check_moves(self, message, address):
        """A REQUEST for an old address is refused once another one is reserved for the client."""
        wanted = self.reservation(message)
        if wanted and wanted != address and self.is_free(wanted):
            self.fault("A2", "{} acknowledged, {} is reserved".format(address, wanted))
        if self.is_others(address, message):
            self.fault("A3", "{} acknowledged, it is reserved for another".format(address))

    def check_alone(self, message, address):
        """Nobody else may use the address."""
        hold = self.safe(address)
        if not hold or hold.key == message.key or hold.mac == message.mac or hold.surplus:
            return
        if self.gives_way(hold) and message.kind in ("discover", "select"):
            return
        rule = "two"
        if hold.contested:
            rule = "A3"
        elif not hold.confirmed:
            rule = "A7"
        elif hold.asked:
            rule = "A4"
        elif hold.unasked:
            rule = "A7"
        self.fault(rule, "{} has two holders".format(address))

    def gives_way(self, hold):
        """Return whether a lease may end because the pool is full, the last resort."""
        old = not hold.confirmed and self.now_s - hold.acked_s >= UNCONFIRMED_S
        return old and self.now_s - self.full_s <= FULL_S

    def write_hold(self, message, address, lease_s):
        """Note a lease, and the leases that it ends."""
        had = self.safe(address)
        mine = had is not None and had.key == message.key
        offer = self.offers.pop(address, None)
        for other in list(self.holds):
            old = self.holds[other]
            if old.key == message.key:
                if old.mac != message.mac:  # hosts that share an identifier may keep one each
                    self.block(other, max(0, old.until_s - self.now_s))
                del self.holds[other]
        self.forget_offers(message.key)
        hold = Hold(
            message.key, message.mac, self.now_s, FOREVER_S if lease_s == FOREVER else lease_s
        )
        hold.unasked = message.kind != "select"
        offered = offer is not None and offer[0] == message.key and self.now_s < offer[2]
        if message.kind == "discover" or message.kind == "select" and offered:
            hold.confirmed = True
        elif mine:
            hold.confirmed = had.confirmed or message.kind == "renew"
            hold.contested, hold.unasked = had.contested, had.unasked
        self.holds[address] = hold
        self.used.pop(address, None)  # it was its user who asked
        self.limit_holds(message.mac)

    def limit_holds(self, mac):
        """Mark those leases of a device that may give way to its newer ones."""
        mine = [hold for hold in self.holds.values() if hold.mac == mac]
        mine = [hold for hold in mine if self.now_s < hold.until_s]
        if len(mine) > PER_DEVICE:
            mine.sort(key=lambda hold: hold.acked_s)
            latest_s = mine[-2].acked_s
            for hold in mine:
                hold.surplus = hold.surplus or hold.acked_s <= latest_s

    # NAK, silence

    def refused(self, message):
        """A REQUEST is refused."""
        address = message.named
        self.check_refusal(message, address, "refused")
        for other in list(self.holds):
            hold = self.holds[other]
            if hold.key == message.key and (other == address or hold.contested):
                self.block(other, max(0, hold.until_s - self.now_s))
                self.lost[other] = hold.until_s
                del self.holds[other]
        self.forget_offers(message.key)

    def check_refusal(self, message, address, how):
        """Nobody loses a lease, an offer, or a reserved address without a reason."""
        offer = self.offers.get(address)
        if message.kind == "select" and offer and self.now_s < offer[2]:
            if offer[:2] == (message.key, message.mac) and not self.disturbed:
                self.fault("offer", "{}, though {} was offered".format(how, address))
        wanted = self.reservation(message)
        hold = self.safe(address)
        if hold and hold.key == message.key and hold.mac == message.mac and not hold.surplus:
            self.check_loss(message, address, hold, wanted, how)
        elif not wanted or wanted != address or self.disturbed or not self.authoritative:
            return
        elif self.is_for(address, message):
            self.fault("A5", "{}, though {} is reserved".format(how, address))

    def check_loss(self, message, address, hold, wanted, how):
        """A client is about to lose a lease that the server knows."""
        if how == "refused" and self.is_others(address, message):
            return
        if wanted and wanted != address:
            other = self.safe(wanted)
            if how == "refused" and not (other and other.mac != message.mac):
                return
            self.fault("A2", "{}: {}, but {} is taken".format(how, address, wanted))
        if self.gives_way(hold) or hold.contested and len(self.macs[hold.key]) > 1:
            return
        rule = "A6" if self.crowded(message.mac) else "A7" if hold.unasked else "lost"
        if hold.contested or hold.asked:
            rule = "A3" if hold.contested else "A4"
        self.fault(rule, "{}, though {} is leased".format(how, address))

    def crowded(self, mac):
        """Return whether a device has as many leases as it may have."""
        holds = [hold for hold in self.holds.values() if hold.mac == mac]
        return len(holds) >= PER_DEVICE

    def silent(self, message, dropped):
        """A message that wants an answer gets none."""
        if message.kind != "discover":
            self.check_refusal(message, message.named, "silence")
            return
        if self.disturbed or dropped == "other_server":
            return
        wanted = self.reservation(message)
        if self.any_free() or wanted and self.is_free(wanted):
            rule = "A6" if dropped == "greedy" else "locked out"
            self.fault(rule, "no address, though one is free ({})".format(dropped))

    # RELEASE, DECLINE

    def released(self, message, dropped):
        """A client gives an address back; dropped: why it was not heard, None if it was."""
        address = message.named
        hold = self.live(address)
        if dropped is None:
            self.offers.pop(address, None)
        if not hold:
            return
        is_mac = hold.key[0] == "mac"
        if hold.key == message.key and is_mac and hold.mac != message.mac:
            if dropped is None and self.safe(address):
                self.fault("A11", "{} was released by another MAC".format(address))
            return
        mine = hold.key == message.key and hold.mac == message.mac
        if mine and self.safe(address) and not hold.surplus and dropped is not None:
            rule = "A3" if hold.contested else "release"
            self.fault(rule, "a RELEASE of {} was not heard".format(address))
        if dropped is None:
            self.ended(address)
        elif mine:
            self.block(address, hold.until_s - self.now_s)
            self.ended(address)

    def was_declined(self, message, dropped):
        """A client has found an address in use; dropped: why it was not heard."""
        address = message.named
        if dropped is not None:
            return
        if self.ours(address) and self.is_free(address):
            self.fault("A10", "a DECLINE of {} counts, which nobody has".format(address))
        self.ended(address)
        self.block(address, QUARANTINE_S)
        self.declined[address] = (message.mac, self.now_s + QUARANTINE_S)
