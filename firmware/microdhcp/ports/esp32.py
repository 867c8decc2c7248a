"""The ESP32 family with stock MicroPython: esp_netif above lwIP.

* The socket is bound to the access point's address and interface.  Messages of another network do
  not reach it, and a broadcast leaves through the access point.
* A client without an address is reached by broadcast only: this firmware has no send_ethernet().
* readinto() joins datagrams that wait, so recv() takes them one by one: one object for each.
* An empty datagram ends a socket of this firmware for good: it is replaced.
"""

import errno
from select import POLLIN, poll
from socket import AF_INET, SO_BINDTODEVICE, SOCK_DGRAM, SOL_SOCKET, socket

from network import AUTH_OPEN, AUTH_WPA2_PSK, STA_IF, WLAN

from .._compat import const

_CIADDR = const(2)  # reply_to
_RELAY = const(3)
_EVERYBODY = const(("255.255.255.255", 68))


class Port:
    """UDP port 67 on the access point.

    ap       network.WLAN(network.WLAN.IF_AP)
    sock     the socket, None while closed
    dropped  datagrams thrown away: empty, or no memory for them
    associated  stations.Stations, made when it is first needed
    """

    queued = 0  # all that waits, waits at the socket
    names_owner = False  # a check of an address does not tell who answers
    side_by_side = 3  # checks at a time
    can_hide = True
    security_open = AUTH_OPEN
    security_wpa2 = AUTH_WPA2_PSK

    def __init__(self, ap, receives=True):
        """Prepare a port; `receives` is for ports that keep buffers to receive into."""
        self.ap = ap
        self.sock = None
        self.dropped = 0
        self.associated = None
        self._sta = WLAN(STA_IF)
        self._settings = None  # for ifconfig(): address, mask, gateway, DNS
        self._interface = None  # lwIP's name of the interface that the socket is bound to
        self._dead = True  # the socket hears nothing any more
        self._poll = self._tx = None
        self._tx_n = 0
        self._pm = None

    def tx(self, n):
        """Return a buffer for replies of at most n bytes."""
        self._tx_n = 0
        return bytearray(n)

    def claim(self, config, may_restart):
        """Take UDP port 67; return its cost as text for the log, "" without one.

        may_restart   the access point may be switched off for it, which sends its stations away
        Raises OSError that says what to do.
        """
        from .esp32_start import claim

        return claim(self, config, may_restart)

    def timer(self, number):
        """Return a free machine.Timer, or the one with a number.  ValueError if there is none."""
        from .esp32_start import timer

        return timer(number)

    def up(self):
        """Restore what is lost when the access point starts or its address changes.

        Raises OSError when the firmware is not ready for it.  Allocates.
        """
        if self.ap.ifconfig()[0] != self._settings[0]:
            self.stop_builtin()
        if self._dead:
            self.open()
        else:
            self._join()
        self.ap.config(pm=WLAN.PM_NONE)
        if self.associated:
            self.associated.forget()

    def lost(self):
        """Return whether up() is due.  Allocates.

        The interface has a new name each time the access point starts: the socket is then bound
        to one that is gone, and deaf.
        """
        if not self.ap.active():
            self._interface = None
            return False
        if self._dead or self.ap.config("ifname") != self._interface:
            return True
        return self.ap.ifconfig()[0] != self._settings[0]

    def stop_builtin(self):
        """Set our address and stop the firmware's own server; return whether that has worked.

        ifconfig() stops that server, sets address and DNS, and starts it again; it stumbles over
        a DNS of 0.0.0.0, with a RuntimeError, before the last step.
        """
        try:
            self.ap.ifconfig(self._settings)
        except RuntimeError:
            return True
        return False

    def open(self):
        """Replace the socket by a new one.  Raises OSError, MemoryError."""
        self._dead = True  # until all has gone well
        self._interface = None
        new = socket(AF_INET, SOCK_DGRAM)
        if self.sock:
            self.sock.close()
        self.sock = new
        self._poll = poll()
        self._poll.register(new, POLLIN)
        new.setblocking(False)
        new.bind((self._settings[0], 67))
        self._dead = False
        self._join()

    def _join(self):
        """Bind the socket to the interface; the access point brings its own, up() comes then."""
        name = self.ap.config("ifname")
        if name:
            self.sock.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, name)
        self._interface = name

    def wait(self, ms):
        """Return whether a datagram waits, after at most ms milliseconds."""
        for _ in self._poll.ipoll(ms):
            return True
        return False

    def receive(self, rx):
        """Put one datagram into rx; return its length, 0 if none waits.  Allocates one object."""
        if not self.wait(0):
            return 0
        try:
            data = self.sock.recv(len(rx))
        except MemoryError:
            self.sock.readinto(rx)  # may be more than one
            self.dropped += 1
            return 0
        except OSError as error:
            if error.errno == errno.EAGAIN:
                return 0
            data = b""
        n = len(data)
        if n:
            rx[0:n] = data
        else:
            self.dropped += 1
            self.open()
        return n

    def send(self, server, n):
        """Send server.tx[:n] where server.reply_to says; return whether it left.

        Allocates where it goes to one host, and where the length is another one than before.
        """
        to = _EVERYBODY
        if server.reply_to == _CIADDR:
            to = _place(server.rx, 12, 68)
        elif server.reply_to == _RELAY:
            to = _place(server.rx, 24, 67)
        if n != self._tx_n:
            self._tx = memoryview(server.tx)[:n]
            self._tx_n = n
        try:
            self.sock.sendto(self._tx, to)
        except OSError:
            return False
        return True

    def stations(self):
        """Return the MACs, 6 bytes each, of the stations that are associated.  Allocates."""
        try:
            return [entry[0] for entry in self.ap.status("stations")]  # from v1.29: (MAC, None)
        except OSError:  # the access point is off
            return []

    def foreign(self):
        """Return whether a datagram may have come from another network than the AP's."""
        return self._interface is None and self._sta.active()

    def close(self):
        """Close the socket and restore power saving.  The access point stays up."""
        if self.sock:
            self.sock.close()
            self.sock = self._interface = None
            try:
                self.ap.config(pm=self._pm)
            except (OSError, RuntimeError):  # Wi-Fi is off, then it saves power anyway
                return


def _place(message, at, port):
    """Return the address in message[at:at + 4] with a port, as sendto() wants it."""
    return "%d.%d.%d.%d" % tuple(message[at : at + 4]), port
