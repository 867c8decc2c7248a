"""The DHCP server on a Linux interface: the board's own core, under CPython.

    python tools/serve.py --interface eth1 --address 10.77.0.1/24 --pool 10.77.0.10-10.77.0.250

Unless told --conflict-check off it asks the network whether somebody has an address before it
offers it (RFC 5227).  Needs root, or CAP_NET_RAW and CAP_NET_BIND_SERVICE; nothing but the
standard library.  SIGUSR1 prints the lease table and counters, SIGTERM and SIGINT end the server;
SIGHUP too, or, with --config, makes it read the settings again.  Exit status: 0 ended by a
signal, 1 the system refused (permission, port taken), 2 wrong settings or interface.
"""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "firmware")]

import requires

requires.check("serve", linux=True)

from linux.main import main

if __name__ == "__main__":
    sys.exit(main())
