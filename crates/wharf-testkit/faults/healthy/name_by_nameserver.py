"""A name that a nameserver has.

why: http://shop.test:7777/
code: reachable
"""

from fault import *

hosts("127.0.0.1 localhost")
nameserver(lambda name: "127.0.0.1")
http(7777)
stay()
