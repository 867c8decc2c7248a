#!/bin/sh
# Hook of ISC dhclient in the lab: sets the address, then reports to /run/lab/events.
# shellcheck disable=SC2154  # the variables are set by dhclient
case $reason in
    PREINIT)
        ip link set "$interface" up
        ;;
    BOUND | RENEW | REBIND | REBOOT)
        if [ "$old_ip_address" != "$new_ip_address" ]; then
            ip -4 addr flush dev "$interface"
        fi
        ip -4 addr replace "$new_ip_address/$new_subnet_mask" dev "$interface"
        for gateway in $new_routers; do
            ip -4 route replace default via "$gateway" dev "$interface"
            break
        done
        ;;
    EXPIRE | FAIL | RELEASE | STOP)
        ip -4 addr flush dev "$interface"
        ;;
esac
{
    echo "event $reason"
    env
    echo end
} >>/run/lab/events
# Without a server dhclient offers its remembered lease for a trial; the lab wants real leases only.
[ "$reason" != TIMEOUT ]
