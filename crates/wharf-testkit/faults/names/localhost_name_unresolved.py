"""A name below localhost that the C library does not find.

why: http://shop.localhost:7777/
code: localhost-name-unresolved
"""

from fault import *

hosts("127.0.0.1 localhost")
http(7777)
stay()
