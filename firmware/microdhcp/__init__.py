"""microdhcp: a DHCPv4 server for boards that are their own Wi-Fi access point.

    import microdhcp                          # on a board, behind a program that exists:
    service = microdhcp.serve(ap, ssid="greenhouse", key="change-me-now")
    from microdhcp import Config, Service     # on a board
    from microdhcp import Config, Server      # without input and output

Public names are loaded when they are first used: what a program does not use costs no memory.
"""

__version__ = "0.2.0"

_HOME = {
    "Config": "config",
    "Server": "server",
    "Service": "service",
    "Relay": "relay",
    "serve": "serving",
    "PARK": "server",
    "BROADCAST": "reply",
    "CLIENT": "reply",
    "CIADDR": "reply",
    "RELAY": "reply",
    "store": "leasefile",
}


def __getattr__(name):
    """Load the module that holds the public `name`; AttributeError for any other."""
    if name not in _HOME:
        raise AttributeError(name)
    home = _HOME[name]
    module = __import__(home, globals(), None, (name,), 1)
    value = module if name == "store" or name == home else getattr(module, name)
    if name != "serve":  # which is called once
        globals()[name] = value
    return value
