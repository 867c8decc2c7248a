"""The states of a slot in the lease table (leases.py)."""

from ._compat import const

FREE = const(0)  # never used, or out of quarantine
OFFERED = const(1)  # held for an OFFER
ADOPTED = const(2)  # leased, but unconfirmed: the client named the address, and did not renew yet
BOUND = const(3)  # leased
DECLINED = const(4)  # in quarantine: a client found the address in use
RELEASED = const(5)
EXPIRED = const(6)
CHECKING = const(7)  # kept for a client while somebody finds out whether the address is in use
CHECKED = const(8)  # nobody uses it; the client's message is about to be handled again
CONFLICT = const(9)  # in quarantine: we found the address in use
