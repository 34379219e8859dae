"""lo is down, and the client asks for an own address of another interface.

why: http://198.51.100.1:7777/
code: loopback-down
needs: ip root
"""

from fault import *

sh("ip link add v0 type veth peer name v1 && ip addr add 198.51.100.1/24 dev v0 && ip link set v0 up")
http(7777, "0.0.0.0")
sh("ip link set lo down")
stay()
