"""Stands in for the firmware's `network`, without Wi-Fi: enough to start a service."""

STA_IF = 0


class WLAN:
    """An interface that does what it is told."""

    IF_STA, IF_AP = 0, 1
    PM_NONE = 16

    def __init__(self, interface):
        self._interface = interface
        self._active = False
        self._addr4 = "192.168.4.1", "255.255.255.0"
        self._settings = {"mac": b"\x00\x00\x5e\x00\x53\x01", "pm": 0xA11140}

    def active(self, value=None):
        """Return whether it is active, or set that."""
        if value is None:
            return self._active
        self._active = value

    def config(self, name=None, **settings):
        """Return the value of a setting, or set some."""
        self._settings.update(settings)
        if name:
            return self._settings.get(name)

    def ipconfig(self, name=None, addr4=None):
        """Return address and mask, or set them."""
        if addr4:
            self._addr4 = addr4
        return self._addr4

    def status(self, _what):
        """Return the stations: none."""
        return []

    def send_ethernet(self, frame):
        """Send a frame: nowhere."""


def country(_code=None):
    """Return the country, or set it."""
    return "XX"
