"""A name below localhost that the hosts file has.

why: http://Shop.localhost:7777/
code: reachable
"""

from fault import *

hosts("127.0.0.1 localhost shop.localhost")
http(7777)
stay()
