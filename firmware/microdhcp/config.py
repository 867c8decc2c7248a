"""The settings of a server, checked once and kept in the form that packets need.

Only `Config` itself stays in memory: the rules (`settings`) and the option table (`options`) are
loaded to make one, and drop themselves again on MicroPython.
"""


class Config:
    """Checked settings: numbers and finished bytes, nothing left to parse per packet.

    What the other modules read:

    #: address         bytes, our own IPv4 address, 4 bytes
    #: host24          int, its last three bytes; the first is the same all over the subnet
    #: net24_first     int, the network's address, last three bytes
    #: net24_last      int, the broadcast address, last three bytes
    #: first24         int, first address of the pool, last three bytes
    #: pool_n          int, addresses in the pool, 1..254
    #: lease_s, min_lease_s, max_lease_s (-1: no limit), offer_hold_s, quarantine_s: int
    #: authoritative, rapid_commit, conflict_check: bool
    #: hostname_bytes  int, longest host name that is kept, 0: none are
    #: leases_per_device   int, live addresses of one chaddr, 1..addresses of the pool
    #: next_server     bytes, 4, for siaddr, or None
    #: boot_file       bytes for the field `file`, or None
    #: relays          bytes, addresses of relay agents outside the subnet, 4 bytes each
    #: max_message     int, longest reply in bytes of UDP payload
    #: reservations    tuple of (host24, identity bytes, True for a MAC), by ascending address
    #: slots, outside  int, addresses in all; array("i") of those outside the pool (settings.py)
    #: devices         devices.Devices: what is set for single ones; None: nothing is
    #: common, fixed, sent: what a reply is made of (settings.py)
    """

    # Made by settings.fill(); an annotation costs nothing on a board.
    address: bytes
    host24: int
    net24_first: int
    net24_last: int

    def __init__(self, address, pool, **settings):
        """Check all settings; ValueError names the first that is wrong or not in this list.

        address        own address and prefix length 8..30, "192.168.4.1/24"
        pool           first and last address to give out, ("192.168.4.16", "192.168.4.47"),
                       inside the subnet, without the network's, the broadcast and the own
                       address; with the reservations outside it at most 254 addresses

        All times are int seconds, 1..2**27 (4.2 years):
        lease_s        3600   lease for a client that asks for no time of its own
        min_lease_s    60     shortest lease; min_lease_s <= lease_s <= max_lease_s
        max_lease_s    86400  longest lease; None: no limit, infinite leases are granted
        offer_hold_s   30     how long an offered address waits for the client's REQUEST
        quarantine_s   600    how long an address that a client declined is not given out

        routers        own address   list of addresses; [] or None: the option is not sent
        dns_servers    own address   list of addresses; [] or None: the option is not sent
        domain         None          domain name for the clients, "lan"; None: not sent
        options        {}     more options, {name or code: value}, see docs/options.md;
                              subnet_mask and broadcast follow from `address`
        reservations   {}     {"00:00:5e:00:53:01": "192.168.4.100"}: fixed addresses, inside
                              the pool or outside.  Key: a MAC as text (":" or "-") or 6 bytes, a
                              client id (option 61) as "id:" and hex, or other bytes; a tuple of
                              keys, or several entries, for clients that share the address.
                              {"address": "192.0.2.9", "routers": …, "dns_servers": …, "domain":
                              …, "options": {…}} replaces options for them; [] or None: not sent
        classes        []     options for kinds of clients; the first that fits counts.  A list of
                              {"vendor_class": "PXEClient", "user_class": "iPXE",
                              "architecture": 7, "options": {…}}, with at least one of the first
                              three (how 60 and 77 begin, what 93 names), the rest as above
        leases_per_device  3  addresses of one device with several client ids, 1..pool; beyond
                              that the lease that it confirmed least recently ends
        allow          None   list of MACs, or what MACs begin with, "00:00:5e": only these are
                              served; None: all are
        deny           ()     list of the same: these are not served, allowed or not
        authoritative  True   refuse (NAK) what is not ours and adopt unknown clients; False:
                              stay silent, for a network with another server
        rapid_commit   False  answer a DISCOVER with an ACK where the client asks (RFC 4039)
        conflict_check True   check, where the host can, whether an address is in use before it
                              is offered
        hostname_bytes 20     longest host name that is kept for each lease, 0..63; 0: none
        next_server    None   address for the field siaddr: where a client boots from
        boot_file      None   name for the field `file` and option 67, up to 127 characters
        relays         ()     addresses of relay agents outside the subnet that are answered, if
                              they name it in option 82.5 or 118; agents inside always are
        max_message    548    longest reply, bytes of UDP payload, 300..1472
        """
        from .settings import fill

        fill(self, address, pool, settings)

    def on_link(self, buf, pos):
        """Return whether buf[pos:pos + 4] is an address that a host of our subnet can have."""
        if buf[pos] != self.address[0]:
            return False
        host = buf[pos + 1] << 16 | buf[pos + 2] << 8 | buf[pos + 3]
        return self.net24_first < host < self.net24_last and host != self.host24
