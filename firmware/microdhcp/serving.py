"""The server behind a program that exists, in one call."""


def serve(ap, address=None, pool=None, ssid=None, key=None, **settings):
    """Serve behind the program from now on; return the Service.

    ap        network.WLAN(network.WLAN.IF_AP); up already, or it comes up later
    address   as for Config; None: the access point's own, 192.168.4.1/24 while it has none
    pool      as for Config; None: up to 32 addresses of the subnet
    ssid      None: the program brings the access point up itself; else as for Service.start()
    settings  of Config, Service() and Service.start()
    Raises what these raise: ValueError for a wrong setting, OSError without the port.
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
