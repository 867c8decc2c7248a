"""A fake ESP32: esp_netif, its DHCP server, and MP ports/esp32/network_wlan.c."""

import types

from fakes import rules
from fakes.addresses import addr4, parse, text
from fakes.air import BOARD_AT_HOME, ROUTER
from fakes.board import Board
from fakes.builtin import BuiltIn
from fakes.lwip import ANY, Lwip, Netif

STA, AP = 0, 1
_MAC = b"\x02\x00\x5e\x10\x00\x00"  # the AP's is one higher
_JOIN_US = 300_000  # associating, and the router's DHCP
_INIT, _STARTED, _STOPPED = "INIT", "STARTED", "STOPPED"
# network.AUTH_* and WLAN.SEC_* are the same numbers: wifi_auth_mode_t (stubs of v1.29).
_MODES = {"OPEN": 0, "WEP": 1, "WPA": 2, "WPA2": 3, "WPA_WPA2": 4, "WPA3": 6, "WPA2_WPA3": 7}
_CONFIG = {
    "ssid": "ESP_000001",
    "channel": 1,
    "hidden": False,
    "authmode": 0,  # open until told otherwise, whatever the key is
    "key": "",
    "max_clients": 4,
    "pm": 1,
    "txpower": 20,
    "protocol": 7,
}
_ALIASES = {"essid": "ssid", "security": "authmode", "password": "key"}
_WRITE_ONLY = ("key",)


class Esp32(Board):
    """An ESP32 with stock MicroPython `version`.

    dhcps            status of the built-in server: "INIT", "STARTED", "STOPPED"
    refuses_no_dns   False: a firmware that nobody has seen yet, which takes 0.0.0.0 for a DNS
    takes_security   False: one that ignores that setting
    config_restarts  True: a new configuration restarts a running AP, False: its stations leave
    """

    def __init__(self, version=(1, 29)):
        # IDF Kconfig: 16 PCBs; ELW api_msg.c:159-207: raw sockets get copies; ARP_QUEUEING is on
        stack = Lwip(udp_limit=16, route_source=True, raw_eats=False, arp_queue=10)
        self.refuses_no_dns = True
        self.takes_security = True
        self.config_restarts = False
        super().__init__(version, rules.esp32(version), stack)

    def network(self):
        """Return the module `network`."""
        self.stations_have_ip = self.version >= (1, 29)  # MP 2f16bf430a
        if not hasattr(self, "_ap"):  # a soft reset leaves Wi-Fi as it is
            self._ap, self._sta = AccessPointInterface(self), StationInterface(self)
        interfaces = {STA: self._sta, AP: self._ap}

        def wlan(number=STA):
            if number not in interfaces:
                raise ValueError("invalid WLAN interface identifier")
            return interfaces[number]

        _constants(wlan)
        module = types.SimpleNamespace(WLAN=wlan, STA_IF=STA, AP_IF=AP)
        module.country = module.hostname = lambda name=None: None
        for name, value in _MODES.items():
            setattr(module, f"AUTH_{name}" + ("_PSK" if name.startswith("WPA") else ""), value)
        return module

    @property
    def dhcps(self):
        """The built-in server's status."""
        return self._ap.status_of_dhcps

    def update_default(self):
        """Choose lwIP's default interface: STA (100) before AP (10), esp_netif_defaults.h:68."""
        up = [i.netif for i in (self._sta, self._ap) if i.netif.link and i.netif.address != ANY]
        self.stack.default = up[0] if up else None


def _constants(wlan):
    wlan.IF_STA, wlan.IF_AP = STA, AP
    wlan.PM_NONE, wlan.PM_PERFORMANCE, wlan.PM_POWERSAVE = 0, 1, 2
    for name, value in _MODES.items():
        setattr(wlan, f"SEC_{name}", value)


