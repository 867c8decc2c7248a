"""Checks and applies the access point's own settings.  Leaves memory after start()."""

import errno


def check(ssid, key, open_, country, channel):
    """Raise ValueError for the first setting that is wrong, naming it; nothing is touched."""
    if not isinstance(ssid, str) or not 1 <= len(ssid.encode()) <= 32:
        raise ValueError(f"ssid: {ssid!r} is not a text of 1 to 32 bytes")
    if open_:
        if key is not None:
            raise ValueError("key: an open access point has no key; leave out key, or open")
    elif not isinstance(key, str) or not 8 <= len(key) <= 63:
        raise ValueError("key: WPA2 needs a text of 8 to 63 characters; open=True needs no key")
    elif [byte for byte in key.encode() if not 0x20 <= byte <= 0x7E]:
        raise ValueError("key: WPA2 allows ASCII characters only")
    if country is not None and not (isinstance(country, str) and len(country) == 2):
        raise ValueError(f"country: {country!r} is not a code of two letters, like DE")
    if channel is not None and channel not in range(1, 15):
        raise ValueError(f"channel: {channel!r} is not within 1..14")


def configure(ap, security, ssid, key, country, channel, hidden, feed):
    """Switch the access point on with these settings; if it is on, off before.

    security   number of WPA2, or of an open access point, in this firmware
    hidden     None where the firmware has no such setting
    feed       called between the steps, which take a second or more
    Raises OSError when the firmware does not say afterwards that it has that security.
    """
    if country:
        import network

        network.country(country)
    if ap.active():
        ap.active(False)  # or a change would wait for the next start
        feed()
    settings = {"ssid": ssid, "security": security}
    if key:
        settings["key"] = key
    if channel:
        settings["channel"] = channel
    if hidden is not None:
        settings["hidden"] = hidden
    ap.config(**settings)
    feed()
    ap.active(True)
    feed()
    if ap.config("security") != security:
        ap.active(False)
        raise OSError(errno.EINVAL, "the firmware has not taken the access point's security")
