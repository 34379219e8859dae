"""A route prohibits an address.

why: http://127.0.0.1:7777/
code: route-blocks
needs: ip root
"""

from fault import *

http(7777)
sh("ip route del local 127.0.0.1 dev lo table local; ip route add prohibit 127.0.0.1/32 table local")
stay()
