"""127.0.0.1 was removed from lo, and another interface has the default route.

why: localhost:7777
code: loopback-address-missing
needs: ip root
"""

from fault import *

http(7777, "0.0.0.0")
sh("ip link add d0 type veth peer name d1 && ip link set d1 up && ip addr add 198.51.100.1/24 dev d0 && ip link set d0 up")
sh("ip route add default via 198.51.100.2 && ip addr del 127.0.0.1/8 dev lo && ip -6 addr del ::1/128 dev lo")
stay()
