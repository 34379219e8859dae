"""A name of the hosts file leads to ::1, and the server is at 127.0.0.2.

why: http://shop.test:7777/
code: name-leads-to-other-address
"""

from fault import *

hosts("127.0.0.1 localhost", "::1 localhost", "127.0.0.9 shop.test # moved")
http(7777, "::1")
stay()
