"""The settings of a server, checked once and kept in the form that packets need.

Only `Config` itself stays in memory: the rules (`settings`) and the options' encoders (`options`)
are loaded to make one, a few at a time, and drop themselves again on MicroPython.
"""


class Config:
    """The settings of a server.  A wrong or unknown one raises ValueError with its name.

    address        the server's own address and prefix length 8..30, "192.168.4.1/24"
    pool           first and last address to give out, ("192.168.4.16", "192.168.4.47").
                   Both are in the subnet.  The server's own address is outside.  At most 254
                   addresses, reserved ones outside the pool included

    All times are whole seconds from 1 to 134217728 (4.2 years).

    lease_s        3600   lease time, if the client asks for none
    min_lease_s    60     shortest lease time, at most lease_s
    max_lease_s    86400  longest lease time, at least lease_s.  None: no limit, clients may
                          have leases without end
    offer_hold_s   30     how long the server holds an offered address
    quarantine_s   600    how long nobody gets an address that is in use by another device

    Options for all clients:

    routers        own address   list of addresses in the subnet.  None or []: not sent
    dns_servers    own address   list of addresses.  None or []: not sent
    domain         None          domain name, "lan".  None: not sent
    options        {}     more options, {name or code: value}, see docs/options.md.  The subnet
                          mask and the broadcast address follow from `address`
    next_server    None   address for the field siaddr, from which clients boot
    boot_file      None   name for the field `file` and option 67, up to 127 characters

    Settings for single devices:

    reservations   {}     fixed addresses, {"00:00:5e:00:53:01": "192.168.4.100"}.  They may be
                          outside the pool.  A key is a MAC as text or 6 bytes, or a client id
                          (option 61) as "id:" and hex, or other bytes.  Devices that share an
                          address are a tuple of keys.  In place of the address, a dict gives
                          options to these devices only: {"address": "192.0.2.9", "routers": …,
                          "dns_servers": …, "domain": …, "options": {…}}.  None or [] in it:
                          not sent
    classes        []     options for kinds of devices, a list of {"vendor_class": "PXEClient",
                          "user_class": "iPXE", "architecture": 7, "options": {…}}.  One of the
                          first three is needed: how options 60 and 77 begin, the number in
                          93.  The first class that fits counts
    leases_per_device  3  addresses of one device with several client ids, 1 to the size of the
                          pool.  One more ends the lease that it confirmed least recently
    allow          None   list of MACs, or of their first bytes, "00:00:5e".  The server
                          serves only these devices.  None: all
    deny           ()     the same kind of list: these devices are not served

    How the server behaves:

    authoritative  True   it is the only server: it refuses wrong addresses (NAK) and accepts
                          unknown clients.  False: it does not answer unknown clients
    rapid_commit   False  answer a DISCOVER with an ACK if the client asks for it (RFC 4039)
    conflict_check True   check whether an address is in use before it is offered
    hostname_bytes 20     longest host name that is kept, 0..63.  0: none
    relays         ()     addresses of relay agents outside the subnet that may ask, if they
                          name it in option 82.5 or 118.  Those inside may always ask
    max_message    548    longest reply in bytes of UDP payload, 300..1472
    """

    # What the other modules read:
    #
    # address         bytes, our own IPv4 address, 4 bytes
    # host24          int, its last three bytes; the first is the same all over the subnet
    # net24_first     int, the network's address, last three bytes
    # net24_last      int, the broadcast address, last three bytes
    # first24         int, first address of the pool, last three bytes
    # pool_n          int, addresses in the pool, 1..254
    # lease_s, min_lease_s, max_lease_s (-1: no limit), offer_hold_s, quarantine_s: int
    # authoritative, rapid_commit, conflict_check: bool
    # hostname_bytes  int, longest host name that is kept, 0: none are
    # leases_per_device   int, live addresses of one chaddr, 1..addresses of the pool
    # next_server     bytes, 4, for siaddr, or None
    # boot_file       bytes for the field `file`, or None
    # relays          bytes, addresses of relay agents outside the subnet, 4 bytes each
    # max_message     int, longest reply in bytes of UDP payload
    # reservations    tuple of (host24, identity bytes, True for a MAC), by ascending address
    # slots, outside  int, addresses in all; array("i") of those outside the pool (settings.py)
    # devices         devices.Devices: what is set for single ones; None: nothing is
    # common, fixed, sent: what a reply is made of (settings_options.py)

    # Made by settings.fill(); an annotation costs nothing on a board.
    address: bytes
    host24: int
    net24_first: int
    net24_last: int

    def __init__(self, address, pool, **settings):
        """Check all settings, see the class; ValueError names the first wrong one."""
        from .settings import fill

        values = fill(self, address, pool, settings)
        del fill  # its module leaves the heap before the next one comes
        from .settings_options import fill as fill_options

        fill_options(self, values, settings)

    def on_link(self, buf, pos):
        """Return whether buf[pos:pos + 4] is an address that a host of our subnet can have."""
        if buf[pos] != self.address[0]:
            return False
        host = buf[pos + 1] << 16 | buf[pos + 2] << 8 | buf[pos + 3]
        return self.net24_first < host < self.net24_last and host != self.host24
