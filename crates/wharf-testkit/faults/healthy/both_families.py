"""One server at both loopback addresses.

why: http://localhost:7777/
code: reachable
"""

from fault import *

http(7777)
http(7777, "::1")
stay()
