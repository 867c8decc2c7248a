#!/bin/sh
# Hook of dhcpcd in the lab: dhcpcd sets the address itself, so this only reports to /run/lab/events.
# shellcheck disable=SC2154  # reason is set by dhcpcd
{
    echo "event $reason"
    env
    echo end
} >>/run/lab/events
