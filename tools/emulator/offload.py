"""Makes a node's kernel write checksums.  On a virtual cable it would leave them out.

The emulated board would drop such packets, as a real one would.
"""

import sys

# SIOCETHTOOL with ETHTOOL_STXCSUM (linux/sockios.h, linux/ethtool.h): transmit checksums off.
_SWITCH_OFF = """
import array, fcntl, socket, struct, sys
value = array.array("I", [0x17, 0])
request = struct.pack("16sP16x", sys.argv[1].encode(), value.buffer_info()[0])
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8946, request)
"""


def switch_off(node, interface):
    """Let a lab node write checksums itself on an interface; LabError when it refuses."""
    node.run([sys.executable, "-I", "-S", "-c", _SWITCH_OFF, interface])
