"""The desktop server's Linux side: frames, raw sockets, the state of the interface, its log.

Only the standard library: `tools/serve.py` runs on a bare Python 3.11.
"""
