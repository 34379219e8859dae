"""Another address of loopback has the port.

why: --bind 127.0.0.1:7777
code: reachable
"""

from fault import *

http(7777, "127.0.0.2")
stay()
