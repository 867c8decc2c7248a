"""The Wi-Fi chip of a Pico W as an access point: what rp2040py's CYW43439 lacks, from outside.

rp2040py models the chip as a station.  Bringing an access point up takes three more ioctls, one
event and frames on a second interface.  Names and numbers are those of the driver in the firmware
(georgerobotics/cyw43-driver, src/cyw43_ll.c).
"""

from rp2040py.external.cyw43 import bus as wire
from rp2040py.external.cyw43.bus import GSPIBus
from rp2040py.external.cyw43.chip import Cyw43439

STA, AP = 0, 1  # the driver's numbers of the two interfaces

_GET_ASSOCLIST = 159  # WLC_GET_ASSOCLIST
_MAX_STATIONS = 8
_CREDIT = 8  # packets the driver may send before it hears from the chip again
_DATA_AT = wire.SDPCM_HEADER_LEN + 2 + wire.BDC_HEADER_LEN
_IOCTL_AT = wire.SDPCM_HEADER_LEN + wire.IOCTL_HEADER_LEN
_STATION_COUNT_QUERY_N = 13  # see AccessPointBus._asked_again


class AccessPointBus(GSPIBus):
    """The chip's side of the bus between the RP2040 and the chip.

    ap_up      True while the access point is on the air
    stations   MACs (6 bytes) of the associated stations, as `ap.status("stations")` tells them
    on_frame   called as on_frame(interface, frame) for every Ethernet frame the firmware sends;
               interface is STA or AP
    on_ap      called as on_ap(up) when the firmware switches the access point on or off
    """

    def __init__(self):
        self._host_sequence = 0
        super().__init__()
        self.ap_up = False
        self.stations = []
        self.on_frame = None
        self.on_ap = None

    @property
    def _bus_data_credit(self):
        """How far the driver's 8-bit packet number may go.

        The model underneath counts what the chip has sent; a real chip grants credit relative to
        what it has received.  Many frames in without frames out would overtake the driver's
        number and stop it for good.
        """
        return (self._host_sequence + 1 + _CREDIT) & 0xFF

    @_bus_data_credit.setter
    def _bus_data_credit(self, _counted):
        """Leave the credit to the property: the model's own count is not used."""

    def power_off(self):
        """Forget everything, as when the firmware takes the chip's power (`ap.deinit()`)."""
        super().power_off()
        self._host_sequence = 0
        self._set_ap(False)

    def receive(self, interface, frame):
        """Hand an Ethernet frame to the firmware as received from the air on STA or AP."""
        self.queue_rx_ethernet_frame(bytes(frame), interface=interface)

    def _set_ap(self, up):
        changed, self.ap_up = self.ap_up != up, up
        if changed and self.on_ap:
            self.on_ap(up)

    def _write_wlan(self, data):
        """Take one packet of the firmware: a frame to send, or an ioctl."""
        size = int.from_bytes(data[0:2], "little")
        whole = len(data) >= wire.SDPCM_HEADER_LEN and size == len(data[:size])
        if not whole or size ^ int.from_bytes(data[2:4], "little") != 0xFFFF:
            return
        self._host_sequence = data[4]
        kind = data[5] & 15
        if kind == wire.DATA_HEADER and size >= _DATA_AT:
            self.queue_rx_packet(self._build_flow_control_response())
            interface = data[wire.SDPCM_HEADER_LEN + 4]
            if self.on_frame:
                self.on_frame(interface, bytes(data[_DATA_AT:size]))
        elif kind != wire.CONTROL_HEADER or size < _IOCTL_AT or not self._ioctl(data[:size]):
            super()._write_wlan(data)

    def _ioctl(self, data):
        """Answer an ioctl that concerns the access point; return whether it was one."""
        command = int.from_bytes(data[wire.SDPCM_HEADER_LEN :][:4], "little")
        payload = data[_IOCTL_AT:]
        if command == wire.WLC_GET_VAR:
            answer = self._variable(payload)
        elif command == _GET_ASSOCLIST:
            answer = self._station_list(payload)
        elif command == wire.WLC_SET_VAR and payload.startswith(b"bss\0"):
            answer = b""
        else:
            return False
        if answer is None:
            return False
        flags = int.from_bytes(data[wire.SDPCM_HEADER_LEN + 8 :][:4], "little")
        request = (flags & wire.CDCF_IOC_ID_MASK) >> wire.CDCF_IOC_ID_SHIFT
        self.queue_rx_packet(
            self._build_ioctl_success_response(request, len(payload), response_prefix=answer)
        )
        if command == wire.WLC_SET_VAR:
            self._switch(payload)
        return True

    def _variable(self, payload):
        """Return the value of a variable of the access point, None for any other."""
        if payload.startswith(b"bss\0"):
            return int(self.ap_up).to_bytes(4, "little")
        if payload.startswith(b"maxassoc\0"):
            return _MAX_STATIONS.to_bytes(4, "little")
        if self._asked_again(payload):
            return payload
        return None

    @staticmethod
    def _asked_again(payload):
        """True for the driver's second question for "maxassoc", which names no variable.

        cyw43_ll_wifi_ap_get_stas() sends the buffer with the first answer once more; a real chip
        refuses that and leaves the buffer as it was.
        """
        return len(payload) == _STATION_COUNT_QUERY_N and payload[1:4] == bytes(3)

    def _station_list(self, payload):
        room = int.from_bytes(payload[:4], "little")
        listed = self.stations[: min(room, _MAX_STATIONS)]
        return len(listed).to_bytes(4, "little") + b"".join(listed)

    def _switch(self, payload):
        """Switch the access point as "bss" says: its number, then 1 for on."""
        number, up = (int.from_bytes(payload[at : at + 4], "little") for at in (4, 8))
        if number == AP:
            self._set_ap(bool(up))
            self.queue_rx_packet(
                self._build_async_event(wire.CYW43_EV_LINK, 0, interface=AP, flags=int(bool(up)))
            )


class AccessPointChip(Cyw43439):
    """A CYW43439 with an AccessPointBus; nothing it sends reaches the host's network."""

    def __init__(self):
        super().__init__()
        self.bus = AccessPointBus()

    def attach(self, rp2040):
        """Solder the chip to the board's pins."""
        super().attach(rp2040)
        self.bus.nat_bridge = None
