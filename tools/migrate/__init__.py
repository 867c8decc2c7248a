"""Hands a network over to Kea, dnsmasq or ISC dhcpd, and back from Kea: python tools/migrate."""
