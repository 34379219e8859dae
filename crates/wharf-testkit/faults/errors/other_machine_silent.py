"""Another machine gives no answer.

why: 198.51.100.2:7777
code: other-machine
needs: ip root
"""

from fault import *

sh("ip link add d0 type veth peer name d1 && ip link set d1 up && ip addr add 198.51.100.1/24 dev d0 && ip link set d0 up")
sh("ip neigh add 198.51.100.2 lladdr 02:00:00:00:00:02 dev d0")
stay()
