"""A route says that an address of loopback is unreachable.

why: 127.7.7.7:7777
code: route-blocks
needs: ip root
"""

from fault import *

http(7777, "127.7.7.7")
sh("ip route add unreachable 127.7.0.0/16 table local")
stay()
