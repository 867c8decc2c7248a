#!/bin/sh
# Hook of busybox udhcpc in the lab: sets the address, then reports to /run/lab/events.
case $1 in
    deconfig)
        ip -4 addr flush dev "$interface"
        ip link set "$interface" up
        ;;
    bound | renew)
        # shellcheck disable=SC2154  # ip, mask, router: set by udhcpc
        ip -4 addr replace "$ip/$mask" dev "$interface"
        for gateway in $router; do
            ip -4 route replace default via "$gateway" dev "$interface"
            break
        done
        ;;
esac
{
    echo "event $1"
    env
    echo end
} >>/run/lab/events
