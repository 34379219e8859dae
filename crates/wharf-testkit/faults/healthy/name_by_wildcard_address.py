"""A name that the hosts file has for 0.0.0.0, as lists against advertisements do.

why: http://shop.test:7777/
code: reachable
"""

from fault import *

hosts("127.0.0.1 localhost", "0.0.0.0 shop.test")
http(7777)
stay()
