"""A hosts file that still has the address that a name had elsewhere.

why: http://shop.test:7777/
code: name-leads-to-other-address
"""

from fault import *

hosts("127.0.0.1 localhost", "10.9.9.9 shop.test")
http(7777)
stay()
