"""The states of a slot in the lease table (leases.py).

The comments are on the page docs/reference/states.md.
"""

from ._compat import const

FREE = const(0)  # nobody has the address
OFFERED = const(1)  # held for a client until it answers the OFFER, `offer_hold_s` at most
ADOPTED = const(2)  # unconfirmed: the client named the address itself, and did not renew yet
BOUND = const(3)  # leased and confirmed
DECLINED = const(4)  # in quarantine: a client found the address in use
RELEASED = const(5)  # the client gave it back, and gets it again while nobody else needs it
EXPIRED = const(6)  # the lease has ended; the client gets it again while nobody else needs it
CHECKING = const(7)  # held for a client while the server finds out whether somebody uses it
CHECKED = const(8)  # nobody uses it; the client's message is about to be handled again
CONFLICT = const(9)  # in quarantine: the server found the address in use
