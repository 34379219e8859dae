"""A name that leads to both families, and a server that has only IPv4: every usual client goes on to the second.

why: http://localhost:7777/
code: reachable
"""

from fault import *

http(7777)
stay()
