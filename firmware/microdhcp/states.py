"""The states of a slot, by name, for programs that look at a lease table (see leases.py)."""

FREE = 0  # never used, or out of quarantine
OFFERED = 1  # held for an OFFER
ADOPTED = 2  # leased, but the client has not come back to renew: nobody knows if it exists
BOUND = 3  # leased
DECLINED = 4  # in quarantine: a client found the address in use
RELEASED = 5
EXPIRED = 6
CHECKING = 7  # kept for a client while somebody finds out whether the address is in use
CHECKED = 8  # nobody uses it; the client's message is about to be handled again
CONFLICT = 9  # in quarantine: we found the address in use
