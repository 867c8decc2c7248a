"""A fake Pico W: cyw43-driver, MP extmod/network_cyw43.c and shared/netutils/dhcpserver.c."""

import types

from fakes import rules
from fakes.addresses import addr4, parse, text
from fakes.air import BOARD_AT_HOME, ROUTER
from fakes.board import Board
from fakes.builtin import BuiltIn
from fakes.lwip import ANY, Lwip, Netif

STA, AP = 0, 1
_MAC = b"\x00\x10\x18\x00\x00\x02"  # the same for both interfaces: CY cyw43_ctrl.c:539-544
_JOIN_US = 300_000
_UDP_PCBS = 5  # MEMP_NUM_UDP_PCB 4 + mDNS, whose PCB is taken at boot
_SECURITY = {"OPEN": 0, "WPA_WPA2": 0x400006}
_WPA2_AES = 0x400004  # what rp2/main.c sets at boot
_NEW_SECURITY = {"WPA3": 0x1000004, "WPA2_WPA3": 0x1400004}  # from v1.25
_PM_NONE, _PM_PERFORMANCE, _PM_POWERSAVE = 0x10, 0xA11142, 0x11


class PicoW(Board):
    """A Pico W with stock MicroPython `version`.

    link_after_us  how long after `active(True)` the AP's link is up: an event of the chip sets
                   it (CY cyw43_ctrl.c:402-413); in the emulator it is there at once
    """

    def __init__(self, version=(1, 26)):
        stack = Lwip(udp_limit=_UDP_PCBS, route_source=False, raw_eats=True, arp_queue=1)
        self.link_after_us = 0
        super().__init__(version, rules.rp2(version), stack)
        stack.new(lambda *_: None)  # mDNS

    def network(self):
        """Return the module `network`."""
        if not hasattr(self, "_chip"):  # a soft reset leaves Wi-Fi as it is
            self._chip = Chip(self)
        interfaces = self._chip.interfaces

        def wlan(number=STA):
            return interfaces[STA if number == STA else AP]

        security = dict(_SECURITY)
        if self.version >= (1, 25):
            security.update(_NEW_SECURITY)
        for name, value in security.items():
            setattr(wlan, f"SEC_{name}", value)
        wlan.IF_STA, wlan.IF_AP = STA, AP
        wlan.PM_NONE, wlan.PM_PERFORMANCE = _PM_NONE, _PM_PERFORMANCE
        wlan.PM_POWERSAVE = _PM_POWERSAVE
        module = types.SimpleNamespace(WLAN=wlan, STA_IF=STA, AP_IF=AP)
        module.country = module.hostname = lambda name=None: None
        return module


class Chip:
    """cyw43_t: both interfaces and their common state."""

    def __init__(self, board):
        self.board = board
        self.interfaces = {STA: StationInterface(self), AP: AccessPointInterface(self)}
        self.on_stack = 2  # what num_stas holds before anybody sets it: see stations()
        self.security = _WPA2_AES
        self.ssid = "PICOFFFF"
        self.pm = _PM_PERFORMANCE

    def stations(self):
        """Return the MACs that status("stations") lists.

        Up to cyw43-driver 9f6405f, mended in MP v1.24.1, the caller does not set num_stas, and the
        list is cut at what lies on the stack: what the call before has left there, itself one of
        this kind (measured on v1.23.0: send_ethernet and config of pm leave 0, config("channel"),
        ipconfig("addr4") and sleep_ms a large number).
        """
        macs = list(self.board.ap.stations)
        if self.board.version < (1, 25):
            macs = macs[: self.on_stack]
            self.on_stack = len(macs)
        return macs

    def deinit(self):
        """cyw43_deinit: both interfaces are torn down and the chip goes off."""
        for interface in self.interfaces.values():
            interface.power_off()


