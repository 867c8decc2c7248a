"""Months in minutes: a server, its restarts, and many clients on a bad network, in simulated time.

world    the clock and what happens next
air      the network: loses, doubles and delays messages; says who has which address
device   a client of RFC 2131, section 4.4
habits   when devices come and go
host     the machine with the core: checks of addresses, restarts
judge    what must hold, watched from outside
story    all of them together, from one seed
"""

from .cuts import watched
from .story import Settings, play

__all__ = ["Settings", "play", "watched"]
