"""A name of the hosts file leads past the server.

why: http://shop.test:7777/
code: name-leads-to-other-address
"""

from fault import *

hosts("127.0.0.1 localhost", "127.0.0.2 shop.test")
http(7777)
stay()
