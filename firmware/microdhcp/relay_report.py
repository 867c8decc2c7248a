"""The counters of a relay in words.  Loaded when a program asks, then dropped."""

#: Why messages did not pass, in the order of agent.py's numbers.
DROPS = (
    "malformed",  # cut, no DHCP, an option that runs past the end, no message type
    "hops",  # too many relays before this one
    "relayed",  # it has a giaddr or an option 82 already
    "waiting",  # no server is asked yet: secs is below its threshold
    "no_room",  # option 82 finds no room
    "no_server",  # it takes an offer, and nobody knows whose
    "stranger",  # a reply from somebody who is none of the servers
    "giaddr",  # a reply for another relay
    "unknown",  # a reply to nobody: xid and chaddr are not of a recent request
    "other_offer",  # a second server's offer, or a server that was not chosen
    "long",  # a reply that is longer than the clients get
)


def drops(agent):
    """Return {reason: how often} of an Agent."""
    return {reason: agent.drop_counts[number] for number, reason in enumerate(DROPS)}


def stats(relay):
    """Return the dict of Relay.stats()."""
    agent = relay.agent
    found = {"relayed": agent.relayed, "returned": agent.returned, "drops": drops(agent)}
    for number, what in enumerate(("foreign", "troubles", "unsent", "fallbacks")):
        found[what] = relay.counts[number]
    found["local"] = relay.local
    return found