class Interface:
    """What network.WLAN(…) returns: the methods of both interfaces."""

    number = None
    IF_STA, IF_AP = STA, AP
    PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = 0, 1, 2
    SEC_OPEN, SEC_WPA2 = 0, 3

    def __init__(self, board, name, side):
        self._board = board
        self._config = dict(_CONFIG)
        self._dns = ANY
        self.netif = Netif(name, _MAC[:5] + bytes([self.number]), side)
        self._active = False

    def __getattr__(self, name):
        if name == "ipconfig" and self._board.version >= (1, 24):
            return self._ipconfig  # network_wlan.c has it from v1.24
        raise AttributeError(name)

    def active(self, up=None):
        """Switch the interface; without an argument: is it on?"""
        self._board.spend(1000)
        self._board.injected("active")
        if up is None:
            return self._active
        if bool(up) != self._active:
            self._active = bool(up)
            (self._start if up else self._stop)()
        return self._active

    def config(self, *query, **values):
        """Get one setting, or set some; ValueError for a key that it does not know."""
        self._board.spend(500)
        self._board.injected("config")
        if query:
            return self._get(_ALIASES.get(query[0], query[0]))
        changed = dict(self._config)
        if not self._board.takes_security:
            values = {n: v for n, v in values.items() if n not in ("security", "authmode")}
        for name, value in values.items():
            name = _ALIASES.get(name, name)
            if name not in self._config:
                raise ValueError("unknown config param")
            if name not in ("pm", "txpower", "protocol", "channel") and self.number != AP:
                raise OSError("AP required")
            changed[name] = value
        self._accept(changed)
        return None

    def _get(self, name):
        if name == "mac":
            return self.netif.mac
        if name == "ifname":
            # esp_netif_get_netif_impl_name: there is one only while it is in lwIP's list
            return self.netif.name if self.netif in self._board.stack.netifs else None
        if name not in self._config or name in _WRITE_ONLY:
            raise ValueError("unknown config param")
        return self._config[name]

    def _accept(self, changed):
        self._config = changed

    def ifconfig(self, setting=None):
        """Get (address, mask, gateway, DNS), or set them."""
        netif = self.netif
        self._board.injected("ifconfig")
        if setting is None:
            return tuple(map(text, (netif.address, netif.mask, netif.gateway, self._dns)))
        address, mask, gateway, dns = map(parse, setting)
        self._set_address(address, mask, gateway, dns)
        return None

    def _ipconfig(self, *query, **values):
        netif = self.netif
        self._board.injected("ipconfig")
        if query:
            if query[0] == "addr4":
                return text(netif.address), text(netif.mask)
            raise ValueError("unexpected key")
        address, mask, gateway = netif.address, netif.mask, netif.gateway
        for key, value in values.items():
            if key == "addr4":
                address, mask = addr4(value, mask)
            elif key == "gw4":
                gateway = parse(value)
            else:
                raise ValueError("unexpected key")  # dhcp4 of the AP (network_common.c:258-270)
        self._set_address(address, mask, gateway, None)
        return None


