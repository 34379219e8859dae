"""lo is down, and so is IPv4's address of it.

why: http://127.0.0.1:7777/
code: loopback-down
needs: ip root
"""

from fault import *

http(7777, "0.0.0.0")
sh("ip addr del 127.0.0.1/8 dev lo; ip link set lo down")
stay()
