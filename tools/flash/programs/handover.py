"""Runs on the board, beside a service that was interrupted: what its lease table holds."""

from binascii import hexlify

from microdhcp import Service, store


def main():
    """Return (store in hex, {address: seconds left}); None if no service has been started."""
    service = Service.running
    if not service:
        return None
    left = {lease.address: lease.seconds_left for lease in service.leases()}
    return hexlify(store.dump(service.server, service.server.now_s)).decode(), left
