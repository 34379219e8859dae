"""A route of the table local has an address end in a black hole.

why: 127.0.0.1:7777
code: route-blocks
needs: ip root
"""

from fault import *

http(7777)
sh("ip route del local 127.0.0.1 dev lo table local; ip route add blackhole 127.0.0.1 table local")
stay()
