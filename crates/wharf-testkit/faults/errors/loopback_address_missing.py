"""127.0.0.1 was removed from lo.

why: http://127.0.0.1:7777/
code: loopback-address-missing
needs: ip root
"""

from fault import *

http(7777, "0.0.0.0")
sh("ip addr del 127.0.0.1/8 dev lo")
stay()
