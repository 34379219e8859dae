"""The routes of loopback are gone.

why: 127.0.0.1:7777
code: route-blocks
needs: ip root
"""

from fault import *

http(7777)
sh("ip route flush table local dev lo")
stay()