class Interface:
    """What network.WLAN(…) returns: the methods of both interfaces."""

    number = None
    IF_STA, IF_AP = STA, AP
    PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = _PM_NONE, _PM_PERFORMANCE, _PM_POWERSAVE
    SEC_OPEN, SEC_WPA_WPA2 = _SECURITY["OPEN"], _SECURITY["WPA_WPA2"]

    def __init__(self, chip, side):
        self._chip = chip
        self._board = chip.board
        self.netif = Netif("w" + str(self.number), _MAC, side)
        self._asked = False  # MP's if_active: what active() was told last
        self._flag = False  # CY's itf_state
        self._added = False

    def deinit(self):
        """Take the chip's power."""
        self._chip.deinit()

    def active(self, up=None):
        """Switch the interface; without an argument: is it on?"""
        self._board.spend(1000)
        self._board.injected("active")
        if up is None:
            return self._is_active()
        self._set_up(bool(up))
        self._asked = bool(up)
        return None

    def _is_active(self):
        # MP v1.25 has a flag of its own, which deinit() leaves (measured); before, the link's
        return self._asked if self._board.version >= (1, 25) else self.netif.link

    def _set_up(self, up):
        """CY cyw43_ctrl.c:553-583, cyw43_wifi_set_up, in three versions of the driver."""
        if up and not self._flag:
            self._tear_down()
            self._build()
        elif not up and self._flag:
            self._link(False)
            if self.number == AP and self._board.version >= (1, 28):
                self._tear_down()  # CY 055d642 :575-583 frees port 67; before, only the flag went
        self._flag = up
        self._switched(up)

    def _build(self):
        self._board.stack.add(self.netif)
        self._added = True
        self._board.stack.default = self.netif  # CY cyw43_lwip.c:212: the last one wins
        self._init()

    def _tear_down(self):
        if self._added:
            self._deinit()
            self._board.stack.remove(self.netif)
            self._added = False

    def power_off(self):
        """Lose the power."""
        self._switched(False)
        self._tear_down()
        self._flag = False

    def _link(self, up):
        self.netif.link = up

    def send_ethernet(self, frame):
        """Send a frame on this interface, without routing or ARP; lost while it is down."""
        self._board.spend(270)
        self._board.injected("send_ethernet")
        self._chip.on_stack = 0
        if self.netif.link:
            self.netif.side.sent(frame)

    def ifconfig(self, setting=None):
        """Get (address, mask, gateway, DNS), or set them."""
        netif = self.netif
        self._board.injected("ifconfig")
        if setting is None:
            return tuple(map(text, (netif.address, netif.mask, netif.gateway, ANY)))
        netif.address, netif.mask, netif.gateway, _ = map(parse, setting)
        return None

    def ipconfig(self, *query, **values):
        """Get one setting of the interface, or set some."""
        netif = self.netif
        self._board.injected("ipconfig")
        if query:
            if query[0] == "addr4":
                return text(netif.address), text(netif.mask)
            raise ValueError("unexpected key")
        for key, value in values.items():
            if key == "addr4":
                netif.address, netif.mask = addr4(value, netif.mask)
            elif key == "gw4":
                netif.gateway = parse(value)
            elif key != "dhcp4":  # lwIP's client: none runs on an AP (MP network_lwip.c:81-99)
                raise ValueError("unexpected key")
        return None

    def config(self, *query, **values):
        """Get one setting, or set some; ValueError for a key that it does not know."""
        self._board.spend(500)
        self._board.injected("config")
        if query:
            return self._get(query[0])
        cycle = False
        for name, value in values.items():
            if name in ("ssid", "essid"):
                self._chip.ssid = value
            elif name == "security":
                self._chip.security = value
            elif name == "pm":
                self._chip.pm = value
                self._chip.on_stack = 0
            elif name not in ("channel", "key", "password", "txpower", "hostname", "antenna"):
                raise ValueError("unknown config param")  # `hidden` too (measured)
            cycle |= name in ("ssid", "essid", "security", "key", "password", "channel")
        if cycle and self._asked and self._board.version >= (1, 25):
            self._set_up(False)  # MP network_cyw43.c:472-559
            self._set_up(True)
        return None

    def _get(self, name):
        if name == "channel":
            self._chip.on_stack = 0x20000000
        known = {
            "mac": self.netif.mac,
            "ssid": self._chip.ssid,
            "essid": self._chip.ssid,
            "security": self._chip.security,
            "pm": self._chip.pm,
            "channel": 3,
            "txpower": 31,
            "hostname": "PicoW",
        }
        if name not in known:
            raise ValueError("unknown config param")
        return known[name]


class AccessPointInterface(Interface):
    """network.WLAN(IF_AP)."""

    number = AP

    def __init__(self, chip):
        super().__init__(chip, chip.board.ap)
        self._server = BuiltIn(chip.board.stack, renews=False, unicasts=False, pool=16)

    def _init(self):
        """CY cyw43_lwip.c:236-239: the address, then the server, bound to ANY."""
        netif = self.netif
        netif.address, netif.mask = parse("192.168.4.1"), parse("255.255.255.0")
        netif.gateway = netif.address
        self._server.start(netif, ANY)

    def _deinit(self):
        self._server.stop()

    def _switched(self, up):
        if up != self._board.ap.up:
            self._board.ap.switch(up)
        if not up:
            self._link(False)
        elif self._board.link_after_us:
            self._board.after(self._board.link_after_us, lambda: self._link(self._flag))
        else:
            self._link(True)

    def status(self, what=None):
        """Return 3 while it is up, else 0; the stations as 1-tuples (MP network_cyw43.c:371)."""
        self._board.spend(280)
        self._board.injected("status")
        if what is None:
            return 3 if self.netif.link else 0
        if what != "stations":
            raise ValueError("unknown status param")
        return [(mac,) for mac in self._chip.stations()]

    def isconnected(self):
        """Return whether the link is up and a station is associated."""
        return self.netif.link and bool(self._board.ap.stations)


class StationInterface(Interface):
    """network.WLAN(IF_STA)."""

    number = STA

    def __init__(self, chip):
        super().__init__(chip, chip.board.home)
        self._client = None

    def _init(self):
        """The DHCP client takes a PCB as soon as the interface is there (measured)."""
        self._client = self._board.stack.new(lambda *_: None)
        self._board.stack.bind(self._client, ANY, 68)

    def _deinit(self):
        self._board.stack.free(self._client)
        self.netif.address = ANY

    def _switched(self, up):
        if not up:
            self._link(False)

    def connect(self, ssid=None, key=None, **more):
        """Join the home network; its address comes a little later."""
        if self._board.home.key in (None, key):
            self._board.after(_JOIN_US, self._joined)

    def _joined(self):
        netif = self.netif
        if self._flag:
            netif.address, netif.mask = parse(BOARD_AT_HOME), parse("255.255.255.0")
            netif.gateway = parse(ROUTER)
            self._link(True)

    def scan(self):
        """Return the networks around; OSError while it is off."""
        self._board.spend(2_000_000)
        if not self._flag:
            self._board.fail_with("EIO")
        return list(self._board.home.found)

    def disconnect(self):
        """Leave the home network."""
        self._link(False)
        self.netif.address = ANY

    def isconnected(self):
        """Return whether it has an address."""
        return self.netif.link

    def status(self, what=None):
        """Return 3 (STAT_GOT_IP) or 0 (STAT_IDLE)."""
        if what == "stations":
            raise ValueError("AP required")
        return 3 if self.netif.link else 0
