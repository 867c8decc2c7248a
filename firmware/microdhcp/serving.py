"""The server behind a program that exists, in one call."""


def serve(ap, address=None, pool=None, ssid=None, key=None, **settings):
    """Serve behind the program from now on; return the Service.

    ap        network.WLAN(network.WLAN.IF_AP), up already or later
    address   as for Config.  None: the access point's own, or 192.168.4.1/24
    pool      as for Config.  None: up to 32 addresses of the subnet
    ssid      as for Service.start().  None: the program brings the access point up
    key       as for Service.start()
    settings  others of Config, Service() and Service.start()
    ValueError names a wrong setting.  OSError: the port is not available.
    """
    from .config import Config
    from .service import Service
    from .starting import drop, network_of, split

    address, pool = network_of(ap, address, pool)
    of_service, of_start = split(settings)
    try:
        service = Service(ap, Config(address=address, pool=pool, **settings), **of_service)
        service.start(ssid, key, background=True, **of_start)
    finally:
        drop(__name__)
    return service
