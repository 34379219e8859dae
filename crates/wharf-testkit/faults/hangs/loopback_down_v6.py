"""lo is down, and the client asks for ::1.

why: http://[::1]:7777/
code: loopback-down
needs: ip root
"""

from fault import *

http(7777, "::")
sh("ip link set lo down")
stay()