class AccessPointInterface(Interface):
    """network.WLAN(IF_AP)."""

    number = AP

    def __init__(self, board):
        super().__init__(board, "ap", board.ap)
        netif = self.netif
        netif.address, netif.mask = parse("192.168.4.1"), parse("255.255.255.0")
        netif.gateway = netif.address
        self.status_of_dhcps = _INIT
        unicasts = board.version >= (1, 24)  # IDF 5.2: 04ea8247404
        self._server = BuiltIn(board.stack, renews=True, unicasts=unicasts, pool=2)

    def _start(self):
        """WIFI_EVENT_AP_START: IDF esp_netif_lwip.c:1192-1221."""
        stack = self._board.stack
        stack.add(self.netif)
        self.netif.link = True
        self._board.ap.switch(True)
        if self.status_of_dhcps == _STOPPED:
            return  # 1217-1221: before the default interface is chosen
        self._start_server()
        self._board.update_default()

    def _start_server(self):
        """dhcps_start: its bind is bound to the interface from IDF 5.4 on (dhcpserver.c:1386)."""
        bound = self._board.version >= (1, 26)
        self._server.start(self.netif, self.netif.address, bound)
        self.status_of_dhcps = _STARTED

    def _stop(self):
        """AP stop: 1269-1274, a status of STOPPED is kept."""
        self._stop_server(_INIT if self.status_of_dhcps != _STOPPED else _STOPPED)
        self._board.ap.switch(False)
        self._board.stack.remove(self.netif)
        self._board.update_default()

    def _stop_server(self, status):
        self._server.stop()
        self.status_of_dhcps = status

    def _set_address(self, address, mask, gateway, dns):
        """MP network_common.c:138-146, 321: stop, address, DNS, start.

        A DNS of 0.0.0.0 is refused (IDF esp_netif_lwip.c:2111) after the stop and the address,
        before the start.
        """
        self._stop_server(_STOPPED)
        netif = self.netif
        netif.address, netif.mask, netif.gateway = address, mask, gateway
        if dns == ANY and self._board.refuses_no_dns:
            raise RuntimeError("Wifi Unknown Error 0x5001")
        self._dns = dns or self._dns
        self.status_of_dhcps = _INIT
        if netif.link:
            self._start_server()

    def _accept(self, changed):
        """Set the configuration; what a running AP makes of it is in Espressif's closed driver."""
        different = changed != self._config
        super()._accept(changed)
        if different and self._active:
            self._board.ap.stations.clear()
            if self._board.config_restarts:
                self._stop()
                self._start()

    def status(self, what=None):
        """Return the stations: 1-tuples, from v1.29 pairs with the built-in server's address."""
        self._board.spend(300)
        self._board.injected("status")
        if what is None:
            return None
        if what != "stations":
            raise ValueError("unknown status param")
        if not self._active:
            raise OSError("Wifi Invalid Mode")
        if self._board.stations_have_ip:
            return [(mac, None) for mac in self._board.ap.stations]
        return [(mac,) for mac in self._board.ap.stations]

    def isconnected(self):
        """Return whether a station is associated."""
        return bool(self._board.ap.stations)


class StationInterface(Interface):
    """network.WLAN(IF_STA)."""

    number = STA

    def __init__(self, board):
        super().__init__(board, "st", board.home)
        self._client = None
        self._joining = None

    def _start(self):
        self._board.stack.add(self.netif)

    def _stop(self):
        self.disconnect()
        self._board.stack.remove(self.netif)

    def connect(self, ssid=None, key=None, bssid=None):
        """Join the home network; its address comes a little later."""
        if not self._active:
            raise OSError("Wifi Not Started")
        self._client = self._client or self._board.stack.new(lambda *_: None)
        self._board.stack.bind(self._client, ANY, 68)
        if self._board.home.key in (None, key):
            self._joining = self._board.clock.after(_JOIN_US, self._joined)

    def _joined(self):
        netif = self.netif
        netif.address, netif.mask = parse(BOARD_AT_HOME), parse("255.255.255.0")
        netif.gateway = parse(ROUTER)
        netif.link = True
        self._board.update_default()  # from now on 255.255.255.255 of an ANY socket goes home

    def scan(self):
        """Return the networks around; OSError while it is off."""
        self._board.spend(2_000_000)
        if not self._active:
            self._board.fail_with("EIO")
        return list(self._board.home.found)

    def disconnect(self):
        """Leave the home network."""
        if self._joining:
            self._joining.cancel()
        if self._client:
            self._board.stack.free(self._client)
            self._client = None
        self.netif.link = False
        self.netif.address = ANY
        self._board.update_default()

    def _set_address(self, address, mask, gateway, dns):
        netif = self.netif
        netif.address, netif.mask, netif.gateway = address, mask, gateway

    def isconnected(self):
        """Return whether it has an address."""
        return self.netif.link

    def status(self, what=None):
        """Return 1010 (STAT_GOT_IP) or 1000 (STAT_IDLE)."""
        if what == "stations":
            raise OSError("AP required")
        return 1010 if self.netif.link else 1000
