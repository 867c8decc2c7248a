"""The states of a slot, by name, for programs that look at a lease table (see leases.py)."""

FREE = 0  # never used, or out of quarantine
OFFERED = 1  # held for an OFFER
ADOPTED = 2  # leased, but the client has not come back to renew: nobody knows if it exists
BOUND = 3  # leased
DECLINED = 4  # in quarantine: a client found the address in use
RELEASED = 5
EXPIRED = 6
