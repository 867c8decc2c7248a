"""The counters of a relay in words.  Loaded when a program asks, then dropped."""

# Why messages did not pass, in the order of agent.py's numbers.  The comments are on the page
# docs/reference/drop-reasons.md.
DROPS = (
    "malformed",  # the message is not valid DHCP
    "hops",  # the message has passed `max_hops` relays
    "relayed",  # another relay has passed it on: giaddr or option 82 is set
    "waiting",  # the client has not tried long enough for any server
    "no_room",  # option 82 does not fit
    "no_server",  # a REQUEST for an offer that did not pass here
    "stranger",  # a reply from a host that is not one of the servers
    "giaddr",  # a reply for another relay
    "unknown",  # a reply that belongs to no recent request
    "other_offer",  # the offer of a second server, or the reply of one that was not chosen
    "long",  # a reply that is longer than clients take
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
