"""lo is down, and nothing listens at the port.

why: 127.0.0.1:7777
code: loopback-down, nothing-listening
needs: ip root
"""

from fault import *

sh("ip link set lo down")
stay()
