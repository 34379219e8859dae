"""The IPv6 twin of the address has the port.

why: --bind 0.0.0.0:7777
code: reachable
"""

from fault import *

http(7777, "::1")
stay()
