"""A name with two addresses, of which one is the server's.

why: http://shop.test:7777/
code: reachable
"""

from fault import *

hosts("127.0.0.1 localhost", "127.0.0.1 shop.test", "::1 shop.test")
http(7777)
stay()
